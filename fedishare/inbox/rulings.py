"""What moderators decide: in a room of ours, where they tell us themselves, and in a room elsewhere, which tells us.

A room is believed about itself. Who decided has to be one of its moderators, or of its own
server, or for a removal of the author's (fediverse.md 1.7); what they decide counts in that room alone.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from sqlalchemy import Connection

from fedishare.as2 import read
from fedishare.as2.node import Node
from fedishare.as2.types import Activity
from fedishare.core import hosts, uris
from fedishare.core.errors import Invalid, Refused
from fedishare.core.json import Json
from fedishare.domain import markup
from fedishare.domain.kinds import RulingKind
from fedishare.inbox import follows, pins, posts, rosters
from fedishare.inbox.context import Context, Done, Ignored, Need, Outcome, Verified, Wanted
from fedishare.queries import known
from fedishare.queries import rulings as decided
from fedishare.queries.rulings import Place, Room
from fedishare.services import rulings
from fedishare.services.rulings import LONGEST_REASON, Ruling

NO_RULING: Final = Ignored("it is no moderator of this room who says so")
NOT_IN_ROOM: Final = Ignored("what it is about is not in this room")
TAKES_BACK: Final = frozenset({"Delete", "Lock", "Block"})


class Case(NamedTuple):
    """One decision as it was read: about `post` or the actor `person`, by the actor `by`."""

    kind: RulingKind
    room: Room
    by: str
    post: Place | None
    person: str | None
    said: Activity
    data: Mapping[str, Json]


def of(tx: Connection, activity: Activity, data: Mapping[str, Json], *, room: Room) -> Case | None:
    """The decision about something in `room` that an activity is; nothing for all else, such as an author's own act."""
    undone = activity.inner if activity.type == "Undo" and activity.inner is not None else None
    if activity.type == "Undo" and (undone is None or undone.type not in TAKES_BACK):
        return None
    said = read.activity(undone) if undone is not None else activity
    source = undone.data if undone is not None else data
    kind = _kind(said, room, is_undone=undone is not None)
    if kind is None or said.object is None:
        return None
    if kind in {RulingKind.BAN, RulingKind.UNBAN, RulingKind.APPOINT, RulingKind.DISMISS}:
        return Case(kind, room, activity.actor, None, said.object, said, source)
    post = known.post(tx, uri=said.object)
    place = decided.place(tx, post_id=post.id, room_id=room.id) if post is not None else None
    if kind is RulingKind.REMOVE and not _is_removal(place, activity, source):
        return None
    return Case(kind, room, activity.actor, place, None, said, source)


_ACTS: Final[Mapping[str, tuple[RulingKind, RulingKind]]] = MappingProxyType(
    {
        "Delete": (RulingKind.REMOVE, RulingKind.RESTORE),
        "Lock": (RulingKind.LOCK, RulingKind.UNLOCK),
        "Block": (RulingKind.BAN, RulingKind.UNBAN),
    }
)


def _kind(said: Activity, room: Room, *, is_undone: bool) -> RulingKind | None:
    if said.type in _ACTS:
        return _ACTS[said.type][is_undone] if said.type != "Block" or said.target == room.uri else None
    if said.type not in {"Add", "Remove"} or said.target is None:
        return None
    lists = {
        room.moderators: (RulingKind.APPOINT, RulingKind.DISMISS),
        room.featured: (RulingKind.PIN, RulingKind.UNPIN),
        uris.answers(room.uri): (RulingKind.SETTLE, RulingKind.REOPEN),
    }
    pair = lists.get(said.target)
    return pair[said.type == "Remove"] if pair is not None else None


def _is_removal(place: Place | None, activity: Activity, data: Mapping[str, Json]) -> bool:
    """An author's own Delete has no summary, a moderator's has one, if only an empty one (fediverse.md 1.7)."""
    return place is not None and (place.author_uri != activity.actor or "summary" in data)


