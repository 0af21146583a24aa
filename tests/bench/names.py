"""Who lives in the fake fediverse: hosts with a number, actors with a number on each, and twenty keys for all."""

import time
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from fedishare.net import keys

# No name of the internet: it means something on the private network of the load only.
DOMAIN: Final = "bench.fediverse"
NODE: Final = f"node.{DOMAIN}"
HOSTS: Final = 200
ACTORS: Final = 10
KEYS: Final = 20
PUBLIC: Final = "https://www.w3.org/ns/activitystreams#Public"
CONTEXT: Final = "https://www.w3.org/ns/activitystreams"
_numbers = count(int(time.time() * 1000))


class Names:
    """Addresses and keys."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def host(self, h: int) -> str:
        return f"i{h:03d}.{DOMAIN}"

    def actor(self, h: int, u: int) -> str:
        return f"https://{self.host(h)}/users/u{u:03d}"

    def handle(self, h: int, u: int) -> str:
        return f"u{u:03d}@{self.host(h)}"

    def private(self, h: int, u: int) -> RSAPrivateKey:
        return _private(self.folder / "keys" / f"{key_number(h, u)}.pem")

    def public(self, h: int, u: int) -> str:
        return _text(self.folder / "keys" / f"{key_number(h, u)}.pub")


def key_number(h: int, u: int) -> int:
    return (h * ACTORS + u) % KEYS


def number() -> int:
    """One that was not used before, in this run or another."""
    return next(_numbers)


def make_keys(folder: Path) -> None:
    (folder / "keys").mkdir(parents=True, exist_ok=True)
    for one in range(KEYS):
        pair = keys.new_rsa()
        (folder / "keys" / f"{one}.pem").write_bytes(pair.private_pem)
        (folder / "keys" / f"{one}.pub").write_text(pair.public)


@cache
def _private(path: Path) -> RSAPrivateKey:
    return keys.private_rsa(path.read_bytes())


@cache
def _text(path: Path) -> str:
    return path.read_text()


def person(names: Names, h: int, u: int) -> dict[str, Any]:
    """An actor as Mastodon would show one."""
    uri, base = names.actor(h, u), f"https://{names.host(h)}"
    return {
        "@context": [CONTEXT, "https://w3id.org/security/v1"],
        "id": uri,
        "type": "Person",
        "preferredUsername": f"u{u:03d}",
        "name": f"Teacher {u} of school {h}",
        "summary": "<p>Year five, mathematics and music.</p>",
        "url": f"{base}/@u{u:03d}",
        "inbox": f"{uri}/inbox",
        "outbox": f"{uri}/outbox",
        "followers": f"{uri}/followers",
        "following": f"{uri}/following",
        "endpoints": {"sharedInbox": f"{base}/inbox"},
        "manuallyApprovesFollowers": False,
        "publicKey": {"id": f"{uri}#main-key", "owner": uri, "publicKeyPem": names.public(h, u)},
    }
