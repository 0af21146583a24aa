"""Files on disk, behind an interface small enough for another kind of store to take its place."""

import asyncio
import contextlib
import errno
import hashlib
import os
import re
import shutil
import threading
from collections.abc import AsyncIterable, AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final, ParamSpec, TypeAlias, TypeVar

import msgspec

from fedishare.core import ids
from fedishare.core.errors import Invalid, TooLarge, Unreachable
from fedishare.net.parts import Parts

THREADS: Final = 4
BLOCK: Final = 256 << 10
MAX_KEPT_FREE: Final = 512 << 20
KEPT_FREE_PERCENT: Final = 5
INCOMING: Final = "incoming"
PARTS: Final = "parts"

_KEY: Final = re.compile(r"[0-9a-f]{40}", re.ASCII)
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

P = ParamSpec("P")
R = TypeVar("R")
# So many bytes from there on, or fewer where the file ends.
Read: TypeAlias = Callable[[int, int], bytes]


class Stored(msgspec.Struct, frozen=True):
    key: str
    size: int
    sha256: str


class _Draft:
    """A file on its way in: not yet under its key, so nobody can read half of it.

    Each step runs in some thread and holds the lock, so that a request given up half-way can
    be cleaned up after, whichever step is still under way.
    """

    def __init__(self, path: Path, target: Path) -> None:
        self.size = 0
        self._path = path
        self._target = target
        self._digest = hashlib.sha256()
        self._file: BinaryIO | None = None
        self._lock = threading.Lock()
        self._is_dropped = False

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, block: bytes) -> None:
        with self._lock:
            self._opened().write(block)
            self._digest.update(block)
            self.size += len(block)

    def publish(self) -> None:
        with self._lock:
            file = self._opened()
            file.flush()
            os.fsync(file.fileno())
            file.close()
            shard = self._target.parent
            shard.mkdir(parents=True, exist_ok=True)
            self._path.rename(self._target)
            # The file survives a power cut only if the folders that name it do.
            for folder in (shard, shard.parent, shard.parent.parent):
                _sync_folder(folder)

    def drop(self) -> None:
        with self._lock:
            self._is_dropped = True
            # Closing flushes, which fails once more on a full disk.
            with contextlib.suppress(OSError):
                if self._file is not None:
                    self._file.close()
            self._path.unlink(missing_ok=True)
            self._target.unlink(missing_ok=True)

    def _opened(self) -> BinaryIO:
        if self._is_dropped:
            raise OSError(errno.ECANCELED, "given up")
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("xb")
        return self._file


