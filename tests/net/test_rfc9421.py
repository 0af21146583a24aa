"""RFC 9421 signatures: what could be forged or replayed is refused, and the RFC's examples fit."""

from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from fedishare.core.errors import Invalid, Unauthenticated
from fedishare.net import keys, messages, structured
from fedishare.net.signatures import read, rfc9421_base, verify
from tests.net.signed import ABSENT, BODY, KEY_ID, NOW, SECONDS, VECTORS, a_claim, by_rfc9421, parameters, sha, vectors

ALL: Final = '"@method" "@target-uri" "content-digest"'


@pytest.mark.parametrize(
    ("error", "request_"),
    [
        pytest.param(
            Unauthenticated, lambda: by_rfc9421(covered='"@target-uri" "content-digest"'), id="SIG-18-no-method"
        ),
        pytest.param(
            Unauthenticated, lambda: by_rfc9421(covered='"@method" "content-digest"'), id="SIG-18-no-target-uri"
        ),
        pytest.param(
            Unauthenticated,
            lambda: by_rfc9421(covered='"@method" "@path" "content-digest"'),
            id="SIG-18-path-without-authority",
        ),
        pytest.param(
            Unauthenticated,
            lambda: by_rfc9421(covered='"@method" "@authority" "content-digest"'),
            id="SIG-18-authority-without-path",
        ),
        pytest.param(
            Unauthenticated,
            lambda: by_rfc9421(target="/x?y", covered='"@method" "@authority" "@path" "content-digest"'),
            id="SIG-18-query-not-covered",
        ),
        pytest.param(
            Unauthenticated, lambda: by_rfc9421(covered='"@method" "@target-uri"'), id="SIG-18-no-content-digest"
        ),
        pytest.param(
            Unauthenticated,
            lambda: by_rfc9421(covered='"@method" "@target-uri"', body=b""),
            id="SIG-18-no-content-digest-of-an-empty-post",
        ),
        pytest.param(Unauthenticated, lambda: by_rfc9421(parameters=f';keyid="{KEY_ID}"'), id="SIG-18-no-created"),
        *(
            pytest.param(
                Unauthenticated,
                lambda created=created: by_rfc9421(parameters=parameters(created=created)),
                id=f"SIG-18-created-{name}",
            )
            for name, created in [
                ("text", f'"{SECONDS}"'),
                ("decimal", f"{SECONDS}.5"),
                ("true", "?1"),
                ("negative", "-1"),
                ("two-hours-ago", str(SECONDS - 7200)),
                ("in-two-hours", str(SECONDS + 7200)),
            ]
        ),
        *(
            pytest.param(
                Unauthenticated,
                lambda expires=expires: by_rfc9421(parameters=parameters(more=f";expires={expires}")),
                id=f"SIG-18-expires-{name}",
            )
            for name, expires in [
                ("past", str(SECONDS - 1)),
                ("text", f'"{SECONDS + 60}"'),
                ("far-ahead", str(SECONDS + 10 * 86_400)),
                ("negative", "-5"),
            ]
        ),
        pytest.param(Unauthenticated, lambda: by_rfc9421(parameters=f";created={SECONDS}"), id="SIG-18-no-key-id"),
        pytest.param(
            Unauthenticated, lambda: by_rfc9421(parameters=f";created={SECONDS};keyid=token"), id="SIG-18-key-id-token"
        ),
        pytest.param(Invalid, lambda: by_rfc9421(parameters=f';created={SECONDS};keyid=""'), id="SIG-18-empty-key-id"),
        pytest.param(
            Unauthenticated,
            lambda: by_rfc9421(inputs="sig1={}, sig2=();created=1", signature="sig1=:{}:, sig2=:AAAA:"),
            id="SIG-18-two-labels",
        ),
        pytest.param(
            Unauthenticated, lambda: by_rfc9421(signature="sig1=:{}:, sig2=:AAAA:"), id="SIG-18-two-signatures"
        ),
        pytest.param(Unauthenticated, lambda: by_rfc9421(signature="sig2=:{}:"), id="SIG-18-another-label"),
        pytest.param(Unauthenticated, lambda: by_rfc9421(covered=""), id="SIG-18-nothing-covered"),
        pytest.param(Unauthenticated, lambda: by_rfc9421(covered=f'{ALL} "@unknown"'), id="SIG-18-unknown-component"),
        pytest.param(Unauthenticated, lambda: by_rfc9421(covered=f'{ALL} "@status"'), id="SIG-18-of-a-response"),
        pytest.param(
            Unauthenticated, lambda: by_rfc9421(covered=f'{ALL} "@signature-params"'), id="SIG-18-the-parameters-line"
        ),
        pytest.param(Unauthenticated, lambda: by_rfc9421(covered=f'{ALL} "Host"'), id="SIG-18-upper-case"),
        pytest.param(Unauthenticated, lambda: by_rfc9421(covered=f"{ALL} host"), id="SIG-18-token-as-component"),
        pytest.param(Unauthenticated, lambda: by_rfc9421(covered=f'{ALL} "x-missing"'), id="SIG-18-missing-header"),
        pytest.param(Unauthenticated, lambda: by_rfc9421(covered=f'{ALL} "@method"'), id="SIG-18-duplicate"),
        *(
            pytest.param(
                Unauthenticated,
                lambda name=name: by_rfc9421(covered=f'"@method" "@target-uri" "content-digest"{name}'),
                id=f"SIG-18-{name}",
            )
            for name in [";sf", ";bs", ";req", ";tr", ';key="sha-256"']
        ),
        pytest.param(
            Unauthenticated, lambda: by_rfc9421(covered=f'{ALL} "@query-param";name="x"'), id="SIG-18-query-param"
        ),
        pytest.param(
            Unauthenticated, lambda: by_rfc9421(covered='"@method";req "@target-uri" "content-digest"'), id="SIG-18-req"
        ),
        pytest.param(
            Invalid,
            lambda: by_rfc9421(
                covered=f"{ALL} {' '.join(f'{chr(34)}x-{n}{chr(34)}' for n in range(40))}",
                headers={f"X-{n}": "x" for n in range(40)},
            ),
            id="SIG-21-40-components",
        ),
        *(
            pytest.param(
                Unauthenticated,
                lambda name=name: by_rfc9421(parameters=parameters(more=f';alg="{name}"')),
                id=f"SIG-13-{name}",
            )
            for name in ["none", "hmac-sha256", "rsa-pss-sha512", "ed25519", "RSA-V1_5-SHA256", ""]
        ),
        pytest.param(Unauthenticated, lambda: by_rfc9421(body=b"{}"), id="SIG-06-body-swapped"),
        pytest.param(
            Unauthenticated,
            lambda: by_rfc9421(headers={"Content-Digest": f"sha-256=:{sha(BODY)}:, sha-512=:{sha(BODY)}:"}),
            id="SIG-06-one-of-two-digests-wrong",
        ),
        pytest.param(
            Unauthenticated,
            lambda: by_rfc9421(headers={"Content-Digest": "md5=:AAAA:"}),
            id="SIG-06-only-an-unknown-digest",
        ),
        *(
            pytest.param(
                Invalid, lambda value=value: by_rfc9421(headers={"Content-Digest": value}), id=f"SIG-06-{name}"
            )
            for name, value in [
                ("upper-case-key", f"SHA-256=:{sha(BODY)}:"),
                ("no-colons", f"sha-256={sha(BODY)}"),
                ("mastodon-malformed", "SHA-256="),
                ("text", f'sha-256="{sha(BODY)}"'),
                ("list", f"sha-256=(:{sha(BODY)}:)"),
                ("not-base64", "sha-256=:A:"),
            ]
        ),
        pytest.param(Unauthenticated, lambda: by_rfc9421(headers={"Content-Digest": None}), id="SIG-05-missing"),
        *(
            pytest.param(
                Invalid, lambda name=name, value=value: by_rfc9421(again=((name, value),)), id=f"SIG-07-{name}"
            )
            for name, value in [
                ("Signature-Input", "sig1=()"),
                ("Signature", "sig1=:AAAA:"),
                ("content-digest", f"sha-256=:{sha(BODY)}:"),
                ("Host", "us.example"),
            ]
        ),
        pytest.param(Unauthenticated, lambda: by_rfc9421(headers={"Host": "evil.example"}), id="SIG-08-other-host"),
        pytest.param(Invalid, lambda: by_rfc9421(target="https://evil.example/"), id="SIG-09-absolute-form"),
        pytest.param(Invalid, lambda: by_rfc9421(inputs=""), id="SIG-02-empty-input"),
        pytest.param(Invalid, lambda: by_rfc9421(inputs="(((("), id="SIG-02-unparsable"),
        pytest.param(Invalid, lambda: by_rfc9421(inputs="x" * 20_000), id="SIG-02-20-kB"),
        pytest.param(Invalid, lambda: by_rfc9421(inputs="sig1=ü"), id="SIG-02-not-ascii"),
        pytest.param(Invalid, lambda: by_rfc9421(inputs="sig1"), id="SIG-02-input-without-a-list"),
        pytest.param(Invalid, lambda: by_rfc9421(signature="sig1={}"), id="SIG-02-signature-not-bytes"),
        pytest.param(Invalid, lambda: by_rfc9421(signature="sig1=::"), id="SIG-02-empty-signature"),
        pytest.param(Invalid, lambda: by_rfc9421(signature='sig1="AAAA"'), id="SIG-02-signature-as-text"),
        pytest.param(Invalid, lambda: by_rfc9421(signature="sig1=(:AAAA:)"), id="SIG-02-signature-as-a-list"),
        pytest.param(Invalid, lambda: by_rfc9421(signature=""), id="SIG-02-no-signature"),
        pytest.param(
            Invalid, lambda: by_rfc9421(signature=f'keyId="{KEY_ID}",signature="AAAA"'), id="SIG-02-the-other-scheme"
        ),
    ],
)
def test_an_rfc9421_signature_with_a_fault_is_refused(error: type[Exception], request_: Any) -> None:
    request = request_()

    with pytest.raises((Invalid, Unauthenticated)) as refusal:
        read(request, now=NOW)

    assert refusal.type is error


