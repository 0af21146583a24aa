"""Messages to devices: the vectors of RFC 8291, and what the other side makes of ours."""

from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from typing import Final

import msgspec
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from hypothesis import given
from hypothesis import strategies as st

from fedishare.core.errors import Invalid
from fedishare.net import webpush
from fedishare.net.webpush import Device, Own, from_text, to_text
from tests.net import devices

# RFC 8291 5 and appendix A.
PLAINTEXT: Final = b"When I grow up, I want to be a watermelon"
AS_PRIVATE: Final = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
UA_PRIVATE: Final = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
UA_PUBLIC: Final = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH: Final = "BTBZMqHH6r4Tts7J_aSIgg"
SALT: Final = "DGv6ra1nlYgDCS1FRnbzlw"
MESSAGE: Final = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8w"
    "EqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)
DRAFTED: Final = "4qwOLFm_mNy0vf1A8f3Bm6B5UD15y3aV_xZy14pixUhcPTIoZKHzq5i3dZ6PzqSMxBI_-VDUZ4jW04M"
NOW: Final = datetime(2026, 9, 7, 8, 30, tzinfo=UTC)
PAIR: Final = webpush.new_key()


def private(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(from_text(text), "big"), ec.SECP256R1())


def device(*, standard: bool, endpoint: str = "https://push.example/abc") -> Device:
    return Device(endpoint, from_text(UA_PUBLIC), from_text(AUTH), standard)


def test_a_message_is_sealed_as_in_rfc_8291() -> None:
    own = Own(private(AS_PRIVATE), from_text(SALT))

    assert to_text(webpush.encrypt(PLAINTEXT, device(standard=True), own)) == MESSAGE


@given(payload=st.binary(max_size=webpush.LARGEST), standard=st.booleans())
def test_whatever_is_sealed_is_opened_by_the_device_alone(payload: bytes, standard: bool) -> None:
    sealed = webpush.seal(payload, device(standard=standard), vapid=PAIR, contact="https://alder.test", now=NOW)

    assert devices.Device(private(UA_PRIVATE), from_text(AUTH)).open(sealed.headers, sealed.body) == payload
    with pytest.raises(InvalidTag):
        devices.Device(private(UA_PRIVATE), bytes(16)).open(sealed.headers, sealed.body)


def test_a_message_for_an_older_app_is_sealed_as_its_library_seals_it() -> None:
    """The same text and keys as in RFC 8291, sealed by http_ece 1.2.1, with which Mastodon.py opens what it gets."""
    own = Own(private(AS_PRIVATE), from_text(SALT))

    assert to_text(webpush.encrypt_as_drafted(PLAINTEXT, device(standard=False), own)) == DRAFTED


@pytest.mark.parametrize("standard", [True, False])
def test_the_push_service_is_told_who_sends(standard: bool) -> None:
    there = device(standard=standard, endpoint="https://push.example:8443/abc?d=e")

    headers = webpush.seal(b"x", there, vapid=PAIR, contact="https://alder.test", now=NOW).headers

    if standard:
        token, key = headers["Authorization"].removeprefix("vapid t=").split(", k=")
    else:
        token, key = headers["Authorization"].removeprefix("WebPush "), headers["Crypto-Key"].partition("p256ecdsa=")[2]
    said, _, signature = token.rpartition(".")
    header, claims = (msgspec.json.decode(urlsafe_b64decode(part + "==")) for part in said.split("."))
    halves = from_text(signature)
    der = utils.encode_dss_signature(*(int.from_bytes(half, "big") for half in (halves[:32], halves[32:])))
    webpush.point(from_text(key)).verify(der, said.encode(), ec.ECDSA(hashes.SHA256()))
    assert header == {"typ": "JWT", "alg": "ES256"}
    assert claims == {
        "aud": "https://push.example:8443",
        "exp": int(NOW.timestamp()) + 12 * 3600,
        "sub": "https://alder.test",
    }


@pytest.mark.parametrize("key", ["", "AAAA", to_text(b"\x04" + bytes(64)), to_text(b"\x02" + bytes(64)), "!" * 87])
def test_keys_that_are_none_are_refused(key: str) -> None:
    with pytest.raises(Invalid):
        webpush.point(from_text(key))


def test_a_message_that_is_too_long_is_refused() -> None:
    with pytest.raises(Invalid):
        webpush.seal(b"x" * (webpush.LARGEST + 1), device(standard=True), vapid=PAIR, contact="x", now=NOW)
