"""Collections of resources elsewhere: what comes into one, what goes, and in what order it stands."""

import asyncio
from contextlib import suppress
from typing import Final

from sqlalchemy import Connection

from fedishare.as2.node import Node
from fedishare.core.errors import FediShareError, Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.domain import markup
from fedishare.domain.kinds import Kind
from fedishare.inbox import collecting, memory, pins, resolve, rulings, trust
from fedishare.inbox.context import Context, Done, Ignored, Need, Outcome, Verified, Wanted
from fedishare.inbox.memory import Budget
from fedishare.jobs.tools import Tools
from fedishare.queries import anthologies, known
from fedishare.queries.known import ActorRow
from fedishare.services import collected
from fedishare.services.collected import LONGEST_LINE, MOST, Item

# Each resource, and now and then somebody new who wrote it.
MOST_FETCHES: Final = 3 * MOST
AT_ONCE: Final = 8
NOT_FOLLOWED: Final = Ignored("nobody here follows the collection, or the resource is not for everybody")


def add_needs(tx: Connection, activity: Verified, ctx: Context) -> tuple[Need, ...]:
    if not _is_own_items(tx, activity):
        return pins.add_needs(tx, activity, ctx)
    uri = activity.activity.object
    if uri is None or not trust.is_foreign(uri, ctx.here) or known.post(tx, uri=uri) is not None:
        return ()
    return (Need(Wanted.POST, uri),) if known.is_followed_here(tx, actor_id=activity.sender.id) else ()


def add(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """Something comes into the collection that says so; all other lists are those of rooms and of profiles."""
    if not _is_own_items(tx, activity):
        return rulings.add(tx, activity, ctx)
    post_id, sender = _post(tx, activity), activity.sender.id
    if post_id is None:
        return NOT_FOLLOWED
    item = Item(post_id, _line(markup.plain(activity.activity.content)))
    if collected.put(tx, ctx.here, anthology_id=sender, item=item):
        collected.tell(tx, ctx.here, anthology_id=sender, post_id=post_id)
    elif not collected.say(tx, anthology_id=sender, item=item):
        return NOT_FOLLOWED
    index = _index(tx, activity, post_id=post_id)
    if index is not None:
        collected.place(tx, anthology_id=sender, post_id=post_id, index=index)
    return Done("resource in a collection")


def _index(tx: Connection, activity: Verified, *, post_id: int) -> int | None:
    """Where it stands: behind what it says, if that is here, for something else may be missing; else by number."""
    said = Node(activity.data)
    previous = said.ref("schema:previousItem")
    before = known.post(tx, uri=previous) if previous is not None else None
    if before is not None:
        index = collected.index_behind(tx, anthology_id=activity.sender.id, post_id=post_id, previous_id=before.id)
        if index is not None:
            return index
    number = said.number("schema:position")
    return int(number) - 1 if number else None


def remove(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    if not _is_own_items(tx, activity):
        return rulings.remove(tx, activity, ctx)
    post_id = _post(tx, activity)
    if post_id is None or not collected.take(tx, anthology_id=activity.sender.id, post_id=post_id):
        return Ignored("it was not in the collection")
    return Done("resource out of a collection")


def _is_own_items(tx: Connection, activity: Verified) -> bool:
    """Whether a collection speaks of its own list. Most who add to a list are none."""
    if activity.sender.kind is not Kind.SERVICE or activity.activity.target is None:
        return False
    return activity.activity.target == anthologies.items_uri(tx, actor_id=activity.sender.id)


def _post(tx: Connection, activity: Verified) -> int | None:
    post = known.post(tx, uri=activity.activity.object) if activity.activity.object else None
    return post.id if post is not None else None


def _line(text: str) -> str:
    return markup.text(text, limit=LONGEST_LINE)


def _replace(tx: Connection, here: Here, anthology_id: int, listed: tuple[tuple[str, str], ...]) -> None:
    found = ((known.post(tx, uri=uri), line) for uri, line in listed)
    items = [Item(post.id, line) for post, line in found if post is not None]
    collected.replace(tx, here, anthology_id=anthology_id, items=items)


async def fetch(tools: Tools, actor: ActorRow) -> None:
    """Show the same resources as the collection's own server does. Raises Unreachable for later."""
    uri = await tools.db.read(anthologies.items_uri, actor_id=actor.id)
    remembered, now = memory.of(tools.client), tools.here.now()
    if uri is None or remembered.was_asked(uri, now=now):
        return
    budget = Budget(MOST_FETCHES)
    try:
        collection = await collecting.whole(tools, uri, budget=budget)
        found = [pair async for pair in collecting.links(tools, collection, at=uri, budget=budget)][:MOST]
    except (Invalid, NotFound, Refused):
        remembered.ask(uri, now=now)
        return
    addresses = [address for address, _ in found]
    for start in range(0, len(addresses), AT_ONCE):
        await asyncio.gather(*(_bring(tools, each, budget) for each in addresses[start : start + AT_ONCE]))
    await tools.db.write(
        _replace, tools.here, actor.id, tuple((address, _line(link.text("name") or "")) for address, link in found)
    )
    # Not before: where there was no time for a long list, the next try goes on from what is here by then.
    remembered.ask(uri, now=now)


async def _bring(tools: Tools, address: str, budget: Budget) -> None:
    """One that is gone or private does not spoil the others."""
    with suppress(FediShareError):
        await resolve.post(tools, address, budget=budget)
