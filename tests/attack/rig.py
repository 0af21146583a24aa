"""One live node under attack, with what has to stay as it was: every table, the network, the event loop."""

import asyncio
import gc
import os
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Table, select

from fedishare.db.tables import METADATA
from fedishare.domain.permissions import Role
from fedishare.http import keys
from fedishare.http.limits import Limits
from tests.attack import shots, world
from tests.attack.shots import Reply, Shot
from tests.attack.world import Villain, World
from tests.live.nodes import LiveNode, until_quiet
from tests.live.peers import Json
from tests.live.teachers import Teacher
from tests.live.town import Town

# What is a log, a queue or a cache, and not what anybody said or is.
NOT_STATE: Final = frozenset({"received", "seen_signature", "node", "job", "delivery", "counter", "session"})
# When something was last looked at, and the number of a row that is written anew each time.
NOT_SAID: Final = frozenset({"fetched_at"})
# Processor time of one step between two others, of the node, of the town or of the test itself.
LONGEST_STALL: Final = 0.25
AT_ONCE: Final = 16
MOST_GROWTH: Final = 16
# `make attack` fires every row in full; `make test` fires enough of it to see that it does not get through.
IS_FULL: Final = os.environ.get("ATTACK") == "full"
ERRORS: Final = range(500, 600)


def often(full: int, *, else_: int) -> int:
    """How often a row is fired: as the corpus has it, or as time allows."""
    return full if IS_FULL else else_


