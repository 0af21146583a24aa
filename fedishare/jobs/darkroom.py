"""Where pictures are made: those of people anew, in a thread; previews and clean copies in a process of its own.

A file that breaks that process breaks nothing else.
"""

import asyncio
import contextlib
import os
import struct
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import msgspec
import structlog

from fedishare.core.errors import Invalid
from fedishare.domain import traces
from fedishare.jobs.rendering import LENGTH
from fedishare.jobs.renditions import Facts, Made
from fedishare.net import pictures

SECONDS: Final = 60.0
LARGEST: Final = 4 << 20
# A secret of the node has no business in that process.
KEPT_OF_ENVIRONMENT: Final = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "TZ")
NOTHING: Final = Made(Facts(), b"")

# A large picture takes a second and a hundred megabytes: one at a time, beside what is done while people wait.
_DARKROOM: Final = ThreadPoolExecutor(1, thread_name_prefix="pictures")

log: Final = structlog.get_logger()


async def redrawn(body: bytes) -> pictures.Clean:
    """An uploaded picture, written anew; raises Invalid or TooLarge with what to do."""
    return await asyncio.get_running_loop().run_in_executor(_DARKROOM, pictures.clean, body)


async def develop(path: Path, media_type: str, *, seconds: float = SECONDS) -> Made:
    """What can be shown of a file; nothing where it cannot be read in the time and the memory there is."""
    said = await _ask(path, media_type, seconds=seconds)
    try:
        (length,) = LENGTH.unpack_from(said)
        facts = msgspec.json.decode(said[LENGTH.size : LENGTH.size + length], type=Facts)
    except (struct.error, msgspec.DecodeError):
        log.info("nothing can be made of a file", media_type=media_type)
        return NOTHING
    return Made(facts, said[LENGTH.size + length :])


async def cleaned(path: Path, media_type: str, *, seconds: float = SECONDS) -> AsyncGenerator[bytes]:
    """A copy of an office file without what is hidden in it, piece by piece.

    Raises Invalid at the end where it is no good: then none of it may be kept.
    """
    async with _process("fedishare.jobs.cleaning", path, media_type) as process:
        try:
            async with asyncio.timeout(seconds):
                while process.stdout is not None and (block := await process.stdout.read(1 << 16)):
                    yield block
                ended = await process.wait()
        except TimeoutError:
            ended = 1
        if ended != 0:
            raise Invalid(traces.CANNOT)


async def _ask(path: Path, media_type: str, *, seconds: float) -> bytes:
    async with _process("fedishare.jobs.rendering", path, media_type) as process:
        try:
            async with asyncio.timeout(seconds):
                return await _said(process)
        except TimeoutError:
            return b""


@contextlib.asynccontextmanager
async def _process(module: str, path: Path, media_type: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """It has ended when this is left, whatever happened."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", module, str(path), media_type),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in KEPT_OF_ENVIRONMENT if name in os.environ},
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _said(process: asyncio.subprocess.Process) -> bytes:
    said = bytearray()
    while process.stdout is not None and (block := await process.stdout.read(1 << 16)):
        said += block
        if len(said) > LARGEST:
            return b""
    return bytes(said) if await process.wait() == 0 else b""
