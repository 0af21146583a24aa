"""Rooms: those that one is in and those of this node, what is said in one, and coming in and leaving.

A private room is as one that there is not for everybody but its members and those who are invited.
"""

from typing import Annotated, Final, Literal

import msgspec
from aiohttp import web
from msgspec import Meta
from sqlalchemy import Connection

from fedishare.api import acting, fields
from fedishare.api.calls import Answer, Call, nothing
from fedishare.api.entities import accounts, statuses
from fedishare.api.entities.accounts import Account
from fedishare.api.entities.rooms import Member, Room, RoomSummary
from fedishare.api.entities.statuses import Status
from fedishare.api.fields import Id
from fedishare.api.routes import Routes, Token
from fedishare.api.turning import turned
from fedishare.core import hosts
from fedishare.core.errors import NotFound
from fedishare.domain import markup, vocabularies
from fedishare.domain.kinds import Access, FollowState
from fedishare.http.keys import DATABASE, HERE
from fedishare.queries import people, rooms, rulings, timelines, visits
from fedishare.queries.people import Profile
from fedishare.queries.rooms import RoomLine, Terms
from fedishare.services import follows, handles, invitations, membership, rosters

LARGEST_VERSION: Final = (1 << 31) - 1
LONGEST_LINK: Final = 500
USUAL: Final = 20
MOST: Final = 40

routes: Final = Routes()


class RoomChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Which rooms."""

    show: Annotated[
        Literal["mine", "public"], Meta(description="The rooms you are in, here and elsewhere; or those of this node.")
    ] = "mine"


@routes.reads("GET", "/api/fedishare/v1/rooms", scope="read:follows")
def show_all(tx: Connection, call: Call, asked: RoomChoice) -> list[RoomSummary]:
    """The rooms you are in, or those of this node that are not private."""
    mine = rooms.mine(tx, actor_id=call.me)
    joined = {line.face.id for line in mine}
    shown = mine if asked.show == "mine" else rooms.public(tx)
    found = accounts.many(tx, call, [line.face.id for line in shown])
    unseen = visits.unseen(tx, viewer=call.me) if joined else {}
    return [_summary(line, found[line.face.id], joined, unseen) for line in shown if line.face.id in found]


def _summary(line: RoomLine, account: Account, joined: set[int], unseen: dict[int, visits.Counts]) -> RoomSummary:
    is_member, counts = line.face.id in joined, unseen.get(line.face.id)
    return RoomSummary(
        id=account.id,
        account=account,
        name=account.display_name,
        about=line.summary,
        members_count=line.members_count,
        is_private=line.is_private,
        is_member=is_member,
        unseen=(counts.total if counts is not None else 0) if is_member else None,
    )


class Door(msgspec.Struct, frozen=True):
    """A room, and how the viewer stands before it."""

    who: Profile
    terms: Terms
    following: FollowState | None

    @property
    def is_member(self) -> bool:
        return self.following is FollowState.ACCEPTED

    @property
    def is_open(self) -> bool:
        """Whether the viewer sees what is behind the door."""
        return self.terms.access is not Access.PRIVATE or self.is_member


def door(tx: Connection, call: Call, *, link: str | None = None) -> Door:
    """The room in the address. Raises NotFound for what is no room, and for one that the viewer is not to know of."""
    room_id, viewer = call.id(), call.viewer or 0
    terms = rooms.terms(tx, room_id=room_id, actor_id=viewer, now=call.now)
    if terms is None:
        raise nothing()
    try:
        who = people.by_id(tx, actor_id=room_id)
    except NotFound:
        raise nothing() from None
    found = Door(who, terms, people.relation(tx, viewer=viewer, other=room_id).following)
    if not found.is_open and not _is_welcome(tx, call, found, link):
        raise nothing()
    return found


def _is_welcome(tx: Connection, call: Call, found: Door, link: str | None) -> bool:
    """Whether somebody was invited into a private room. Only the room's own server knows the links into it."""
    if found.terms.is_invited:
        return True
    if not found.who.local:
        return bool(link) and hosts.same_origin(link or "", found.who.uri)
    return invitations.is_welcome(tx, call.here, room_id=found.who.id, actor_id=call.viewer or 0, link=link)


def inside(tx: Connection, call: Call) -> Door:
    """The same for what is behind the door: of a private room its members alone know of it."""
    found = door(tx, call)
    if not found.is_open:
        raise nothing()
    return found


class RoomWish(msgspec.Struct, frozen=True, kw_only=True):
    """With what somebody comes to the door."""

    link: Annotated[str, Meta(max_length=LONGEST_LINK, description="The link of an invitation.")] | None = None


@routes.reads("GET", "/api/fedishare/v1/rooms/{id}", scope="read:accounts", token=Token.MAYBE)
def show(tx: Connection, call: Call, asked: RoomWish) -> Room:
    """One room, its rules, and what you are in it."""
    return _room(tx, call, door(tx, call, link=asked.link))


