"""What a room's conversations do not show: answers that the room took out, or did not take."""

from sqlalchemy import ColumnElement, and_, exists

from fedishare.db.posts import Post
from fedishare.db.rooms import Removal


def is_hidden() -> ColumnElement[bool]:
    """A condition on `Post`. The beginning of a conversation is never hidden in it: it is its author's, room or not."""
    return exists().where(and_(Removal.post_id == Post.id, Post.id != Post.thread_id))
