"""Documents of other servers: asked for in the node's own name, and believed about their own address alone."""

from sqlalchemy import Connection

from fedishare.as2.node import Node
from fedishare.as2.read import ACTORS
from fedishare.core import hosts
from fedishare.core.errors import Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.inbox import memory
from fedishare.inbox.memory import Budget
from fedishare.jobs.tools import Tools
from fedishare.net.signatures import Signer
from fedishare.queries import known
from fedishare.services import shunned


def node_signer(tx: Connection, here: Here) -> Signer:
    """Signs as the node itself, which every server may look up without a signature."""
    found = known.signing_key(tx, actor_uri=here.uris.node)
    if found is None:
        raise NotFound("This node has no actor of its own yet.")
    return Signer(*found)


async def signer(tools: Tools) -> Signer:
    remembered = memory.of(tools.client)
    if remembered.signer is None:
        remembered.signer = await tools.db.read(node_signer, tools.here)
    return remembered.signer


async def fetch(tools: Tools, uri: str, *, budget: Budget) -> Node:
    """The ActivityStreams document that lives at an address, under exactly that id.

    A document that names another id on the same server is asked for there, once (ORG-12); one
    that a redirect found on another server is not believed (ORG-13).
    """
    found, place = await at(tools, uri, budget=budget)
    if found.id() == uri and hosts.same_origin(place, uri):
        return found
    other = found.id()
    if not hosts.same_origin(other, uri) or not hosts.same_origin(place, uri):
        raise Invalid("This document belongs to another address.")
    confirmed, place = await at(tools, other, budget=budget)
    if confirmed.id() != other or not hosts.same_origin(place, other):
        raise Invalid("This document belongs to another address.")
    return confirmed


async def at(tools: Tools, uri: str, *, budget: Budget) -> tuple[Node, str]:
    """What an address answers with, and the address that the answer came from."""
    host = hosts.origin_of(uri).host
    if tools.here.uris.is_ours(uri):
        raise NotFound("This node has no such thing.")
    if await shunned.is_shunned(tools.db, tools.here.clock, host):
        raise Refused("This node has nothing to do with that server.")
    budget.spend(host)
    answer, data = await tools.client.get_json(uri.partition("#")[0], signer=budget.signer or await signer(tools))
    node = Node(data)
    if not node.is_as2:
        raise Invalid("The document does not say that it speaks ActivityStreams.")
    return node, answer.url


async def owner_of_key(tools: Tools, address: str, *, budget: Budget) -> str:
    """Whose key it is by the document at its address: the actor found there, or the one on that server it names."""
    found, place = await at(tools, address, budget=budget)
    is_actor = any(kind in ACTORS for kind in found.types)
    owner = found.id() if is_actor else found.ref("owner") or found.ref("controller")
    if owner is None or not hosts.same_origin(owner, address) or not hosts.same_origin(place, address):
        raise Invalid("The key does not name an owner on its own server.")
    return owner
