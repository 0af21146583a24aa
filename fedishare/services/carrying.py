"""What goes from one linked room into another (FEP-d36d): each of our rooms takes it once, and passes it on once.

The other room's word that it has something is what brings it; whether it comes in is for our
room to say. What the moderators of the other one decide stays there.
"""

from typing import Final

from sqlalchemy import Connection, bindparam, delete, select

from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.posts import Post
from fedishare.db.rooms import Awaited, Room
from fedishare.domain.audience import OPEN
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import Distribute
from fedishare.queries import links, rulings
from fedishare.services import rooms, shelves

ENTRY: Final = (
    select(
        Post.id,
        Post.uri,
        Post.author_id,
        Post.thread_id,
        Post.in_reply_to_uri,
        Post.in_reply_to_id,
        Post.visibility,
        Post.deleted_at,
    )
    .where(Post.id == bindparam("post"))
    .with_for_update()
)
STEWARDS_ONLY: Final = select(Room.stewards_only_posting).where(Room.actor_id == bindparam("room"))
AWAIT: Final = insert(Awaited).on_conflict_do_nothing()
AWAITING: Final = (
    select(Awaited.post_id, Awaited.activity_uri)
    .join(Post, Post.id == Awaited.post_id)
    .where(Awaited.room_id == bindparam("room"), Post.in_reply_to_id == bindparam("parent"))
    .order_by(Awaited.post_id)
)
ARRIVED: Final = delete(Awaited).where(Awaited.room_id == bindparam("room"), Awaited.post_id == bindparam("post"))


def take(tx: Connection, here: Here, *, room_id: int, post_id: int, activity_uri: str, is_bare: bool = False) -> bool:
    """A room of ours takes what a room that it is linked with has. Answers False where it does not, or has it.

    `activity_uri` is what the room passes on: a row of `activity` or `received`; `is_bare` says that it is but the
    other room's word that it has the post. An answer waits for what it answers, for the two may come by different ways.
    """
    post = tx.execute(ENTRY, {"post": post_id}).one()
    is_answer = post.in_reply_to_uri is not None
    if post.deleted_at is not None or post.visibility not in OPEN:
        return False
    thread_id = post.thread_id if is_answer else 0
    if _is_unwelcome(tx, here, room_id=room_id, post_id=post_id, author_id=post.author_id, thread_id=thread_id):
        return False
    if is_answer and not _has_parent(tx, room_id=room_id, parent_id=post.in_reply_to_id):
        tx.execute(AWAIT, {"room_id": room_id, "post_id": post_id, "activity_uri": activity_uri})
        return False
    if not shelves.put(tx, here, post_id=post_id, room_id=room_id):
        if not is_bare:
            # What we looked up ourselves entered the room by its thread, and was not passed on. What was, is not again.
            enqueue(tx, Distribute(room_id, activity_uri, post_id), due=here.now())
        return False
    rooms.tell_members(tx, here, room_id=room_id, post=post)
    if not is_answer:
        rooms.show(tx, here, room_id=room_id, post_id=post_id)
    enqueue(tx, Distribute(room_id, activity_uri, post_id), due=here.now())
    for waiting in tx.execute(AWAITING, {"room": room_id, "parent": post_id}).all():
        tx.execute(ARRIVED, {"room": room_id, "post": waiting.post_id})
        take(tx, here, room_id=room_id, post_id=waiting.post_id, activity_uri=waiting.activity_uri)
    return True


def _is_unwelcome(tx: Connection, here: Here, *, room_id: int, post_id: int, author_id: int, thread_id: int) -> bool:
    """What our own moderators settled holds for what comes by a link too; who may write there is the other's affair."""
    if rulings.is_removed(tx, post_id=post_id, room_id=room_id):
        return True
    standing = rulings.standing(tx, room_id=room_id, actor_id=author_id, thread_id=thread_id, now=here.now())
    if standing.is_banned or standing.is_locked:
        return True
    if thread_id or not tx.scalar(STEWARDS_ONLY, {"room": room_id}):
        return False
    return rulings.role(tx, room_id=room_id, actor_id=author_id) is None


def _has_parent(tx: Connection, *, room_id: int, parent_id: int | None) -> bool:
    return parent_id is not None and links.has(tx, room_id=room_id, post_id=parent_id)


def follow_up(tx: Connection, here: Here, *, room_id: int, post_id: int, activity_uri: str) -> bool:
    """Something happened to a post elsewhere that our room has by a link: the room's members are told too."""
    if not links.has(tx, room_id=room_id, post_id=post_id):
        return False
    enqueue(tx, Distribute(room_id, activity_uri, post_id), due=here.now())
    return True
