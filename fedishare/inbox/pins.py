"""Add and Remove: what actors elsewhere pin to their profiles."""

from typing import Final

from sqlalchemy import Connection

from fedishare.core import hosts
from fedishare.core.errors import Invalid
from fedishare.domain import markup
from fedishare.inbox.context import Context, Done, Ignored, Need, Outcome, Verified, Wanted
from fedishare.queries import known
from fedishare.services import pins

TAG: Final = "Hashtag"
LONGEST_TAG: Final = 100


def add_needs(tx: Connection, activity: Verified, _ctx: Context) -> tuple[Need, ...]:
    uri = activity.activity.object
    if (
        uri is None
        or _tag(activity) is not None
        or not _is_own_list(activity)
        or not hosts.same_origin(uri, activity.sender.uri)
    ):
        return ()
    is_wanted = known.is_followed_here(tx, actor_id=activity.sender.id) and known.post(tx, uri=uri) is None
    return (Need(Wanted.POST, uri),) if is_wanted else ()


def add(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """Only into one's own list, and only one's own posts; a room pins what is in the room. Tags stand there too."""
    label = _tag(activity)
    if label is not None:
        shown = pins.show_tag(tx, actor_id=activity.sender.id, label=label)
        return Done("tag") if shown else Ignored("was shown before, or they show enough")
    post_id = _pinned(tx, activity)
    if post_id is None:
        return Ignored("not a post of theirs into a list of theirs")
    try:
        pinned = pins.pin(tx, ctx.here, actor_id=activity.sender.id, post_id=post_id)
    except Invalid:
        return Ignored("they have pinned enough")
    return Done("pin") if pinned else Ignored("was pinned before")


def remove(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    label = _tag(activity)
    if label is not None:
        hidden = pins.hide_tag(tx, actor_id=activity.sender.id, label=label)
        return Done("tag taken down") if hidden else Ignored("was not shown")
    post_id = _pinned(tx, activity)
    if post_id is None:
        return Ignored("not a post of theirs out of a list of theirs")
    unpinned = pins.unpin(tx, ctx.here, actor_id=activity.sender.id, post_id=post_id)
    return Done("pin taken down") if unpinned else Ignored("was not pinned")


def _tag(activity: Verified) -> str | None:
    """The hashtag that Mastodon adds to the same list as posts."""
    inner = activity.activity.inner
    if inner is None or TAG not in inner.types or not _is_own_list(activity):
        return None
    return markup.text(inner.text("name") or "", limit=LONGEST_TAG).removeprefix("#")


def _pinned(tx: Connection, activity: Verified) -> int | None:
    post = known.post(tx, uri=activity.activity.object) if activity.activity.object else None
    if post is None or post.deleted_at is not None or not _is_own_list(activity):
        return None
    return post.id if activity.sender.id in {post.author_id, post.room_id} else None


def _is_own_list(activity: Verified) -> bool:
    return activity.sender.featured is not None and activity.activity.target == activity.sender.featured
