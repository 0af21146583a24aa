"""Posts and hashtags that fit words, as apps look for them.

Of posts these are resources of the library, and what the reader has to do with: what they wrote, liked, boosted or
bookmarked, and where they are named. The rest of what is said on a node is nobody's to look through.
"""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, exists, func, or_, select, union_all

from fedishare.db.base import BigId
from fedishare.db.bookmarks import Bookmark
from fedishare.db.posts import Mention, Post, PostTag
from fedishare.db.reactions import Reaction
from fedishare.domain.audience import OPEN
from fedishare.queries import search, sight

MOST_WORDS: Final = 6
MOST_FOUND: Final = 200


class TagMatch(NamedTuple):
    name: str
    label: str
    posts: int


_mine = union_all(
    select(Post.id).where(Post.author_id == sight.VIEWER),
    select(Reaction.post_id).where(Reaction.actor_id == sight.VIEWER),
    select(Bookmark.post_id).where(Bookmark.actor_id == sight.VIEWER),
    select(Mention.post_id).where(Mention.actor_id == sight.VIEWER),
)
_text = func.lower(
    func.coalesce(Post.title, "")
    .concat(" ")
    .concat(func.coalesce(Post.warning, ""))
    .concat(" ")
    .concat(func.coalesce(Post.source, Post.content))
)


def _all_words() -> ColumnElement[bool]:
    return and_(*(_text.like(bindparam(f"word_{place}"), escape="\\") for place in range(MOST_WORDS)))


MINE: Final = (
    select(Post.id).where(Post.id.in_(_mine), sight.visible(), _all_words()).order_by(Post.id.desc()).limit(MOST_FOUND)
)
CHOSEN: Final = (
    select(Post.id)
    .where(Post.id.in_(bindparam("ids", expanding=True)))
    .where(or_(bindparam("author", type_=BigId) == 0, Post.author_id == bindparam("author", type_=BigId)))
    .where(Post.id < bindparam("before", type_=BigId), Post.id > bindparam("above", type_=BigId))
    .order_by(Post.id.desc())
    .limit(bindparam("limit", type_=BigId))
    .offset(bindparam("skip", type_=BigId))
)


def _tags(*, is_sqlite: bool) -> Select[*tuple[Any, ...]]:
    """SQLite's index knows only beginnings that are written as a range."""
    beginning: ColumnElement[bool] = PostTag.name.like(bindparam("beginning"), escape="\\")
    if is_sqlite:
        beginning = and_(PostTag.name >= bindparam("first"), PostTag.name < bindparam("last"), beginning)
    in_public = exists().where(Post.id == PostTag.post_id, Post.deleted_at.is_(None), Post.visibility.in_(OPEN))
    many = func.count()
    return (
        select(PostTag.name, func.min(PostTag.label), many)
        .where(beginning, in_public)
        .group_by(PostTag.name)
        .order_by(PostTag.name != bindparam("exact"), many.desc(), PostTag.name)
        .limit(bindparam("limit", type_=BigId))
        .offset(bindparam("skip", type_=BigId))
    )


TAGS: Final = {is_sqlite: _tags(is_sqlite=is_sqlite) for is_sqlite in (True, False)}


def posts(
    tx: Connection,
    words: str,
    *,
    viewer: int | None,
    limit: int,
    skip: int = 0,
    author_id: int = 0,
    before: int,
    above: int,
) -> list[int]:
    """The ids of posts with all of these words that `viewer` may see, the newest first. Three statements at most."""
    found = set(search.ids(tx, words, viewer=viewer, limit=MOST_FOUND)) | set(_mine_with(tx, words, viewer))
    if not found:
        return []
    values = {"ids": list(found), "author": author_id, "before": before, "above": above}
    return list(tx.scalars(CHOSEN, values | {"limit": limit, "skip": skip}))


def tags(tx: Connection, beginning: str, *, limit: int, skip: int = 0) -> list[TagMatch]:
    """The hashtags of public posts that begin so; `beginning` is folded. The very one comes first, then the common."""
    values = {"beginning": f"{_plain(beginning)}%", "exact": beginning, "limit": limit, "skip": skip}
    is_sqlite = tx.dialect.name == "sqlite"
    if is_sqlite:
        values |= {"first": beginning, "last": f"{beginning}\U0010ffff"}
    return [TagMatch(*row) for row in tx.execute(TAGS[is_sqlite], values)]


def _mine_with(tx: Connection, words: str, viewer: int | None) -> Iterable[int]:
    wanted = [f"%{_plain(word.lower())}%" for word in words.replace('"', " ").split()][:MOST_WORDS]
    if viewer is None or not wanted:
        return ()
    rest = MOST_WORDS - len(wanted)
    values = {f"word_{place}": word for place, word in enumerate([*wanted, *["%"] * rest])}
    return tx.scalars(MINE, {"viewer": viewer} | values).all()


def _plain(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
