"""Linking two rooms, so that what is in one is in the other (FEP-d36d): asking, agreeing, declining, leaving.

Two rooms are linked when each follows the other. A room that asked has agreed already, so the
other's follow back needs no word from anybody. Either ends both.
"""

from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, func, select

from fedishare.core.errors import Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.db.base import aliased
from fedishare.db.follows import Block, Follow
from fedishare.db.people import Actor
from fedishare.domain import membership
from fedishare.domain.kinds import Access, FollowState, Kind, NoticeKind
from fedishare.queries import known
from fedishare.services import follows, notices

MOST_LINKS: Final = 30
ASKS: Final = "It asks to be linked with your room {}. Open Linked rooms on the page of your room to answer."
LINKED: Final = "It is linked with your room {} now: what is new in one is in the other as well."
ENDED: Final = "It is not linked with your room {}, or no longer. What came from it so far stays."
ROOM: Final = select(
    Actor.id,
    Actor.kind,
    Actor.local,
    Actor.host,
    Actor.name,
    Actor.locked,
    Actor.discoverable,
    Actor.moved_to,
    Actor.suspended_at,
    Actor.deleted_at,
).where(Actor.id == bindparam("room"))
BETWEEN: Final = select(Follow.state).where(
    Follow.follower_id == bindparam("one"), Follow.followee_id == bindparam("other")
)
_other: Final[Any] = aliased(Actor)
HOW_MANY: Final = (
    select(func.count())
    .select_from(Follow)
    .join(_other, _other.id == Follow.followee_id)
    .where(Follow.follower_id == bindparam("room"), _other.kind == Kind.GROUP)
)
BLOCKED: Final = select(Block.id).where(
    (Block.blocker_id == bindparam("one")) & (Block.blocked_id == bindparam("other"))
    | (Block.blocker_id == bindparam("other")) & (Block.blocked_id == bindparam("one"))
)


def ask(tx: Connection, here: Here, *, room_id: int, other_id: int) -> bool:
    """Ask another room to be linked with ours; or agree at once, where it asked before. Answers whether they are now.

    Raises Invalid or Refused, with what to do, for a room that cannot be linked.
    """
    ours, other = _room(tx, room_id), _other_room(tx, other_id)
    if ours.id == other.id:
        raise Invalid("This is the room itself. Give the address of another one.")
    if _access(ours) is Access.PRIVATE or _access(other) is Access.PRIVATE:
        raise Refused(membership.ONLY_PUBLIC_LINKS)
    if _state(tx, ours.id, other.id) is FollowState.ACCEPTED and _state(tx, other.id, ours.id) is FollowState.ACCEPTED:
        raise Invalid("The two rooms are linked already.")
    if (tx.scalar(HOW_MANY, {"room": ours.id}) or 0) >= MOST_LINKS:
        raise Invalid(f"A room can be linked with {MOST_LINKS} others at most. Leave one of them first.")
    if tx.scalar(BLOCKED, {"one": ours.id, "other": other.id}) is not None:
        raise Refused("The other room does not want to be linked with this one.")
    if _state(tx, other.id, ours.id) is FollowState.REQUESTED:
        return agree(tx, here, room_id=ours.id, other_id=other.id)
    state = follows.request(tx, here, follower_id=ours.id, followee_id=other.id)
    if other.local:
        heard(tx, here, room_id=other.id, by_id=ours.id)
    return state is FollowState.ACCEPTED and _state(tx, other.id, ours.id) is FollowState.ACCEPTED


def heard(tx: Connection, here: Here, *, room_id: int, by_id: int) -> None:
    """Another room follows ours: those who look after ours are asked, or told that the two are linked now."""
    state = _state(tx, by_id, room_id)
    if state is FollowState.REQUESTED:
        _tell(tx, here, room_id=room_id, other_id=by_id, line=ASKS)
    elif state is FollowState.ACCEPTED:
        _tell_if_linked(tx, here, room_id=room_id, other_id=by_id)


