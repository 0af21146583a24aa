"""Who of those that listen hears of something: whose home it is in, who may see it, who follows whom."""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, and_, bindparam, exists, or_, select

from fedishare.db.follows import Block, Follow, Mute
from fedishare.db.posts import Home, Post
from fedishare.domain.kinds import FollowState
from fedishare.queries import sight

_author_id: Final[Any] = select(Post.author_id).where(Post.id == Home.post_id).correlate(Home).scalar_subquery()
_unheard: Final = or_(
    exists().where(Block.blocker_id == Home.reader_id, Block.blocked_id == Home.booster_id),
    exists().where(Mute.muter_id == Home.reader_id, or_(Mute.muted_id == Home.booster_id, Mute.muted_id == _author_id)),
)
_readers: Final = Home.reader_id.in_(bindparam("readers", expanding=True))
LAID: Final = select(Home.reader_id, Home.entry_id, Home.post_id).where(
    _readers, Home.entry_id >= bindparam("lowest"), ~_unheard
)
HELD: Final = select(Home.reader_id, Home.entry_id, Home.post_id).where(
    _readers, Home.post_id.in_(bindparam("posts", expanding=True)), ~_unheard
)
SEEN: Final = select(Post.id).where(
    Post.id.in_(bindparam("posts", expanding=True)),
    sight.visible(),
    ~exists().where(and_(Mute.muter_id == sight.VIEWER, Mute.muted_id == Post.author_id)),
)
KNEW: Final = select(Post.id).where(Post.id.in_(bindparam("posts", expanding=True)), sight.allowed())
FOLLOWING: Final = select(Follow.follower_id, Follow.followee_id).where(
    Follow.follower_id.in_(bindparam("readers", expanding=True)),
    Follow.followee_id.in_(bindparam("actors", expanding=True)),
    Follow.state == FollowState.ACCEPTED,
)


class Line(NamedTuple):
    """A line of somebody's home."""

    reader_id: int
    entry_id: int
    post_id: int


def laid(tx: Connection, *, readers: Iterable[int], entries: Iterable[int]) -> list[Line]:
    """Which of these new posts and boosts came into whose home. Whom they muted nobody hears there."""
    wanted, who = set(entries), list(readers)
    if not wanted or not who:
        return []
    rows = tx.execute(LAID, {"readers": who, "lowest": min(wanted)})
    return [Line(*row) for row in rows if row.entry_id in wanted]


def held(tx: Connection, *, readers: Iterable[int], posts: Iterable[int]) -> list[Line]:
    """Which of these posts are in whose home."""
    wanted, who = list(posts), list(readers)
    if not wanted or not who:
        return []
    return [Line(*row) for row in tx.execute(HELD, {"readers": who, "posts": wanted})]


def seen(tx: Connection, *, viewer: int, posts: Iterable[int]) -> set[int]:
    """Which of these posts somebody may see and wants to."""
    return _of(tx, SEEN, viewer, posts)


def knew(tx: Connection, *, viewer: int, posts: Iterable[int]) -> set[int]:
    """Which of these posts somebody might have seen, deleted or not."""
    return _of(tx, KNEW, viewer, posts)


def _of(tx: Connection, statement: Any, viewer: int, posts: Iterable[int]) -> set[int]:
    wanted = list(posts)
    return set(tx.scalars(statement, {"viewer": viewer, "posts": wanted})) if wanted else set()


def following(tx: Connection, *, readers: Iterable[int], actors: Iterable[int]) -> set[tuple[int, int]]:
    """Who of `readers` follows whom of `actors`."""
    who, whom = list(readers), list(actors)
    if not who or not whom:
        return set()
    return {(row[0], row[1]) for row in tx.execute(FOLLOWING, {"readers": who, "actors": whom})}
