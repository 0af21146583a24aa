"""Who is in a private room of ours, told to the nodes of its members; and invitations into it."""

from typing import NamedTuple

from sqlalchemy import Connection

from fedishare.core import uris
from fedishare.domain.dialects import OURS
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import PublishMember, SendInvitation
from fedishare.outbox import activities
from fedishare.outbox.letters import Outgoing, inboxes_of, letter, named, send
from fedishare.queries import outgoing, parties, recipients
from fedishare.queries.parties import Who


class Facts(NamedTuple):
    room: Who
    person: Who
    inboxes: list[str]
    last: tuple[str, bytes] | None


async def publish(tools: Tools, job: PublishMember) -> None:
    """Add or Remove, by the room itself, for those servers that keep such a list: ours.

    Whoever came in is told too, for they know nobody yet; whoever left is not. Nothing is said twice.
    """
    facts = await tools.db.read(_load, job)
    kind = "Add" if job.entered else "Remove"
    if facts.last is not None and facts.last[0] == kind:
        return
    room, person = facts.room, facts.person
    said_before = (facts.last[1] if facts.last is not None else b"").decode()
    activity = activities.list_member(
        kind,
        uri=named(tools.here.uris, kind, uris.members(room.uri), person.uri, said_before),
        room=room.uri,
        person=person.uri,
        members=uris.members(room.uri),
        followers=room.followers or uris.followers(room.uri),
    )
    about = letter(activity, actor=room, object_uri=person.uri, public=False, at=tools.here.now())
    await send(tools, Outgoing(about, facts.inboxes))


def _load(tx: Connection, job: PublishMember) -> Facts:
    room, person = parties.both(tx, job.room_id, job.actor_id)
    members = recipients.members(tx, room_id=job.room_id, author_id=job.actor_id)
    inboxes = [member.inbox for member in members if (member.software or "").lower() == OURS]
    last = outgoing.latest(tx, actor_id=job.room_id, about=person.who.uri, types=("Add", "Remove"))
    return Facts(room.who, person.who, inboxes, last)


async def invite(tools: Tools, job: SendInvitation) -> None:
    """For the invited alone; what they take up is the invitation that is stored here."""
    room, person = await tools.db.read(parties.both, job.room_id, job.actor_id)
    now = tools.here.now()
    uri = named(tools.here.uris, "Invite", room.who.uri, person.who.uri, now.date().isoformat())
    activity = activities.invite(uri=uri, actor=room.who.uri, person=person.who.uri)
    about = letter(activity, actor=room.who, object_uri=person.who.uri, public=False, at=now)
    await send(tools, Outgoing(about, inboxes_of([person.who]), again=True))
