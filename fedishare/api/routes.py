"""The table of the API: every endpoint with its scope, the kind of token it asks for, and its class of requests.

There is no endpoint without a scope: `scope` has no default, and PUBLIC has to be said.
"""

from collections.abc import Awaitable, Callable
from enum import Enum
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

import msgspec
from aiohttp import web
from sqlalchemy import Connection

from fedishare.api import fields, params
from fedishare.api.calls import STRANGER, Answer, Call, Who
from fedishare.api.kept import Moment
from fedishare.api.keys import KEPT, LEFT, RATES
from fedishare.api.params import Params
from fedishare.api.rates import Rate, refuse
from fedishare.core import json
from fedishare.core.errors import Invalid, Refused, Unauthenticated
from fedishare.db.engine import Database
from fedishare.domain import scopes
from fedishare.http.keys import DATABASE, HERE, REMOTE, SETTINGS, STATIC
from fedishare.http.limits import line
from fedishare.queries import tokens
from fedishare.queries.tokens import Bearer
from fedishare.services import accounts
from fedishare.services import tokens as token_services
from fedishare.settings import Settings

JSON: Final = "application/json; charset=utf-8"
LONGEST_TOKEN: Final = 128
FOR_ONE: Final = "private, no-store"
PUBLIC: Final = ""

Plain: TypeAlias = Callable[[Connection, Call], object]
Wide: TypeAlias = Callable[[web.Request, Call], Awaitable[object]]
# As they are declared: some have a third parameter, the struct of what they ask for (fedishare.api.fields).
P = TypeVar("P", bound=Callable[..., object])
W = TypeVar("W", bound=Callable[..., Awaitable[object]])


class Token(Enum):
    """Which token an endpoint asks for."""

    NONE = "none"  # It is not even looked at.
    MAYBE = "maybe"  # Anybody may call; a token that is shown must be good, and have the scope.
    APP = "app"
    USER = "user"


class Door(Enum):
    """How a handler reaches the database: within one read, within one write, or as it likes."""

    READ = "read"
    WRITE = "write"
    ANY = "any"


