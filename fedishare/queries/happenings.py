"""What happened since somebody last listened: the newest rows of the tables where it shows, whoever put them there.

Transactions end in another order than they begin, and on SQLite a number may come twice. So nobody asks for what lies
above a number: the newest rows are read, and those that were not there before are what is new.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, bindparam, exists, or_, select

from fedishare.db.base import aliased
from fedishare.db.happenings import Happening
from fedishare.db.notices import Notice
from fedishare.db.people import Actor
from fedishare.db.posts import Attachment, Post, PostTag
from fedishare.db.reactions import Reaction
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import AttachmentKind, HappeningKind, ReactionKind

# So many rows are read at a time, and so many where all of those are new.
TAIL: Final = 128
LONGEST_TAIL: Final = 4_096


def _tail(*columns: Any) -> Select[*tuple[Any, ...]]:
    return select(*columns).order_by(columns[0].desc()).limit(bindparam("limit"))


class NoticeKey(NamedTuple):
    """A notice that is taken back leaves its number to the next one, so the time goes before it."""

    created_at: datetime
    id: int


class Tails(NamedTuple):
    """The newest rows of each table."""

    posts: frozenset[int] = frozenset()
    reactions: frozenset[int] = frozenset()
    happenings: frozenset[int] = frozenset()
    notices: frozenset[NoticeKey] = frozenset()

    def beyond(self, former: "Tails") -> "Tails":
        """What is here and was not there."""
        return Tails(*(_beyond(now, was) for now, was in zip(self, former, strict=True)))


def _beyond(now: frozenset[Any], was: frozenset[Any]) -> frozenset[Any]:
    """What is new. Where rows went, older ones take their places at the end of a long tail, and are none."""
    floor = min(was) if len(was) >= TAIL else None
    return frozenset(key for key in now - was if floor is None or key > floor)


POSTS: Final = _tail(Post.id)
REACTIONS: Final = _tail(Reaction.id)
HAPPENINGS: Final = _tail(Happening.id)
NOTICES: Final = _tail(Notice.id, Notice.created_at)

_parent: Final[Any] = aliased(Post)
_shows_something: Final = exists().where(
    Attachment.post_id == Post.id,
    or_(*(Attachment.kind == each for each in (AttachmentKind.IMAGE, AttachmentKind.VIDEO, AttachmentKind.AUDIO))),
)
_author: Final[Any] = aliased(Actor)
ABOUT_POSTS: Final = (
    select(
        Post.id,
        Post.author_id,
        Post.local,
        Post.visibility,
        Post.in_reply_to_uri,
        _parent.author_id.label("answered_id"),
        _shows_something.label("shows_something"),
        Post.deleted_at,
    )
    .outerjoin(_parent, _parent.id == Post.in_reply_to_id)
    .where(Post.id.in_(bindparam("posts", expanding=True)))
)
TAGS: Final = select(PostTag.post_id, PostTag.name).where(PostTag.post_id.in_(bindparam("posts", expanding=True)))
ABOUT_BOOSTS: Final = select(Reaction.id, Reaction.actor_id, Reaction.post_id).where(
    Reaction.id.in_(bindparam("boosts", expanding=True)), Reaction.kind == ReactionKind.BOOST
)
ABOUT_HAPPENINGS: Final = (
    select(Happening.kind, Happening.subject_id, Happening.actor_id)
    .where(Happening.id.in_(bindparam("happenings", expanding=True)))
    .order_by(Happening.id)
)
ABOUT_NOTICES: Final = (
    select(Notice.id, Notice.recipient_id)
    .where(Notice.id.in_(bindparam("notices", expanding=True)))
    .order_by(Notice.id)
)


class NewPost(NamedTuple):
    """A post, as far as it decides where it is heard of."""

    id: int
    author_id: int
    local: bool
    visibility: Visibility
    is_answer: bool
    shows_something: bool
    is_deleted: bool
    tags: frozenset[str]


class Boost(NamedTuple):
    id: int
    actor_id: int
    post_id: int


class Happened(NamedTuple):
    kind: HappeningKind
    subject_id: int
    actor_id: int


class Told(NamedTuple):
    """A notice, and whose it is."""

    id: int
    recipient_id: int


class News(NamedTuple):
    """What happened: `posts` holds the new ones, `others` those that something happened to."""

    posts: tuple[NewPost, ...] = ()
    boosts: tuple[Boost, ...] = ()
    happened: tuple[Happened, ...] = ()
    told: tuple[Told, ...] = ()
    others: tuple[NewPost, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.posts or self.boosts or self.happened or self.told)


def tails(tx: Connection, *, former: Tails | None) -> Tails:
    """The newest rows of now; further back where none of them was there before."""
    was = former or Tails()
    return Tails(
        frozenset(_read(tx, POSTS, was.posts, lambda row: int(row[0]))),
        frozenset(_read(tx, REACTIONS, was.reactions, lambda row: int(row[0]))),
        frozenset(_read(tx, HAPPENINGS, was.happenings, lambda row: int(row[0]))),
        frozenset(_read(tx, NOTICES, was.notices, lambda row: NoticeKey(row[1], row[0]))),
    )


def _read(tx: Connection, statement: Select[*tuple[Any, ...]], former: frozenset[Any], key: Any) -> set[Any]:
    found = {key(row) for row in tx.execute(statement, {"limit": TAIL})}
    if former and len(found) == TAIL and not found & former:
        return {key(row) for row in tx.execute(statement, {"limit": LONGEST_TAIL})}
    return found


def news(tx: Connection, new: Tails) -> News:
    """What is to be known of these rows, and of what they are about."""
    happened = tuple(
        Happened(HappeningKind(row.kind), row.subject_id, row.actor_id)
        for row in _each(tx, ABOUT_HAPPENINGS, "happenings", new.happenings)
    )
    touched = {row.subject_id for row in happened if row.kind in {HappeningKind.EDIT, HappeningKind.DELETE}}
    # What came and was changed at once is new, and nothing else.
    about = {post.id: post for post in _posts(tx, new.posts | touched)}
    return News(
        tuple(about[post] for post in sorted(new.posts) if post in about),
        tuple(Boost(*row) for row in _each(tx, ABOUT_BOOSTS, "boosts", new.reactions)),
        happened,
        tuple(Told(*row) for row in _each(tx, ABOUT_NOTICES, "notices", [key.id for key in new.notices])),
        tuple(about[post] for post in sorted(touched - new.posts) if post in about),
    )


def _posts(tx: Connection, ids: Iterable[int]) -> list[NewPost]:
    wanted = list(ids)
    tags: dict[int, set[str]] = {}
    for post_id, name in _each(tx, TAGS, "posts", wanted):
        tags.setdefault(post_id, set()).add(name)
    return [
        NewPost(
            row.id,
            row.author_id,
            row.local,
            Visibility(row.visibility),
            # Whoever answers themselves goes on.
            is_answer=row.in_reply_to_uri is not None and row.answered_id != row.author_id,
            shows_something=bool(row.shows_something),
            is_deleted=row.deleted_at is not None,
            tags=frozenset(tags.get(row.id, ())),
        )
        for row in _each(tx, ABOUT_POSTS, "posts", wanted)
    ]


def _each(tx: Connection, statement: Select[*tuple[Any, ...]], name: str, ids: Iterable[int]) -> list[Any]:
    wanted = list(ids)
    return list(tx.execute(statement, {name: wanted})) if wanted else []
