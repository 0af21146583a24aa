"""What files tell of people, found out at once for somebody who is about to share them."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

from aiohttp import web

from fedishare.domain import hidden
from fedishare.domain.traces import Traces
from fedishare.domain.traces import read as read_traces
from fedishare.http.keys import DARKROOM, DATABASE, HERE, STORAGE
from fedishare.jobs import darkroom
from fedishare.queries import previews as found
from fedishare.services import previews
from fedishare.services.uploads import Staged

# What somebody waits for who is about to share a file.
SECONDS: Final = 20.0


async def look(request: web.Request, staged: Sequence[Staged]) -> dict[str, Traces]:
    """What was found in files that are whole, by their keys. Those that nobody looked into yet are looked into now."""
    whole = [each for each in staged if each.is_whole]
    known = await request.app[DATABASE].read(found.traces, storage_keys=[each.storage_key for each in whole])
    new = [each for each in whole if each.storage_key not in known]
    looked = await asyncio.gather(*(_look_into(request, each) for each in new))
    known |= {each.storage_key: traces for each, traces in zip(new, looked, strict=True)}
    return {each.key: read_traces(known[each.storage_key]) for each in whole}


async def _look_into(request: web.Request, staged: Staged) -> list[str]:
    """As the worker would have done in a moment, but for somebody who waits; the worker finds it done."""
    storage = request.app[STORAGE]
    if await storage.look(staged.storage_key, partial(hidden.is_known_at_once, media_type=staged.media_type)):
        return await storage.look(staged.storage_key, partial(hidden.find, media_type=staged.media_type))
    async with request.app[DARKROOM]:
        made = await darkroom.develop(storage.path(staged.storage_key), staged.media_type, seconds=SECONDS)
    if made is not darkroom.NOTHING:
        picture = await storage.save_bytes(made.picture) if made.picture else None
        preview = previews.Preview(made.facts, picture.key if picture else None)
        await request.app[DATABASE].write(
            previews.keep, request.app[HERE], storage_key=staged.storage_key, preview=preview
        )
    return list(made.facts.traces)