def agree(tx: Connection, here: Here, *, room_id: int, other_id: int) -> bool:
    """Our room takes the other's offer: what is in one is in the other from now on. Raises NotFound without one."""
    if _state(tx, other_id, room_id) is None:
        raise NotFound("This room does not ask to be linked any more.")
    _other_room(tx, other_id)
    follows.accept(tx, here, follower_id=other_id, followee_id=room_id)
    follows.request(tx, here, follower_id=room_id, followee_id=other_id)
    is_linked = _state(tx, room_id, other_id) is FollowState.ACCEPTED
    if is_linked:
        _tell_if_linked(tx, here, room_id=other_id, other_id=room_id)
    return is_linked


def leave(tx: Connection, here: Here, *, room_id: int, other_id: int) -> bool:
    """Decline, take back what was asked, or end a link: both ways at once. What came by it stays."""
    went = _end(tx, here, one=room_id, other=other_id)
    other = tx.execute(ROOM, {"room": other_id}).one_or_none()
    if went and other is not None and other.local:
        _tell(tx, here, room_id=other_id, other_id=room_id, line=ENDED)
    return went


def answered(tx: Connection, here: Here, *, room_id: int, by_id: int) -> None:
    """The other room agreed to what ours asked."""
    _tell_if_linked(tx, here, room_id=room_id, other_id=by_id)


def ended(tx: Connection, here: Here, *, room_id: int, by_id: int) -> None:
    """The other room declined or left: our side ends too, and those who look after ours are told."""
    _end(tx, here, one=room_id, other=by_id)
    _tell(tx, here, room_id=room_id, other_id=by_id, line=ENDED)


def _end(tx: Connection, here: Here, *, one: int, other: int) -> bool:
    undone = follows.undo(tx, here, follower_id=one, followee_id=other)
    return follows.reject(tx, here, follower_id=other, followee_id=one) or undone


def _tell_if_linked(tx: Connection, here: Here, *, room_id: int, other_id: int) -> None:
    both = {_state(tx, room_id, other_id), _state(tx, other_id, room_id)}
    if both == {FollowState.ACCEPTED}:
        _tell(tx, here, room_id=room_id, other_id=other_id, line=LINKED)


def _tell(tx: Connection, here: Here, *, room_id: int, other_id: int, line: str) -> None:
    cause, said = f"{room_id} {other_id} {here.now().isoformat()}", line.format(_room(tx, room_id).name)
    notices.tell(tx, here, recipient_id=room_id, kind=NoticeKind.LINK, actor_id=other_id, cause=cause, line=said)


def _room(tx: Connection, room_id: int) -> Row[*tuple[Any, ...]]:
    row = tx.execute(ROOM, {"room": room_id}).one_or_none()
    if row is None or not row.local or row.kind is not Kind.GROUP:
        raise NotFound("There is no such room here.")
    return row


def _other_room(tx: Connection, room_id: int) -> Row[*tuple[Any, ...]]:
    row = tx.execute(ROOM, {"room": room_id}).one_or_none()
    if row is None or row.deleted_at is not None:
        raise NotFound("That room is gone.")
    if row.kind is not Kind.GROUP:
        raise Invalid("That is not a room, but a person or something else. Give the address of a room.")
    if not row.local and known.is_blocked(tx, hosts=[row.host]):
        raise Refused("This node has nothing to do with the server of that room, so the two cannot be linked.")
    if row.suspended_at is not None:
        raise Refused("That room is suspended on this node, so it cannot be linked.")
    if row.moved_to is not None:
        raise Invalid(f"That room has moved. Ask the new one: {row.moved_to}")
    return row


def _access(room: Row[*tuple[Any, ...]]) -> Access:
    return membership.access(locked=room.locked, discoverable=room.discoverable)


def _state(tx: Connection, one: int, other: int) -> FollowState | None:
    return tx.scalar(BETWEEN, {"one": one, "other": other})
