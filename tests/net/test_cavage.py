"""Cavage signatures: what could be forged or replayed is refused, and the draft's examples fit."""

from base64 import b64decode
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from fedishare.core.errors import Invalid, Unauthenticated
from fedishare.net import messages
from fedishare.net.signatures import cavage_base, read, verify
from tests.net.signed import (
    ABSENT,
    BODY,
    GET_NAMES,
    KEY_ID,
    NOW,
    POST_NAMES,
    SECONDS,
    VECTORS,
    a_claim,
    by_cavage,
    date,
    sha,
    vectors,
)

HS2019: Final = {"algorithm": '"hs2019"'}
WITH_CREATED: Final = "(request-target) (created) host date digest"
WITH_EXPIRES: Final = "(request-target) (created) (expires) host date digest"


def times(*, created: str | None = str(SECONDS), expires: str | None = str(SECONDS + 60)) -> dict[str, str | None]:
    return {**HS2019, "created": created, "expires": expires}


@pytest.mark.parametrize(
    ("error", "request_"),
    [
        pytest.param(Invalid, lambda: by_cavage(signature=""), id="SIG-02-empty"),
        pytest.param(Invalid, lambda: by_cavage(signature="x" * 20_000), id="SIG-02-20-kB"),
        pytest.param(
            Invalid, lambda: by_cavage(parameters={"extension": f'"{"x" * 9_000}"'}), id="SIG-02-9-kB-otherwise-good"
        ),
        pytest.param(Invalid, lambda: by_cavage(signature="gibberish"), id="SIG-02-unparsable"),
        pytest.param(Invalid, lambda: by_cavage(parameters={"extension": '"ü"'}), id="SIG-02-not-ascii"),
        pytest.param(Invalid, lambda: by_cavage(parameters={"keyId": KEY_ID}), id="SIG-02-unquoted-key-id"),
        pytest.param(Invalid, lambda: by_cavage(parameters={"algorithm": "hs2019"}), id="SIG-02-unquoted-algorithm"),
        pytest.param(Invalid, lambda: by_cavage(parameters={"extension": '"\\""'}), id="SIG-02-backslash"),
        pytest.param(Invalid, lambda: by_cavage(parameters={"extension": '"'}), id="SIG-02-never-closed"),
        pytest.param(Invalid, lambda: by_cavage(parameters={"keyId": None}), id="SIG-02-no-key-id"),
        pytest.param(Invalid, lambda: by_cavage(parameters={"keyId": '""'}), id="SIG-02-empty-key-id"),
        pytest.param(Invalid, lambda: by_cavage(parameters={"keyId": '"a b"'}), id="SIG-02-key-id-with-a-space"),
        pytest.param(
            Invalid, lambda: by_cavage(parameters={"keyId": f'"https://{"x" * 3_000}"'}), id="SIG-02-long-key-id"
        ),
        pytest.param(Invalid, lambda: by_cavage(parameters={"signature": None}), id="SIG-02-no-signature"),
        pytest.param(Invalid, lambda: by_cavage(parameters={"signature": '"!"'}), id="SIG-02-signature-not-base64"),
        pytest.param(
            Invalid, lambda: by_cavage(parameters={"signature": f'"{"AAAA" * 342}"'}), id="SIG-02-long-signature"
        ),
        pytest.param(
            Invalid,
            lambda: by_cavage(signature=f'keyId="a",keyId="{KEY_ID}",signature="AAAA"'),
            id="SIG-02-parameter-twice",
        ),
        pytest.param(Unauthenticated, lambda: by_cavage(names="host date digest"), id="SIG-03-no-target"),
        pytest.param(Unauthenticated, lambda: by_cavage(parameters={"headers": None}), id="SIG-03-default-list"),
        pytest.param(Unauthenticated, lambda: by_cavage(names="(request-target) host digest"), id="SIG-04-no-time"),
        pytest.param(
            Unauthenticated,
            lambda: by_cavage(names="(request-target) host digest", parameters=times()),
            id="SIG-04-created-stated-but-not-signed",
        ),
        pytest.param(Unauthenticated, lambda: by_cavage(names=GET_NAMES), id="SIG-05-digest-not-signed"),
        pytest.param(
            Unauthenticated, lambda: by_cavage(names=GET_NAMES, headers={"Digest": None}), id="SIG-05-no-digest"
        ),
        pytest.param(
            Unauthenticated, lambda: by_cavage(names=GET_NAMES, body=b""), id="SIG-05-post-with-an-empty-body"
        ),
        pytest.param(Unauthenticated, lambda: by_cavage(method="GET", names=GET_NAMES), id="SIG-05-get-with-a-body"),
        pytest.param(Unauthenticated, lambda: by_cavage(headers={"Digest": None}), id="SIG-05-signed-but-missing"),
        pytest.param(Unauthenticated, lambda: by_cavage(body=b"{}"), id="SIG-06-body-swapped"),
        pytest.param(Unauthenticated, lambda: by_cavage(body=b""), id="SIG-06-body-taken-away"),
        pytest.param(Unauthenticated, lambda: by_cavage(method="GET", body=b"{}"), id="SIG-06-body-swapped-on-a-get"),
        pytest.param(Unauthenticated, lambda: by_cavage(headers={"Digest": f"SHA-1={sha(BODY)}"}), id="SIG-06-sha-1"),
        pytest.param(Unauthenticated, lambda: by_cavage(headers={"Digest": "SHA-256="}), id="SIG-06-empty-digest"),
        pytest.param(
            Unauthenticated,
            lambda: by_cavage(headers={"Digest": f"SHA-256={sha(b'{}')},SHA-256={sha(BODY)}"}),
            id="SIG-06-two-in-one-header",
        ),
        *(
            pytest.param(Invalid, lambda name=name, value=value: by_cavage(again=((name, value),)), id=f"SIG-07-{name}")
            for name, value in [
                ("digest", f"SHA-256={sha(BODY)}"),
                ("DATE", date()),
                ("host", "us.example"),
                ("Signature", "x"),
            ]
        ),
        pytest.param(
            Invalid, lambda: by_cavage(again=(("Content-Digest", "x"), ("content-digest", "x"))), id="SIG-07-unsigned"
        ),
        pytest.param(Unauthenticated, lambda: by_cavage(headers={"Host": "evil.example"}), id="SIG-08-captured"),
        pytest.param(Unauthenticated, lambda: by_cavage(headers={"Host": "us.example:8443"}), id="SIG-08-other-port"),
        pytest.param(Unauthenticated, lambda: by_cavage(headers={"Host": "us.example."}), id="SIG-08-final-dot"),
        pytest.param(Unauthenticated, lambda: by_cavage(headers={"Host": None}), id="SIG-08-no-host"),
        pytest.param(
            Unauthenticated, lambda: by_cavage(names="(request-target) date digest"), id="SIG-08-host-not-signed"
        ),
        pytest.param(Invalid, lambda: by_cavage(target="https://evil.example/inbox"), id="SIG-09-absolute-form"),
        pytest.param(
            Invalid,
            lambda: by_cavage(target="https://us.example/inbox", headers={"Host": "evil.example"}),
            id="SIG-09-the-reverse",
        ),
        pytest.param(Invalid, lambda: by_cavage(target="*"), id="SIG-09-asterisk-form"),
        pytest.param(Invalid, lambda: by_cavage(target="/a b"), id="SIG-09-space-in-the-target"),
        pytest.param(Unauthenticated, lambda: by_cavage(headers={"Date": date(hours=-2)}), id="SIG-11-two-hours-ago"),
        pytest.param(Unauthenticated, lambda: by_cavage(headers={"Date": date(hours=2)}), id="SIG-11-in-two-hours"),
        pytest.param(
            Unauthenticated, lambda: by_cavage(headers={"Date": date(minutes=-65, seconds=-1)}), id="SIG-11-just-old"
        ),
        pytest.param(
            Unauthenticated, lambda: by_cavage(headers={"Date": date(minutes=60, seconds=1)}), id="SIG-11-just-early"
        ),
        pytest.param(Invalid, lambda: by_cavage(headers={"Date": "yesterday"}), id="SIG-11-no-date"),
        pytest.param(
            Invalid, lambda: by_cavage(headers={"Date": "Sat, 30 Feb 2026 12:00:00 GMT"}), id="SIG-11-no-such-day"
        ),
        pytest.param(
            Unauthenticated,
            lambda: by_cavage(names=WITH_CREATED, parameters=times(created=None)),
            id="SIG-12-created-absent",
        ),
        pytest.param(
            Unauthenticated,
            lambda: by_cavage(names=WITH_EXPIRES, parameters=times(expires=None)),
            id="SIG-12-expires-absent",
        ),
        *(
            pytest.param(
                Unauthenticated,
                lambda created=created, expires=expires: by_cavage(
                    names=WITH_EXPIRES, parameters=times(created=created, expires=expires)
                ),
                id=f"SIG-12-{name}",
            )
            for name, created, expires in [
                ("expired", str(SECONDS - 60), str(SECONDS - 1)),
                ("negative-created", "-1", str(SECONDS + 60)),
                ("negative-expires", str(SECONDS), "-1"),
                ("created-1e20", "1e20", str(SECONDS + 60)),
                ("created-100000000000000000000", "1" + "0" * 20, str(SECONDS + 60)),
                ("expires-1e20", str(SECONDS), "1e20"),
                ("created-no-integer", f"{SECONDS}.5", str(SECONDS + 60)),
                ("created-text", '"now"', str(SECONDS + 60)),
                ("created-after-expires", str(SECONDS + 120), str(SECONDS + 60)),
                ("expires-far-ahead", str(SECONDS), str(SECONDS + 10 * 86_400)),
                ("created-two-hours-ago", str(SECONDS - 7200), str(SECONDS + 60)),
            ]
        ),
        pytest.param(
            Unauthenticated,
            lambda: by_cavage(names=WITH_CREATED, parameters={"created": str(SECONDS)}),
            id="SIG-12-created-with-rsa-sha256",
        ),
        pytest.param(
            Unauthenticated,
            lambda: by_cavage(
                names="(request-target) (expires) host date digest", parameters={"expires": str(SECONDS + 60)}
            ),
            id="SIG-12-expires-with-rsa-sha256",
        ),
        *(
            pytest.param(
                Unauthenticated,
                lambda name=name: by_cavage(parameters={"algorithm": f'"{name}"'}),
                id=f"SIG-13-{name}",
            )
            for name in ["none", "hmac-sha256", "rsa-sha1", "ecdsa-sha256", "ed25519", "unknown"]
        ),
        pytest.param(
            Invalid, lambda: by_cavage(names="(request-target) host date date digest"), id="SIG-21-name-twice"
        ),
        pytest.param(Invalid, lambda: by_cavage(names="(request-target) Host date digest"), id="SIG-21-upper-case"),
        pytest.param(Invalid, lambda: by_cavage(names="(request-target) (x) host date digest"), id="SIG-21-unknown"),
        pytest.param(Invalid, lambda: by_cavage(parameters={"headers": '""'}), id="SIG-21-empty-list"),
        *(
            pytest.param(
                Invalid,
                lambda value=value: by_cavage(names=f"{POST_NAMES} x", headers={"X": value}),
                id=f"SIG-21-{name}",
            )
            for name, value in [("nul", "a\0b"), ("cr", "a\rb"), ("obs-fold", "a\r\n b"), ("lf", "a\nhost: evil")]
        ),
        pytest.param(
            Invalid,
            lambda: by_cavage(
                names=f"{POST_NAMES} {' '.join(f'x-{n}' for n in range(200))}",
                headers={f"X-{n}": "x" for n in range(200)},
            ),
            id="SIG-21-200-names",
        ),
        pytest.param(
            Unauthenticated, lambda: by_cavage(names=f"{POST_NAMES} x-missing"), id="SIG-21-a-header-that-is-missing"
        ),
    ],
)
def test_a_cavage_signature_with_a_fault_is_refused(error: type[Exception], request_: Any) -> None:
    request = request_()

    with pytest.raises((Invalid, Unauthenticated)) as refusal:
        read(request, now=NOW)

    assert refusal.type is error


@pytest.mark.skipif(not VECTORS.exists(), reason=ABSENT)
@pytest.mark.parametrize("id_", ["C.1", "C.2", "C.3", "Ed.1", "Ed.2", "Ed.3"])
def test_cavage_appendix_c(id_: str) -> None:
    document = vectors("cavage-12-appendix-c.json")
    case = next(case for case in document["cases"] if case["id"] == id_)
    message = case["message"]
    names = case["signing_string"].split("\n")

    base = cavage_base(
        tuple(line.partition(": ")[0] for line in names),
        method=message["method"],
        target=message["target"],
        fields=messages.gather(map(tuple, message["headers"])),
    )

    assert base.decode() == case["signing_string"]
    signature = b64decode(case["signature_header"].rpartition('signature="')[2].rstrip('"'))
    key = load_pem_public_key(document["keys"]["rsa" if id_.startswith("C") else "ed25519"]["public_pem"].encode())
    if isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signature, base)
    else:
        assert isinstance(key, rsa.RSAPublicKey)
        assert verify(a_claim(base, signature), key)
        assert not verify(a_claim(base + b" ", signature), key)
