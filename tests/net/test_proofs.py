"""Proofs inside documents: the published examples, and what they do not let through."""

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from fedishare.core.errors import Invalid
from fedishare.core.json import Json, dumps, loads
from fedishare.net import jcs, keys, proofs

VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors"
ABSENT = "the proof examples are not beside this checkout (../shared/vectors)"
needs_vectors = pytest.mark.skipif(not VECTORS.exists(), reason=ABSENT)

KEY_ID: Final = "https://us.example/users/a#ed25519-key"
NOW: Final = datetime(2026, 3, 4, 12, 0, 0, 999_999, tzinfo=UTC)
ACTIVITYSTREAMS: Final = "https://www.w3.org/ns/activitystreams"
DATA_INTEGRITY: Final = "https://w3id.org/security/data-integrity/v2"

DOCUMENTS: st.SearchStrategy[Any] = st.dictionaries(
    st.text("abcü\N{GRINNING FACE}", max_size=3),
    st.recursive(
        st.none()
        | st.booleans()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.integers(min_value=-(2**53), max_value=2**53)
        | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


@cache
def pair() -> keys.Keypair:
    return keys.new_ed25519()


def public() -> Ed25519PublicKey:
    return keys.public_ed25519(pair().public)


def a_note(**changes: Any) -> dict[str, Json]:
    note: dict[str, Json] = {
        "@context": ACTIVITYSTREAMS,
        "id": "https://us.example/notes/1",
        "type": "Note",
        "attributedTo": "https://us.example/users/a",
        "content": "Hello",
    }
    return note | changes


def proven(document: dict[str, Json]) -> dict[str, Any]:
    return proofs.attach(document, key_id=KEY_ID, private_pem=pair().private_pem, now=NOW)


def proven_by_hand(document: dict[str, Json], config: dict[str, Json]) -> dict[str, Json]:
    """A proof over exactly these options, whether or not they make sense."""
    message = sha256(jcs.canonical(config)).digest() + sha256(jcs.canonical(document)).digest()
    signature = keys.private_ed25519(pair().private_pem).sign(message)
    return {**document, "proof": {**config, "proofValue": keys.to_multibase(signature)}}


def options(**changes: Any) -> dict[str, Json]:
    whole: dict[str, Json] = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "verificationMethod": KEY_ID,
        "proofPurpose": "assertionMethod",
        "created": "2026-03-04T12:00:00Z",
    }
    return {name: value for name, value in (whole | changes).items() if value is not None}


def vectors(name: str) -> Any:
    return json.loads((VECTORS / name).read_text())


def published_key(multibase: str) -> tuple[bytes, str]:
    """Private PEM and public multibase of a published secret (multicodec 0x1300, then the seed)."""
    private = Ed25519PrivateKey.from_private_bytes(keys.from_multibase(multibase).removeprefix(b"\x80\x26"))
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem, keys.to_multibase(b"\xed\x01" + private.public_key().public_bytes_raw())


def test_a_proof_says_how_by_whom_and_when() -> None:
    document = proven(a_note())

    value = document["proof"].pop("proofValue")
    context = [ACTIVITYSTREAMS, DATA_INTEGRITY]
    assert document == a_note(**{"@context": context, "proof": options(**{"@context": context})})
    assert len(keys.from_multibase(value)) == 64
    assert proofs.method_of(document) == KEY_ID


def test_the_document_given_stays_as_it_was() -> None:
    document = a_note(**{"@context": [ACTIVITYSTREAMS]})
    before = deepcopy(document)

    proven(document)

    assert document == before


@pytest.mark.parametrize(
    ("given_", "context"),
    [
        pytest.param(ACTIVITYSTREAMS, [ACTIVITYSTREAMS, DATA_INTEGRITY], id="text-becomes-a-list"),
        pytest.param([ACTIVITYSTREAMS], [ACTIVITYSTREAMS, DATA_INTEGRITY], id="list-gains-the-terms"),
        pytest.param([ACTIVITYSTREAMS, DATA_INTEGRITY], [ACTIVITYSTREAMS, DATA_INTEGRITY], id="terms-are-there"),
        pytest.param(
            [ACTIVITYSTREAMS, "https://w3id.org/security/data-integrity/v1"],
            [ACTIVITYSTREAMS, "https://w3id.org/security/data-integrity/v1"],
            id="older-terms-are-there",
        ),
        pytest.param([{"a": "b"}], [{"a": "b"}, DATA_INTEGRITY], id="own-terms"),
    ],
)
def test_the_context_is_a_list_with_the_terms_of_the_proof(given_: Json, context: Json) -> None:
    document = proven(a_note(**{"@context": given_}))

    assert document["@context"] == context
    assert document["proof"]["@context"] == context


def test_a_document_without_a_context_gains_none() -> None:
    document = proven({"type": "Note"})

    assert document.keys() == {"type", "proof"}
    assert "@context" not in document["proof"]
    assert proofs.verify(document, public())


def test_the_time_is_written_in_utc() -> None:
    here = NOW.astimezone(timezone(timedelta(hours=2)))
    document = proofs.attach(a_note(), key_id=KEY_ID, private_pem=pair().private_pem, now=here)

    assert document == proven(a_note())


def test_a_new_proof_takes_the_place_of_the_old_one() -> None:
    assert proven(proven(a_note())) == proven(a_note(**{"@context": [ACTIVITYSTREAMS, DATA_INTEGRITY]}))


@settings(deadline=None)
@given(DOCUMENTS)
def test_what_we_prove_verifies_after_a_journey(document: dict[str, Json]) -> None:
    received = loads(dumps(proven(document)))

    assert isinstance(received, dict)
    assert proofs.verify(received, public())


@settings(deadline=None)
@given(DOCUMENTS, st.sampled_from(["", "a", "content"]), st.text("xyz", min_size=1))
def test_a_changed_document_does_not_verify(document: dict[str, Json], name: str, value: str) -> None:
    changed = proven(document) | {name: f"changed to {value}"}

    assert not proofs.verify(changed, public())


def test_what_cannot_be_canonical_is_not_proven() -> None:
    with pytest.raises(Invalid):
        proven({"content": "\ud800"})


def test_a_linked_data_signature_put_on_later_does_not_disturb_the_proof() -> None:
    document = proven(a_note()) | {"signature": {"type": "RsaSignature2017", "signatureValue": "AAAA"}}

    assert proofs.verify(document, public())


def test_contexts_appended_later_do_not_disturb_the_proof() -> None:
    document = proven(a_note())
    document["@context"] = [*document["@context"], "https://relay.example/context"]

    assert proofs.verify(document, public())


@pytest.mark.parametrize(
    "context",
    [
        pytest.param(["https://evil.example/", ACTIVITYSTREAMS, DATA_INTEGRITY], id="one-put-first"),
        pytest.param([DATA_INTEGRITY, ACTIVITYSTREAMS], id="another-order"),
        pytest.param([ACTIVITYSTREAMS], id="one-taken-away"),
        pytest.param(ACTIVITYSTREAMS, id="text"),
        pytest.param(None, id="null"),
    ],
)
def test_a_context_that_does_not_begin_as_the_proof_says_does_not_verify(context: Json) -> None:
    assert not proofs.verify(proven(a_note()) | {"@context": context}, public())


def test_a_missing_context_does_not_verify() -> None:
    document = proven(a_note())
    del document["@context"]

    assert not proofs.verify(document, public())


@pytest.mark.parametrize("name", ["verificationMethod", "created", "@context"])
def test_a_changed_proof_does_not_verify(name: str) -> None:
    document = proven(a_note())
    document["proof"][name] = "https://evil.example/"

    assert not proofs.verify(document, public())


def test_another_key_does_not_verify() -> None:
    assert not proofs.verify(proven(a_note()), keys.public_ed25519(keys.new_ed25519().public))


def test_a_proof_by_hand_over_whole_options_verifies() -> None:
    # The refusals below change one thing about this.
    document = proven_by_hand({"type": "Note"}, options())

    assert proofs.method_of(document) == KEY_ID
    assert proofs.verify(document, public())


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"type": "Ed25519Signature2020"}, id="another-type"),
        pytest.param({"type": ["DataIntegrityProof"]}, id="a-list-of-types"),
        pytest.param({"cryptosuite": "eddsa-rdfc-2022"}, id="another-suite"),
        pytest.param({"cryptosuite": None}, id="no-suite"),
        pytest.param({"proofPurpose": "authentication"}, id="another-purpose"),
        pytest.param({"proofPurpose": None}, id="no-purpose"),
        pytest.param({"verificationMethod": None}, id="no-method"),
        pytest.param({"verificationMethod": ""}, id="empty-method"),
        pytest.param({"verificationMethod": {"id": KEY_ID}}, id="a-method-that-is-no-text"),
        pytest.param({"verificationMethod": "x" * 3_000}, id="a-long-method"),
        pytest.param({"expires": "2026-03-04T12:00:01Z"}, id="a-proof-that-ends"),
        pytest.param({"previousProof": "urn:x"}, id="a-link-of-a-chain"),
    ],
)
def test_a_proof_of_another_kind_is_no_proof(change: dict[str, Json]) -> None:
    document = proven_by_hand({"type": "Note"}, options(**change))

    assert proofs.method_of(document) is None
    assert not proofs.verify(document, public())


