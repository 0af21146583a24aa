"""What people keep to themselves about posts: bookmarks, and conversations they want to hear no more of."""

from typing import Final

from sqlalchemy import Connection, bindparam, delete, select

from fedishare.core.errors import NotFound
from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.bookmarks import Bookmark, Hush
from fedishare.db.posts import Post
from fedishare.queries import sight

KEEP: Final = insert(Bookmark).on_conflict_do_nothing(index_elements=["actor_id", "post_id"])
DROP: Final = delete(Bookmark).where(Bookmark.actor_id == bindparam("actor"), Bookmark.post_id == bindparam("post"))
HUSH: Final = insert(Hush).on_conflict_do_nothing(index_elements=["actor_id", "thread_id"])
HEAR: Final = delete(Hush).where(Hush.actor_id == bindparam("actor"), Hush.thread_id == bindparam("thread"))
THREAD: Final = select(Post.thread_id).where(Post.id == bindparam("post"), sight.visible())


def keep(tx: Connection, here: Here, *, actor_id: int, post_id: int) -> None:
    """Remember a post. Raises NotFound for what they may not see; twice is once."""
    _thread_of(tx, actor_id=actor_id, post_id=post_id)
    row = {"id": here.ids.new(), "actor_id": actor_id, "post_id": post_id, "created_at": here.now()}
    tx.execute(KEEP, row)


def drop(tx: Connection, *, actor_id: int, post_id: int) -> None:
    tx.execute(DROP, {"actor": actor_id, "post": post_id})


def hush(tx: Connection, here: Here, *, actor_id: int, post_id: int) -> None:
    """Tell somebody nothing more of the conversation that a post belongs to. Raises NotFound."""
    thread_id = _thread_of(tx, actor_id=actor_id, post_id=post_id)
    tx.execute(HUSH, {"actor_id": actor_id, "thread_id": thread_id, "created_at": here.now()})


def hear(tx: Connection, *, actor_id: int, post_id: int) -> None:
    tx.execute(HEAR, {"actor": actor_id, "thread": _thread_of(tx, actor_id=actor_id, post_id=post_id)})


def _thread_of(tx: Connection, *, actor_id: int, post_id: int) -> int:
    found: int | None = tx.scalar(THREAD, {"post": post_id, "viewer": actor_id})
    if found is None:
        raise NotFound("Record not found")
    return found
