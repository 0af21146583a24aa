"""What waits to go out or was given up: by server, and parked jobs by kind; for the administrators."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, case, func, select

from fedishare.db.base import aliased
from fedishare.db.nodes import Node
from fedishare.db.work import DELIVERIES_DROPPED, JOBS_DROPPED, Counter, Delivery, Job

MOST: Final = 200

_parked: Final = func.count(Delivery.failed_at)
_said = aliased(Delivery)
_last_error: Final = (
    select(_said.error)
    .where(_said.host == Delivery.host, _said.error.is_not(None))
    .order_by(_said.id.desc())
    .limit(1)
    .correlate(Delivery)
    .scalar_subquery()
)
_by_host = (
    select(
        Delivery.host,
        (func.count() - _parked).label("waiting"),
        _parked.label("parked"),
        func.min(Delivery.since).label("since"),
        func.max(Delivery.tries).label("tries"),
        _last_error.label("error"),
    )
    .group_by(Delivery.host)
    .subquery()
)
_of_host: Final[Any] = select(
    _by_host.c.host,
    _by_host.c.waiting,
    _by_host.c.parked,
    _by_host.c.since,
    func.coalesce(Node.last_error, _by_host.c.error),
    Node.failing_since,
    Node.resting_until,
).outerjoin(Node, Node.host == _by_host.c.host)
# What has only just been sent off is no backlog: it is one once a try failed.
HOSTS: Final = (
    _of_host.where((_by_host.c.parked > 0) | (_by_host.c.tries > 0) | Node.resting_until.is_not(None))
    .order_by((_by_host.c.parked + _by_host.c.waiting).desc(), _by_host.c.host)
    .limit(MOST)
)
HOST: Final = _of_host.where(_by_host.c.host == bindparam("name"))
DROPPED: Final = select(Counter.name, Counter.value).where(Counter.name.in_((DELIVERIES_DROPPED, JOBS_DROPPED)))
WAITING: Final = select(func.count()).select_from(Delivery).where(Delivery.failed_at.is_(None))
_newest = select(func.max(Job.id)).where(Job.failed_at.is_not(None)).group_by(Job.kind)
JOBS: Final = (
    select(
        Job.kind,
        func.count(),
        func.min(Job.failed_at),
        func.max(case((Job.id.in_(_newest), Job.error))),
    )
    .where(Job.failed_at.is_not(None))
    .group_by(Job.kind)
    .order_by(Job.kind)
)


class HostBacklog(NamedTuple):
    """Deliveries to one server. `since` is when the oldest of them began to wait; `failing_since`, when the server
    last stopped to answer."""

    host: str
    waiting: int
    parked: int
    since: datetime
    error: str | None
    failing_since: datetime | None
    resting_until: datetime | None


class JobBacklog(NamedTuple):
    """Parked jobs of one kind."""

    kind: str
    parked: int
    since: datetime
    error: str | None


class Dropped(NamedTuple):
    deliveries: int
    jobs: int


class Backlog(NamedTuple):
    """`waiting` counts all deliveries on their way, also those to servers without any trouble."""

    hosts: list[HostBacklog]
    jobs: list[JobBacklog]
    waiting: int
    dropped: Dropped


def backlog(tx: Connection) -> Backlog:
    """Four statements, however much waits."""
    return Backlog(
        [HostBacklog(*row) for row in tx.execute(HOSTS)],
        [JobBacklog(*row) for row in tx.execute(JOBS)],
        tx.scalar(WAITING) or 0,
        dropped(tx),
    )


def dropped(tx: Connection) -> Dropped:
    """How many were ever thrown away undone."""
    found = {row.name: row.value for row in tx.execute(DROPPED)}
    return Dropped(found.get(DELIVERIES_DROPPED, 0), found.get(JOBS_DROPPED, 0))


def of_host(tx: Connection, *, host: str) -> HostBacklog | None:
    row = tx.execute(HOST, {"name": host}).one_or_none()
    return HostBacklog(*row) if row is not None else None


def of_kind(tx: Connection, *, kind: str) -> JobBacklog | None:
    return next((JobBacklog(*row) for row in tx.execute(JOBS) if row[0] == kind), None)
