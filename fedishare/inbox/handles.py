"""Shared handles across servers: invitations, and what those who run a handle ask it to publish.

An Offer counts if its actor runs the handle just now; it is published under the handle's own key
and id. From everybody else it is refused, and leaves nothing that anybody could see.
"""

import re
from typing import Final

from sqlalchemy import Connection

from fedishare.as2 import read
from fedishare.as2.node import Node
from fedishare.as2.types import Note
from fedishare.core import hosts
from fedishare.core.errors import FediShareError, Gone, Invalid, NotFound, Refused
from fedishare.domain import audience, markup
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import Kind, ReactionKind
from fedishare.inbox.context import Context, Done, Ignored, Need, Outcome, Verified, Wanted
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import AnswerOffer
from fedishare.queries import handles as running
from fedishare.queries import known, people
from fedishare.queries.known import ActorRow
from fedishare.services import handles, offers, runners, scheduled
from fedishare.services.drafts import Draft

LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}")
MOST_MENTIONS: Final = 10
LONGEST_TEXT: Final = 20_000
LONGEST_REASON: Final = 300
REACTIONS: Final = {"Like": ReactionKind.LIKE, "Announce": ReactionKind.BOOST}
NOBODYS: Final = "This is not for you to publish."


def invite(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """A handle elsewhere asks one of ours to run it. A handle invites to itself, and to nothing else."""
    said = activity.activity
    if said.object != activity.sender.uri:
        return Ignored("an invitation to something else than its sender")
    person = _ours(tx, said.target)
    if person is None or person.kind is not Kind.PERSON or running.is_handle(tx, actor_id=person.id):
        return Ignored("invites nobody here")
    uri = said.id or activity.stored_as or ""
    is_new = runners.be_invited(tx, ctx.here, handle_id=activity.sender.id, actor_id=person.id, uri=uri)
    return Done("invitation") if is_new else Ignored("was invited before")


def answer(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """Whom a handle of ours invited agrees, declines, or leaves."""
    said = activity.activity
    handle = _ours(tx, said.inner.ref("object") if said.inner else None)
    if handle is None or said.object is None:
        return Ignored("nobody here asked")
    accepts = said.type == "Accept"
    try:
        done = runners.answer(
            tx, ctx.here, handle_id=handle.id, actor_id=activity.sender.id, accepts=accepts, uri=said.object
        )
    except Invalid as error:
        return Ignored(str(error))
    return Done(f"invitation {'accepted' if accepts else 'declined'}") if done else Ignored("nobody here asked")


def end(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """A handle takes an invitation back, or removes somebody who runs it."""
    said = activity.activity
    inner = said.inner
    if inner is None or said.object is None or (inner.ref("actor") or activity.sender.uri) != activity.sender.uri:
        raise Refused("Only those who did it can undo it.")
    person = _ours(tx, inner.ref("target"))
    if person is None:
        return Ignored("invited nobody here")
    done = runners.be_removed(tx, ctx.here, handle_id=activity.sender.id, actor_id=person.id, uri=said.object)
    return Done("invitation ended") if done else Ignored("was not invited")


def offer_needs(tx: Connection, activity: Verified, ctx: Context) -> tuple[Need, ...]:
    """What is answered, liked or boosted, and who is named; for those who run the handle alone."""
    handle = _handle(tx, activity)
    inner = activity.activity.inner
    if handle is None or inner is None or not running.is_active(tx, handle_id=handle.id, actor_id=activity.sender.id):
        return ()
    about = inner.ref("inReplyTo") if inner.type == "Note" else _target(inner)
    posts = [about] if about and known.post(tx, uri=about) is None and not ctx.here.uris.is_ours(about) else []
    named = [
        href
        for tag in inner.nodes("tag", most=MOST_MENTIONS)
        if tag.type == "Mention" and (href := tag.ref("href")) and known.actor(tx, uri=href) is None
    ]
    return (*(Need(Wanted.POST, uri) for uri in posts), *(Need(Wanted.ACTOR, uri) for uri in named if _is_web(uri)))


def offer(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """Publish what somebody who runs a handle of ours sends, now or at its time; or say why not.

    Raises Refused for whoever never ran it. Whoever ran it once is told that it is over.
    """
    handle = _handle(tx, activity)
    uri = activity.activity.id
    standing = running.standing(tx, handle_id=handle.id, actor_id=activity.sender.id) if handle is not None else None
    if handle is None or uri is None or standing is None:
        raise Refused(NOBODYS)
    try:
        post_id = _carry_out(tx, activity, ctx, handle)
    except (Invalid, Refused, NotFound, Gone) as error:
        _answer(tx, activity, ctx, handle, error=error)
        return Done("offer refused")
    _answer(tx, activity, ctx, handle, post_id=post_id)
    return Done("offer taken")


def _carry_out(tx: Connection, activity: Verified, ctx: Context, handle: ActorRow) -> int | None:
    """Answers with the post that came of it, if there is one yet."""
    inner, by, uri = activity.activity.inner, activity.sender.id, activity.activity.id or ""
    handles.admit(tx, handle_id=handle.id, actor_id=by)
    if inner is None or (inner.ref("attributedTo") or inner.ref("actor")) != handle.uri:
        raise Invalid("An offer says whole what the handle is to publish, in the handle's name.")
    if inner.type == "Note":
        return _publish(tx, activity, ctx, handle, read.note(inner))
    target = known.post(tx, uri=_target(inner) or "")
    if target is None:
        raise NotFound("The post that this is about is not there.")
    if inner.type == "Delete":
        handles.delete(tx, ctx.here, handle_id=handle.id, by_id=by, post_id=target.id, offer_uri=uri)
        return target.id
    undone = inner.node("object") if inner.type == "Undo" else None
    kind = REACTIONS.get(undone.type if undone is not None else inner.type)
    if kind is None:
        raise Invalid("This is nothing that a handle can do.")
    gives = undone is None
    handles.react(tx, ctx.here, handle_id=handle.id, by_id=by, kind=kind, post_id=target.id, gives=gives, offer_uri=uri)
    return target.id


def _publish(tx: Connection, activity: Verified, ctx: Context, handle: ActorRow, note: Note) -> int | None:
    draft, uri = _draft(tx, note, handle), activity.activity.id or ""
    by, due = activity.sender.id, Node(activity.data).when("startTime")
    if due is not None and due > ctx.now:
        if not scheduled.is_kept(tx, offer_uri=uri):
            scheduled.add(tx, ctx.here, author_id=handle.id, by_id=by, draft=draft, due=due, offer_uri=uri)
        return None
    named = people.known_handles(tx, ctx.here, handles=markup.find_mentions(draft.text))
    return handles.publish(tx, ctx.here, author_id=handle.id, by_id=by, draft=draft, people=named, offer_uri=uri)


def _draft(tx: Connection, note: Note, handle: ActorRow) -> Draft:
    text = note.source if note.source is not None else markup.plain(note.content)
    if len(text) > LONGEST_TEXT:
        raise Invalid("This text is too long.")
    parent = known.post(tx, uri=note.in_reply_to) if note.in_reply_to else None
    if note.in_reply_to and parent is None:
        raise NotFound("The post that this answers is not there.")
    visibility = audience.classify(to=note.to, cc=note.cc, author_followers=handle.followers)
    if visibility in {Visibility.MENTIONED, Visibility.ROOM}:
        raise Invalid("A shared handle speaks to everyone or to its followers.")
    return Draft(
        text=text,
        visibility=visibility,
        title=note.name,
        warning=note.summary,
        language=note.language if note.language and LANGUAGE.fullmatch(note.language) else "en",
        sensitive=note.sensitive,
        in_reply_to=parent.id if parent is not None else None,
    )


def withdraw(tx: Connection, activity: Verified, _ctx: Context) -> Outcome:
    """Whoever offered something for later takes it back."""
    uri = activity.activity.object
    if uri is None or not hosts.same_origin(uri, activity.sender.uri):
        raise Refused("Only those who did it can undo it.")
    done = scheduled.withdraw(tx, offer_uri=uri, by_id=activity.sender.id)
    return Done("offer withdrawn") if done else Ignored("nothing waits under this id")


def settle(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """A handle elsewhere says what became of what one of ours offered. Only that handle can."""
    said = activity.activity
    result = Node(activity.data).ref("result")
    is_believable = result is not None and hosts.same_origin(result, activity.sender.uri)
    done = offers.settle(
        tx,
        ctx.here,
        uri=said.object or "",
        handle_id=activity.sender.id,
        done=said.type == "Accept",
        result_uri=result if is_believable else None,
        reason=markup.text(markup.plain(said.content), limit=LONGEST_REASON),
    )
    return Done("answer to an offer") if done else Ignored("nobody here offered that")


def _answer(
    tx: Connection,
    activity: Verified,
    ctx: Context,
    handle: ActorRow,
    *,
    post_id: int | None = None,
    error: FediShareError | None = None,
) -> None:
    found = known.post_by_id(tx, post_id=post_id) if post_id else None
    uri, reason = activity.activity.id or "", str(error) if error is not None else ""
    job = AnswerOffer(
        handle.id,
        activity.sender.id,
        uri,
        accept=error is None,
        result_uri=found.uri if found is not None else None,
        reason=reason,
    )
    enqueue(tx, job, due=ctx.now)


def _handle(tx: Connection, activity: Verified) -> ActorRow | None:
    """The handle of ours that an Offer is for."""
    found = _ours(tx, activity.activity.target)
    return found if found is not None and running.is_handle(tx, actor_id=found.id) else None


def _ours(tx: Connection, uri: str | None) -> ActorRow | None:
    found = known.actor(tx, uri=uri) if uri else None
    return found if found is not None and found.local and found.deleted_at is None else None


def _target(inner: Node) -> str | None:
    """What a Like, Announce or Delete is about; or the Like or Announce that is undone."""
    undone = inner.node("object") if inner.type == "Undo" else None
    return (undone or inner).ref("object")


def _is_web(uri: str) -> bool:
    try:
        hosts.origin_of(uri)
    except Invalid:
        return False
    return True
