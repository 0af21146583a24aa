"""How one actor stands to many others, in a fixed number of statements; and the lists of those they stand to."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from sqlalchemy import Connection, Executable, Select, and_, bindparam, select

from fedishare.core.errors import NotFound
from fedishare.db.accounts import Account
from fedishare.db.base import BigId, aliased
from fedishare.db.follows import Block, Follow, Mute
from fedishare.db.people import Actor, Remark
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import FollowState
from fedishare.domain.permissions import Role
from fedishare.queries.privacy import is_private_room
from fedishare.queries.rows import columns

# A page counted from above, and one counted from below.
Pages: TypeAlias = tuple[Select[Any], Select[Any]]


class Standing(NamedTuple):
    """How one actor stands to another; each state is None where there is no follow."""

    following: FollowState | None = None
    followed_by: FollowState | None = None
    blocking: bool = False
    blocked_by: bool = False
    muting: bool = False
    remark: str = ""


class Habits(NamedTuple):
    """What an account says of itself for its apps, beside what everybody sees."""

    role: Role
    default_visibility: Visibility
    default_sensitive: bool
    default_language: str | None


class Line(NamedTuple):
    """A line of a list: what it pages by, and whom it is about."""

    key: int
    actor_id: int


_others: Final = bindparam("others", expanding=True, type_=BigId)
_me: Final = bindparam("me", type_=BigId)
OUT: Final = select(Follow.followee_id, Follow.state).where(Follow.follower_id == _me, Follow.followee_id.in_(_others))
IN: Final = select(Follow.follower_id, Follow.state).where(Follow.followee_id == _me, Follow.follower_id.in_(_others))
BLOCKING: Final = select(Block.blocked_id).where(Block.blocker_id == _me, Block.blocked_id.in_(_others))
BLOCKED_BY: Final = select(Block.blocker_id).where(Block.blocked_id == _me, Block.blocker_id.in_(_others))
MUTING: Final = select(Mute.muted_id).where(Mute.muter_id == _me, Mute.muted_id.in_(_others))
REMARKS: Final = select(Remark.about_id, Remark.text).where(Remark.by_id == _me, Remark.about_id.in_(_others))
HABITS: Final = select(*columns(Account, Habits._fields)).where(Account.actor_id == _me, Account.disabled_at.is_(None))
_other: Final[Any] = aliased(Actor)


def _listed(key: Any, whom: Any, *conditions: Any) -> Pages:
    """A page of a list counted from above, and one counted from below; whoever is gone is left out."""
    statement = (
        select(key, whom)
        .join(_other, _other.id == whom)
        .where(_other.suspended_at.is_(None), _other.deleted_at.is_(None), *conditions)
        .where(key < bindparam("before", type_=BigId), key > bindparam("above", type_=BigId))
        .limit(bindparam("limit"))
    )
    return statement.order_by(key.desc()), statement.order_by(key.asc())


_accepted: Final = Follow.state == FollowState.ACCEPTED
FOLLOWERS: Final = _listed(Follow.id, Follow.follower_id, Follow.followee_id == _me, _accepted)
FOLLOWING: Final = _listed(
    Follow.id, Follow.followee_id, Follow.follower_id == _me, _accepted, ~is_private_room(_other)
)
OWN_FOLLOWING: Final = _listed(Follow.id, Follow.followee_id, Follow.follower_id == _me, _accepted)
ASKING: Final = _listed(
    Follow.id, Follow.follower_id, and_(Follow.followee_id == _me, Follow.state == FollowState.REQUESTED)
)
BLOCKS: Final = _listed(Block.id, Block.blocked_id, Block.blocker_id == _me)
# A mute has no id of its own: whom it is about sorts it.
MUTES: Final = _listed(Mute.muted_id, Mute.muted_id, Mute.muter_id == _me)
ASKING_COUNT: Final = select(Follow.id).where(Follow.followee_id == _me, Follow.state == FollowState.REQUESTED)


def standings(tx: Connection, *, me: int, others: Iterable[int]) -> dict[int, Standing]:
    """How `me` stands to each of the others."""
    wanted = list(dict.fromkeys(others))
    if not wanted:
        return {}
    values = {"me": me, "others": wanted}
    out, back = dict(_pairs(tx, OUT, values)), dict(_pairs(tx, IN, values))
    blocking, blocked_by = set(tx.scalars(BLOCKING, values)), set(tx.scalars(BLOCKED_BY, values))
    muting, remarks = set(tx.scalars(MUTING, values)), dict(_pairs(tx, REMARKS, values))
    return {
        other: Standing(
            out.get(other),
            back.get(other),
            other in blocking,
            other in blocked_by,
            other in muting,
            remarks.get(other, ""),
        )
        for other in wanted
    }


def _pairs(tx: Connection, statement: Executable, values: dict[str, Any]) -> list[tuple[int, Any]]:
    return [(row[0], row[1]) for row in tx.execute(statement, values)]


def listed(
    tx: Connection, pages: Pages, *, me: int, before: int, above: int, limit: int,
    is_upward: bool,
) -> list[Line]:  # fmt: skip
    """A page of one of the lists above, newest first whichever way it was counted."""
    values = {"me": me, "before": before, "above": above, "limit": limit}
    rows: Sequence[Any] = tx.execute(pages[is_upward], values).all()
    return [Line(row[0], row[1]) for row in (reversed(rows) if is_upward else rows)]


def habits(tx: Connection, *, actor_id: int) -> Habits:
    """Raises NotFound for who has no account here."""
    row = tx.execute(HABITS, {"me": actor_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such account.")
    return Habits._make(row)


def asking_count(tx: Connection, *, actor_id: int) -> int:
    """How many ask to follow, and wait for an answer."""
    return len(tx.scalars(ASKING_COUNT, {"me": actor_id}).all())