def may_rule(tx: Connection, case: Case) -> bool:
    """Whether the one who decided may. In a room of ours only those on our list may, wherever they live."""
    if decided.is_steward(tx, room_id=case.room.id, uri=case.by):
        return True
    if case.room.local:
        return False
    is_removal = case.kind in {RulingKind.REMOVE, RulingKind.RESTORE} and case.post is not None
    speaking = [case.room.uri, *([case.post.author_uri] if is_removal and case.post is not None else [])]
    return any(hosts.same_origin(case.by, uri) for uri in speaking)


def needs(tx: Connection, case: Case) -> tuple[Need, ...]:
    """A moderator of a room elsewhere whom we do not know as one: the room's own list says (FEP-1b12)."""
    if case.kind in {RulingKind.APPOINT, RulingKind.DISMISS}:
        return (Need(Wanted.STEWARDS, case.room.uri),)
    if may_rule(tx, case):
        return ()
    if known.actor(tx, uri=case.by) is None:
        return (Need(Wanted.ACTOR, case.by),)
    return (Need(Wanted.STEWARDS, case.room.uri),)


def apply(tx: Connection, ctx: Context, case: Case, *, uri: str, stored_as: str | None) -> Outcome:
    """Do in the room what was decided. `stored_as` is what a room of ours has to pass on."""
    if not case.room.local and case.kind in {RulingKind.APPOINT, RulingKind.DISMISS}:
        return Done("the moderators of a room")  # Its own list was read anew.
    if not may_rule(tx, case):
        return NO_RULING
    moderator = known.actor(tx, uri=case.by)
    by = Ruling(
        room_id=case.room.id,
        by_id=moderator.id if moderator is not None else None,
        uri=uri,
        stored_as=stored_as,
        reason=markup.text(markup.plain(case.said.content), limit=LONGEST_REASON),
    )
    try:
        if case.person is not None:
            return _about_person(tx, ctx, case, by)
        return _about_post(tx, ctx, case, by)
    except Invalid as error:
        return Ignored(str(error))


_POST_ACTS: Final[Mapping[RulingKind, Callable[..., bool]]] = MappingProxyType(
    {
        RulingKind.REMOVE: rulings.remove,
        RulingKind.RESTORE: rulings.restore,
        RulingKind.LOCK: rulings.lock,
        RulingKind.UNLOCK: rulings.unlock,
        RulingKind.PIN: rulings.pin,
        RulingKind.UNPIN: rulings.unpin,
        RulingKind.SETTLE: rulings.settle,
        RulingKind.REOPEN: rulings.reopen,
    }
)


def _about_post(tx: Connection, ctx: Context, case: Case, by: Ruling) -> Outcome:
    place = case.post
    if place is None or case.room.id not in {place.room_id, place.removed_from}:
        return NOT_IN_ROOM
    done = _POST_ACTS[case.kind](tx, ctx.here, by, post_id=place.post_id)
    return Done(f"{case.kind} in a room") if done else Ignored("it was so before")


def _about_person(tx: Connection, ctx: Context, case: Case, by: Ruling) -> Outcome:
    person = known.actor(tx, uri=case.person) if case.person is not None else None
    if person is None:
        return Ignored("nobody here knows whom it is about")
    try:
        match case.kind:
            case RulingKind.BAN:
                source = Node(case.data)
                until, with_posts = source.when("endTime") or source.when("expires"), source.flag("removeData")
                done = rulings.ban(tx, ctx.here, by, actor_id=person.id, until=until, with_posts=with_posts)
            case RulingKind.UNBAN:
                done = rulings.unban(tx, ctx.here, by, actor_id=person.id)
            case RulingKind.APPOINT:
                done = rulings.appoint(tx, ctx.here, by, actor_id=person.id)
            case _:
                done = rulings.dismiss(tx, ctx.here, by, actor_id=person.id)
    except Refused as error:
        return Ignored(str(error))
    return Done(f"{case.kind} in a room") if done else Ignored("it was so before")


