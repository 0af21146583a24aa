"""What is true of every request to the API: browsers may send it from anywhere, and what is missing is counted."""

from typing import Final

from aiohttp import web

from fedishare.api.calls import stamp
from fedishare.api.keys import LEFT, MISSES
from fedishare.http.errors import is_for_apps
from fedishare.http.middleware import Handler

METHODS: Final = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
EXPOSED: Final = (
    "Link, X-RateLimit-Reset, X-RateLimit-Limit, X-RateLimit-Remaining, X-Request-Id, Mastodon-Async-Refresh"
)
KEPT_SECONDS: Final = 3600
_OPEN: Final = ("/.well-known/", "/nodeinfo/")


def is_open(path: str) -> bool:
    """Whether scripts of other sites may read what is there. They send no cookies along."""
    return is_for_apps(path) or path.startswith(_OPEN)


@web.middleware
async def answer_apps(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what a browser asks before it lets an app ask, and count what is not there."""
    if request.method == "OPTIONS" and is_open(request.path):
        return _allowed(request)
    try:
        return await handler(request)
    except web.HTTPNotFound:
        if is_for_apps(request.path):
            request.app[MISSES].note(request.headers.get("User-Agent", ""), request.method, request.path)
        raise


def _allowed(request: web.Request) -> web.Response:
    asked = request.headers.get("Access-Control-Request-Headers", "")
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Access-Control-Allow-Methods": METHODS,
        "Access-Control-Allow-Headers": asked if asked and asked.isprintable() else "*",
        "Access-Control-Max-Age": str(KEPT_SECONDS),
    }
    return web.Response(body=b"{}", headers=headers)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Every answer of the API, errors included, can be read by a browser app, and says how many requests are left."""
    if not is_open(request.path):
        return
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = EXPOSED
    if not is_for_apps(request.path):
        return
    response.headers["Vary"] = "Authorization"
    left = request.get(LEFT)
    if left is not None:
        response.headers["X-RateLimit-Limit"] = str(left.most)
        response.headers["X-RateLimit-Remaining"] = str(max(0, left.remaining))
        response.headers["X-RateLimit-Reset"] = stamp(left.reset)
