"""Other servers from the command line: blocking them, and how rooms speak to them."""

from typing import Final

from fedishare import start
from fedishare.core import hosts
from fedishare.core.clock import Clock
from fedishare.core.errors import Invalid
from fedishare.domain.kinds import Dialect
from fedishare.queries import nodes
from fedishare.queries.nodes import BlockedLine
from fedishare.services import nodes as services_nodes
from fedishare.services.nodes import Blocked
from fedishare.settings import Settings

DEFAULT: Final = "default"


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


async def set_dialect(settings: Settings, clock: Clock, *, host: str, word: str) -> str:
    """What is told to `host` from now on, in one sentence. Raises Invalid for what is no host."""
    authority = hosts.authority_of(f"https://{host.removeprefix('https://').rstrip('/')}")
    if not authority:
        raise Invalid(f"{host} is not the name of a server, such as lemmy.example")
    chosen = None if word == DEFAULT else Dialect(word)
    async with start.tools(settings, clock=clock) as tools:
        spoken = await tools.db.write(services_nodes.set_dialect, host=authority, dialect=chosen)
    return f"Rooms here speak to {authority} as to {spoken}."
