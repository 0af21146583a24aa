"""Cavage signatures as other servers make and check them, written anew from mastodon.md 2.1 and 2.5.

Nothing of our own signing code is used here, or a mistake in it would agree with itself.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from functools import cache
from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

GET_NAMES: Final = "host date accept (request-target)"
POST_NAMES: Final = "host date digest content-type (request-target)"
ACTIVITY: Final = "application/activity+json"
ACCEPT: Final = "application/activity+json, application/ld+json"
OLDEST: Final = timedelta(minutes=65)
NEWEST: Final = timedelta(minutes=60)
_PARAMETER: Final = re.compile(r'(\w+)="([^"]*)"')


@cache
def _loaded(private_pem: bytes) -> RSAPrivateKey:
    """Loading a key takes a hundred times as long as using it."""
    key = serialization.load_pem_private_key(private_pem, password=None)
    assert isinstance(key, RSAPrivateKey)
    return key


class Key(NamedTuple):
    key_id: str
    private_pem: bytes

    def sign(self, base: str) -> str:
        return b64encode(_loaded(self.private_pem).sign(base.encode(), PKCS1v15(), SHA256())).decode()


class Unproven(Exception):
    """The request is not what a server would believe; says why."""


def digest(body: bytes) -> str:
    return "SHA-256=" + b64encode(sha256(body).digest()).decode()


def http_date(moment: datetime | None = None) -> str:
    return format_datetime((moment or datetime.now(UTC)).astimezone(UTC), usegmt=True)


def signed_headers(
    key: Key,
    method: str,
    url: str,
    *,
    body: bytes | None = None,
    names: str | None = None,
    at: datetime | None = None,
    **over: str,
) -> dict[str, str]:
    """The headers of a request that `key` signs; `over` changes them before they are signed."""
    parts = urlsplit(url)
    headers = {"Host": parts.netloc, "Date": http_date(at)}
    if body is None:
        headers["Accept"] = ACCEPT
    else:
        headers |= {"Content-Type": ACTIVITY, "Digest": digest(body)}
    headers |= {name.replace("_", "-"): value for name, value in over.items()}
    names = names or (GET_NAMES if body is None else POST_NAMES)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    base = base_of(names, method=method, target=target, headers={k.lower(): v for k, v in headers.items()})
    value = f'keyId="{key.key_id}",algorithm="rsa-sha256",headers="{names}",signature="{key.sign(base)}"'
    return headers | {"Signature": value}


def base_of(names: str, *, method: str, target: str, headers: Mapping[str, str]) -> str:
    values = {**headers, "(request-target)": f"{method.lower()} {target}"}
    missing = [name for name in names.split() if name not in values]
    if missing:
        raise Unproven(f"signs headers that are not there: {missing}")
    return "\n".join(f"{name}: {values[name]}" for name in names.split())


class Signed(NamedTuple):
    """A Signature header, read; `fits` says whether a key made it."""

    key_id: str
    base: str
    signature: bytes

    def fits(self, public_pem: str) -> bool:
        if "BEGIN PUBLIC KEY" not in public_pem:
            raise Unproven("the key is not an SPKI PEM")
        key = serialization.load_pem_public_key(public_pem.encode())
        assert isinstance(key, RSAPublicKey)
        try:
            key.verify(self.signature, self.base.encode(), PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True


def read(method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Signed:
    """Everything that Mastodon checks before it looks for the key; raises Unproven."""
    if "signature" not in headers:
        raise Unproven("Request not signed")
    found = dict(_PARAMETER.findall(headers["signature"]))
    if "keyId" not in found or "signature" not in found:
        raise Unproven("Incompatible request signature: keyId and signature are required")
    if found.get("algorithm", "hs2019") not in {"rsa-sha256", "hs2019"}:
        raise Unproven("Unsupported signature algorithm")
    names = found.get("headers", "date").split()
    _refuse_uncovered(method, names)
    _refuse_untimely(headers)
    if body is not None and digest(body) not in [entry.strip() for entry in headers["digest"].split(",")]:
        raise Unproven("Invalid Digest value")
    base = base_of(" ".join(names), method=method, target=target, headers=headers)
    return Signed(found["keyId"], base, b64decode(found["signature"]))


def _refuse_uncovered(method: str, names: list[str]) -> None:
    if "date" not in names and "(created)" not in names:
        raise Unproven("Mastodon requires the Date header or (created) pseudo-header to be signed")
    if "(request-target)" not in names and "digest" not in names:
        raise Unproven("Mastodon requires the Digest header or (request-target) pseudo-header to be signed")
    if method == "GET" and "host" not in names:
        raise Unproven("Mastodon requires the Host header to be signed when doing a GET request")
    if method == "POST" and "digest" not in names:
        raise Unproven("Mastodon requires the Digest header to be signed when doing a POST request")


def _refuse_untimely(headers: Mapping[str, str]) -> None:
    age = datetime.now(UTC) - parsedate_to_datetime(headers["date"])
    if not -NEWEST <= age <= OLDEST:
        raise Unproven("Signed request date outside acceptable time window")
