"""Streams over one WebSocket, any number of them, which come and go as the app asks (client-api.md 6.2)."""

import asyncio
from contextlib import suppress
from http import HTTPStatus
from typing import Final

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from fedishare.api.calls import Call
from fedishare.api.keys import RATES
from fedishare.api.rates import Rate
from fedishare.api.streaming import channels
from fedishare.api.streaming.hub import Hub
from fedishare.api.streaming.listeners import Complaint, Listener
from fedishare.api.streaming.tokens import protocols
from fedishare.core import json
from fedishare.core.errors import FediShareError, Malformed
from fedishare.http.errors import status_for_apps

PING_SECONDS: Final = 30.0
CLOSE_SECONDS: Final = 2.0
LONGEST_WISH: Final = 4 << 10


async def listen(request: web.Request, call: Call, hub: Hub) -> web.StreamResponse:
    socket = web.WebSocketResponse(
        heartbeat=PING_SECONDS,
        timeout=CLOSE_SECONDS,
        max_msg_size=LONGEST_WISH,
        # It would cost a third of a megabyte a connection.
        compress=False,
        protocols=protocols(request),
    )
    if not socket.can_prepare(request):
        raise Malformed("This address is for WebSockets.")
    listener = Listener(call, abort=lambda: _abort(request))
    with hub.listening(listener):
        await socket.prepare(request)
        writing = asyncio.create_task(_write(socket, listener))
        try:
            if call.params.text("stream"):
                await _obey(hub, listener, {name: call.params.text(name) for name in _FIELDS})
            async for message in socket:
                if not await _heard(request, socket, hub, listener, message):
                    break
        finally:
            writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing
    return socket


_FIELDS: Final = ("stream", "tag", "list")


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


async def _write(socket: web.WebSocketResponse, listener: Listener) -> None:
    with suppress(ConnectionError):
        while (message := await listener.next()) is not None:
            await socket.send_str(message.framed)
        if listener.ending is not None:
            await socket.close(code=listener.ending.value)


async def _heard(
    request: web.Request, socket: web.WebSocketResponse, hub: Hub, listener: Listener, message: WSMessage
) -> bool:
    """Whether the connection goes on after what the app said."""
    if message.type is not WSMsgType.TEXT:
        await socket.close(code=WSCloseCode.UNSUPPORTED_DATA)
        return False
    # A wish costs the database as much as a request does.
    call = listener.call
    left = request.app[RATES].spend(Rate.CALLS, ("wishes", listener.token_id), now=call.here.now())
    if left.remaining < 0:
        await socket.close(code=WSCloseCode.POLICY_VIOLATION)
        return False
    try:
        wish = json.loads(message.data.encode())
    except (FediShareError, UnicodeEncodeError):
        wish = None
    if not isinstance(wish, dict):
        listener.tell(Complaint("This is not a JSON object.", HTTPStatus.BAD_REQUEST))
        return True
    await _obey(hub, listener, wish)
    return True


async def _obey(hub: Hub, listener: Listener, wish: dict[str, json.Json]) -> None:
    """Subscribe or unsubscribe; what cannot be is said inside the socket, which stays open."""
    kind = _text(wish.get("type", "subscribe"))
    name, tag, list_id = (_text(wish.get(field)) for field in _FIELDS)
    try:
        if kind not in {"subscribe", "unsubscribe"}:
            raise Malformed("Unknown type of message")
        channel = channels.parse(name, tag=tag, list_id=list_id)
        if kind == "unsubscribe":
            listener.channels.discard(channel)
            return
        channels.require(listener.call.who, channel)
        await hub.subscribe(listener, channel)
    except FediShareError as error:
        listener.tell(Complaint(str(error), status_for_apps(error)))


def _text(value: json.Json) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""
