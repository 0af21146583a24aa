"""Whom somebody may want to follow, from what this node knows; and whom of theirs others are followed by."""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Integer, bindparam, case, exists, func, literal_column, or_, select, union_all

from fedishare.db.base import BigId, aliased
from fedishare.db.follows import Block, Declined, Follow, Mute
from fedishare.db.handles import Affiliation
from fedishare.db.people import Actor
from fedishare.domain.kinds import FollowState, Kind
from fedishare.queries import sight

MOST_FAMILIAR: Final = 10
_SCHOOL, _ROOM, _FRIEND = range(3)


class Suggested(NamedTuple):
    """Somebody, and why: of the same school, in the same room, followed by those one follows."""

    actor_id: int
    is_colleague: bool
    shares_room: bool
    is_friend_of_friend: bool


_me: Final = bindparam("me", type_=BigId)
_mine: Final[Any] = aliased(Affiliation)
_own: Final[Any] = aliased(Follow)
_between: Final[Any] = aliased(Actor)
_theirs: Final[Any] = aliased(Follow)


def _why(rank: int) -> Any:
    return literal_column(str(rank), Integer).label("why")


# Whoever does not say to which school they belong is nobody's colleague here.
_colleagues = (
    select(Affiliation.actor_id.label("other"), _why(_SCHOOL))
    .join(_mine, _mine.school_id == Affiliation.school_id)
    .where(_mine.actor_id == _me, Affiliation.listed)
)
_accepted = (_own.follower_id == _me, _own.state == FollowState.ACCEPTED, _theirs.state == FollowState.ACCEPTED)
_in_rooms = (
    select(_theirs.follower_id, _why(_ROOM))
    .join(_own, _own.followee_id == _theirs.followee_id)
    .join(_between, _between.id == _own.followee_id)
    .where(*_accepted, _between.kind == Kind.GROUP)
)
# Those alone who want to be found: of those followed elsewhere this node knows but a part.
_friends = (
    select(_theirs.followee_id, _why(_FRIEND))
    .join(_own, _own.followee_id == _theirs.follower_id)
    .join(_between, _between.id == _theirs.followee_id)
    .where(*_accepted, _between.discoverable)
)
_found = union_all(_colleagues, _in_rooms, _friends).subquery()
_reasons = tuple(func.max(case((_found.c.why == rank, 1), else_=0)) for rank in (_SCHOOL, _ROOM, _FRIEND))
SUGGESTED: Final = (
    select(_found.c.other, *_reasons)
    .join(Actor, Actor.id == _found.c.other)
    .where(Actor.id != _me, Actor.kind == Kind.PERSON, Actor.moved_to.is_(None))
    .where(Actor.suspended_at.is_(None), Actor.deleted_at.is_(None))
    .where(~exists().where(Follow.follower_id == _me, Follow.followee_id == Actor.id))
    .where(~exists().where(Declined.actor_id == _me, Declined.other_id == Actor.id))
    .where(~exists().where(Mute.muter_id == _me, Mute.muted_id == Actor.id))
    .where(
        ~exists().where(
            or_(
                (Block.blocker_id == _me) & (Block.blocked_id == Actor.id),
                (Block.blocker_id == Actor.id) & (Block.blocked_id == _me),
            )
        )
    )
    .where(~sight.shuns(_me, Actor.id))
    .group_by(_found.c.other)
    .order_by(func.min(_found.c.why), func.count().desc(), _found.c.other)
    .limit(bindparam("limit"))
)
_rank = func.row_number().over(partition_by=_theirs.followee_id, order_by=_theirs.id.desc()).label("rank")
_familiar = (
    select(_theirs.followee_id.label("whose"), _theirs.follower_id.label("known"), _rank)
    .join(_own, _own.followee_id == _theirs.follower_id)
    .join(_between, _between.id == _theirs.follower_id)
    .where(*_accepted, _theirs.followee_id.in_(bindparam("others", expanding=True, type_=BigId)))
    .where(_between.kind == Kind.PERSON, _between.suspended_at.is_(None), _between.deleted_at.is_(None))
    .subquery()
)
FAMILIAR: Final = (
    select(_familiar.c.whose, _familiar.c.known)
    .where(_familiar.c.rank <= bindparam("most"))
    .order_by(_familiar.c.whose, _familiar.c.rank)
)


def suggested(tx: Connection, *, me: int, limit: int) -> list[Suggested]:
    """Colleagues first, then who shares rooms, then whom those follow whom one follows; most in common first."""
    rows = tx.execute(SUGGESTED, {"me": me, "limit": limit})
    return [Suggested(row[0], *map(bool, row[1:])) for row in rows]


def familiar(tx: Connection, *, me: int, others: Iterable[int]) -> dict[int, list[int]]:
    """Of those whom somebody follows, some who follow each of the others."""
    found: dict[int, list[int]] = {other: [] for other in others}
    if found:
        for row in tx.execute(FAMILIAR, {"me": me, "others": list(found), "most": MOST_FAMILIAR}):
            found[row.whose].append(row.known)
    return found
