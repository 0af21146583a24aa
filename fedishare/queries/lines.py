"""Timelines as apps page through them: posts with what they are to the viewer, from above or from below.

Every statement comes as a pair: newest first from below `before`, and for `min_id` oldest first from above `above`.
Both leave out what the viewer may not see, so a page is full as long as there is anything to fill it with.
"""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Any, Final, NamedTuple

from sqlalchemy import BindParameter, Connection, Select, and_, bindparam, distinct, exists, func, null, or_, select

from fedishare.core import ids
from fedishare.core.errors import NotFound
from fedishare.db.base import aliased
from fedishare.db.bookmarks import Bookmark
from fedishare.db.follows import Block, Mute
from fedishare.db.people import Actor
from fedishare.db.posts import Attachment, Home, Mention, Post, PostTag
from fedishare.db.quotes import Quote
from fedishare.db.reactions import Reaction
from fedishare.db.rooms import Pin
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import QuoteState, ReactionKind
from fedishare.queries import sight
from fedishare.queries.hidden import is_hidden
from fedishare.queries.statuses import TO_VIEWER, Seen

LONGEST_THREAD: Final = 2_000
_WIDTH: Final = 2  # of what stands before the columns of a Seen


class Span(NamedTuple):
    """Which part of a timeline: from below `before` down to `above`, or where it `is_upward`, the other way."""

    before: int
    above: int
    is_upward: bool
    limit: int


class Row(NamedTuple):
    """A line: the id that it is paged by, the boost that brought the post, if any, and the post."""

    key: int
    boost_id: int | None
    post: Seen


class Pair(NamedTuple):
    down: Select[*tuple[Any, ...]]
    up: Select[*tuple[Any, ...]]


def _pair(statement: Select[*tuple[Any, ...]], key: Any) -> Pair:
    """Two statements, each with the parameters `before`, `above` and `limit`."""
    within = statement.where(key < bindparam("before"), key > bindparam("above")).limit(bindparam("limit"))
    return Pair(within.order_by(key.desc()), within.order_by(key.asc()))


_none: Final = null()
_unmuted: Final = ~exists().where(Mute.muter_id == sight.VIEWER, Mute.muted_id == Post.author_id)
HOME: Final = _pair(
    select(Home.entry_id, Home.booster_id, *TO_VIEWER)
    .join(Post, Post.id == Home.post_id)
    .where(Home.reader_id == sight.VIEWER, sight.visible(), _unmuted)
    .where(
        or_(
            Home.booster_id.is_(None),
            and_(
                ~exists().where(Block.blocker_id == sight.VIEWER, Block.blocked_id == Home.booster_id),
                ~exists().where(Mute.muter_id == sight.VIEWER, Mute.muted_id == Home.booster_id),
            ),
        )
    ),
    Home.entry_id,
)
_posts: Final = select(Post.id, _none, *TO_VIEWER)
_public: Final = _posts.where(
    Post.visibility == Visibility.PUBLIC, Post.in_reply_to_uri.is_(None), sight.visible(), _unmuted
)
_with_media: Final = exists().where(Attachment.post_id == Post.id)


def _narrowed(statement: Select[*tuple[Any, ...]]) -> dict[tuple[bool | None, bool], Pair]:
    """By whether it is of this node (or anywhere), and whether only what has pictures is wanted."""
    found = {}
    for local in (None, False, True):
        where = [] if local is None else [Post.local.is_(local)]
        found[local, False] = _pair(statement.where(*where), Post.id)
        found[local, True] = _pair(statement.where(*where, _with_media), Post.id)
    return found


