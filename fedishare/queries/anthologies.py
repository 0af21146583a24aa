"""Collections of resources as pages, feeds and documents show them."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, and_, bindparam, exists, func, or_, select

from fedishare.db.anthologies import Anthology, AnthologyItem
from fedishare.db.base import BigId, aliased
from fedishare.db.follows import Block
from fedishare.db.handles import Handle, Runner
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.rooms import Steward
from fedishare.domain.audience import OPEN
from fedishare.domain.kinds import Kind, RunnerState
from fedishare.queries import sight
from fedishare.queries.cards import FACE_WIDTH, Card, Face, cards, face, face_columns
from fedishare.queries.parties import Who
from fedishare.queries.privacy import is_private_room
from fedishare.queries.rows import columns, rows

PAGE: Final = 25
MOST_NAMED: Final = 20
FIRST: Final = -1


class Facts(NamedTuple):
    """What the page of a collection says of it. `curator` is None where this node has not met them."""

    curator: Face | None
    total: int


class Line(NamedTuple):
    """One resource in a collection, and why it is there."""

    position: int
    line: str
    card: Card


class Shelf(NamedTuple):
    """A page of a collection; `after` is where the next one begins, if there is one."""

    lines: list[Line]
    after: int | None


class Summary(NamedTuple):
    """A collection in a list of them."""

    face: Face
    summary: str
    total: int
    curator: Face | None = None


class Entry(NamedTuple):
    """One resource as the list for other servers has it."""

    position: int
    uri: str
    line: str


class Known(NamedTuple):
    """A collection of ours, for what it says to others."""

    who: Who
    items_uri: str


_curator: Final[Any] = aliased(Actor)
_author: Final[Any] = aliased(Actor)
_stands: Final = and_(Actor.suspended_at.is_(None), Actor.deleted_at.is_(None))
# A room that became private is named no longer.
_curates: Final = and_(
    _curator.uri == Anthology.curator_uri,
    _curator.suspended_at.is_(None),
    _curator.deleted_at.is_(None),
    ~is_private_room(_curator),
)
_shown: Final = and_(
    AnthologyItem.post_id == Post.id,
    Post.visibility.in_(OPEN),
    Post.deleted_at.is_(None),
    _author.id == Post.author_id,
    _author.suspended_at.is_(None),
)
_count = (
    select(func.count())
    .select_from(AnthologyItem)
    .where(AnthologyItem.anthology_id == Anthology.actor_id, _shown)
    .correlate(Anthology)
    .scalar_subquery()
)
_summary = (
    select(*face_columns(Actor), Actor.summary, _count, *face_columns(_curator))
    .join(Anthology, Anthology.actor_id == Actor.id)
    .outerjoin(_curator, _curates)
    .where(_stands)
)
FACTS: Final = (
    select(*face_columns(_curator), _count)
    .select_from(Anthology)
    .outerjoin(_curator, _curates)
    .where(Anthology.actor_id == bindparam("anthology"))
)
LINES: Final = (
    select(AnthologyItem.post_id, AnthologyItem.position, AnthologyItem.line)
    .join(Post, Post.id == AnthologyItem.post_id)
    .where(AnthologyItem.anthology_id == bindparam("anthology"), AnthologyItem.position > bindparam("after"))
    .where(Post.visibility.in_(OPEN), sight.visible())
    .order_by(AnthologyItem.position)
    .limit(bindparam("limit"))
)
_entries = (
    select(AnthologyItem.position, Post.uri, AnthologyItem.line)
    .join(Post, Post.id == AnthologyItem.post_id)
    .join(_author, _author.id == Post.author_id)
    .where(AnthologyItem.anthology_id == bindparam("anthology"), _shown)
    .order_by(AnthologyItem.position)
)
ENTRIES: Final = _entries.where(AnthologyItem.position > bindparam("after")).limit(bindparam("limit"))
ENTRY: Final = _entries.where(AnthologyItem.post_id == bindparam("post"))
COUNT: Final = select(_count).select_from(Anthology).where(Anthology.actor_id == bindparam("anthology"))
_by_title: Final = (func.lower(Actor.name), Actor.id)
OF_CURATOR: Final = _summary.where(Anthology.curator_uri == bindparam("named")).order_by(*_by_title)
_looked_after = select(Steward.room_id).where(Steward.actor_id == bindparam("actor"))
_run = (
    select(Runner.handle_id)
    .join(Handle, Handle.actor_id == Runner.handle_id)
    .where(Runner.actor_id == bindparam("actor"), Runner.state == RunnerState.ACTIVE)
)
_is_mine = or_(
    _curator.id == bindparam("actor"),
    and_(_curator.kind == Kind.GROUP, _curator.id.in_(_looked_after)),
    _curator.id.in_(_run),
)
MINE: Final = _summary.where(Actor.local, _curator.local, _is_mine).order_by(*_by_title)
CURATORS: Final = (
    select(*face_columns(_curator))
    .where(_curator.local, _curator.suspended_at.is_(None), _curator.deleted_at.is_(None))
    .where(_is_mine, ~is_private_room(_curator))
    .order_by(_curator.id != bindparam("actor"), func.lower(_curator.name), _curator.id)
)
PUBLIC: Final = _summary.where(Actor.local, _count > 0).order_by(*_by_title).limit(100)
HAVING: Final = (
    _summary.join(AnthologyItem, AnthologyItem.anthology_id == Anthology.actor_id)
    .where(AnthologyItem.post_id == bindparam("post"))
    .order_by(~Actor.local, *_by_title)
    .limit(MOST_NAMED)
)
OURS_HAVING: Final = (
    select(*columns(Actor, Who._fields))
    .join(AnthologyItem, AnthologyItem.anthology_id == Actor.id)
    .where(AnthologyItem.post_id == bindparam("post"), Actor.local, _stands)
    .order_by(Actor.id)
    .limit(MOST_NAMED)
)
HOLDING: Final = select(AnthologyItem.anthology_id, AnthologyItem.line).where(
    AnthologyItem.post_id == bindparam("post")
)
NEWEST: Final = (
    select(AnthologyItem.post_id)
    .join(Post, Post.id == AnthologyItem.post_id)
    .where(AnthologyItem.anthology_id == bindparam("anthology"))
    .where(Post.visibility.in_(OPEN), sight.visible())
    .order_by(AnthologyItem.added_at.desc(), AnthologyItem.position.desc())
)
KNOWN: Final = (
    select(*columns(Actor, Who._fields), Anthology.items_uri)
    .join(Anthology, Anthology.actor_id == Actor.id)
    .where(Actor.id == bindparam("anthology"))
)
IS_ANTHOLOGY: Final = select(Anthology.items_uri).where(Anthology.actor_id == bindparam("anthology"))
IS_SHUT: Final = select(
    exists().where(
        Anthology.actor_id == bindparam("anthology"),
        _curator.uri == Anthology.curator_uri,
        or_(
            and_(Block.blocker_id == _curator.id, Block.blocked_id == bindparam("actor", type_=BigId)),
            and_(Block.blocker_id == bindparam("actor", type_=BigId), Block.blocked_id == _curator.id),
        ),
    )
)
OF_BLOCKER: Final = (
    select(Anthology.actor_id)
    .join(_curator, _curator.uri == Anthology.curator_uri)
    .where(_curator.id == bindparam("curator"))
)
EVERY: Final = 1 << 30


def facts(tx: Connection, *, anthology_id: int) -> Facts | None:
    """Nothing for an actor that is no collection."""
    row = tx.execute(FACTS, {"anthology": anthology_id}).one_or_none()
    return Facts(_face(row), row[FACE_WIDTH]) if row is not None else None


def shelf(tx: Connection, *, anthology_id: int, viewer: int | None, after: int = FIRST, limit: int = PAGE) -> Shelf:
    """What is in a collection, in its curator's order, without what `viewer` may not see."""
    asked = {"anthology": anthology_id, "viewer": viewer or sight.NOBODY, "after": after, "limit": limit + 1}
    found = tx.execute(LINES, asked).all()
    shown = {card.id: card for card in cards(tx, [row.post_id for row in found[:limit]], viewer=viewer)}
    lines = [Line(row.position, row.line, shown[row.post_id]) for row in found[:limit] if row.post_id in shown]
    return Shelf(lines, found[limit - 1].position if len(found) > limit else None)


