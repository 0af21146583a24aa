"""Sends stored files, whole or in part (RFC 9110 14), in a way that no browser runs what is in them."""

import asyncio
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final, ParamSpec, TypeVar
from urllib.parse import quote

from aiohttp import web

from fedishare.core.errors import NotFound
from fedishare.domain.audience import OPEN, Visibility

BLOCK: Final = 256 << 10
# An upload is data: it can neither run script nor reach for anything (XSS-13).
SANDBOX: Final = "sandbox; default-src 'none'"
UNQUOTABLE: Final = re.compile(r"[^\x20-\x7e]|[\"\\]")

P = ParamSpec("P")
T = TypeVar("T")


def headers(*, media_type: str, visibility: Visibility | None, seconds: int = 0) -> dict[str, str]:
    """What every stored file is sent with. Only what everybody may see may be kept by caches, for `seconds`."""
    is_open = visibility in OPEN
    fresh = f"max-age={seconds}" if seconds else "no-cache"
    return {
        "Content-Type": media_type,
        "Content-Security-Policy": SANDBOX,
        "Cross-Origin-Resource-Policy": "cross-origin" if is_open else "same-origin",
        "Cache-Control": f"public, {fresh}" if is_open else "private, no-store",
    }


def attachment(name: str) -> str:
    """A Content-Disposition that saves under `name`, in whatever script it is (RFC 6266)."""
    plain = UNQUOTABLE.sub("_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


async def send(request: web.Request, path: Path, *, etag: str, headers: Mapping[str, str]) -> web.StreamResponse:
    """The file at `path`, or the part of it that was asked for. Content never changes under one `etag`."""
    try:
        size = (await _on_disk(path.stat)).st_size
    except OSError:
        raise NotFound("The file is missing on this node. Please tell the person who looks after it.") from None
    sent = {**headers, "ETag": f'"{etag}"', "Accept-Ranges": "bytes"}
    if any(known.value in {etag, "*"} for known in request.if_none_match or ()):
        return web.Response(status=304, headers=sent)
    wanted = _range(request, size, f'"{etag}"')
    if wanted is None:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{size}"})
    start, end = wanted
    response = web.StreamResponse(status=200 if end - start == size else 206, headers=sent)
    if response.status == 206:  # noqa: PLR2004 -- Partial Content
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    response.content_length = end - start
    await response.prepare(request)
    if request.method != "HEAD":
        await copy(response, path, start, end)
    await response.write_eof()
    return response


def _range(request: web.Request, size: int, etag: str) -> tuple[int, int] | None:
    """First byte, and the one after the last; the whole file for what we do not read; None for what lies outside."""
    said = request.headers.get("Range", "")
    if not said.startswith("bytes=") or "," in said or request.headers.get("If-Range", etag) != etag:
        return 0, size
    first, dash, last = said.removeprefix("bytes=").partition("-")
    if not dash or not (first + last).isdecimal() or len(first + last) > 36:  # noqa: PLR2004 -- two numbers of 18 digits
        return 0, size
    if not first:
        return (max(0, size - int(last)), size) if int(last) and size else None
    end = min(size, int(last) + 1) if last else size
    if last and int(last) < int(first):
        return 0, size
    return (int(first), end) if int(first) < size else None


async def copy(response: web.StreamResponse, path: Path, start: int, end: int) -> None:
    """The bytes of a file from `start` to before `end`, a block at a time."""
    while start < end:
        block = await _on_disk(_read, path, start, min(BLOCK, end - start))
        if not block:
            raise ConnectionResetError("the file was deleted while it was sent")
        await response.write(block)
        start += len(block)


def _read(path: Path, start: int, length: int) -> bytes:
    # Opened anew for each block, so that a reader who goes away leaves no open file behind.
    with path.open("rb") as file:
        file.seek(start)
        return file.read(length)


async def _on_disk(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, partial(function, *args, **kwargs))
