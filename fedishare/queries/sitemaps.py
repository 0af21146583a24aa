"""What search engines are told of: public resources of this node, and whoever may be found, in parts of fixed size."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Integer, Select, and_, bindparam, exists, func, or_, select

from fedishare.db.anthologies import Anthology
from fedishare.db.base import aliased
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.resources import Resource
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import Kind
from fedishare.queries import sight
from fedishare.queries.privacy import is_private_room

# The most that one file of a sitemap may list.
PART: Final = 50_000


class Part(NamedTuple):
    """A part begins with the thing of this id; `changed_at` is when any of it was last changed."""

    first: int
    changed_at: datetime


class Place(NamedTuple):
    url: str
    changed_at: datetime


_latest: Final = (
    select(Post.published_at)
    .where(Post.author_id == Actor.id, Post.visibility == Visibility.PUBLIC, Post.deleted_at.is_(None))
    .order_by(Post.id.desc())
    .limit(1)
    .correlate(Actor)
    .scalar_subquery()
)


# Who said so may be indexed (FEP-5feb); a school, and a room that is not private, are there to be found.
def _may_be_indexed(actor: Any) -> ColumnElement[bool]:
    return or_(
        and_(actor.kind == Kind.PERSON, actor.indexable),
        and_(actor.kind.in_((Kind.GROUP, Kind.ORGANISATION)), ~is_private_room(actor)),
    )


_curator: Final[Any] = aliased(Actor)
# A collection is what its curator is.
MAY_BE_INDEXED: Final = or_(
    _may_be_indexed(Actor),
    and_(
        Actor.kind == Kind.SERVICE,
        exists().where(
            Anthology.actor_id == Actor.id, _curator.uri == Anthology.curator_uri, _may_be_indexed(_curator)
        ),
    ),
)
_RESOURCES: Final = (
    select(Post.id, Post.url, func.coalesce(Post.edited_at, Post.published_at).label("changed_at"))
    .join(Resource, Resource.post_id == Post.id)
    .where(Post.local, Post.visibility == Visibility.PUBLIC, sight.visible())
)
_PEOPLE: Final = select(Actor.id, Actor.url, func.coalesce(_latest, Actor.created_at).label("changed_at")).where(
    Actor.local, Actor.suspended_at.is_(None), Actor.deleted_at.is_(None), Actor.moved_to.is_(None), MAY_BE_INDEXED
)


def _parts(listed: Select[*tuple[Any, ...]], key: Any) -> Select[*tuple[Any, ...]]:
    number = (func.row_number().over(order_by=key) - 1) // bindparam("size", type_=Integer)
    numbered = listed.add_columns(number.label("part")).subquery()
    return (
        select(func.min(numbered.c.id), func.max(numbered.c.changed_at))
        .group_by(numbered.c.part)
        .order_by(numbered.c.part)
    )


def _of_part(listed: Select[*tuple[Any, ...]], key: Any) -> Select[*tuple[Any, ...]]:
    return listed.where(key >= bindparam("first")).order_by(key).limit(bindparam("size"))


INDEXED: Final = select(Actor.id).where(Actor.id == bindparam("actor"), MAY_BE_INDEXED)
PARTS: Final = {"resources": _parts(_RESOURCES, Post.id), "people": _parts(_PEOPLE, Actor.id)}
PLACES: Final = {"resources": _of_part(_RESOURCES, Post.id), "people": _of_part(_PEOPLE, Actor.id)}


def parts(tx: Connection, *, size: int = PART) -> dict[str, list[Part]]:
    """Where each part of the lists begins; one statement for each list."""
    asked = {"size": size, "viewer": sight.NOBODY}
    return {name: [Part(*row) for row in tx.execute(statement, asked)] for name, statement in PARTS.items()}


def places(tx: Connection, *, kind: str, first: int, size: int = PART) -> list[Place]:
    """The part of a list, `resources` or `people`, that begins with this id."""
    found = tx.execute(PLACES[kind], {"first": first, "size": size, "viewer": sight.NOBODY})
    return [Place(row.url, row.changed_at) for row in found]


def may_be_indexed(tx: Connection, *, actor_id: int) -> bool:
    """Whether search engines may show what an actor of ours writes, resources aside, which are there to be found."""
    return tx.scalar(INDEXED, {"actor": actor_id}) is not None
