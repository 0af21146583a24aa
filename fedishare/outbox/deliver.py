"""Sends what waits in the queue of deliveries: a few to each server at a time, many servers at once.

Everything that must not be lost is in rows. A process that is killed leaves leases behind, and
when they run out another one, or the same one started again, sends what was under way.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import structlog

from fedishare.core import crash
from fedishare.core.errors import FediShareError, Unreachable
from fedishare.core.ids import fraction
from fedishare.jobs import deliveries
from fedishare.jobs.deliveries import LEASE, Claim, Claimed, Parked, Postponed, Results, Trouble, Wanted
from fedishare.jobs.tools import Tools
from fedishare.net import answers
from fedishare.net.answers import Answer
from fedishare.net.signatures import Scheme, Signer
from fedishare.outbox import synchrony
from fedishare.outbox.paces import Paces
from fedishare.outbox.verdicts import (
    GONE,
    OK,
    TOO_MANY,
    UNREAD,
    Later,
    Never,
    Sent,
    Verdict,
    is_trouble,
    rest,
    verdict,
)

__all__ = ["Courier", "Later", "Never", "Sent", "verdict"]

log: Final = structlog.get_logger()

IN_FLIGHT: Final = 64
PER_HOST: Final = 2
# Servers that failed lately may hold a quarter of the places, so that the others stay quick (REL-04).
AILING: Final = IN_FLIGHT // 4
# Whoever takes longer than this to answer gives up the place, but goes on being waited for.
SLOW_AFTER: Final = 2.0
MOST_SLOW: Final = 64
IN_HAND: Final = 256
IDLE: Final = 1.0
# Answers that come within so short a time are written down together.
GATHER: Final = 0.01
KEPT_BODIES: Final = 128
KEPT_SENDERS: Final = 512
# What could not be delivered for so long is given up, however few tries a resting server left it.
LONGEST: Final = timedelta(days=8)
# What waited too long for a place is given back unsent: while it is under way its lease must not run out, or somebody
# else would send it too, and perhaps what comes after it. Two knocks take twice the client's patience.
FRESH: Final = LEASE.total_seconds() - 22.0
TRIES_OF_A_FAULTY_DELIVERY: Final = 5

_OTHER: Final = {Scheme.CAVAGE: Scheme.RFC9421, Scheme.RFC9421: Scheme.CAVAGE}


class Parcel(NamedTuple):
    """`until` is when it may still be sent, by the event loop's clock, which nobody sets."""

    claimed: Claimed
    body: bytes
    signer: Signer | None
    until: float
    for_followers: bool = False


class Reply(NamedTuple):
    """What came back: an answer, or why there is none; `is_final` where our own rules forbid to send."""

    status: int | None
    retry_after: int | None = None
    why: str = ""
    is_final: bool = False


class Outcome(NamedTuple):
    """No verdict on what was not sent. `is_gone` where the inbox is there no more."""

    claimed: Claimed
    verdict: Verdict | None
    trouble: Trouble | None = None
    speaks: bool | None = None
    is_gone: bool = False


