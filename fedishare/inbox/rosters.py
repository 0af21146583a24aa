"""A room elsewhere tells who is in it: its list of members, and who comes and goes."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection

from fedishare.as2.node import Node
from fedishare.core import hosts, uris
from fedishare.core.errors import Invalid, NotFound, Refused
from fedishare.domain import markup
from fedishare.domain.kinds import Kind
from fedishare.inbox import documents, trust
from fedishare.inbox.context import Context, Done, Ignored, Outcome, Verified
from fedishare.inbox.memory import Budget
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import FetchMembers
from fedishare.queries import known
from fedishare.services import invitations, notices, rosters
from fedishare.services.rosters import MOST, ForeignMember

LONGEST: Final = 200
ROLES: Final = frozenset({"owner", "moderator", "member"})


async def fetch(tools: Tools, job: FetchMembers) -> None:
    """The list as the room shows it to us. Raises Unreachable for later."""
    room = await tools.db.read(known.actor_by_id, actor_id=job.room_id)
    if room is None or room.local or room.is_gone or room.kind is not Kind.GROUP:
        return
    try:
        listed = await documents.fetch(tools, uris.members(room.uri), budget=Budget(2))
    except (Invalid, NotFound, Refused):
        # It is a room of another kind of server, or not for us.
        await tools.db.write(rosters.replace, room_id=room.id, members=())
        return
    members = {member.uri: member for member in _members(listed)}
    await tools.db.write(rosters.replace, room_id=room.id, members=tuple(members.values()))


async def room_of_link(tools: Tools, link: str) -> str:
    """Into which room a link of another node invites. Raises NotFound for one that is over, Invalid for any other."""
    found = await documents.fetch(tools, link, budget=Budget(2))
    room = found.ref("object")
    if found.type != "Invite" or room is None or not hosts.same_origin(room, link):
        raise Invalid("This link is no invitation into a room.")
    return room


def _members(collection: Node) -> Iterator[ForeignMember]:
    for line in collection.nodes("orderedItems", most=MOST):
        person = line.node("subject")
        if person is None or "id" not in person.data:
            continue
        try:
            uri = person.id()
            host = hosts.origin_of(uri).authority
        except Invalid:
            continue
        role = line.text("relationship", most=LONGEST) or ""
        yield ForeignMember(
            uri=uri,
            host=host,
            handle=markup.text(person.text("webfinger") or "", limit=LONGEST),
            name=markup.text(person.text("name") or "", limit=LONGEST),
            school=markup.text(person.text("schema:affiliation") or "", limit=LONGEST) or host,
            role=role if role in ROLES else "member",
        )


def is_about_members(activity: Verified) -> bool:
    """Whether a room says who came, or is gone."""
    sender = activity.sender
    return sender.kind is Kind.GROUP and activity.activity.target == uris.members(sender.uri)


def add(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    uri = activity.activity.object
    if uri is None or not known.is_followed_here(tx, actor_id=activity.sender.id):
        return Ignored("nobody here is in the room")
    rosters.enter(tx, ctx.here, room_id=activity.sender.id, uri=uri, host=hosts.origin_of(uri).authority)
    return Done("member of a room")


def remove(tx: Connection, activity: Verified, _ctx: Context) -> Outcome:
    if activity.activity.object is None:
        return Ignored("it does not say who")
    rosters.leave(tx, room_id=activity.sender.id, uri=activity.activity.object)
    return Done("no longer a member of a room")


def invite(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """A room elsewhere invites one of ours, who is told, and may take it up for a while."""
    room, said = activity.sender, activity.activity
    if room.kind is not Kind.GROUP or said.object != room.uri:
        return Ignored("nobody but a room invites into it")
    person = known.actor(tx, uri=said.target) if said.target is not None else None
    if person is None or not person.local or person.kind is not Kind.PERSON or person.deleted_at is not None:
        return Ignored("invites nobody here")
    if not trust.is_foreign(room.uri, ctx.here):
        return Ignored("the room is ours")
    invitations.invite(tx, ctx.here, room_id=room.id, by_id=None, actor_id=person.id)
    notices.tell_of_invitation(tx, ctx.here, room_id=room.id, actor_id=person.id)
    return Done("invitation into a room")
