"""Proofs inside a document, which stay with it wherever it travels (FEP-8b32, eddsa-jcs-2022)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from fedishare.core.errors import Invalid
from fedishare.core.json import Json
from fedishare.net import jcs, keys

# The terms of a proof are defined here. It is the only context that a proof adds, because some
# receivers load contexts and none load all. Either version counts as present.
CONTEXT: Final = "https://w3id.org/security/data-integrity/v2"
_CONTEXTS: Final = frozenset({CONTEXT, "https://w3id.org/security/data-integrity/v1"})

_KIND: Final[Mapping[str, Json]] = {
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-jcs-2022",
    "proofPurpose": "assertionMethod",
}
# A proof that ends, or that builds upon another one, means more than we check.
_UNREAD: Final = frozenset({"expires", "previousProof"})
# A linked-data signature is put on after the proof, so the proof does not cover it.
_UNSIGNED: Final = frozenset({"proof", "signature"})
MAX_METHOD_LENGTH: Final = 2048


def attach(document: Mapping[str, Json], *, key_id: str, private_pem: bytes, now: datetime) -> dict[str, Json]:
    """A copy of `document` with a proof by the Ed25519 key `key_id`, in place of any earlier one.

    The context becomes a list, because Mastodon 4.7 reads no other, and gains the terms of
    the proof; the proof repeats it. A document without a context stays without.
    """
    unsigned = _without_proof(document)
    config: dict[str, Json] = {
        **_KIND,
        "verificationMethod": key_id,
        "created": f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
    if "@context" in unsigned:
        context = _listed(unsigned["@context"])
        if not any(isinstance(entry, str) and entry in _CONTEXTS for entry in context):
            context = [*context, CONTEXT]
        unsigned["@context"] = config["@context"] = context
    signature = keys.private_ed25519(private_pem).sign(_signed_bytes(unsigned, config))
    return {**unsigned, "proof": {**config, "proofValue": keys.to_multibase(signature)}}


def method_of(document: Mapping[str, Json]) -> str | None:
    """The key that is said to have made the one proof of `document`; None if there is no such proof.

    None also for several proofs and for kinds that `verify` does not check. That the method
    belongs to the document's owner is for the caller to see.
    """
    proof = document.get("proof")
    if not isinstance(proof, dict) or not _UNREAD.isdisjoint(proof):
        return None
    if any(proof.get(name) != value for name, value in _KIND.items()):
        return None
    method = proof.get("verificationMethod")
    return method if isinstance(method, str) and 0 < len(method) <= MAX_METHOD_LENGTH else None


def verify(document: Mapping[str, Json], key: Ed25519PublicKey) -> bool:
    """Whether the owner of `key` made the one proof of `document` (vc-di-eddsa 3.3.2). Never raises."""
    proof = document.get("proof")
    if method_of(document) is None or not isinstance(proof, dict):
        return False
    unsigned = _without_proof(document)
    config = {name: value for name, value in proof.items() if name != "proofValue"}
    if "@context" in config:
        stated = _listed(config["@context"])
        if _listed(unsigned.get("@context", []))[: len(stated)] != stated:
            return False
        # What was appended to the context later is not covered, nor does anything here read it.
        unsigned["@context"] = config["@context"]
    try:
        signature = keys.from_multibase(_text(proof.get("proofValue")))
        key.verify(signature, _signed_bytes(unsigned, config))
    except (Invalid, InvalidSignature):
        return False
    return True


def _without_proof(document: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in document.items() if name not in _UNSIGNED}


def _listed(context: Json) -> list[Json]:
    return context if isinstance(context, list) else [context]


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _signed_bytes(unsigned: dict[str, Json], config: dict[str, Json]) -> bytes:
    return sha256(jcs.canonical(config)).digest() + sha256(jcs.canonical(unsigned)).digest()