@pytest.mark.parametrize(
    "proof",
    [
        pytest.param(lambda proof: [proof, proof], id="ORG-27-two-proofs"),
        pytest.param(lambda proof: [proof], id="ORG-27-a-list-of-one"),
        pytest.param(lambda _: [], id="ORG-27-an-empty-list"),
        pytest.param(lambda _: "https://us.example/proof", id="ORG-27-a-link"),
        pytest.param(lambda _: None, id="ORG-27-null"),
        pytest.param(lambda _: {}, id="ORG-27-an-empty-proof"),
    ],
)
def test_what_is_not_one_proof_is_none(proof: Any) -> None:
    document = proven(a_note())
    document["proof"] = proof(document["proof"])

    assert proofs.method_of(document) is None
    assert not proofs.verify(document, public())


def test_a_proof_of_the_inner_object_only_is_none() -> None:
    # ORG-27: it says nothing about the activity around it.
    document: dict[str, Json] = {"type": "Create", "object": proven(a_note())}

    assert proofs.method_of(document) is None
    assert not proofs.verify(document, public())


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(None, id="null"),
        pytest.param(64, id="a-number"),
        pytest.param("", id="empty"),
        pytest.param("z", id="no-bytes"),
        pytest.param("z" + "1" * 64, id="zeros"),
        pytest.param("u" + "A" * 86, id="another-base"),
        pytest.param("z0OIl", id="not-base58"),
        pytest.param("z" * 1_000_000, id="a-megabyte"),
    ],
)
def test_a_proof_value_that_is_no_signature_does_not_verify(value: Json) -> None:
    document = proven(a_note())
    document["proof"]["proofValue"] = value

    assert not proofs.verify(document, public())


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("\ud800", id="ORG-27-lone-surrogate"),
        pytest.param(float("nan"), id="ORG-27-nan"),
        pytest.param(10**400, id="ORG-27-beyond-doubles"),
        pytest.param(2**53 + 1, id="ORG-27-a-number-that-doubles-round"),
        pytest.param(json.loads("[" * 100 + "]" * 100), id="ORG-27-too-deep"),
    ],
)
def test_what_cannot_be_canonical_does_not_verify(content: Json) -> None:
    assert not proofs.verify(proven(a_note()) | {"content": content}, public())


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(1e21, id="ORG-27-exponent"),
        pytest.param(-0.0, id="ORG-27-minus-zero"),
        pytest.param(333333333.33333329, id="ORG-27-long-fraction"),
        pytest.param({"\ufb33": 1, "\U0001f600": 2}, id="ORG-27-utf-16-order"),
        pytest.param("A\u030a", id="ORG-27-not-normalised"),
    ],
)
def test_corner_cases_of_canonical_json_survive_the_journey(content: Json) -> None:
    received = loads(json.dumps(proven(a_note(content=content)), indent=1).encode())

    assert isinstance(received, dict)
    assert proofs.verify(received, public())


