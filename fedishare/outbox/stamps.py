"""Leave to quote: asked for, given with a stamp, refused, taken back (FEP-044f)."""

from sqlalchemy import Connection

from fedishare.as2 import write
from fedishare.as2.write import Document
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import AnswerQuote, AskToQuote, WithdrawStamp
from fedishare.outbox import activities, objects
from fedishare.outbox.letters import Outgoing, inboxes_of, letter, named, send
from fedishare.queries import outgoing, parties, quotes, recipients
from fedishare.queries.outgoing import PostFacts
from fedishare.queries.parties import Party
from fedishare.queries.quotes import Request, StampFacts


def stamp(facts: StampFacts) -> Document:
    """The word of an author of ours that they may be quoted in one place."""
    shaped: Document = {
        "id": facts.uri,
        "type": "QuoteAuthorization",
        "attributedTo": facts.author.uri,
        "interactingObject": facts.quoting_uri,
        "interactionTarget": facts.post_uri,
    }
    return write.with_context(write.STAMP, shaped)


async def ask(tools: Tools, job: AskToQuote) -> None:
    """Ask the author of what a post of ours quotes, and show them the post."""
    request, facts = await tools.db.read(_asked, job.post_id)
    if request is None or facts.post.deleted_at is not None or request.author.local:
        return
    document = objects.document(facts, at=tools.here.uris)
    author = request.author
    activity = activities.quote_request(document, uri=request.uri, quoted=request.quoted_uri, author=author.uri)
    at = tools.here.now()
    about = letter(
        activity, actor=facts.author, object_uri=request.quoted_uri, about=facts.post.uri, public=False, at=at
    )
    await send(tools, Outgoing(about, inboxes_of([author]), unless_gone=facts.post.id))


async def answer(tools: Tools, job: AnswerQuote) -> None:
    """Accept with the stamp, or Reject; for the one who asked alone."""
    author, quoter, quoted, found = await tools.db.read(_answered, job)
    is_let = found is not None and found.withdrawn_at is None
    request: Document = {
        "id": job.request_uri,
        "type": "QuoteRequest",
        "actor": quoter.who.uri,
        "object": quoted,
        "instrument": job.quoting_uri,
    }
    uri = named(tools.here.uris, "Accept" if is_let else "Reject", author.who.uri, job.request_uri)
    if found is not None and is_let:
        activity = activities.accept_quote(request, uri=uri, actor=author.who.uri, stamp=found.uri)
    else:
        activity = activities.reject_quote(request, uri=uri, actor=author.who.uri)
    at = tools.here.now()
    about = letter(activity, actor=author.who, object_uri=job.request_uri, about=quoted, public=False, at=at)
    await send(tools, Outgoing(about, inboxes_of([quoter.who]), again=True))


async def withdraw(tools: Tools, job: WithdrawStamp) -> None:
    """The Delete of a stamp, for the audience of what was quoted and for where the quote is."""
    facts, found, inboxes = await tools.db.read(_withdrawn, job.stamp_id)
    if found is None or facts is None:
        return
    uri = named(tools.here.uris, "Delete", found.uri)
    post = facts.post
    to, cc = list(post.addressed_to), [*post.addressed_cc, found.quoter.uri]
    activity = activities.delete_stamp(uri=uri, actor=found.author.uri, stamp=found.uri, to=to, cc=cc)
    at = found.withdrawn_at or tools.here.now()
    about = letter(
        activity, actor=found.author, object_uri=found.uri, about=post.uri, public=True, key=facts.key, at=at
    )
    await send(tools, Outgoing(about, inboxes))


def _asked(tx: Connection, post_id: int) -> tuple[Request | None, PostFacts]:
    return quotes.request(tx, post_id=post_id), outgoing.post_facts(tx, post_id)


def _answered(tx: Connection, job: AnswerQuote) -> tuple[Party, Party, str, StampFacts | None]:
    facts = outgoing.post_facts(tx, job.post_id)
    found = quotes.stamp(tx, stamp_id=job.stamp_id) if job.stamp_id is not None else None
    return parties.party(tx, facts.author.id), parties.party(tx, job.quoter_id), facts.post.uri, found


def _withdrawn(tx: Connection, stamp_id: int) -> tuple[PostFacts | None, StampFacts | None, list[str]]:
    found = quotes.stamp(tx, stamp_id=stamp_id)
    if found is None:
        return None, None, []
    facts = outgoing.post_facts(tx, found.post_id)
    addressed = [*facts.post.addressed_to, *facts.post.addressed_cc, found.quoter.uri]
    inboxes = recipients.audience_inboxes(tx, author=facts.author, post_id=found.post_id, addresses=addressed)
    inboxes += recipients.holder_inboxes(tx, post_id=found.post_id)
    inboxes += _audience_of_quoting(tx, found)
    return facts, found, list(dict.fromkeys(inboxes))


def _audience_of_quoting(tx: Connection, found: StampFacts) -> list[str]:
    """Who got the quote from us, where it was written here; elsewhere its own server passes the word on."""
    quoting = quotes.written_here(tx, uri=found.quoting_uri)
    if quoting is None:
        return []
    facts = outgoing.post_facts(tx, quoting)
    addressed = [*facts.post.addressed_to, *facts.post.addressed_cc]
    inboxes = recipients.audience_inboxes(tx, author=facts.author, post_id=quoting, addresses=addressed)
    return [*inboxes, *recipients.holder_inboxes(tx, post_id=quoting)]
