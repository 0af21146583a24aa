"""Pictures: made harmless on the way in, shown to those who may see their post on the way out."""

from typing import Final

from aiohttp import web

from fedishare.domain import files
from fedishare.domain.audience import Visibility
from fedishare.http import downloads, readers
from fedishare.http.keys import DATABASE, STORAGE, VISITOR
from fedishare.http.routes import Allow, Routes
from fedishare.queries import pages

FRESH_FOR: Final = 3600
UNCHANGING: Final = 30 * 86_400

routes: Final = Routes()


@routes.get("/media/{key}", allow=Allow.ANYONE)
async def show(request: web.Request) -> web.StreamResponse:
    key, viewer = request.match_info["key"], request[VISITOR].actor_id
    found = await request.app[DATABASE].read(
        pages.picture,
        key=key,
        viewer=viewer,
        reader=await readers.reader(request),
        shown_pass=request.query.get("pass"),
    )
    headers = downloads.headers(media_type=found.media_type, visibility=found.visibility, seconds=FRESH_FOR)
    if found.is_by_pass:
        # Apps in browsers are at home elsewhere. The pass says that they may; whoever has none still may not.
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if not files.is_inline_image(found.media_type):
        headers["Content-Disposition"] = downloads.attachment("file")
    path = request.app[STORAGE].path(found.storage_key)
    return await downloads.send(request, path, etag=key, headers=headers)


@routes.get("/portraits/{key}", allow=Allow.ANYONE)
async def portrait(request: web.Request) -> web.StreamResponse:
    """The picture of somebody here. A new one has a new address, so this one never changes."""
    key = request.match_info["key"]
    storage_key, media_type = await request.app[DATABASE].read(pages.portrait, key=key)
    headers = downloads.headers(media_type=media_type, visibility=Visibility.PUBLIC, seconds=UNCHANGING)
    return await downloads.send(request, request.app[STORAGE].path(storage_key), etag=key, headers=headers)
