"""Catching up: what came into rooms since somebody was last there, in as many statements for one post as for many."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, and_, asc, bindparam, case, exists, func, or_, select

from fedishare.db.base import aliased
from fedishare.db.follows import Follow, Mute
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.resources import Resource
from fedishare.db.rooms import Carried, Purpose
from fedishare.db.visits import Visit
from fedishare.domain.kinds import FollowState, Kind, PaperKind, PostKind
from fedishare.queries import sight
from fedishare.queries.cards import Card, cards
from fedishare.queries.hidden import is_hidden

PAGE: Final = 40
MINUTES, QUESTIONS, RESOURCES, REST = range(4)


class Counts(NamedTuple):
    """How much is new in one room, by what it is. `upto` is the newest entry counted."""

    room_id: int
    minutes: int
    questions: int
    resources: int
    rest: int
    upto: int
    since: datetime

    @property
    def total(self) -> int:
        return self.minutes + self.questions + self.resources + self.rest

    def plus(self, *others: "Counts") -> "Counts":
        """What the room has of its own, and what came to it by links."""
        every = (self, *others)
        return Counts(
            self.room_id,
            sum(each.minutes for each in every),
            sum(each.questions for each in every),
            sum(each.resources for each in every),
            sum(each.rest for each in every),
            max(each.upto for each in every),
            min(each.since for each in every),
        )


class Section(NamedTuple):
    """What is new of one kind, oldest first; `rank` says which kind."""

    rank: int
    posts: list[Card]


class News(NamedTuple):
    """One page of what is new in a room."""

    counts: Counts
    sections: list[Section]
    page: int
    has_more: bool


# By a name of its own, for who may see a post is told by follows too.
_mine: Final[Any] = aliased(Follow)
_since: Final = func.coalesce(Visit.seen_upto, _mine.id)
_is_question: Final = and_(
    Post.in_reply_to_uri.is_(None),
    or_(
        exists().where(Purpose.post_id == Post.id, Purpose.kind == PostKind.QUESTION),
        Post.kind == "Question",
        Post.title.like("%?"),
        Post.content.like("%?</p>"),
    ),
)
_rank: Final = case(
    (Post.paper == PaperKind.MINUTES, MINUTES),
    (exists().where(Resource.post_id == Post.id), RESOURCES),
    (_is_question, QUESTIONS),
    else_=REST,
)
_muted: Final = exists().where(Mute.muter_id == sight.VIEWER, Mute.muted_id == Post.author_id)


def _new(*columns: Any, entry: Any) -> Select[*tuple[Any, ...]]:
    """What others wrote into rooms that the viewer is in, since they marked it as seen, else since they joined."""
    rows = select(*columns).select_from(_mine)
    if entry is Post.filed_id:
        rows = rows.join(Post, Post.room_id == _mine.followee_id)
    else:
        # What came to the room by a link, while another has it too.
        rows = rows.join(Carried, Carried.room_id == _mine.followee_id).join(Post, Post.id == Carried.post_id)
    return (
        rows.outerjoin(Visit, and_(Visit.person_id == _mine.follower_id, Visit.room_id == _mine.followee_id))
        .where(_mine.follower_id == sight.VIEWER, _mine.state == FollowState.ACCEPTED)
        .where(entry > _since, Post.author_id != sight.VIEWER)
        .where(sight.visible(), ~is_hidden(), ~_muted)
    )


_when: Final = func.min(func.coalesce(Visit.seen_at, _mine.created_at), type_=Visit.seen_at.type)
_tallies: Final = [func.sum(case((_rank == rank, 1), else_=0)) for rank in (MINUTES, QUESTIONS, RESOURCES, REST)]
_here: Final = _mine.followee_id == bindparam("room")


def _counted(entry: Any) -> Select[*tuple[Any, ...]]:
    columns = (_mine.followee_id, *_tallies, func.max(entry), _when)
    return _new(*columns, entry=entry).group_by(_mine.followee_id)


def _listed(entry: Any) -> Select[*tuple[Any, ...]]:
    columns = (Post.id.label("post"), _rank.label("rank"), entry.label("entry"))
    return _new(*columns, entry=entry).where(_here, entry <= bindparam("upto"))


_its_own, _carried = _counted(Post.filed_id), _counted(Carried.entry_id)
COUNTS: Final = _its_own.union_all(_carried)
COUNTS_IN: Final = _its_own.where(_here).union_all(_carried.where(_here))
NEWS: Final = (
    _listed(Post.filed_id)
    .union_all(_listed(Carried.entry_id))
    .order_by(asc("rank"), asc("entry"))
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)
IS_ROOM: Final = select(Actor.id).where(
    Actor.id == bindparam("room"), Actor.kind == Kind.GROUP, Actor.deleted_at.is_(None)
)


def unseen(tx: Connection, *, viewer: int) -> dict[int, Counts]:
    """How much is new in each room that somebody is in, where anything is; one statement."""
    found: dict[int, Counts] = {}
    for row in tx.execute(COUNTS, {"viewer": viewer}):
        counts = Counts(*row)
        found[counts.room_id] = found[counts.room_id].plus(counts) if counts.room_id in found else counts
    return found


def unseen_in(tx: Connection, *, room_id: int, viewer: int) -> Counts | None:
    """The same of one room; nothing where nothing is new."""
    rows = [Counts(*row) for row in tx.execute(COUNTS_IN, {"viewer": viewer, "room": room_id})]
    return rows[0].plus(*rows[1:]) if rows else None


def news(tx: Connection, *, room_id: int, viewer: int, page: int = 0, upto: int | None = None) -> News | None:
    """What is new in a room: minutes, then questions, resources and the rest, each in the order in which it came in.

    `upto` holds the pages together while more comes in. Nothing comes back where nothing is new.
    """
    counts = unseen_in(tx, room_id=room_id, viewer=viewer)
    if counts is None:
        return None
    last = min(upto, counts.upto) if upto is not None else counts.upto
    asked = {"room": room_id, "viewer": viewer, "upto": last, "limit": PAGE + 1, "offset": page * PAGE}
    rows = tx.execute(NEWS, asked).all()
    ranks: dict[int, int] = {row[0]: row[1] for row in rows[:PAGE]}
    shown = cards(tx, list(ranks), viewer=viewer)
    return News(counts._replace(upto=last), _sections(shown, ranks), page, len(rows) > PAGE)


def _sections(shown: Sequence[Card], ranks: dict[int, int]) -> list[Section]:
    by_rank = [Section(rank, [card for card in shown if ranks[card.id] == rank]) for rank in range(REST + 1)]
    return [section for section in by_rank if section.posts]


def is_room(tx: Connection, *, room_id: int) -> bool:
    return tx.scalar(IS_ROOM, {"room": room_id}) is not None
