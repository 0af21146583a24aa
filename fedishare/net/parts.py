"""Files that arrive in pieces, over many requests and days: each lies in a folder of its own until it is whole.

Only one request at a time adds to a file, whichever process it came to. What arrived is safe once it was synced.
"""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

from fedishare.core.errors import Busy, NotFound, Unreachable

OnDisk: TypeAlias = Callable[..., Awaitable[Any]]

# How long a newcomer waits for the one before: a connection that broke is often noticed late.
PATIENCE: Final = 10.0
GLANCE: Final = 0.1
WANTED: Final = ".wanted"


class Part:
    """One file that is added to, held by its writer alone."""

    def __init__(self, file: BinaryIO, path: Path, *, on_disk: OnDisk, require_room: Callable[[int], None]) -> None:
        self._file = file
        self._wanted = _wanted(path)
        self._on_disk = on_disk
        self._require_room = require_room

    async def begin_at(self, offset: int) -> None:
        """Go on from there; what lies behind was never acknowledged and is written anew."""
        await self._on_disk(_cut, self._file, offset)

    async def write(self, block: bytes) -> None:
        """Raises Unreachable when the disk is full."""
        await self._on_disk(self._write, block)

    async def sync(self) -> None:
        """Once this returns, what was written survives a power cut."""
        await self._on_disk(_sync, self._file)

    def is_wanted(self) -> bool:
        """Whether somebody else waits to go on with it, so that one who hears nothing more should give up."""
        return self._wanted.exists()

    def _write(self, block: bytes) -> None:
        self._require_room(len(block))
        left = memoryview(block)
        while left:  # A disk that is almost full takes a part of it.
            left = left[self._file.write(left) :]


class Parts:
    """The folder of what has not arrived whole. `on_disk` runs a function in a thread of the store."""

    def __init__(self, folder: Path, *, on_disk: OnDisk, require_room: Callable[[int], None]) -> None:
        self._folder = folder
        self._on_disk = on_disk
        self._require_room = require_room

    def path(self, key: str) -> Path:
        return self._folder / key

    async def begin(self, key: str) -> None:
        """An empty part, to be added to."""
        await self._on_disk(_make, self.path(key))

    @asynccontextmanager
    async def adding(self, key: str, *, patience: float = PATIENCE) -> AsyncIterator[Part]:
        """Hold the part until the block ends. Raises NotFound where it is gone, Busy while another adds to it."""
        path = self.path(key)
        file: BinaryIO = await self._on_disk(_opened, path)
        try:
            await self._lock(file, path, patience)
            yield Part(file, path, on_disk=self._on_disk, require_room=self._require_room)
        finally:
            # A full disk says so once more when the rest is written; nobody was told that it is here.
            with contextlib.suppress(Unreachable):
                await asyncio.shield(self._on_disk(file.close))

    async def _lock(self, file: BinaryIO, path: Path, patience: float) -> None:
        try:
            async with asyncio.timeout(patience):
                while not await self._on_disk(_locked, file):
                    await self._on_disk(_wanted(path).touch)
                    await asyncio.sleep(GLANCE)
        except TimeoutError:
            raise Busy("This file is arriving from another tab or device just now.", retry_after=5) from None
        finally:
            await self._on_disk(_forget, _wanted(path))

    async def drop(self, key: str) -> None:
        """Forget what arrived; doing it twice is fine."""
        await self._on_disk(_forget, self.path(key))

    async def keys(self, *, before: datetime) -> list[str]:
        """Parts that nobody added to since that moment."""
        found: list[str] = await self._on_disk(_older, self._folder, before)
        return found


def _wanted(path: Path) -> Path:
    return path.with_name(path.name + WANTED)


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(exist_ok=False)


def _opened(path: Path) -> BinaryIO:
    try:
        # Blocks come in the size in which they are to be written, so nothing is kept back in memory.
        return path.open("r+b", buffering=0)
    except FileNotFoundError:
        raise NotFound("There is no such upload.") from None


def _locked(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _cut(file: BinaryIO, offset: int) -> None:
    file.truncate(offset)
    file.seek(offset)


def _sync(file: BinaryIO) -> None:
    os.fsync(file.fileno())


def _forget(path: Path) -> None:
    path.unlink(missing_ok=True)


def _older(folder: Path, before: datetime) -> list[str]:
    return [
        path.name
        for path in (folder.iterdir() if folder.is_dir() else ())
        if datetime.fromtimestamp(path.stat().st_mtime, UTC) < before
    ]
