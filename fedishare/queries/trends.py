"""What is talked about: hashtags and posts of the last week that several people had to do with."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, distinct, exists, func, literal_column, select

from fedishare.core import ids
from fedishare.db.base import BigId, aliased
from fedishare.db.people import Actor, FeaturedTag
from fedishare.db.posts import Post, PostTag
from fedishare.domain.audience import OPEN, Visibility
from fedishare.queries import sight

LOOKED_BACK: Final = timedelta(days=7)
_BITS: Final = ids.WORKER_BITS + ids.SEQUENCE_BITS
_DAY: Final = 86_400_000


class Day(NamedTuple):
    """`number` counts from 1 January 1970."""

    number: int
    uses: int
    people: int


class Trend(NamedTuple):
    """A hashtag, folded and as it is written, with the days on which it was used, the latest first."""

    name: str
    label: str
    days: tuple[Day, ...]


_since: Final = bindparam("since", type_=BigId)
_writer = aliased(Actor)
_stands = exists().where(_writer.id == Post.author_id, _writer.suspended_at.is_(None))
# The day is in the id, so no time has to be read and cut.
_day = literal_column(f"((post.id / {1 << _BITS} + {int(ids.EPOCH.timestamp() * 1000)}) / {_DAY})", BigId).label("day")
USED: Final = (
    select(
        PostTag.name,
        func.min(PostTag.label),
        _day,
        func.count(),
        func.count(distinct(Post.author_id)),
        func.min(Post.author_id),
        func.max(Post.author_id),
    )
    .join(Post, Post.id == PostTag.post_id)
    .where(Post.id > _since, Post.visibility == Visibility.PUBLIC, Post.deleted_at.is_(None), _stands)
    .group_by(PostTag.name, _day)
)
_author = aliased(Actor)
LIKED: Final = (
    select(Post.id)
    .join(_author, _author.id == Post.author_id)
    .where(Post.id > _since, Post.visibility == Visibility.PUBLIC, Post.in_reply_to_uri.is_(None))
    # Whoever does not want to be found is not held up to everybody.
    .where(_author.discoverable, Post.likes_count + Post.boosts_count > 1, sight.visible())
    .order_by((Post.likes_count + Post.boosts_count).desc(), Post.id.desc())
    .offset(bindparam("skipped"))
    .limit(bindparam("limit"))
)
OWN: Final = (
    select(PostTag.name, func.min(PostTag.label))
    .join(Post, Post.id == PostTag.post_id)
    .where(Post.author_id == bindparam("actor"), Post.deleted_at.is_(None), Post.visibility.in_(OPEN))
    .where(~exists().where(FeaturedTag.actor_id == bindparam("actor"), FeaturedTag.name == PostTag.name))
    .group_by(PostTag.name)
    .order_by(func.count().desc(), PostTag.name)
    .limit(bindparam("limit"))
)


def tags(tx: Connection, *, now: datetime, most: int) -> list[Trend]:
    """The hashtags that most people used, and two at least. One statement."""
    found: dict[str, list[tuple[str, Day, int, int]]] = {}
    for name, label, day, uses, people, least, greatest in tx.execute(USED, {"since": _id(now - LOOKED_BACK)}):
        found.setdefault(name, []).append((label, Day(day, uses, people), least, greatest))
    shared = {
        name: Trend(name, rows[0][0], tuple(sorted((row[1] for row in rows), reverse=True)))
        for name, rows in found.items()
        if min(row[2] for row in rows) != max(row[3] for row in rows)
    }
    return sorted(shared.values(), key=_weight)[:most]


def posts(tx: Connection, *, viewer: int | None, now: datetime, offset: int, limit: int) -> Sequence[int]:
    """The public posts that were liked and boosted most, of people who want to be found."""
    values = {"since": _id(now - LOOKED_BACK), "viewer": viewer or sight.NOBODY, "skipped": offset, "limit": limit}
    return list(tx.scalars(LIKED, values))


def used_by(tx: Connection, *, actor_id: int, limit: int) -> list[tuple[str, str]]:
    """The hashtags that somebody uses most and does not show on their page: folded, and as they are written."""
    return [(row[0], row[1]) for row in tx.execute(OWN, {"actor": actor_id, "limit": limit})]


def _weight(trend: Trend) -> tuple[int, int, str]:
    return -sum(day.people for day in trend.days), -sum(day.uses for day in trend.days), trend.name


def _id(moment: datetime) -> int:
    return ids.milliseconds(moment) << _BITS