def _here(tx: Connection, activity: Verified, *, room_id: int | None) -> Case | None:
    """What somebody decides in a room of ours, as they tell us themselves."""
    room = decided.room(tx, room_id=room_id) if room_id is not None else None
    return of(tx, activity.activity, activity.data, room=room) if room is not None and room.local else None


def _room_of_post(tx: Connection, uri: str | None, *, by: int) -> int | None:
    """The room of ours that has a post; of several the one that `by` looks after."""
    post = known.post(tx, uri=uri) if uri else None
    return decided.our_room_of(tx, post_id=post.id, viewer=by) if post is not None else None


def _room_at(tx: Connection, uri: str | None) -> int | None:
    room = known.actor(tx, uri=uri) if uri else None
    return room.id if room is not None and room.local else None


def _room_with_list(tx: Connection, uri: str | None) -> int | None:
    """The room of ours whose pins or moderators are listed at an address."""
    return _room_at(tx, uri.rpartition("/")[0]) if uri else None


def _ruled(tx: Connection, activity: Verified, ctx: Context, *, room_id: int | None) -> Outcome | None:
    """What became of it as a decision in a room of ours; nothing where it is none."""
    case = _here(tx, activity, room_id=room_id)
    if case is None:
        return None
    uri = activity.activity.id or activity.stored_as or ""
    return apply(tx, ctx, case, uri=uri, stored_as=activity.stored_as)


def delete(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """A moderator's, if it says why and is about something in a room of ours that they look after; else an author's."""
    if "summary" in activity.data:
        room_id = _room_of_post(tx, activity.activity.object, by=activity.sender.id)
        if room_id is not None and decided.role(tx, room_id=room_id, actor_id=activity.sender.id) is not None:
            ruled = _ruled(tx, activity, ctx, room_id=room_id)
            if ruled is not None:
                return ruled
    return posts.delete(tx, activity, ctx)


def about_post(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """Lock, and the taking back of a Lock or of a Delete."""
    said = activity.activity
    uri = said.inner.ref("object") if said.type == "Undo" and said.inner is not None else said.object
    room_id = _room_of_post(tx, uri, by=activity.sender.id)
    return _ruled(tx, activity, ctx, room_id=room_id) or Ignored("not about anything in a room of ours")


def block(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """With a target it is a ban: from a room of ours, or from somewhere else that has to tell us itself."""
    target = activity.activity.target
    if target is None:
        return follows.block(tx, activity, ctx)
    return _ruled(tx, activity, ctx, room_id=_room_at(tx, target)) or Ignored("a ban from something that is not ours")


def unblock(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    inner = activity.activity.inner
    target = inner.ref("target") if inner is not None else None
    if target is None:
        return follows.unblock(tx, activity, ctx)
    return _ruled(tx, activity, ctx, room_id=_room_at(tx, target)) or Ignored("a ban from something that is not ours")


def add(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    if rosters.is_about_members(activity):
        return rosters.add(tx, activity, ctx)
    ruled = _ruled(tx, activity, ctx, room_id=_room_with_list(tx, activity.activity.target))
    return ruled or pins.add(tx, activity, ctx)


def remove(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    if rosters.is_about_members(activity):
        return rosters.remove(tx, activity, ctx)
    ruled = _ruled(tx, activity, ctx, room_id=_room_with_list(tx, activity.activity.target))
    return ruled or pins.remove(tx, activity, ctx)


def reject(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """A room elsewhere does not take what one of ours wrote (F12); any other Reject answers a Follow."""
    uri = activity.activity.object or ""
    post = known.post(tx, uri=uri.removesuffix("/activity")) if uri.endswith("/activity") else None
    if post is None or not post.local:
        return follows.reject(tx, activity, ctx)
    room = activity.sender
    if room.id != post.room_id and room.uri not in {*post.addressed_to, *post.addressed_cc}:
        raise Refused("This was not written to you.")
    reason = markup.text(markup.plain(activity.activity.content), limit=LONGEST_REASON)
    done = rulings.refused(tx, ctx.here, room_id=room.id, post_id=post.id, reason=reason)
    return Done("a room did not take a post") if done else Ignored("it was so before")
