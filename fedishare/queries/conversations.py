"""What we have of a conversation, for those who look for the rest of it."""

from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, select

from fedishare.db.posts import Post
from fedishare.domain.audience import OPEN

MOST_SEEDS: Final = 50
POSTS: Final = (
    select(Post.uri, Post.local, Post.visibility, Post.id, Post.in_reply_to_uri, Post.deleted_at)
    .where(Post.thread_id == bindparam("thread"))
    .order_by(Post.id != Post.thread_id, Post.published_at, Post.id)
    .limit(bindparam("most"))
)


class Outline(NamedTuple):
    """`root` is the first post if it lives elsewhere; `seeds` are where to begin walking from answer to answer."""

    root: str | None
    seeds: tuple[str, ...]
    uris: tuple[str, ...]


def outline(tx: Connection, *, thread_id: int, most: int) -> Outline | None:
    """The posts of a thread by address, or nothing if there is nothing to look at elsewhere."""
    rows = tx.execute(POSTS, {"thread": thread_id, "most": most}).all()
    open_ones = [row for row in rows if not row.local and row.deleted_at is None and row.visibility in OPEN]
    if not open_ones:
        return None
    first = open_ones[0]
    is_root = first.id == thread_id and first.in_reply_to_uri is None
    # From the root everything else is found; without it, from the branches that we know.
    seeds = (first.uri,) if is_root else tuple(row.uri for row in open_ones[:MOST_SEEDS])
    return Outline(first.uri if is_root else None, seeds, tuple(row.uri for row in rows))
