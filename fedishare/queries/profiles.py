"""Actors as apps show them, in one statement for any number of them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, and_, bindparam, case, func, select

from fedishare.db.base import aliased
from fedishare.db.follows import Follow
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.domain.audience import OPEN
from fedishare.domain.kinds import FollowState, Kind
from fedishare.queries.privacy import is_private_room


class ProfileRow(NamedTuple):
    """`moved_id` is the account that somebody moved to, where it is known here. Private rooms have no counts."""

    id: int
    uri: str
    kind: Kind
    username: str
    domain: str
    local: bool
    name: str
    summary: str
    url: str
    icon_url: str | None
    image_url: str | None
    fields: list[dict[str, Any]]
    locked: bool
    discoverable: bool
    indexable: bool
    created_at: datetime
    published_at: datetime | None
    suspended_at: datetime | None
    deleted_at: datetime | None
    is_private: bool
    moved_id: int | None
    posts_count: int
    followers_count: int
    following_count: int
    last_post_at: datetime | None

    @property
    def handle(self) -> str:
        return self.username if self.local else f"{self.username}@{self.domain}"


_COUNTED: Final = 6  # the fields at the end, which are no columns of their own
_successor: Final[Any] = aliased(Actor)
_followed: Final[Any] = aliased(Actor)
_open = and_(Post.author_id == Actor.id, Post.deleted_at.is_(None), Post.visibility.in_(OPEN))
# How many public posts an actor has, and how many accepted follows, for a statement about Actor.
POSTS: Final = select(func.count()).select_from(Post).where(_open).correlate(Actor).scalar_subquery()
_last = select(Post.published_at).where(_open).order_by(Post.id.desc()).limit(1).correlate(Actor).scalar_subquery()
FOLLOWED_BY: Final = (
    select(func.count())
    .select_from(Follow)
    .where(Follow.followee_id == Actor.id, Follow.state == FollowState.ACCEPTED)
    .correlate(Actor)
    .scalar_subquery()
)
FOLLOWS: Final = (
    select(func.count())
    .select_from(Follow)
    .join(_followed, _followed.id == Follow.followee_id)
    .where(Follow.follower_id == Actor.id, Follow.state == FollowState.ACCEPTED, ~is_private_room(_followed))
    .correlate(Actor)
    .scalar_subquery()
)
_private = case((is_private_room(), True), else_=False)
BY_IDS: Final = (
    select(
        *(getattr(Actor, name) for name in ProfileRow._fields[:-_COUNTED]),
        _private.label("is_private"),
        _successor.id.label("moved_id"),
        POSTS.label("posts_count"),
        case((is_private_room(), 0), else_=FOLLOWED_BY).label("followers_count"),
        FOLLOWS.label("following_count"),
        _last.label("last_post_at"),
    )
    .outerjoin(_successor, _successor.uri == Actor.moved_to)
    .where(Actor.id.in_(bindparam("ids", expanding=True)))
)


def by_ids(tx: Connection, ids: Iterable[int]) -> dict[int, ProfileRow]:
    """Those of these actors that are known here, gone and suspended ones included."""
    wanted = list(ids)
    if not wanted:
        return {}
    return {row[0]: ProfileRow._make(row) for row in tx.execute(BY_IDS, {"ids": wanted})}
