"""What somebody had typed into a form when it turned out that they are signed out: it must not be lost."""

from typing import Final, NamedTuple

from aiohttp import BodyPartReader, web
from aiohttp.http import HttpProcessingError

MOST_FIELDS: Final = 200
LONGEST_FIELD: Final = 128 << 10
CHUNK: Final = 64 << 10
# What is read of files and thrown away, to reach the fields behind them.
READ_ON: Final = 64 << 20
# Nothing secret is written into a page.
SECRET: Final = ("password", "login", "token", "code")


class Typed(NamedTuple):
    """Pairs of name and text, and whether files came along, which nobody but their owner can choose again."""

    fields: list[tuple[str, str]]
    had_files: bool


NOTHING: Final = Typed([], had_files=False)


async def read(request: web.Request) -> Typed:
    """As much as can be read; a form that is broken or far too large gives what came before that."""
    try:
        if request.content_type.startswith("multipart/"):
            return await _parts(request)
        fields = [(name, value) for name, value in (await request.post()).items() if isinstance(value, str)]
        return Typed([field for field in fields if _may_be_shown(field[0])][:MOST_FIELDS], had_files=False)
    except (ValueError, HttpProcessingError, web.HTTPException):
        return NOTHING


async def _parts(request: web.Request) -> Typed:
    fields: list[tuple[str, str]] = []
    had_files, left = False, READ_ON
    reader = await request.multipart()
    while len(fields) < MOST_FIELDS and left > 0:
        part = await reader.next()
        if not isinstance(part, BodyPartReader):
            break
        kept = bytearray()
        while left > 0 and (chunk := await part.read_chunk(CHUNK)):
            left -= len(chunk)
            had_files = had_files or part.filename is not None
            if part.filename is None and len(kept) < LONGEST_FIELD:
                kept += chunk
        if part.filename is None and part.name and _may_be_shown(part.name):
            fields.append((part.name, kept.decode(errors="replace").replace("\0", "")))
    return Typed(fields, had_files)


def _may_be_shown(name: str) -> bool:
    return not any(word in name.lower() for word in SECRET)
