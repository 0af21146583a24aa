"""What other servers answer, and what follows from it; nothing here opens a connection."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import ceil
from typing import Final

import msgspec

from fedishare.core import hosts, json
from fedishare.core.errors import Gone, Invalid, NotFound, Refused, Unreachable

AS2: Final = "https://www.w3.org/ns/activitystreams"
MAX_RETRY_AFTER: Final = 24 * 60 * 60
USUAL_RETRY_AFTER: Final = 60
SERVER_ERRORS: Final = range(500, 600)

# So many seconds are no time to wait, but a moment: seconds since 1970.
LONG_AGO: Final = 1_000_000_000
_SECONDS: Final = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,9})?", re.ASCII)
_PARAMETER: Final = re.compile(r'\s*;\s*([!#$%&\'*+.^_`|~\w-]+)=("(?:[^"\\]|\\.)*"|[^\s;"]+)', re.ASCII)
_TYPE: Final = re.compile(r"\s*([\w.+-]+/[\w.+-]+)((?:\s*;.*)?)", re.ASCII | re.DOTALL)


class Answer(msgspec.Struct, frozen=True):
    """`url` is where the answer came from, after redirects; header names are lower-case."""

    status: int
    url: str
    content_type: str
    headers: Mapping[str, str]
    body: bytes


def require_ok(answer: Answer, *, now: datetime) -> None:
    """Return for status 200.

    Raises NotFound (404), Gone (410), Refused (401, 403), Unreachable (408, 429 and 5xx, with
    the time to wait that the answer names) and Invalid for all else.
    """
    host = _host(answer)
    match answer.status:
        case 200:
            return
        case 404:
            raise NotFound(f"{host} has no such thing.")
        case 410:
            raise Gone(f"{host} says that this was deleted.")
        case 401 | 403:
            raise Refused(f"{host} does not let us see this.")
        case 408 | 429:
            raise Unreachable(f"{host} is busy.", retry_after=retry_after(answer.headers, now=now))
        case status if status in SERVER_ERRORS:
            raise Unreachable(f"{host} is in trouble.", retry_after=retry_after(answer.headers, now=now))
        case status:
            raise Invalid(f"{host} answered with status {status}.")


def is_activity_type(content_type: str) -> bool:
    """Whether this is exactly one of ActivityPub's two content types (ActivityPub 3.2).

    `application/ld+json` counts only with the ActivityStreams profile among its profiles.
    """
    match = _TYPE.fullmatch(content_type)
    if match is None:
        return False
    parameters = _parameters(match[2])
    match match[1].lower():
        case "application/activity+json":
            return parameters is not None
        case "application/ld+json":
            return parameters is not None and AS2 in parameters.get("profile", "").split()
        case _:
            return False


def json_object(answer: Answer) -> dict[str, json.Json]:
    """The body as a JSON object; raises Invalid for everything else."""
    document = json.loads(answer.body)
    if not isinstance(document, dict):
        raise Invalid(f"{_host(answer)} did not answer with a JSON object.")
    return document


def retry_after(headers: Mapping[str, str], *, now: datetime) -> int:
    """Seconds to wait, as `Retry-After` (RFC 9110 10.2.3) or `X-RateLimit-Reset` asks.

    The latter is a date in Mastodon; elsewhere it is seconds, from now or since 1970. At least one
    second, at most a day; a minute where nothing readable is said.
    """
    asked = headers.get("retry-after", "").strip()
    reset = headers.get("x-ratelimit-reset", "").strip()
    seconds = _seconds(asked)
    moment = _http_date(asked) or _iso_date(asked) if seconds is None else None
    if seconds is None and moment is None:
        seconds = _seconds(reset)
        moment = _iso_date(reset) if seconds is None else None
        if seconds is not None and seconds > LONG_AGO:
            seconds -= now.timestamp()
    if moment is not None:
        seconds = (moment - now).total_seconds()
    return USUAL_RETRY_AFTER if seconds is None else max(1, min(ceil(seconds), MAX_RETRY_AFTER))


def _seconds(text: str) -> float | None:
    return float(text) if _SECONDS.fullmatch(text) else None


def _http_date(text: str) -> datetime | None:
    try:
        return _aware(parsedate_to_datetime(text))
    except (ValueError, OverflowError):
        return None


def _iso_date(text: str) -> datetime | None:
    try:
        return _aware(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _parameters(text: str) -> dict[str, str] | None:
    """The parameters of a content type, or nothing if any of them cannot be read or comes twice."""
    found: dict[str, str] = {}
    position = 0
    text = text.strip()
    while position < len(text):
        match = _PARAMETER.match(text, position)
        if match is None or match[1].lower() in found:
            return None
        found[match[1].lower()] = match[2].strip('"')
        position = match.end()
    return found


def _host(answer: Answer) -> str:
    return hosts.origin_of(answer.url).authority
