"""What every ActivityPub answer to a GET has in common: who gets one, its headers, and how it says no."""

import re
from collections.abc import Iterable
from hashlib import sha256
from http import HTTPStatus
from typing import Final

from aiohttp import web

from fedishare.ap import gate
from fedishare.core.errors import FediShareError, NotFound
from fedishare.http.errors import headers_of, problem, status_of
from fedishare.http.routes import Handler

ACTIVITY_JSON: Final = "application/activity+json"
VARY: Final = "Accept, Signature"
FOR_EVERYONE: Final = "public, max-age=180"
FOR_ONE: Final = "private, no-store"
LARGEST_ID: Final = (1 << 63) - 1

_ACTIVITYPUB: Final = frozenset({ACTIVITY_JSON, "application/ld+json"})
_PROFILE: Final = "://www.w3.org/ns/activitystreams"
_HTML: Final = frozenset({"text/html", "application/xhtml+xml"})
_RANGE: Final = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+')
_PARAMETER: Final = re.compile(r';\s*([^\s;="]+)\s*=\s*("(?:[^"\\]|\\.)*"?|[^\s;"]*)')
_QUALITY: Final = re.compile(r"[01](?:\.[0-9]{0,3})?|\.[0-9]{1,3}", re.ASCII)
_ID: Final = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,19}", re.ASCII)


def wants_activitypub(accept: str) -> bool:
    """Whether an Accept header asks for an ActivityPub document at least as much as for a page.

    Whatever its profile, `application/ld+json` counts. `*/*` does not, for that is what browsers,
    link checkers and feed readers send.
    """
    wishes = [_wish(found[0]) for found in _RANGE.finditer(accept)]
    activitypub = max((quality for kind, quality in wishes if kind in _ACTIVITYPUB), default=0.0)
    html = max((quality for kind, quality in wishes if kind in _HTML), default=0.0)
    return activitypub > 0 and activitypub >= html


def wants_amb(accept: str) -> bool:
    """Whether JSON-LD is asked for and nothing says ActivityStreams: then a resource is AMB (resources.md 3.7)."""
    ranges = [found[0].lower() for found in _RANGE.finditer(accept)]
    if any(ACTIVITY_JSON in text or _PROFILE in text for text in ranges):
        return False
    return wants_activitypub(accept)


def _wish(text: str) -> tuple[str, float]:
    """One media range and its quality; one that cannot be read is not wished for at all."""
    kind = text.partition(";")[0].strip().lower()
    quality = 1.0
    for name, value in _PARAMETER.findall(text):
        if name.lower() == "q":
            quality = min(float(value), 1.0) if _QUALITY.fullmatch(value) else 0.0
    return kind, quality


def asks_for_activitypub(request: web.Request) -> bool:
    return wants_activitypub(", ".join(request.headers.getall("Accept", [])))


def asks_for_amb(request: web.Request) -> bool:
    return wants_amb(", ".join(request.headers.getall("Accept", [])))


def document(body: bytes, *, public: bool, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    """`body` as an ActivityPub document. What is not public must not stay in any cache (VIS-02)."""
    return kept(body, ACTIVITY_JSON, public=public, status=status)


def kept(body: bytes, kind: str, *, public: bool, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    """`body` as a document of another kind; what is true of the ones for ActivityPub is true of it."""
    # With `body` and a header aiohttp keeps the type to the letter, which Lemmy compares.
    answer = web.Response(body=body, status=status, headers={"Content-Type": kind, "Vary": VARY})
    answer.headers["Cache-Control"] = FOR_EVERYONE if public else FOR_ONE
    answer.etag = sha256(body).hexdigest()[:32]
    return answer


def elsewhere(uri: str) -> web.Response:
    """What is asked for has another address."""
    return web.Response(status=HTTPStatus.FOUND, headers={"Location": uri, "Vary": VARY})


def nothing() -> NotFound:
    """The one answer for what is not there and for what the asker may not see (VIS-01)."""
    return NotFound("There is nothing here.")


def refusal(error: FediShareError) -> web.Response:
    """Problem details, the same to the byte for the same error."""
    answer = problem(status_of(error), str(error), headers=headers_of(error))
    answer.headers["Cache-Control"] = FOR_ONE
    answer.headers["Vary"] = VARY
    return answer


def machine(handler: Handler) -> Handler:
    """A handler behind the gate, whose errors are problem details, and who sends nothing twice to those who have it."""

    async def admitted(request: web.Request) -> web.StreamResponse:
        await gate.admit(request)
        answer = await handler(request)
        if gate.is_closed(request):
            answer.headers["Cache-Control"] = FOR_ONE
        return answer

    return open_machine(admitted)


def open_machine(handler: Handler) -> Handler:
    """The same without the gate, for what servers have to know of each other before they can sign anything."""

    async def answered(request: web.Request) -> web.StreamResponse:
        try:
            answer = await handler(request)
        except FediShareError as error:
            return refusal(error)
        return _unchanged(answer) if _has_it(request, answer) else answer

    return answered


def negotiated(*, activitypub: Handler, html: Handler) -> Handler:
    """One address with two faces: a document for servers, made by a `machine`, and a page for people."""

    async def chosen(request: web.Request) -> web.StreamResponse:
        if asks_for_activitypub(request):
            return await activitypub(request)
        try:
            answer = await html(request)
        except web.HTTPException as redirect:
            redirect.headers["Vary"] = _with_accept(redirect.headers.getall("Vary", []))
            raise
        answer.headers["Vary"] = _with_accept(answer.headers.getall("Vary", []))
        return answer

    return chosen


def key(request: web.Request, name: str = "id") -> int:
    """The number in the address; anything that we would never mint is nothing (VIS-03)."""
    text = request.match_info[name]
    if not _ID.fullmatch(text) or int(text) > LARGEST_ID:
        raise nothing()
    return int(text)


def number(request: web.Request, name: str) -> int | None:
    """A number in the query, where a page begins; nothing if it is none, or beyond every id."""
    text = request.query.get(name, "")
    return int(text) if _NUMBER.fullmatch(text) and int(text) <= LARGEST_ID else None


def _has_it(request: web.Request, answer: web.StreamResponse) -> bool:
    etag = answer.etag
    if answer.status != HTTPStatus.OK or etag is None:
        return False
    return any(known.value in {etag.value, "*"} for known in request.if_none_match or ())


def _unchanged(answer: web.StreamResponse) -> web.Response:
    # RFC 9110 15.4.5: the headers that a 200 would have had, and no body.
    kept = {name: answer.headers[name] for name in ("ETag", "Cache-Control", "Vary") if name in answer.headers}
    return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=kept)


def _with_accept(vary: Iterable[str]) -> str:
    names = [name.strip() for line in vary for name in line.split(",") if name.strip()]
    return ", ".join(names if "accept" in map(str.lower, names) else ["Accept", *names])
