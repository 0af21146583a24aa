"""What a resource is based on, what that is based on, and what was made of it; as far as the visitor may see it."""

from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, select

from fedishare.db.base import aliased
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.resources import Resource, ResourceBasis
from fedishare.domain.licences import plain_name
from fedishare.domain.terms import Basis
from fedishare.queries import sight
from fedishare.queries.cards import Face, face, face_columns

# One statement for each step of either way, and no more, however long a chain or a ring is.
MOST_STEPS: Final = 5
MOST_SHOWN: Final = 50


class Ancestor(NamedTuple):
    """Something a resource goes back to. `step` is 1 for its own source; `post_id` is our copy, if there is one."""

    step: int
    uri: str
    name: str
    post_id: int | None


class Adaptation(NamedTuple):
    """Something made of a resource; of an adaptation of it where `step` is more than 1."""

    step: int
    post_id: int
    uri: str
    title: str
    licence_label: str
    author: Face


_source: Final[Any] = aliased(Post)
BASES: Final = (
    select(ResourceBasis.uri, ResourceBasis.name)
    .join(Post, Post.id == ResourceBasis.post_id)
    .where(Post.uri.in_(bindparam("uris", expanding=True)), sight.visible())
    .order_by(ResourceBasis.post_id, ResourceBasis.position)
    .limit(MOST_SHOWN)
)
HERE: Final = select(Post.uri, Post.id).where(Post.uri.in_(bindparam("uris", expanding=True)), sight.visible())
MADE: Final = (
    select(Post.id, Post.uri, Post.title, Resource.licence, Resource.licence_label, Resource.licence_url)
    .add_columns(*face_columns(Actor))
    .join(ResourceBasis, ResourceBasis.post_id == Post.id)
    .join(Resource, Resource.post_id == Post.id)
    .join(Actor, Actor.id == Post.author_id)
    .where(ResourceBasis.uri.in_(bindparam("uris", expanding=True)), sight.visible())
    .order_by(Post.id.desc())
    .limit(MOST_SHOWN)
)
SOURCES: Final = (
    select(_source.id, _source.author_id)
    .join(ResourceBasis, ResourceBasis.uri == _source.uri)
    .where(ResourceBasis.post_id == bindparam("post"), _source.local, _source.deleted_at.is_(None))
)


def ancestry(tx: Connection, *, uri: str, bases: list[Basis], viewer: int | None) -> list[Ancestor]:
    """What it goes back to by way of its `bases`, nearest first, each once.

    What is hidden from the visitor leads no further.
    """
    found: dict[str, Ancestor] = {}
    newest = [(basis.uri, basis.name) for basis in bases]
    for step in range(1, MOST_STEPS + 1):
        fresh = {source: name for source, name in newest if source not in found and source != uri}
        if not fresh:
            break
        found |= {source: Ancestor(step, source, name, None) for source, name in fresh.items()}
        asked = {"uris": list(fresh), "viewer": viewer or sight.NOBODY}
        newest = [(row.uri, row.name) for row in tx.execute(BASES, asked)] if step < MOST_STEPS else []
    if not found:
        return []
    asked = {"uris": list(found), "viewer": viewer or sight.NOBODY}
    ids = {row.uri: row.id for row in tx.execute(HERE, asked)}
    return [each._replace(post_id=ids.get(each.uri)) for each in list(found.values())[:MOST_SHOWN]]


def adaptations(tx: Connection, *, uri: str, viewer: int | None) -> list[Adaptation]:
    """What was made of it, nearest first and then newest first, each once."""
    found: dict[str, Adaptation] = {}
    uris = [uri]
    for step in range(1, MOST_STEPS + 1):
        rows = tx.execute(MADE, {"uris": uris, "viewer": viewer or sight.NOBODY}).all()
        fresh = {row.uri: row for row in rows if row.uri not in found and row.uri != uri}
        if not fresh:
            break
        for row in fresh.values():
            licence = row.licence_label if row.licence else plain_name(row.licence_label, row.licence_url)
            found[row.uri] = Adaptation(step, row.id, row.uri, row.title or "", licence, face(row[6:]))
        uris = list(fresh)
    return list(found.values())[:MOST_SHOWN]