class Endpoint(NamedTuple):
    """One line of the table. `scopes` are those of which a token needs one; none for a public endpoint.

    `asks` is the struct of what it asks for, where its handler has one: the reader of requests and the document for
    app writers go by it. Files may have `most_bytes`, or as many as the settings say.
    """

    method: str
    path: str
    scopes: tuple[str, ...]
    token: Token
    rate: Rate
    door: Door
    handler: Callable[..., object]
    most_bytes: int | Callable[[Settings], int] = 0
    seconds: int = 0
    asks: type[Any] | None = None

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a request: who it is, whether they may, what they sent, and what comes of it."""
        secret = self.secret_of(request) if self.token is not Token.NONE else None
        if secret is None and self.token in {Token.APP, Token.USER}:
            raise Unauthenticated("The access token is invalid")
        _count(request, self.rate, accounts.digest(secret) if secret is not None else line(request[REMOTE]))
        try:
            found = await (self._open if self.door is Door.ANY else self._plainly)(request, secret)
        except Unauthenticated:
            # Whoever makes up tokens has one limit for all of them.
            _count(request, self.rate, line(request[REMOTE]))
            raise
        return self._written(found)

    def secret_of(self, request: web.Request) -> str | None:
        """The token that the app shows."""
        return bearer_of(request)

    async def _plainly(self, request: web.Request, secret: str | None) -> object:
        """Who it is and what they want, in one passage of the database."""
        sent = await params.read(request)
        call = call_of(request, sent, commits=_commits(request) if self.door is Door.READ else None)
        db: Database = request.app[DATABASE]
        door = db.read if self.door is Door.READ else db.write
        found, bearer = await door(self._within, call, secret)
        await _note_use(request, bearer)
        return found

    def _within(self, tx: Connection, call: Call, secret: str | None) -> tuple[object, Bearer | None]:
        bearer = self._bearer(tx, secret)
        return self.handler(tx, msgspec.structs.replace(call, who=_who(bearer)), *self._asked(call)), bearer

    def _asked(self, call: Call) -> tuple[object, ...]:
        """What was sent, as the handler asks for it. Raises Invalid for what does not fit."""
        return () if self.asks is None else (fields.read(call.params, self.asks),)

    async def _open(self, request: web.Request, secret: str | None) -> object:
        db: Database = request.app[DATABASE]
        bearer = await db.read(self._bearer, secret) if secret is not None else None
        await _note_use(request, bearer)
        most = self.most_bytes if isinstance(self.most_bytes, int) else self.most_bytes(request.app[SETTINGS])
        sent = await params.read(request, most_bytes=most)
        call = msgspec.structs.replace(call_of(request, sent, commits=_commits(request)), who=_who(bearer))
        try:
            return await self.handler(request, call, *self._asked(call))  # type: ignore[misc]  # a Wide, as `door` says
        finally:
            for file in sent.files.values():
                file.body.close()

    def _bearer(self, tx: Connection, secret: str | None) -> Bearer | None:
        """Who shows the token. Raises for one that is not good for this endpoint."""
        if secret is None:
            return None
        bearer = tokens.bearer(tx, hashed=accounts.digest(secret))
        if bearer is None:
            raise Unauthenticated("The access token is invalid")
        if bearer.is_frozen:
            raise Refused("Your login is currently disabled")
        if self.scopes and not scopes.granted(bearer.scopes).intersection(self.scopes):
            raise Refused("This action is outside the authorized scopes")
        if self.token is Token.USER and bearer.actor_id is None:
            raise Invalid("This method requires an authenticated user")
        return bearer

    def _written(self, found: object) -> web.StreamResponse:
        if isinstance(found, web.StreamResponse):
            return found
        answer = found if isinstance(found, Answer) else Answer(found)
        body = json.dumps({} if answer.value is None else answer.value)
        is_public = self.token is Token.NONE and self.seconds
        headers = {"Content-Type": JSON, "Cache-Control": f"public, max-age={self.seconds}" if is_public else FOR_ONE}
        if answer.link:
            headers["Link"] = answer.link
        return web.Response(body=body, status=answer.status, headers=headers | dict(answer.headers))


class Routes(list[Endpoint]):
    """Endpoints as they are declared. Several declarations may stand above one handler."""

    def reads(
        self,
        method: str,
        path: str,
        *,
        scope: str | tuple[str, ...],
        token: Token = Token.USER,
        rate: Rate = Rate.CALLS,
        seconds: int = 0,
    ) -> Callable[[P], P]:
        """For a plain function of a connection and the call, run in one read. `seconds` it may be kept by anybody."""
        return partial(self._add, partial(Endpoint, method, path, _scopes(scope), token, rate, Door.READ), seconds)

    def writes(
        self,
        method: str,
        path: str,
        *,
        scope: str | tuple[str, ...],
        token: Token = Token.USER,
        rate: Rate = Rate.CALLS,
    ) -> Callable[[P], P]:
        """For a plain function of a connection and the call, run in one write: all of it is kept, or nothing."""
        return partial(self._add, partial(Endpoint, method, path, _scopes(scope), token, rate, Door.WRITE), 0)

    def runs(
        self,
        method: str,
        path: str,
        *,
        scope: str | tuple[str, ...],
        token: Token = Token.USER,
        rate: Rate = Rate.CALLS,
        most_bytes: int | Callable[[Settings], int] = 0,
    ) -> Callable[[W], W]:
        """For a coroutine of the request and the call, which may wait for other things than the database.

        Files of up to `most_bytes` come along in `call.params.files`.
        """

        def add(handler: W) -> W:
            asks = fields.asked_by(handler)
            self.append(Endpoint(method, path, _scopes(scope), token, rate, Door.ANY, handler, most_bytes, asks=asks))
            return handler

        return add

    def _add(self, made: Callable[..., Endpoint], seconds: int, handler: P) -> P:
        self.append(made(handler, seconds=seconds, asks=fields.asked_by(handler)))
        return handler


def _scopes(scope: str | tuple[str, ...]) -> tuple[str, ...]:
    named = scope if isinstance(scope, tuple) else (scope,) if scope else ()
    for name in named:
        scopes.parse(name)
    return named


def bearer_of(request: web.Request) -> str | None:
    """The token of the header, and of nowhere else: one in an address would be in every log (AUTH-19)."""
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    secret = secret.strip()
    if kind.lower() != "bearer" or not secret:
        return None
    return secret[: LONGEST_TOKEN + 1]


def _count(request: web.Request, rate: Rate, who: object) -> None:
    now = request.app[HERE].now()
    request[LEFT] = request.app[RATES].spend(rate, who, now=now)
    refuse(request[LEFT], now=now)


def call_of(request: web.Request, sent: Params, *, commits: int | None) -> Call:
    here = request.app[HERE]
    return Call(
        params=sent,
        at=request.path,
        path=request.match_info,
        here=here,
        settings=request.app[SETTINGS],
        kept=request.app[KEPT],
        moment=Moment(here.now(), commits),
        address=request[REMOTE],
        static=request.app[STATIC],
    )


def _commits(request: web.Request) -> int:
    return request.app[DATABASE].ledger.commits


def _who(bearer: Bearer | None) -> Who:
    if bearer is None:
        return STRANGER
    return Who(
        token_id=bearer.token_id,
        app_id=bearer.app_id,
        account_id=bearer.account_id,
        person_id=bearer.person_id,
        actor_id=bearer.actor_id,
        scopes=scopes.granted(bearer.scopes),
        role=bearer.role,
    )


async def _note_use(request: web.Request, bearer: Bearer | None) -> None:
    """Once an hour at most: people want to know which apps they still use."""
    now = request.app[HERE].now()
    if bearer is not None and token_services.is_due(bearer.used_at, now=now):
        await request.app[DATABASE].write(token_services.note_use, token_id=bearer.token_id, now=now)
