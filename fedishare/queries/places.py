"""Where a post that somebody writes may go: the audience of what it answers, and the rooms that it names."""

from collections.abc import Collection
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, exists, select

from fedishare.db.follows import Follow
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import FollowState, Kind
from fedishare.queries import sight
from fedishare.queries.privacy import is_private_room


class Room(NamedTuple):
    id: int
    is_private: bool


ANSWERED: Final = select(Post.visibility).where(Post.id == bindparam("post"), sight.visible())
ROOMS: Final = (
    select(Actor.id, is_private_room().label("is_private"))
    .where(Actor.id.in_(bindparam("ids", expanding=True)), Actor.kind == Kind.GROUP, Actor.deleted_at.is_(None))
    .where(
        exists().where(
            Follow.follower_id == bindparam("actor"),
            Follow.followee_id == Actor.id,
            Follow.state == FollowState.ACCEPTED,
        )
    )
)


def answered(tx: Connection, *, post_id: int, viewer: int) -> Visibility | None:
    """Who may see a post; None where the viewer may not."""
    found = tx.scalar(ANSWERED, {"post": post_id, "viewer": viewer})
    return Visibility(found) if found is not None else None


def rooms(tx: Connection, ids: Collection[int], *, member: int) -> list[Room]:
    """Those of these actors that are rooms in which `member` is, in the order asked."""
    rows = tx.execute(ROOMS, {"ids": list(ids), "actor": member}) if ids else ()
    found = {row.id: Room(row.id, bool(row.is_private)) for row in rows}
    return [found[each] for each in ids if each in found]
