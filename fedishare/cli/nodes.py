"""Other servers from the command line."""

from typing import Final

from fedishare import start
from fedishare.core import hosts
from fedishare.core.clock import Clock
from fedishare.core.errors import Invalid
from fedishare.domain.kinds import Dialect
from fedishare.services import nodes
from fedishare.settings import Settings

DEFAULT: Final = "default"


async def set_dialect(settings: Settings, clock: Clock, *, host: str, word: str) -> str:
    """What is told to `host` from now on, in one sentence. Raises Invalid for what is no host."""
    authority = hosts.authority_of(f"https://{host.removeprefix('https://').rstrip('/')}")
    if not authority:
        raise Invalid(f"{host} is not the name of a server, such as lemmy.example")
    chosen = None if word == DEFAULT else Dialect(word)
    async with start.tools(settings, clock=clock) as tools:
        spoken = await tools.db.write(nodes.set_dialect, host=authority, dialect=chosen)
    return f"Rooms here speak to {authority} as to {spoken}."