@needs_vectors
def test_the_example_of_fep_8b32_is_made_and_verified() -> None:
    sign, verify = vectors("fep-features.json")["features"]["fep/8b32/fep-8b32.feature"]
    unsigned, signed = (step["doc"] for step in sign["steps"] if "doc" in step)
    pem, multibase = published_key("z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq")

    made = proofs.attach(
        unsigned,
        key_id="https://server.example/users/alice#ed25519-key",
        private_pem=pem,
        now=datetime(2023, 2, 24, 23, 36, 38, tzinfo=UTC),
    )

    assert made == signed
    assert proofs.verify(verify["steps"][0]["doc"], keys.public_ed25519(multibase))


@needs_vectors
def test_the_example_of_fep_c390_which_has_no_context_is_made_and_verified() -> None:
    features = vectors("fep-features.json")["features"]["fep/c390/fep-c390.feature"]
    unsigned, signed = (step["doc"] for step in features[0]["steps"] if "doc" in step)
    pem, multibase = published_key("z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq")

    made = proofs.attach(
        unsigned,
        key_id=signed["proof"]["verificationMethod"],
        private_pem=pem,
        now=datetime(2023, 2, 24, 23, 36, 38, tzinfo=UTC),
    )

    assert made == signed
    assert proofs.verify(signed, keys.public_ed25519(multibase))


@needs_vectors
def test_the_w3c_example_verifies_and_its_canonical_forms_are_ours() -> None:
    folder = VECTORS / "vc-di-eddsa" / "eddsa-jcs-2022"
    signed = json.loads((folder / "signedJCS.json").read_text())
    document = {name: value for name, value in signed.items() if name != "proof"}

    assert jcs.canonical(document) == (folder / "canonDocJCS.txt").read_bytes()
    assert (
        jcs.canonical(json.loads((folder / "proofConfigJCS.json").read_text()))
        == (folder / "proofCanonJCS.txt").read_bytes()
    )
    key = keys.public_ed25519(vectors("vc-di-eddsa/keyPair.json")["publicKeyMultibase"])
    assert proofs.verify(signed, key)
    assert not proofs.verify(signed | {"name": "Another"}, key)
