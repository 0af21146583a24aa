"""Servers that somebody has nothing to do with, for themselves alone; and what that would end."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, func, or_, select

from fedishare.db.base import BigId
from fedishare.db.follows import Follow, HostBlock
from fedishare.db.people import Actor
from fedishare.domain.kinds import FollowState


class HostLine(NamedTuple):
    """A server of the list; `key` is what it is paged by."""

    key: int
    host: str


class Ties(NamedTuple):
    """How many there follow somebody, and how many of them somebody follows."""

    followers: int
    following: int


_me: Final = bindparam("me", type_=BigId)
_page = (
    select(HostBlock.id, HostBlock.host)
    .where(HostBlock.actor_id == _me)
    .where(HostBlock.id < bindparam("before", type_=BigId), HostBlock.id > bindparam("above", type_=BigId))
    .limit(bindparam("limit"))
)
PAGES: Final = (_page.order_by(HostBlock.id.desc()), _page.order_by(HostBlock.id))
_is_there = or_(Actor.host == bindparam("host"), Actor.domain == bindparam("host"))
_there = (_is_there, ~Actor.local)
FOLLOWERS: Final = (
    select(Follow.follower_id).join(Actor, Actor.id == Follow.follower_id).where(Follow.followee_id == _me, *_there)
)
FOLLOWING: Final = (
    select(Follow.followee_id).join(Actor, Actor.id == Follow.followee_id).where(Follow.follower_id == _me, *_there)
)
_accepted = Follow.state == FollowState.ACCEPTED
TIES: Final = select(
    select(func.count()).select_from(FOLLOWERS.where(_accepted).subquery()).scalar_subquery(),
    select(func.count()).select_from(FOLLOWING.where(_accepted).subquery()).scalar_subquery(),
)


def page(tx: Connection, *, me: int, before: int, above: int, limit: int, is_upward: bool) -> list[HostLine]:
    """The servers that somebody blocked, newest first."""
    values = {"me": me, "before": before, "above": above, "limit": limit}
    rows: Sequence[Any] = tx.execute(PAGES[is_upward], values).all()
    return [HostLine(*row) for row in (reversed(rows) if is_upward else rows)]


def ties(tx: Connection, *, me: int, host: str) -> Ties:
    """What blocking a server would end."""
    return Ties(*tx.execute(TIES, {"me": me, "host": host}).one())


def followers_there(tx: Connection, *, me: int, host: str) -> list[int]:
    return list(tx.scalars(FOLLOWERS, {"me": me, "host": host}))


def followed_there(tx: Connection, *, me: int, host: str) -> list[int]:
    return list(tx.scalars(FOLLOWING, {"me": me, "host": host}))
