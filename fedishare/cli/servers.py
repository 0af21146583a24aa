"""Blocking servers from the command line."""

from fedishare import start
from fedishare.core.clock import Clock
from fedishare.queries import nodes
from fedishare.queries.nodes import BlockedLine
from fedishare.services import nodes as services_nodes
from fedishare.services.nodes import Blocked
from fedishare.settings import Settings


async def block(settings: Settings, clock: Clock, *, domain: str, reason: str) -> Blocked:
    """Raises Invalid for what is no domain or blocked already, Refused for our own."""
    async with start.tools(settings, clock=clock) as tools:
        return await tools.db.write(services_nodes.block, tools.here, domain=domain, reason=reason)


async def unblock(settings: Settings, clock: Clock, *, domain: str) -> bool:
    async with start.tools(settings, clock=clock) as tools:
        return await tools.db.write(services_nodes.unblock, domain=domain)


async def blocked(settings: Settings, clock: Clock) -> list[BlockedLine]:
    async with start.tools(settings, clock=clock) as tools:
        return await tools.db.read(nodes.blocked)
