"""Collections of other servers, read page by page: addresses, for what stands at one is asked for there."""

from collections.abc import AsyncIterator
from typing import Final

from fedishare.as2.node import Node, is_address
from fedishare.core import hosts
from fedishare.core.errors import Invalid
from fedishare.inbox import documents
from fedishare.inbox.memory import Budget
from fedishare.jobs.tools import Tools

COLLECTIONS: Final = frozenset({"Collection", "OrderedCollection", "CollectionPage", "OrderedCollectionPage"})
MOST_PAGES: Final = 10
MOST_ITEMS: Final = 1_000


async def whole(tools: Tools, uri: str, *, budget: Budget) -> Node:
    """The collection at an address. Raises Invalid where there is something else."""
    found = await documents.fetch(tools, uri, budget=budget)
    if not COLLECTIONS.intersection(found.types):
        raise Invalid("There is no collection at this address.")
    return found


async def items(tools: Tools, collection: Node, *, at: str, budget: Budget) -> AsyncIterator[str]:
    """The addresses in a collection of the server `at`, as `links` finds them."""
    async for uri, _ in links(tools, collection, at=at, budget=budget):
        yield uri


async def links(tools: Tools, collection: Node, *, at: str, budget: Budget) -> AsyncIterator[tuple[str, Node]]:
    """What is in a collection of the server `at`, each address once, page after page as long as there are new ones.

    With each address comes what the collection says of it, which need not be what is there. Ends after MOST_PAGES
    or MOST_ITEMS: some collections have no end (DOS-16).
    """
    seen: set[str] = set()
    turned: set[str] = set()
    before = 0
    page: Node | None = collection
    while page is not None:
        fresh = {uri: link for uri, link in listed(page).items() if uri not in seen}
        for uri, link in [*fresh.items()][: MOST_ITEMS - len(seen)]:
            seen.add(uri)
            yield uri, link
        # A page that was fetched and brings nothing new ends the walk, or a peer could turn pages for ever (DOS-16).
        # What came inside the collection cost nothing: GoToSocial's first page has no items, Mastodon's often none.
        if (not fresh and len(turned) > before) or len(turned) >= MOST_PAGES or len(seen) >= MOST_ITEMS:
            return
        before = len(turned)
        page = await _next(tools, page, at=at, turned=turned, budget=budget)


def listed(page: Node) -> dict[str, Node]:
    """What stands on one page, by address, in its order."""
    found: dict[str, Node] = {}
    for link in (*page.links("orderedItems"), *page.links("items")):
        uri = link.data.get("id") or link.data.get("href")
        if isinstance(uri, str) and is_address(uri):
            found.setdefault(uri, link)
    return found


async def _next(tools: Tools, page: Node, *, at: str, turned: set[str], budget: Budget) -> Node | None:
    inside = page.node("first")
    if inside is not None and inside.types:
        return inside
    uri = page.ref("first") or page.ref("next")
    if uri is None or uri in turned or not hosts.same_origin(uri, at):
        return None
    turned.add(uri)
    found, place = await documents.at(tools, uri, budget=budget)
    # Pages often go by another id than their address, and need not have one at all.
    return found if hosts.same_origin(place, at) and COLLECTIONS.intersection(found.types) else None