def entries(tx: Connection, *, anthology_id: int, after: int = FIRST, limit: int = EVERY) -> list[Entry]:
    """What everybody may know of a collection, by address, in order."""
    return [Entry(*row) for row in tx.execute(ENTRIES, {"anthology": anthology_id, "after": after, "limit": limit})]


def has(tx: Connection, *, anthology_id: int, post_id: int) -> bool:
    """Whether everybody may know that a post is in a collection."""
    return tx.execute(ENTRY, {"anthology": anthology_id, "post": post_id}).first() is not None


def count(tx: Connection, *, anthology_id: int) -> int:
    return tx.scalar(COUNT, {"anthology": anthology_id}) or 0


def of_curator(tx: Connection, *, uri: str) -> list[Summary]:
    """The collections of a person, room or handle, by title."""
    return [_summed(row) for row in tx.execute(OF_CURATOR, {"named": uri})]


def mine(tx: Connection, *, actor_id: int) -> list[Summary]:
    """The collections of this node that somebody may change: their own, and those of what they look after."""
    return [_summed(row) for row in tx.execute(MINE, {"actor": actor_id})]


def public(tx: Connection) -> list[Summary]:
    """The collections of this node with something in them."""
    return [_summed(row) for row in tx.execute(PUBLIC)]


def curators(tx: Connection, *, actor_id: int) -> list[Face]:
    """In whose name somebody may curate: their own first, then rooms they look after and handles they run."""
    return [face(row) for row in tx.execute(CURATORS, {"actor": actor_id})]


