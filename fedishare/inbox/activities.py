"""Activities that were let in: each is kept before it is answered, and applied once all it needs is here.

Where nothing has to be fetched, keeping and applying are one commit. Otherwise the activity and
the job that will see to it are committed together.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, NamedTuple, TypeAlias

import msgspec
from sqlalchemy import Connection

from fedishare.as2 import read
from fedishare.as2.types import Activity
from fedishare.core import crash, json
from fedishare.core.errors import FediShareError, Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.core.json import Json
from fedishare.inbox import dispatch, documents, forwarding, resolve, stewards, trust
from fedishare.inbox import nodes as software
from fedishare.inbox.context import Context, Entry, Ignored, Need, Outcome, Verified, Wanted
from fedishare.inbox.memory import SIGNATURES_FOR, Budget
from fedishare.jobs import queue
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import Receive
from fedishare.net.signatures import Claim
from fedishare.queries import known
from fedishare.queries.known import ReceivedRow
from fedishare.services import nodes, receipts
from fedishare.services.drafts import ForeignPost

# Cleaning so much HTML would hold up everybody else on the event loop.
LARGE: Final = 16 << 10
LONGEST_TYPE: Final = 100
HEARD_AGAIN: Final = timedelta(hours=1)
ROUNDS: Final = 4

# These may come again under the same id and mean it: ids of answers collide in Mastodon, and
# Misskey derives the id of a follow from the two accounts (M19). Doing them twice changes nothing.
COME_AGAIN: Final = frozenset({"Accept", "Reject", "Undo", "Leave", "Block"})
ASK_AGAIN: Final = frozenset({"Follow", "Join"})
ASKED_TWICE: Final = timedelta(minutes=1)


Confirm: TypeAlias = Callable[[Connection], None]


class Ready(NamedTuple):
    """An entry of the table, and the post that it will be about, read and cleaned."""

    entry: Entry
    post: ForeignPost | None


def name_of(activity: Activity, claim: Claim) -> str:
    """What we keep it under. Mastodon gives no id to Add and Remove, and means each of them."""
    if activity.id is not None:
        return activity.id
    return f"{activity.actor}#unnamed-{sha256(claim.fingerprint).hexdigest()}"


async def keep(tools: Tools, verified: Verified, claim: Claim, *, body: bytes, confirm: Confirm | None = None) -> None:
    """Commit an activity, with its effects or with the job that brings them. A repeat changes nothing.

    `confirm` is asked within the commit, before anything else, and may raise to have nothing kept.
    """
    now = tools.here.now()
    crash.point("inbox.verified")
    entry = dispatch.find(verified.activity)
    ctx = Context(here=tools.here, now=now)
    prepared = await _prepared(entry, verified, ctx, body)
    crash.point("inbox.prepared")
    try:
        await tools.db.write(_commit, verified, ctx, prepared, claim=claim, body=body, confirm=confirm)
    except NotFound as error:
        # A 404 would tell the sender that the inbox itself is gone.
        ignored = Ignored(str(error))
        await tools.db.write(_commit, verified, ctx, ignored, claim=claim, body=body, confirm=confirm)
    crash.point("inbox.committed")


async def _prepared(entry: Entry | None, verified: Verified, ctx: Context, body: bytes) -> Ready | Ignored:
    if entry is None:
        return Ignored(f"{dispatch.name_of(verified.activity)} is not something we act on")
    if len(body) > LARGE:
        post = await asyncio.to_thread(entry.prepare, verified, ctx)
    else:
        post = entry.prepare(verified, ctx)
    return post if isinstance(post, Ignored) else Ready(entry, post)


def _commit(
    tx: Connection,
    verified: Verified,
    ctx: Context,
    prepared: Ready | Ignored,
    *,
    claim: Claim,
    body: bytes,
    confirm: Confirm | None,
) -> None:
    """Keep the activity; and apply it at once, or have it done when what it needs was fetched."""
    if confirm is not None:
        confirm(tx)
    name = verified.stored_as or ""
    if not receipts.use_signature(tx, fingerprint=claim.fingerprint, expires_at=ctx.now + SIGNATURES_FOR):
        return
    crash.point("inbox.signature-used")
    nodes.hear(tx, host=verified.sender.host, now=ctx.now, stale=ctx.now - HEARD_AGAIN)
    crash.point("inbox.sender-heard")
    if not _record(tx, verified, name=name, body=body, now=ctx.now):
        return
    crash.point("inbox.recorded")
    if isinstance(prepared, Ignored):
        receipts.settle(tx, uri=name, outcome=str(prepared))
        return
    ctx = msgspec.structs.replace(ctx, post=prepared.post)
    if prepared.entry.needs(tx, verified, ctx):
        queue.enqueue(tx, Receive(name), due=ctx.now)
        crash.point("inbox.put-off")
        return
    outcome = prepared.entry.apply(tx, verified, ctx)
    crash.point("inbox.applied")
    receipts.settle(tx, uri=name, outcome=str(outcome))
    crash.point("inbox.settled")


def _record(tx: Connection, verified: Verified, *, name: str, body: bytes, now: datetime) -> bool:
    """Whether this is to be done: it is new, or of a kind that may come again."""
    kind, sender_id = verified.activity.type, verified.sender.id
    if receipts.record(tx, uri=name, sender_id=sender_id, kind=kind[:LONGEST_TYPE], body=body, at=now):
        return True
    if kind in COME_AGAIN or (kind in ASK_AGAIN and _asks_again(tx, name=name, now=now)):
        return receipts.replace(tx, uri=name, sender_id=sender_id, body=body, at=now)
    return False


def _asks_again(tx: Connection, *, name: str, now: datetime) -> bool:
    """A second copy of one Follow is a repeat; one after a while, or after it was ended, wants an answer."""
    before = known.received(tx, uri=name)
    return before is None or before.at <= now - ASKED_TWICE or known.follow(tx, uri=name) is None


async def apply_later(tools: Tools, job: Receive) -> None:
    """Fetch what a stored activity needs, then apply it. Raises Unreachable when that has to wait."""
    row = await tools.db.read(known.received, uri=job.uri)
    if row is None or row.outcome is not None:
        return
    crash.point("later.begun")
    try:
        if row.type == forwarding.FORWARDED:
            outcome = await forwarding.look(tools, _stored_object(row))
            await tools.db.write(receipts.settle, uri=job.uri, outcome=outcome)
        else:
            await _apply(tools, row)
    except (Invalid, Refused, NotFound) as error:
        await tools.db.write(receipts.settle, uri=job.uri, outcome=str(Ignored(str(error))))


async def _apply(tools: Tools, row: ReceivedRow) -> None:
    data = _stored_object(row)
    verified = await tools.db.read(trust.stored, row, data)
    entry = dispatch.find(verified.activity) if verified is not None else None
    if verified is None or entry is None:
        raise Refused("its sender is gone")
    ctx = Context(here=tools.here, now=tools.here.now())
    prepared = await _prepared(entry, verified, ctx, row.body)
    if isinstance(prepared, Ignored):
        await tools.db.write(receipts.settle, uri=row.uri, outcome=str(prepared))
        return
    ctx = msgspec.structs.replace(ctx, post=prepared.post)
    await _fetch_needs(tools, entry, verified, ctx)
    crash.point("later.fetched")
    await tools.db.write(_finish, entry, row.uri, data, ctx)


def _finish(tx: Connection, entry: Entry, name: str, data: dict[str, Json], ctx: Context) -> Outcome:
    """Apply it to what is known now: the sender, too, may have changed while things were fetched."""
    row = known.received(tx, uri=name)
    verified = trust.stored(tx, row, data) if row is not None else None
    outcome = entry.apply(tx, verified, ctx) if verified is not None else Ignored("its sender is gone")
    crash.point("later.applied")
    receipts.settle(tx, uri=name, outcome=str(outcome))
    crash.point("later.settled")
    return outcome


async def _fetch_needs(tools: Tools, entry: Entry, verified: Verified, ctx: Context) -> None:
    """What one fetch brings may show what else is needed, such as a post once its author is known."""
    budget, tried = Budget(), set[Need]()
    for _ in range(ROUNDS):
        needs = await tools.db.read(entry.needs, verified, ctx)
        missing = [need for need in needs if need not in tried]
        if not missing:
            return
        for need in missing:
            tried.add(need)
            await _fetch(tools, need, budget)


async def _fetch(tools: Tools, need: Need, budget: Budget) -> None:
    match need.wanted:
        case Wanted.ACTOR:
            await resolve.actor(tools, need.uri, budget=budget)
        case Wanted.ACTOR_AGAIN:
            await resolve.actor(tools, need.uri, fresh=True, budget=budget)
        case Wanted.POST:
            await resolve.post(tools, need.uri, budget=budget)
        case Wanted.POST_AGAIN:
            await resolve.again(tools, need.uri, budget=budget)
        case Wanted.STEWARDS:
            await stewards.look_up(tools, need.uri, budget=budget)
        case Wanted.SOFTWARE:
            await software.learn(tools, need.uri)
        case Wanted.ACTIVITY_IF_THERE:
            # Not every server shows what it sent under its id; then the object has to do.
            with suppress(FediShareError):
                await _confirm(tools, need.uri, budget)
        case Wanted.ACTIVITY:
            await _confirm(tools, need.uri, budget)


async def _confirm(tools: Tools, uri: str, budget: Budget) -> None:
    """Take in an activity from its own address, as if its server had sent it to us."""
    node = await documents.fetch(tools, uri, budget=budget)
    activity = read.activity(node)
    if activity.id != uri or dispatch.find(activity) is None:
        raise Invalid("There is no such activity at this address.")
    trust.refuse_foreign_id(activity)
    sender_id = await resolve.actor(tools, activity.actor, budget=budget)
    await tools.db.write(_take_confirmed, tools.here, activity, dict(node.data), sender_id=sender_id)


def _take_confirmed(tx: Connection, here: Here, activity: Activity, data: dict[str, Json], *, sender_id: int) -> None:
    now, uri, body = here.now(), activity.id or "", json.dumps(data)
    if not receipts.record(tx, uri=uri, sender_id=sender_id, kind=activity.type[:LONGEST_TYPE], body=body, at=now):
        return
    row, entry = known.received(tx, uri=uri), dispatch.find(activity)
    verified = trust.stored(tx, row, data) if row is not None else None
    if verified is None or entry is None:
        outcome: Outcome = Ignored("its sender is gone")
    else:
        outcome = entry.apply(tx, verified, Context(here=here, now=now))
    receipts.settle(tx, uri=uri, outcome=str(outcome))


def _stored_object(row: ReceivedRow) -> dict[str, Json]:
    data = json.loads(row.body)
    if not isinstance(data, dict):
        raise Invalid("What is stored is no activity.")
    return data
