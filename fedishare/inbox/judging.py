"""Whether a paper of a meeting is taken for what it says: a room elsewhere may have to be asked who looks after it."""

from fedishare.core.errors import Gone, Invalid, NotFound, Refused, Unreachable
from fedishare.inbox import resolve, stewards
from fedishare.inbox.memory import Budget
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import JudgePaper
from fedishare.services import papers


async def judge(tools: Tools, job: JudgePaper) -> None:
    """Raises Unreachable where the room's server does not answer, to be tried again."""
    missing = await tools.db.read(papers.missing, post_id=job.post_id)
    if missing is not None:
        try:
            await stewards.look_up(tools, missing.room_uri, budget=Budget())
        except Invalid:  # It has no such list, so nobody can be on it.
            return
    for uri in await tools.db.read(papers.strangers, post_id=job.post_id):
        await _meet(tools, uri)
    await tools.db.write(papers.settle, tools.here, post_id=job.post_id)


async def _meet(tools: Tools, uri: str) -> None:
    """Whom it names is shown by name if they can be found; the paper does not wait for that."""
    try:
        await resolve.actor(tools, uri, budget=Budget())
    except (Gone, Invalid, NotFound, Refused, Unreachable):
        return
