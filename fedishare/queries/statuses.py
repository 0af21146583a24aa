"""Posts as apps read them: what is the same for every viewer, and what is each viewer's own.

The first is read only when it is not kept already; the second with every page, in one statement that leaves out what
the viewer may not see.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import IntFlag
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import BindParameter, ColumnElement, Connection, and_, bindparam, case, exists, func, select

from fedishare.db.apps import App
from fedishare.db.base import aliased
from fedishare.db.bookmarks import Bookmark, Hush
from fedishare.db.follows import Follow
from fedishare.db.media import Media
from fedishare.db.people import Actor
from fedishare.db.polls import Poll, PollOption, Vote
from fedishare.db.posts import Attachment, Mention, Post, PostTag
from fedishare.db.quotes import Quote
from fedishare.db.reactions import Reaction
from fedishare.db.rooms import Pin
from fedishare.db.submissions import PostApp
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import (
    AttachmentKind,
    FollowState,
    QuotePolicy,
    QuoteState,
    ReactionKind,
)
from fedishare.queries import sight

R = TypeVar("R", bound=tuple[Any, ...])

# From these tables, and those of accounts, is made what is the same for everybody.
TABLES: Final = (
    "post",
    "attachment",
    "media",
    "mention",
    "post_tag",
    "poll",
    "poll_option",
    "quote",
    "resource",
    "resource_term",
    "resource_file",
    "preview",
    "post_app",
    "app",
)


class Fact(NamedTuple):
    """A post without what hangs on it. `parent_author_id` is whose post it answers, where we have that."""

    id: int
    author_id: int
    room_id: int | None
    uri: str
    url: str
    local: bool
    title: str | None
    warning: str | None
    content: str
    language: str | None
    sensitive: bool
    visibility: Visibility
    published_at: datetime
    edited_at: datetime | None
    in_reply_to_id: int | None
    replies_count: int
    likes_count: int
    boosts_count: int
    quote_policy: QuotePolicy | None
    parent_author_id: int | None
    quoted_uri: str | None
    quote_state: QuoteState | None
    quoted_id: int | None
    quoted_is_gone: bool
    quotes_count: int
    multiple: bool | None
    ends_at: datetime | None
    closed_at: datetime | None
    voters_count: int | None
    app_name: str | None
    app_website: str | None


class Medium(NamedTuple):
    """Something attached to a post. `media_id` and what follows is known of what was uploaded here."""

    id: int
    kind: AttachmentKind
    url: str
    media_type: str
    alt: str
    width: int | None
    height: int | None
    focal_x: float | None
    focal_y: float | None
    media_id: int | None
    blurhash: str | None
    thumb_key: str | None
    pass_key: str | None


class Named(NamedTuple):
    """Somebody a post is addressed to by name; `silent` where it does not say so."""

    id: int
    username: str
    domain: str
    local: bool
    url: str
    silent: bool

    @property
    def acct(self) -> str:
        return self.username if self.local else f"{self.username}@{self.domain}"


class Answer(NamedTuple):
    title: str
    votes: int


class Bit(IntFlag):
    """What a post is to its viewer. One number of all of it costs least to read."""

    FAVOURITED = 1
    REBLOGGED = 2
    BOOKMARKED = 4
    MUTED = 8
    PINNED = 16
    FOLLOWED = 32


class Seen(NamedTuple):
    """A post that the viewer may see, and what it is to them, as a sum of `Bit`s.

    Whether they follow its author is said only where that decides who may quote it.
    """

    id: int
    author_id: int
    bits: int


class Boost(NamedTuple):
    id: int
    uri: str
    actor_id: int
    post_id: int
    created_at: datetime


_parent: Final[Any] = aliased(Post)
_quoted: Final[Any] = aliased(Post)
_quoting: Final[Any] = aliased(Quote)
_PLAIN: Final = 19  # of the fields of a Fact, which are columns of the post
_quotes = (
    select(func.count())
    .select_from(_quoting)
    .where(_quoting.quoted_uri == Post.uri, _quoting.state == QuoteState.ACCEPTED)
    .correlate(Post)
    .scalar_subquery()
)
_ids: Final[BindParameter[int]] = bindparam("ids", expanding=True)
FACTS: Final = (
    select(
        *(getattr(Post, name) for name in Fact._fields[:_PLAIN]),
        _parent.author_id,
        Quote.quoted_uri,
        Quote.state,
        _quoted.id,
        case((_quoted.deleted_at.is_not(None), True), else_=False),
        _quotes,
        Poll.multiple,
        Poll.ends_at,
        Poll.closed_at,
        Poll.voters_count,
        App.name,
        App.website,
    )
    .outerjoin(_parent, _parent.id == Post.in_reply_to_id)
    .outerjoin(Quote, Quote.post_id == Post.id)
    .outerjoin(_quoted, _quoted.uri == Quote.quoted_uri)
    .outerjoin(Poll, Poll.post_id == Post.id)
    .outerjoin(PostApp, PostApp.post_id == Post.id)
    .outerjoin(App, App.id == PostApp.app_id)
    .where(Post.id.in_(_ids))
)
MEDIA: Final = (
    select(
        Attachment.post_id,
        *(getattr(Attachment, name) for name in Medium._fields[:9]),
        Media.id,
        Media.blurhash,
        Media.thumb_key,
        Media.pass_key,
    )
    .outerjoin(Media, Media.key == Attachment.media_key)
    .where(Attachment.post_id.in_(_ids))
    .order_by(Attachment.post_id, Attachment.position)
)
TAGS: Final = select(PostTag.post_id, PostTag.name, PostTag.label).where(PostTag.post_id.in_(_ids))
MENTIONS: Final = (
    select(Mention.post_id, Actor.id, Actor.username, Actor.domain, Actor.local, Actor.url, Mention.silent)
    .join(Actor, Actor.id == Mention.actor_id)
    .where(Mention.post_id.in_(_ids))
    .order_by(Mention.post_id, Actor.id)
)
ANSWERS: Final = (
    select(PollOption.post_id, PollOption.title, PollOption.votes)
    .where(PollOption.post_id.in_(_ids))
    .order_by(PollOption.post_id, PollOption.position)
)
ROOMS: Final = select(Actor.id, Actor.username, Actor.domain, Actor.local, Actor.url).where(Actor.id.in_(_ids))
VOTES: Final = (
    select(Vote.post_id, Vote.position)
    .where(Vote.post_id.in_(_ids), Vote.actor_id == sight.VIEWER)
    .order_by(Vote.post_id, Vote.position)
)
BOOSTS: Final = select(Reaction.id, Reaction.uri, Reaction.actor_id, Reaction.post_id, Reaction.created_at).where(
    Reaction.id.in_(_ids), Reaction.kind == ReactionKind.BOOST
)
OWN_BOOST: Final = select(Reaction.id).where(
    Reaction.actor_id == bindparam("actor"),
    Reaction.post_id == bindparam("post"),
    Reaction.kind == ReactionKind.BOOST,
)


# Under names of their own, so that they mean the same in a statement that looks at these tables too.
_reaction: Final[Any] = aliased(Reaction)
_bookmark: Final[Any] = aliased(Bookmark)
_hush: Final[Any] = aliased(Hush)
_pin: Final[Any] = aliased(Pin)
_follow: Final[Any] = aliased(Follow)


def _reacted(kind: ReactionKind) -> ColumnElement[bool]:
    return exists().where(_reaction.post_id == Post.id, _reaction.kind == kind, _reaction.actor_id == sight.VIEWER)


def _bit(bit: Bit, condition: ColumnElement[bool]) -> Any:
    return case((condition, bit.value), else_=0)


# What a page of posts is to its viewer, for a statement about `Post` with the parameter `viewer`.
TO_VIEWER: Final = (
    Post.id,
    Post.author_id,
    _bit(Bit.FAVOURITED, _reacted(ReactionKind.LIKE))
    + _bit(Bit.REBLOGGED, _reacted(ReactionKind.BOOST))
    + _bit(Bit.BOOKMARKED, exists().where(_bookmark.post_id == Post.id, _bookmark.actor_id == sight.VIEWER))
    + _bit(Bit.MUTED, exists().where(_hush.thread_id == Post.thread_id, _hush.actor_id == sight.VIEWER))
    + _bit(
        Bit.PINNED,
        and_(Post.author_id == sight.VIEWER, exists().where(_pin.post_id == Post.id, _pin.actor_id == sight.VIEWER)),
    )
    + _bit(
        Bit.FOLLOWED,
        and_(
            Post.quote_policy == QuotePolicy.FOLLOWERS,
            exists().where(
                _follow.follower_id == sight.VIEWER,
                _follow.followee_id == Post.author_id,
                _follow.state == FollowState.ACCEPTED,
            ),
        ),
    ),
)
SEEN: Final = select(*TO_VIEWER).where(Post.id.in_(_ids), sight.visible())


def seen(tx: Connection, ids: Iterable[int], *, viewer: int | None) -> dict[int, Seen]:
    """Those of these posts that `viewer` may see. One statement, or none."""
    wanted = list(ids)
    if not wanted:
        return {}
    return {row[0]: Seen(*row) for row in tx.execute(SEEN, {"ids": wanted, "viewer": viewer or sight.NOBODY})}


def boosts(tx: Connection, ids: Iterable[int]) -> dict[int, Boost]:
    """Those of these ids that are boosts."""
    wanted = list(ids)
    return {row[0]: Boost(*row) for row in tx.execute(BOOSTS, {"ids": wanted})} if wanted else {}


def boost_of(tx: Connection, *, post_id: int, actor_id: int) -> int | None:
    """The id of somebody's boost of a post."""
    return tx.scalar(OWN_BOOST, {"post": post_id, "actor": actor_id})


