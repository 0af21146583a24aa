"""Signing our requests and reading the signatures on other people's; pure functions, no keys fetched.

Two schemes are in use: `cavage`, which all servers know, and `rfc9421`, which newer ones prefer.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from fedishare.core.errors import Invalid, Unauthenticated
from fedishare.net import cavage, keys, messages, rfc9421, structured
from fedishare.net.cavage import cavage_base
from fedishare.net.messages import Claim, Request, Scheme
from fedishare.net.rfc9421 import rfc9421_base

__all__ = ["Claim", "Request", "Scheme", "Signer", "cavage_base", "read", "rfc9421_base", "sign", "verify"]

_URL: Final = re.compile(r"(https?)://([^/?#@\\]+)((?:[/?#][!-~]*)?)", re.IGNORECASE)
_VISIBLE: Final = re.compile(r"[!-~]+")
_LABEL: Final = "sig1"
_PADDING: Final = PKCS1v15()
_HASH: Final = SHA256()


class Signer(msgspec.Struct, frozen=True):
    key_id: str
    private_pem: bytes


class _Outgoing(NamedTuple):
    method: str
    origin: str
    target: str
    fields: dict[str, str]
    extra: tuple[str, ...]
    now: datetime


def sign(
    signer: Signer,
    *,
    scheme: Scheme,
    method: str,
    url: str,
    body: bytes | None,
    now: datetime,
    content_type: str = "application/activity+json",
    extra: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The headers to send along, Host and (with a body) Content-Type and the digest among them.

    What is signed is `url` byte for byte, so it must be sent as it is given; `extra` headers are
    signed too. Takes about 0.3 ms of processor time. Raises Invalid for what is not an http(s)
    URL in ASCII.
    """
    origin, target = _split(url)
    headers = {"Host": messages.split_origin(origin)[1], **(extra or {})}
    if body is not None:
        headers["Content-Type"] = content_type
    names = tuple(name.lower() for name in extra or ())
    outgoing = _Outgoing(method=method.upper(), origin=origin, target=target, fields=headers, extra=names, now=now)
    return _SIGNERS[scheme](signer, outgoing, body)


def read(request: Request, *, now: datetime) -> Claim:
    """Who `request` says it is from, after every check that needs no key.

    These are: one signature that covers the target, the host, the time and the body; signed
    for us, for this body, and within the last 65 minutes or the next 60. The answer proves
    nothing until `verify` has seen the key. Raises Unauthenticated if something is missing or
    does not fit, Invalid if it is malformed.
    """
    fields = messages.gather(request.headers)
    if "signature-input" in fields:
        return rfc9421.read(request, fields, now=now)
    if "signature" in fields:
        return cavage.read(request, fields, now=now)
    raise Unauthenticated("The request is not signed: it needs a Signature header.")


def verify(claim: Claim, key: RSAPublicKey) -> bool:
    """Whether the owner of `key` signed the request; RSASSA-PKCS1-v1_5 with SHA-256 in both schemes."""
    return any(_fits(claim.signature, base, key) for base in claim.bases)


def _fits(signature: bytes, base: bytes, key: RSAPublicKey) -> bool:
    try:
        key.verify(signature, base, _PADDING, _HASH)
    except InvalidSignature:
        return False
    return True


def _split(url: str) -> tuple[str, str]:
    """Origin and request target of `url`, the latter untouched and without a fragment."""
    match = _URL.fullmatch(url)
    if match is None or _VISIBLE.fullmatch(url) is None:
        raise Invalid("Only an http or https URL in ASCII, without a user, can be signed for.")
    scheme, authority, rest = match.groups()
    target = rest.partition("#")[0]
    return f"{scheme}://{authority}", target if target.startswith("/") else f"/{target}"


def _sign_cavage(signer: Signer, outgoing: _Outgoing, body: bytes | None) -> dict[str, str]:
    headers = outgoing.fields | {"Date": messages.http_date(outgoing.now)}
    names: tuple[str, ...] = (cavage.TARGET, "host", "date")
    if body is not None:
        headers["Digest"] = f"SHA-256={messages.digest(body)}"
        names += ("digest", "content-type")
    names += outgoing.extra
    base = cavage_base(names, method=outgoing.method, target=outgoing.target, fields=messages.gather(headers.items()))
    # PieFed and Takahe split at commas only, and need the algorithm to be named.
    headers["Signature"] = (
        f'keyId="{signer.key_id}",algorithm="rsa-sha256",headers="{" ".join(names)}",'
        f'signature="{b64encode(_signature(signer, base)).decode("ascii")}"'
    )
    return headers


def _sign_rfc9421(signer: Signer, outgoing: _Outgoing, body: bytes | None) -> dict[str, str]:
    headers = dict(outgoing.fields)
    names: tuple[str, ...] = ("@method", "@target-uri")
    if body is not None:
        headers["Content-Digest"] = f"sha-256=:{messages.digest(body)}:"
        names += ("content-digest",)
    names += outgoing.extra
    covered = rfc9421.signature_input(*names, created=outgoing.now, key_id=signer.key_id)
    base = rfc9421_base(
        covered,
        method=outgoing.method,
        target=outgoing.target,
        origin=outgoing.origin,
        fields=messages.gather(headers.items()),
    )
    signature = structured.Item(_signature(signer, base))
    headers["Signature-Input"] = f"{_LABEL}={structured.serialise(covered)}"
    headers["Signature"] = f"{_LABEL}={structured.serialise(signature)}"
    return headers


def _signature(signer: Signer, base: bytes) -> bytes:
    return keys.private_rsa(signer.private_pem).sign(base, _PADDING, _HASH)


_SIGNERS: Final[Mapping[Scheme, Callable[[Signer, _Outgoing, bytes | None], dict[str, str]]]] = {
    Scheme.CAVAGE: _sign_cavage,
    Scheme.RFC9421: _sign_rfc9421,
}
