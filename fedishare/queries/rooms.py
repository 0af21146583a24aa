"""Staffrooms as pages show them."""

from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from fedishare.db.follows import Follow
from fedishare.db.people import Actor
from fedishare.db.rooms import Room, Steward
from fedishare.domain.kinds import FollowState, Kind
from fedishare.queries.cards import Face, face, face_columns


class RoomLine(NamedTuple):
    face: Face
    summary: str
    members_count: int


class RoomFacts(NamedTuple):
    rules: str
    members_count: int
    stewards: tuple[Face, ...]


_members = (
    select(func.count())
    .select_from(Follow)
    .where(Follow.followee_id == Actor.id, Follow.state == FollowState.ACCEPTED)
    .correlate(Actor)
    .scalar_subquery()
)
_line = select(*face_columns(Actor), Actor.summary, _members).where(
    Actor.kind == Kind.GROUP, Actor.deleted_at.is_(None), Actor.suspended_at.is_(None)
)
MINE: Final = (
    _line.join(Follow, Follow.followee_id == Actor.id)
    .where(Follow.follower_id == bindparam("actor"), Follow.state == FollowState.ACCEPTED)
    .order_by(Actor.name)
)
PUBLIC: Final = _line.where(Actor.local, ~Actor.locked).order_by(Actor.name).limit(100)
FACTS: Final = (
    select(Room.rules, _members)
    .select_from(Actor)
    .outerjoin(Room, Room.actor_id == Actor.id)
    .where(Actor.id == bindparam("room"))
)
STEWARDS: Final = (
    select(*face_columns(Actor))
    .join(Steward, Steward.actor_id == Actor.id)
    .where(Steward.room_id == bindparam("room"))
    .order_by(Actor.id)
)


def mine(tx: Connection, *, actor_id: int) -> list[RoomLine]:
    """The rooms somebody is in, here and elsewhere, by name."""
    return [_room_line(row) for row in tx.execute(MINE, {"actor": actor_id})]


def public(tx: Connection) -> list[RoomLine]:
    """The rooms of this node that anybody may join."""
    return [_room_line(row) for row in tx.execute(PUBLIC)]


def facts(tx: Connection, *, room_id: int) -> RoomFacts:
    """What a room's page says beside its posts. A room elsewhere has the members we know of."""
    rules, members = tx.execute(FACTS, {"room": room_id}).one()
    stewards = tuple(face(row) for row in tx.execute(STEWARDS, {"room": room_id}))
    return RoomFacts(rules or "", members, stewards)


def _room_line(row: tuple[object, ...]) -> RoomLine:
    *columns, summary, members = row
    return RoomLine(face(columns), str(summary), int(str(members)))
