"""Which rooms have a post: one that `post.room_id` names, and others beside it to which it came by a link."""

from typing import Final

from sqlalchemy import BindParameter, Connection, bindparam, delete, select, update

from fedishare.core.here import Here
from fedishare.db.base import BigId, insert
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.rooms import Carried

_post: Final[BindParameter[int]] = bindparam("post", type_=BigId)
_room: Final[BindParameter[int]] = bindparam("room", type_=BigId)
FILE: Final = (
    update(Post)
    .where(Post.id == _post, Post.room_id.is_(None))
    .values(room_id=_room, filed_id=bindparam("entry", type_=BigId))
    .returning(Post.id)
)
CARRY: Final = insert(Carried).on_conflict_do_nothing().returning(Carried.post_id)
OWN: Final = select(Post.room_id).where(Post.id == _post)
LEAVE: Final = update(Post).where(Post.id == _post, Post.room_id == _room).values(room_id=None).returning(Post.id)
RETURN: Final = update(Post).where(Post.id == _post, Post.room_id.is_(None)).values(room_id=_room).returning(Post.id)
UNCARRY: Final = delete(Carried).where(Carried.post_id == _post, Carried.room_id == _room)
# A room of this node before one elsewhere, for answers are written into it.
NEXT: Final = (
    select(Carried.room_id, Carried.entry_id)
    .join(Actor, Actor.id == Carried.room_id)
    .where(Carried.post_id == _post)
    .order_by(~Actor.local, Carried.entry_id)
    .limit(1)
)


def put(tx: Connection, here: Here, *, post_id: int, room_id: int, entry: int | None = None) -> bool:
    """A room has a post now, or since the `entry` of its past. Answers False where it had it already."""
    entry = entry or here.ids.new()
    if tx.execute(FILE, {"post": post_id, "room": room_id, "entry": entry}).scalar() is not None:
        return True
    if tx.scalar(OWN, {"post": post_id}) == room_id:
        return False
    row = {"room_id": room_id, "post_id": post_id, "entry_id": entry}
    return tx.execute(CARRY, row).scalar() is not None


def take_down(tx: Connection, *, post_id: int, room_id: int) -> None:
    """A room has it no more. If others have it, it belongs to the next of them."""
    tx.execute(UNCARRY, {"post": post_id, "room": room_id})
    if tx.execute(LEAVE, {"post": post_id, "room": room_id}).scalar() is None:
        return
    following = tx.execute(NEXT, {"post": post_id}).one_or_none()
    if following is not None:
        tx.execute(UNCARRY, {"post": post_id, "room": following.room_id})
        tx.execute(FILE, {"post": post_id, "room": following.room_id, "entry": following.entry_id})


def put_back(tx: Connection, here: Here, *, post_id: int, room_id: int) -> None:
    """It is in the room again. What was in no other meanwhile keeps its place in the order."""
    if tx.execute(RETURN, {"post": post_id, "room": room_id}).scalar() is None:
        put(tx, here, post_id=post_id, room_id=room_id)
