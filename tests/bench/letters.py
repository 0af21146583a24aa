"""Signed requests as Mastodon sends them: draft-cavage over its set of headers, a Note of about two kilobytes."""

import json
from base64 import b64encode
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from tests.bench.names import CONTEXT, NODE, PUBLIC, Names, number

ACTIVITY: Final = "application/activity+json"
TERMS: Final = [
    CONTEXT,
    {
        "ostatus": "http://ostatus.org#",
        "atomUri": "ostatus:atomUri",
        "conversation": "ostatus:conversation",
        "sensitive": "as:sensitive",
        "toot": "http://joinmastodon.org/ns#",
        "Hashtag": "as:Hashtag",
    },
]


def post(
    names: Names, h: int, u: int, document: dict[str, Any], *, path: str, host: str = NODE, forged: bool = False
) -> bytes:
    """A whole HTTP request, signed as the document's actor; `forged` flips one bit of its signature."""
    body = json.dumps(document).encode()
    digest = "SHA-256=" + b64encode(sha256(body).digest()).decode()
    fields = {"host": host, "date": _date(), "digest": digest, "content-type": ACTIVITY}
    covered = {"(request-target)": f"post {path}"} | fields
    signature = _signature(names.private(h, u), document["actor"], covered, forged=forged)
    lines = [f"{name}: {value}" for name, value in (fields | {"signature": signature}).items()]
    head = "\r\n".join([f"POST {path} HTTP/1.1", *lines, f"content-length: {len(body)}"])
    return f"{head}\r\n\r\n".encode() + body


def get(path: str, *, host: str = NODE, **fields: str) -> bytes:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in ({"host": host} | fields).items()]
    return "\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode()


def signed_get(names: Names, h: int, u: int, path: str, *, host: str = NODE) -> bytes:
    fields = {"host": host, "date": _date()}
    covered = {"(request-target)": f"get {path}"} | fields
    signature = _signature(names.private(h, u), names.actor(h, u), covered)
    return get(path, host=host, date=fields["date"], accept=ACTIVITY, signature=signature)


def _signature(key: RSAPrivateKey, actor: str, fields: dict[str, str], *, forged: bool = False) -> str:
    signed = key.sign("\n".join(f"{name}: {value}" for name, value in fields.items()).encode(), PKCS1v15(), SHA256())
    if forged:
        signed = bytes([signed[0] ^ 1]) + signed[1:]
    names, value = " ".join(fields), b64encode(signed).decode()
    return f'keyId="{actor}#main-key",algorithm="rsa-sha256",headers="{names}",signature="{value}"'


def _date() -> str:
    return format_datetime(datetime.now(tz=UTC), usegmt=True)


def create(names: Names, h: int, u: int, *, mark: str) -> dict[str, Any]:
    """A public Note that says `mark`, in its Create."""
    author = names.actor(h, u)
    uri = f"{author}/statuses/{number()}"
    published = datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    filler = "Lesson plans, slides and a short quiz are attached for year five. " * 3
    content = f"<p>Sharing our fractions resource pack with the staffroom. {mark} {filler}</p>"
    audience = {"to": [PUBLIC], "cc": [f"{author}/followers"]}
    page = {"type": "CollectionPage", "next": f"{uri}/replies?page=true", "partOf": f"{uri}/replies", "items": []}
    note = {
        "id": uri,
        "type": "Note",
        "summary": None,
        "inReplyTo": None,
        "published": published,
        "url": f"https://{names.host(h)}/@u{u:03d}/{uri.rpartition('/')[2]}",
        "attributedTo": author,
        **audience,
        "sensitive": False,
        "atomUri": uri,
        "inReplyToAtomUri": None,
        "content": content,
        "contentMap": {"en": content},
        "attachment": [],
        "tag": [],
        "replies": {"id": f"{uri}/replies", "type": "Collection", "first": page},
    }
    head = {"@context": TERMS, "id": f"{uri}/activity", "type": "Create", "actor": author, "published": published}
    return head | audience | {"object": note}


def follow(names: Names, h: int, u: int, *, target: str) -> dict[str, Any]:
    uri = f"https://{names.host(h)}/{number()}"
    return {"@context": CONTEXT, "id": uri, "type": "Follow", "actor": names.actor(h, u), "object": target}


def accept(names: Names, h: int, u: int, *, asked: str, by: str) -> dict[str, Any]:
    """The Accept of a Follow with the id `asked`, made by the actor `by`."""
    author = names.actor(h, u)
    inner = {"id": asked, "type": "Follow", "actor": by, "object": author}
    uri = f"https://{names.host(h)}/accepts/{number()}"
    return {"@context": CONTEXT, "id": uri, "type": "Accept", "actor": author, "object": inner}


def farewell(names: Names, h: int, u: int) -> dict[str, Any]:
    """The Delete of an account nobody has heard of."""
    uri = f"{names.actor(h, u)}-{number()}"
    return {"@context": CONTEXT, "id": f"{uri}#delete", "type": "Delete", "actor": uri, "object": uri, "to": [PUBLIC]}
