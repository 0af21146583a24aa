"""Follow, Accept, Reject and Block, and the undoing of them, as other servers send them."""

from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from fedishare.as2.node import Node
from fedishare.core.errors import Refused
from fedishare.domain.kinds import Access, Kind
from fedishare.inbox import links
from fedishare.inbox.context import Context, Done, Ignored, Need, Outcome, Verified, Wanted
from fedishare.queries import known, privacy
from fedishare.queries.known import ActorRow, Pair
from fedishare.services import follows, receipts

# How long we remember that something was undone before it came, as Mastodon does (SEQ-03).
UNDONE_FOR: Final = timedelta(hours=6)


def follow_needs(tx: Connection, activity: Verified, _ctx: Context) -> tuple[Need, ...]:
    """What somebody's server runs, before they may be in a private room (decision F15)."""
    room = _one_of_ours(tx, activity.activity.object)
    if room is None or room.kind is not Kind.GROUP or privacy.access(tx, room_id=room.id) is not Access.PRIVATE:
        return ()
    if privacy.is_discreet(tx, host=activity.sender.host) is not None:
        return ()
    return (Need(Wanted.SOFTWARE, activity.sender.uri),)


def follow(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """Someone elsewhere asks to follow one of ours.

    A repeat is answered again, because our first Accept may never have arrived.
    """
    followee = _one_of_ours(tx, activity.activity.object)
    if followee is None or followee.kind is Kind.NODE:
        return Ignored("follows nobody here")
    uri = activity.activity.id or activity.stored_as
    if uri and receipts.was_undone(tx, uri=uri, since=ctx.now - UNDONE_FOR):
        return Ignored("it was undone before it came")
    who, whom = activity.sender.id, followee.id
    is_new = known.follow_between(tx, follower_id=who, followee_id=whom) is None
    try:
        link = Node(activity.data).ref("instrument")
        state = follows.request(tx, ctx.here, follower_id=who, followee_id=whom, uri=uri, link=link)
    except Refused:
        # Blocked, or moved away: without an answer they would show for ever that they asked.
        follows.refuse(tx, ctx.here, follower_id=activity.sender.id, followee_id=followee.id, uri=uri or "")
        return Done("follow refused")
    if is_new:
        links.heard(tx, ctx, room=followee, by=activity.sender)
    return Done(f"follow {state.value}")


def join(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """Some servers join a group where others follow it (F12)."""
    room = _one_of_ours(tx, activity.activity.object)
    if room is None or room.kind is not Kind.GROUP:
        return Ignored("there is no such room here")
    return follow(tx, activity, ctx)


def leave(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    room = _one_of_ours(tx, activity.activity.object)
    if room is None:
        return Ignored("there is no such room here")
    left = follows.undo(tx, ctx.here, follower_id=activity.sender.id, followee_id=room.id)
    if left:
        links.ended(tx, ctx, ours=room.id, by=activity.sender)
    return Done("follow undone") if left else Ignored("was not in it")


def unfollow(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """By what was followed, else by the id of the Follow; one that still has to come is remembered."""
    _refuse_others(activity)
    pair = _own_follow(tx, activity)
    if pair is not None and follows.undo(tx, ctx.here, follower_id=pair.one, followee_id=pair.other):
        links.ended(tx, ctx, ours=pair.other, by=activity.sender)
        return Done("follow undone")
    if activity.activity.object:
        receipts.remember_undone(tx, uri=activity.activity.object, now=ctx.now)
    return Ignored("did not follow")


def _own_follow(tx: Connection, activity: Verified) -> Pair | None:
    inner = activity.activity.inner
    followee = _one_of_ours(tx, inner.ref("object")) if inner else None
    if followee is not None:
        return Pair(activity.sender.id, followee.id)
    pair = known.follow(tx, uri=activity.activity.object) if activity.activity.object else None
    return pair if pair is not None and pair.one == activity.sender.id else None


def accept(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """Only the one who was asked can answer, and only what was asked (ORG-08, ORG-09)."""
    pair = _asked(tx, activity)
    if pair is None:
        return Ignored("nobody here asked")
    accepted = follows.accept(tx, ctx.here, follower_id=pair.one, followee_id=pair.other)
    if accepted:
        links.answered(tx, ctx, pair, by=activity.sender)
    return Done("follow accepted") if accepted else Ignored("was accepted before")


def reject(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """A refusal, or the end of a follow that was accepted once."""
    pair = _asked(tx, activity)
    if pair is None:
        return Ignored("nobody here asked")
    rejected = follows.reject(tx, ctx.here, follower_id=pair.one, followee_id=pair.other)
    if rejected:
        links.ended(tx, ctx, ours=pair.one, by=activity.sender)
    return Done("follow rejected") if rejected else Ignored("did not follow")


def _asked(tx: Connection, activity: Verified) -> Pair | None:
    """Which of our people asked the sender: by the id of our Follow, else by who follows whom in it.

    The ids under which other servers answer collide, so they say nothing (M19).
    """
    said = activity.activity
    pair = known.follow(tx, uri=said.object) if said.object else None
    if pair is None and said.inner is not None and said.inner.ref("object") == activity.sender.uri:
        follower = _one_of_ours(tx, said.inner.ref("actor"))
        if follower is not None:
            pair = known.follow_between(tx, follower_id=follower.id, followee_id=activity.sender.id)
    return pair if pair is not None and pair.other == activity.sender.id else None


def unaccept(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """The followee takes an Accept back, which is a rejection that comes late."""
    _refuse_others(activity)
    inner = activity.activity.inner
    asked = inner.node("object") if inner else None
    follower = _one_of_ours(tx, asked.ref("actor")) if asked else None
    pair = known.follow(tx, uri=inner.ref("object") or "") if inner else None
    if follower is not None:
        pair = known.follow_between(tx, follower_id=follower.id, followee_id=activity.sender.id)
    if pair is None or pair.other != activity.sender.id:
        return Ignored("nobody here asked")
    if follows.reject(tx, ctx.here, follower_id=pair.one, followee_id=pair.other):
        links.ended(tx, ctx, ours=pair.one, by=activity.sender)
    return Done("follow rejected")


def block(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    blocked = _one_of_ours(tx, activity.activity.object)
    if blocked is None:
        return Ignored("blocks nobody here")
    uri = activity.activity.id or activity.stored_as
    if uri and receipts.was_undone(tx, uri=uri, since=ctx.now - UNDONE_FOR):
        return Ignored("it was undone before it came")
    follows.block(tx, ctx.here, blocker_id=activity.sender.id, blocked_id=blocked.id, uri=uri)
    return Done("block")


def unblock(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    _refuse_others(activity)
    said = activity.activity
    blocked = _one_of_ours(tx, said.inner.ref("object")) if said.inner else None
    pair = Pair(activity.sender.id, blocked.id) if blocked else known.block(tx, uri=said.object or "")
    if pair is None or pair.one != activity.sender.id:
        if said.object:
            receipts.remember_undone(tx, uri=said.object, now=ctx.now)
        return Ignored("blocked nobody here")
    undone = follows.unblock(tx, ctx.here, blocker_id=pair.one, blocked_id=pair.other)
    if not undone and said.object:
        receipts.remember_undone(tx, uri=said.object, now=ctx.now)
    return Done("block undone") if undone else Ignored("blocked nobody here")


def _one_of_ours(tx: Connection, uri: str | None) -> ActorRow | None:
    found = known.actor(tx, uri=uri) if uri else None
    return found if found is not None and found.local and found.deleted_at is None else None


def _refuse_others(activity: Verified) -> None:
    """Nobody undoes what somebody else did."""
    inner = activity.activity.inner
    if inner is not None and (inner.ref("actor") or activity.sender.uri) != activity.sender.uri:
        raise Refused("Only those who did it can undo it.")
