"""Schools of this node as pages show them: their people, rooms and resources."""

from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, or_, select

from fedishare.db.handles import Affiliation, Handle
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.resources import Resource
from fedishare.db.rooms import Steward
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import Kind
from fedishare.queries import sight
from fedishare.queries.cards import Card, Face, cards, face, face_columns

MOST_PEOPLE: Final = 200
MOST_SHOWN: Final = 10


class Belonging(NamedTuple):
    school_id: int
    listed: bool


class SchoolFacts(NamedTuple):
    """What a school's page shows besides its news."""

    people: list[Face]
    rooms: list[Face]
    resources: list[Card]


_is_open = Actor.suspended_at.is_(None) & Actor.deleted_at.is_(None)
ALL: Final = (
    select(*face_columns(Actor))
    .join(Handle, Handle.actor_id == Actor.id)
    .where(Actor.kind == Kind.ORGANISATION, _is_open)
    .order_by(Actor.name, Actor.id)
)
BELONGING: Final = select(Affiliation.school_id, Affiliation.listed).where(Affiliation.actor_id == bindparam("actor"))
PEOPLE: Final = (
    select(*face_columns(Actor))
    .join(Affiliation, Affiliation.actor_id == Actor.id)
    .where(Affiliation.school_id == bindparam("school"), Affiliation.listed, _is_open)
    .order_by(Actor.name, Actor.id)
    .limit(MOST_PEOPLE)
)
_own_people = select(Affiliation.actor_id).where(Affiliation.school_id == bindparam("school"), Affiliation.listed)
ROOMS: Final = (
    select(*face_columns(Actor))
    .where(Actor.kind == Kind.GROUP, Actor.local, ~Actor.locked, _is_open)
    .where(Actor.id.in_(select(Steward.room_id).where(Steward.actor_id.in_(_own_people))))
    .order_by(Actor.name, Actor.id)
    .limit(MOST_PEOPLE)
)
RESOURCES: Final = (
    select(Post.id)
    .join(Resource, Resource.post_id == Post.id)
    .where(or_(Post.author_id == bindparam("school"), Post.author_id.in_(_own_people)))
    .where(Post.visibility == Visibility.PUBLIC, sight.visible())
    .order_by(Post.id.desc())
    .limit(MOST_SHOWN)
)


def all_of_them(tx: Connection) -> list[Face]:
    """The schools of this node, by name."""
    return [face(row) for row in tx.execute(ALL)]


def belonging(tx: Connection, *, actor_id: int) -> Belonging | None:
    row = tx.execute(BELONGING, {"actor": actor_id}).one_or_none()
    return Belonging(*row) if row is not None else None


def facts(tx: Connection, *, school_id: int, viewer: int | None) -> SchoolFacts:
    """Only those people, and what is theirs, who chose to be on the page."""
    shown = tx.scalars(RESOURCES, {"school": school_id, "viewer": viewer or sight.NOBODY})
    return SchoolFacts(
        [face(row) for row in tx.execute(PEOPLE, {"school": school_id})],
        [face(row) for row in tx.execute(ROOMS, {"school": school_id})],
        cards(tx, list(shown), viewer=viewer),
    )
