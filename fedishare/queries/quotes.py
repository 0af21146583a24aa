"""Quotes and stamps, as the inbox checks them, the outbox tells them, and their author looks them through."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, select

from fedishare.db.base import aliased
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.quotes import Quote, Stamp
from fedishare.domain.audience import OPEN
from fedishare.domain.kinds import QuoteState
from fedishare.queries.cards import Face, face, face_columns
from fedishare.queries.parties import Who
from fedishare.queries.rows import Cut, columns

MOST: Final = 200


class Open(NamedTuple):
    """A quote as it stands. What is quoted has no author where we do not have it."""

    post_id: int
    uri: str
    author_id: int
    local: bool
    quoted_uri: str
    state: QuoteState
    stamp_uri: str | None
    quoted_author_id: int | None
    quoted_author_uri: str | None


class StampFacts(NamedTuple):
    """A stamp with all its document says."""

    id: int
    uri: str
    post_id: int
    post_uri: str
    quoting_uri: str
    withdrawn_at: datetime | None
    author: Who
    quoter: Who


class StampLine(NamedTuple):
    """One place where a post is quoted. `quoting_id` is there where we have that post."""

    id: int
    quoter: Face
    quoting_uri: str
    quoting_id: int | None
    created_at: datetime
    withdrawn_at: datetime | None


class Request(NamedTuple):
    uri: str
    quoted_uri: str
    author: Who


_quoted: Final[Any] = aliased(Post)
_author: Final[Any] = aliased(Actor)
_quoter: Final[Any] = aliased(Actor)
OPEN_QUOTE: Final = (
    select(
        Quote.post_id,
        Post.uri,
        Post.author_id,
        Post.local,
        Quote.quoted_uri,
        Quote.state,
        Quote.stamp_uri,
        _author.id,
        _author.uri,
    )
    .join(Post, Post.id == Quote.post_id)
    .outerjoin(_quoted, _quoted.uri == Quote.quoted_uri)
    .outerjoin(_author, _author.id == _quoted.author_id)
    .where(Quote.post_id == bindparam("post"), Post.deleted_at.is_(None))
)
IS_REQUEST: Final = select(Quote.post_id).where(Quote.request_uri == bindparam("request"))
REQUEST: Final = (
    select(Quote.request_uri, Quote.quoted_uri, *columns(_author, Who._fields))
    .join(_quoted, _quoted.uri == Quote.quoted_uri)
    .join(_author, _author.id == _quoted.author_id)
    .where(Quote.post_id == bindparam("post"), Quote.request_uri.is_not(None))
)
_STAMP: Final = (
    select(
        Stamp.id,
        Stamp.uri,
        Stamp.post_id,
        Post.uri,
        Stamp.quoting_uri,
        Stamp.withdrawn_at,
        *columns(_author, Who._fields),
        *columns(_quoter, Who._fields),
    )
    .join(Post, Post.id == Stamp.post_id)
    .join(_author, _author.id == Post.author_id)
    .join(_quoter, _quoter.id == Stamp.quoter_id)
)
WRITTEN_HERE: Final = select(Post.id).where(Post.uri == bindparam("named"), Post.local, Post.deleted_at.is_(None))
STAMP: Final = _STAMP.where(Stamp.id == bindparam("stamp"))
PUBLISHED: Final = _STAMP.where(
    Stamp.uri == bindparam("named"),
    Stamp.withdrawn_at.is_(None),
    Post.deleted_at.is_(None),
    Post.visibility.in_(OPEN),
    _author.suspended_at.is_(None),
    _author.deleted_at.is_(None),
)
LINES: Final = (
    select(Stamp.id, Stamp.quoting_uri, Post.id, Stamp.created_at, Stamp.withdrawn_at, *face_columns(_quoter))
    .join(_quoter, _quoter.id == Stamp.quoter_id)
    .outerjoin(Post, (Post.uri == Stamp.quoting_uri) & Post.deleted_at.is_(None))
    .where(Stamp.post_id == bindparam("post"))
    .order_by(Stamp.id.desc())
    .limit(MOST)
)


def standing(tx: Connection, *, post_id: int) -> Open | None:
    row = tx.execute(OPEN_QUOTE, {"post": post_id}).one_or_none()
    return Open(*row) if row is not None else None


def is_request(tx: Connection, *, uri: str) -> bool:
    """Whether this is the id under which we asked to quote something."""
    return tx.execute(IS_REQUEST, {"request": uri}).first() is not None


def request(tx: Connection, *, post_id: int) -> Request | None:
    """What we asked for a post of ours, and whom."""
    row = tx.execute(REQUEST, {"post": post_id}).one_or_none()
    return Request(row[0], row[1], Cut(row, start=2).take(Who)) if row is not None else None


def stamp(tx: Connection, *, stamp_id: int) -> StampFacts | None:
    """A stamp of ours, also one that was withdrawn."""
    return _stamp(tx.execute(STAMP, {"stamp": stamp_id}).one_or_none())


def published_stamp(tx: Connection, *, uri: str) -> StampFacts | None:
    """The stamp at this address while it is good; nothing tells withdrawn and absent apart."""
    return _stamp(tx.execute(PUBLISHED, {"named": uri}).one_or_none())


def written_here(tx: Connection, *, uri: str) -> int | None:
    """The quoting post, if it is one of ours."""
    return tx.scalar(WRITTEN_HERE, {"named": uri})


def of_post(tx: Connection, *, post_id: int) -> list[StampLine]:
    """Where a post of ours is quoted with its author's leave, and where that was withdrawn; newest first."""
    return [
        StampLine(row[0], face(row[5:]), row[1], row[2], row[3], row[4]) for row in tx.execute(LINES, {"post": post_id})
    ]


def _stamp(row: Any) -> StampFacts | None:
    if row is None:
        return None
    cut = Cut(row, start=6)
    return StampFacts(row[0], row[1], row[2], row[3], row[4], row[5], cut.take(Who), cut.take(Who))
