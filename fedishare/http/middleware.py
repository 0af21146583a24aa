"""What happens around every request."""

import ipaddress
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final, TypeAlias
from urllib.parse import quote, urlsplit

import structlog
from aiohttp import web

from fedishare.core.errors import FediShareError, Malformed, Unauthenticated
from fedishare.http import typed
from fedishare.http.errors import headers_of, is_for_apps, problem, said_to_apps, status_for_apps, status_of
from fedishare.http.keys import REMOTE, SETTINGS
from fedishare.http.pages import draw
from fedishare.settings import Network

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

log: Final = structlog.get_logger()

# What another server may have begun to write for somebody has lines (FEP-3b86).
WRITTEN: Final = frozenset({"content", "text"})
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "manifest-src 'self'"
)
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), browsing-topics=()",
}


def is_machine(request: web.Request) -> bool:
    """Whether the asker wants a document rather than a page: an inbox, or ActivityPub in the Accept header."""
    accept = request.headers.get("Accept", "").lower()
    return request.path.endswith("/inbox") or "json" in accept.partition("text/html")[0]


@web.middleware
async def say_what_went_wrong(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Each error becomes one answer: a page for people, problem details for servers; never a traceback."""
    try:
        return await handler(request)
    except Unauthenticated as error:
        return await _ask_to_sign_in(request, error)
    except FediShareError as error:
        return _answer(request, _status(request, error), str(error), headers_of(error))
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return _answer(request, HTTPStatus(error.status), _plain(error), allow)
    except (ConnectionError, TimeoutError):
        if not _has_hung_up(request):
            raise
        # Nobody reads this. Anybody may hang up at any time, so it is not worth a trace in the log.
        return web.Response(status=HTTPStatus.BAD_REQUEST)
    except Exception:
        log.exception("a request failed", path=request.path, method=request.method)
        said = "Something went wrong on this node. It has been noted; please try again."
        return _answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, said, {})


async def _ask_to_sign_in(request: web.Request, error: Unauthenticated) -> web.StreamResponse:
    if is_machine(request) or is_for_apps(request.path):
        return _answer(request, _status(request, error), str(error), headers_of(error))
    if request.method in SAFE:
        raise web.HTTPSeeOther(f"/sign-in?next={quote(request.path_qs)}") from None
    held = await typed.read(request)
    if not held.fields:
        return _answer(request, status_of(error), str(error), headers_of(error))
    answer = draw(request, "signed_out.html", status=status_of(error), typed=held, action=request.path_qs)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _status(request: web.Request, error: FediShareError) -> HTTPStatus:
    return status_for_apps(error) if is_for_apps(request.path) else status_of(error)


def _has_hung_up(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _plain(error: web.HTTPException) -> str:
    known = {
        HTTPStatus.NOT_FOUND: "There is nothing here.",
        HTTPStatus.METHOD_NOT_ALLOWED: "This address does not take that kind of request.",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "That is more than this node takes at once.",
    }
    return known.get(HTTPStatus(error.status), error.reason)


def _answer(request: web.Request, status: HTTPStatus, message: str, headers: dict[str, str]) -> web.StreamResponse:
    answer: web.StreamResponse
    if is_for_apps(request.path):
        answer = said_to_apps(status, message, headers=headers)
    elif is_machine(request):
        answer = problem(status, message, headers=headers)
    else:
        answer = draw(request, "error.html", status=status, message=message, title=status.phrase)
        answer.headers.update(headers)
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["Vary"] = "Accept, Signature"
    return answer


@web.middleware
async def refuse_control_characters(request: web.Request, handler: Handler) -> web.StreamResponse:
    """No address of ours holds a control character: PostgreSQL takes no NUL, and a header no line end."""
    values = (value.replace("\n", "") if name in WRITTEN else value for name, value in request.query.items())
    if not all(map(is_clean, (request.path, *request.query, *values))):
        raise Malformed("This address holds characters that no address can have.")
    return await handler(request)


def is_clean(text: str) -> bool:
    return not any(char < " " or char == "\x7f" for char in text)


@web.middleware
async def same_origin_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A browser says where a form came from; a form from elsewhere is turned away.

    Other servers sign what they send to an inbox, and browsers cannot sign. Apps show a token, and no cookie counts
    for them.
    """
    is_form = not request.path.endswith("/inbox") and not is_for_apps(request.path)
    if request.method not in SAFE and is_form and not _is_own_form(request):
        return _answer(request, HTTPStatus.FORBIDDEN, "This form came from another site, so it was ignored.", {})
    return await handler(request)


def _is_own_form(request: web.Request) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    return origin is None or origin == request.app[SETTINGS].url


@web.middleware
async def know_the_sender(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The address a request really came from: the last one that no trusted proxy added."""
    request[REMOTE] = client_address(request, request.app[SETTINGS].trusted_proxies)
    return await handler(request)


def client_address(request: web.Request, trusted: tuple[Network, ...]) -> str:
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    address = request.remote or ""
    while hops and _is_within(address, trusted):
        address = hops.pop()
    return address


def _is_within(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks if network.version == found.version)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Every answer leaves with the browser's protections on."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
    if request.app[SETTINGS].is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")


def local_path(text: str) -> str:
    """Where to go next, if it lies on this node; else the front page (AUTH-07)."""
    parts = urlsplit(text)
    is_plain = not parts.scheme and not parts.netloc and text.startswith("/") and not text.startswith(("//", "/\\"))
    return text if is_plain and text.isprintable() and "\\" not in text else "/"
