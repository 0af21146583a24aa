"""Who is asking: the session cookie, set and read in one place."""

from typing import Final

from aiohttp import web

from fedishare.http.errors import is_for_apps
from fedishare.http.keys import ANYBODY, CLOCK, DATABASE, SETTINGS, VISITOR, Visitor
from fedishare.http.middleware import Handler
from fedishare.queries import people
from fedishare.services import accounts

LONGEST_SECRET: Final = 64


def cookie_name(request: web.Request) -> str:
    """The `__Host-` prefix binds the cookie to this very host; browsers take it over HTTPS only."""
    return "__Host-fs" if request.app[SETTINGS].is_secure else "fs"


def secret_of(request: web.Request) -> str | None:
    secret = request.cookies.get(cookie_name(request))
    return secret if secret and len(secret) <= LONGEST_SECRET else None


def remember(request: web.Request, response: web.StreamResponse, secret: str) -> None:
    response.set_cookie(
        cookie_name(request),
        secret,
        max_age=int(accounts.SESSION_LASTS.total_seconds()),
        httponly=True,
        secure=request.app[SETTINGS].is_secure,
        samesite="Lax",
        path="/",
    )


def forget(request: web.Request, response: web.StreamResponse) -> None:
    response.del_cookie(
        cookie_name(request), path="/", secure=request.app[SETTINGS].is_secure, httponly=True, samesite="Lax"
    )


@web.middleware
async def recognise(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Put the visitor on the request. No cookie, no look-up; an ended session is nobody's. For apps none counts."""
    request[VISITOR] = ANYBODY
    secret = secret_of(request)
    if secret is not None and not request.path.startswith("/static/") and not is_for_apps(request.path):
        digest, now = accounts.digest(secret), request.app[CLOCK].now()
        found = await request.app[DATABASE].read(people.signed_in, secret_hash=digest, now=now)
        if found is not None:
            request[VISITOR] = Visitor(*found)
    return await handler(request)
