"""A device that opens what a push service brings, written from the other end of RFC 8291 and of its draft."""

from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fedishare.net.webpush import from_text, to_text

SALT: Final = 16
POINT: Final = 65


class Device:
    def __init__(self, private: ec.EllipticCurvePrivateKey, auth: bytes) -> None:
        self._private = private
        self._auth = auth
        self._public = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def keys(self) -> dict[str, str]:
        """What the device tells whoever may send to it."""
        return {"p256dh": to_text(self._public), "auth": to_text(self._auth)}

    def open(self, headers: Mapping[str, str], body: bytes) -> bytes:
        if headers["Content-Encoding"] == "aes128gcm":
            return self._open_standard(body)
        assert headers["Content-Encoding"] == "aesgcm"
        named = dict(part.split("=", 1) for part in headers["Crypto-Key"].split(";"))
        return self._open_drafted(body, from_text(headers["Encryption"].removeprefix("salt=")), from_text(named["dh"]))

    def _open_standard(self, body: bytes) -> bytes:
        salt, size, length = body[:SALT], int.from_bytes(body[SALT : SALT + 4], "big"), body[SALT + 4]
        sender, record = body[SALT + 5 : SALT + 5 + length], body[SALT + 5 + length :]
        assert len(record) <= size
        secret = _hkdf(self._auth, self._shared(sender), b"WebPush: info\0" + self._public + sender, 32)
        key = _hkdf(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
        padded = AESGCM(key).decrypt(_hkdf(salt, secret, b"Content-Encoding: nonce\0", 12), record, None)
        text, delimiter, padding = padded.rpartition(b"\x02")
        assert (delimiter, padding.strip(b"\0")) == (b"\x02", b"")
        return text

    def _open_drafted(self, body: bytes, salt: bytes, sender: bytes) -> bytes:
        secret = _hkdf(self._auth, self._shared(sender), b"Content-Encoding: auth\0", 32)
        context = b"P-256\0\0A" + self._public + b"\0A" + sender
        key = _hkdf(salt, secret, b"Content-Encoding: aesgcm\0" + context, 16)
        padded = AESGCM(key).decrypt(_hkdf(salt, secret, b"Content-Encoding: nonce\0" + context, 12), body, None)
        length = int.from_bytes(padded[:2], "big")
        return padded[2 + length :]

    def _shared(self, sender: bytes) -> bytes:
        assert len(sender) == POINT
        return self._private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))


def _hkdf(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)
