"""With what only followers get goes word of who they are, so that both servers can keep it straight (FEP-8fcf)."""

from typing import Final

from fedishare.core import uris
from fedishare.domain.digests import digest
from fedishare.jobs.deliveries import Claimed
from fedishare.jobs.tools import Tools
from fedishare.queries import circles

HEADER: Final = "Collection-Synchronization"


async def headers(tools: Tools, claimed: Claimed) -> dict[str, str]:
    """The header for one delivery, as things are now: a delivery may have waited for days."""
    found = await tools.db.read(circles.at_origin, actor_id=claimed.sender_id, url=claimed.inbox)
    if found is None:
        return {}
    url = uris.followers_synchronization(found.actor)
    return {HEADER: f'collectionId="{found.followers}", digest="{digest(found.members)}", url="{url}"'}
