"""Where streams are opened: endpoints as the others are, but for where the token may stand and how they answer."""

from functools import partial
from typing import Final

from aiohttp import web

from fedishare.api.calls import Call
from fedishare.api.rates import Rate
from fedishare.api.routes import PUBLIC, Door, Endpoint, Routes, Token, Wide
from fedishare.api.streaming import channels, sockets, sse, tokens
from fedishare.api.streaming.keys import HUB

SOCKET: Final = "/api/v1/streaming"
# These answer in one word, and not in JSON.
HEALTH: Final = ("/api/v1/streaming/health", "/health")
PATHS: Final = {
    "user": "user",
    "user/notification": "user:notification",
    "public": "public",
    "public/local": "public:local",
    "public/remote": "public:remote",
    "hashtag": "hashtag",
    "hashtag/local": "hashtag:local",
    "list": "list",
    "direct": "direct",
}

routes: Final = Routes()


class Stream(Endpoint):
    """An answer that goes on for as long as both sides like."""

    __slots__ = ()

    def secret_of(self, request: web.Request) -> str | None:
        return tokens.shown(request)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if request.method == "HEAD":
            return web.Response(headers=sse.HEADERS)
        return await super().serve(request)


def _stream(path: str, name: str) -> Stream:
    scopes = tuple(dict.fromkeys(channels.SCOPES[one] for one in (channels.NAMES if not name else [name])))
    handler: Wide = _by_socket if not name else partial(_by_events, name)
    return Stream("GET", path, tuple(sorted(scopes)), Token.USER, Rate.CALLS, Door.ANY, handler)


async def _by_socket(request: web.Request, call: Call) -> web.StreamResponse:
    return await sockets.listen(request, call, request.app[HUB])


async def _by_events(name: str, request: web.Request, call: Call) -> web.StreamResponse:
    wanted = f"{name}:media" if name in channels.PUBLIC and call.params.flag("only_media") else name
    channel = channels.parse(wanted, tag=call.params.text("tag"), list_id=call.params.text("list"))
    return await sse.listen(request, call, request.app[HUB], channel)


@routes.runs("GET", "/api/v1/streaming/health", scope=PUBLIC, token=Token.NONE)
async def healthy(request: web.Request, call: Call) -> web.StreamResponse:  # noqa: ARG001 -- every endpoint has them
    """In the one word that libraries look for."""
    return web.Response(text="OK")


routes.append(_stream(SOCKET, ""))
routes.extend(_stream(f"{SOCKET}/{path}", name) for path, name in PATHS.items())
