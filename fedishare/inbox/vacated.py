"""An inbox that we delivered to is gone (REL-06).

Who read it is asked after, once a day, and let go if they are gone too.
"""

from datetime import timedelta
from typing import Final

from fedishare.core import hosts
from fedishare.core.errors import Gone, Invalid, NotFound, Refused
from fedishare.inbox import resolve
from fedishare.inbox.memory import Budget
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import CheckInbox
from fedishare.queries import known
from fedishare.services import people

LOOKED_FOR: Final = timedelta(days=1)
# Of a large server the rest has its turn when the next delivery is refused.
MOST: Final = 25
FETCHES_EACH: Final = 4


async def check(tools: Tools, job: CheckInbox) -> None:
    """Look at those who read there: they may have gone for good, or read elsewhere now.

    Only a 410 at the actor's own address ends an account; a 404 may be a mistake of an hour.
    """
    host = hosts.authority_of(job.inbox)
    before = tools.here.now() - LOOKED_FOR
    for reader in await tools.db.read(known.readers_of, inbox=job.inbox, host=host, before=before, most=MOST):
        try:
            await resolve.actor(tools, reader.uri, fresh=True, budget=Budget(FETCHES_EACH))
        except Gone:
            await tools.db.write(people.remove, actor_id=reader.id, here=tools.here)
        except (Invalid, NotFound, Refused):
            await tools.db.write(people.look, actor_id=reader.id, now=tools.here.now())
