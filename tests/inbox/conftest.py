"""Other servers on loopback, and this node's tools to meet them."""

import ssl
from collections.abc import AsyncIterator
from functools import cache

import pytest

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.domain.kinds import Kind
from fedishare.jobs.tools import Tools
from fedishare.net.storage import Storage
from tests.builders import FrozenClock, a_person
from tests.inbox.elsewhere import HOSTS, Elsewhere, Lane
from tests.net.peers import a_client, a_peer, some_trust


@cache
def certificates() -> ssl.SSLContext:
    return some_trust().serve(*HOSTS)


@pytest.fixture
async def elsewhere() -> AsyncIterator[Elsewhere]:
    """Every other server there is, at one address; it answers 404 until it is told what to say."""
    found = Elsewhere()
    async with a_peer(found.answer, tls=certificates()) as peer:
        found.port = peer.port
        yield found


@pytest.fixture
async def tools(
    db: Database, here: Here, clock: FrozenClock, storage: Storage, elsewhere: Elsewhere
) -> AsyncIterator[Tools]:
    await a_person(db, here, kind=Kind.NODE, uri=here.uris.node, username="alder.test")
    trust = some_trust()
    async with a_client(
        resolver=Lane(elsewhere.port), own_origin=here.uris.origin, clock=clock, ca_file=trust.ca_file
    ) as client:
        yield Tools(db, client, here, storage)
