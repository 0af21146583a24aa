"""Rooms that move to another node: a new home is made ready for one, and all that was in the old one is in the new.

Both nodes have to say so: the new room names the old one from the beginning, and the owners of the
old one name the new one when they move it. Every node that has something of the room does the
rest by itself when it hears of the move, with its own copy.
"""

from typing import Any, Final

import msgspec
from sqlalchemy import BindParameter, Connection, bindparam, literal, select

from fedishare.core.errors import Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.db.base import BigId, insert
from fedishare.db.people import Actor
from fedishare.db.rooms import Expected, Member, Steward, Topic
from fedishare.domain import membership
from fedishare.domain.kinds import Access, Kind
from fedishare.net.keys import Keypair
from fedishare.queries import rooms as queried
from fedishare.services import moves, rooms, topics

_old: Final[BindParameter[int]] = bindparam("old", type_=BigId)
_new: Final[BindParameter[int]] = bindparam("new", type_=BigId)
OLD: Final = select(
    Actor.id,
    Actor.uri,
    Actor.kind,
    Actor.local,
    Actor.locked,
    Actor.discoverable,
    Actor.also_known_as,
    Actor.moved_to,
    Actor.suspended_at,
    Actor.deleted_at,
).where(Actor.id == bindparam("room"))
PREPARED: Final = select(Actor.id, Actor.also_known_as).where(Actor.local, Actor.kind == Kind.GROUP)
TOPICS: Final = select(Topic.label).where(Topic.room_id == bindparam("room")).order_by(Topic.position)
ADDRESS: Final = select(Actor.uri).where(Actor.id == bindparam("actor"))
EXPECT: Final = (
    insert(Expected)
    .from_select(
        ["room_id", "uri", "role"],
        select(_new, Member.uri, Member.role).where(Member.room_id == _old, Member.uri != bindparam("named")),
    )
    .on_conflict_do_nothing()
)
EXPECT_STEWARDS: Final = (
    insert(Expected)
    .from_select(
        ["room_id", "uri", "role"],
        select(_new, Actor.uri, literal("moderator"))
        .join(Steward, Steward.actor_id == Actor.id)
        .where(Steward.room_id == _old, Actor.uri != bindparam("named")),
    )
    .on_conflict_do_nothing()
)


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """How the room is called at its new home; its words can be put right at this occasion."""

    username: str
    name: str
    description: str
    rules: str


def prepare(tx: Connection, here: Here, *, old_id: int, by_id: int, wish: Wish, rsa: Keypair, ed25519: Keypair) -> int:
    """Make a new home for a room that lives elsewhere, and that one of us looks after there. Answers with its id.

    Nothing moves yet: an owner of the old room has to move it. Whoever is in the old room is expected,
    and is let in without being asked. Raises Refused or Invalid where it cannot be, with the reason.
    """
    old = tx.execute(OLD, {"room": old_id}).one_or_none()
    if old is None or old.kind is not Kind.GROUP or old.deleted_at is not None or old.suspended_at is not None:
        raise NotFound("There is no such room.")
    if old.local:
        raise Invalid("This room lives here already.")
    if old.moved_to is not None:
        raise Invalid(f"This room has moved already, to {old.moved_to}")
    uri = tx.scalar(ADDRESS, {"actor": by_id})
    if not queried.looks_after(tx, room_id=old_id, actor_id=by_id):
        raise Refused("Only those who look after a room can make a new home for it.")
    if _prepared(tx, old.uri) is not None:
        raise Invalid("There is a new home for this room here already. An owner of the room can move it now.")
    access = membership.access(locked=old.locked, discoverable=old.discoverable)
    new_id = rooms.open_room(
        tx,
        here,
        owner_id=by_id,
        username=wish.username,
        name=wish.name,
        description=wish.description,
        rules=wish.rules,
        rsa=rsa,
        ed25519=ed25519,
        access=access,
    )
    tx.execute(moves.KNOW_AS, {"actor": new_id, "names": [old.uri]})
    topics.store(tx, room_id=new_id, labels=list(tx.scalars(TOPICS, {"room": old_id})))
    pair = {"old": old_id, "new": new_id, "named": uri}
    tx.execute(EXPECT, pair)
    tx.execute(EXPECT_STEWARDS, pair)
    return new_id


def _prepared(tx: Connection, old_uri: str) -> int | None:
    return next((row.id for row in tx.execute(PREPARED) if old_uri in row.also_known_as), None)


def leave(tx: Connection, here: Here, *, room_id: int, target_id: int) -> int:
    """Move a room of ours to its new home. Answers how many people here go along; all others are asked by a Move.

    Raises Invalid or Refused, with what to do, where the new home does not name this room.
    """
    old, new = (tx.execute(OLD, {"room": each}).one_or_none() for each in (room_id, target_id))
    if old is None or not old.local or old.kind is not Kind.GROUP:
        raise NotFound("There is no such room here.")
    if old.moved_to is not None:
        raise Invalid(f"This room has moved already, to {old.moved_to}")
    if new is None or new.kind is not Kind.GROUP:
        raise Invalid("That is not a room, but a person or something else. Give the address of the new room.")
    if _is_private(old) is not _is_private(new):
        raise Invalid("A private room can only move to a private one, and a public room to a public one.")
    if old.uri not in new.also_known_as:
        raise Invalid(
            "That room does not name this one. On the other node, open the page of this room as somebody who looks "
            "after it, and make a new home for it there first."
        )
    return moves.leave(tx, here, actor_id=room_id, target_id=target_id)


def _is_private(row: Any) -> bool:
    return membership.access(locked=row.locked, discoverable=row.discoverable) is Access.PRIVATE
