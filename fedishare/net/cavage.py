"""HTTP signatures of the kind most of the fediverse speaks (draft-cavage-http-signatures-12)."""

import re
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final

from fedishare.core.errors import Invalid, Unauthenticated
from fedishare.net import messages
from fedishare.net.messages import Claim, Request, Scheme

TARGET: Final = "(request-target)"
CREATED: Final = "(created)"
EXPIRES: Final = "(expires)"

# hs2019 leaves it to the key; with the RSA keys of this network it means the same.
_ALGORITHMS: Final = frozenset({"rsa-sha256", "hs2019", ""})
_PARAMETER: Final = re.compile(r'([A-Za-z]+)=(?:"([^"\\]*)"|([^",\s]+))[ \t]*(?:,[ \t]*|$)')
_NAME: Final = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+|\(request-target\)|\(created\)|\(expires\)")
_SECONDS: Final = re.compile(r"[0-9]{1,12}")


def read(request: Request, fields: Mapping[str, str], *, now: datetime) -> Claim:
    """The claim in a Signature header, after every check that needs no key."""
    parameters = _parameters(messages.header("signature", fields))
    names = _names(parameters.get("headers", "date"))
    _refuse_algorithm(parameters.get("algorithm", ""), names)
    _refuse_uncovered(request, names)
    messages.refuse_misdirected(request, fields)
    _refuse_untimely(parameters, names, fields, now=now)
    if "digest" in names:
        refuse_other_body(messages.field("digest", fields), request.body)
    targets = dict.fromkeys((request.target, request.target.partition("?")[0]))
    return messages.claim(
        scheme=Scheme.CAVAGE,
        key_id=_required(parameters, "keyId"),
        bases=tuple(
            cavage_base(
                names,
                method=request.method,
                target=target,
                fields=fields,
                created=parameters.get("created"),
                expires=parameters.get("expires"),
            )
            for target in targets
        ),
        signature=_decoded(_required(parameters, "signature")),
    )


def cavage_base(
    names: tuple[str, ...],
    *,
    method: str,
    target: str,
    fields: Mapping[str, str],
    created: str | None = None,
    expires: str | None = None,
) -> bytes:
    """The bytes that a signature over `names` signs (draft 2.3); `fields` as `messages.gather` makes them.

    Raises Unauthenticated if one of them is missing.
    """
    special = {TARGET: f"{method.lower()} {target}", CREATED: created, EXPIRES: expires}
    lines: list[str] = []
    for name in names:
        value = special[name] if name in special else messages.field(name, fields)
        if value is None:
            raise Unauthenticated(f"The signature covers {name}, which it does not state.")
        lines.append(f"{name}: {value}")
    return "\n".join(lines).encode("ascii")


def _parameters(text: str) -> dict[str, str]:
    """The parameters by name. An unquoted value is only ever a number, so it is kept only as such."""
    # Some senders repeat the name of the scheme, as the Authorization header has it.
    text = text.removeprefix("Signature ").strip()
    parameters: dict[str, str] = {}
    at = 0
    while at < len(text):
        match = _PARAMETER.match(text, at)
        if match is None:
            raise Invalid("The Signature header is malformed.")
        name, quoted, bare = match.groups()
        if name in parameters or (quoted is None and name not in {"created", "expires"}):
            raise Invalid("The Signature header repeats a parameter or lacks quotation marks.")
        parameters[name] = bare if quoted is None else quoted
        at = match.end()
    return parameters


# Every server covers the same few headers in everything it sends.
@lru_cache(maxsize=256)
def _names(covered: str) -> tuple[str, ...]:
    names = tuple(covered.split(" "))
    messages.refuse_surplus(names)
    if len(set(names)) != len(names) or not all(map(_NAME.fullmatch, names)):
        raise Invalid("The signature's list of headers is malformed.")
    return names


def _required(parameters: Mapping[str, str], name: str) -> str:
    value = parameters.get(name)
    if not value:
        raise Invalid(f"The Signature header has no {name}.")
    return value


def _decoded(signature: str) -> bytes:
    try:
        return b64decode(signature, validate=True)
    except ValueError as error:
        raise Invalid("The signature is not base64.") from error


def _refuse_algorithm(algorithm: str, names: tuple[str, ...]) -> None:
    if algorithm not in _ALGORITHMS:
        raise Unauthenticated("Signatures must use rsa-sha256 or hs2019.")
    # Draft 2.3: the two came with hs2019, and a signature that names the older algorithm has neither.
    if algorithm == "rsa-sha256" and (CREATED in names or EXPIRES in names):
        raise Unauthenticated("A signature with rsa-sha256 cannot cover (created) or (expires).")


def _refuse_uncovered(request: Request, names: tuple[str, ...]) -> None:
    required = {TARGET, "host", "digest"} if messages.needs_digest(request) else {TARGET, "host"}
    missing = required.difference(names)
    if missing:
        raise Unauthenticated(f"The signature must cover {', '.join(sorted(missing))}.")
    if "date" not in names and CREATED not in names:
        raise Unauthenticated("The signature must cover date or (created).")


def _refuse_untimely(
    parameters: Mapping[str, str], names: tuple[str, ...], fields: Mapping[str, str], *, now: datetime
) -> None:
    created = _seconds(parameters.get("created"))
    expires = _seconds(parameters.get("expires"))
    if created is not None:
        messages.refuse_outside_window(created, now=now)
    if "date" in names:
        messages.refuse_outside_window(messages.seconds_of(messages.field("date", fields)), now=now)
    if expires is not None:
        messages.refuse_expired(expires, created=created, now=now)


def _seconds(text: str | None) -> int | None:
    if text is None:
        return None
    if _SECONDS.fullmatch(text) is None:
        raise Unauthenticated("The times of a signature are whole seconds since 1970.")
    return int(text)


def refuse_other_body(header: str, body: bytes) -> None:
    """`header` may list several digests (RFC 3230), of which one must be SHA-256."""
    entries = [entry.strip().partition("=") for entry in header.split(",")]
    stated = [value for name, _, value in entries if name.lower() == "sha-256"]
    if len(stated) != 1:
        raise Unauthenticated("The Digest header must state one SHA-256.")
    messages.refuse_other_body(stated=stated[0].encode("ascii"), actual=messages.digest(body).encode("ascii"))
