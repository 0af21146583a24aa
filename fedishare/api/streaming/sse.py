"""One stream as server-sent events (client-api.md 6.3)."""

import asyncio
from contextlib import suppress
from typing import Final

from aiohttp import web

from fedishare.api.calls import Call
from fedishare.api.streaming.channels import Channel
from fedishare.api.streaming.hub import Hub
from fedishare.api.streaming.listeners import Listener, Message

THUMP_SECONDS: Final = 15.0
# Whoever takes nothing off the line for so long is gone.
STUCK_SECONDS: Final = 30.0
HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "private, no-store",
    # nginx holds answers back otherwise.
    "X-Accel-Buffering": "no",
}


async def listen(request: web.Request, call: Call, hub: Hub, channel: Channel) -> web.StreamResponse:
    listener = Listener(call, abort=lambda: _abort(request))
    with hub.listening(listener):
        await hub.subscribe(listener, channel)
        answer = web.StreamResponse(headers=HEADERS)
        await answer.prepare(request)
        with suppress(ConnectionError, TimeoutError):
            await _write(answer, ":)\n")
            await _pass_on(answer, listener)
    return answer


async def _pass_on(answer: web.StreamResponse, listener: Listener) -> None:
    coming = asyncio.create_task(listener.next())
    try:
        while True:
            await asyncio.wait({coming}, timeout=THUMP_SECONDS)
            if not coming.done():
                await _write(answer, ":thump\n")
                continue
            message = coming.result()
            if message is None:
                return
            coming = asyncio.create_task(listener.next())
            if isinstance(message, Message):
                await _write(answer, message.lines)
    finally:
        coming.cancel()


async def _write(answer: web.StreamResponse, text: str) -> None:
    async with asyncio.timeout(STUCK_SECONDS):
        await answer.write(text.encode())


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
