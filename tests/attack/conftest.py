"""The node under attack: one for each file of rows and each database, because no row may change it."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from tests import postgres
from tests.attack.rig import IS_FULL, Rig, ShiftedClock
from tests.live.nodes import LiveNode, log_plainly
from tests.live.town import Town

KINDS: Final = ["sqlite", "postgresql"] if postgres.find_programs() else ["sqlite"]
# Not the whole of loopback: what lies beside the town is private.
ALLOWED: Final = "127.0.0.1/32"
# A row may fire thousands of requests, and the machine may have other things to do.
PATIENCE_SECONDS: Final = 1_800 if IS_FULL else 240
_serial: Final = count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.timeout(PATIENCE_SECONDS))


@pytest.fixture(scope="session", autouse=True)
def _plain_log() -> None:
    log_plainly()


@pytest.fixture(scope="module", params=KINDS)
def attacked_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a migrated, empty database that lasts for one file of tests."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("attacked") / "node.db"
        shutil.copy(request.getfixturevalue("empty_sqlite"), path)
        yield f"sqlite+aiosqlite:///{path}"
        return
    template = urlsplit(request.getfixturevalue("empty_postgres")).path.removeprefix("/")
    server, name = postgres.running(), f"attacked_{os.getpid()}_{next(_serial)}"
    assert server is not None
    server.create(name, template=template)
    yield server.url(name)
    server.drop(name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(attacked_database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    folder: Path = tmp_path_factory.mktemp("rig")
    town, clock = Town(folder), ShiftedClock()
    node = LiveNode(town, "us.test", database=attacked_database, folder=folder, clock=clock, allow=ALLOWED)
    made = Rig(town, node, clock)
    await made.set_up()
    yield made
    await made.close()
