"""Something happened here, and others should know: one stored activity, and one delivery for each inbox.

One function for each job. Each reads in one passage, puts things into words outside any
transaction, and writes in one passage. Running it twice changes nothing.
"""

from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from sqlalchemy import Connection

from fedishare.as2 import write
from fedishare.as2.write import Document
from fedishare.core import crash, json
from fedishare.core import uris as addresses
from fedishare.domain.audience import OPEN, PUBLIC_IRI, Visibility
from fedishare.domain.dialects import LEMMY
from fedishare.domain.kinds import Dialect, Kind, ReactionKind
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import (
    PublishActor,
    PublishAgain,
    PublishDeletion,
    PublishEdit,
    PublishPicture,
    PublishPin,
    PublishPost,
    PublishReaction,
    PublishUndo,
    SendMove,
    SendReport,
    SendUse,
)
from fedishare.outbox import activities, actors, dialects, objects, resources, seals
from fedishare.outbox.letters import Outgoing, inboxes_of, letter, named, send
from fedishare.outbox.relations import answer_follow, send_block, send_follow, send_unblock, send_unfollow
from fedishare.queries import outgoing, parties, recipients
from fedishare.queries.outgoing import PostFacts, PostRow, ReactionFacts, ReportFacts
from fedishare.queries.parties import ActorFacts, Party, Who

__all__ = [
    "answer_follow",
    "publish_actor",
    "publish_again",
    "publish_deletion",
    "publish_edit",
    "publish_picture",
    "publish_pin",
    "publish_post",
    "publish_reaction",
    "publish_undo",
    "send_block",
    "send_follow",
    "send_move",
    "send_report",
    "send_unblock",
    "send_unfollow",
    "send_use",
]

TAKEN_DOWN: Final = "Taken down by a moderator."


class Addressed(NamedTuple):
    """A post of ours, and every server it goes to."""

    facts: PostFacts
    inboxes: list[str]


async def publish_post(tools: Tools, job: PublishPost) -> None:
    """The Create of a post, for its audience, whom it answers, and its room."""
    found = await tools.db.read(_addressed, job.post_id, to_holders=False)
    facts = found.facts
    if facts.post.deleted_at is not None:
        return
    crash.point("post.read")
    activity = activities.create(objects.proven(facts, at=tools.here.uris))
    await send(tools, _about_post(activity, found))


async def publish_edit(tools: Tools, job: PublishEdit) -> None:
    """The Update of a post, for its audience and for all who showed that they have it."""
    found = await tools.db.read(_addressed, job.post_id, to_holders=True)
    facts = found.facts
    if facts.post.deleted_at is not None or facts.post.edited_at is None:
        return
    post = facts.post
    # Two edits may fall on the same moment, so what was written counts as well.
    said = (post.edited_at.isoformat(), post.title or "", post.warning or "", post.content) if post.edited_at else ()
    uri = named(tools.here.uris, "Update", post.uri, *said)
    activity = activities.update(objects.proven(facts, at=tools.here.uris), uri=uri)
    await send(tools, _about_post(activity, found))


async def publish_again(tools: Tools, job: PublishAgain) -> None:
    """An Update that is no edit: how a poll stands, or that a quote was let through (mastodon.md 3.1)."""
    found = await tools.db.read(_addressed, job.post_id, to_holders=True)
    facts = found.facts
    if facts.post.deleted_at is not None or not facts.author.local:
        return
    uri = named(tools.here.uris, "Update", facts.post.uri, *_standing(facts))
    activity = activities.update(objects.proven(facts, at=tools.here.uris), uri=uri)
    await send(tools, _about_post(activity, found))


async def publish_picture(tools: Tools, job: PublishPicture) -> None:
    """An Update that is no edit, because of the picture of a resource: only where nothing said before showed one."""
    found = await tools.db.read(_addressed, job.post_id, to_holders=True)
    facts = found.facts
    if facts.post.deleted_at is not None or not facts.author.local or not facts.images:
        return
    said = await tools.db.read(
        outgoing.latest, actor_id=facts.author.id, about=facts.post.uri, types=("Create", "Update")
    )
    before = _object_of(said[1]) if said is not None else None
    # Where nothing was said yet, a Create is still to come, and shows it.
    if not isinstance(before, dict) or "image" in before:
        return
    uri = named(tools.here.uris, "Update", facts.post.uri, "image")
    activity = activities.update(objects.proven(facts, at=tools.here.uris), uri=uri)
    await send(tools, _about_post(activity, found))


