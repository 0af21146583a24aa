"""A request as its signature sees it, and the checks that both signature schemes share."""

import re
from base64 import b64encode
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from hmac import compare_digest
from typing import Final, NamedTuple

import msgspec

from fedishare.core.errors import Invalid, Unauthenticated

MAX_HEADER_LENGTH: Final = 8 * 1024
MAX_COMPONENTS: Final = 32
MAX_KEY_ID_LENGTH: Final = 2048
# An RSA signature is as long as its key, and keys end at 8192 bits.
MAX_SIGNATURE_LENGTH: Final = 1024

# What Mastodon allows: five minutes of life, and an hour for clocks that are off.
MAX_AGE: Final = timedelta(minutes=65)
MAX_AHEAD: Final = timedelta(minutes=60)
MAX_LIFE: Final = timedelta(hours=24)

# Each of these decides something, so a second one could be read by one program and not by another.
_SINGLE: Final = frozenset({"content-digest", "date", "digest", "host", "signature", "signature-input"})
_VALUE: Final = re.compile(r"[\t -~]*")
_TARGET: Final = re.compile(r"/[!-~]*")
_KEY_ID: Final = re.compile(r"[!-~]+")
_DEFAULT_PORTS: Final = {"https": ":443", "http": ":80"}

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE: Final = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ([0-9]{2}) (" + "|".join(_MONTHS) + r") ([0-9]{4}) "
    r"([0-9]{2}):([0-9]{2}):([0-9]{2}) (?:GMT|UTC|\+0000)"
)


class Scheme(StrEnum):
    CAVAGE = "cavage"
    RFC9421 = "rfc9421"


class Request(NamedTuple):
    """A request as it came over the wire.

    `target` is the raw path with its query; `headers` keeps order, repeats and spelling;
    `origin` is our own public one, `https://host[:port]`, and not what the request claims.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    origin: str


class Claim(msgspec.Struct, frozen=True):
    """What a request says about its signer; true once `signature` fits one of `bases`.

    There are two bases where senders differ: some leave the query out of the target.
    `fingerprint` is the same for every copy of one signed request.
    """

    scheme: Scheme
    key_id: str
    bases: tuple[bytes, ...]
    signature: bytes
    fingerprint: bytes


def claim(*, scheme: Scheme, key_id: str, bases: tuple[bytes, ...], signature: bytes) -> Claim:
    """Puts a claim together; raises Invalid if the key id or the signature cannot be one."""
    if len(key_id) > MAX_KEY_ID_LENGTH or _KEY_ID.fullmatch(key_id) is None:
        raise Invalid("The key id of the signature is not a URI.")
    if not 0 < len(signature) <= MAX_SIGNATURE_LENGTH:
        raise Invalid("The signature is empty or too long.")
    fingerprint = sha256(key_id.encode("ascii") + b"\n" + signature).digest()
    return Claim(scheme=scheme, key_id=key_id, bases=bases, signature=signature, fingerprint=fingerprint)


def gather(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Header values by lower-case name, repeats joined with a comma (RFC 9421 2.1).

    Raises Invalid if a header that decides about the signature comes twice.
    """
    fields: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.lower(), raw_value.strip(" \t")
        if name not in fields:
            fields[name] = value
        elif name in _SINGLE:
            raise Invalid(f"The request has more than one {raw_name} header.")
        else:
            fields[name] = f"{fields[name]}, {value}"
    return fields


def field(name: str, fields: Mapping[str, str]) -> str:
    """The value of a header that a signature covers."""
    value = fields.get(name)
    if value is None:
        raise Unauthenticated(f"The signature covers a header that is missing: {name}.")
    if _VALUE.fullmatch(value) is None:
        raise Invalid("A signed header holds characters that headers cannot hold.")
    return value


def header(name: str, fields: Mapping[str, str]) -> str:
    """The value of a header that carries a signature."""
    value = fields.get(name, "")
    if len(value) > MAX_HEADER_LENGTH:
        raise Invalid("The signature is too long.")
    if not value or _VALUE.fullmatch(value) is None:
        raise Invalid("The signature header is empty or holds characters that headers cannot hold.")
    return value


def refuse_misdirected(request: Request, fields: Mapping[str, str]) -> None:
    """Only a request that was meant for our host may go on; a signature for another host proves nothing here."""
    if _TARGET.fullmatch(request.target) is None:
        raise Invalid("The request target must be a path.")
    scheme, host = split_origin(request.origin)
    if without_default_port(fields.get("host", ""), scheme=scheme) != host:
        raise Unauthenticated("The request was signed for another host.")


def split_origin(origin: str) -> tuple[str, str]:
    """Scheme and authority, both in lower case and without the default port (RFC 9421 2.2.3)."""
    scheme, _, authority = origin.lower().partition("://")
    return scheme, without_default_port(authority, scheme=scheme)


def without_default_port(authority: str, *, scheme: str) -> str:
    return authority.lower().removesuffix(_DEFAULT_PORTS.get(scheme, ""))


def needs_digest(request: Request) -> bool:
    return bool(request.body) or request.method not in {"GET", "HEAD"}


def refuse_surplus(names: Collection[str]) -> None:
    if len(names) > MAX_COMPONENTS:
        raise Invalid("The signature covers too many headers.")


def refuse_outside_window(seconds: int, *, now: datetime) -> None:
    """`seconds`, since 1970, is when the request was signed."""
    age = now.timestamp() - seconds
    if not -MAX_AHEAD.total_seconds() <= age <= MAX_AGE.total_seconds():
        raise Unauthenticated("The request was signed too long ago or in the future; is a clock wrong?")


def refuse_expired(expires: int, *, created: int | None, now: datetime) -> None:
    left = expires - now.timestamp()
    if not 0 <= left <= MAX_LIFE.total_seconds() or (created is not None and created > expires):
        raise Unauthenticated("The signature has expired, or would be valid for too long.")


# Whatever comes in together is dated the same.
@lru_cache(maxsize=256)
def seconds_of(date: str) -> int:
    """Seconds since 1970 of a Date header (RFC 9110 5.6.7, without its obsolete forms)."""
    match = _DATE.fullmatch(date)
    if match is None:
        raise Invalid("The Date header is not an HTTP date.")
    day, month, year, hour, minute, second = match.groups()
    try:
        moment = datetime(
            int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), tzinfo=UTC
        )
    except ValueError as error:
        raise Invalid("The Date header is not an HTTP date.") from error
    return int(moment.timestamp())


def http_date(moment: datetime) -> str:
    """`moment` as a Date header has it; not strftime, whose names depend on the locale."""
    moment = moment.astimezone(UTC)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.weekday()]
    return f"{day}, {moment:%d} {_MONTHS[moment.month - 1]} {moment:%Y %H:%M:%S} GMT"


def digest(body: bytes) -> str:
    """The SHA-256 of `body` as both digest headers spell it, without their wrapping."""
    return b64encode(sha256(body).digest()).decode("ascii")


def refuse_other_body(*, stated: bytes, actual: bytes) -> None:
    if not compare_digest(stated, actual):
        raise Unauthenticated("The body is not the one that was signed.")
