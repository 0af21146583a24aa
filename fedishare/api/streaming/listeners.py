"""One connection of an app: what it wants to hear, and what waits to be sent to it. It is bounded on every side."""

import asyncio
from collections import deque
from collections.abc import Callable
from enum import Enum
from functools import cached_property
from typing import Final

import msgspec
from aiohttp import WSCloseCode

from fedishare.api.calls import Call
from fedishare.api.streaming.channels import Channel
from fedishare.core.errors import TooMany

# Whoever lets so much pile up is cut off, and asks for what they missed when they come back.
MOST_WAITING: Final = 256
MOST_BYTES: Final = 1 << 20
MOST_CHANNELS: Final = 50
# So long the other side has to take note of the end.
GRACE: Final = 3.0


class Ending(Enum):
    """Why a connection ends, in the numbers of RFC 6455."""

    REVOKED = WSCloseCode.POLICY_VIOLATION
    SLOW = WSCloseCode.TRY_AGAIN_LATER
    STOPPING = WSCloseCode.GOING_AWAY


class _Frame(msgspec.Struct, frozen=True, omit_defaults=True):
    stream: list[str]
    event: str
    payload: str | None = None


class Message:
    """Something to be told on one stream. Its text is made once, for however many connections."""

    def __init__(self, channel: Channel, event: str, payload: str | None) -> None:
        self.channel = channel
        self.event = event
        self.payload = payload

    @cached_property
    def framed(self) -> str:
        """As it goes over a WebSocket."""
        return msgspec.json.encode(_Frame(self.channel.address, self.event, self.payload)).decode()

    @cached_property
    def lines(self) -> str:
        """As a server-sent event. One without data would never reach the app."""
        return f"event: {self.event}\ndata: {self.payload or 'undefined'}\n\n"

    @property
    def size(self) -> int:
        return len(self.payload or "") + len(self.event)


class Complaint:
    """What an app asked for and does not get; the connection stays open."""

    def __init__(self, error: str, status: int) -> None:
        self.framed = msgspec.json.encode({"error": error, "status": status}).decode()
        self.size = len(self.framed)


class Listener:
    """A connection. `abort` ends it at once, whatever is under way on it."""

    def __init__(self, call: Call, *, abort: Callable[[], None]) -> None:
        self.call = call
        self.channels: set[Channel] = set()
        self.ending: Ending | None = None
        self._abort = abort
        self._waiting: deque[Message | Complaint] = deque()
        self._bytes = 0
        self._woken = asyncio.Event()

    @property
    def token_id(self) -> int:
        return self.call.who.token_id or 0

    def subscribe(self, channel: Channel) -> None:
        """Raises TooMany for more streams than any app shows."""
        if channel not in self.channels and len(self.channels) >= MOST_CHANNELS:
            raise TooMany("Too many streams on one connection", retry_after=1)
        self.channels.add(channel)

    def tell(self, message: Message | Complaint) -> None:
        if self.ending is not None:
            return
        self._waiting.append(message)
        self._bytes += message.size
        if len(self._waiting) > MOST_WAITING or self._bytes > MOST_BYTES:
            self.end(Ending.SLOW)
        self._woken.set()

    def end(self, ending: Ending) -> None:
        """Nothing more is sent, not even what waits; whoever does not let go is cut off."""
        if self.ending is not None:
            return
        self.ending = ending
        self._waiting.clear()
        self._woken.set()
        if ending is Ending.SLOW:
            self._abort()
        else:
            asyncio.get_running_loop().call_later(GRACE, self._abort)

    async def next(self) -> Message | Complaint | None:
        """What is to be sent now, as soon as there is something; None once it is over."""
        while not self._waiting:
            if self.ending is not None:
                return None
            self._woken.clear()
            await self._woken.wait()
        message = self._waiting.popleft()
        self._bytes -= message.size
        return message