def having(tx: Connection, *, post_id: int) -> list[Summary]:
    """The collections, here and elsewhere, that a resource is in."""
    return [_summed(row) for row in tx.execute(HAVING, {"post": post_id})]


def ours_having(tx: Connection, *, post_id: int) -> tuple[Who, ...]:
    """The collections of this node that a resource is in. What others have is theirs to say."""
    return rows(tx, OURS_HAVING, Who, post=post_id)


def holding(tx: Connection, *, post_id: int) -> dict[int, str]:
    """Which collections a post is in, each with the line about it."""
    return {row.anthology_id: row.line for row in tx.execute(HOLDING, {"post": post_id})}


def newest(tx: Connection, *, anthology_id: int) -> list[int]:
    """What is in a collection for everybody, what came last first."""
    return list(tx.scalars(NEWEST, {"anthology": anthology_id, "viewer": sight.NOBODY}))


def known(tx: Connection, *, anthology_id: int) -> Known | None:
    row = tx.execute(KNOWN, {"anthology": anthology_id}).one_or_none()
    return Known(Who(*row[:-1]), row[-1]) if row is not None else None


def items_uri(tx: Connection, *, actor_id: int) -> str | None:
    """Where a collection lists what is in it; nothing for an actor that is none."""
    return tx.scalar(IS_ANTHOLOGY, {"anthology": actor_id})


def is_shut(tx: Connection, *, anthology_id: int, actor_id: int) -> bool:
    """Whether somebody and the curator of a collection have blocked one another."""
    return bool(tx.scalar(IS_SHUT, {"anthology": anthology_id, "actor": actor_id}))


def of_actor(tx: Connection, *, curator_id: int) -> list[int]:
    """The collections that somebody curates, by id."""
    return list(tx.scalars(OF_BLOCKER, {"curator": curator_id}))


def _summed(row: Sequence[Any]) -> Summary:
    return Summary(face(row[:FACE_WIDTH]), row[FACE_WIDTH], row[FACE_WIDTH + 1], _face(row[FACE_WIDTH + 2 :]))


def _face(row: Sequence[Any]) -> Face | None:
    return face(row[:FACE_WIDTH]) if row[0] is not None else None
