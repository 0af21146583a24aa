"""Pictures in what is not for everybody and was written on another server: brought here for those who may see it.

Their browsers would get nothing from that server, which knows nodes and not our people. The node
asks in its own name (MED-09), and hands on what it got, written anew, to whoever may see the post.
Of what is public, browsers ask the other server themselves.
"""

import asyncio
from typing import Final

from aiohttp import web

from fedishare.core import hosts
from fedishare.core.errors import FediShareError, NotFound, Unreachable
from fedishare.domain.audience import Visibility
from fedishare.http import downloads
from fedishare.http.gallery import Shown
from fedishare.http.keys import CLIENT, CLOCK, DARKROOM, DATABASE, GALLERY, LIMITS, TOOLS
from fedishare.http.routes import Routes
from fedishare.inbox import documents
from fedishare.net import pictures
from fedishare.queries import distant
from fedishare.queries.distant import Distant
from fedishare.web import asked

# Whoever reads a long thread sees many, and nobody sees so many more.
AT_ONCE: Final = 200
PER_MINUTE: Final = 60.0

routes: Final = Routes()


@routes.get("/posts/{id}/pictures/{number}")
async def show(request: web.Request) -> web.Response:
    me, number = asked.me(request), asked.whole(request.match_info["number"])
    found = await request.app[DATABASE].read(
        distant.picture, post_id=asked.post_id(request), number=number or 0, viewer=me
    )
    now = request.app[CLOCK].now()
    shown = request.app[GALLERY].find(found.url, now=now)
    if shown is None:
        request.app[LIMITS].take("distant pictures", str(me), now=now, burst=AT_ONCE, per_minute=PER_MINUTE)
        shown = await _bring(request, found)
    headers = downloads.headers(media_type=shown.media_type, visibility=Visibility.MENTIONED)
    return web.Response(body=shown.body, headers=headers)


async def _bring(request: web.Request, found: Distant) -> Shown:
    """Ask for it in the name of the node, where it lies with the post; elsewhere nobody needs to know who we are."""
    is_beside = hosts.same_origin(found.url, found.post_uri)
    try:
        signer = await documents.signer(request.app[TOOLS]) if is_beside else None
        answer = await request.app[CLIENT].get(found.url, accept="image/*", signer=signer, max_bytes=pictures.MAX_BYTES)
        request.app[CLIENT].require_ok(answer)
        async with request.app[DARKROOM]:
            clean = await asyncio.get_running_loop().run_in_executor(None, pictures.clean, answer.body)
    except NotFound:
        raise
    except FediShareError as error:
        raise Unreachable("The server that has this picture did not give it to us. Please try again later.") from error
    now = request.app[CLOCK].now()
    return request.app[GALLERY].keep(found.url, clean.body, clean.media_type, now=now)
