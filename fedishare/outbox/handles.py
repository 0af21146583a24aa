"""What passes between a shared handle and those who run it from other servers. Nobody else hears of it."""

from typing import Final

import msgspec

from fedishare.as2 import write
from fedishare.as2.write import Document
from fedishare.core import uris
from fedishare.core.json import Json
from fedishare.domain import audience, markup
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import AnswerInvitation, AnswerOffer, EndInvitation, InviteRunner, SendOffer
from fedishare.outbox import activities
from fedishare.outbox.frames import LANGUAGES
from fedishare.outbox.letters import named
from fedishare.outbox.relations import deliver
from fedishare.queries import offers, parties
from fedishare.queries.offers import OfferFacts
from fedishare.queries.parties import Party
from fedishare.services.offers import Act, Wish


async def invite_runner(tools: Tools, job: InviteRunner) -> None:
    handle, person = await _both(tools, job)
    invited = activities.invite(uri=job.uri, actor=handle.who.uri, person=person.who.uri)
    await deliver(tools, invited, by=handle.who, to=person.who)


async def answer_invitation(tools: Tools, job: AnswerInvitation) -> None:
    handle, person = await _both(tools, job)
    kind = "Accept" if job.accept else "Reject"
    uri = named(tools.here.uris, kind, person.who.uri, job.uri)
    told = activities.answer_invite(kind, uri=uri, invitation=job.uri, handle=handle.who.uri, person=person.who.uri)
    await deliver(tools, told, by=person.who, to=handle.who)


async def end_invitation(tools: Tools, job: EndInvitation) -> None:
    """The Undo of the invitation, whether it was answered or not."""
    handle, person = await _both(tools, job)
    invited = activities.invite(uri=job.uri, actor=handle.who.uri, person=person.who.uri)
    undone = activities.undo(invited, uri=named(tools.here.uris, "Undo", job.uri))
    await deliver(tools, undone, by=handle.who, to=person.who)


async def send_offer(tools: Tools, job: SendOffer) -> None:
    facts = await tools.db.read(offers.facts, job.offer_id)
    offered = offer(facts)
    if job.withdrawn:
        undone = activities.undo(offered, uri=named(tools.here.uris, "Undo", facts.uri))
        await deliver(tools, undone, by=facts.by, to=facts.handle)
        return
    await deliver(tools, offered, by=facts.by, to=facts.handle)


async def answer_offer(tools: Tools, job: AnswerOffer) -> None:
    """What became of an Offer; a person on this node reads it on a page instead."""
    handle, person = await _both(tools, job)
    if person.who.local:
        return
    kind = "Accept" if job.accept else "Reject"
    told = activities.answer_offer(
        kind,
        uri=named(tools.here.uris, kind, job.uri, job.result_uri or "", job.reason),
        handle=handle.who.uri,
        person=person.who.uri,
        offered=job.uri,
        result=job.result_uri,
        summary=job.reason,
    )
    await deliver(tools, told, by=handle.who, to=person.who)


async def _both(
    tools: Tools, job: InviteRunner | AnswerInvitation | EndInvitation | AnswerOffer
) -> tuple[Party, Party]:
    return await tools.db.read(parties.both, job.handle_id, job.actor_id)


def offer(facts: OfferFacts) -> Document:
    """The Offer of a post by a handle, or of something that a handle does to a post."""
    wish = msgspec.json.decode(facts.wish, type=Wish)
    thing = _post(facts, wish) if wish.act is Act.POST else _act(facts, wish)
    return activities.offer(
        thing,
        uri=facts.uri,
        actor=facts.by.uri,
        handle=facts.handle.uri,
        at=facts.created_at,
        due=facts.due_at,
    )


def _post(facts: OfferFacts, wish: Wish) -> Document:
    """The Note as it is wished for. The handle's server gives it its own id, and writes its HTML from the source."""
    handle = facts.handle
    followers = handle.followers or uris.followers(handle.uri)
    addressed = audience.address(wish.visibility, followers=followers, mentioned=())
    content = markup.render(wish.text, mention_url=lambda _: None, tag_url=lambda _: "").html
    tags: list[Json] = [{"type": "Mention", "name": f"@{name}", "href": uri} for name, uri in wish.mentions]
    shaped: Document = {
        "id": f"{facts.uri}#object",
        "type": "Note",
        "attributedTo": handle.uri,
        "published": write.when(facts.due_at or facts.created_at),
        "to": list(addressed.to),
        "cc": list(addressed.cc),
        "sensitive": wish.sensitive,
        "content": content,
        "mediaType": "text/html",
        "contentMap": {wish.language: content},
        "source": {"content": wish.text, "mediaType": "text/markdown"},
        "tag": tags,
        "attachment": [],
    }
    primary = wish.language.partition("-")[0].lower()
    shaped["language"] = {"identifier": primary, "name": LANGUAGES.get(primary, primary)}
    title = wish.title if wish.post_uri is None else None
    told = {"name": title, "summary": wish.warning, "inReplyTo": wish.post_uri}
    return write.with_context(write.NOTE, shaped | {name: value for name, value in told.items() if value})


_TYPES: Final = {
    Act.LIKE: "Like",
    Act.UNLIKE: "Like",
    Act.BOOST: "Announce",
    Act.UNBOOST: "Announce",
    Act.DELETE: "Delete",
}


def _act(facts: OfferFacts, wish: Wish) -> Document:
    """What the handle would say. It has no id: the handle's server gives it one when it says it."""
    shaped: Document = {"type": _TYPES[wish.act], "actor": facts.handle.uri, "object": wish.post_uri or ""}
    if wish.act in {Act.UNLIKE, Act.UNBOOST}:
        return {"type": "Undo", "actor": facts.handle.uri, "object": shaped}
    return shaped
