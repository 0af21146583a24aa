"""Tools whose client has little patience, among servers of every mood."""

from collections.abc import AsyncIterator

import pytest

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.jobs.tools import Tools
from fedishare.net.storage import Storage
from tests.builders import FrozenClock
from tests.chaos.peers import Chaos
from tests.net.peers import a_client, a_peer

PATIENCE_SECONDS = 1.0


@pytest.fixture
async def chaos(clock: FrozenClock) -> AsyncIterator[Chaos]:
    found = Chaos(clock)
    async with a_peer(found.answer) as peer:
        found.port = peer.port
        yield found


@pytest.fixture
async def tools(db: Database, here: Here, clock: FrozenClock, storage: Storage, chaos: Chaos) -> AsyncIterator[Tools]:
    client = a_client(resolver=chaos, own_origin=here.uris.origin, clock=clock, seconds=PATIENCE_SECONDS)
    async with client:
        yield Tools(db, client, here, storage)
    await storage.close()
