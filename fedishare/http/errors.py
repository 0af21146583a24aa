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


def status_of(error: FediShareError) -> HTTPStatus:
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


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
