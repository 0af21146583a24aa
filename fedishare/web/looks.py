"""What the page of a resource shows of each file: its picture, a player, the beginning of a text, a list."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from aiohttp import web

from fedishare.http.keys import STORAGE, VISITOR
from fedishare.queries.previews import Inside
from fedishare.queries.resources import FileLine

MOST_TEXT: Final = 64 << 10
MOST_TEXTS: Final = 5
# Browsers play these, or say themselves that they cannot.
PLAYERS: Final = ("audio", "video")
TEXTS: Final = frozenset((
    "application/json",
    "application/x-ipynb+json",
    "application/x-subrip",
    "application/x-tex",
    "application/xml",
))  # fmt: skip
NOTHING: Final = Inside("", [], 0)


class Look(NamedTuple):
    """`player` is the name of an element, `text` the beginning of a file that people can read."""

    file: FileLine
    player: str
    text: str
    is_cut: bool
    lines: Sequence[Mapping[str, Any]]
    total: int


async def of_files(request: web.Request, files: Sequence[FileLine], inside: Mapping[int, Inside]) -> list[Look]:
    """A look at each file that has something to show. Whether the visitor may see them is for the caller to ask."""
    may_fetch = request[VISITOR].is_signed_in
    paths = {
        file.id: request.app[STORAGE].path(inside[file.id].storage_key)
        for file in files
        if file.id in inside and _is_text(file.media_type)
    }
    texts = await asyncio.get_running_loop().run_in_executor(None, _texts, paths) if paths else {}
    return list(_looks(files, inside, texts, may_fetch=may_fetch))


def _looks(
    files: Sequence[FileLine], inside: Mapping[int, Inside], texts: Mapping[int, str], *, may_fetch: bool
) -> Iterator[Look]:
    for file in files:
        kind = file.media_type.partition("/")[0]
        player = kind if kind in PLAYERS and (file.is_here or may_fetch) else ""
        found, text = inside.get(file.id, NOTHING), texts.get(file.id, "")
        if player or text or found.lines or file.preview_width:
            yield Look(file, player, text, file.size > MOST_TEXT, found.lines, found.total)


def _is_text(media_type: str) -> bool:
    return media_type.startswith("text/") or media_type in TEXTS


def _texts(paths: Mapping[int, Path]) -> dict[int, str]:
    return {file_id: _text(path) for file_id, path in list(paths.items())[:MOST_TEXTS]}


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            body = file.read(MOST_TEXT)
    except OSError:
        return ""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", errors="replace")
    try:
        # What is cut off in the middle of a letter is still UTF-8.
        return body.decode("utf-8-sig", errors="strict" if len(body) < MOST_TEXT else "ignore")
    except UnicodeDecodeError:
        return body.decode("cp1252", errors="replace")
