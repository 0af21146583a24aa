"""POST to an inbox: bytes off the wire, then `inbox.receive`."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from fedishare.core.errors import Invalid, TooLarge
from fedishare.core.uris import Place
from fedishare.http.keys import LIMITS, TOOLS
from fedishare.http.readers import as_sent
from fedishare.http.routes import Allow, Routes
from fedishare.inbox import receive

BODY_SECONDS: Final = 10
# Of all bodies that are being read or taken in at one time: senders beyond that come again (DOS-05).
MOST_HELD: Final = 64 << 20

routes = Routes()


def _inbox(place: Place) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def inbox(request: web.Request) -> web.Response:
        uris = request.app[TOOLS].here.uris
        return await _take(request, recipient=uris.actor(place, request.match_info.get("name", "")))

    return inbox


@routes.post("/inbox", allow=Allow.ANYONE)
async def shared(request: web.Request) -> web.Response:
    return await _take(request, recipient=None)


for _place in Place:
    if _place in {Place.PERSON, Place.GROUP, Place.ORGANISATION, Place.COLLECTION}:
        routes.post(f"/{_place.value}/{{name}}/inbox", allow=Allow.ANYONE)(_inbox(_place))
routes.post(f"/{Place.NODE.value}/inbox", allow=Allow.ANYONE)(_inbox(Place.NODE))


async def _take(request: web.Request, *, recipient: str | None) -> web.Response:
    tools = request.app[TOOLS]
    if not request.raw_path.startswith("/"):
        # The absolute form names a host of its own, which may be another than the one signed for (SIG-09).
        raise Invalid("The request target must be a path.")
    with request.app[LIMITS].holding("inbox bytes", most=MOST_HELD) as hold:
        await receive.receive(
            tools,
            as_sent(request, body=await _body(request, hold)),
            content_type=request.headers.get("Content-Type", ""),
            content_encoding=request.headers.get("Content-Encoding", ""),
            recipient=recipient,
        )
    return web.Response(status=202)


async def _body(request: web.Request, hold: Callable[[int], None]) -> bytes:
    """The whole body, if it is not too long in bytes or in time (DOS-01 to DOS-03)."""
    if (request.content_length or 0) > receive.MAX_BODY:
        raise TooLarge("An activity has at most one megabyte.")
    if request.content.is_eof():  # It came together with its headers, as nearly all do.
        hold(request.content.total_bytes)
        return request.content.read_nowait()
    kept = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.content.iter_any():
                hold(len(chunk))
                kept += chunk
                if len(kept) > receive.MAX_BODY:
                    raise TooLarge("An activity has at most one megabyte.")
    except TimeoutError:
        raise Invalid(f"The body took longer than {BODY_SECONDS} seconds to arrive.") from None
    return bytes(kept)
