"""Rooms that are linked with rooms of ours: what their servers say of the link, and what they pass on through it."""

from typing import Final

from sqlalchemy import Connection

from fedishare.as2.types import Activity
from fedishare.core import hosts, json
from fedishare.core.json import Json
from fedishare.domain.kinds import Kind
from fedishare.inbox.context import Context, Done, Need, Outcome, Verified, Wanted
from fedishare.queries import known, outgoing
from fedishare.queries import links as linked
from fedishare.queries.known import ActorRow, Pair, PostRow
from fedishare.services import carrying, links, receipts

LONGEST_TYPE: Final = 100
OF_AUTHORS: Final = frozenset({"Create", "Update", "Delete"})
THROUGH_A_LINK: Final = str(Done("came by a link"))


def is_link(sender: ActorRow, other: ActorRow | None) -> bool:
    """Whether a follow is between two rooms (FEP-d36d)."""
    return other is not None and sender.kind is Kind.GROUP and other.kind is Kind.GROUP


def heard(tx: Connection, ctx: Context, *, room: ActorRow, by: ActorRow) -> None:
    """Another room follows ours."""
    if is_link(by, room):
        links.heard(tx, ctx.here, room_id=room.id, by_id=by.id)


def answered(tx: Connection, ctx: Context, pair: Pair, *, by: ActorRow) -> None:
    """Another room lets ours follow it."""
    if is_link(by, known.actor_by_id(tx, actor_id=pair.one)):
        links.answered(tx, ctx.here, room_id=pair.one, by_id=by.id)


def ended(tx: Connection, ctx: Context, *, ours: int, by: ActorRow) -> None:
    """Another room does not follow ours any more, or does not let ours follow it."""
    if is_link(by, known.actor_by_id(tx, actor_id=ours)):
        links.ended(tx, ctx.here, room_id=ours, by_id=by.id)


def show(tx: Connection, activity: Verified, ctx: Context, *, post_id: int) -> None:
    """A room elsewhere announced the address of a post that it has: the rooms of ours linked with it take it."""
    if activity.stored_as is None or activity.sender.kind is not Kind.GROUP:
        return
    for room_id in linked.ours_following(tx, room_id=activity.sender.id):
        name = activity.stored_as
        carrying.take(tx, ctx.here, room_id=room_id, post_id=post_id, activity_uri=name, is_bare=True)


def needs(tx: Connection, activity: Verified, inner: Activity) -> tuple[Need, ...]:
    """What nobody vouches for, as its own server has it: rooms of ours can pass that on whole."""
    if inner.type != "Create" or inner.id is None or not hosts.same_origin(inner.id, inner.actor):
        return ()
    is_here = outgoing.parcel(tx, inner.id) is not None
    if is_here or not linked.ours_following(tx, room_id=activity.sender.id):
        return ()
    return (Need(Wanted.ACTIVITY_IF_THERE, inner.id),)


def pass_along(
    tx: Connection, activity: Verified, inner: Activity, ctx: Context, *, done: Outcome, is_believed: bool
) -> None:
    """A room elsewhere passed on what happened to a post: the rooms of ours linked with it pass it on as well."""
    if activity.sender.kind is not Kind.GROUP or inner.id is None:
        return
    ours = linked.ours_following(tx, room_id=activity.sender.id)
    post = _about(tx, inner) if ours else None
    if post is None or not _is_so(tx, inner, post, done):
        return
    name = _kept(tx, activity, inner, ctx, is_believed=is_believed)
    if name is None:
        return
    step = carrying.take if inner.type == "Create" else carrying.follow_up
    for room_id in ours:
        step(tx, ctx.here, room_id=room_id, post_id=post.id, activity_uri=name)


def _about(tx: Connection, inner: Activity) -> PostRow | None:
    """The post that something happened to, or that somebody no longer likes."""
    uris = (inner.object, inner.inner.ref("object") if inner.inner is not None else None)
    found = (known.post(tx, uri=uri) for uri in uris if uri)
    return next((post for post in found if post is not None), None)


def _is_so(tx: Connection, inner: Activity, post: PostRow, done: Outcome) -> bool:
    """Whether what the other room says has happened; it may have reached us by another way before."""
    if inner.type in OF_AUTHORS:
        return post.author_uri == inner.actor and (inner.type == "Delete") == (post.deleted_at is not None)
    return isinstance(done, Done) or known.received(tx, uri=inner.id or "") is not None


def _kept(tx: Connection, activity: Verified, inner: Activity, ctx: Context, *, is_believed: bool) -> str | None:
    """Where the activity is kept for our rooms to pass on.

    What nobody vouches for but the room that announced it is passed on without what it says: with
    the address of the object alone, at which others look for themselves, as we did (F13).
    """
    if inner.id is None or outgoing.parcel(tx, inner.id) is not None:
        return inner.id
    author = known.actor(tx, uri=inner.actor)
    if author is None or author.local or activity.activity.inner is None:
        return None
    if not is_believed and inner.type not in OF_AUTHORS:
        return None
    data, name = dict(activity.activity.inner.data), inner.id
    if not is_believed:
        data, name = _by_address(data, inner), f"{inner.id}#{activity.sender.uri}"
    body = json.dumps(data)
    receipts.record(tx, uri=name, sender_id=author.id, kind=inner.type[:LONGEST_TYPE], body=body, at=ctx.now)
    receipts.settle(tx, uri=name, outcome=THROUGH_A_LINK)
    return name


def _by_address(data: dict[str, Json], inner: Activity) -> dict[str, Json]:
    kept = {name: data[name] for name in ("@context", "id", "type", "actor", "to", "cc", "audience") if name in data}
    return kept | {"object": inner.object}
