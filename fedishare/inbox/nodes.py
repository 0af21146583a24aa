"""Looks up what software another server runs (NodeInfo), to know how it reads a room's announcements."""

from typing import Final, NamedTuple

from fedishare.as2.node import Node
from fedishare.core import hosts
from fedishare.core.errors import Invalid, NotFound, Refused
from fedishare.domain import dialects, markup
from fedishare.inbox.memory import Budget
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import LookUpNode
from fedishare.net.answers import json_object
from fedishare.queries import known
from fedishare.services import nodes as services_nodes
from fedishare.services import shunned

PATH: Final = "/.well-known/nodeinfo"
REL: Final = "http://nodeinfo.diaspora.software/ns/schema/2."
ACCEPT: Final = "application/json"
MAX_BYTES: Final = 64 << 10
LONGEST_WORD: Final = 100


class Software(NamedTuple):
    name: str | None
    version: str | None
    called: str | None = None


UNKNOWN: Final = Software(None, None)


async def learn(tools: Tools, uri: str) -> None:
    """Find out what the server of somebody runs, where we do not know it and cannot go on without."""
    host = hosts.origin_of(uri).authority
    await tools.db.write(services_nodes.meet, tools.here, host=host)
    await look_up(tools, LookUpNode(host))


async def look_up(tools: Tools, job: LookUpNode) -> None:
    """Write down what a server says it is. Raises Unreachable to be asked again later."""
    if job.host == tools.here.uris.authority:
        return
    try:
        software = await _software(tools, job.host)
    except (Invalid, NotFound, Refused):
        software = UNKNOWN
    await tools.db.write(
        services_nodes.describe,
        host=job.host,
        software=software.name,
        version=software.version,
        dialect=dialects.usual(software.name),
        called=software.called,
        now=tools.here.now(),
    )


async def _software(tools: Tools, host: str) -> Software:
    somebody = await tools.db.read(known.somebody_at, host=host)
    origin = str(hosts.origin_of(somebody or f"https://{host}"))
    if await shunned.is_shunned(tools.db, tools.here.clock, hosts.origin_of(origin).host):
        raise Refused("This node has nothing to do with that server.")
    budget = Budget(2)
    href = _newest(await _get(tools, origin + PATH, budget=budget), origin)
    found = await _get(tools, href, budget=budget)
    described, metadata = found.node("software"), found.node("metadata")
    called = markup.text((metadata.text("nodeName") or "") if metadata else "", limit=LONGEST_WORD) or None
    if described is None:
        return Software(None, None, called)
    name = markup.text(described.text("name") or "", limit=LONGEST_WORD).lower()
    return Software(name or None, markup.text(described.text("version") or "", limit=LONGEST_WORD) or None, called)


async def _get(tools: Tools, url: str, *, budget: Budget) -> Node:
    budget.spend()
    answer = await tools.client.get(url, accept=ACCEPT, max_bytes=MAX_BYTES)
    tools.client.require_ok(answer)
    if not hosts.same_origin(answer.url, url):
        raise Invalid("The server answers from somewhere else.")
    return Node(json_object(answer))


def _newest(links: Node, origin: str) -> str:
    """The address of the highest 2.x version, on the server itself and nowhere else (SSRF-07)."""
    named = {link.text("rel") or "": link.text("href") or "" for link in links.nodes("links", most=20)}
    own = [(rel, href) for rel, href in named.items() if rel.startswith(REL) and hosts.same_origin(href, origin)]
    if not own:
        raise Invalid("The server does not say what it runs.")
    return max(own)[1]
