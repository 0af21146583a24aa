"""The last word about somebody of ours: the Delete of an actor, for everybody who may know of them."""

from sqlalchemy import Connection

from fedishare.core import uris
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import SayGone
from fedishare.outbox import activities
from fedishare.outbox.letters import Outgoing, letter, named, send
from fedishare.queries import parties, recipients
from fedishare.queries.parties import Party


async def say_gone(tools: Tools, job: SayGone) -> None:
    """For every server we know, as in Mastodon: who followed and who was followed is forgotten by now."""
    party, inboxes = await tools.db.read(_told, job.actor_id)
    who, now = party.who, tools.here.now()
    said = activities.delete_actor(
        uri=named(tools.here.uris, "Delete", who.uri), actor=who.uri, followers=who.followers or uris.followers(who.uri)
    )
    about = letter(said, actor=who, object_uri=who.uri, public=True, key=party.key, at=now)
    await send(tools, Outgoing(about, inboxes))


def _told(tx: Connection, actor_id: int) -> tuple[Party, list[str]]:
    return parties.party(tx, actor_id), recipients.all_inboxes(tx)
