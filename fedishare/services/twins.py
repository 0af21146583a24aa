"""The same thing sent twice: by an impatient finger, or by going back in the browser and sending the form once more."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from sqlalchemy import Boolean, Connection, bindparam, exists, select

from fedishare.core.here import Here
from fedishare.db.media import Media
from fedishare.db.people import Actor
from fedishare.db.polls import Poll
from fedishare.db.posts import Post
from fedishare.db.quotes import Quote
from fedishare.db.resources import ResourceFile
from fedishare.domain import markup
from fedishare.domain.audience import Visibility
from fedishare.services import posts
from fedishare.services.drafts import Draft

# Long enough for somebody who waits, looks and presses again.
MOMENT: Final = timedelta(minutes=2)
HOLD: Final = select(Actor.id).where(Actor.id == bindparam("author")).with_for_update()
ALIKE: Final = (
    select(Post.id, Post.room_id)
    .where(Post.author_id == bindparam("author"), Post.local, Post.deleted_at.is_(None))
    .where(Post.published_at >= bindparam("since"), Post.source == bindparam("text"))
    .where(Post.title.is_not_distinct_from(bindparam("title")))
    .where(Post.visibility == bindparam("visibility"))
    .where(Post.in_reply_to_id.is_not_distinct_from(bindparam("parent")))
    # The same words with a picture, or under a quote, were another post.
    .where(~exists().where(Media.post_id == Post.id), ~exists().where(Quote.post_id == Post.id))
    .where(exists().where(Poll.post_id == Post.id) == bindparam("is_poll", type_=Boolean()))
    .order_by(Post.id.desc())
    .limit(5)
)
FILES: Final = (
    select(ResourceFile.name, ResourceFile.sha256)
    .where(ResourceFile.post_id == bindparam("post"))
    .order_by(ResourceFile.position)
)


def once(
    tx: Connection,
    here: Here,
    *,
    author_id: int,
    draft: Draft,
    people: Mapping[str, int],
    write: Callable[..., int] = posts.publish,
) -> int:
    """Publish, unless the same author published the very same a moment ago: then that is the post."""
    # Of two at the same moment the second waits here until the first is to be seen.
    tx.execute(HOLD, {"author": author_id})
    twin = _twin(tx, here, author_id=author_id, draft=draft)
    return write(tx, here, author_id=author_id, draft=draft, people=people) if twin is None else twin


def _twin(tx: Connection, here: Here, *, author_id: int, draft: Draft) -> int | None:
    if draft.media or draft.quote is not None:
        return None  # Pictures are new each time they arrive, and cannot be compared.
    title = markup.text(draft.title, limit=posts.LONGEST_TITLE) if draft.title and draft.in_reply_to is None else None
    asked = {"author": author_id, "since": here.now() - MOMENT, "text": draft.text, "title": title}
    asked |= {"visibility": draft.visibility, "parent": draft.in_reply_to, "is_poll": draft.poll is not None}
    # The same words into another room are meant.
    alike = [row.id for row in tx.execute(ALIKE, asked) if draft.in_reply_to or row.room_id == _room(draft)]
    sent = [(file.name, file.sha256) for file in draft.resource.files] if draft.resource is not None else []
    return next((post for post in alike if [tuple(row) for row in tx.execute(FILES, {"post": post})] == sent), None)


def _room(draft: Draft) -> int | None:
    return None if draft.visibility in {Visibility.FOLLOWERS, Visibility.MENTIONED} else draft.room
