"""Other servers on loopback, for what we send out: every name leads to one server, that knows who was meant."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from sqlalchemy import Connection, select

from fedishare.as2 import write
from fedishare.core.clock import Clock
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.nodes import Node
from fedishare.db.work import Activity, Delivery
from fedishare.jobs import deliveries
from fedishare.jobs.deliveries import Letter
from fedishare.net.client import Client
from fedishare.outbox import activities
from tests.builders import FrozenClock, Made
from tests.net.peers import LOOPBACK, Asked, Said, a_client, a_peer, a_reply
from tests.strict import wire

ACCEPTED = a_reply(status=202)


class Town:
    """What each host answers, and what it got. A host that nothing is said about accepts everything."""

    def __init__(self) -> None:
        self.says: dict[str, Callable[[Asked], Said]] = {}
        self.got: list[tuple[str, str]] = []
        self.asked: list[Asked] = []
        self._came = asyncio.Event()

    async def until(self, count: int, *, by: str = "", within: float = 30.0) -> None:
        """Wait until so many activities came to the hosts whose names begin with `by`."""
        async with asyncio.timeout(within):
            while sum(host.startswith(by) for host, _ in self.got) < count:
                self._came.clear()
                await self._came.wait()

    def answer(self, asked: Asked) -> Said:
        self.asked.append(asked)
        if asked.body:
            wire.delivered(asked.headers, asked.body)
            self.got.append((asked.host, msgspec.json.decode(asked.body)["id"]))
        self._came.set()
        says = self.says.get(asked.host)
        return says(asked) if says else ACCEPTED

    def always(self, host: str, status: int, *headers: tuple[str, str]) -> None:
        self.says[host] = lambda _: a_reply(status=status, headers=headers)

    def got_by(self, host: str) -> list[str]:
        """Ids of the activities that came to `host`, in order."""
        return [activity for where, activity in self.got if where == host]


class Road(AbstractResolver):
    """One client for many tests, because reading the system's certificates takes longer than most of them.

    It leads to the town of the test at hand, whose clock it goes by.
    """

    def __init__(self) -> None:
        self.port = 0
        self.clock: Clock = FrozenClock()
        self.client = a_client(resolver=self, own_origin="https://alder.test", clock=self)

    def now(self) -> datetime:
        return self.clock.now()

    async def sleep(self, seconds: float) -> None:
        await self.clock.sleep(seconds)

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host=LOOPBACK, port=self.port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        pass


@asynccontextmanager
async def a_town(road: Road, clock: Clock) -> AsyncIterator[tuple[Town, Client]]:
    town = Town()
    async with a_peer(town.answer) as peer:
        road.port, road.clock = peer.port, clock
        async with road.client as client:
            yield town, client


def silent(seconds: float) -> Callable[[Asked], Said]:
    """An answer that takes its time."""

    async def waiting() -> AsyncIterator[bytes]:
        await asyncio.sleep(seconds)
        yield ACCEPTED

    return lambda _: waiting()


def a_letter(here: Here, *, by: Made, uri: str | None = None, about: str | None = None, **over: Any) -> Letter:
    uri = uri or here.uris.activity(here.ids.new())
    about = about or f"{uri}#object"
    body = write.body(activities.like(uri=uri, actor=by.uri, post=about, author="https://birch.test/users/ada"))
    return Letter(uri, by.id, "Like", about, about, body, public=True)._replace(**over)


async def post(db: Database, here: Here, letter: Letter, *inboxes: str) -> None:
    await db.write(deliveries.send_off, here, letter, inboxes=inboxes)


def waiting(tx: Connection) -> list[tuple[str, int, str | None]]:
    """What is still in the queue: host, tries, error."""
    rows = select(Delivery.host, Delivery.tries, Delivery.error).order_by(Delivery.id)
    return [(row.host, row.tries, row.error) for row in tx.execute(rows)]


def parked(tx: Connection) -> list[tuple[str, str | None]]:
    rows = select(Delivery.host, Delivery.error).where(Delivery.failed_at.is_not(None)).order_by(Delivery.id)
    return [(row.host, row.error) for row in tx.execute(rows)]


def nodes(tx: Connection) -> list[tuple[str, int, bool]]:
    """Host, failures, whether it speaks RFC 9421."""
    rows = select(Node.host, Node.failures, Node.speaks_rfc9421).order_by(Node.host)
    return [(row.host, row.failures, row.speaks_rfc9421) for row in tx.execute(rows)]


def sent(tx: Connection) -> list[tuple[str, str, list[str]]]:
    """Type and id of every activity, and the inboxes it is on its way to."""
    found = []
    for activity in tx.execute(select(Activity.id, Activity.type, Activity.uri).order_by(Activity.id)):
        inboxes = tx.scalars(select(Delivery.inbox).where(Delivery.activity_id == activity.id).order_by(Delivery.inbox))
        found.append((activity.type, activity.uri, list(inboxes)))
    return found


def bodies(tx: Connection) -> list[dict[str, Any]]:
    return [msgspec.json.decode(body) for body in tx.scalars(select(Activity.body).order_by(Activity.id))]
