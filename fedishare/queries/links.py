"""Which rooms are linked with which: two rooms are, when each follows the other (FEP-d36d)."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, and_, bindparam, exists, or_, select

from fedishare.db.base import aliased
from fedishare.db.follows import Follow
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.rooms import Carried
from fedishare.domain.kinds import FollowState, Kind
from fedishare.queries.cards import Face, face, face_columns

MOST: Final = 100
_stands: Final = and_(Actor.kind == Kind.GROUP, Actor.deleted_at.is_(None), Actor.suspended_at.is_(None))
OURS_FOLLOWING: Final = (
    select(Follow.follower_id)
    .join(Actor, Actor.id == Follow.follower_id)
    .where(Follow.followee_id == bindparam("room"), Follow.state == FollowState.ACCEPTED)
    .where(Actor.local, _stands)
    .order_by(Follow.follower_id)
)
_out: Final[Any] = aliased(Follow)
_in: Final[Any] = aliased(Follow)
LINKS: Final = (
    select(_out.state, _in.state, *face_columns(Actor))
    .select_from(Actor)
    .outerjoin(_out, and_(_out.follower_id == bindparam("room"), _out.followee_id == Actor.id))
    .outerjoin(_in, and_(_in.followee_id == bindparam("room"), _in.follower_id == Actor.id))
    .where(
        Actor.id.in_(
            select(Follow.followee_id)
            .where(Follow.follower_id == bindparam("room"))
            .union(select(Follow.follower_id).where(Follow.followee_id == bindparam("room")))
        ),
        _stands,
    )
    .order_by(Actor.name, Actor.id)
    .limit(MOST)
)
IS_LINKED: Final = (
    select(Follow.id)
    .join(Actor, Actor.id == Follow.followee_id)
    .where(Follow.follower_id == bindparam("room"), Follow.state == FollowState.ACCEPTED, _stands)
    .limit(1)
)
HAS: Final = select(Post.id).where(
    Post.id == bindparam("post"),
    or_(
        Post.room_id == bindparam("room"),
        exists().where(Carried.post_id == Post.id, Carried.room_id == bindparam("room")),
    ),
)
# Somebody writes into the room that they are in, if the post has come into several.
ROOM_FOR: Final = (
    select(Actor.id)
    .join(Carried, Carried.room_id == Actor.id)
    .outerjoin(
        Follow,
        and_(
            Follow.followee_id == Actor.id,
            Follow.follower_id == bindparam("actor"),
            Follow.state == FollowState.ACCEPTED,
        ),
    )
    .where(Carried.post_id == bindparam("post"), Follow.id.is_not(None))
    .order_by(~Actor.local, Actor.id)
    .limit(1)
)


class LinkState(StrEnum):
    """How far two rooms are with each other."""

    ASKED = "asked"
    ASKS = "asks"
    LINKED = "linked"
    # Only one of the two passes on to the other.
    RECEIVES = "receives"
    PROVIDES = "provides"


class LinkLine(NamedTuple):
    face: Face
    state: LinkState


_STATES: Final = {
    (True, True): LinkState.LINKED,
    (True, False): LinkState.RECEIVES,
    (False, True): LinkState.PROVIDES,
}


def ours_following(tx: Connection, *, room_id: int) -> Sequence[int]:
    """The rooms of this node to which a room, here or elsewhere, passes on what it has."""
    return tx.scalars(OURS_FOLLOWING, {"room": room_id}).all()


def links(tx: Connection, *, room_id: int) -> list[LinkLine]:
    """All that a room is linked with, or about to be."""
    return [LinkLine(face(row[2:]), _state(row[0], row[1])) for row in tx.execute(LINKS, {"room": room_id})]


def _state(out: str | None, into: str | None) -> LinkState:
    both = (out == FollowState.ACCEPTED, into == FollowState.ACCEPTED)
    if both in _STATES:
        return _STATES[both]
    return LinkState.ASKED if out is not None else LinkState.ASKS


def is_linked(tx: Connection, *, room_id: int) -> bool:
    """Whether any other room passes on what it has to a room of ours."""
    return tx.scalar(IS_LINKED, {"room": room_id}) is not None


def has(tx: Connection, *, room_id: int, post_id: int) -> bool:
    """Whether a room has a post, as its own or by a link."""
    return tx.scalar(HAS, {"room": room_id, "post": post_id}) is not None


def room_for(tx: Connection, *, post_id: int, actor_id: int) -> int | None:
    """Another room that has a post, and that somebody is in."""
    return tx.scalar(ROOM_FOR, {"post": post_id, "actor": actor_id})