class ShiftedClock:
    """The time of day, which a test may move on."""

    def __init__(self) -> None:
        self._by = timedelta()
        self._stopped: datetime | None = None

    def now(self) -> datetime:
        return (self._stopped or datetime.now(UTC)) + self._by

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """The time of day stands still: however slow the machine is, nobody waits long enough."""
        self._stopped = datetime.now(UTC)
        try:
            yield
        finally:
            self._stopped = None

    def tick(self, **by: float) -> None:
        self._by += timedelta(**by)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Rig:
    """Anna and Ben live here, and Mo, who moderates.

    Vera of good.test and Fay of evil.test are followed by Anna; Mallory and Mole are not.
    """

    anna: Teacher
    ben: Teacher
    mo: Teacher
    vera: Villain
    fay: Villain
    mallory: Villain
    mole: Villain
    post: str
    private: str
    verse: str

    def __init__(self, town: Town, node: LiveNode, clock: ShiftedClock) -> None:
        self.town = town
        self.node = node
        self.clock = clock
        self.replies: deque[Reply] = deque(maxlen=10_000)
        self.world = World(town)
        self._trust = ssl.create_default_context(cafile=str(town.ca_file))

    async def set_up(self) -> None:
        await self.world.start()
        await self.node.start()
        self.anna = await self.node.enrol("anna", "Anna Abbott")
        self.ben = await self.node.enrol("ben", "Ben Booth")
        self.mo = await self.node.enrol("mo", "Mo Marsh", role=Role.MODERATOR)
        self.vera, self.fay = self.world.enrol("vera", "good.test"), self.world.enrol("fay", "evil.test")
        self.mallory, self.mole = self.world.enrol("mallory", "evil.test"), self.world.enrol("mole", "evil.test")
        for villain in (self.vera, self.fay, self.mallory, self.mole):
            await self.accepted(villain, shots.like(villain.uri, number=world.number()))
        for followed in (self.vera, self.fay):
            await self.befriend(followed)
        self.post = self.node.url + (await self.anna.write("Phonics bingo")).path
        self.private = self.node.url + (await self.anna.write("For followers", visibility="followers")).path
        verse = world.create(self.vera, content="<p>A verse</p>")
        self.verse = self.world.publish(verse["object"])
        await self.accepted(self.vera, verse)
        await self.quiet()

    async def befriend(self, villain: Villain) -> None:
        """Anna asks to follow, and is let."""
        await self.anna.follow(f"{villain.name}@{villain.host}")
        await self.quiet()
        follow = next(sent for sent in self.world.posted if sent["type"] == "Follow" and sent["object"] == villain.uri)
        await self.accepted(villain, world.activity("Accept", villain, follow))

    async def close(self) -> None:
        await self.node.close()
        await self.world.close()

    @property
    def limits(self) -> Limits:
        return self.node.app[keys.LIMITS]

    async def quiet(self) -> None:
        await until_quiet(self.node)

    # --- Shooting --------------------------------------------------------------------------------------------------

    def signed(self, villain: Villain, activity: Any = None, **how: Any) -> Shot:
        return shots.cavage(villain.key, activity, **({"at": self.clock.now()} | how))

    async def fire(self, shot: Shot | bytes) -> Reply:
        wire = shot if isinstance(shot, bytes) else shot.wire()
        reply = await shots.send(self.town.ports[self.node.host], self._trust, wire)
        self.replies.append(reply)
        return reply

    async def volley(self, wanted: Iterable[Shot]) -> list[Reply]:
        """Many at once, but not so many that making connections is all that the machine does."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(shot: Shot) -> Reply:
            async with gate:
                return await self.fire(shot)

        return await asyncio.gather(*(one(shot) for shot in wanted))

    async def accepted(self, villain: Villain, activity: Json, **how: Any) -> None:
        reply = await self.fire(self.signed(villain, activity, **how))
        assert reply.status == 202, f"{activity['type']} of {villain.uri} was answered {reply.status}: {reply.body!r}"
        await self.quiet()

    # --- What has to stay as it was --------------------------------------------------------------------------------

    async def state(self, tables: Sequence[str] = ()) -> str:
        """A fingerprint of every table that holds what people are, said and did, or of the tables named."""
        chosen = [
            table
            for table in METADATA.sorted_tables
            if (table.name in tables if tables else table.name not in NOT_STATE)
        ]
        return await self.node.tools.db.read(_fingerprint, chosen)

    @asynccontextmanager
    async def unmoved(
        self, *, tables: Sequence[str] = (), fetches: Callable[[], Sequence[str]] = tuple
    ) -> AsyncIterator[None]:
        """What happens inside leaves the state, and asks other servers for nothing but `fetches`."""
        await self.quiet()
        before, heard = await self.state(tables), len(self.world.log)
        self.replies.clear()
        async with self.awake():
            yield
            await self.quiet()
        # 503 says when to come again; anything else in the fives is a failure of ours.
        failed = [reply for reply in self.replies if reply.status in ERRORS and "retry-after" not in reply.headers]
        assert failed == [], "the node failed"
        assert await self.state(tables) == before, "something changed"
        surplus = [line for line in self.world.log[heard:] if line not in {f"GET {url}" for url in fetches()}]
        assert surplus == [], f"other servers were asked: {surplus}"

    @contextmanager
    def lean(self, *, mib: int = MOST_GROWTH) -> Iterator[None]:
        """At no time does this process, with the town and the test in it, hold much more memory than before.

        For rows that would take many times as much if they got through; small sums come and go by themselves.
        """
        gc.collect()
        before = _memory(reset=True).held
        yield
        grown = (_memory().most - before) >> 20
        assert grown < mib, f"{grown} MiB more than before"

    @asynccontextmanager
    async def awake(self) -> AsyncIterator[None]:
        """No step holds up the event loop for long, in processor time: a shared machine may stop by itself.

        What earlier tests left behind is not looked through meanwhile, as a node would not have it.
        """
        steps = Steps()
        gc.freeze()
        steps.watch()
        try:
            yield
        finally:
            steps.stop()
            gc.unfreeze()
        assert steps.longest < LONGEST_STALL, (
            f"one step held up the event loop for {steps.longest:.2f} s: {steps.which}"
        )


class Steps:
    """How long the longest step of the event loop takes, and which it is. Only one at a time may watch."""

    def __init__(self) -> None:
        self.longest = 0.0
        self.which = ""
        self._run = asyncio.Handle._run  # noqa: SLF001  # there is no other place that sees every step

    def watch(self) -> None:
        run = self._run

        def timed(handle: asyncio.Handle) -> None:
            begun = time.thread_time()
            run(handle)
            spent = time.thread_time() - begun
            if spent > self.longest:
                self.longest, self.which = spent, repr(handle)

        asyncio.Handle._run = timed  # type: ignore[method-assign, assignment]  # noqa: SLF001  # as above

    def stop(self) -> None:
        asyncio.Handle._run = self._run  # type: ignore[method-assign]  # noqa: SLF001  # as above


class Memory(NamedTuple):
    held: int
    most: int


def _memory(*, reset: bool = False) -> Memory:
    """What this process holds now, and the most it held since it was last reset; only Linux tells."""
    status = Path("/proc/self/status")
    if not status.exists():
        return Memory(0, 0)
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    found = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return Memory(*(int(found[name].split()[0]) << 10 for name in ("VmRSS", "VmHWM")))


def _fingerprint(tx: Connection, tables: Sequence[Table]) -> str:
    digest = sha256()
    for table in tables:
        digest.update(table.name.encode())
        named = [column for column in table.columns if column.name not in NOT_SAID]
        if table.name == "actor_key":
            named = [column for column in named if column.name != "id"]
        for row in sorted(repr(tuple(row)) for row in tx.execute(select(*named))):
            digest.update(row.encode())
    return digest.hexdigest()
