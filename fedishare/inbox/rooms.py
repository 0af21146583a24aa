"""Announcements: a boost by a person, or a room that passes on what happened in it (FEP-1b12)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection

from fedishare.as2 import read
from fedishare.as2.types import Activity
from fedishare.core import hosts
from fedishare.core.errors import Refused
from fedishare.domain.audience import OPEN, Visibility
from fedishare.domain.kinds import Kind, ReactionKind
from fedishare.inbox import links, posts, reactions, reading, rulings, trust
from fedishare.inbox.context import Apply, Context, Done, Ignored, Need, Outcome, Verified, Wanted
from fedishare.inbox.rulings import Case
from fedishare.queries import known, sight
from fedishare.queries import rulings as decided
from fedishare.queries.known import PostRow
from fedishare.services import nodes, papers, rooms
from fedishare.services.drafts import ForeignPost

# What a room may pass on, and who then does it. An Announce inside an Announce leads nowhere (DOS-17).
PASSED_ON: Final[Mapping[str, Apply]] = MappingProxyType(
    {
        "Create": posts.create,
        "Update": posts.update,
        "Delete": posts.delete,
        "Like": reactions.like,
        "EmojiReact": reactions.like,
        "Dislike": reactions.dislike,
        "Undo": reactions.undo,
    }
)
# What only moderators do; and a room's own page, which is fetched.
RULED: Final = frozenset({"Lock", "Block", "Add", "Remove"})
# What can be fetched from its own server when the room cannot vouch for it: the post that it is
# about, or the activity itself (F13).
FETCHED: Final[Mapping[str, Wanted]] = MappingProxyType(
    {
        "Create": Wanted.POST,
        "Update": Wanted.POST_AGAIN,
        "Delete": Wanted.POST_AGAIN,
        "Like": Wanted.ACTIVITY,
        "EmojiReact": Wanted.ACTIVITY,
        "Dislike": Wanted.ACTIVITY,
        "Undo": Wanted.ACTIVITY,
    }
)

CANNOT_BELIEVE: Final = Ignored("its author cannot be believed through this room")


def announce_needs(tx: Connection, activity: Verified, ctx: Context) -> tuple[Need, ...]:
    """Only the address of what is announced is used, whatever came along (ORG-11)."""
    uri = activity.activity.object
    if uri is None or not trust.is_foreign(uri, ctx.here) or known.post(tx, uri=uri) is not None:
        return ()
    return (Need(Wanted.POST, uri),) if known.is_followed_here(tx, actor_id=activity.sender.id) else ()


def announce(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    post = known.post(tx, uri=activity.activity.object) if activity.activity.object else None
    if post is None or post.deleted_at is not None or not _may_know(tx, activity, post):
        return Ignored("nobody here follows the one who announces it, or it cannot be fetched")
    links.show(tx, activity, ctx, post_id=post.id)
    return _approve(tx, activity, ctx, post)


def _may_know(tx: Connection, activity: Verified, post: PostRow) -> bool:
    """Whoever cannot see a post does not learn from our answer that it is there (VIS-01)."""
    if post.visibility in OPEN or (post.visibility is Visibility.ROOM and activity.sender.kind is Kind.GROUP):
        return True
    return sight.may_see(tx, post_id=post.id, viewer=activity.sender.id)


def prepare(activity: Verified, ctx: Context) -> ForeignPost | Ignored | None:
    """Read and clean the post inside the activity inside. Whose it is shows later."""
    inner = _inner(activity)
    if inner is None or inner.inner is None or inner.type not in {"Create", "Update"}:
        return None
    if inner.inner.type not in reading.POSTS or not _is_its_actors(inner, ctx):
        return None
    post = reading.post(inner.inner, now=ctx.now, activity=inner)
    return None if reading.is_empty(post) else post


def pass_along_needs(tx: Connection, activity: Verified, ctx: Context) -> tuple[Need, ...]:
    """The inner actor, to see whether to believe them; else what it is about, from its own server (F13)."""
    inner = _inner(activity)
    if inner is None or not _is_welcome(tx, activity, inner, ctx):
        return ()
    if _is_about_the_room(inner, activity):
        return (Need(Wanted.ACTOR_AGAIN, activity.sender.uri),)
    case = _ruling(tx, activity, inner)
    return rulings.needs(tx, case) if case is not None else _inner_needs(tx, activity, inner, ctx)


def _inner_needs(tx: Connection, activity: Verified, inner: Activity, ctx: Context) -> tuple[Need, ...]:
    if inner.type not in PASSED_ON:
        return ()
    if known.actor(tx, uri=inner.actor) is None:
        return (Need(Wanted.ACTOR, inner.actor),)
    wanted = FETCHED[inner.type]
    uri = inner.id if wanted is Wanted.ACTIVITY else inner.object
    if uri is None or not trust.is_foreign(uri, ctx.here) or not _matters(tx, inner):
        return ()
    is_believed = _is_complete(inner, ctx) and trust.announced(tx, activity, ctx) is not None
    is_known = wanted is Wanted.POST and known.post(tx, uri=uri) is not None
    needs = () if is_believed or is_known else (Need(wanted, uri),)
    return needs if is_believed else (*needs, *links.needs(tx, activity, inner))


def _matters(tx: Connection, inner: Activity) -> bool:
    """Whether a reaction is to a post we have, and was not heard of before; of posts we want to know in any case."""
    if FETCHED[inner.type] is not Wanted.ACTIVITY:
        return True
    if inner.id is None or known.received(tx, uri=inner.id) is not None:
        return False
    targets = (inner.object, inner.inner.ref("object") if inner.inner is not None else None)
    return any(known.post(tx, uri=uri) is not None for uri in targets if uri)


def _is_welcome(tx: Connection, activity: Verified, inner: Activity, ctx: Context) -> bool:
    """Whether anything may be fetched for this: somebody here is in the room, and nothing of it is ours or blocked."""
    if inner.type not in PASSED_ON.keys() | RULED or not trust.is_foreign(inner.actor, ctx.here):
        return False
    if known.is_blocked(tx, hosts=[hosts.origin_of(inner.actor).host]):
        return False
    return known.is_followed_here(tx, actor_id=activity.sender.id)


def pass_along(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """A room passes on what a member did: that is done first, then the room has approved of it."""
    inner = _inner(activity)
    if inner is None or inner.type not in PASSED_ON.keys() | RULED:
        return Ignored("the room passes on something we do not act on")
    if not known.is_followed_here(tx, actor_id=activity.sender.id):
        return Ignored("nobody here is in the room")
    nodes.observe_threadiverse(tx, host=activity.sender.host)
    if _is_about_the_room(inner, activity):
        return Done("the room's page")
    case = _ruling(tx, activity, inner)
    if case is not None:
        uri = inner.id or activity.activity.id or activity.stored_as or ""
        return rulings.apply(tx, ctx, case, uri=uri, stored_as=None)
    return _pass_along(tx, activity, inner, ctx)


def _pass_along(tx: Connection, activity: Verified, inner: Activity, ctx: Context) -> Outcome:
    if inner.type not in PASSED_ON:
        return Ignored("the room passes on something we do not act on")
    believed = trust.announced(tx, activity, ctx)
    is_believed = believed is not None and _is_complete(inner, ctx)
    done = _do(tx, believed, ctx) if believed is not None and is_believed else _confirmed(tx, inner)
    # Before the room that announced it: where ours has a post too, it is ours that answers are written into.
    links.pass_along(tx, activity, inner, ctx, done=done, is_believed=is_believed)
    post = known.post(tx, uri=inner.object) if inner.object else None
    if inner.type != "Create" or post is None or post.deleted_at is not None:
        return done
    return _approve(tx, activity, ctx, post)


def _ruling(tx: Connection, activity: Verified, inner: Activity) -> Case | None:
    """What a moderator decided in the room that says so; a room is the best witness of what is in it."""
    room = decided.room(tx, room_id=activity.sender.id)
    data = activity.activity.inner.data if activity.activity.inner is not None else {}
    return rulings.of(tx, inner, data, room=room) if room is not None and not room.local else None


def _is_about_the_room(inner: Activity, activity: Verified) -> bool:
    """A moderator changed the room's page, which is then read where it is (ORG-20)."""
    return inner.type == "Update" and inner.object == activity.sender.uri