BASES = ("B.2.1", "B.2.3", "B.2.5", "B.2.6", "B.3", "B.4.0", "B.4.1", "B.4.2", "B.4.3", "4.3.proxy_sig")
CHANGED = ("B.4.4", "B.4.5")


# The cases of RFC 9421 that cover what our profile knows, whatever their algorithm is.
@pytest.mark.skipif(not VECTORS.exists(), reason=ABSENT)
@pytest.mark.parametrize("id_", BASES)
def test_rfc9421_bases(id_: str) -> None:
    case = rfc9421_case(id_)

    assert rfc9421_vector(case).decode() == case["signature_base"]


@pytest.mark.skipif(not VECTORS.exists(), reason=ABSENT)
@pytest.mark.parametrize("id_", ["B.2.6", "B.4.0", "B.4.1", "B.4.2", "B.4.3"])
def test_rfc9421_ed25519_signatures_fit_our_bases(id_: str) -> None:
    case = rfc9421_case(id_)
    key = load_pem_public_key(vectors("rfc9421-appendix-b.json")["keys"]["test-key-ed25519"]["public_pem"].encode())
    assert isinstance(key, ed25519.Ed25519PublicKey)

    key.verify(rfc9421_signature(case), rfc9421_vector(case))


@pytest.mark.skipif(not VECTORS.exists(), reason=ABSENT)
def test_rfc9421_parameters_of_components_are_outside_our_profile() -> None:
    with pytest.raises((Invalid, Unauthenticated)):
        rfc9421_vector(rfc9421_case("B.2.2"))


