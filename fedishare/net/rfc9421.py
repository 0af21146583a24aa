"""HTTP message signatures (RFC 9421), in the profile that the fediverse uses: RSA, one signature."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256, sha512
from typing import Final

from fedishare.core.errors import Invalid, Unauthenticated
from fedishare.net import messages, structured
from fedishare.net.messages import Claim, Request, Scheme
from fedishare.net.structured import InnerList, Item, Parameters

ALGORITHM: Final = "rsa-v1_5-sha256"

_DERIVED: Final = frozenset({"@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path", "@query"})
_FIELD: Final = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
_DIGESTS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "sha-256": lambda body: sha256(body).digest(),
    "sha-512": lambda body: sha512(body).digest(),
}


def read(request: Request, fields: Mapping[str, str], *, now: datetime) -> Claim:
    """The claim in Signature-Input and Signature, after every check that needs no key."""
    covered, signature = _only_signature(fields)
    names = _names(covered)
    key_id = _key_id(covered.parameters)
    _refuse_uncovered(request, names)
    messages.refuse_misdirected(request, fields)
    _refuse_untimely(covered.parameters, now=now)
    if "content-digest" in names:
        refuse_other_body(messages.field("content-digest", fields), request.body)
    base = rfc9421_base(covered, method=request.method, target=request.target, origin=request.origin, fields=fields)
    return messages.claim(scheme=Scheme.RFC9421, key_id=key_id, bases=(base,), signature=signature)


def rfc9421_base(covered: InnerList, *, method: str, target: str, origin: str, fields: Mapping[str, str]) -> bytes:
    """The bytes that a signature with the input `covered` signs (RFC 9421 2.5).

    `fields` as `messages.gather` makes them. Raises Unauthenticated for components that are
    missing or that we do not know.
    """
    derived = _derived(method=method, target=target, origin=origin)
    lines: list[str] = []
    for name in _names(covered):
        value = derived[name] if name in derived else messages.field(name, fields)
        lines.append(f'"{name}": {value}')
    lines.append(f'"@signature-params": {structured.serialise(covered)}')
    return "\n".join(lines).encode("ascii")


def signature_input(*names: str, created: datetime, key_id: str) -> InnerList:
    """The covered components and parameters of a signature of ours."""
    parameters: Parameters = {"created": int(created.timestamp()), "keyid": key_id, "alg": ALGORITHM}
    return InnerList(tuple(map(Item, names)), parameters)


def _derived(*, method: str, target: str, origin: str) -> dict[str, str]:
    """The derived components (RFC 9421 2.2) that need no parameter."""
    scheme, authority = messages.split_origin(origin)
    path, _, query = target.partition("?")
    return {
        "@method": method,
        "@target-uri": f"{scheme}://{authority}{target}",
        "@authority": authority,
        "@scheme": scheme,
        "@request-target": target,
        "@path": path,
        "@query": f"?{query}",
    }


def _only_signature(fields: Mapping[str, str]) -> tuple[InnerList, bytes]:
    inputs = structured.dictionary(messages.header("signature-input", fields))
    signatures = structured.dictionary(messages.header("signature", fields))
    if len(inputs) != 1 or inputs.keys() != signatures.keys():
        # With two, it would be open which of them speaks for the request.
        raise Unauthenticated("The request must carry exactly one signature.")
    (covered,) = inputs.values()
    (signature,) = signatures.values()
    if isinstance(covered, Item) or isinstance(signature, InnerList) or not isinstance(signature.value, bytes):
        raise Invalid("The signature headers are malformed.")
    return covered, signature.value


def _names(covered: InnerList) -> tuple[str, ...]:
    names = tuple(item.value for item in covered.items if type(item.value) is str and not item.parameters)
    if len(names) != len(covered.items) or len(set(names)) != len(names):
        raise Unauthenticated("The signature covers a component twice, or one with parameters.")
    messages.refuse_surplus(names)
    if not all(name in _DERIVED or _FIELD.fullmatch(name) for name in names):
        raise Unauthenticated("The signature covers a component that we do not know.")
    return names


def _key_id(parameters: Parameters) -> str:
    key_id = parameters.get("keyid")
    if type(key_id) is not str:
        raise Unauthenticated("The signature does not name its key.")
    if parameters.get("alg", ALGORITHM) != ALGORITHM:
        raise Unauthenticated(f"Signatures must use {ALGORITHM}.")
    return key_id


def _refuse_uncovered(request: Request, names: tuple[str, ...]) -> None:
    if "@method" not in names:
        raise Unauthenticated("The signature must cover @method.")
    if "@target-uri" not in names and not ("@authority" in names and _covers_target(request, names)):
        raise Unauthenticated("The signature must cover @target-uri.")
    if messages.needs_digest(request) and "content-digest" not in names:
        raise Unauthenticated("The signature must cover content-digest.")


def _covers_target(request: Request, names: tuple[str, ...]) -> bool:
    if "@request-target" in names:
        return True
    return "@path" in names and ("@query" in names or "?" not in request.target)


def _refuse_untimely(parameters: Parameters, *, now: datetime) -> None:
    created = parameters.get("created")
    if type(created) is not int:
        raise Unauthenticated("The signature does not say when it was created.")
    messages.refuse_outside_window(created, now=now)
    if "expires" in parameters:
        expires = parameters["expires"]
        if type(expires) is not int:
            raise Unauthenticated("The times of a signature are whole seconds since 1970.")
        messages.refuse_expired(expires, created=created, now=now)


def refuse_other_body(header: str, body: bytes) -> None:
    """Every digest that we can compute must fit, and there must be one (RFC 9530 2)."""
    stated = {name: member for name, member in structured.dictionary(header).items() if name in _DIGESTS}
    if not stated:
        raise Unauthenticated("The Content-Digest header must state a SHA-256 or SHA-512.")
    for name, member in stated.items():
        if isinstance(member, InnerList) or not isinstance(member.value, bytes):
            raise Invalid("The Content-Digest header is malformed.")
        messages.refuse_other_body(stated=member.value, actual=_DIGESTS[name](body))
