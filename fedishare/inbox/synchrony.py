"""What another server believes about who of us follows its people, and setting both right (FEP-8fcf).

Mistakes here cost people their follows, so nothing is done unless the list is complete, and is the
very one whose digest came with the activity (M20).
"""

import re
from typing import Final

from sqlalchemy import Connection

from fedishare.core import hosts
from fedishare.core.here import Here
from fedishare.domain.digests import digest
from fedishare.inbox import collecting, documents, memory
from fedishare.inbox.memory import Budget
from fedishare.jobs import queue
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import SynchroniseFollowers
from fedishare.net.messages import Request
from fedishare.queries import circles, known
from fedishare.queries.known import ActorRow
from fedishare.services import follows

HEADER: Final = "collection-synchronization"
_PARAMETER: Final = re.compile(r'\s*([A-Za-z]+)\s*=\s*"([^"]*)"\s*(?:,|$)', re.ASCII)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_WANTED: Final = frozenset({"collectionId", "digest", "url"})


async def hear(tools: Tools, request: Request, *, key_id: str, sender: ActorRow) -> None:
    """Note what came with an activity, if its sender has reason to say it and we see things differently."""
    said = next((value for name, value in request.headers if name.lower() == HEADER), None)
    if said is None or not key_id.startswith(sender.uri):
        return
    stated = _read(said)
    url, wanted = stated.get("url", ""), stated.get("digest", "").lower()
    if stated.get("collectionId") != sender.followers or not _DIGEST.fullmatch(wanted):
        return
    if not hosts.same_origin(url, sender.uri):
        return
    remembered, now = memory.of(tools.client), tools.here.now()
    if remembered.was_asked(f"{url} {wanted}", now=now):
        return
    remembered.ask(f"{url} {wanted}", now=now)
    ours = await tools.db.read(circles.here, actor_id=sender.id)
    if digest(ours) != wanted:
        await tools.db.write(_plan, tools.here, SynchroniseFollowers(sender.id, url, wanted))


def _plan(tx: Connection, here: Here, job: SynchroniseFollowers) -> None:
    queue.enqueue(tx, job, due=here.now())


def _read(header: str) -> dict[str, str]:
    """The three parameters, each once; nothing if there is anything else in it."""
    found = _PARAMETER.findall(header)
    stated = dict(found)
    rest = _PARAMETER.sub("", header).strip()
    return stated if not rest and len(found) == len(stated) and stated.keys() >= _WANTED else {}


async def synchronise(tools: Tools, job: SynchroniseFollowers) -> None:
    """Fetch the list, and if it is the one that was meant, act by it. Raises Unreachable for later."""
    before = await tools.db.read(circles.here, actor_id=job.actor_id)
    budget = Budget(collecting.MOST_PAGES + 2)
    found, place = await documents.at(tools, job.url, budget=budget)
    if not hosts.same_origin(place, job.url) or not collecting.COLLECTIONS.intersection(found.types):
        return
    listed = [uri async for uri in collecting.items(tools, found, at=job.url, budget=budget)]
    if digest(listed) != job.digest:
        return  # It is cut short, or has changed meanwhile; the next activity tells.
    await tools.db.write(_settle, tools.here, job.actor_id, frozenset(listed), before)


def _settle(tx: Connection, here: Here, actor_id: int, listed: frozenset[str], before: dict[str, int]) -> None:
    """`before` are those who followed before the list was fetched: who was accepted since is not in it by right."""
    for uri, follower_id in before.items():
        if uri not in listed:
            follows.undo(tx, here, follower_id=follower_id, followee_id=actor_id)
    for uri in sorted(listed - before.keys()):
        follower = known.actor(tx, uri=uri)
        if follower is not None and follower.local and not follower.is_gone:
            follows.believe(tx, here, follower_id=follower.id, followee_id=actor_id)
