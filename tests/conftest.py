"""Fixtures shared by every test: a fresh database of each kind, and a clock that stands still."""

import asyncio
import os
import shutil
import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import Connection, text

from fedishare.core.here import Here
from fedishare.core.ids import Ids
from fedishare.core.uris import Uris
from fedishare.db import schema
from fedishare.db.engine import Database, open_database
from fedishare.db.postgres import Postgres
from fedishare.db.tables import METADATA
from fedishare.net.storage import Storage
from tests import postgres
from tests.builders import FrozenClock
from tests.strict import wire


@pytest.fixture(autouse=True)
def _nothing_goes_out_that_a_strict_reader_refuses() -> Iterator[None]:
    """In every test: what is stored for delivery, arrives at a fake peer's inbox, or is served by a node."""
    wire.offences()
    yield
    found = wire.offences()
    assert not found, "\n".join(found)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def here(clock: FrozenClock) -> Here:
    return Here(Uris("https://alder.test"), Ids(clock, worker=1), clock)


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path / "files", keep_free_bytes=0)


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database without a row, to copy from."""
    path = tmp_path_factory.mktemp("sqlite") / "empty.db"
    asyncio.run(schema.upgrade(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def empty_postgres() -> Iterator[str]:
    """A migrated database of this process on the private server; each test leaves it as it found it."""
    server = postgres.running()
    if server is None:
        pytest.skip(postgres.NOT_FOUND)
    name = f"fedishare_{os.getpid()}"
    server.create(name)
    asyncio.run(schema.upgrade(server.url(name)))
    yield server.url(name)
    server.drop(name)


# What stands on top of the statements: there half of the tests run on one kind and half on the other, for time's sake.
FACES: Final = frozenset({"ap", "api", "attack", "live", "web"})


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests that touch the database run on both kinds, where both are there, or on those that they choose.

    Those of a face run on one of them, always the same; with FEDISHARE_TEST_DATABASES=both they run on both, too.
    """
    marks = metafunc.definition.iter_markers("parametrize")
    if "database_kind" in metafunc.fixturenames and all(mark.args[0] != "database_kind" for mark in marks):
        kinds = ["sqlite", "postgresql"] if postgres.find_programs() else ["sqlite"]
        room = metafunc.definition.path.relative_to(Path(__file__).parent).parts[0]
        if room in FACES and os.environ.get("FEDISHARE_TEST_DATABASES") != "both":
            kinds = [kinds[zlib.crc32(metafunc.definition.name.encode()) % len(kinds)]]
        metafunc.parametrize("database_kind", kinds)


@pytest.fixture
def database_url(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a migrated, empty database."""
    if database_kind == "sqlite":
        shutil.copy(request.getfixturevalue("empty_sqlite"), tmp_path / "node.db")
        return f"sqlite+aiosqlite:///{tmp_path / 'node.db'}"
    url: str = request.getfixturevalue("empty_postgres")
    return url


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    database = await open_database(database_url)
    yield database
    await database.read(wire.look_through)
    if isinstance(database, Postgres):
        await database.write(_empty_every_table)
    await database.close()


def _empty_every_table(tx: Connection) -> None:
    """Deleting from mostly empty tables is ten times as fast as TRUNCATE, which writes new files."""
    tx.execute(text("SET LOCAL session_replication_role = replica"))
    tx.exec_driver_sql(f"DO $$ BEGIN {_DELETES} END $$")


# One question to the server in place of a hundred.
_DELETES: Final = " ".join(f"{table.delete()};" for table in METADATA.sorted_tables)
