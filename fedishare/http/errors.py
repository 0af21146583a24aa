"""From what went wrong to what we answer: one table."""

from http import HTTPStatus
from typing import Final

from aiohttp import web

from fedishare.core import json
from fedishare.core.errors import (
    Busy,
    FediShareError,
    Gone,
    Invalid,
    Malformed,
    NotFound,
    Outdated,
    Refused,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unreachable,
    Unsupported,
)

STATUS: Final[dict[type[FediShareError], HTTPStatus]] = {
    Busy: HTTPStatus.LOCKED,
    Gone: HTTPStatus.GONE,
    Outdated: HTTPStatus.CONFLICT,
    NotFound: HTTPStatus.NOT_FOUND,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    Refused: HTTPStatus.FORBIDDEN,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Unsupported: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    Invalid: HTTPStatus.BAD_REQUEST,
    Unreachable: HTTPStatus.SERVICE_UNAVAILABLE,
}

# Apps expect the words of Mastodon: what cannot work is unprocessable, what is gone was never there.
STATUS_FOR_APPS: Final = STATUS | {
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    Malformed: HTTPStatus.BAD_REQUEST,
    Gone: HTTPStatus.NOT_FOUND,
    Busy: HTTPStatus.SERVICE_UNAVAILABLE,
}
_FOR_APPS: Final = frozenset({"/oauth/token", "/oauth/revoke", "/oauth/userinfo"})


def is_for_apps(path: str) -> bool:
    """Whether an address belongs to the API: no cookie counts there, and every answer is JSON (decision C10)."""
    return path.startswith("/api/") or path == "/api" or path.removesuffix("/") in _FOR_APPS


def status_of(error: FediShareError) -> HTTPStatus:
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def status_for_apps(error: FediShareError) -> HTTPStatus:
    return next(STATUS_FOR_APPS[kind] for kind in type(error).__mro__ if kind in STATUS_FOR_APPS)


def headers_of(error: FediShareError) -> dict[str, str]:
    if isinstance(error, Unreachable | TooMany):
        return {"Retry-After": str(error.retry_after)}
    return {}


def problem(status: HTTPStatus, detail: str, *, headers: dict[str, str] | None = None) -> web.Response:
    """RFC 9457 problem details, which help the people who run other servers (FEP-c180)."""
    body = json.dumps({"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail})
    answer = web.Response(body=body, status=status, headers=headers)
    answer.headers["Content-Type"] = "application/problem+json"
    return answer


def said_to_apps(status: HTTPStatus, message: str, *, headers: dict[str, str] | None = None) -> web.Response:
    """What went wrong, as Mastodon says it."""
    answer = web.Response(body=json.dumps({"error": message}), status=status, headers=headers)
    answer.headers["Content-Type"] = "application/json; charset=utf-8"
    return answer
