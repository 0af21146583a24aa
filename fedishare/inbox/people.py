"""What actors elsewhere say of themselves: a changed profile, a move, a farewell."""

from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from fedishare.core import hosts
from fedishare.core.errors import Refused
from fedishare.domain.kinds import Access, Kind
from fedishare.inbox import trust
from fedishare.inbox.context import Context, Done, Ignored, Need, Outcome, Verified, Wanted
from fedishare.queries import known, privacy
from fedishare.queries.known import ActorRow
from fedishare.services import people

# Moving takes followers along, so nobody does it every day (ORG-10).
BETWEEN_MOVES: Final = timedelta(days=7)


def update_needs(tx: Connection, activity: Verified, _ctx: Context) -> tuple[Need, ...]:
    """What the activity says of its actor is not believed: the actor's own address is asked (ORG-20).

    One look is enough for all the updates that came before it (SEQ-08).
    """
    _refuse_others(activity)
    came = known.received(tx, uri=activity.stored_as) if activity.stored_as is not None else None
    if came is not None and activity.sender.fetched_at > came.at:
        return ()
    return (Need(Wanted.ACTOR_AGAIN, activity.sender.uri),)


def update(_tx: Connection, activity: Verified, _ctx: Context) -> Outcome:
    _refuse_others(activity)
    return Done("profile")


def _refuse_others(activity: Verified) -> None:
    if activity.activity.object != activity.sender.uri:
        raise Refused("Nobody changes somebody else's profile.")


def leave(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    people.remove(tx, actor_id=activity.sender.id, here=ctx.here)
    return Done("farewell")


def move_needs(tx: Connection, activity: Verified, ctx: Context) -> tuple[Need, ...]:
    target = activity.activity.target
    if target is None or _why_not(tx, activity, ctx, target) is not None:
        return ()
    needs = (Need(Wanted.ACTOR_AGAIN, activity.sender.uri),)
    # Whoever moves to us has said so here, in the settings.
    return needs if ctx.here.uris.is_ours(target) else (*needs, Need(Wanted.ACTOR_AGAIN, target))


def move(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """Followed only where both sides say so: the old actor names the new one, and the new one the old."""
    target = activity.activity.target
    if target is None:
        return Ignored("it does not say where to")
    why_not = _why_not(tx, activity, ctx, target)
    if why_not is not None:
        return Ignored(why_not)
    old, new = known.actor_by_id(tx, actor_id=activity.sender.id), known.actor(tx, uri=target)
    if old is None or new is None or new.is_gone:
        return Ignored("there is nobody at the new address")
    # The old account signed the Move itself; not every server writes it into the actor too (snac 2.94).
    if old.moved_to not in {None, new.uri} or old.uri not in new.also_known_as or new.moved_to is not None:
        return Ignored("the two accounts do not name each other")
    if not _are_alike(tx, old, new):
        return Ignored("a room moves to a room, and a private one to a private one")
    moved = people.move(tx, old_id=old.id, new_id=new.id, here=ctx.here)
    return Done(f"move of {moved}")


def _are_alike(tx: Connection, old: ActorRow, new: ActorRow) -> bool:
    """What was written for the members of a room alone comes into no other kind of room."""
    if Kind.GROUP not in {old.kind, new.kind}:
        return True
    return old.kind is new.kind and _is_private(tx, old.id) is _is_private(tx, new.id)


def _is_private(tx: Connection, room_id: int) -> bool:
    return privacy.access(tx, room_id=room_id) is Access.PRIVATE


def _names(tx: Connection, uri: str, old: str) -> bool:
    found = known.actor(tx, uri=uri)
    return found is not None and old in found.also_known_as


def _why_not(tx: Connection, activity: Verified, ctx: Context, target: str) -> str | None:
    if activity.activity.object != activity.sender.uri or target == activity.sender.uri:
        return "nobody moves somebody else"
    if not trust.is_foreign(target, ctx.here) and not _names(tx, target, activity.sender.uri):
        # Known without asking anybody.
        return "the two accounts do not name each other"
    if known.is_blocked(tx, hosts=[hosts.origin_of(target).host]):
        return "the new server is blocked"
    last = activity.sender.moved_at
    return "it moved only days ago" if last is not None and ctx.now < last + BETWEEN_MOVES else None