async def publish_deletion(tools: Tools, job: PublishDeletion) -> None:
    """The Delete of a post, for everybody who may have it.

    A post of ours is deleted in its author's name, whoever took it down: other servers believe
    nobody else. What a moderator takes out of a room, but lives elsewhere, is deleted in the
    moderator's name, and only the room's members hear of it.
    """
    found = await tools.db.read(_addressed, job.post_id, to_holders=True)
    author, room = found.facts.author, found.facts.room
    if author.local:
        await send(tools, _deletion(tools, found, Party(author, found.facts.key), summary=None))
    elif job.moderator_id is not None and room is not None:
        moderator = await tools.db.read(parties.party, job.moderator_id)
        inboxes = inboxes_of([room])
        await send(tools, _deletion(tools, Addressed(found.facts, inboxes), moderator, summary=TAKEN_DOWN))


async def publish_reaction(tools: Tools, job: PublishReaction) -> None:
    """A Like, for the post's author and its room; or a boost, for the followers of who boosted."""
    facts = await tools.db.read(outgoing.reaction_facts, job.reaction_id)
    if facts is None or facts.post.deleted_at is not None:
        return
    about = await _about_reaction(tools, facts, _said(facts, tools))
    await send(tools, about._replace(still=partial(outgoing.is_reaction, uri=facts.uri)))


async def publish_undo(tools: Tools, job: PublishUndo) -> None:
    """A Like or boost is taken back, where it had gone."""
    party, facts = await tools.db.read(_undone, job)
    reaction = ReactionFacts(job.kind, job.uri, party.who, party.key, facts.post, facts.author, facts.room)
    activity = activities.undo(_said(reaction, tools), uri=named(tools.here.uris, "Undo", job.uri))
    await send(tools, await _about_reaction(tools, reaction, activity))


async def publish_actor(tools: Tools, job: PublishActor) -> None:
    """A changed profile, for all followers."""
    facts, inboxes, last = await tools.db.read(_profile, job.actor_id)
    document = actors.actor(facts, at=tools.here.uris)
    followers, shown = str(document["followers"]), write.body(write.bare(document))
    if last is not None and _object_of(last) == json.loads(shown):
        return
    uri = named(tools.here.uris, "Update", facts.actor.uri, shown.decode(), (last or b"").decode())
    now = tools.here.now()
    activity = activities.update_actor(document, uri=uri, followers=followers, at=now)
    about = letter(activity, actor=_who(facts), object_uri=facts.actor.uri, public=True, key=facts.key, at=now)
    await send(tools, Outgoing(about, inboxes))


async def send_move(tools: Tools, job: SendMove) -> None:
    """The Move of somebody of ours, for all followers; behind the Update that shows where to (FEP-7628)."""
    await publish_actor(tools, PublishActor(job.actor_id))
    facts, inboxes, _ = await tools.db.read(_profile, job.actor_id)
    row, now = facts.actor, tools.here.now()
    if row.moved_to is None or row.moved_at is None:
        return
    activity = activities.move(
        uri=named(tools.here.uris, "Move", row.uri, row.moved_to, row.moved_at.isoformat()),
        actor=row.uri,
        target=row.moved_to,
        followers=row.followers or addresses.followers(row.uri),
    )
    about = letter(activity, actor=_who(facts), object_uri=row.uri, public=True, key=facts.key, at=now)
    await send(tools, Outgoing(about, inboxes))


async def publish_pin(tools: Tools, job: PublishPin) -> None:
    """A post is pinned or taken down again.

    A room's pin goes to microblog servers as the room's own; the others hear of it in its moderator's name.
    """
    facts, post, inboxes, last = await tools.db.read(_pinned, job)
    if post.visibility not in OPEN:
        return
    kind = "Add" if job.added else "Remove"
    if last is not None and last[0] == kind:
        return
    row = facts.actor
    is_room = row.kind is Kind.GROUP
    uri = named(tools.here.uris, kind, row.uri, post.uri, (last[1] if last else b"").decode())
    say: Callable[..., Document] = activities.add if job.added else activities.remove
    activity = say(
        uri=uri,
        actor=row.uri,
        post=post.uri,
        featured=row.featured or addresses.featured(row.uri),
        followers=row.followers or addresses.followers(row.uri),
        audience=row.uri if is_room else None,
    )
    about = letter(
        activity,
        actor=_who(facts),
        object_uri=post.uri,
        public=True,
        key=facts.key,
        at=tools.here.now(),
    )
    still = partial(outgoing.is_pinned, actor_id=job.actor_id, post_id=job.post_id, wanted=job.added)
    await send(tools, Outgoing(about, inboxes, post_id=job.post_id, still=still))


async def send_use(tools: Tools, job: SendUse) -> None:
    """The note that says "used it", for the author of the resource alone."""
    facts = await tools.db.read(outgoing.use_facts, job.use_id)
    if facts is None or facts.author.local:
        return
    activity = activities.create(resources.use_note(facts, at=tools.here.uris), uri=facts.uri)
    about = letter(activity, actor=facts.user, object_uri=tools.here.uris.post(facts.id), public=False, at=facts.at)
    await send(tools, Outgoing(about, inboxes_of([facts.author])))


