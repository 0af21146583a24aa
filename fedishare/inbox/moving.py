"""Looking up the other account of somebody who moves: as its own server shows it at this moment."""

from fedishare.core.errors import Invalid
from fedishare.inbox import resolve
from fedishare.jobs.tools import Tools
from fedishare.queries import known


async def other_account(tools: Tools, text: str) -> int:
    """The id of the account that a handle or an address names, fetched anew.

    Raises NotFound, Refused, Unreachable or Invalid, with words for whoever typed it.
    """
    if not text.strip():
        raise Invalid("Please give the other account, such as @name@school.example.")
    found = await resolve.find(tools, text)
    actor = await tools.db.read(known.actor_by_id, actor_id=found.id) if found.kind == "actor" else None
    if actor is None:
        raise Invalid("This is not an account, but something else.")
    return actor.id if actor.local else await resolve.actor(tools, actor.uri, fresh=True)
