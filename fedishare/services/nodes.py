"""What we learn of other servers: what they run, how they speak, that they are there."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, and_, bindparam, or_, select, update

from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.nodes import Node
from fedishare.domain.kinds import Dialect
from fedishare.jobs import deliveries
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import LookUpNode

# A server may be asked again what it runs after so long.
STALE_AFTER: Final = timedelta(days=1)
# A server that talks all the time and takes nothing was not away: its words are no reason to knock at each of them.
BETWEEN_WORDS: Final = timedelta(minutes=5)
HEARD: Final = (
    update(Node)
    .where(Node.host == bindparam("at"))
    .where(
        or_(
            Node.last_heard_at.is_(None),
            Node.last_heard_at < bindparam("stale"),
            and_(Node.failures > 0, Node.last_heard_at < bindparam("lately")),
        )
    )
    .values(last_heard_at=bindparam("now"))
    .returning(Node.host)
)
MEET: Final = insert(Node).on_conflict_do_nothing(index_elements=["host"])
DESCRIBE: Final = (
    update(Node)
    .where(Node.host == bindparam("at"))
    .values(
        software=bindparam("name"),
        version=bindparam("release"),
        dialect=bindparam("speaks"),
        checked_at=bindparam("now"),
    )
)
KNOWN: Final = select(Node.host).where(Node.host == bindparam("at"), Node.checked_at > bindparam("since"))
OBSERVE: Final = (
    update(Node)
    .where(Node.host == bindparam("at"), or_(Node.dialect.is_(None), Node.dialect == Dialect.BOTH))
    .values(dialect=Dialect.THREADIVERSE)
)


def meet(tx: Connection, here: Here, *, host: str) -> None:
    """Have a server asked what it runs, unless it said so a short while ago."""
    if tx.scalar(KNOWN, {"at": host, "since": here.now() - STALE_AFTER}) is None:
        enqueue(tx, LookUpNode(host), due=here.now())


def hear(tx: Connection, *, host: str, now: datetime, stale: datetime) -> None:
    """A signed request came from there, so the server is up, whatever our last deliveries met (REL-06)."""
    if tx.execute(HEARD, {"at": host, "now": now, "stale": stale, "lately": now - BETWEEN_WORDS}).scalar() is not None:
        deliveries.recover(tx, host=host, now=now)


def describe(
    tx: Connection, *, host: str, software: str | None, version: str | None, dialect: Dialect, now: datetime
) -> None:
    """What a server said of itself."""
    tx.execute(MEET, {"host": host})
    tx.execute(DESCRIBE, {"at": host, "name": software, "release": version, "speaks": dialect, "now": now})


def observe_threadiverse(tx: Connection, *, host: str) -> None:
    """The host announced an activity, so it reads announced activities too (F10)."""
    tx.execute(OBSERVE, {"at": host})