def facts(tx: Connection, ids: Sequence[int]) -> dict[int, Fact]:
    """These posts, whoever may see them: that is for the caller to ask."""
    return {row[0]: Fact._make(row) for row in tx.execute(FACTS, {"ids": list(ids)})}


def media(tx: Connection, ids: Sequence[int]) -> defaultdict[int, list[Medium]]:
    return _grouped(tx, MEDIA, ids, Medium)


def mentions(tx: Connection, ids: Sequence[int]) -> defaultdict[int, list[Named]]:
    return _grouped(tx, MENTIONS, ids, Named)


def tags(tx: Connection, ids: Sequence[int]) -> defaultdict[int, list[tuple[str, str]]]:
    """The hashtags of posts: folded, and as they were written."""
    found: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
    for post_id, name, label in tx.execute(TAGS, {"ids": list(ids)}):
        found[post_id].append((name, label))
    return found


def answers(tx: Connection, ids: Sequence[int]) -> defaultdict[int, list[Answer]]:
    """What there is to choose from in polls. One statement, or none."""
    return _grouped(tx, ANSWERS, ids, Answer) if ids else defaultdict(list)


def rooms(tx: Connection, ids: Iterable[int]) -> dict[int, Named]:
    """Rooms as somebody whom their posts name. One statement, or none."""
    wanted = list(dict.fromkeys(ids))
    rows = tx.execute(ROOMS, {"ids": wanted}) if wanted else ()
    return {row[0]: Named(*row, silent=False) for row in rows}


def votes(tx: Connection, ids: Sequence[int], *, viewer: int | None) -> defaultdict[int, list[int]]:
    """What the viewer chose in polls. One statement, or none."""
    found: defaultdict[int, list[int]] = defaultdict(list)
    if ids and viewer is not None:
        for post_id, position in tx.execute(VOTES, {"ids": list(ids), "viewer": viewer}):
            found[post_id].append(position)
    return found


def _grouped(tx: Connection, statement: Any, ids: Sequence[int], kind: type[R]) -> defaultdict[int, list[R]]:
    found: defaultdict[int, list[R]] = defaultdict(list)
    row: Sequence[Any]
    for post_id, *row in tx.execute(statement, {"ids": list(ids)}):
        found[post_id].append(kind(*row))
    return found
