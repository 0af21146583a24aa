"""Hashtags and markers of somebody: what they follow, what they show, how far they read."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from fedishare.db.apps import Marker
from fedishare.db.base import BigId
from fedishare.db.follows import FollowedTag
from fedishare.db.people import FeaturedTag
from fedishare.db.posts import Post, PostTag
from fedishare.domain.audience import OPEN


class TagLine(NamedTuple):
    """A followed hashtag; `key` is what the list pages by."""

    key: int
    name: str
    label: str


class Shown(NamedTuple):
    """A hashtag that somebody shows, how many of their public posts have it, and when the last was written."""

    name: str
    label: str
    posts: int
    last_at: datetime | None


class Place(NamedTuple):
    timeline: str
    last_read_id: str
    version: int
    updated_at: datetime


_actor: Final = bindparam("actor", type_=BigId)
_page = (
    select(FollowedTag.id, FollowedTag.name, FollowedTag.label)
    .where(FollowedTag.actor_id == _actor)
    .where(FollowedTag.id < bindparam("before", type_=BigId), FollowedTag.id > bindparam("above", type_=BigId))
    .limit(bindparam("limit"))
)
FOLLOWED: Final = (_page.order_by(FollowedTag.id.desc()), _page.order_by(FollowedTag.id))
FOLLOWS: Final = select(FollowedTag.name).where(
    FollowedTag.actor_id == _actor, FollowedTag.name.in_(bindparam("names", expanding=True))
)
LABEL: Final = select(PostTag.label).where(PostTag.name == bindparam("named")).order_by(PostTag.post_id).limit(1)
_theirs = (
    select(Post.published_at, PostTag.name)
    .join(PostTag, PostTag.post_id == Post.id)
    .where(Post.author_id == _actor, Post.deleted_at.is_(None), Post.visibility.in_(OPEN))
    .subquery()
)
SHOWN: Final = (
    select(FeaturedTag.name, FeaturedTag.label, func.count(_theirs.c.published_at), func.max(_theirs.c.published_at))
    .outerjoin(_theirs, _theirs.c.name == FeaturedTag.name)
    .where(FeaturedTag.actor_id == _actor)
    .group_by(FeaturedTag.name, FeaturedTag.label)
    .order_by(FeaturedTag.name)
)
PLACES: Final = select(Marker.timeline, Marker.last_read_id, Marker.version, Marker.updated_at).where(
    Marker.actor_id == _actor, Marker.timeline.in_(bindparam("timelines", expanding=True))
)


def followed(tx: Connection, *, actor_id: int, before: int, above: int, limit: int, is_upward: bool) -> list[TagLine]:
    """The hashtags that somebody follows, newest first."""
    values = {"actor": actor_id, "before": before, "above": above, "limit": limit}
    rows = [TagLine._make(row) for row in tx.execute(FOLLOWED[is_upward], values)]
    return rows[::-1] if is_upward else rows


def follows(tx: Connection, *, actor_id: int, names: Iterable[str]) -> set[str]:
    """Which of these folded hashtags somebody follows."""
    wanted = list(names)
    return set(tx.scalars(FOLLOWS, {"actor": actor_id, "names": wanted})) if wanted else set()


def label(tx: Connection, *, name: str) -> str | None:
    """How a folded hashtag was written when it came here first."""
    found: str | None = tx.scalar(LABEL, {"named": name})
    return found


def shown(tx: Connection, *, actor_id: int) -> list[Shown]:
    return [Shown._make(row) for row in tx.execute(SHOWN, {"actor": actor_id})]


def places(tx: Connection, *, actor_id: int, timelines: Iterable[str]) -> list[Place]:
    wanted = list(timelines)
    if not wanted:
        return []
    return [Place._make(row) for row in tx.execute(PLACES, {"actor": actor_id, "timelines": wanted})]