async def send_report(tools: Tools, job: SendReport) -> None:
    """A report, in the node's name: who reported somebody stays here.

    It goes to the server of whom it is about, and to the room elsewhere in which it happened.
    """
    facts = await tools.db.read(outgoing.report_facts, job.report_id)
    if facts is None:
        return
    for room in await tools.db.read(outgoing.rooms_elsewhere, facts.posts):
        await send(tools, _report(facts, uri=named(tools.here.uris, "Flag", facts.uri, room.uri), to=room))
    if not facts.target.local:
        await send(tools, _report(facts, uri=facts.uri, to=facts.target))


def _report(facts: ReportFacts, *, uri: str, to: Who) -> Outgoing:
    activity = activities.flag(
        uri=uri,
        actor=facts.node.uri,
        target=facts.target.uri,
        posts=facts.posts,
        comment=facts.comment,
        at=facts.at,
        to=to.uri,
    )
    about = letter(activity, actor=facts.node, object_uri=facts.target.uri, public=False, at=facts.at)
    return Outgoing(about, inboxes_of([to]))


def _addressed(tx: Connection, post_id: int, *, to_holders: bool) -> Addressed:
    facts = outgoing.post_facts(tx, post_id)
    post = facts.post
    addressed = [*post.addressed_to, *post.addressed_cc]
    if post.visibility is Visibility.ROOM:
        # Only the room knows who is in it now; a room of ours passes it on, and one elsewhere gets it from us.
        # A room that moved is not the one that the post was addressed to.
        rooms = [facts.room.uri] if facts.room is not None else []
        return Addressed(facts, recipients.addressed_inboxes(tx, [*post.addressed_to, *rooms]))
    inboxes = recipients.audience_inboxes(tx, author=facts.author, post_id=post_id, addresses=addressed)
    if post.visibility in OPEN:
        inboxes += inboxes_of([facts.answered]) if not _reaches(facts.answered, addressed) else []
        # What is said under a post of ours is for those who read that post, as in Mastodon.
        if facts.answered is not None and facts.answered.local:
            inboxes += recipients.follower_inboxes(tx, facts.answered.id)
    if post.visibility in OPEN and facts.resource is not None and facts.resource.bases:
        inboxes += recipients.source_inboxes(tx, post_id=post_id)
    if facts.room is not None and facts.room.uri not in addressed and not facts.room.local:
        inboxes += inboxes_of([facts.room])
    if to_holders:
        inboxes += recipients.holder_inboxes(tx, post_id=post_id)
        inboxes += _boosted_to(tx, facts)
    return Addressed(facts, list(dict.fromkeys(inboxes)))


def _standing(facts: PostFacts) -> tuple[str, ...]:
    """What an Update that is no edit may be about: it bears another id once one of these is another."""
    said: tuple[object, ...] = (facts.post.edited_at, facts.post.quote_policy, facts.poll, facts.quote, facts.options)
    if facts.purpose is not None:
        said = (*said, facts.purpose)
    return tuple(map(repr, said))


def _boosted_to(tx: Connection, facts: PostFacts) -> list[str]:
    """Servers that have a post because a room of ours boosted it: they believe nobody but its author (F11)."""
    room = facts.room
    if room is None or not room.local or not facts.author.local or facts.post.visibility not in OPEN:
        return []
    members = recipients.members(tx, room_id=room.id, author_id=facts.author.id)
    return [member.inbox for member in members if dialects.dialect_of(member) is not Dialect.THREADIVERSE]


def _reaches(who: Who | None, addressed: list[str]) -> bool:
    return who is None or who.uri in addressed


def _about_post(activity: Document, found: Addressed) -> Outgoing:
    facts = found.facts
    post, room = facts.post, facts.room
    about = letter(
        activity,
        actor=facts.author,
        object_uri=post.uri,
        public=post.visibility in OPEN,
        key=facts.key if post.visibility in seals.PROVEN else None,
        at=post.edited_at or post.published_at,
        for_followers=post.visibility is Visibility.FOLLOWERS,
    )
    return Outgoing(
        about,
        found.inboxes,
        room_id=room.id if room is not None and room.local else None,
        post_id=post.id,
        unless_gone=post.id,
    )


