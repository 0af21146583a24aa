"""How one actor stands to many others, in a fixed number of statements; and the lists of those they stand to."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias

from sqlalchemy import Connection, Executable, Select, and_, bindparam, exists, literal_column, or_, select, union_all

from fedishare.core.errors import NotFound
from fedishare.db.accounts import Account
from fedishare.db.base import BigId, aliased
from fedishare.db.follows import Block, Endorsement, Follow, HostBlock, Mute
from fedishare.db.people import Actor, Remark
from fedishare.db.rooms import Watch
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import FollowState
from fedishare.domain.permissions import Role
from fedishare.queries.privacy import is_private_room
from fedishare.queries.rows import columns

# A page counted from above, and one counted from below.
Pages: TypeAlias = tuple[Select[Any], Select[Any]]


class Wish(NamedTuple):
    """A follow, and what the follower wants of it: boosts, a notice of each post, some languages or all."""

    state: FollowState
    boosts: bool
    notify: bool
    languages: tuple[str, ...] | None


class Muting(NamedTuple):
    """A mute: whether it holds for notices as well, and when it ends."""

    notices: bool
    ends_at: datetime | None


class Standing(NamedTuple):
    """How one actor stands to another; the follows and the mute are None where there is none."""

    follow: Wish | None = None
    followed_by: FollowState | None = None
    blocking: bool = False
    blocked_by: bool = False
    shunning: bool = False
    endorsing: bool = False
    mute: Muting | None = None
    remark: str = ""

    @property
    def following(self) -> FollowState | None:
        return self.follow.state if self.follow else None


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
_there: Final[Any] = aliased(Actor)
# A room has a watch of its own.
_watches: Final = exists().where(Watch.room_id == Follow.followee_id, Watch.actor_id == _me)
OUT: Final = select(
    Follow.followee_id, Follow.state, Follow.boosts, or_(Follow.notify, _watches).label("notify"), Follow.languages
).where(Follow.follower_id == _me, Follow.followee_id.in_(_others))
IN: Final = select(Follow.follower_id, Follow.state).where(Follow.followee_id == _me, Follow.follower_id.in_(_others))
# What is either so or not, in one statement: what it is, and of whom.
FLAGS: Final = union_all(
    select(literal_column("'blocking'").label("what"), Block.blocked_id).where(
        Block.blocker_id == _me, Block.blocked_id.in_(_others)
    ),
    select(literal_column("'blocked_by'"), Block.blocker_id).where(
        Block.blocked_id == _me, Block.blocker_id.in_(_others)
    ),
    select(literal_column("'shunning'"), _there.id)
    .join(HostBlock, or_(HostBlock.host == _there.host, HostBlock.host == _there.domain))
    .where(HostBlock.actor_id == _me, _there.id.in_(_others)),
    select(literal_column("'endorsing'"), Endorsement.endorsed_id).where(
        Endorsement.actor_id == _me,
        Endorsement.endorsed_id.in_(_others),
        exists().where(
            Follow.follower_id == _me,
            Follow.followee_id == Endorsement.endorsed_id,
            Follow.state == FollowState.ACCEPTED,
        ),
    ),
)
MUTING: Final = select(Mute.muted_id, Mute.notices, Mute.ends_at).where(
    Mute.muter_id == _me, Mute.muted_id.in_(_others)
)
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
ENDORSED: Final = _listed(
    Endorsement.id,
    Endorsement.endorsed_id,
    Endorsement.actor_id == _me,
    exists().where(
        Follow.follower_id == _me, Follow.followee_id == Endorsement.endorsed_id, Follow.state == FollowState.ACCEPTED
    ),
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
    out = {row[0]: _wish(row) for row in tx.execute(OUT, values)}
    back, remarks = dict(_pairs(tx, IN, values)), dict(_pairs(tx, REMARKS, values))
    flags = {(row[0], row[1]) for row in tx.execute(FLAGS, values)}
    muted = mutings(tx, me=me, others=wanted)
    return {
        other: Standing(
            out.get(other),
            back.get(other),
            blocking=("blocking", other) in flags,
            blocked_by=("blocked_by", other) in flags,
            shunning=("shunning", other) in flags,
            endorsing=("endorsing", other) in flags,
            mute=muted.get(other),
            remark=remarks.get(other, ""),
        )
        for other in wanted
    }


def mutings(tx: Connection, *, me: int, others: Iterable[int]) -> dict[int, Muting]:
    """How `me` muted those of the others whom they did."""
    rows = tx.execute(MUTING, {"me": me, "others": list(others)})
    return {row[0]: Muting(row[1], row[2]) for row in rows}


def _wish(row: Any) -> Wish:
    languages = tuple(row.languages.split()) if row.languages else None
    return Wish(row.state, bool(row.boosts), bool(row.notify), languages)


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
