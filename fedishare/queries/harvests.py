"""What harvesters are given: public resources of this node, and which of those they had are gone."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, Text, bindparam, func, or_, select, union

from fedishare.db.base import BigId, aliased
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.resources import Resource, ResourceTerm
from fedishare.db.work import Tombstone
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import Kind
from fedishare.domain.terms import Term, TermKind
from fedishare.queries import feeds, resources, sight
from fedishare.queries.outgoing import FileRow, PostFacts, PostRow
from fedishare.queries.parties import Who
from fedishare.queries.rows import Cut, columns

PAGE: Final = 100


class Header(NamedTuple):
    """A record by its address, since when it is as it is, and whose it is."""

    id: int
    uri: str
    changed_at: datetime
    author_id: int
    is_gone: bool = False


class School(NamedTuple):
    """A school that is an actor of this node."""

    id: int
    username: str
    name: str


class Span(NamedTuple):
    """Which records: changed from `since` up to, and without, `before`; later in the list than `after`.

    `folder` is where the addresses of all resources begin. At most one of `subject` and `author` is given.
    """

    folder: str
    since: datetime
    before: datetime
    after: int = 0
    subject: str | None = None
    author: int | None = None


_author: Final[Any] = aliased(Actor)
_changed: Final[Any] = func.coalesce(Post.edited_at, Post.published_at)
_gone_at: Final[Any] = func.coalesce(Post.deleted_at, Actor.suspended_at)
_folder: Final = bindparam("folder", type_=Text)
_is_a_resource: Final = func.substr(Post.uri, 1, func.length(_folder)) == _folder

_LIVE: Final = (
    select(Post.id, Post.uri, _changed.label("changed_at"), Post.author_id)
    .join(Resource, Resource.post_id == Post.id)
    .where(Post.local, Post.visibility == Visibility.PUBLIC, sight.visible())
)
_was_public: Final = (Post.local, Post.visibility == Visibility.PUBLIC, _is_a_resource)
# One post after another that was deleted, and all at once of whoever is gone.
_GONE: Final = union(
    select(Post.id, Post.uri, _gone_at.label("changed_at"), Post.author_id)
    .join(Tombstone, Tombstone.uri == Post.uri)
    .join(Actor, Actor.id == Post.author_id)
    .where(*_was_public, Post.deleted_at.is_not(None)),
    select(Post.id, Post.uri, _gone_at.label("changed_at"), Post.author_id)
    .join(Actor, Actor.id == Post.author_id)
    .where(*_was_public, Actor.local, or_(Actor.suspended_at.is_not(None), Actor.deleted_at.is_not(None)))
    .where(_gone_at.is_not(None)),
).subquery()


def _listed(statement: Select[*tuple[Any, ...]], key: Any, changed_at: Any) -> Select[*tuple[Any, ...]]:
    return (
        statement.where(
            changed_at >= bindparam("since", type_=Post.published_at.type),
            changed_at < bindparam("before", type_=Post.published_at.type),
            key > bindparam("after"),
        )
        .order_by(key)
        .limit(bindparam("limit"))
    )


_gone: Final = select(_GONE.c.id, _GONE.c.uri, _GONE.c.changed_at, _GONE.c.author_id)
LIVE: Final = _listed(_LIVE, Post.id, _changed)
GONE: Final = _listed(_gone, _GONE.c.id, _GONE.c.changed_at)
LIVE_BY: Final = LIVE.where(Post.author_id == bindparam("author"))
GONE_BY: Final = GONE.where(_GONE.c.author_id == bindparam("author"))
# What is gone has no subject any more.
LIVE_ON: Final = LIVE.where(
    Post.id.in_(
        select(ResourceTerm.post_id).where(
            ResourceTerm.kind == TermKind.SUBJECT, ResourceTerm.slug == bindparam("subject")
        )
    )
)
ONE_LIVE: Final = _LIVE.where(Post.uri == bindparam("named"))
ONE_GONE: Final = _gone.where(_GONE.c.uri == bindparam("named"))
SCHOOLS: Final = (
    select(*columns(Actor, School._fields))
    .where(Actor.local, Actor.kind == Kind.ORGANISATION, Actor.suspended_at.is_(None), Actor.deleted_at.is_(None))
    .order_by(Actor.id)
)
TOLD: Final = (
    select(*columns(Post, PostRow._fields), *columns(_author, Who._fields))
    .join(_author, _author.id == Post.author_id)
    .where(Post.id.in_(bindparam("ids", expanding=True, type_=BigId)))
)


def listing(tx: Connection, span: Span, *, limit: int = PAGE) -> tuple[list[Header], bool]:
    """A page of records in the order of their ids, and whether there are more; two statements."""
    asked: dict[str, Any] = {"since": span.since, "before": span.before, "after": span.after, "limit": limit + 1}
    live, gone = (LIVE, GONE) if span.author is None else (LIVE_BY, GONE_BY)
    if span.author is not None:
        asked["author"] = span.author
    viewer = {"viewer": sight.NOBODY}
    if span.subject is not None:
        found = [Header(*row) for row in tx.execute(LIVE_ON, asked | viewer | {"subject": span.subject})]
    else:
        found = [Header(*row) for row in tx.execute(live, asked | viewer)]
        found += [Header(*row)._replace(is_gone=True) for row in tx.execute(gone, asked | {"folder": span.folder})]
    found.sort()
    return found[:limit], len(found) > limit


def header(tx: Connection, *, uri: str, folder: str) -> Header | None:
    """One record by its address, there or gone."""
    live = tx.execute(ONE_LIVE, {"named": uri, "viewer": sight.NOBODY}).one_or_none()
    if live is not None:
        return Header(*live)
    gone = tx.execute(ONE_GONE, {"named": uri, "folder": folder}).one_or_none()
    return Header(*gone)._replace(is_gone=True) if gone is not None else None


def schools(tx: Connection) -> list[School]:
    return [School(*row) for row in tx.execute(SCHOOLS)]


def subjects(tx: Connection, headers: Sequence[Header]) -> defaultdict[int, list[Term]]:
    """What each of these records is described with."""
    return resources.terms(tx, [header.id for header in headers if not header.is_gone])


def told(tx: Connection, ids: Sequence[int], *, school: str) -> dict[int, PostFacts]:
    """What catalogues are told of each of these resources; six statements for any number."""
    rows, bases, labels = resources.cards(tx, ids), resources.bases(tx, ids), feeds.tags(tx, ids)
    found = {}
    for row in tx.execute(TOLD, {"ids": list(ids)}) if rows else ():
        cut = Cut(row)
        post, author = cut.take(PostRow), cut.take(Who)
        resource = rows.get(post.id)
        if resource is None:
            continue
        found[post.id] = PostFacts(
            post=post,
            author=author,
            room=None,
            answered=None,
            root=None,
            resource=resource._replace(bases=tuple(bases[post.id])),
            key=None,
            files=tuple(
                FileRow(file.name, file.media_type, file.size, file.sha256, file.url) for file in resource.files
            ),
            mentions=(),
            tags=tuple(labels[post.id]),
            attachments=(),
            replies=(),
            node_name=school,
        )
    return found
