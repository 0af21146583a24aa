"""What a moderator of a room of ours decided, put into words: the room then passes it on like everything else."""

from typing import NamedTuple

from sqlalchemy import Connection

from fedishare.as2.write import Document
from fedishare.core import uris as addresses
from fedishare.core.errors import Invalid
from fedishare.domain.audience import OPEN, PUBLIC_IRI
from fedishare.domain.kinds import Access, RulingKind
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import PublishRuling, RefusePost
from fedishare.outbox import activities
from fedishare.outbox.letters import Outgoing, inboxes_of, letter, named, send
from fedishare.queries import outgoing, parties, privacy
from fedishare.queries.outgoing import PostRow
from fedishare.queries.parties import Party, Who

# What is said by taking back what was said before, under the id of that.
TAKES_BACK = {
    RulingKind.RESTORE: RulingKind.REMOVE,
    RulingKind.UNLOCK: RulingKind.LOCK,
    RulingKind.UNBAN: RulingKind.BAN,
}


class Facts(NamedTuple):
    room: Who
    moderator: Party
    post: PostRow | None
    person: Who | None
    is_private: bool = False

    @property
    def is_public(self) -> bool:
        return not self.is_private and (self.post is None or self.post.visibility in OPEN)


async def publish_ruling(tools: Tools, job: PublishRuling) -> None:
    """In the moderator's name, with their proof, for the room to wrap; and to whom it is about."""
    facts = await tools.db.read(_facts, job)
    if facts.post is not None and facts.post.deleted_at is not None:
        return
    activity = _said(facts, job)
    if job.kind in TAKES_BACK:
        cause = named(tools.here.uris, "Undo", job.uri, facts.post.uri if facts.post is not None else "")
        activity = activities.undo(activity, uri=cause)
    about = letter(
        activity,
        actor=facts.moderator.who,
        object_uri=_about(facts),
        public=facts.is_public,
        key=facts.moderator.key if facts.is_public or facts.is_private else None,
        at=tools.here.now(),
    )
    # Nobody has to be in a room to hear that they were banned from it.
    inboxes = inboxes_of([facts.person])
    await send(tools, Outgoing(about, inboxes, room_id=job.room_id, post_id=job.post_id))


async def refuse_post(tools: Tools, job: RefusePost) -> None:
    """Tell the author's server that a room of ours did not take a post (F12)."""
    room, author = await tools.db.read(parties.both, job.room_id, job.author_id)
    activity = activities.refuse(
        uri=named(tools.here.uris, "Reject", room.who.uri, job.activity_uri),
        room=room.who.uri,
        activity=job.activity_uri,
        author=author.who.uri,
        summary=job.reason,
    )
    about = letter(activity, actor=room.who, object_uri=job.activity_uri, public=False, at=tools.here.now())
    await send(tools, Outgoing(about, inboxes_of([author.who])))


def _facts(tx: Connection, job: PublishRuling) -> Facts:
    return Facts(
        room=parties.party(tx, job.room_id).who,
        moderator=parties.party(tx, job.by_id),
        post=outgoing.post_row(tx, job.post_id) if job.post_id is not None else None,
        person=parties.party(tx, job.actor_id).who if job.actor_id is not None else None,
        is_private=privacy.access(tx, room_id=job.room_id) is Access.PRIVATE,
    )


def _about(facts: Facts) -> str:
    return facts.post.uri if facts.post is not None else facts.person.uri if facts.person is not None else ""


def _said(facts: Facts, job: PublishRuling) -> Document:
    room, actor, about = facts.room, facts.moderator.who.uri, _about(facts)
    to = [PUBLIC_IRI] if facts.is_public else [_followers(room)]
    match TAKES_BACK.get(job.kind, job.kind):
        case RulingKind.REMOVE:
            return activities.take_out(
                uri=job.uri, actor=actor, post=about, to=to, audience=room.uri, summary=job.reason
            )
        case RulingKind.LOCK:
            return activities.lock(uri=job.uri, actor=actor, post=about, to=to, audience=room.uri, summary=job.reason)
        case RulingKind.BAN:
            return activities.ban(
                uri=job.uri,
                actor=actor,
                banned=about,
                room=room.uri,
                to=to,
                summary=job.reason,
                until=job.until,
                with_posts=job.with_posts,
            )
        case RulingKind.APPOINT | RulingKind.PIN | RulingKind.SETTLE as kind:
            return activities.list_in(
                "Add", uri=job.uri, actor=actor, thing=about, target=_list(room, kind), room=room.uri, to=to
            )
        case RulingKind.DISMISS | RulingKind.UNPIN | RulingKind.REOPEN as kind:
            return activities.list_in(
                "Remove", uri=job.uri, actor=actor, thing=about, target=_list(room, kind), room=room.uri, to=to
            )
        case _:
            raise Invalid(f"nobody can say {job.kind}")


def _followers(room: Who) -> str:
    return room.followers or addresses.followers(room.uri)


def _list(room: Who, kind: RulingKind) -> str:
    if kind in {RulingKind.SETTLE, RulingKind.REOPEN}:
        return addresses.answers(room.uri)
    is_pin = kind in {RulingKind.PIN, RulingKind.UNPIN}
    return addresses.featured(room.uri) if is_pin else addresses.moderators(room.uri)
