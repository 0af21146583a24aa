"""Opens what every process of a node needs: database, client, storage, and the node's own actor."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from aiohttp.abc import AbstractResolver
from sqlalchemy import Connection, bindparam, select

from fedishare import __version__
from fedishare.core.clock import Clock
from fedishare.core.errors import Invalid
from fedishare.core.here import Here
from fedishare.core.ids import Ids
from fedishare.core.uris import Uris
from fedishare.db import schema
from fedishare.db.base import insert
from fedishare.db.engine import Database, open_database
from fedishare.db.people import Actor
from fedishare.db.work import Counter
from fedishare.domain.kinds import Kind
from fedishare.jobs.tools import Tools
from fedishare.net import keys, webpush
from fedishare.net.addresses import Allowed
from fedishare.net.client import Client
from fedishare.net.keys import Keypair
from fedishare.net.lockbox import Lockbox
from fedishare.net.storage import Storage
from fedishare.queries import push
from fedishare.services import people, shunned
from fedishare.services import push as push_services
from fedishare.settings import Settings

_next = insert(Counter)
NEXT_WORKER: Final = _next.on_conflict_do_update(index_elements=["name"], set_={"value": Counter.value + 1}).returning(
    Counter.value
)
NODE_ACTOR: Final = select(Actor.id, Actor.uri).where(Actor.kind == Kind.NODE, Actor.local)
ADDRESS: Final = select(Actor.uri).where(Actor.kind == Kind.NODE, Actor.local, Actor.uri != bindparam("expected"))


@asynccontextmanager
async def tools(settings: Settings, *, clock: Clock, resolver: AbstractResolver | None = None) -> AsyncIterator[Tools]:
    """Everything open and ready; closed again at the end. An empty database is filled first.

    `resolver` is for tests, whose nodes have names that no DNS knows.
    """
    database = await open_database(settings.database)
    try:
        await schema.ensure(database, settings.database)
        worker = await database.write(_number)
        here = Here(Uris(settings.url), Ids(clock, worker=worker), clock)
        await introduce(database, here, name=settings.name)
        client = Client(
            allowed=Allowed(str(network) for network in settings.allow_addresses),
            clock=clock,
            own_origin=settings.url,
            user_agent=f"FediShare/{__version__} (+{settings.url})",
            ca_file=settings.ca_file,
            resolver=resolver,
            is_shunned=partial(shunned.is_shunned, database, clock),
        )
        storage = Storage(settings.data / "files")
        try:
            async with client:
                yield Tools(database, client, here, storage, settings.clamd, Lockbox(settings.data / "push.key"))
        finally:
            await storage.close()
    finally:
        await database.close()


def _number(tx: Connection) -> int:
    """A number that no other living process of this node has, for the ids it mints."""
    return tx.execute(NEXT_WORKER, {"name": "worker", "value": 1}).scalar_one()


async def introduce(database: Database, here: Here, *, name: str) -> None:
    """Give the node its own actor on the first start: it signs what no person asks for."""
    if await database.read(_node_actor) is None:
        await database.write(_add_node_actor, here, name=name, rsa=keys.new_rsa(), ed25519=keys.new_ed25519())
    await database.read(_same_address, here)
    if not await database.read(push.has_key):
        await database.write(push_services.keep_key, webpush.new_key())


def _node_actor(tx: Connection) -> int | None:
    found: int | None = tx.scalar(NODE_ACTOR)
    return found


def _add_node_actor(tx: Connection, here: Here, *, name: str, rsa: Keypair, ed25519: Keypair) -> None:
    if _node_actor(tx) is None:  # Another process may have been quicker.
        # A host name is a legal user name, and Mastodon looks for the node's actor under it.
        username = here.uris.authority.partition(":")[0]
        people.add(tx, here, kind=Kind.NODE, username=username, name=name, rsa=rsa, ed25519=ed25519)


def _same_address(tx: Connection, here: Here) -> None:
    """A node keeps its address for life: everything it ever published names it (REL-18)."""
    former = tx.scalar(ADDRESS, {"expected": here.uris.node})
    if former is not None:
        raise Invalid(
            f"FEDISHARE_URL is {here.uris.origin}, but this database belongs to {former.removesuffix('/actor')}: "
            "a node cannot change its address"
        )
