"""Keys that sign and verify: making them, reading our own, and judging other people's."""

import re
from base64 import b64decode
from functools import lru_cache
from typing import Final, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)

from fedishare.core.errors import Invalid

RSA_BITS: Final = 2048
MIN_RSA_BITS: Final = 2048
MAX_RSA_BITS: Final = 8192
MAX_PEM_LENGTH: Final = 16 * 1024
# An exponent of three has a history of forgeries, a huge one makes each check slow.
_EXPONENTS: Final = range(5, 2**32, 2)

# One block and nothing else; PKCS#1 ("RSA PUBLIC KEY") is what some older servers publish.
_PUBLIC_PEM: Final = re.compile(r"-----BEGIN ((?:RSA )?PUBLIC KEY)-----([A-Za-z0-9+/=\s]+)-----END \1-----", re.ASCII)

_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58_VALUES: Final = {letter: value for value, letter in enumerate(_BASE58)}
# Signatures need 88 letters and keys 48. Reading takes quadratic time, so the length is capped.
MAX_MULTIBASE_LENGTH: Final = 128
# The multicodec of an Ed25519 public key, as a varint.
_ED25519: Final = b"\xed\x01"
_ED25519_LENGTH: Final = 32


class Keypair(NamedTuple):
    private_pem: bytes
    public: str


def new_rsa() -> Keypair:
    """A fresh RSA-2048 pair; the public half as a PEM of SubjectPublicKeyInfo. Takes about 50 ms."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return Keypair(_private_pem(private), public.decode("ascii"))


def new_ed25519() -> Keypair:
    """A fresh Ed25519 pair; the public half as the `publicKeyMultibase` of a Multikey (FEP-521a)."""
    private = ed25519.Ed25519PrivateKey.generate()
    return Keypair(_private_pem(private), to_multibase(_ED25519 + private.public_key().public_bytes_raw()))


def _private_pem(private: RSAPrivateKey | Ed25519PrivateKey) -> bytes:
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@lru_cache(maxsize=2048)
def private_rsa(pem: bytes) -> RSAPrivateKey:
    """One of our own RSA keys. It is not validated again: that was done when it was made."""
    key = load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, RSAPrivateKey):
        raise Invalid("This private key is not an RSA key.")
    return key


@lru_cache(maxsize=2048)
def private_ed25519(pem: bytes) -> Ed25519PrivateKey:
    """One of our own Ed25519 keys."""
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise Invalid("This private key is not an Ed25519 key.")
    return key


@lru_cache(maxsize=256)
def public_rsa(pem: str) -> RSAPublicKey:
    """The RSA key that somebody else publishes as `publicKeyPem`.

    Takes one PEM block, SubjectPublicKeyInfo or PKCS#1. Raises Invalid for everything else,
    and for keys that are weak, or so large that checking a signature would be slow.
    """
    if len(pem) > MAX_PEM_LENGTH:
        raise Invalid("The public key is too long.")
    block = _PUBLIC_PEM.fullmatch(pem.strip())
    if block is None:
        raise Invalid("The public key is not one PEM block of a public key.")
    try:
        return _public_rsa(b64decode("".join(block[2].split()), validate=True))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Invalid("The public key cannot be read.") from error


# Cached by its bytes once more, so that white space in the PEM cannot fill this one.
@lru_cache(maxsize=4096)
def _public_rsa(der: bytes) -> RSAPublicKey:
    key = load_der_public_key(der)
    if not isinstance(key, RSAPublicKey):
        raise Invalid("The public key is not an RSA key.")
    if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        raise Invalid("The RSA key must have 2048 to 8192 bits.")
    numbers = key.public_numbers()
    if numbers.e not in _EXPONENTS or numbers.n % 2 == 0:
        raise Invalid("The RSA key has an exponent or a modulus that is not safe.")
    return key


@lru_cache(maxsize=4096)
def public_ed25519(multibase: str) -> Ed25519PublicKey:
    """The Ed25519 key that somebody publishes as `publicKeyMultibase`; raises Invalid for others."""
    data = from_multibase(multibase)
    if not data.startswith(_ED25519) or len(data) != len(_ED25519) + _ED25519_LENGTH:
        raise Invalid("The key is not an Ed25519 Multikey.")
    return Ed25519PublicKey.from_public_bytes(data.removeprefix(_ED25519))


def to_multibase(data: bytes) -> str:
    """`data` in base58btc with its multibase prefix, `z`."""
    number = int.from_bytes(data)
    letters: list[str] = []
    while number:
        number, value = divmod(number, 58)
        letters.append(_BASE58[value])
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "z" + _BASE58[0] * zeros + "".join(reversed(letters))


def from_multibase(text: str) -> bytes:
    """The bytes of a base58btc multibase; raises Invalid for other bases and above 128 letters."""
    if not text.startswith("z") or len(text) > MAX_MULTIBASE_LENGTH:
        raise Invalid("This is not a short base58btc multibase.")
    letters = text.removeprefix("z")
    number = 0
    for letter in letters:
        value = _BASE58_VALUES.get(letter)
        if value is None:
            raise Invalid("This is not a base58btc multibase.")
        number = number * 58 + value
    zeros = len(letters) - len(letters.lstrip(_BASE58[0]))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8)
