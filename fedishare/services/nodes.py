"""What we learn of other servers: what they run, how they speak, that they are there."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Connection, and_, bindparam, delete, or_, select, update

from fedishare.core import hosts
from fedishare.core.errors import Invalid, Refused
from fedishare.core.here import Here
from fedishare.db.base import UtcDateTime, insert
from fedishare.db.follows import Follow
from fedishare.db.nodes import BlockedDomain, Node
from fedishare.db.people import Actor
from fedishare.db.work import Delivery
from fedishare.domain import dialects
from fedishare.domain.kinds import Dialect
from fedishare.jobs import deliveries
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import LookUpNode
from fedishare.queries.nodes import is_at, patterns

# A server may be asked again what it runs after so long.
STALE_AFTER: Final = timedelta(days=1)
LONGEST_REASON: Final = 500
# A server that talks all the time and takes nothing was not away: its words are no reason to knock at each of them.
BETWEEN_WORDS: Final = timedelta(minutes=15)
_is_news: Final = or_(
    Node.last_heard_at.is_(None),
    Node.last_heard_at < bindparam("stale"),
    and_(Node.failures > 0, Node.last_heard_at < bindparam("lately")),
)
# Asked before it is written, as it is hardly ever news, and a write costs twice as much.
IS_NEWS: Final = select(Node.host).where(Node.host == bindparam("at"), _is_news)
HEARD: Final = (
    update(Node)
    .where(Node.host == bindparam("at"), _is_news)
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
        called=bindparam("known_as"),
        checked_at=bindparam("now"),
    )
)
KNOWN: Final = select(Node.host).where(Node.host == bindparam("at"), Node.checked_at > bindparam("since"))
_there: Final = select(Actor.id).where(~Actor.local, is_at(Actor.host))
BLOCK: Final = insert(BlockedDomain).on_conflict_do_nothing().returning(BlockedDomain.domain)
UNBLOCK: Final = (
    delete(BlockedDomain).where(BlockedDomain.domain == bindparam("named")).returning(BlockedDomain.created_at)
)
REWORD: Final = update(BlockedDomain).where(BlockedDomain.domain == bindparam("named")).values(reason=bindparam("said"))
END_FOLLOWS: Final = delete(Follow).where(or_(Follow.follower_id.in_(_there), Follow.followee_id.in_(_there)))
HIDE: Final = (
    update(Actor)
    .where(~Actor.local, Actor.suspended_at.is_(None), is_at(Actor.host))
    .values(suspended_at=bindparam("at", type_=UtcDateTime))
)
# Only those whom this very block had hidden, and whose handle is nobody else's by now.
SHOW: Final = (
    update(Actor)
    .where(~Actor.local, Actor.handle_key.is_not(None), is_at(Actor.host))
    .where(Actor.suspended_at == bindparam("at", type_=UtcDateTime))
    .values(suspended_at=None)
)
DROP_DELIVERIES: Final = delete(Delivery).where(is_at(Delivery.host))
OBSERVE: Final = (
    update(Node)
    .where(Node.host == bindparam("at"), or_(Node.dialect.is_(None), Node.dialect == Dialect.BOTH))
    .values(dialect=Dialect.THREADIVERSE)
)

SET_DIALECT: Final = update(Node).where(Node.host == bindparam("at")).values(dialect_set=bindparam("chosen"))
SPOKEN_TO: Final = select(Node.software, Node.dialect, Node.dialect_set).where(Node.host == bindparam("at"))


class Blocked(NamedTuple):
    """What blocking a domain did: how many follows ended, and how many people are not shown any more."""

    domain: str
    follows: int
    people: int


def meet(tx: Connection, here: Here, *, host: str) -> None:
    """Have a server asked what it runs, unless it said so a short while ago."""
    if tx.scalar(KNOWN, {"at": host, "since": here.now() - STALE_AFTER}) is None:
        enqueue(tx, LookUpNode(host), due=here.now())


def hear(tx: Connection, *, host: str, now: datetime, stale: datetime) -> None:
    """A signed request came from there, so the server is up, whatever our last deliveries met (REL-06)."""
    since = {"at": host, "stale": stale, "lately": now - BETWEEN_WORDS}
    if tx.scalar(IS_NEWS, since) is not None and tx.scalar(HEARD, since | {"now": now}) is not None:
        deliveries.recover(tx, host=host, now=now)


def describe(
    tx: Connection,
    *,
    host: str,
    software: str | None,
    version: str | None,
    dialect: Dialect,
    now: datetime,
    called: str | None = None,
) -> None:
    """What a server said of itself; `called` is its name for people."""
    tx.execute(MEET, {"host": host})
    said = {"name": software, "release": version, "speaks": dialect, "known_as": called, "now": now}
    tx.execute(DESCRIBE, {"at": host, **said})


def block(tx: Connection, here: Here, *, domain: str, reason: str) -> Blocked:
    """Have nothing to do with a domain and everything below it any more.

    Follows with people there end for good; what they wrote is kept, but not shown; what waits to
    be sent there is thrown away. Raises Invalid for what is no domain, and Refused for our own.
    """
    name = domain_of(domain)
    own = here.uris.authority.partition(":")[0]
    if own == name or own.endswith(f".{name}"):
        raise Refused("This node cannot block itself.")
    at = here.now()
    if (
        tx.execute(BLOCK, {"domain": name, "reason": reason.strip()[:LONGEST_REASON], "created_at": at}).scalar()
        is None
    ):
        raise Invalid(f"{name} is blocked already.")
    there = patterns(name)
    ended = tx.execute(END_FOLLOWS, there).rowcount
    hidden = tx.execute(HIDE, there | {"at": at}).rowcount
    tx.execute(DROP_DELIVERIES, there)
    return Blocked(name, follows=ended, people=hidden)


def unblock(tx: Connection, *, domain: str) -> bool:
    """Deal with a domain again: its people are shown as before. Follows have to be asked for anew."""
    name = domain_of(domain)
    at = tx.execute(UNBLOCK, {"named": name}).scalar()
    if at is None:
        return False
    tx.execute(SHOW, patterns(name) | {"at": at})
    return True


def reword(tx: Connection, *, domain: str, reason: str) -> None:
    """Say otherwise why a domain is blocked."""
    tx.execute(REWORD, {"named": domain, "said": reason.strip()[:LONGEST_REASON]})


def domain_of(text: str) -> str:
    """The canonical name in what somebody typed or pasted: a domain, a handle, or an address."""
    bare = text.strip().rpartition("@")[2].removeprefix("https://").removeprefix("http://").partition("/")[0]
    try:
        name = hosts.canonical_host(bare.partition(":")[0].removeprefix("*."))
    except Invalid:
        name = ""
    if "." not in name and not hosts.is_local_name(name):
        raise Invalid("A server has a name such as school.example.")
    return name


def observe_threadiverse(tx: Connection, *, host: str) -> None:
    """The host announced an activity, so it reads announced activities too (F10)."""
    tx.execute(OBSERVE, {"at": host})


def set_dialect(tx: Connection, *, host: str, dialect: Dialect | None) -> Dialect:
    """An admin's word on how a server reads what rooms announce, which beats all else; None takes it back.

    Answers how it is spoken to now.
    """
    tx.execute(MEET, {"host": host})
    tx.execute(SET_DIALECT, {"at": host, "chosen": dialect})
    row = tx.execute(SPOKEN_TO, {"at": host}).one()
    return row.dialect_set or row.dialect or dialects.usual(row.software)
