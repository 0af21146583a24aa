"""Keys: ours come out as others can read them, and other people's are judged before use."""

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from time import process_time
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from fedishare.core.errors import Invalid
from fedishare.core.json import dumps, loads
from fedishare.net import keys

VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors"
ABSENT = "the key examples are not beside this checkout (../shared/vectors)"

SPKI_OF_RSA: Final = bytes.fromhex("300d06092a864886f70d0101010500")


@cache
def pair() -> keys.Keypair:
    return keys.new_rsa()


def der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x82, *size.to_bytes(2)])
    return bytes([tag]) + length + content


def integer(number: int) -> bytes:
    return der(0x02, number.to_bytes(number.bit_length() // 8 + 1))


def pem(content: bytes, *, label: str = "PUBLIC KEY") -> str:
    return f"-----BEGIN {label}-----\n{b64encode(content).decode()}\n-----END {label}-----\n"


def rsa_pem(*, bits: int = 2048, e: int = 65537, odd: bool = True) -> str:
    """A key of that size that nobody holds: for its size and exponent the factors do not matter."""
    modulus = (1 << (bits - 1)) + (1 << 99) + (1 if odd else 0)
    key = der(0x30, integer(modulus) + integer(e))
    return pem(der(0x30, SPKI_OF_RSA + der(0x03, b"\0" + key)))


def dsa_pem() -> str:
    parameters = dsa.DSAParameterNumbers(p=(1 << 2047) + 1, q=(1 << 255) + 1, g=2)
    return _public_pem(dsa.DSAPublicNumbers(y=4, parameter_numbers=parameters).public_key())


def ec_pem() -> str:
    return _public_pem(ec.generate_private_key(ec.SECP256R1()).public_key())


def ed25519_pem() -> str:
    return _public_pem(ed25519.Ed25519PrivateKey.generate().public_key())


def _public_pem(key: dsa.DSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def certificate() -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a.example")])
    private = keys.private_rsa(pair().private_pem)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder(name, name, private.public_key(), 1, start, start + timedelta(days=1))
    return made.sign(private, SHA256()).public_bytes(Encoding.PEM).decode()


def test_a_fresh_rsa_pair_signs_and_verifies() -> None:
    signature = keys.private_rsa(pair().private_pem).sign(b"text", PKCS1v15(), SHA256())

    public = keys.public_rsa(pair().public)
    public.verify(signature, b"text", PKCS1v15(), SHA256())
    assert public.key_size == 2048
    assert pair().public.startswith("-----BEGIN PUBLIC KEY-----\n")


def test_a_fresh_ed25519_pair_signs_and_verifies() -> None:
    fresh = keys.new_ed25519()

    signature = keys.private_ed25519(fresh.private_pem).sign(b"text")

    keys.public_ed25519(fresh.public).verify(signature, b"text")
    assert fresh.public.startswith("z6Mk")


def test_no_two_pairs_are_alike() -> None:
    assert keys.new_ed25519() != keys.new_ed25519()


def test_our_keys_are_parsed_once() -> None:
    assert keys.private_rsa(pair().private_pem) is keys.private_rsa(pair().private_pem)


def test_a_private_key_of_the_other_kind_is_refused() -> None:
    with pytest.raises(Invalid):
        keys.private_rsa(keys.new_ed25519().private_pem)
    with pytest.raises(Invalid):
        keys.private_ed25519(pair().private_pem)


@pytest.mark.parametrize(
    "spell",
    [
        pytest.param(lambda text: text, id="as-published"),
        pytest.param(lambda text: text.strip(), id="no-final-line-end"),
        pytest.param(lambda text: text.replace("\n", "\r\n"), id="windows-line-ends"),
        pytest.param(lambda text: f"\n  {text}\n", id="white-space-around"),
    ],
)
def test_the_spellings_of_one_key_are_one_key(spell: Callable[[str], str]) -> None:
    assert keys.public_rsa(spell(pair().public)) is keys.public_rsa(pair().public)


def test_a_pkcs1_key_is_read() -> None:
    public = keys.private_rsa(pair().private_pem).public_key()
    text = public.public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()

    assert keys.public_rsa(text).public_numbers() == public.public_numbers()


@pytest.mark.parametrize("bits", [2048, 3072, 4096, 8192])
def test_rsa_keys_of_usual_sizes_are_accepted(bits: int) -> None:
    assert keys.public_rsa(rsa_pem(bits=bits)).key_size == bits


@pytest.mark.parametrize("e", [5, 17, 65537, 2**32 - 1])
def test_odd_exponents_above_three_are_accepted(e: int) -> None:
    assert keys.public_rsa(rsa_pem(e=e)).public_numbers().e == e


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(lambda: rsa_pem(bits=512), id="SIG-20-rsa-512"),
        pytest.param(lambda: rsa_pem(bits=1024), id="SIG-20-rsa-1024"),
        pytest.param(lambda: rsa_pem(bits=2047), id="SIG-20-rsa-2047"),
        pytest.param(lambda: rsa_pem(bits=8193), id="SIG-20-rsa-8193"),
        pytest.param(lambda: rsa_pem(bits=16384), id="SIG-20-rsa-16384"),
        pytest.param(lambda: rsa_pem(e=1), id="SIG-20-e-1"),
        pytest.param(lambda: rsa_pem(e=3), id="SIG-20-e-3"),
        pytest.param(lambda: rsa_pem(e=65538), id="SIG-20-e-even"),
        pytest.param(lambda: rsa_pem(e=2**32 + 1), id="SIG-20-e-33-bits"),
        pytest.param(lambda: rsa_pem(e=2**2000 + 1), id="SIG-20-e-huge"),
        pytest.param(lambda: rsa_pem(odd=False), id="SIG-20-even-modulus"),
        pytest.param(dsa_pem, id="SIG-20-dsa"),
        pytest.param(ec_pem, id="SIG-20-elliptic-curve"),
        pytest.param(ed25519_pem, id="SIG-20-ed25519-as-pem"),
        pytest.param(lambda: str(pair().private_pem, "ascii"), id="SIG-20-private-key"),
        pytest.param(certificate, id="SIG-20-certificate"),
        pytest.param(lambda: pair().public + " " * 1_000_000, id="SIG-20-a-megabyte"),
        pytest.param(lambda: pair().public * 50, id="SIG-20-50-keys"),
        pytest.param(lambda: pair().public * 2, id="SIG-20-two-keys"),
        pytest.param(lambda: f"{pair().private_pem.decode()}{pair().public}", id="SIG-20-private-and-public"),
        pytest.param(lambda: pem(b"\x30\x82\xff\xff" + b"\0" * 9_000), id="SIG-20-length-that-lies"),
        pytest.param(lambda: pem(b"\x30\x80" * 5_000), id="SIG-20-nested"),
        pytest.param(lambda: "-----BEGIN PUBLIC KEY-----" * 600, id="SIG-20-only-beginnings"),
        pytest.param(lambda: pair().public.replace("M", "=", 1), id="SIG-20-not-base64"),
        pytest.param(lambda: pair().public.replace("PUBLIC", "RSA PUBLIC", 1), id="SIG-20-labels-differ"),
        pytest.param(lambda: pair().public.replace("\n", "\n\N{NO-BREAK SPACE}", 1), id="SIG-20-not-ascii"),
        pytest.param(lambda: "", id="SIG-20-nothing"),
    ],
)
def test_a_key_that_is_weak_or_not_a_public_rsa_key_is_refused_at_once(text: Callable[[], str]) -> None:
    hostile = text()
    began = process_time()

    with pytest.raises(Invalid):
        keys.public_rsa(hostile)

    assert process_time() - began < 0.05


@pytest.mark.parametrize(
    "multibase",
    [
        pytest.param("", id="nothing"),
        pytest.param("z", id="no-bytes"),
        pytest.param(keys.to_multibase(b"\xed\x01" + bytes(31)), id="a-byte-short"),
        pytest.param(keys.to_multibase(b"\xed\x01" + bytes(33)), id="a-byte-long"),
        pytest.param(keys.to_multibase(b"\xec\x01" + bytes(32)), id="x25519"),
        pytest.param(keys.to_multibase(b"\x80\x26" + bytes(32)), id="ed25519-secret"),
        pytest.param("f" + (b"\xed\x01" + bytes(32)).hex(), id="base16"),
        pytest.param("z6Mk0OIl", id="letters-that-base58-lacks"),
        pytest.param("z" + "2" * 1_000_000, id="a-megabyte"),
        pytest.param("z\N{FULLWIDTH DIGIT TWO}", id="not-ascii"),
    ],
)
def test_what_is_not_an_ed25519_multikey_is_refused_at_once(multibase: str) -> None:
    began = process_time()

    with pytest.raises(Invalid):
        keys.public_ed25519(multibase)

    assert process_time() - began < 0.05


@given(st.binary(max_size=80))
def test_multibase_reads_as_it_was_written(data: bytes) -> None:
    assert keys.from_multibase(keys.to_multibase(data)) == data


@pytest.mark.skipif(not VECTORS.exists(), reason=ABSENT)
@pytest.mark.parametrize("file", ["basic", "leading_zero", "two_leading_zeros"])
def test_published_multibase_examples_come_out(file: str) -> None:
    lines = (VECTORS / "multibase" / f"{file}.csv").read_text().splitlines()
    rows = dict(line.split(", ", 1) for line in lines)
    data = rows["encoding"].strip('"').encode().replace(rb"\x00", b"\0")

    assert keys.to_multibase(data) == rows["base58btc"].strip('"')
    assert keys.from_multibase(rows["base58btc"].strip('"')) == data


@pytest.mark.skipif(not VECTORS.exists(), reason=ABSENT)
def test_the_ed25519_key_of_fep_521a_is_read_from_its_multikey() -> None:
    features = loads((VECTORS / "fep-features.json").read_bytes())
    text = dumps(features).decode()

    public = keys.public_ed25519("z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK")

    assert '"publicKeyMultibase":"z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"' in text
    assert f'hex string \\"{public.public_bytes_raw().hex()}\\"' in text


@pytest.mark.skipif(not VECTORS.exists(), reason=ABSENT)
def test_published_did_keys_are_the_multikeys_of_their_seeds() -> None:
    documents = loads((VECTORS / "did-key" / "ed25519-x25519.json").read_bytes())
    assert isinstance(documents, dict)
    for did, document in documents.items():
        assert isinstance(document, dict)
        private = ed25519.Ed25519PrivateKey.from_private_bytes(bytes.fromhex(str(document["seed"])))

        public = keys.public_ed25519(did.removeprefix("did:key:"))

        assert public.public_bytes_raw() == private.public_key().public_bytes_raw()
