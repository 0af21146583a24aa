"""One number for a set of addresses, so that two servers can see whether theirs are the same (FEP-8fcf, FEP-f228)."""

from collections.abc import Iterable
from hashlib import sha256


def digest(uris: Iterable[str]) -> str:
    """The SHA-256 of each address, all of them combined by exclusive or, in hexadecimal; the order does not matter."""
    combined = 0
    for uri in uris:
        combined ^= int.from_bytes(sha256(uri.encode()).digest())
    return f"{combined:064x}"
