"""A town to send to, and the tools to do it with."""

from collections.abc import AsyncIterator

import pytest

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.jobs.tools import Tools
from fedishare.net.storage import Storage
from tests.builders import FrozenClock
from tests.outbox.town import Road, Town, a_town


@pytest.fixture(scope="session")
def road() -> Road:
    return Road()


@pytest.fixture
async def met(
    db: Database, here: Here, storage: Storage, clock: FrozenClock, road: Road
) -> AsyncIterator[tuple[Town, Tools]]:
    async with a_town(road, clock) as (town, client):
        yield town, Tools(db, client, here, storage)
    await storage.close()


@pytest.fixture
def town(met: tuple[Town, Tools]) -> Town:
    return met[0]


@pytest.fixture
def tools(met: tuple[Town, Tools]) -> Tools:
    return met[1]


@pytest.fixture
async def desk(db: Database, here: Here, storage: Storage, road: Road) -> AsyncIterator[Tools]:
    """Tools for what only writes rows; nothing can be sent with them."""
    yield Tools(db, road.client, here, storage)
    await storage.close()