@pytest.mark.skipif(not VECTORS.exists(), reason=ABSENT)
def test_every_case_of_rfc9421_is_used() -> None:
    # B.2.4 signs an answer, which nobody does here; 4.3.sig1 has no base of its own, 4.3.proxy_sig covers it.
    used = {*BASES, *CHANGED, "B.2.2", "B.2.4", "4.3.sig1"}

    assert used == {case["id"] for case in vectors("rfc9421-appendix-b.json")["cases"]}


@pytest.mark.skipif(not VECTORS.exists(), reason=ABSENT)
@pytest.mark.parametrize("id_", CHANGED)
def test_rfc9421_changed_messages_give_another_base(id_: str) -> None:
    assert rfc9421_vector(rfc9421_case(id_)) != rfc9421_vector(rfc9421_case("B.4.0"))


@pytest.mark.skipif(not VECTORS.exists(), reason=ABSENT)
def test_rfc9421_section_4_3_verifies_with_the_algorithm_of_the_fediverse() -> None:
    case = rfc9421_case("4.3.proxy_sig")
    key = keys.public_rsa(vectors("rfc9421-appendix-b.json")["keys"]["test-key-rsa"]["public_pem"])

    claim = a_claim(rfc9421_vector(case), rfc9421_signature(case))

    assert verify(claim, key)


def rfc9421_case(id_: str) -> Any:
    return next(case for case in vectors("rfc9421-appendix-b.json")["cases"] if case["id"] == id_)


def rfc9421_vector(case: Any) -> bytes:
    message = case["message"]
    (covered,) = structured.dictionary(case["signature_input"]).values()
    assert isinstance(covered, structured.InnerList)
    fields = messages.gather(map(tuple, message["headers"]))
    return rfc9421_base(
        covered, method=message["method"], target=message["target"], origin=f"https://{fields['host']}", fields=fields
    )


def rfc9421_signature(case: Any) -> bytes:
    (member,) = structured.dictionary(case["signature"]).values()
    assert isinstance(member, structured.Item)
    assert isinstance(member.value, bytes)
    return member.value