class Storage:
    """A folder of files under keys nobody can guess. Close it to end its threads.

    `keep_free_bytes` stay free on the disk, whatever is uploaded: by default 512 MiB or a
    twentieth of the disk, whichever is less.
    """

    def __init__(self, folder: Path, *, keep_free_bytes: int | None = None) -> None:
        self._folder = folder
        self._keep_free_bytes = keep_free_bytes
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="disk")
        self.parts = Parts(folder / PARTS, on_disk=self._on_disk, require_room=self._require_room)

    async def save(self, chunks: AsyncIterable[bytes], *, max_bytes: int) -> Stored:
        """Keep all of `chunks`, or nothing.

        Once this returns the file survives a power cut. Raises TooLarge over `max_bytes`, and
        Unreachable when the disk is full or fails; what `chunks` raises passes through.
        """
        key = new_key()
        draft = _Draft(self._folder / INCOMING / key, self.path(key))
        try:
            await self._on_disk(self._require_room, 0)
            async for block in _blocks(chunks, max_bytes=max_bytes):
                await self._on_disk(self._require_room, len(block))
                await self._on_disk(draft.write, block)
            await self._on_disk(draft.publish)
        except BaseException:
            # Even when the request was given up: a file nobody knows of would stay for ever.
            await asyncio.shield(self._on_disk(draft.drop))
            raise
        return Stored(key=key, size=draft.size, sha256=draft.sha256)

    async def save_bytes(self, body: bytes) -> Stored:
        return await self.save(_once(body), max_bytes=len(body))

    def path(self, key: str) -> Path:
        """Where the file of `key` lies; raises Invalid for what is not one of our keys."""
        if not _KEY.fullmatch(key):
            raise Invalid("There is no file of this name.")
        return self._folder / key[:2] / key[2:4] / key

    async def adopt(self, key: str) -> Stored:
        """Keep a part that is whole under the key it came with, and say what it is; doing it twice changes nothing."""
        size, sha256 = await self._on_disk(_adopt, self.parts.path(key), self.path(key))
        return Stored(key=key, size=size, sha256=sha256)

    async def look(self, key: str, function: Callable[[Read, int], R]) -> R:
        """What `function` makes of a stored file, or of a part that is whole: it reads anywhere in so many bytes."""
        return await self._on_disk(_look, self.parts.path(key), self.path(key), function)

    async def sha256(self, key: str) -> str | None:
        """The fingerprint of what lies on the disk now; None where nothing does."""
        return await self._on_disk(_fingerprint_of, self.path(key))

    async def blocks(self, key: str) -> AsyncIterator[bytes]:
        """What lies under a key, piece by piece."""
        with await self._on_disk(_opened, self.path(key)) as file:
            while block := await self._on_disk(file.read, BLOCK):
                yield block

    async def replace(self, key: str, body: bytes) -> Stored:
        """Put `body` in the place of a stored file. Whoever looks finds the one or the other whole."""
        stored = await self.save_bytes(body)
        await self._on_disk(_move, self.path(stored.key), self.path(key))
        return Stored(key=key, size=stored.size, sha256=stored.sha256)

    async def require_room(self, size: int) -> None:
        """Raises Unreachable where so many bytes more would fill the disk."""
        await self._on_disk(self._require_room, size)

    async def free(self) -> int:
        """How many bytes of the disk are free."""
        return await self._on_disk(_free, self._folder)

    async def delete(self, key: str) -> None:
        """Forget a file; deleting it twice is fine."""
        await self._on_disk(_remove, self.path(key))

    async def sweep(self, *, before: datetime) -> int:
        """Remove what a crash left half saved `before` that moment; says how many files it was."""
        return await self._on_disk(_sweep, self._folder / INCOMING, before)

    async def keys(self, *, before: datetime) -> list[str]:
        """The keys of all files that were kept `before` that moment, to see which nobody holds any more."""
        return await self._on_disk(_keys, self._folder, before)

    async def close(self) -> None:
        self._pool.shutdown(wait=False)

    async def _on_disk(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            work = self._pool.submit(function, *args, **kwargs)
            return await asyncio.wrap_future(work)
        except OSError as error:
            if error.errno in _FULL:
                raise _full() from error
            raise Unreachable("The disk of this server did not take the file. Its admin should look at it.") from error

    def _require_room(self, size: int) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        disk = shutil.disk_usage(self._folder)
        floor = self._keep_free_bytes
        if floor is None:
            floor = min(MAX_KEPT_FREE, disk.total * KEPT_FREE_PERCENT // 100)
        if disk.free - size < floor:
            raise _full()


def new_key() -> str:
    """Where the next file will lie: nobody can guess it, and it says nothing of the file."""
    return hashlib.sha256(ids.secret().encode()).hexdigest()[:40]


def _full() -> Unreachable:
    return Unreachable("The disk is full. The admin of this server has to make room.", retry_after=600)


async def _blocks(chunks: AsyncIterable[bytes], *, max_bytes: int) -> AsyncIterator[bytes]:
    """The same bytes in larger pieces, because each piece costs a journey to a thread."""
    waiting = bytearray()
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > max_bytes:
            raise TooLarge(f"This file is larger than {max_bytes // (1 << 20) or 1} MB.")
        waiting += chunk
        if len(waiting) >= BLOCK:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)


def _opened(path: Path) -> BinaryIO:
    return path.open("rb")


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _adopt(part: Path, target: Path) -> tuple[int, str]:
    if part.exists():
        shard = target.parent
        shard.mkdir(parents=True, exist_ok=True)
        part.rename(target)
        for folder in (shard, shard.parent, shard.parent.parent):
            _sync_folder(folder)
    with target.open("rb") as file:
        found = hashlib.file_digest(file, "sha256")
        return file.tell(), found.hexdigest()


def _move(source: Path, target: Path) -> None:
    source.rename(target)
    for folder in (source.parent, target.parent):
        _sync_folder(folder)


def _fingerprint_of(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _look(part: Path, target: Path, function: Callable[[Read, int], R]) -> R:
    path = part if part.exists() else target
    with path.open("rb") as file:

        def read(start: int, length: int) -> bytes:
            file.seek(start)
            return file.read(max(0, length))

        return function(read, path.stat().st_size)


def _free(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    return shutil.disk_usage(folder).free


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _sweep(incoming: Path, before: datetime) -> int:
    old = [
        path
        for path in (incoming.iterdir() if incoming.is_dir() else ())
        if datetime.fromtimestamp(path.stat().st_mtime, UTC) < before
    ]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _keys(folder: Path, before: datetime) -> list[str]:
    files = (path for path in folder.glob("??/??/*") if _KEY.fullmatch(path.name))
    return [path.name for path in files if path.stat().st_mtime < before.timestamp()]
