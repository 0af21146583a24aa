"""Pictures on posts of other servers that are not for everybody."""

from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, select

from fedishare.core.errors import NotFound
from fedishare.db.posts import Attachment, Post
from fedishare.domain.audience import OPEN
from fedishare.domain.kinds import AttachmentKind
from fedishare.queries import sight

ATTACHED: Final = (
    select(Attachment.kind, Attachment.url, Post.uri)
    .join(Post, Post.id == Attachment.post_id)
    .where(Post.id == bindparam("post"), ~Post.local, Post.visibility.not_in(OPEN), sight.visible())
    .order_by(Attachment.position)
)


class Distant(NamedTuple):
    url: str
    post_uri: str


def picture(tx: Connection, *, post_id: int, number: int, viewer: int) -> Distant:
    """What a post has in this place, counted from one, if it is a picture and `viewer` may see the post.

    Raises NotFound for every other, and for what is public: this node is nobody's proxy.
    """
    rows = tx.execute(ATTACHED, {"post": post_id, "viewer": viewer}).all()
    row = rows[number - 1] if 0 < number <= len(rows) else None
    if row is None or row.kind is not AttachmentKind.IMAGE:
        raise NotFound("There is no such picture, or it is not for you.")
    return Distant(row.url, row.uri)
