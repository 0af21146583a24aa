"""A key on the disk beside the database: who has a copy of the database alone cannot read what it locks."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fedishare.core import ids

KEY: Final = 32
NONCE: Final = 12


class Lockbox:
    """`path` is made with a new key where there is none. What was locked with a key that is lost stays locked."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def lock(self, text: str) -> bytes:
        nonce = ids.some_bytes(NONCE)
        return nonce + AESGCM(self._key()).encrypt(nonce, text.encode(), None)

    def unlock(self, locked: bytes) -> str | None:
        try:
            return AESGCM(self._key()).decrypt(locked[:NONCE], locked[NONCE:], None).decode()
        except (InvalidTag, ValueError):
            return None

    def _key(self) -> bytes:
        """Whoever comes first makes it; it appears whole or not at all."""
        if not self._path.exists():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            mine = self._path.with_name(f"{self._path.name}.{ids.secret(length=8)}")
            descriptor = os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(ids.some_bytes(KEY))
                file.flush()
                os.fsync(descriptor)
            with suppress(FileExistsError):
                os.link(mine, self._path)
            mine.unlink()
        return self._path.read_bytes()