PUBLIC: Final = _narrowed(_public)
_name: Final[BindParameter[str]] = bindparam("any", expanding=True)
_tagged: Final = (
    _posts.where(Post.visibility == Visibility.PUBLIC, sight.visible(), _unmuted)
    .where(exists().where(PostTag.post_id == Post.id, PostTag.name.in_(_name)))
    .where(~exists().where(PostTag.post_id == Post.id, PostTag.name.in_(bindparam("none", expanding=True))))
    .where(
        select(func.count(distinct(PostTag.name)))
        .where(PostTag.post_id == Post.id, PostTag.name.in_(bindparam("all", expanding=True)))
        .correlate(Post)
        .scalar_subquery()
        == bindparam("how_many")
    )
)
TAGGED: Final = _narrowed(_tagged)
_members: Final[BindParameter[int]] = bindparam("members", expanding=True)
_answered: Final[Any] = aliased(Post)
OF_MEMBERS: Final = _pair(
    _posts.where(Post.author_id.in_(_members), sight.visible(), _unmuted).where(
        or_(
            Post.in_reply_to_uri.is_(None),
            exists().where(_answered.id == Post.in_reply_to_id, _answered.author_id.in_(_members)),
        )
    ),
    Post.id,
)
BOOSTS_OF_MEMBERS: Final = _pair(
    select(Reaction.id, Reaction.id, *TO_VIEWER)
    .join(Post, Post.id == Reaction.post_id)
    .where(Reaction.actor_id.in_(_members), Reaction.kind == ReactionKind.BOOST, sight.visible(), _unmuted),
    Reaction.id,
)
# What one account wrote: without answers to others, with pictures alone, with one hashtag; each of them or not.
_own: Final = _posts.where(Post.author_id == bindparam("actor"), sight.visible())
_unanswering: Final = or_(
    Post.in_reply_to_uri.is_(None),
    exists().where(_answered.id == Post.in_reply_to_id, _answered.author_id == Post.author_id),
)
_with_tag: Final = exists().where(PostTag.post_id == Post.id, PostTag.name == bindparam("named"))
OF_ONE: Final = {
    (alone, pictured, tagged): _pair(
        _own.where(
            *([_unanswering] if alone else []), *([_with_media] if pictured else []), *([_with_tag] if tagged else [])
        ),
        Post.id,
    )
    for alone in (False, True)
    for pictured in (False, True)
    for tagged in (False, True)
}
BOOSTS_OF_ONE: Final = _pair(
    select(Reaction.id, Reaction.id, *TO_VIEWER)
    .join(Post, Post.id == Reaction.post_id)
    .where(Reaction.actor_id == bindparam("actor"), Reaction.kind == ReactionKind.BOOST, sight.visible()),
    Reaction.id,
)
PINNED_BY: Final = _pair(
    _posts.join(Pin, Pin.post_id == Post.id).where(Pin.actor_id == bindparam("actor"), sight.visible()), Post.id
)
LINKING: Final = _pair(
    _posts.where(Post.visibility == Visibility.PUBLIC, sight.visible(), _unmuted).where(
        Post.content.like(bindparam("address"), escape="\\")
    ),
    Post.id,
)
FAVOURITES: Final = _pair(
    select(Reaction.id, _none, *TO_VIEWER)
    .join(Post, Post.id == Reaction.post_id)
    .where(Reaction.actor_id == sight.VIEWER, Reaction.kind == ReactionKind.LIKE, sight.visible()),
    Reaction.id,
)
BOOKMARKS: Final = _pair(
    select(Bookmark.id, _none, *TO_VIEWER)
    .join(Post, Post.id == Bookmark.post_id)
    .where(Bookmark.actor_id == sight.VIEWER, sight.visible()),
    Bookmark.id,
)
DIRECT: Final = _pair(
    _posts.where(Post.visibility == Visibility.MENTIONED, sight.visible(), _unmuted).where(
        or_(
            Post.author_id == sight.VIEWER,
            exists().where(Mention.post_id == Post.id, Mention.actor_id == sight.VIEWER),
        )
    ),
    Post.id,
)
QUOTES: Final = _pair(
    _posts.join(Quote, Quote.post_id == Post.id).where(
        Quote.quoted_uri == bindparam("named"), Quote.state == QuoteState.ACCEPTED, sight.visible()
    ),
    Post.id,
)
_seen_people: Final = (
    Actor.suspended_at.is_(None),
    Actor.deleted_at.is_(None),
    ~exists().where(Block.blocker_id == sight.VIEWER, Block.blocked_id == Actor.id),
    ~exists().where(Block.blocker_id == Actor.id, Block.blocked_id == sight.VIEWER),
)
REACTED: Final = _pair(
    select(Reaction.id, Reaction.actor_id)
    .join(Actor, Actor.id == Reaction.actor_id)
    .where(Reaction.post_id == bindparam("post"), Reaction.kind == bindparam("which"), *_seen_people),
    Reaction.id,
)
THREAD: Final = (
    select(Post.id, Post.in_reply_to_id, *TO_VIEWER)
    .where(Post.thread_id == bindparam("thread"), sight.visible())
    .where(or_(~is_hidden(), Post.author_id == sight.VIEWER, Post.id == bindparam("post")))
    .order_by(Post.published_at, Post.id)
    .limit(LONGEST_THREAD)
)
THREAD_ID: Final = select(Post.thread_id).where(Post.id == bindparam("post"), sight.visible())
ADDRESS: Final = select(Post.uri).where(Post.id == bindparam("post"), sight.visible())


