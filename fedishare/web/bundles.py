"""All files of a resource in one zip, which is sent as it is made: no more than a block of it is ever in memory."""

import asyncio
import zlib
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import Gone, NotFound, Refused
from fedishare.domain import bundles, files
from fedishare.domain.bundles import Entry
from fedishare.domain.kinds import FileState
from fedishare.http import borrowing, downloads
from fedishare.http.keys import DATABASE, STORAGE, VISITOR
from fedishare.http.routes import Allow, Routes
from fedishare.queries import pages, timelines
from fedishare.queries.cards import Card
from fedishare.queries.pages import StoredFile
from fedishare.web import asked, resources

ABOUT: Final = "About this resource.txt"

routes: Final = Routes()


class Parcel(NamedTuple):
    """What goes into a zip: its entries, and behind each the bytes themselves or where they lie."""

    entries: list[Entry]
    sources: list[bytes | Path]
    at: datetime


@routes.get("/resources/{id}/all.zip", allow=Allow.ANYONE)
async def download(request: web.Request) -> web.StreamResponse:
    """What is not given out is left out; what is elsewhere is fetched first, for those who are signed in."""
    post_id, viewer = asked.post_id(request), request[VISITOR].actor_id
    post, found = await request.app[DATABASE].read(_look, post_id=post_id, viewer=viewer)
    given = [file for file in found if file.state is not FileState.REFUSED]
    if not given:
        raise Gone("The files of this resource were found to be damaged or harmful, and are not given out.")
    if sum(file.size for file in given) > bundles.MOST_BYTES:
        raise Refused("These files are too large for one zip. Download them one by one.")
    paths = [request.app[STORAGE].path(await _here(request, file)) for file in given]
    parcel = await _pack(request, post, given, paths)
    headers = downloads.headers(media_type="application/zip", visibility=post.visibility)
    headers["Content-Disposition"] = downloads.attachment(files.safe_name(f"{post.title or 'Resource'}.zip"))
    etag = sha256(repr((parcel.entries, parcel.at)).encode()).hexdigest()
    headers["ETag"] = f'"{etag}"'
    if any(known.value in {etag, "*"} for known in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return await _send(request, parcel, headers)


def _look(tx: Connection, *, post_id: int, viewer: int | None) -> tuple[Card, list[StoredFile]]:
    found = pages.files(tx, post_id=post_id, viewer=viewer)
    return timelines.card(tx, post_id=post_id, viewer=viewer), found


async def _here(request: web.Request, file: StoredFile) -> str:
    """The storage key of a file. Strangers may not make this node fetch."""
    borrowing.require_clean(file)
    if file.storage_key is None and not request[VISITOR].is_signed_in:
        raise NotFound("These files are on another server. Open the resource there to download them.")
    return await borrowing.bring(request, file)


async def _pack(request: web.Request, post: Card, given: Sequence[StoredFile], paths: Sequence[Path]) -> Parcel:
    """Beside the files stands who made them and under which licence, so that this goes where they go."""
    about = _about(request, post)
    at, (title, *names) = post.edited_at or post.published_at, bundles.names([ABOUT, *(file.name for file in given)])
    entries = [Entry(title, len(about), zlib.crc32(about))]
    for name, path in zip(names, paths, strict=True):
        entries.append(await asyncio.get_running_loop().run_in_executor(None, _measure, name, path))
    return Parcel(entries, [about, *paths], at)


def _about(request: web.Request, post: Card) -> bytes:
    resource = post.resource
    if resource is None:
        raise NotFound("There is no such resource, or it is not for you.")
    lines = [post.title or "", resources.citation(request, post, resource)]
    if resource.licence_url:
        lines.append(f"Licence: {resource.licence_label}, {resource.licence_url}")
    return "".join(f"{line}\r\n" for line in lines if line).encode()


def _measure(name: str, path: Path) -> Entry:
    size = crc = 0
    try:
        with path.open("rb") as file:
            while block := file.read(downloads.BLOCK):
                size, crc = size + len(block), zlib.crc32(block, crc)
    except OSError:
        raise NotFound("A file is missing on this node. Please tell the person who looks after it.") from None
    return Entry(name, size, crc)


async def _send(request: web.Request, parcel: Parcel, headers: dict[str, str]) -> web.StreamResponse:
    response = web.StreamResponse(headers=headers)
    response.content_length = bundles.length(parcel.entries, at=parcel.at)
    await response.prepare(request)
    if request.method != "HEAD":
        for entry, source in zip(parcel.entries, parcel.sources, strict=True):
            await response.write(bundles.before(entry, at=parcel.at))
            if isinstance(source, bytes):
                await response.write(source)
            else:
                await downloads.copy(response, source, 0, entry.size)
        await response.write(bundles.ending(parcel.entries, at=parcel.at))
    await response.write_eof()
    return response
