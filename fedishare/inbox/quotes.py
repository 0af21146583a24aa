"""Quotes as other servers ask for them, answer for them and prove them (FEP-044f)."""

from typing import Final

from sqlalchemy import Connection

from fedishare.as2.node import Node
from fedishare.core import hosts
from fedishare.core.errors import Invalid, NotFound, Refused
from fedishare.inbox import documents, reading, resolve
from fedishare.inbox.context import Context, Done, Ignored, Need, Outcome, Verified, Wanted
from fedishare.inbox.memory import Budget
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import VerifyQuote
from fedishare.queries import known
from fedishare.queries import quotes as asked
from fedishare.queries.quotes import Open
from fedishare.services import arrivals, quotes
from fedishare.services.drafts import ForeignPost

STAMP: Final = "QuoteAuthorization"
NOBODY_ASKED: Final = Ignored("nobody here asked")
# The stamp and what is quoted, each perhaps under an older address, and an author to be met.
MOST_FETCHES: Final = 10


def prepare(activity: Verified, ctx: Context) -> ForeignPost | Ignored | None:
    """The post that wants to quote, if it came along: it is its sender's own, and quotes what is asked for."""
    said = activity.activity
    instrument = Node(activity.data).node("instrument")
    if said.id is None or said.object is None or Node(activity.data).ref("instrument") is None:
        raise Invalid("A QuoteRequest has an id, the post to quote as object, and the quoting post as instrument.")
    if not ctx.here.uris.is_ours(said.object):
        return Ignored("this is no post of ours")
    if instrument is None or not instrument.type:
        return None
    _refuse_foreign(instrument.id(), activity, ctx)
    if (instrument.ref("attributedTo") or said.actor) != said.actor:
        raise Refused("The quoting post is somebody else's.")
    if not any(kind in reading.POSTS for kind in instrument.types):
        return Ignored("what wants to quote is no post")
    return reading.post(instrument, now=ctx.now, activity=said)


def request_needs(tx: Connection, activity: Verified, ctx: Context) -> tuple[Need, ...]:
    """The quoting post from its own address, where only that was named and the answer may be yes."""
    uri = Node(activity.data).ref("instrument") or ""
    target = known.post(tx, uri=activity.activity.object or "")
    is_there = ctx.post is not None or known.post(tx, uri=uri) is not None
    if is_there or target is None or not quotes.is_open(tx, post_id=target.id, quoter_id=activity.sender.id):
        return ()
    _refuse_foreign(uri, activity, ctx)
    return (Need(Wanted.POST, uri),)


def request(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """Somebody asks to quote a post of ours; they are answered by what its author allows (ORG-23)."""
    said, uri = activity.activity, Node(activity.data).ref("instrument") or ""
    _refuse_foreign(uri, activity, ctx)
    quoted = said.object or ""
    if ctx.post is not None:
        post = reading.attribute(tx, ctx.post, author=activity.sender)
        if post.quote is None or post.quote.uri != quoted:
            return Ignored("the quoting post quotes something else")
        if known.is_deleted(tx, uri=uri):
            return Ignored("the quoting post was deleted")
        _keep(tx, ctx, post)
    found = known.post(tx, uri=uri)
    if found is not None and found.author_id != activity.sender.id:
        raise Refused("The quoting post is somebody else's.")
    is_let = quotes.answer_request(
        tx,
        ctx.here,
        post_uri=quoted,
        quoter_id=activity.sender.id,
        quoting_uri=uri,
        quoting_id=found.id if found is not None and found.deleted_at is None else None,
        request=said.id or "",
    )
    if is_let is None:
        return Ignored("there is no such post here")
    return Done("quote let through") if is_let else Done("quote refused")


def _keep(tx: Connection, ctx: Context, post: ForeignPost) -> None:
    """The quoting post, so that its quoted author can look at it."""
    if reading.is_for_us(tx, post):
        arrivals.store(tx, ctx.here, post, activity_uri=None, is_quoted=True)


def accept(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """The author we asked agrees, with a stamp of their own server. Their word is as good as the stamp."""
    stamp = Node(activity.data).ref("result")
    if stamp is None or not hosts.same_origin(stamp, activity.sender.uri):
        return Ignored("there is no stamp of their own with it")
    is_new = quotes.accept(
        tx, ctx.here, request_uri=activity.activity.object or "", by_id=activity.sender.id, stamp_uri=stamp
    )
    if is_new is None:
        return NOBODY_ASKED
    return Done("quote accepted") if is_new else Ignored("was accepted before, or taken back since")


def reject(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    is_new = quotes.reject(tx, ctx.here, request_uri=activity.activity.object or "", by_id=activity.sender.id)
    if is_new is None:
        return NOBODY_ASKED
    return Done("quote rejected") if is_new else Ignored("was rejected before")


def is_answer(tx: Connection, activity: Verified) -> bool:
    """Whether what is answered, by its id alone, is a request to quote."""
    uri = activity.activity.object
    return uri is not None and asked.is_request(tx, uri=uri)


def revoke(tx: Connection, activity: Verified, ctx: Context) -> bool:
    """Whether a deletion was that of a stamp under a quote that we have."""
    uri = activity.activity.object or ""
    return quotes.revoke(tx, ctx.here, stamp_uri=uri, by_id=activity.sender.id)


async def verify(tools: Tools, job: VerifyQuote) -> None:
    """Look at what is quoted, and at the stamp. Raises Unreachable where that has to wait."""
    quote = await tools.db.read(asked.standing, post_id=job.post_id)
    if quote is None or (quote.stamp_uri is not None and tools.here.uris.is_ours(quote.stamp_uri)):
        return
    try:
        is_genuine = await _is_genuine(tools, quote)
    except (NotFound, Invalid, Refused):
        is_genuine = False
    if is_genuine is not None:
        stamp = quote.stamp_uri
        await tools.db.write(quotes.settle, tools.here, post_id=job.post_id, stamp_uri=stamp, is_genuine=is_genuine)


async def _is_genuine(tools: Tools, quote: Open) -> bool | None:
    """Whether the quoted author agreed; None as long as nobody says so."""
    budget = Budget(MOST_FETCHES)
    if quote.quoted_author_uri is None:
        await resolve.post(tools, quote.quoted_uri, budget=budget, is_quoted=True)
        found = await tools.db.read(asked.standing, post_id=quote.post_id)
        if found is None or found.quoted_author_uri is None:
            return None
        quote = found
    if quote.quoted_author_id == quote.author_id:
        return True
    if quote.stamp_uri is None:
        return None
    stamp = await documents.fetch(tools, quote.stamp_uri, budget=budget)
    ends = stamp.when("endTime") or stamp.when("expires")
    return _fits(stamp, quote) and (ends is None or ends > tools.here.now())


def _fits(stamp: Node, quote: Open) -> bool:
    """Every term to the letter, and all on the quoted author's own server (mastodon.md 3.5)."""
    author = quote.quoted_author_uri or ""
    said = (stamp.ref("attributedTo"), stamp.ref("interactingObject"), stamp.ref("interactionTarget"))
    is_own = hosts.same_origin(stamp.id(), author) and hosts.same_origin(quote.quoted_uri, author)
    return STAMP in stamp.types and said == (author, quote.uri, quote.quoted_uri) and is_own


def _refuse_foreign(uri: str, activity: Verified, ctx: Context) -> None:
    if ctx.here.uris.is_ours(uri) or not hosts.same_origin(uri, activity.activity.actor):
        raise Refused("The quoting post is not on the server of who asks.")
