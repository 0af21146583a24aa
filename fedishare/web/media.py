"""Pictures: made harmless on the way in, shown to those who may see their post on the way out."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from aiohttp import web

from fedishare.domain import files
from fedishare.http import readers
from fedishare.http.keys import DATABASE, STORAGE, VISITOR
from fedishare.http.routes import Allow, Routes
from fedishare.net import pictures
from fedishare.queries import pages
from fedishare.web import downloads

FRESH_FOR: Final = 3600
# A large picture takes a second and a hundred megabytes: never more than two at a time.
_DARKROOM: Final = ThreadPoolExecutor(2, thread_name_prefix="pictures")

routes: Final = Routes()


async def cleaned(body: bytes) -> pictures.Clean:
    """An uploaded picture, written anew; raises Invalid or TooLarge with what to do."""
    return await asyncio.get_running_loop().run_in_executor(_DARKROOM, pictures.clean, body)


@routes.get("/media/{key}", allow=Allow.ANYONE)
async def show(request: web.Request) -> web.StreamResponse:
    key, viewer = request.match_info["key"], request[VISITOR].actor_id
    found = await request.app[DATABASE].read(
        pages.picture, key=key, viewer=viewer, reader=await readers.reader(request)
    )
    headers = downloads.headers(media_type=found.media_type, visibility=found.visibility, seconds=FRESH_FOR)
    if not files.is_inline_image(found.media_type):
        headers["Content-Disposition"] = downloads.attachment("file")
    path = request.app[STORAGE].path(found.storage_key)
    return await downloads.send(request, path, etag=key, headers=headers)
