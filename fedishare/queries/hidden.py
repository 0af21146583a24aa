"""What a room's conversations do not show: answers that the room took out, or did not take."""

from typing import Any, Final

from sqlalchemy import ColumnElement, and_, exists, or_, select

from fedishare.db.base import aliased
from fedishare.db.posts import Post
from fedishare.db.rooms import Removal

_root: Final[Any] = aliased(Post)


def is_hidden() -> ColumnElement[bool]:
    """A condition on `Post`. The beginning of a conversation is never hidden in it: it is its author's, room or not.

    Of several rooms that have a conversation, the one that it is shown in decides, and no other.
    """
    room = select(_root.room_id).where(_root.id == Post.thread_id).correlate(Post).scalar_subquery()
    decides = or_(Post.room_id.is_(None), Removal.room_id == room)
    return exists().where(and_(Removal.post_id == Post.id, Post.id != Post.thread_id, decides))