def home(tx: Connection, *, reader: int, span: Span) -> list[Row]:
    """What somebody sees on opening an app: what they and those they follow wrote or boosted."""
    return _rows(tx, HOME, span, viewer=reader, is_boosted=True)


def public(
    tx: Connection, *, viewer: int | None, span: Span, local: bool | None = None, only_media: bool = False
) -> list[Row]:
    """Public beginnings of conversations: of this node, of others, or with None of all."""
    return _rows(tx, PUBLIC[local, only_media], span, viewer=viewer)


def tagged(
    tx: Connection,
    *,
    viewer: int | None,
    span: Span,
    any_of: Sequence[str],
    all_of: Sequence[str] = (),
    none_of: Sequence[str] = (),
    local: bool | None = None,
    only_media: bool = False,
) -> list[Row]:
    """Public posts with one of some hashtags, all of others and none of yet others, all in their folded form."""
    wanted = set(all_of)
    values: dict[str, Any] = {
        "any": list(any_of),
        "all": [*wanted, ""],
        "none": [*none_of, ""],
        "how_many": len(wanted),
    }
    return _rows(tx, TAGGED[local, only_media], span, viewer=viewer, **values)


def of_members(tx: Connection, *, viewer: int, span: Span, members: Sequence[int]) -> list[Row]:
    """What some people wrote, answers to one another among it, and boosted. Two statements."""
    if not members:
        return []
    values: dict[str, Any] = {"members": list(members)}
    found = _rows(tx, OF_MEMBERS, span, viewer=viewer, **values)
    found += _rows(tx, BOOSTS_OF_MEMBERS, span, viewer=viewer, **values)
    return _merged(found, span)


def of_one(
    tx: Connection,
    *,
    viewer: int | None,
    span: Span,
    actor_id: int,
    without_answers: bool = False,
    without_boosts: bool = False,
    only_media: bool = False,
    tag: str | None = None,
) -> list[Row]:
    """What somebody wrote and boosted, as far as the viewer may see it. Two statements, or one without boosts."""
    statement = OF_ONE[without_answers, only_media, tag is not None]
    values: dict[str, Any] = {"actor": actor_id, "named": tag}
    found = _rows(tx, statement, span, viewer=viewer, **values)
    if without_boosts or only_media or tag is not None:
        return found
    return _merged([*found, *_rows(tx, BOOSTS_OF_ONE, span, viewer=viewer, actor=actor_id)], span)


def pinned(tx: Connection, *, viewer: int | None, span: Span, actor_id: int) -> list[Row]:
    """What somebody shows first."""
    return _rows(tx, PINNED_BY, span, viewer=viewer, actor=actor_id)