def _room(tx: Connection, call: Call, found: Door) -> Room:
    room_id, terms, viewer = found.who.id, found.terms, call.viewer
    facts = rooms.facts(tx, room_id=room_id)
    is_known = found.is_member and viewer is not None
    role = rulings.role(tx, room_id=room_id, actor_id=viewer) if viewer is not None and found.who.local else None
    account = accounts.one(tx, call, room_id)
    return Room(
        id=account.id,
        account=account,
        name=account.display_name,
        about=account.note,
        access=terms.access,
        rules=terms.rules,
        rules_version=terms.rules_version,
        has_new_rules=is_known and bool(terms.rules) and terms.accepted_version != terms.rules_version,
        is_member=found.is_member,
        is_requested=found.following is FollowState.REQUESTED,
        is_invited=terms.is_invited,
        role=role,
        level=rooms.level(tx, room_id=room_id, actor_id=viewer) if is_known and viewer is not None else None,
        members_count=facts.members_count if found.is_open else 0,
        stewards=tuple(accounts.present(tx, call, [face.id for face in facts.stewards])) if found.is_open else (),
        topics=tuple(rooms.topics(tx, room_id=room_id)) if found.is_open else (),
    )


class RoomStatusChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Which of its conversations."""

    show: Literal["all", "resources", "talk", "questions", "unanswered", "news", "achievements"] = "all"
    level: Annotated[str, Meta(max_length=60, description="Of resources, those for a level: its slug.")] | None = None
    topic: Annotated[str, Meta(max_length=100, description="Those of one topic of the room.")] | None = None
    max_id: Annotated[Id, Meta(description="Those that are older than this.")] | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST)] = USUAL


@routes.reads("GET", "/api/fedishare/v1/rooms/{id}/statuses", scope="read:statuses", token=Token.MAYBE)
def show_statuses(tx: Connection, call: Call, asked: RoomStatusChoice) -> Annotated[Answer, list[Status]]:
    """What began the conversations of a room, of one kind, the newest first. The answers are in the context of each."""
    room_id = inside(tx, call).who.id
    level = asked.level if asked.show == "resources" and vocabularies.level(asked.level or "") else None
    cards = timelines.room(
        tx,
        room_id=room_id,
        viewer=call.viewer,
        kind=asked.show,
        level=level,
        topic=markup.fold_tag(asked.topic or "") or None,
        before=timelines.NEWEST if asked.max_id is None else fields.number(asked.max_id) or 0,
        limit=asked.limit,
    )
    found = statuses.present(tx, call, [card.id for card in cards])
    return turned(call, found, page=call.page(usual=USUAL), keys=[card.entry_id for card in cards])


@routes.runs("GET", "/api/fedishare/v1/rooms/{id}/members", scope="read:accounts")
async def show_members(request: web.Request, call: Call) -> list[Member]:
    """Who is in a room; for its members, and nobody else."""
    db = request.app[DATABASE]
    is_local, members = await db.read(_members, call)
    if not is_local:
        # What a room elsewhere told us may be old by now: the next look shows what it says then.
        await db.write(rosters.refresh, request.app[HERE], room_id=call.id())
    return members


def _members(tx: Connection, call: Call) -> tuple[bool, list[Member]]:
    found = door(tx, call)
    if not found.is_member:
        raise nothing()
    who = found.who
    lines = (
        rooms.members(tx, room_id=who.id, own_school=call.settings.name)
        if who.local
        else rooms.listed_members(tx, room_id=who.id)
    )
    return who.local, [
        Member(
            id=str(line.actor_id) if line.actor_id else None,
            uri=line.uri,
            handle=line.handle,
            name=line.name,
            school=line.school,
            role=line.role,
            is_local=line.local,
        )
        for line in lines
    ]


class NewMembership(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says at the door."""

    rules_version: (
        Annotated[int, Meta(ge=0, le=LARGEST_VERSION, description="Of the rules that they have read and accept.")]
        | None
    ) = None
    link: Annotated[str, Meta(max_length=LONGEST_LINK, description="The link of an invitation.")] | None = None


@routes.writes("POST", "/api/fedishare/v1/rooms/{id}/join", scope="write:follows")
def join(tx: Connection, call: Call, asked: NewMembership) -> Room:
    """Come into a room, or ask to be let in."""
    call, me = call.anew(), acting.me(tx, call)
    found = door(tx, call, link=asked.link)
    room_id = found.who.id
    if not found.is_member or found.terms.accepted_version != found.terms.rules_version:
        if call.who.is_as_handle:
            handles.follow(tx, call.here, handle_id=me, by_id=call.person, followee_id=room_id)
        else:
            version, link = asked.rules_version, asked.link or None
            membership.join(tx, call.here, room_id=room_id, actor_id=me, version=version, link=link)
    return _room(tx, call, door(tx, call, link=asked.link))


@routes.writes("POST", "/api/fedishare/v1/rooms/{id}/leave", scope="write:follows")
def leave(tx: Connection, call: Call) -> None:
    """Leave a room, or ask to be let in no more."""
    call, me = call.anew(), acting.me(tx, call)
    found = door(tx, call)
    follows.undo(tx, call.here, follower_id=me, followee_id=found.who.id)