def _confirmed(tx: Connection, inner: Activity) -> Outcome:
    """What was fetched from its own address is done already."""
    row = known.received(tx, uri=inner.id) if inner.id else None
    return Done("what its own server says too") if row is not None else CANNOT_BELIEVE


def _do(tx: Connection, believed: Verified, ctx: Context) -> Outcome:
    try:
        return PASSED_ON[believed.activity.type](tx, believed, ctx)
    except Refused as error:
        # A room may pass on what only its moderators may do there; that is no reason to turn the room away.
        return Ignored(str(error))


def _approve(tx: Connection, activity: Verified, ctx: Context, post: PostRow) -> Outcome:
    if activity.sender.kind is not Kind.GROUP or not _may_file(activity, post):
        return reactions.add(tx, activity, ctx, post=post, kind=ReactionKind.BOOST)
    at = reading.moment(activity.activity.published, now=ctx.now)
    uri = activity.activity.id or activity.stored_as or ""
    filed = rooms.approve(tx, ctx.here, room_id=activity.sender.id, post_id=post.id, uri=uri, at=at)
    if filed and ctx.post is not None and ctx.post.paper is not None:
        papers.judge_later(tx, ctx.here, post_id=post.id)
    return Done("post in a room") if filed else Ignored("the room has it already")


def _is_complete(inner: Activity, ctx: Context) -> bool:
    """Whether all that the inner activity is about came with it."""
    return ctx.post is not None or inner.type not in {"Create", "Update"}


def _may_file(activity: Verified, post: PostRow) -> bool:
    """What our people write enters a room only if they sent it there; others may have said so in other words.

    What is for the members of one room is in no other, whatever that one says.
    """
    room = activity.sender
    if post.visibility is Visibility.ROOM and room.followers not in post.addressed_to:
        return False
    is_sent_there = room.id == post.room_id or room.uri in {*post.addressed_to, *post.addressed_cc}
    # What is in one room may be in those that it is linked with too.
    return not post.local or is_sent_there or (post.room_id is not None and room.kind is Kind.GROUP)


def _inner(activity: Verified) -> Activity | None:
    return read.activity(activity.activity.inner) if activity.activity.inner is not None else None


def _is_its_actors(inner: Activity, ctx: Context) -> bool:
    """Whether object, author and actor belong together, as they must in a direct Create too."""
    if inner.object is None or inner.inner is None or ctx.here.uris.is_ours(inner.object):
        return False
    author = inner.inner.ref("attributedTo") or inner.actor
    return author == inner.actor and hosts.same_origin(inner.object, inner.actor)
