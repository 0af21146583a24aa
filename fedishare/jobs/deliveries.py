"""Activities on their way out: one row for each inbox, claimed with a lease, deleted once delivered.

A table, not a broker, as with jobs: a delivery is committed together with its activity, and
whatever a process was doing when it was killed is done again when its lease has run out.

What must hold, whoever changes this: only `claim` leases, and only what has nothing older about
the same thing waiting for the same host; no host has more than `per_host` leases in all
processes together, and one that fails has one; a row goes only when its inbox took it, or with
a line in the log and a count.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, and_, bindparam, delete, exists, func, or_, select, update

from fedishare.core import crash, hosts
from fedishare.core.here import Here
from fedishare.core.ids import fraction
from fedishare.db.base import aliased, insert, lock
from fedishare.db.engine import ring_after
from fedishare.db.nodes import BlockedDomain, Node
from fedishare.db.people import ActorKey
from fedishare.db.work import Activity, Delivery
from fedishare.domain.kinds import KeyKind
from fedishare.jobs import drops
from fedishare.jobs.drops import Dropped
from fedishare.jobs.queue import MOST_LOST, SUSPECT, enqueue, reason
from fedishare.jobs.types import CheckInbox

LEASE: Final = timedelta(seconds=40)
# One look at what is due reads so many rows at most, however long the queue is.
LOOK: Final = 1024
# Where the first rows that are due are all for hosts that have their turn, so many other hosts are looked at.
OTHER_HOSTS: Final = 64
# So many failures in a row are a server that was down, and not one delivery that it cannot digest.
OUTAGE: Final = 3
# What was parked for want of an answer goes out when the server is back, if it is not older than this by then.
REVIVED: Final = timedelta(days=30)
CLAIMING: Final = "claiming deliveries"

# Thousands of letters go to the same few inboxes.
_authority: Final = lru_cache(maxsize=8192)(hosts.authority_of)

RECORD: Final = insert(Activity).on_conflict_do_nothing(index_elements=["uri", "variant"]).returning(Activity.id)
AT_ONCE: Final = frozenset({"Follow"})
KNOWN: Final = select(Activity.id).where(Activity.uri == bindparam("named"), Activity.variant == bindparam("kind"))
ADD: Final = insert(Delivery).on_conflict_do_nothing(index_elements=["activity_id", "inbox"])
# Sent anew, it belongs behind everything that was said since.
TO_THE_END: Final = delete(Delivery).where(
    Delivery.activity_id == bindparam("activity"), Delivery.inbox.in_(bindparam("inboxes", expanding=True))
)
BLOCKED: Final = select(BlockedDomain.domain)
RESTING: Final = select(Node.host, Node.resting_until).where(Node.resting_until > bindparam("now"))
# Somebody here asks for this very server: that is worth a try, whenever the next one was planned.
WAKE: Final = update(Node).where(Node.host.in_(bindparam("hosts", expanding=True))).values(resting_until=None)
LEASED: Final = (
    select(Delivery.host, func.count().label("leases"))
    .where(Delivery.leased_until.is_not(None), Delivery.leased_until > bindparam("now"))
    .group_by(Delivery.host)
)

_older = aliased(Delivery)
# What a server gets about one thing, it gets in the order in which it happened (REL-05).
_has_older: Final = exists().where(
    _older.host == Delivery.host,
    _older.object_uri == Delivery.object_uri,
    _older.failed_at.is_(None),
    _older.id < Delivery.id,
)
_is_free: Final = or_(Delivery.leased_until.is_(None), Delivery.leased_until <= bindparam("now"))
DUE: Final = (
    select(
        Delivery.id,
        Delivery.activity_id,
        Delivery.sender_id,
        Delivery.inbox,
        Delivery.host,
        Delivery.tries,
        func.coalesce(Node.failures, 0).label("failures"),
        func.coalesce(Node.speaks_rfc9421, False).label("speaks_rfc9421"),
        Delivery.lost,
        Delivery.since,
        Node.failing_since,
        Delivery.leased_until,
        Node.resting_until,
        _has_older.label("waits"),
    )
    .select_from(Delivery)
    .outerjoin(Node, Node.host == Delivery.host)
    .where(Delivery.failed_at.is_(None), Delivery.due_at <= bindparam("now"), _is_free)
    .order_by(Delivery.due_at, Delivery.id)
    .limit(bindparam("limit"))
)
DUE_AT: Final = DUE.where(Delivery.host == bindparam("name"), ~_has_older)
_first = select(func.min(Delivery.host).label("host")).cte("waiting_hosts", recursive=True)
_next = select(func.min(_older.host)).where(_older.host > _first.c.host).scalar_subquery()
_hosts = _first.union_all(select(_next).where(_first.c.host.is_not(None)))
# From one host to the next by the index, without reading what waits for each.
HOSTS: Final = select(_hosts.c.host).where(_hosts.c.host.is_not(None))
# Of two who chose the same, one gets it and the other one goes on without.
LOCK: Final = (
    select(Delivery.id)
    .where(Delivery.id.in_(bindparam("ids", expanding=True)), _is_free)
    .order_by(Delivery.id)
    .with_for_update(skip_locked=True)
)
TAKE: Final = (
    update(Delivery).where(Delivery.id.in_(bindparam("ids", expanding=True))).values(leased_until=bindparam("until"))
)
COUNT_LOST: Final = update(Delivery).where(Delivery.id == bindparam("row")).values(lost=bindparam("times"))
BODIES: Final = select(Activity.id, Activity.body, Activity.for_followers).where(
    Activity.id.in_(bindparam("ids", expanding=True))
)
SENDERS: Final = select(ActorKey.actor_id, ActorKey.key_id, ActorKey.private).where(
    ActorKey.actor_id.in_(bindparam("ids", expanding=True)), ActorKey.kind == KeyKind.RSA, ActorKey.private.is_not(None)
)
ARRIVED: Final = delete(Delivery).where(Delivery.id.in_(bindparam("ids", expanding=True)))
POSTPONE: Final = (
    update(Delivery)
    .where(Delivery.id == bindparam("row"))
    .values(due_at=bindparam("due"), tries=bindparam("made"), leased_until=None, error=bindparam("why"))
)
PARK: Final = (
    update(Delivery)
    .where(Delivery.id == bindparam("row"))
    .values(
        failed_at=bindparam("now"),
        leased_until=None,
        error=bindparam("why"),
        tries=bindparam("made"),
        refused=bindparam("is_refused"),
    )
)
_parked, _last = aliased(Delivery), aliased(Activity)
# What ends a thing ends what was parked about it: nobody is to bring that back by trying it again.
_is_over: Final = or_(
    # All that passes between two, of which the last word counts: "one other" is no address.
    _parked.object_uri.like("% %"),
    Activity.type == "Delete",
    and_(Activity.type == "Undo", Activity.object_uri == _last.uri),
)
OVERTAKEN: Final = (
    select(_parked.id)
    .join(
        Delivery,
        and_(
            _parked.host == Delivery.host,
            _parked.object_uri == Delivery.object_uri,
            _parked.sender_id == Delivery.sender_id,
            _parked.id < Delivery.id,
        ),
    )
    .join(Activity, Activity.id == Delivery.activity_id)
    .join(_last, _last.id == _parked.activity_id)
    .where(Delivery.id.in_(bindparam("ids", expanding=True)), _parked.failed_at.is_not(None), _is_over)
)
HAND_BACK: Final = update(Delivery).where(Delivery.id.in_(bindparam("ids", expanding=True))).values(leased_until=None)
_trouble = insert(Node).values(
    host=bindparam("host"),
    speaks_rfc9421=False,
    failures=bindparam("more"),
    failing_since=bindparam("since"),
    resting_until=bindparam("until"),
    last_error=bindparam("why"),
)
TROUBLE: Final = _trouble.on_conflict_do_update(
    index_elements=["host"],
    set_={
        "failures": Node.failures + _trouble.excluded.failures,
        "failing_since": func.coalesce(Node.failing_since, _trouble.excluded.failing_since),
        "resting_until": _trouble.excluded.resting_until,
        "last_error": _trouble.excluded.last_error,
    },
)
_spoken = insert(Node).values(host=bindparam("host"), speaks_rfc9421=bindparam("speaks"), failures=0)
SPEAKS: Final = _spoken.on_conflict_do_update(
    index_elements=["host"], set_={"speaks_rfc9421": _spoken.excluded.speaks_rfc9421}
)
FAILURES: Final = select(Node.failures).where(Node.host == bindparam("name"), Node.failures > 0).with_for_update()
RECOVER: Final = (
    update(Node)
    .where(Node.host == bindparam("name"))
    .values(failures=0, failing_since=None, resting_until=None, last_error=None)
)
# As long as a server rests, nothing for it is due, so that nobody has to read past it.
DEFER: Final = (
    update(Delivery)
    .where(Delivery.host == bindparam("name"), Delivery.failed_at.is_(None), Delivery.due_at < bindparam("until"))
    .values(due_at=bindparam("until"))
)
HURRY: Final = (
    update(Delivery)
    .where(Delivery.host == bindparam("name"), Delivery.failed_at.is_(None), Delivery.due_at > bindparam("now"))
    .values(due_at=bindparam("now"))
)
REVIVE: Final = (
    update(Delivery)
    .where(Delivery.host == bindparam("name"), Delivery.failed_at.is_not(None), ~Delivery.refused)
    .where(Delivery.lost < MOST_LOST, Delivery.since > bindparam("after"))
    .values(failed_at=None, due_at=bindparam("now"), tries=0)
)


class Letter(NamedTuple):
    """An activity of ours in its final bytes. `about` is what it is about, by which its order is kept.

    `for_followers` is set for what only followers get: with it goes word of who they are (FEP-8fcf).
    """

    uri: str
    actor_id: int
    type: str
    object_uri: str
    about: str
    body: bytes
    public: bool
    variant: str = ""
    for_followers: bool = False


class Claimed(NamedTuple):
    id: int
    activity_id: int
    sender_id: int
    inbox: str
    host: str
    tries: int
    failures: int
    speaks_rfc9421: bool
    lost: int
    since: datetime
    failing_since: datetime | None

    @property
    def is_suspect(self) -> bool:
        """Whether it was under way each time when the process ended."""
        return self.lost >= SUSPECT


class Sender(NamedTuple):
    key_id: str
    private: bytes


class Claim(NamedTuple):
    """What to deliver now, with the bytes and keys that the claimer did not have yet.

    `dropped` is what need not be delivered any more; the claimer puts it into the log.
    """

    deliveries: list[Claimed]
    bodies: dict[int, bytes]
    senders: dict[int, Sender]
    dropped: Sequence[Dropped] = ()
    for_followers: frozenset[int] = frozenset()


class Postponed(NamedTuple):
    id: int
    due: datetime
    tries: int
    why: str


class Parked(NamedTuple):
    """`is_refused` says that the inbox does not want it, so that nobody brings it again unasked."""

    id: int
    tries: int
    why: str
    is_refused: bool


class Trouble(NamedTuple):
    """A server that did not answer, or asked for a rest; `failures` is how many more to count."""

    failures: int
    resting_until: datetime
    why: str


class Results(NamedTuple):
    """What became of some deliveries, to be written in one go."""

    arrived: Sequence[int] = ()
    postponed: Sequence[Postponed] = ()
    parked: Sequence[Parked] = ()
    troubles: Mapping[str, Trouble] = {}
    recovered: Iterable[str] = ()
    speaks: Mapping[str, bool] = {}
    given_back: Sequence[int] = ()
    gone: Iterable[str] = ()


class Wanted(NamedTuple):
    """How much may be claimed: `turns` says for hosts that were asked much lately how many more each may get."""

    healthy: int
    ailing: int
    per_host: int
    turns: Mapping[str, int]
    known_bodies: frozenset[int]
    known_senders: frozenset[int]
    suspects: int = 1


def send_off(tx: Connection, here: Here, letter: Letter, *, inboxes: Iterable[str], again: bool = False) -> bool:
    """Keep an activity and one delivery for each inbox; answers whether it is new.

    What was sent off before is not sent a second time, unless `again` says that it was asked
    for anew. Our own inbox and those of blocked domains are left out.
    """
    row = {"id": here.ids.new(), "uri": letter.uri, "variant": letter.variant, "actor_id": letter.actor_id}
    row |= {"type": letter.type, "object_uri": letter.object_uri, "body": letter.body, "public": letter.public}
    row |= {"for_followers": letter.for_followers}
    made = tx.execute(RECORD, row | {"local": True, "created_at": here.now()}).scalar()
    if made is None and not again:
        return False
    crash.point("letter.recorded")
    activity_id = made or tx.execute(KNOWN, {"named": letter.uri, "kind": letter.variant}).scalar_one()
    found = open_to_us(tx, here, inboxes)
    if not found:
        return made is not None
    if made is None:
        tx.execute(TO_THE_END, {"activity": activity_id, "inboxes": [inbox for inbox, _ in found]})
    now = here.now()
    if letter.type in AT_ONCE:
        tx.execute(WAKE, {"hosts": [host for _, host in found]})
    resting = {row.host: row.resting_until for row in tx.execute(RESTING, {"now": now})}
    delivery = {"activity_id": activity_id, "sender_id": letter.actor_id, "object_uri": letter.about, "since": now}
    tx.execute(
        ADD, [delivery | {"inbox": inbox, "host": host, "due_at": resting.get(host, now)} for inbox, host in found]
    )
    crash.point("letter.addressed")
    ring_after(tx)
    return made is not None


def claim(tx: Connection, *, now: datetime, wanted: Wanted) -> Claim:
    """Due deliveries, healthy servers first, leased to the caller; a lease that runs out gives them to another."""
    if min(wanted.healthy, wanted.per_host) <= 0:
        return Claim([], {}, {})
    # Two who chose at once would each think that the host is free.
    lock(tx, CLAIMING)
    chosen = _locked(tx, _choose(tx, now=now, wanted=wanted), now=now)
    chosen = [claimed for claimed in chosen if not _is_lost(tx, claimed, now=now)]
    if not chosen:
        return Claim([], {}, {})
    crash.point("delivery.chosen")
    tx.execute(TAKE, {"ids": [delivery.id for delivery in chosen], "until": now + LEASE})
    crash.point("delivery.leased")
    bodies = {delivery.activity_id for delivery in chosen} - wanted.known_bodies
    senders = {delivery.sender_id for delivery in chosen} - wanted.known_senders
    found = tx.execute(BODIES, {"ids": list(bodies)}).all() if bodies else []
    return Claim(
        chosen,
        {row.id: row.body for row in found},
        {row.actor_id: Sender(row.key_id, row.private) for row in tx.execute(SENDERS, {"ids": list(senders)})}
        if senders
        else {},
        for_followers=frozenset(row.id for row in found if row.for_followers),
    )


def settle(tx: Connection, results: Results, *, now: datetime) -> list[Dropped]:
    """Write down what became of deliveries. A server that is well again gets what waits for it at once.

    Answers with what was parked and is void now, because what came after it has arrived.
    """
    dropped: list[Dropped] = []
    if results.arrived:
        dropped = drops.deliveries(tx, tx.scalars(OVERTAKEN, {"ids": list(results.arrived)}).all())
        tx.execute(ARRIVED, {"ids": list(results.arrived)})
        crash.point("delivery.removed")
    if results.postponed:
        rows = [{"row": one.id, "due": one.due, "made": one.tries, "why": reason(one.why)} for one in results.postponed]
        tx.execute(POSTPONE, rows)
        crash.point("delivery.postponed")
    if results.parked:
        tx.execute(PARK, [_parking(one, now=now) for one in results.parked])
        crash.point("delivery.parked")
    hand_back(tx, results.given_back)
    for inbox in results.gone:
        enqueue(tx, CheckInbox(inbox), due=now)
    for host in results.recovered:
        recover(tx, host=host, now=now)
    # In one order everywhere, so that two processes never wait for each other.
    for host, speaks in sorted(results.speaks.items()):
        tx.execute(SPEAKS, {"host": host, "speaks": speaks})
    for host, trouble in sorted(results.troubles.items()):
        row = {"host": host, "more": trouble.failures, "until": trouble.resting_until, "why": reason(trouble.why)}
        tx.execute(TROUBLE, row | {"since": now if trouble.failures else None})
        tx.execute(DEFER, {"name": host, "until": trouble.resting_until})
        crash.point("delivery.resting")
    return dropped


def _parking(one: Parked, *, now: datetime) -> dict[str, Any]:
    return {"row": one.id, "now": now, "made": one.tries, "why": reason(one.why), "is_refused": one.is_refused}


def settle_and_claim(tx: Connection, results: Results, *, now: datetime, wanted: Wanted) -> Claim:
    """Both in one passage: what has just arrived often makes room for what comes next."""
    dropped = settle(tx, results, now=now)
    return claim(tx, now=now, wanted=wanted)._replace(dropped=dropped)


def hand_back(tx: Connection, ids: Sequence[int]) -> None:
    """Give up leases on what was not sent, so that nobody has to wait for them to run out."""
    if ids:
        tx.execute(HAND_BACK, {"ids": list(ids)})


def recover(tx: Connection, *, host: str, now: datetime) -> None:
    """A server answered, or sent us something: forget its failures and try at once what waits for it (REL-06).

    After a failure or two nothing is hurried: what a server refuses again and again, while it
    takes everything else, would use up its tries within the hour.
    """
    failures = tx.scalar(FAILURES, {"name": host})
    if failures is None:
        return
    tx.execute(RECOVER, {"name": host})
    if failures >= OUTAGE:
        tx.execute(REVIVE, {"name": host, "now": now, "after": now - REVIVED})
        tx.execute(HURRY, {"name": host, "now": now})
        crash.point("delivery.revived")
        ring_after(tx)


class _Choice:
    """What is taken in hand: within the room there is, and for each host within its turn."""

    def __init__(self, wanted: Wanted, *, leases: dict[str, int]) -> None:
        self._wanted = wanted
        self._leases = leases
        self._taken: dict[int, Claimed] = {}
        self._new: Counter[str] = Counter()
        self._ailing = 0
        self._suspects = 0

    def has_room(self) -> bool:
        return len(self._taken) < self._wanted.healthy

    def turn(self, host: str) -> int:
        free = self._wanted.per_host - self._leases.get(host, 0)
        return min(free, self._wanted.turns.get(host, free)) - self._new[host]

    def offer(self, rows: Iterable[Any], *, now: datetime) -> None:
        """Take what may go now of these rows of `DUE`: the healthy first, whom the others must not stand in the way."""
        ready = [row for row in rows if not row.waits and (row.resting_until is None or row.resting_until <= now)]
        for row in sorted(ready, key=lambda row: bool(row.failures)):
            claimed = Claimed(*row[: len(Claimed._fields)])
            if row.leased_until is not None:
                claimed = claimed._replace(lost=claimed.lost + 1)
            if self.has_room() and claimed.id not in self._taken and self._fits(claimed):
                self._take(claimed)

    def _fits(self, claimed: Claimed) -> bool:
        host = claimed.host
        if self.turn(host) <= 0 or (claimed.is_suspect and self._suspects >= self._wanted.suspects):
            return False
        # One that fails is asked with one delivery whether it is well again, and by one process.
        is_asked = self._leases.get(host, 0) + self._new[host] > 0
        return not claimed.failures or (not is_asked and self._ailing < self._wanted.ailing)

    def _take(self, claimed: Claimed) -> None:
        self._ailing += claimed.failures > 0
        self._suspects += claimed.is_suspect
        self._new[claimed.host] += 1
        self._taken[claimed.id] = claimed

    def taken(self) -> list[Claimed]:
        return list(self._taken.values())


def _choose(tx: Connection, *, now: datetime, wanted: Wanted) -> list[Claimed]:
    leases = {row.host: row.leases for row in tx.execute(LEASED, {"now": now})}
    choice = _Choice(wanted, leases=leases)
    rows = tx.execute(DUE, {"now": now, "limit": LOOK}).all()
    choice.offer(rows, now=now)
    # A long queue for a few hosts may hide what is due for the others.
    if len(rows) == LOOK and choice.has_room():
        hosts = [host for host in tx.scalars(HOSTS) if choice.turn(host) > 0]
        start = int(len(hosts) * fraction())
        for host in (hosts[start:] + hosts[:start])[:OTHER_HOSTS]:
            due = {"now": now, "name": host, "limit": choice.turn(host)}
            choice.offer(tx.execute(DUE_AT, due).all(), now=now)
    return choice.taken()


def _locked(tx: Connection, chosen: list[Claimed], *, now: datetime) -> list[Claimed]:
    if not chosen:
        return []
    ours = set(tx.scalars(LOCK, {"ids": [claimed.id for claimed in chosen], "now": now}))
    return [claimed for claimed in chosen if claimed.id in ours]


def _is_lost(tx: Connection, claimed: Claimed, *, now: datetime) -> bool:
    """Count a lease that ran out; whether it was the last one, because this is what ends the process (REL-12)."""
    if not claimed.lost:
        return False
    if claimed.lost < MOST_LOST:
        tx.execute(COUNT_LOST, {"row": claimed.id, "times": claimed.lost})
        return False
    why = f"the process ended {claimed.lost} times while this was being sent"
    tx.execute(PARK, _parking(Parked(claimed.id, claimed.tries, why, is_refused=False), now=now))
    tx.execute(COUNT_LOST, {"row": claimed.id, "times": claimed.lost})
    return True


def open_to_us(tx: Connection, here: Here, inboxes: Iterable[str]) -> list[tuple[str, str]]:
    blocked = set(tx.scalars(BLOCKED))
    found = ((inbox, _authority(inbox)) for inbox in dict.fromkeys(inboxes))
    return [
        (inbox, host)
        for inbox, host in found
        if host and host != here.uris.authority and blocked.isdisjoint(hosts.and_above(hosts.without_port(host)))
    ]
