"""Public documents and pages, answered from the shelf: a boost by somebody well known brings a thousand at once."""

from http import HTTPStatus
from typing import Final

from aiohttp import web

from fedishare.db.sources import Sources, collecting
from fedishare.http.keys import CLOCK, DATABASE, FOR_ALL, SHELF
from fedishare.http.middleware import Handler

LARGEST: Final = 256 << 10
# What else a request may say that changes the answer.
CONDITIONS: Final = ("If-None-Match", "If-Modified-Since", "Range", "Cookie")


@web.middleware
async def keep_ready(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer with what is kept; else have the answer made, and keep it if anybody may see it."""
    if request.method != "GET" or any(name in request.headers for name in CONDITIONS):
        return await handler(request)
    shelf, key = request.app[SHELF], (request.raw_path, ",".join(request.headers.getall("Accept", ())))
    now = request.app[CLOCK].now()
    kept = shelf.find(key, request.app[DATABASE].ledger, now=now)
    if kept is not None:
        return web.Response(body=kept.body, headers=kept.headers)
    sources = Sources()
    token = collecting.set(sources)
    try:
        answer = await handler(request)
    finally:
        collecting.reset(token)
    if _is_for_everybody(request, answer) and isinstance(answer, web.Response) and isinstance(answer.body, bytes):
        shelf.keep(key, answer.body, answer.headers.copy(), sources, at=now)
    return answer


def _is_for_everybody(request: web.Request, answer: web.StreamResponse) -> bool:
    is_public = answer.headers.get("Cache-Control", "").startswith("public")
    return (
        answer.status == HTTPStatus.OK
        and (is_public or request.get(FOR_ALL, False))
        and (answer.content_length or 0) <= LARGEST
        and not answer.cookies
    )
