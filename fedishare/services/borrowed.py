"""Files of other servers that are here for some of our people alone: forgotten once none of them may have them."""

from typing import Any, Final

from sqlalchemy import Connection, and_, bindparam, exists, or_, select, update

from fedishare.core.here import Here
from fedishare.db.base import aliased
from fedishare.db.follows import Follow
from fedishare.db.people import Actor
from fedishare.db.posts import Mention, Post
from fedishare.db.resources import ResourceFile
from fedishare.domain.audience import OPEN, Visibility
from fedishare.domain.kinds import FollowState
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import Forget

AT_ONCE: Final = 500

_ours: Final[Any] = aliased(Actor)
_follows: Final = and_(Follow.follower_id == _ours.id, _ours.local, Follow.state == FollowState.ACCEPTED)
# As queries.sight has it, but for anybody here. Who blocked whom is asked when somebody comes for the file.
_is_named: Final = exists().where(Mention.post_id == Post.id, Mention.actor_id == _ours.id, _ours.local)
_is_followed: Final = exists().where(_follows, Follow.followee_id == Post.author_id)
_has_member: Final = exists().where(_follows, Follow.followee_id == Post.room_id)
_is_needed: Final = or_(
    and_(Post.visibility != Visibility.ROOM, _is_named),
    and_(Post.visibility == Visibility.FOLLOWERS, _is_followed),
    and_(Post.visibility == Visibility.ROOM, _has_member),
)
UNNEEDED: Final = (
    select(ResourceFile.id, ResourceFile.storage_key)
    .join(Post, Post.id == ResourceFile.post_id)
    .where(ResourceFile.storage_key.is_not(None), ~Post.local, Post.visibility.not_in(OPEN), ~_is_needed)
    .limit(AT_ONCE)
)
RETURN: Final = (
    update(ResourceFile).where(ResourceFile.id.in_(bindparam("ids", expanding=True))).values(storage_key=None)
)


def give_back(tx: Connection, here: Here) -> None:
    """Forget the bytes; whoever may have the file again fetches it again."""
    rows = tx.execute(UNNEEDED).all()
    if rows:
        tx.execute(RETURN, {"ids": [row.id for row in rows]})
        enqueue(tx, Forget(tuple(row.storage_key for row in rows)), due=here.now())
