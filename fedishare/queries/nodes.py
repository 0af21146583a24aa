"""Other servers as moderators see them."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, func, or_, select

from fedishare.db.base import aliased
from fedishare.db.follows import Follow
from fedishare.db.nodes import BlockedDomain, Node
from fedishare.db.people import Actor


class BlockedLine(NamedTuple):
    domain: str
    reason: str
    created_at: datetime


class Ties(NamedTuple):
    """What hangs on a domain: people we know there, whom of them ours follow, and who of them follows ours."""

    people: int
    followed: int
    followers: int


def is_at(host: Any) -> ColumnElement[bool]:
    """Whether `host`, a column, lies at or below the domain of `patterns`, with or without a port."""
    names = ("ported", "below", "below_ported")
    return or_(host == bindparam("bare"), *(host.like(bindparam(name), escape="\\") for name in names))


def patterns(domain: str) -> dict[str, str]:
    """The parameters of `is_at` for one canonical domain."""
    plain = domain.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return {"bare": domain, "ported": f"{plain}:%", "below": f"%.{plain}", "below_ported": f"%.{plain}:%"}


BLOCKED: Final = select(BlockedDomain.domain, BlockedDomain.reason, BlockedDomain.created_at).order_by(
    BlockedDomain.domain
)
SOFTWARE: Final = select(Node.software).where(Node.host == bindparam("at"))
_there: Final[Any] = aliased(Actor)
PEOPLE: Final = select(func.count()).select_from(_there).where(~_there.local, is_at(_there.host))
_ties = select(func.count()).select_from(Follow).where(~_there.local, is_at(_there.host))
FOLLOWED: Final = _ties.join(_there, _there.id == Follow.followee_id)
FOLLOWERS: Final = _ties.join(_there, _there.id == Follow.follower_id)


SOFTWARE_OF: Final = (
    select(Node.software).join(Actor, Actor.host == Node.host).where(Actor.id == bindparam("actor"), ~Actor.local)
)


def software_of(tx: Connection, *, actor_id: int) -> str | None:
    """What the server of somebody elsewhere runs, if it has said so."""
    found: str | None = tx.scalar(SOFTWARE_OF, {"actor": actor_id})
    return found


KNOWN: Final = select(func.count()).select_from(Node)


def known(tx: Connection) -> int:
    """How many other servers this node has met."""
    return tx.scalar(KNOWN) or 0


def blocked(tx: Connection) -> list[BlockedLine]:
    """The domains this node has nothing to do with, by name."""
    return [BlockedLine(*row) for row in tx.execute(BLOCKED)]


def ties(tx: Connection, *, domain: str) -> Ties:
    """What would end if this canonical domain were blocked."""
    named = patterns(domain)
    people, followed, followers = (tx.scalar(query, named) or 0 for query in (PEOPLE, FOLLOWED, FOLLOWERS))
    return Ties(people, followed, followers)


def software_at(tx: Connection, *, host: str) -> str | None:
    """What a server runs, as far as we know."""
    return tx.scalar(SOFTWARE, {"at": host})
