"""Likes and boosts from elsewhere, and the undoing of them."""

from sqlalchemy import Connection

from fedishare.core.errors import NotFound, Refused
from fedishare.domain.kinds import Kind, ReactionKind
from fedishare.inbox import reading
from fedishare.inbox.context import Context, Done, Ignored, Outcome, Verified
from fedishare.inbox.follows import UNDONE_FOR
from fedishare.queries import known, sight
from fedishare.queries.known import PostRow, ReactionRow
from fedishare.services import reactions, receipts, rooms, rulings
from fedishare.services.rulings import Ruling

KINDS = {
    "Like": ReactionKind.LIKE,
    "EmojiReact": ReactionKind.LIKE,
    "Dislike": ReactionKind.DISLIKE,
    "Announce": ReactionKind.BOOST,
}
PASSED_ON = frozenset({ReactionKind.LIKE, ReactionKind.DISLIKE})


def like(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """A like of a post that we have and its sender may see; an emoji counts as a plain like."""
    post = known.post(tx, uri=activity.activity.object) if activity.activity.object else None
    if post is None or not sight.may_see(tx, post_id=post.id, viewer=activity.sender.id):
        return Ignored("likes nothing we know")
    return add(tx, activity, ctx, post=post, kind=ReactionKind.LIKE)


def dislike(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """Nobody here sees it; but it takes back a like, and the members of a room elsewhere want to hear of it."""
    post = known.post(tx, uri=activity.activity.object) if activity.activity.object else None
    if post is None or not sight.may_see(tx, post_id=post.id, viewer=activity.sender.id):
        return Ignored("dislikes nothing we know")
    return add(tx, activity, ctx, post=post, kind=ReactionKind.DISLIKE)


def add(tx: Connection, activity: Verified, ctx: Context, *, post: PostRow, kind: ReactionKind) -> Outcome:
    uri = activity.activity.id or activity.stored_as
    if uri and receipts.was_undone(tx, uri=uri, since=ctx.now - UNDONE_FOR):
        return Ignored("it was undone before it came")
    at = reading.moment(activity.activity.published, now=ctx.now)
    try:
        added = reactions.add(tx, ctx.here, kind=kind, actor_id=activity.sender.id, post_id=post.id, uri=uri, at=at)
    except NotFound:
        return Ignored("the post is gone")
    if not added:
        return Ignored(f"the {kind.value} is known")
    if kind in PASSED_ON and activity.stored_as is not None:
        rooms.pass_on(tx, ctx.here, activity_uri=activity.stored_as, post_id=post.id)
    return Done(kind.value)


def undo(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """By the id of the reaction, else by what it reacted to; one that still has to come is remembered."""
    inner, uri = activity.activity.inner, activity.activity.object
    if inner is not None and (inner.ref("actor") or activity.sender.uri) != activity.sender.uri:
        raise Refused("Only those who did it can undo it.")
    found = _own(tx, activity)
    if found is None or not _remove(tx, ctx, found):
        if uri:
            receipts.remember_undone(tx, uri=uri, now=ctx.now)
        return Ignored("there was nothing to undo")
    if found.kind in PASSED_ON and activity.stored_as is not None:
        rooms.pass_on(tx, ctx.here, activity_uri=activity.stored_as, post_id=found.post_id)
    if found.kind is ReactionKind.BOOST and activity.sender.kind is Kind.GROUP:
        # A room that only boosts has no other word for taking a post out.
        uri = activity.activity.id or activity.stored_as or ""
        by = Ruling(room_id=activity.sender.id, by_id=None, uri=uri)
        rulings.remove(tx, ctx.here, by, post_id=found.post_id)
    return Done(f"{found.kind.value} undone")


def _own(tx: Connection, activity: Verified) -> ReactionRow | None:
    inner, uri = activity.activity.inner, activity.activity.object
    found = known.reaction(tx, uri=uri) if uri else None
    if found is not None:
        return found if found.actor_id == activity.sender.id else None
    target = inner.ref("object") if inner is not None else None
    post = known.post(tx, uri=target) if target else None
    kind = KINDS.get(inner.type) if inner is not None else None
    return ReactionRow(kind, activity.sender.id, post.id) if post is not None and kind is not None else None


def _remove(tx: Connection, ctx: Context, found: ReactionRow) -> bool:
    return reactions.remove(tx, ctx.here, kind=found.kind, actor_id=found.actor_id, post_id=found.post_id)
