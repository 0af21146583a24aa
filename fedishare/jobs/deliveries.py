"""Activities on their way out: one row for each inbox, claimed with a lease, deleted once delivered.

A table, not a broker, as with jobs: a delivery is committed together with its activity, and
whatever a process was doing when it was killed is done again when its lease has run out.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, exists, func, or_, select, update
from sqlalchemy.orm import aliased

from fedishare.core import hosts
from fedishare.core.here import Here
from fedishare.core.ids import fraction
from fedishare.db.base import insert
from fedishare.db.engine import ring_after
from fedishare.db.nodes import BlockedDomain, Node
from fedishare.db.people import ActorKey
from fedishare.db.work import Activity, Delivery
from fedishare.domain.kinds import KeyKind

LEASE: Final = timedelta(seconds=40)
# One look at what is due reads so many rows at most, however long the queue is.
LOOK: Final = 1024
# Where the first rows that are due are all for hosts that have their turn, so many other hosts are looked at.
OTHER_HOSTS: Final = 64
# So many failures in a row are a server that was down, and not one delivery that it cannot digest.
OUTAGE: Final = 3

# Thousands of letters go to the same few inboxes.
_authority: Final = lru_cache(maxsize=8192)(hosts.authority_of)

RECORD: Final = insert(Activity).on_conflict_do_nothing(index_elements=["uri", "variant"]).returning(Activity.id)
KNOWN: Final = select(Activity.id).where(Activity.uri == bindparam("named"), Activity.variant == bindparam("kind"))
ADD: Final = insert(Delivery).on_conflict_do_nothing(index_elements=["activity_id", "inbox"])
BLOCKED: Final = select(BlockedDomain.domain)
RESTING: Final = select(Node.host, Node.resting_until).where(Node.resting_until > bindparam("now"))

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
BODIES: Final = select(Activity.id, Activity.body).where(Activity.id.in_(bindparam("ids", expanding=True)))
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
    .values(failed_at=bindparam("now"), leased_until=None, error=bindparam("why"), tries=bindparam("made"))
)
HAND_BACK: Final = update(Delivery).where(Delivery.id.in_(bindparam("ids", expanding=True))).values(leased_until=None)
_trouble = insert(Node).values(
    host=bindparam("host"),
    speaks_rfc9421=False,
    failures=bindparam("more"),
    resting_until=bindparam("until"),
    last_error=bindparam("why"),
)
TROUBLE: Final = _trouble.on_conflict_do_update(
    index_elements=["host"],
    set_={
        "failures": Node.failures + _trouble.excluded.failures,
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
    update(Node).where(Node.host == bindparam("name")).values(failures=0, resting_until=None, last_error=None)
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


class Letter(NamedTuple):
    """An activity of ours in its final bytes. `about` is what it is about, by which its order is kept."""

    uri: str
    actor_id: int
    type: str
    object_uri: str
    about: str
    body: bytes
    public: bool
    variant: str = ""


class Claimed(NamedTuple):
    id: int
    activity_id: int
    sender_id: int
    inbox: str
    host: str
    tries: int
    failures: int
    speaks_rfc9421: bool


class Sender(NamedTuple):
    key_id: str
    private: bytes


class Claim(NamedTuple):
    """What to deliver now, with the bytes and keys that the claimer did not have yet."""

    deliveries: list[Claimed]
    bodies: dict[int, bytes]
    senders: dict[int, Sender]


class Postponed(NamedTuple):
    id: int
    due: datetime
    tries: int
    why: str


class Parked(NamedTuple):
    id: int
    tries: int
    why: str


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


class Wanted(NamedTuple):
    """How much may be claimed: `turns` says for hosts that are at work how many more each may get."""

    healthy: int
    ailing: int
    per_host: int
    turns: Mapping[str, int]
    known_bodies: frozenset[int]
    known_senders: frozenset[int]


def send_off(tx: Connection, here: Here, letter: Letter, *, inboxes: Iterable[str], again: bool = False) -> bool:
    """Keep an activity and one delivery for each inbox; answers whether it is new.

    What was sent off before is not sent a second time, unless `again` says that it was asked
    for anew. Our own inbox and those of blocked domains are left out.
    """
    row = {"id": here.ids.new(), "uri": letter.uri, "variant": letter.variant, "actor_id": letter.actor_id}
    row |= {"type": letter.type, "object_uri": letter.object_uri, "body": letter.body, "public": letter.public}
    made = tx.execute(RECORD, row | {"local": True, "created_at": here.now()}).scalar()
    if made is None and not again:
        return False
    activity_id = made or tx.execute(KNOWN, {"named": letter.uri, "kind": letter.variant}).scalar_one()
    resting = {row.host: row.resting_until for row in tx.execute(RESTING, {"now": here.now()})}
    deliveries = [
        {
            "id": here.ids.new(),
            "activity_id": activity_id,
            "sender_id": letter.actor_id,
            "inbox": inbox,
            "host": host,
            "object_uri": letter.about,
            "due_at": resting.get(host, here.now()),
            "tries": 0,
        }
        for inbox, host in _open_to_us(tx, here, inboxes)
    ]
    if deliveries:
        tx.execute(ADD, deliveries)
        ring_after(tx)
    return made is not None


def claim(tx: Connection, *, now: datetime, wanted: Wanted) -> Claim:
    """Due deliveries, healthy servers first, leased to the caller; a lease that runs out gives them to another."""
    chosen = _locked(tx, _choose(tx, now=now, wanted=wanted), now=now)
    if not chosen:
        return Claim([], {}, {})
    tx.execute(TAKE, {"ids": [delivery.id for delivery in chosen], "until": now + LEASE})
    bodies = {delivery.activity_id for delivery in chosen} - wanted.known_bodies
    senders = {delivery.sender_id for delivery in chosen} - wanted.known_senders
    return Claim(
        chosen,
        {row.id: row.body for row in tx.execute(BODIES, {"ids": list(bodies)})} if bodies else {},
        {row.actor_id: Sender(row.key_id, row.private) for row in tx.execute(SENDERS, {"ids": list(senders)})}
        if senders
        else {},
    )


def settle(tx: Connection, results: Results, *, now: datetime) -> None:
    """Write down what became of deliveries. A server that is well again gets what waits for it at once."""
    if results.arrived:
        tx.execute(ARRIVED, {"ids": list(results.arrived)})
    if results.postponed:
        rows = [{"row": one.id, "due": one.due, "made": one.tries, "why": one.why} for one in results.postponed]
        tx.execute(POSTPONE, rows)
    if results.parked:
        tx.execute(PARK, [{"row": one.id, "now": now, "made": one.tries, "why": one.why} for one in results.parked])
    for host in results.recovered:
        recover(tx, host=host, now=now)
    # In one order everywhere, so that two processes never wait for each other.
    for host, speaks in sorted(results.speaks.items()):
        tx.execute(SPEAKS, {"host": host, "speaks": speaks})
    for host, trouble in sorted(results.troubles.items()):
        row = {"host": host, "more": trouble.failures, "until": trouble.resting_until, "why": trouble.why}
        tx.execute(TROUBLE, row)
        tx.execute(DEFER, {"name": host, "until": trouble.resting_until})


def settle_and_claim(tx: Connection, results: Results, *, now: datetime, wanted: Wanted) -> Claim:
    """Both in one passage: what has just arrived often makes room for what comes next."""
    settle(tx, results, now=now)
    return claim(tx, now=now, wanted=wanted)


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
        tx.execute(HURRY, {"name": host, "now": now})
        ring_after(tx)


class _Choice:
    """What is taken in hand: within the room there is, and for each host within its turn."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._turns = dict(wanted.turns)
        self._taken: dict[int, Claimed] = {}
        self._ailing = 0

    def has_room(self) -> bool:
        return len(self._taken) < self._wanted.healthy

    def turn(self, host: str) -> int:
        return self._turns.get(host, self._wanted.per_host)

    def offer(self, rows: Iterable[Any], *, now: datetime) -> None:
        """Take what may go now of these rows of `DUE`: the healthy first, whom the others must not stand in the way."""
        ready = [row for row in rows if not row.waits and (row.resting_until is None or row.resting_until <= now)]
        for row in sorted(ready, key=lambda row: bool(row.failures)):
            claimed = Claimed(*row[: len(Claimed._fields)])
            if not self.has_room() or claimed.id in self._taken or self.turn(claimed.host) <= 0:
                continue
            if claimed.failures and self._ailing >= self._wanted.ailing:
                continue
            self._ailing += claimed.failures > 0
            self._turns[claimed.host] = self.turn(claimed.host) - 1
            self._taken[claimed.id] = claimed

    def taken(self) -> list[Claimed]:
        return list(self._taken.values())


def _choose(tx: Connection, *, now: datetime, wanted: Wanted) -> list[Claimed]:
    choice = _Choice(wanted)
    if not choice.has_room():
        return []
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


def _open_to_us(tx: Connection, here: Here, inboxes: Iterable[str]) -> list[tuple[str, str]]:
    blocked = tuple(tx.scalars(BLOCKED))
    found = ((inbox, _authority(inbox)) for inbox in dict.fromkeys(inboxes))
    return [
        (inbox, host)
        for inbox, host in found
        if host and host != here.uris.authority and not _is_below(host.partition(":")[0], blocked)
    ]


def _is_below(host: str, domains: Iterable[str]) -> bool:
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)