def _deletion(tools: Tools, found: Addressed, by: Party, *, summary: str | None) -> Outgoing:
    post, room = found.facts.post, found.facts.room
    deleted = post.deleted_at or tools.here.now()
    activity = activities.delete(
        objects.tombstone(post.uri, former_type=post.kind, deleted=deleted),
        uri=named(tools.here.uris, "Delete", post.uri, by.who.uri),
        actor=by.who.uri,
        to=post.addressed_to,
        cc=post.addressed_cc,
        audience=room.uri if room is not None else None,
        summary=summary,
    )
    key = by.key if post.visibility in seals.PROVEN else None
    about = letter(activity, actor=by.who, object_uri=post.uri, public=post.visibility in OPEN, key=key, at=deleted)
    room_id = room.id if room is not None and room.local else None
    return Outgoing(about, found.inboxes, room_id=room_id, post_id=post.id)


def _said(reaction: ReactionFacts, tools: Tools) -> Document:
    """The Like or boost itself."""
    actor, author, post = reaction.actor, reaction.author, reaction.post
    if reaction.kind is ReactionKind.LIKE:
        audience = reaction.room.uri if reaction.room is not None else None
        return activities.like(uri=reaction.uri, actor=actor.uri, post=post.uri, author=author.uri, audience=audience)
    followers = actor.followers or addresses.followers(actor.uri)
    # Misskey drops a boost that is older than the post, and clocks differ.
    at = max(tools.here.now(), post.published_at)
    cc = [uri for uri in (author.uri, followers) if uri != actor.uri]
    return activities.announce(uri=reaction.uri, actor=actor.uri, target=post.uri, to=[PUBLIC_IRI], cc=cc, at=at)


async def _about_reaction(tools: Tools, reaction: ReactionFacts, activity: Document) -> Outgoing:
    """A Like of something public, or in a room, carries a proof, because a room may pass it on."""
    room = reaction.room if reaction.kind is ReactionKind.LIKE else None
    inboxes = inboxes_of([room if reaction.post.visibility is Visibility.ROOM else reaction.author, room])
    if reaction.kind is ReactionKind.BOOST:
        # By the shared inbox to the author too, or a server with a follower on it would get the boost twice.
        inboxes = await tools.db.read(_boost_inboxes, reaction)
    about = letter(
        activity,
        actor=reaction.actor,
        object_uri=reaction.uri if activity["type"] == "Undo" else reaction.post.uri,
        about=reaction.post.uri,
        public=reaction.is_public,
        key=reaction.key if reaction.post.visibility in seals.PROVEN else None,
        at=tools.here.now(),
    )
    room_id = room.id if room is not None and room.local else None
    return Outgoing(about, inboxes, room_id=room_id, post_id=reaction.post.id)


def _boost_inboxes(tx: Connection, reaction: ReactionFacts) -> list[str]:
    of_author = recipients.addressed_inboxes(tx, [reaction.author.uri])
    return list(dict.fromkeys([*of_author, *recipients.follower_inboxes(tx, reaction.actor.id)]))


def _undone(tx: Connection, job: PublishUndo) -> tuple[Party, PostFacts]:
    return parties.party(tx, job.actor_id), outgoing.post_facts(tx, job.post_id)


def _profile(tx: Connection, actor_id: int) -> tuple[ActorFacts, list[str], bytes | None]:
    facts = parties.actor_facts(tx, actor_id)
    last = outgoing.latest(tx, actor_id=actor_id, about=facts.actor.uri, types=("Update",))
    if facts.actor.kind is not Kind.GROUP:
        return facts, recipients.follower_inboxes(tx, actor_id), last[1] if last else None
    # Lemmy takes neither an Update by the room itself nor a Move; it reads the page of a room anew each day.
    members = recipients.members(tx, room_id=actor_id, author_id=actor_id)
    return facts, [one.inbox for one in members if one.software != LEMMY], last[1] if last else None


def _pinned(tx: Connection, job: PublishPin) -> tuple[ActorFacts, PostRow, list[str], tuple[str, bytes] | None]:
    facts = parties.actor_facts(tx, job.actor_id)
    post = outgoing.post_facts(tx, job.post_id).post
    last = outgoing.latest(tx, actor_id=job.actor_id, about=post.uri, types=("Add", "Remove"))
    if facts.actor.kind is not Kind.GROUP:
        return facts, post, recipients.follower_inboxes(tx, job.actor_id), last
    members = recipients.members(tx, room_id=job.actor_id, author_id=job.actor_id)
    inboxes = [member.inbox for member in members if dialects.dialect_of(member) is not Dialect.THREADIVERSE]
    return facts, post, inboxes, last


def _object_of(body: bytes) -> json.Json:
    activity = json.loads(body)
    return activity.get("object") if isinstance(activity, dict) else None


def _who(facts: ActorFacts) -> Who:
    row = facts.actor
    return Who(
        row.id, row.uri, row.kind, row.username, row.domain, row.name, row.url, row.inbox, row.followers, row.local
    )
