"""The whole federated surface on one screen: which function answers which activity.

An entry is a plain function of a transaction. What must be fetched from elsewhere first is
named beside it (`needs`), and is fetched before the transaction begins.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection

from fedishare.as2.read import ACTORS
from fedishare.as2.types import Activity
from fedishare.domain.kinds import Kind
from fedishare.inbox import (
    anthologies,
    follows,
    handles,
    people,
    posts,
    quotes,
    reactions,
    reports,
    rooms,
    rosters,
    rulings,
)
from fedishare.inbox.context import Context, Entry, Ignored, Outcome, Verified
from fedishare.inbox.reading import POSTS

ANY: Final = "*"
ADDRESS_ONLY: Final = ""

CREATE: Final = Entry(posts.create, posts.create_needs, posts.prepare)
UPDATE: Final = Entry(posts.update, posts.update_needs, posts.prepare)
ANNOUNCE: Final = Entry(rooms.announce, rooms.announce_needs)
PASS_ALONG: Final = Entry(rooms.pass_along, rooms.pass_along_needs, rooms.prepare)
PROFILE: Final = Entry(people.update, people.update_needs)
OFFER: Final = Entry(handles.offer, handles.offer_needs)
UNLIKE: Final = Entry(reactions.undo)
UNFOLLOW: Final = Entry(follows.unfollow)


def _undo_by_id(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """Only the id came: whatever of the sender's bears it is undone."""
    steps = (reactions.undo, follows.unblock, follows.unfollow)
    outcomes = (step(tx, activity, ctx) for step in steps)
    return next((found for found in outcomes if not isinstance(found, Ignored)), Ignored("there was nothing to undo"))


def _invite(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """A room invites to join it, a shared handle to run it."""
    return (rosters.invite if activity.sender.kind is Kind.GROUP else handles.invite)(tx, activity, ctx)


def _accept_by_id(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """Only the id of what is answered came: it is a request to quote, or else to follow."""
    return (quotes.accept if quotes.is_answer(tx, activity) else follows.accept)(tx, activity, ctx)


def _reject_by_id(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """Also of a post, by a room that did not take it."""
    return (quotes.reject if quotes.is_answer(tx, activity) else rulings.reject)(tx, activity, ctx)


TABLE: Final[Mapping[tuple[str, str], Entry]] = MappingProxyType(
    {
        ("Follow", ANY): Entry(follows.follow, follows.follow_needs),
        ("Join", ANY): Entry(follows.join, follows.follow_needs),
        ("Leave", ANY): Entry(follows.leave),
        ("Accept", ANY): Entry(follows.accept),
        ("Reject", ANY): Entry(follows.reject),
        ("Accept", ADDRESS_ONLY): Entry(_accept_by_id),
        ("Reject", ADDRESS_ONLY): Entry(_reject_by_id),
        ("Accept", "QuoteRequest"): Entry(quotes.accept),
        ("Reject", "QuoteRequest"): Entry(quotes.reject),
        ("Reject", "Create"): Entry(rulings.reject),
        ("Invite", ANY): Entry(_invite),
        ("Accept", "Invite"): Entry(handles.answer),
        ("Reject", "Invite"): Entry(handles.answer),
        ("Undo", "Invite"): Entry(handles.end),
        **{("Offer", kind): OFFER for kind in ("Note", "Like", "Announce", "Delete", "Undo")},
        ("Undo", "Offer"): Entry(handles.withdraw),
        ("Accept", "Offer"): Entry(handles.settle),
        ("Reject", "Offer"): Entry(handles.settle),
        ("QuoteRequest", ANY): Entry(quotes.request, quotes.request_needs, quotes.prepare),
        ("Block", ANY): Entry(rulings.block),
        ("Lock", ANY): Entry(rulings.about_post),
        ("Undo", "Follow"): UNFOLLOW,
        ("Undo", "Join"): UNFOLLOW,
        ("Undo", "Accept"): Entry(follows.unaccept),
        ("Undo", "Block"): Entry(rulings.unblock),
        ("Undo", "Lock"): Entry(rulings.about_post),
        ("Undo", "Delete"): Entry(rulings.about_post),
        ("Undo", "Like"): UNLIKE,
        ("Undo", "EmojiReact"): UNLIKE,
        ("Undo", "Dislike"): UNLIKE,
        ("Undo", "Announce"): UNLIKE,
        ("Undo", ADDRESS_ONLY): Entry(_undo_by_id),
        ("Create", ADDRESS_ONLY): CREATE,
        **{("Create", kind): CREATE for kind in POSTS},
        ("Update", ADDRESS_ONLY): UPDATE,
        **{("Update", kind): UPDATE for kind in POSTS},
        **{("Update", kind): PROFILE for kind in ACTORS},
        ("Delete", ANY): Entry(rulings.delete),
        ("Announce", ADDRESS_ONLY): ANNOUNCE,
        **{("Announce", kind): ANNOUNCE for kind in POSTS},
        **{("Announce", kind): PASS_ALONG for kind in sorted(rooms.PASSED_ON.keys() | rooms.RULED)},
        ("Like", ANY): Entry(reactions.like),
        ("EmojiReact", ANY): Entry(reactions.like),
        ("Dislike", ANY): Entry(reactions.dislike),
        ("Add", ANY): Entry(anthologies.add, anthologies.add_needs),
        ("Remove", ANY): Entry(anthologies.remove),
        ("Move", ANY): Entry(people.move, people.move_needs),
        ("Flag", ANY): Entry(reports.flag),
    }
)


def find(activity: Activity) -> Entry | None:
    kinds = activity.inner.types if activity.inner is not None else ()
    names = [(activity.type, kind) for kind in (*kinds, *(() if kinds else (ADDRESS_ONLY,)), ANY)]
    return next((TABLE[name] for name in names if name in TABLE), None)


def name_of(activity: Activity) -> str:
    """What an activity is called where we do not act on it."""
    return f"{activity.type} {activity.object_type}".strip()[:100]
