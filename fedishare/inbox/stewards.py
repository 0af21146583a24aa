"""Who looks after a room elsewhere: its own list says, and is asked when it matters."""

from typing import Final

from fedishare.as2.node import Node
from fedishare.core import hosts
from fedishare.core.errors import Invalid
from fedishare.inbox import documents
from fedishare.inbox.memory import Budget
from fedishare.jobs.tools import Tools
from fedishare.queries import known
from fedishare.queries import rulings as decided
from fedishare.services import rulings

MOST: Final = 200


async def look_up(tools: Tools, room_uri: str, *, budget: Budget) -> None:
    """Read the list of a room's moderators anew. Raises Invalid for a room that has none of its own."""
    found = await tools.db.read(known.actor, uri=room_uri)
    room = await tools.db.read(decided.room, room_id=found.id) if found is not None else None
    if room is None or room.local or room.moderators is None or not hosts.same_origin(room.moderators, room.uri):
        raise Invalid("The room does not say who looks after it.")
    listed = _listed(await documents.fetch(tools, room.moderators, budget=budget))
    await tools.db.write(rulings.listed, room_id=room.id, uris=listed)


def _listed(collection: Node) -> tuple[str, ...]:
    """Plain ids in one list, as every server that has rooms shows them."""
    return collection.refs("orderedItems", most=MOST) or collection.refs("items", most=MOST)