def linking(tx: Connection, *, viewer: int | None, span: Span, address: str, since: datetime) -> list[Row]:
    """Public posts with a link to an address, of those we learnt of since then: there is no index of links."""
    escaped = escape(address).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    above = max(span.above, ids.milliseconds(since) << (ids.WORKER_BITS + ids.SEQUENCE_BITS))
    return _rows(tx, LINKING, span._replace(above=above), viewer=viewer, address=f'%href="{escaped}"%')


def favourites(tx: Connection, *, viewer: int, span: Span) -> list[Row]:
    """What somebody likes, by when they came to like it."""
    return _rows(tx, FAVOURITES, span, viewer=viewer)


def bookmarks(tx: Connection, *, viewer: int, span: Span) -> list[Row]:
    return _rows(tx, BOOKMARKS, span, viewer=viewer)


def direct(tx: Connection, *, viewer: int, span: Span) -> list[Row]:
    """What is for a few people alone, the viewer among them."""
    return _rows(tx, DIRECT, span, viewer=viewer)


def quotes(tx: Connection, *, viewer: int | None, span: Span, post_id: int) -> list[Row]:
    """Where a post is quoted with its author's leave. Raises NotFound where the viewer may not see the post."""
    named = tx.scalar(ADDRESS, {"post": post_id, "viewer": viewer or sight.NOBODY})
    if named is None:
        raise NotFound("Record not found")
    return _rows(tx, QUOTES, span, viewer=viewer, named=named)


def reacted(
    tx: Connection, *, viewer: int | None, span: Span, post_id: int, kind: ReactionKind
) -> list[tuple[int, int]]:
    """Who likes or boosted a post: what it is paged by, and who. Whether it may be seen is for the caller to ask."""
    values = {"viewer": viewer or sight.NOBODY, "post": post_id, "which": kind} | _within(span)
    rows = [(row[0], row[1]) for row in tx.execute(REACTED.up if span.is_upward else REACTED.down, values)]
    return rows[::-1] if span.is_upward else rows


class Knot(NamedTuple):
    """A post in its conversation."""

    answers: int | None
    post: Seen


def thread(tx: Connection, *, post_id: int, viewer: int | None) -> dict[int, Knot]:
    """The conversation of a post, as far as the viewer may see it, by when each was written. Two statements.

    Raises NotFound where they may not see the post.
    """
    me = viewer or sight.NOBODY
    thread_id = tx.scalar(THREAD_ID, {"post": post_id, "viewer": me})
    if thread_id is None:
        raise NotFound("Record not found")
    rows = tx.execute(THREAD, {"thread": thread_id, "post": post_id, "viewer": me})
    return {row[0]: Knot(row[1], Seen._make(row[_WIDTH:])) for row in rows}


def _rows(
    tx: Connection, pair: Pair, span: Span, *, viewer: int | None, is_boosted: bool = False, **values: Any
) -> list[Row]:
    """Newest first, whichever way they were counted. In a home timeline the second column says who boosted."""
    said = values | _within(span) | {"viewer": viewer or sight.NOBODY}
    rows: Sequence[Any] = tx.execute(pair.up if span.is_upward else pair.down, said).all()
    found = [Row(row[0], row[0] if is_boosted and row[1] else row[1], Seen._make(row[_WIDTH:])) for row in rows]
    return found[::-1] if span.is_upward else found


def _merged(rows: list[Row], span: Span) -> list[Row]:
    """Of two pages of one part the one that both make: the newest, or counted from below, the oldest of them."""
    rows.sort(key=lambda row: row.key, reverse=True)
    return rows[max(0, len(rows) - span.limit) :] if span.is_upward else rows[: span.limit]


def _within(span: Span) -> dict[str, int]:
    return {"before": span.before, "above": span.above, "limit": span.limit}
