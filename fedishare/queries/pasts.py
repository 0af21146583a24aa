"""The past of rooms that moved: what their old home shows the new one, and how far the new one has come."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, and_, bindparam, case, exists, func, or_, select, true, union_all

from fedishare.db.base import BigId, aliased
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.rooms import Ban, Carried, Lock, Past, PastPost, Pin, Purpose
from fedishare.domain.audience import OPEN, Visibility
from fedishare.domain.kinds import Kind, PastGap
from fedishare.queries.hidden import is_hidden

OLDEST: Final = 0
MOST_DECISIONS: Final = 1_000
_new: Final[Any] = aliased(Actor)
_author: Final[Any] = aliased(Actor)
_room: Final = bindparam("room", type_=BigId)
_until: Final = bindparam("until", type_=Post.published_at.type)
# Who asks is the room that the old one named when it moved, and nobody else.
LEFT: Final = (
    select(_new.id, Actor.uri, Actor.moved_at)
    .join(_new, _new.uri == Actor.moved_to)
    .where(Actor.uri == bindparam("old"), Actor.local, Actor.kind == Kind.GROUP)
    .where(Actor.deleted_at.is_(None), Actor.suspended_at.is_(None), Actor.moved_at.is_not(None))
    .where(_new.id == bindparam("reader"), _new.deleted_at.is_(None), _new.suspended_at.is_(None))
)
_stands: Final = (
    Post.deleted_at.is_(None),
    Post.visibility.in_((*OPEN, Visibility.ROOM)),
    Post.published_at <= _until,
    ~exists().where(
        _author.id == Post.author_id, or_(_author.suspended_at.is_not(None), _author.deleted_at.is_not(None))
    ),
    ~is_hidden(),
)
_own: Final = select(Post.id, Post.uri).where(Post.room_id == _room, *_stands)
_carried: Final = (
    select(Post.id, Post.uri).join(Carried, Carried.post_id == Post.id).where(Carried.room_id == _room, *_stands)
)


def _cut(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    beyond = query.where(Post.id > bindparam("after", type_=BigId))
    return select(beyond.order_by(Post.id).limit(bindparam("limit")).subquery())


_page: Final = union_all(_cut(_own), _cut(_carried)).subquery()
PAGE: Final = select(_page).order_by(_page.c.id).limit(bindparam("limit"))
COUNT: Final = select(
    select(func.count()).select_from(_own.subquery()).scalar_subquery()
    + select(func.count()).select_from(_carried.subquery()).scalar_subquery()
)
PINS: Final = (
    select(Post.uri)
    .join(Pin, Pin.post_id == Post.id)
    .where(Pin.actor_id == _room, Post.deleted_at.is_(None))
    .order_by(Post.id)
    .limit(MOST_DECISIONS)
)
ANSWERS: Final = (
    select(Purpose.answer_uri)
    .join(Post, Post.id == Purpose.post_id)
    .where(Post.room_id == _room, Post.deleted_at.is_(None), Purpose.answer_uri.is_not(None))
    .order_by(Post.id)
    .limit(MOST_DECISIONS)
)
LOCKS: Final = (
    select(Post.uri, Lock.reason)
    .join(Post, Post.id == Lock.thread_id)
    .where(Lock.room_id == _room, Post.deleted_at.is_(None))
    .order_by(Post.id)
    .limit(MOST_DECISIONS)
)
BANS: Final = (
    select(Actor.uri, Ban.reason, Ban.until)
    .join(Actor, Actor.id == Ban.actor_id)
    .where(Ban.room_id == _room, Actor.deleted_at.is_(None))
    .order_by(Actor.id)
    .limit(MOST_DECISIONS)
)
_is_waiting: Final = PastPost.due_at.is_not(None)
_is_missing: Final = and_(PastPost.due_at.is_(None), PastPost.why.is_not(None))


def _how_many(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


_counts: Final = (
    select(
        func.count(PastPost.uri).label("total"),
        _how_many(_is_waiting).label("waiting"),
        _how_many(and_(_is_waiting, PastPost.tries > 0)).label("late"),
        *(_how_many(and_(_is_missing, PastPost.why == gap)).label(gap.value) for gap in PastGap),
    )
    .where(PastPost.room_id == _room)
    .subquery()
)
PROGRESS: Final = (
    select(Past.old_id, Actor.uri, Past.why, Past.ended_at, Past.decisions, Past.next_page, *_counts.c)
    .join(Actor, Actor.id == Past.old_id)
    .join(_counts, true())
    .where(Past.room_id == _room)
)


class Left(NamedTuple):
    """A room of ours that moved to `room_id`, which is elsewhere."""

    room_id: int
    uri: str
    at: datetime


class Line(NamedTuple):
    id: int
    uri: str


class Decisions(NamedTuple):
    """What counts in a room: pins and answers by address, closed conversations with reasons, bans with their ends."""

    pins: Sequence[str]
    answers: Sequence[str]
    locks: Sequence[tuple[str, str]]
    bans: Sequence[tuple[str, str, datetime | None]]


class Progress(NamedTuple):
    """How much of a room's past is here. `late` are those of the `waiting` that were asked for in vain before."""

    old_id: int
    old_uri: str
    why: PastGap | None
    is_over: bool
    undecided: int
    is_listed: bool
    total: int
    waiting: int
    late: int
    gaps: dict[PastGap, int]

    @property
    def here(self) -> int:
        return self.total - self.waiting - self.missing

    @property
    def missing(self) -> int:
        return sum(self.gaps.values())


def left(tx: Connection, *, old: str, reader: int | None) -> Left | None:
    """The room of ours at this address, if it moved to the actor `reader`."""
    row = tx.execute(LEFT, {"old": old, "reader": reader or 0}).one_or_none()
    return Left(*row) if row is not None else None


def page(tx: Connection, room: Left, *, after: int, limit: int) -> list[Line]:
    """What was in it when it moved, in the order in which we learnt of it."""
    values = {"room": room.room_id, "until": room.at, "after": after, "limit": limit}
    return [Line(*row) for row in tx.execute(PAGE, values)]


def count(tx: Connection, room: Left) -> int:
    return tx.scalar(COUNT, {"room": room.room_id, "until": room.at}) or 0


def decisions(tx: Connection, room: Left) -> Decisions:
    at = {"room": room.room_id}
    locks, bans = ([tuple(row) for row in tx.execute(each, at)] for each in (LOCKS, BANS))
    pins, answers = ([str(uri) for uri in tx.scalars(each, at)] for each in (PINS, ANSWERS))
    return Decisions(pins, answers, locks, bans)


def progress(tx: Connection, *, room_id: int) -> Progress | None:
    """How far a room of ours has come with its past; nothing for one that brings none."""
    row = tx.execute(PROGRESS, {"room": room_id}).one_or_none()
    if row is None:
        return None
    old_id, old_uri, why, ended_at, undecided, next_page, total, waiting, late, *gaps = row
    found = {gap: number for gap, number in zip(PastGap, gaps, strict=True) if number}
    is_listed = next_page is None and undecided is not None
    left_over = len(undecided or ())
    return Progress(old_id, old_uri, why, ended_at is not None, left_over, is_listed, total, waiting, late, found)
