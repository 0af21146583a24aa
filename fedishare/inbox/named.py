"""Whom a text names: those we know, and those who have to be looked for elsewhere."""

import asyncio
from typing import Final

from fedishare.core.errors import FediShareError
from fedishare.domain import markup
from fedishare.inbox import resolve
from fedishare.jobs.tools import Tools
from fedishare.queries import people

MOST_LOOK_UPS: Final = 10
LOOK_UP_SECONDS: Final = 15.0


async def find(tools: Tools, text: str) -> dict[str, int]:
    """The actors whom a text names, by the handles that it has. Who is not found stays plain text."""
    handles = markup.find_mentions(text)
    if not handles:
        return {}
    known = await tools.db.read(people.known_handles, tools.here, handles=handles)
    unknown = [handle for handle in handles if handle not in known and "@" in handle][:MOST_LOOK_UPS]
    found = await asyncio.gather(*(_look_up(tools, handle) for handle in unknown))
    return known | {handle: actor_id for handle, actor_id in zip(unknown, found, strict=True) if actor_id is not None}


async def _look_up(tools: Tools, handle: str) -> int | None:
    try:
        async with asyncio.timeout(LOOK_UP_SECONDS):
            found = await resolve.find(tools, f"@{handle}")
    except (FediShareError, TimeoutError):
        return None
    return found.id if found.kind == "actor" else None
