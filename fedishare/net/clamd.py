"""Asks a ClamAV daemon whether a file is harmful, over its socket (clamd(8), INSTREAM)."""

import asyncio
import struct
from pathlib import Path
from typing import Final

from fedishare.core.errors import Unreachable

BLOCK: Final = 128 << 10
SECONDS: Final = 90.0
_LENGTH: Final = struct.Struct(">I")


async def scan(address: str, path: Path) -> str | None:
    """The name of what is in the file, or None where nothing was found.

    `address` is a path or host:port. Raises Unreachable where the daemon is not there, does not
    answer in time, or cannot look at the file: then nothing is known about it.
    """
    try:
        async with asyncio.timeout(SECONDS):
            said = await _ask(address, path)
    except (OSError, TimeoutError, ValueError, EOFError, asyncio.LimitOverrunError) as error:
        raise Unreachable(f"the virus scanner at {address} does not answer") from error
    answer = said.rstrip("\0\n").removeprefix("stream: ")
    if answer == "OK":
        return None
    if answer.endswith(" FOUND"):
        return answer.removesuffix(" FOUND")
    raise Unreachable(f"the virus scanner could not look at a file: {answer[:200] or 'it hung up'}")


async def _ask(address: str, path: Path) -> str:
    reader, writer = await _connected(address)
    try:
        writer.write(b"zINSTREAM\0")
        loop = asyncio.get_running_loop()
        with path.open("rb") as file:
            while block := await loop.run_in_executor(None, file.read, BLOCK):
                writer.write(_LENGTH.pack(len(block)) + block)
                await writer.drain()
        writer.write(_LENGTH.pack(0))
        await writer.drain()
        return (await reader.readuntil(b"\0")).decode(errors="replace")
    finally:
        writer.close()


async def _connected(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if address.startswith("/"):
        return await asyncio.open_unix_connection(address)
    host, _, port = address.rpartition(":")
    return await asyncio.open_connection(host.strip("[]"), int(port))
