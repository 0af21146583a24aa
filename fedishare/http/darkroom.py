"""Where uploaded pictures are made harmless, a few at a time."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from fedishare.net import pictures

# A large picture takes a second and a hundred megabytes: never more than two at a time.
_DARKROOM: Final = ThreadPoolExecutor(2, thread_name_prefix="pictures")


async def cleaned(body: bytes, *, longest: int = pictures.LONGEST_SIDE) -> pictures.Clean:
    """An uploaded picture, written anew and at most so long; raises Invalid or TooLarge with what to do."""
    return await asyncio.get_running_loop().run_in_executor(_DARKROOM, partial(pictures.clean, body, longest=longest))
