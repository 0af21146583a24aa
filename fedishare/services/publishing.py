"""What somebody wrote becomes a post with all that goes with it: the files it takes along, the draft that it was."""

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection

from fedishare.core.errors import Invalid, NotFound
from fedishare.core.here import Here
from fedishare.domain.audience import Visibility
from fedishare.queries import pages
from fedishare.services import handles, posts, saved, uploads
from fedishare.services.drafts import Change, Draft
from fedishare.services.saved import Seen


def publish(
    tx: Connection,
    here: Here,
    *,
    author_id: int,
    draft: Draft,
    people: Mapping[str, int],
    files: Sequence[str] = (),
    seen: Seen | None = None,
    owner_id: int | None = None,
    write: Callable[..., int] = posts.publish,
) -> int:
    """Publish a draft once, or do with it what `write` does. Raises Invalid or Refused with what its author can do.

    `files` are the keys of the uploads that it takes along; what was `seen` as a draft on the server is none any more.
    Both are those of `owner_id`, who wrote it, where that is not its author.
    """
    if draft.resource and pages.is_shared(tx, storage_keys=[file.storage_key for file in draft.resource.files]):
        raise Invalid("These files have been shared already: look at your page before you send them again.")
    if draft.visibility is Visibility.MENTIONED and draft.in_reply_to is None and not people:
        raise Invalid("Nobody would see this: name at least one person, such as @name@school.example.")
    try:
        post_id = write(tx, here, author_id=author_id, draft=draft, people=people)
    except NotFound as error:
        raise Invalid(str(error)) from error
    uploads.take(tx, here, owner_id=owner_id or author_id, keys=files, post_id=post_id)
    if seen is not None:
        saved.published(tx, owner_id=owner_id or author_id, seen=seen)
    return post_id


def rewrite(
    tx: Connection,
    here: Here,
    *,
    author_id: int,
    by_id: int,
    post_id: int,
    change: Change,
    people: Mapping[str, int],
    files: Sequence[str] = (),
) -> None:
    """Edit a post of `author_id`, who is `by_id` or a handle that they run; `files` are their uploads, new in it."""
    if author_id == by_id:
        posts.edit(tx, here, editor_id=by_id, post_id=post_id, change=change, people=people)
    else:
        handles.edit(tx, here, handle_id=author_id, by_id=by_id, post_id=post_id, change=change, people=people)
    uploads.take(tx, here, owner_id=by_id, keys=files, post_id=post_id)
