"""Pictures of what is in a file, for whoever may have the file."""

from typing import Final

from aiohttp import web

from fedishare.http import downloads, readers
from fedishare.http.keys import DATABASE, STORAGE, VISITOR
from fedishare.http.routes import Allow, Routes
from fedishare.queries import previews
from fedishare.web import asked

FRESH_FOR: Final = 3600

routes: Final = Routes()


@routes.get("/resources/{id}/files/{name}/preview.webp", allow=Allow.ANYONE)
async def picture(request: web.Request) -> web.StreamResponse:
    found = await request.app[DATABASE].read(
        previews.picture,
        post_id=asked.post_id(request),
        name=request.match_info["name"],
        viewer=request[VISITOR].actor_id,
        reader=await readers.reader(request),
    )
    headers = downloads.headers(media_type="image/webp", visibility=found.visibility, seconds=FRESH_FOR)
    return await downloads.send(request, request.app[STORAGE].path(found.key), etag=found.key[:20], headers=headers)
