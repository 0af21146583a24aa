"""Requests signed by hand, over exactly what they say they cover, for the tests of both schemes.

In a table of refusals only the rule under test then stands between a row and acceptance.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from fedishare.net import keys, messages
from fedishare.net.signatures import Claim, Request, Scheme, Signer, read, verify

VECTORS: Final = Path(__file__).parents[2].parent / "shared" / "vectors"
ABSENT: Final = "the signature examples are not beside this checkout (../shared/vectors)"

ORIGIN: Final = "https://us.example"
NOW: Final = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
SECONDS: Final = int(NOW.timestamp())
INBOX: Final = "/users/a/inbox"
BODY: Final = b'{"type":"Follow"}'
KEY_ID: Final = "https://them.example/users/b#main-key"
POST_NAMES: Final = "(request-target) host date digest content-type"
GET_NAMES: Final = "(request-target) host date"


@cache
def pair() -> keys.Keypair:
    return keys.new_rsa()


def signer() -> Signer:
    return Signer(key_id=KEY_ID, private_pem=pair().private_pem)


def public() -> rsa.RSAPublicKey:
    return keys.public_rsa(pair().public)


def signed(base: str) -> str:
    return b64encode(keys.private_rsa(pair().private_pem).sign(base.encode(), PKCS1v15(), SHA256())).decode()


def date(**offset: float) -> str:
    return format_datetime(NOW + timedelta(**offset), usegmt=True)


def sha(body: bytes) -> str:
    return b64encode(sha256(body).digest()).decode()


def received(
    headers: Mapping[str, str], *, method: str = "POST", target: str = INBOX, body: bytes | None = BODY
) -> Request:
    """The request as the other side sees it once `headers` were sent along."""
    return Request(method=method, target=target, headers=tuple(headers.items()), body=body or b"", origin=ORIGIN)


def by_cavage(
    *,
    method: str = "POST",
    target: str = INBOX,
    signed_target: str | None = None,
    body: bytes = BODY,
    names: str = POST_NAMES,
    parameters: Mapping[str, str | None] | None = None,
    headers: Mapping[str, str | None] | None = None,
    again: tuple[tuple[str, str], ...] = (),
    signature: str | None = None,
) -> Request:
    """A request signed over `names`. None takes a parameter or header away; parameters are given raw."""
    sent: dict[str, str | None] = {
        "Host": "us.example",
        "Date": date(),
        "Digest": f"SHA-256={sha(BODY)}",
        "Content-Type": "application/activity+json",
        **(headers or {}),
    }
    stated: dict[str, str | None] = {"keyId": f'"{KEY_ID}"', "algorithm": '"rsa-sha256"', "headers": f'"{names}"'}
    stated |= parameters or {}
    values = {name.lower(): value for name, value in sent.items()}
    values |= {f"({name})": (value or "").strip('"') for name, value in stated.items()}
    values["(request-target)"] = f"{method.lower()} {signed_target or target}"
    base = "\n".join(f"{name}: {(values.get(name) or '').strip()}" for name in names.split())
    stated.setdefault("signature", f'"{signed(base)}"')
    text = ",".join(f"{name}={value}" for name, value in stated.items() if value is not None)
    fields = [(name, value) for name, value in sent.items() if value is not None]
    fields += [*again, ("Signature", text if signature is None else signature)]
    return Request(method=method, target=target, headers=tuple(fields), body=body, origin=ORIGIN)


def by_rfc9421(
    *,
    method: str = "POST",
    target: str = INBOX,
    body: bytes = BODY,
    covered: str = '"@method" "@target-uri" "content-digest"',
    parameters: str = f';created={SECONDS};keyid="{KEY_ID}";alg="rsa-v1_5-sha256"',
    headers: Mapping[str, str | None] | None = None,
    again: tuple[tuple[str, str], ...] = (),
    inputs: str = "sig1={}",
    signature: str = "sig1=:{}:",
) -> Request:
    """A request signed over the components `covered`; None takes a header away."""
    sent: dict[str, str | None] = {
        "Host": "us.example",
        "Content-Digest": f"sha-256=:{sha(BODY)}:",
        **(headers or {}),
    }
    path, _, query = target.partition("?")
    values = {
        "@method": method,
        "@target-uri": f"{ORIGIN}{target}",
        "@authority": "us.example",
        "@scheme": "https",
        "@request-target": target,
        "@path": path,
        "@query": f"?{query}",
    } | {name.lower(): value or "" for name, value in sent.items()}
    lines = [f"{name}: {values.get(name.partition(';')[0].strip(chr(34)), '')}" for name in covered.split()]
    lines.append(f'"@signature-params": ({covered}){parameters}')
    fields = [(name, value) for name, value in sent.items() if value is not None]
    fields += [
        *again,
        ("Signature-Input", inputs.format(f"({covered}){parameters}")),
        ("Signature", signature.format(signed("\n".join(lines)))),
    ]
    return Request(method=method, target=target, headers=tuple(fields), body=body, origin=ORIGIN)


def parameters(*, created: str = str(SECONDS), more: str = "") -> str:
    return f';created={created};keyid="{KEY_ID}"{more}'


def is_good(request: Request) -> bool:
    return verify(read(request, now=NOW), public())


def vectors(name: str) -> Any:
    return json.loads((VECTORS / name).read_text())


def a_claim(base: bytes, signature: bytes) -> Claim:
    return messages.claim(scheme=Scheme.CAVAGE, key_id="Test", bases=(base,), signature=signature)
