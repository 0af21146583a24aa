"""What somebody elsewhere has pinned, or a collection has in it: read when they are first met here.

Only from then on do Add and Remove come.
"""

from typing import Final

from sqlalchemy import Connection

from fedishare.core import hosts
from fedishare.core.errors import FediShareError, Invalid, NotFound, Refused
from fedishare.domain.kinds import Kind
from fedishare.inbox import anthologies, collecting, memory, resolve
from fedishare.inbox.memory import Budget
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import FetchFeatured
from fedishare.queries import known
from fedishare.services import pins
from fedishare.services.pins import MOST

MOST_FETCHES: Final = 60


async def fetch(tools: Tools, job: FetchFeatured) -> None:
    """Show the same posts as the actor's own server does. Raises Unreachable for later."""
    actor = await tools.db.read(known.actor_by_id, actor_id=job.actor_id)
    if actor is None or actor.local or actor.is_gone:
        return
    if actor.kind is Kind.SERVICE:
        await anthologies.fetch(tools, actor)
    if actor.featured is None:
        return
    remembered, now = memory.of(tools.client), tools.here.now()
    if remembered.was_asked(actor.featured, now=now):
        return
    budget = Budget(MOST_FETCHES)
    try:
        collection = await collecting.whole(tools, actor.featured, budget=budget)
        listed = [uri async for uri in collecting.items(tools, collection, at=actor.featured, budget=budget)]
    except (Invalid, NotFound, Refused):
        remembered.ask(actor.featured, now=now)
        return
    remembered.ask(actor.featured, now=now)
    for uri in [uri for uri in listed if hosts.same_origin(uri, actor.uri)][:MOST]:
        try:
            await resolve.post(tools, uri, budget=budget)
        except FediShareError:
            continue  # One that is gone or private does not spoil the others.
    await tools.db.write(_replace, actor.id, tuple(listed))


def _replace(tx: Connection, actor_id: int, listed: tuple[str, ...]) -> None:
    """Only what is their own, or in the room that they are, as with Add."""
    found = (known.post(tx, uri=uri) for uri in listed)
    own = [post for post in found if post is not None and actor_id in {post.author_id, post.room_id}]
    pins.replace(tx, actor_id=actor_id, posts=[post.id for post in own if post.deleted_at is None])
