"""Answers to one person, ready for a moment: an app asks for the same timeline again and again while nothing happens.

Unlike what is kept for everybody, these rest on the whole database: the least change of it by anyone, a token revoked
in another process among them, and an answer is made anew. Where that cannot be told, as on PostgreSQL, none is kept.
"""

from collections import OrderedDict
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final, NamedTuple, TypeAlias

from aiohttp import web
from multidict import CIMultiDict

from fedishare.api.keys import LEFT, RATES
from fedishare.api.rates import Rate, refuse
from fedishare.api.routes import bearer_of
from fedishare.http.keys import CLOCK, DATABASE
from fedishare.http.middleware import Handler
from fedishare.services import accounts

# Time alone changes an answer, too: a poll ends, say.
FRESH: Final = timedelta(seconds=1)
# One asker has it made anew a little earlier, or all who ask in the same moment would have it made at once.
RENEWED: Final = timedelta(seconds=0.8)
LARGEST: Final = 256 << 10
MOST_BYTES: Final = 16 << 20
# What is read and nothing else; no address here waits for other servers.
PLACES: Final = (
    "/api/v1/timelines/",
    "/api/v1/statuses/",
    "/api/v1/notifications",
    "/api/v2/notifications",
    "/api/v1/accounts/",
)

Key: TypeAlias = tuple[bytes, str]


class Answered(NamedTuple):
    body: bytes
    headers: CIMultiDict[str]
    version: int
    until: datetime


class Ready:
    """The answers of one process by the token and the address; the least used go when there is no more room."""

    def __init__(self) -> None:
        self._found: OrderedDict[Key, Answered] = OrderedDict()
        self._bytes = 0
        self._renewing: set[Key] = set()

    def find(self, key: Key, *, version: int, now: datetime) -> Answered | None:
        kept = self._found.get(key)
        if kept is None:
            return None
        # A clock that was set back makes nothing fresh.
        if kept.version != version or not kept.until - FRESH <= now < kept.until:
            self._drop(key)
            return None
        if now >= kept.until - FRESH + RENEWED and key not in self._renewing:
            self._renewing.add(key)
            return None
        self._found.move_to_end(key)
        return kept

    def keep(self, key: Key, answered: Answered) -> None:
        self._drop(key)
        self._found[key] = answered
        self._bytes += len(answered.body)
        while self._bytes > MOST_BYTES:
            self._drop(next(iter(self._found)))

    def _drop(self, key: Key) -> None:
        gone = self._found.pop(key, None)
        self._renewing.discard(key)
        self._bytes -= len(gone.body) if gone else 0


READY: Final = web.AppKey("READY", Ready)


@web.middleware
async def keep_answers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer somebody with what they were answered a moment ago, if nothing at all has changed since."""
    secret = bearer_of(request) if request.method == "GET" and request.path.startswith(PLACES) else None
    # How the database stands is asked before anything is read from it, so what is kept is never older than it says.
    version = request.app[DATABASE].version() if secret is not None else None
    if secret is None or version is None:
        return await handler(request)
    ready, now, who = request.app[READY], request.app[CLOCK].now(), accounts.digest(secret)
    kept = ready.find((who, request.raw_path), version=version, now=now)
    if kept is not None:
        request[LEFT] = request.app[RATES].spend(Rate.CALLS, who, now=now)
        refuse(request[LEFT], now=now)
        return web.Response(body=kept.body, headers=kept.headers)
    answer = await handler(request)
    body = answer.body if isinstance(answer, web.Response) and answer.status == HTTPStatus.OK else None
    if isinstance(body, bytes) and len(body) <= LARGEST:
        ready.keep((who, request.raw_path), Answered(body, answer.headers.copy(), version, now + FRESH))
    return answer
