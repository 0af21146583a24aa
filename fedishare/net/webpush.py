"""Messages to somebody's device by way of a push service, which carries them and cannot read them.

RFC 8291 (`aes128gcm`), its draft that older apps still ask for (`aesgcm`), and RFC 8292, by which the service knows who
sends. Pure functions.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from fedishare.core import hosts, ids
from fedishare.core.errors import Invalid
from fedishare.net.keys import Keypair

CURVE: Final = ec.SECP256R1()
POINT: Final = 65
AUTH: Final = 16
SALT: Final = 16
RECORD: Final = 4096
# What push services take is 4096 bytes in all, with the salt, the key and the seal.
LARGEST: Final = 3_800
# Push services refuse what is good for more than a day.
GOOD_FOR: Final = timedelta(hours=12)


class Device(NamedTuple):
    """Where a device is reached, and what only it can open. `standard` is RFC 8291; else its draft."""

    endpoint: str
    p256dh: bytes
    auth: bytes
    standard: bool


class Sealed(NamedTuple):
    body: bytes
    headers: Mapping[str, str]


class Own(NamedTuple):
    """What is made anew for each message."""

    private: EllipticCurvePrivateKey
    salt: bytes


def new_key() -> Keypair:
    """The pair by which push services know a node; the public half as apps are told it."""
    private = ec.generate_private_key(CURVE)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Keypair(pem, to_text(_point(private.public_key())))


def seal(payload: bytes, device: Device, *, vapid: Keypair, contact: str, now: datetime) -> Sealed:
    """The message as the push service takes it. Raises Invalid for one that is too long, and for keys that are none."""
    if len(payload) > LARGEST:
        raise Invalid("This message is longer than push services take.")
    own = Own(ec.generate_private_key(CURVE), ids.some_bytes(SALT))
    token = sign(device.endpoint, vapid=vapid, contact=contact, now=now)
    if device.standard:
        headers = {"Content-Encoding": "aes128gcm", "Authorization": f"vapid t={token}, k={vapid.public}"}
        return Sealed(encrypt(payload, device, own), headers)
    named = f"dh={to_text(_point(own.private.public_key()))};p256ecdsa={vapid.public}"
    headers = {"Content-Encoding": "aesgcm", "Authorization": f"WebPush {token}", "Crypto-Key": named}
    return Sealed(encrypt_as_drafted(payload, device, own), headers | {"Encryption": f"salt={to_text(own.salt)}"})


def encrypt(payload: bytes, device: Device, own: Own) -> bytes:
    """RFC 8291 3: one record of RFC 8188 that carries its salt and its key."""
    theirs, ours = device.p256dh, _point(own.private.public_key())
    shared = own.private.exchange(ec.ECDH(), point(theirs))
    secret = _derive(device.auth, shared, b"WebPush: info\0" + theirs + ours, 32)
    key = _derive(own.salt, secret, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(own.salt, secret, b"Content-Encoding: nonce\0", 12)
    header = own.salt + RECORD.to_bytes(4, "big") + bytes([len(ours)]) + ours
    return header + AESGCM(key).encrypt(nonce, payload + b"\x02", None)


def encrypt_as_drafted(payload: bytes, device: Device, own: Own) -> bytes:
    """draft-ietf-webpush-encryption-04: the salt and the key go into headers."""
    theirs, ours = device.p256dh, _point(own.private.public_key())
    shared = own.private.exchange(ec.ECDH(), point(theirs))
    secret = _derive(device.auth, shared, b"Content-Encoding: auth\0", 32)
    context = b"P-256\0" + b"".join(len(each).to_bytes(2, "big") + each for each in (theirs, ours))
    key = _derive(own.salt, secret, b"Content-Encoding: aesgcm\0" + context, 16)
    nonce = _derive(own.salt, secret, b"Content-Encoding: nonce\0" + context, 12)
    return AESGCM(key).encrypt(nonce, b"\0\0" + payload, None)


def sign(endpoint: str, *, vapid: Keypair, contact: str, now: datetime) -> str:
    """A token for one push service that says who sends, and how they are reached (RFC 8292 2)."""
    claims = {"aud": str(hosts.origin_of(endpoint)), "exp": int((now + GOOD_FOR).timestamp()), "sub": contact}
    said = ".".join(to_text(msgspec.json.encode(part)) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
    signature = _own_key(vapid.private_pem).sign(said.encode(), ec.ECDSA(hashes.SHA256()))
    both = utils.decode_dss_signature(signature)
    return f"{said}.{to_text(b''.join(half.to_bytes(32, 'big') for half in both))}"


def point(key: bytes) -> EllipticCurvePublicKey:
    """Raises Invalid for what is no point of the curve."""
    if len(key) != POINT:
        raise Invalid("p256dh is not a public key.")
    try:
        return EllipticCurvePublicKey.from_encoded_point(CURVE, key)
    except ValueError as error:
        raise Invalid("p256dh is not a public key.") from error


def to_text(value: bytes) -> str:
    return urlsafe_b64encode(value).decode().rstrip("=")


def from_text(text: str) -> bytes:
    """Either alphabet, padded or not, as apps write it. Raises Invalid."""
    plain = text.strip().rstrip("=").replace("+", "-").replace("/", "_")
    try:
        return urlsafe_b64decode(plain + "=" * (-len(plain) % 4))
    except ValueError as error:
        raise Invalid("This is not base64.") from error


def _point(key: EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derive(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


@lru_cache(maxsize=4)
def _own_key(pem: bytes) -> EllipticCurvePrivateKey:
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise Invalid("The key for push services is of another kind.")
    return key
