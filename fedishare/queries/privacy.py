"""Private rooms: which they are, said once; and who is in them, as far as this node has to know."""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, bindparam, select

from fedishare.db.follows import Follow
from fedishare.db.nodes import Node
from fedishare.db.people import Actor
from fedishare.db.rooms import Member
from fedishare.domain import membership
from fedishare.domain.kinds import Access, FollowState, Kind


def is_private_room(actor: Any = Actor) -> ColumnElement[bool]:
    """A condition on an actor: nobody but its members is to know of it (decision F9)."""
    return and_(actor.kind == Kind.GROUP, actor.locked, ~actor.discoverable)


ROOM: Final = select(Actor.locked, Actor.discoverable).where(Actor.id == bindparam("room"), Actor.kind == Kind.GROUP)
SERVER: Final = select(Node.software, Node.dialect_set).where(Node.host == bindparam("at"))
# By the collections that a post is for, so that it can be asked before any room has the post.
MEMBERS_AMONG: Final = (
    select(Follow.follower_id)
    .join(Actor, Actor.id == Follow.followee_id)
    .where(Actor.followers.in_(bindparam("uris", expanding=True)), Actor.kind == Kind.GROUP)
    .where(Follow.follower_id.in_(bindparam("ids", expanding=True)), Follow.state == FollowState.ACCEPTED)
)
MEMBER_ADDRESSES: Final = select(Actor.uri).where(
    Actor.uri.in_(bindparam("uris", expanding=True)),
    Actor.id.in_(
        select(Follow.follower_id).where(Follow.followee_id == bindparam("room"), Follow.state == FollowState.ACCEPTED)
    ),
)
LISTED: Final = select(Member.uri).where(
    Member.room_id == bindparam("room"), Member.uri.in_(bindparam("uris", expanding=True))
)


def access(tx: Connection, *, room_id: int) -> Access:
    """Who may join a room; private for what we do not know as a room."""
    row = tx.execute(ROOM, {"room": room_id}).one_or_none()
    return membership.access(locked=row.locked, discoverable=row.discoverable) if row is not None else Access.PRIVATE


def is_discreet(tx: Connection, *, host: str) -> bool | None:
    """Whether people of a server may be in private rooms; None while we do not know what it runs."""
    row = tx.execute(SERVER, {"at": host}).one_or_none()
    if row is None or (row.software is None and row.dialect_set is None):
        return None
    return membership.is_discreet(row.software, row.dialect_set)


def members_among(tx: Connection, *, followers: Collection[str], ids: Collection[int]) -> frozenset[int]:
    """Those of the actors who are in the room whose members a post is for, as far as this node knows."""
    if not followers or not ids:
        return frozenset()
    return frozenset(tx.scalars(MEMBERS_AMONG, {"uris": list(followers), "ids": list(ids)}))


def members_by_address(tx: Connection, *, room_id: int, uris: Collection[str]) -> frozenset[str]:
    """Those of the addresses who are in a room, here or elsewhere."""
    if not uris:
        return frozenset()
    values = {"room": room_id, "uris": list(uris)}
    return frozenset([*tx.scalars(MEMBER_ADDRESSES, values), *tx.scalars(LISTED, values)])