class Courier:
    """Delivers until cancelled. Several may share one database; leases keep them apart."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._bodies: dict[int, bytes] = {}
        self._senders: dict[int, Signer] = {}
        self._for_followers: set[int] = set()
        self._ready: deque[Parcel] = deque()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._quick: set[int] = set()
        self._slow: set[int] = set()
        self._ailing = 0
        self._suspects = 0
        self._outcomes: list[Outcome] = []
        self._moved = asyncio.Event()
        self._has_rung = False
        self._paces = Paces()
        self._is_paced = False
        self._is_stopping = False

    async def run(self) -> None:
        """Deliver what is due, whenever it is, until stopped or cancelled. Leases are handed back at the end."""
        self._is_paced = True
        listener = asyncio.create_task(self._listen())
        try:
            while not self._is_stopping:
                if await self._pass_or_wait():
                    continue
                await self._moved.wait()
                if not self._has_rung:
                    await asyncio.sleep(GATHER)
                self._has_rung = False
                self._moved.clear()
        finally:
            listener.cancel()
            await self._land()

    def stop(self) -> None:
        """Ask `run` to end; what is under way is given up and handed back."""
        self._is_stopping = True
        self._moved.set()

    async def drain(self) -> int:
        """Deliver everything that is due now, and answer how many deliveries were tried."""
        tried = 0
        while await self._pass():
            while self._tasks:
                await asyncio.wait(self._tasks.values())
            tried += len(self._outcomes)
        return tried

    async def _listen(self) -> None:
        """Something new may be due; without a ring at least once a second, for other processes write rows too."""
        while True:
            await self._tools.db.bell.wait(at_most=IDLE)
            self._has_rung = True
            self._moved.set()

    async def _pass_or_wait(self) -> int:
        """One passage; where the database does not answer, nothing is lost but a little time."""
        try:
            return await self._pass()
        except Unreachable as error:
            log.warning("the database did not answer", why=str(error))
            await self._tools.here.clock.sleep(IDLE)
            return 0

    async def _pass(self) -> int:
        """Write down what has become of deliveries and take new ones in hand; answers how many."""
        outcomes, now = list(self._outcomes), self._tools.here.now()
        until = asyncio.get_running_loop().time() + FRESH
        claim = await self._settle_and_claim(outcomes, now=now)
        crash.point("delivery.settled")
        del self._outcomes[: len(outcomes)]
        for what, where in claim.dropped:
            log.warning("dropped what was parked: what came after it has arrived", what=what, inbox=where)
        self._bodies |= claim.bodies
        self._for_followers = (self._for_followers | claim.for_followers) & self._bodies.keys()
        self._senders |= {
            actor: Signer(key_id=sender.key_id, private_pem=sender.private) for actor, sender in claim.senders.items()
        }
        for claimed in claim.deliveries:
            body, signer = self._bodies[claimed.activity_id], self._senders.get(claimed.sender_id)
            self._ready.append(Parcel(claimed, body, signer, until, claimed.activity_id in self._for_followers))
            self._ailing += claimed.failures > 0
            self._suspects += claimed.is_suspect
        if claim.deliveries:
            crash.point("delivery.in-hand")
        _forget_oldest(self._bodies, keep=KEPT_BODIES)
        _forget_oldest(self._senders, keep=KEPT_SENDERS)
        self._start()
        return len(claim.deliveries)

    async def _settle_and_claim(self, outcomes: list[Outcome], *, now: datetime) -> Claim:
        """In one passage. What cannot be written must not keep the rest from being written (REL-12)."""
        db, wanted = self._tools.db, self._wanted()
        try:
            return await db.write(deliveries.settle_and_claim, _results(outcomes, now=now), now=now, wanted=wanted)
        except Unreachable:
            raise
        except Exception:
            log.exception("results of deliveries could not be written together")
        for outcome in outcomes:
            try:
                await db.write(deliveries.settle, _results([outcome], now=now), now=now)
            except Unreachable:
                raise
            except Exception:  # Its lease runs out, and in the end it is parked.
                log.exception("the result of a delivery could not be written", inbox=outcome.claimed.inbox)
        return await db.write(deliveries.claim, now=now, wanted=wanted)

    def _wanted(self) -> Wanted:
        # As long as enough is in hand to keep every place busy, the queue is left in peace.
        room = max(0, IN_HAND - len(self._ready) - len(self._tasks)) if len(self._ready) < IN_FLIGHT else 0
        turns = self._paces.allowances(asyncio.get_running_loop().time()) if self._is_paced else {}
        return Wanted(
            healthy=room,
            ailing=max(0, min(room, AILING - self._ailing)),
            per_host=PER_HOST,
            turns=turns,
            known_bodies=frozenset(self._bodies),
            known_senders=frozenset(self._senders),
            suspects=1 - self._suspects,
        )

    def _start(self) -> None:
        """Send as much as there are places for."""
        while self._ready and len(self._quick) < IN_FLIGHT:
            parcel = self._ready.popleft()
            if parcel.until < asyncio.get_running_loop().time():
                self._outcomes.append(Outcome(parcel.claimed, None))
                self._let_go(parcel.claimed)
                continue
            self._quick.add(parcel.claimed.id)
            self._tasks[parcel.claimed.id] = asyncio.create_task(self._carry(parcel))

    async def _carry(self, parcel: Parcel) -> None:
        claimed, loop = parcel.claimed, asyncio.get_running_loop()
        crash.point("delivery.begun")
        self._paces.count(claimed.host, loop.time())
        timer = loop.call_later(SLOW_AFTER, self._make_way, claimed.id)
        try:
            self._outcomes.append(await self._attempt(parcel))
            crash.point("delivery.judged")
        except Exception as error:
            # One delivery that breaks something must not stop all the others (REL-12).
            log.exception("a delivery failed", inbox=claimed.inbox)
            why = f"{type(error).__name__}: {error}"
            judged = verdict(None, tries=claimed.tries, why=why, spread=fraction())
            if claimed.tries + 1 >= TRIES_OF_A_FAULTY_DELIVERY:
                judged = Never(why, is_refused=True)
            self._outcomes.append(Outcome(claimed, judged))
        finally:
            timer.cancel()
            self._put_down(claimed)

    def _put_down(self, claimed: Claimed) -> None:
        for places in (self._quick, self._slow):
            places.discard(claimed.id)
        self._tasks.pop(claimed.id, None)
        self._let_go(claimed)
        self._moved.set()
        if not self._is_stopping:
            self._start()

    def _let_go(self, claimed: Claimed) -> None:
        self._ailing -= claimed.failures > 0
        self._suspects -= claimed.is_suspect

    def _make_way(self, delivery_id: int) -> None:
        """A slow server frees its place for others; it is still waited for."""
        if delivery_id in self._quick and len(self._slow) < MOST_SLOW:
            self._quick.discard(delivery_id)
            self._slow.add(delivery_id)
            self._start()
            self._moved.set()

    async def _attempt(self, parcel: Parcel) -> Outcome:
        """Knock, and where the signature may have gone unread, knock once more in the other way (F21)."""
        claimed = parcel.claimed
        if parcel.signer is None:
            return Outcome(claimed, Never("the sender has no key any more", is_refused=True))
        usual = Scheme.RFC9421 if claimed.speaks_rfc9421 else Scheme.CAVAGE
        reply, speaks = await self._knock(parcel, parcel.signer, usual), None
        if reply.status in UNREAD:
            again = await self._knock(parcel, parcel.signer, _OTHER[usual])
            if again.status is not None and again.status in OK:
                reply, speaks = again, not claimed.speaks_rfc9421
        if reply.is_final:
            return Outcome(claimed, Never(reply.why, is_refused=True))
        judged = verdict(
            reply.status, tries=claimed.tries, retry_after=reply.retry_after, why=reply.why, spread=fraction()
        )
        return Outcome(claimed, judged, self._trouble(claimed, reply, judged), speaks, is_gone=reply.status in GONE)

    async def _knock(self, parcel: Parcel, signer: Signer, scheme: Scheme) -> Reply:
        # Signed anew each time, or the date would be too old (M8).
        claimed = parcel.claimed
        extra = await synchrony.headers(self._tools, claimed) if parcel.for_followers else None
        try:
            answer = await self._tools.client.post(
                claimed.inbox, body=parcel.body, signer=signer, scheme=scheme, extra=extra
            )
        except Unreachable as error:
            return Reply(None, why=str(error))
        except FediShareError as error:
            return Reply(None, why=str(error), is_final=True)
        crash.point("delivery.answered")
        return Reply(answer.status, self._asked_to_wait(answer))

    def _asked_to_wait(self, answer: Answer) -> int | None:
        # Mastodon says with every answer when its limit begins anew; it only means something once we are over it.
        if "retry-after" not in answer.headers and not (
            answer.status == TOO_MANY and "x-ratelimit-reset" in answer.headers
        ):
            return None
        return answers.retry_after(answer.headers, now=self._tools.here.now())

    def _trouble(self, claimed: Claimed, reply: Reply, judged: Verdict) -> Trouble | None:
        """Whether the whole server is left alone for a while: it failed, or asked for it."""
        now = self._tools.here.now()
        if is_trouble(reply.status):
            failing_for = now - (claimed.failing_since or now)
            usual = rest(claimed.failures + 1, failing_for=failing_for, spread=fraction())
            seconds = max(usual, reply.retry_after or 0)
            return Trouble(1, now + timedelta(seconds=seconds), reply.why or f"answered with status {reply.status}")
        if reply.status == TOO_MANY and isinstance(judged, Later):
            return Trouble(0, now + timedelta(seconds=judged.seconds), judged.why)
        return None

    async def _land(self) -> None:
        """Give up what is under way, write down what is known, hand the rest back (REL-11)."""
        self._is_stopping = True
        held = [parcel.claimed for parcel in self._ready]
        flying = dict(self._tasks)
        for task in flying.values():
            task.cancel()
        await asyncio.gather(*flying.values(), return_exceptions=True)
        self._ready.clear()
        known = {outcome.claimed.id for outcome in self._outcomes}
        back = [claimed.id for claimed in held] + [delivery for delivery in flying if delivery not in known]
        now = self._tools.here.now()
        try:
            for what, where in await self._tools.db.write(
                deliveries.settle, _results(self._outcomes, now=now), now=now
            ):
                log.warning("dropped what was parked: what came after it has arrived", what=what, inbox=where)
            await self._tools.db.write(deliveries.hand_back, back)
        except Unreachable as error:  # Then the leases run out instead.
            log.warning("deliveries could not be handed back", why=str(error))
        self._outcomes.clear()
        self._ailing = self._suspects = 0


class _Sorted:
    """Outcomes sorted by what has to be written; for each server the last one counts."""

    def __init__(self, outcomes: Iterable[Outcome], *, now: datetime) -> None:
        self._now = now
        self._arrived: list[int] = []
        self._postponed: list[Postponed] = []
        self._parked: list[Parked] = []
        self._given_back: list[int] = []
        self._troubles: dict[str, Trouble] = {}
        self._recovered: set[str] = set()
        self._speaks: dict[str, bool] = {}
        self._gone: set[str] = set()
        for outcome in outcomes:
            self._judge(outcome.claimed, outcome.verdict)
            self._learn(outcome.claimed, outcome)

    def _judge(self, claimed: Claimed, judged: Verdict | None) -> None:
        match judged:
            case None:
                self._given_back.append(claimed.id)
            case Sent():
                self._arrived.append(claimed.id)
                self._troubles.pop(claimed.host, None)
                if claimed.failures > 0:
                    self._recovered.add(claimed.host)
            case Later(seconds, why) if claimed.since > self._now - LONGEST:
                due = self._now + timedelta(seconds=seconds)
                self._postponed.append(Postponed(claimed.id, due, claimed.tries + 1, why))
            case Later(_, why):
                self._parked.append(Parked(claimed.id, claimed.tries + 1, why, is_refused=False))
            case Never(why, is_refused):
                self._parked.append(Parked(claimed.id, claimed.tries + 1, why, is_refused))

    def _learn(self, claimed: Claimed, outcome: Outcome) -> None:
        if outcome.trouble is not None:
            self._recovered.discard(claimed.host)
            self._troubles[claimed.host] = _both(self._troubles.get(claimed.host), outcome.trouble)
        if outcome.speaks is not None:
            self._speaks[claimed.host] = outcome.speaks
        if outcome.is_gone:
            self._gone.add(claimed.inbox)

    def results(self) -> Results:
        return Results(
            arrived=self._arrived,
            postponed=self._postponed,
            parked=self._parked,
            troubles=self._troubles,
            recovered=self._recovered,
            speaks=self._speaks,
            given_back=self._given_back,
            gone=self._gone,
        )


def _results(outcomes: Iterable[Outcome], *, now: datetime) -> Results:
    return _Sorted(outcomes, now=now).results()


def _both(one: Trouble | None, other: Trouble) -> Trouble:
    if one is None:
        return other
    until = max(one.resting_until, other.resting_until)
    return Trouble(one.failures + other.failures, until, other.why)


def _forget_oldest(kept: "dict[int, bytes] | dict[int, Signer]", *, keep: int) -> None:
    for key in list(kept)[: max(0, len(kept) - keep)]:
        del kept[key]
