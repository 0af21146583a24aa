"""What a feed lists: public beginnings, newest first, a page at a time, in the same few statements for any number."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import CompoundSelect, Connection, Select, and_, bindparam, desc, select

from fedishare.db.people import Actor
from fedishare.db.posts import Post, PostTag
from fedishare.db.resources import ResourceTerm
from fedishare.db.rooms import Carried
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import Kind
from fedishare.domain.terms import TermKind
from fedishare.queries import anthologies, sight
from fedishare.queries.cards import Card, cards
from fedishare.queries.privacy import is_private_room
from fedishare.queries.timelines import NEWEST

PAGE: Final = 30


class Owner(NamedTuple):
    """Whose feed it is: a person, school, room or collection of ours."""

    id: int
    uri: str
    kind: Kind
    username: str
    name: str
    summary: str
    url: str
    created_at: datetime


class Page(NamedTuple):
    """`tags` has the hashtags of each post; `older` is where the next page begins, if there may be one."""

    posts: list[Card]
    tags: Mapping[int, Sequence[str]]
    older: int | None


# What is quiet is for those who follow, and the papers of a meeting are for those who came to it.
_is_listed: Final = and_(
    sight.visible(),
    Post.visibility == Visibility.PUBLIC,
    Post.in_reply_to_uri.is_(None),
    Post.paper.is_(None),
)


def _newest(*conditions: Any) -> Select[int]:
    return (
        select(Post.id)
        .where(*conditions, _is_listed, Post.id < bindparam("before"))
        .order_by(Post.id.desc())
        .limit(bindparam("limit"))
    )


OWNER: Final = (
    select(*(getattr(Actor, name) for name in Owner._fields))
    .where(Actor.handle_key == bindparam("handle"), Actor.local)
    .where(Actor.suspended_at.is_(None), Actor.deleted_at.is_(None))
    .where(Actor.kind != Kind.NODE, ~is_private_room())
)
# The node is there before everything that can be in a feed.
BEGAN: Final = select(Actor.created_at).where(Actor.uri == bindparam("node"))
BY_AUTHOR: Final = _newest(Post.author_id == bindparam("actor"))
# What a room has by a link alone is in its feed too. A post is in one of the two parts only.
_entries: Final = select(Post.id.label("entry")).where(_is_listed, Post.id < bindparam("before"))
IN_ROOM: Final = (
    _entries.where(Post.room_id == bindparam("room"))
    .union_all(_entries.join(Carried, and_(Carried.post_id == Post.id, Carried.room_id == bindparam("room"))))
    .order_by(desc("entry"))
    .limit(bindparam("limit"))
)
# The feeds of others' posts are with their servers.
WITH_TAG: Final = _newest(Post.local, Post.id.in_(select(PostTag.post_id).where(PostTag.name == bindparam("name"))))
ON_SUBJECT: Final = _newest(
    Post.local,
    Post.id.in_(
        select(ResourceTerm.post_id).where(
            ResourceTerm.kind == TermKind.SUBJECT, ResourceTerm.slug == bindparam("subject")
        )
    ),
)
TAGS: Final = (
    select(PostTag.post_id, PostTag.label)
    .where(PostTag.post_id.in_(bindparam("ids", expanding=True)))
    .order_by(PostTag.post_id, PostTag.name)
)


def owner(tx: Connection, *, handle: str) -> Owner | None:
    """The owner of a feed; nobody for the actors that have none. `handle` is folded, as `name@host`."""
    found = tx.execute(OWNER, {"handle": handle}).one_or_none()
    return Owner(*found) if found is not None else None


def began_at(tx: Connection, *, node: str) -> datetime:
    """Since when this node is there; a feed in which nothing is yet was last changed then."""
    return tx.scalar(BEGAN, {"node": node}) or datetime.fromtimestamp(0, UTC)


def of_owner(tx: Connection, of: Owner, *, before: int = NEWEST) -> Page:
    """What somebody wrote, what was written into a room, or what is in a collection."""
    if of.kind is Kind.SERVICE:
        # All of it is one page, and what came last stands first.
        shown = anthologies.newest(tx, anthology_id=of.id)
        return Page(cards(tx, shown, viewer=None), tags(tx, shown), None)
    if of.kind is Kind.GROUP:
        return _page(tx, IN_ROOM, room=of.id, before=before)
    return _page(tx, BY_AUTHOR, actor=of.id, before=before)


def with_tag(tx: Connection, *, name: str, before: int = NEWEST) -> Page:
    """What was written here with a hashtag, in its folded form."""
    return _page(tx, WITH_TAG, name=name, before=before)


def on_subject(tx: Connection, *, slug: str, before: int = NEWEST) -> Page:
    """Resources of this node for a school subject."""
    return _page(tx, ON_SUBJECT, subject=slug, before=before)


def tags(tx: Connection, ids: Sequence[int]) -> defaultdict[int, list[str]]:
    """The hashtags of each of these posts, as they were written."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for post_id, label in tx.execute(TAGS, {"ids": list(ids)}) if ids else ():
        found[post_id].append(label)
    return found


def _page(tx: Connection, statement: Select[int] | CompoundSelect[int], **values: Any) -> Page:
    ids = list(tx.scalars(statement, values | {"viewer": sight.NOBODY, "limit": PAGE + 1}))
    shown = ids[:PAGE]
    return Page(cards(tx, shown, viewer=None), tags(tx, shown), shown[-1] if len(ids) > PAGE else None)
