"""Votes in our polls, as other servers send them; their count; and the end of polls, ours and others'."""

from contextlib import suppress

from sqlalchemy import Connection

from fedishare.core.errors import FediShareError
from fedishare.inbox import resolve
from fedishare.inbox.context import Context, Done, Ignored, Outcome, Verified
from fedishare.inbox.memory import Budget
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import ClosePoll, TallyPoll
from fedishare.queries import known
from fedishare.services import polls
from fedishare.services.drafts import ForeignPost


def vote(tx: Connection, activity: Verified, ctx: Context, found: ForeignPost) -> Outcome:
    """One answer, chosen by its sender. It is never shown as a post, and nobody is told of it."""
    refusal = polls.receive_vote(
        tx,
        ctx.here,
        actor_id=activity.sender.id,
        poll_uri=found.in_reply_to_uri or "",
        name=found.vote or "",
        uri=found.uri,
    )
    return Ignored(refusal) if refusal is not None else Done("vote")


async def tally(tools: Tools, job: TallyPoll) -> None:
    """Enough time has passed since the first of some votes: have them told."""
    await tools.db.write(polls.tally, tools.here, post_id=job.post_id)


async def close(tools: Tools, job: ClosePoll) -> None:
    """Take in the last count of a poll elsewhere, if its server answers; then end it here."""
    post = await tools.db.read(known.post_by_id, post_id=job.post_id)
    if post is None or post.deleted_at is not None:
        return
    if not post.local:
        with suppress(FediShareError):
            await resolve.again(tools, post.uri, budget=Budget())
    await tools.db.write(polls.close, tools.here, post_id=job.post_id)
