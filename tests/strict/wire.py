"""What leaves a node in any test, held against all strict readers: stored for delivery, delivered, or served.

The tests say where the edge is: `watch` an application, `look_through` a database, tell of a
request that a fake peer got. What was taken amiss is kept, and fails the test at its end.
"""

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web
from sqlalchemy import Connection, select

from fedishare.db.people import Actor
from fedishare.db.work import Activity
from tests.strict import everybody, gotosocial, lemmy, mastodon, piefed
from tests.strict.looking import Document, host

STORED: Final = select(Activity.body, Actor.uri).join(Actor, Actor.id == Activity.actor_id).where(Activity.local)
KEY_ID: Final = re.compile(r'keyid="([^"]*)"', re.IGNORECASE)
ACTIVITY: Final = "application/activity+json"

# Documents that were found good, by their bytes: the same ones come by again and again.
_good: Final[set[bytes]] = set()
_offences: Final[list[str]] = []


def look_through(tx: Connection) -> None:
    """Every activity that a node has written down to send."""
    for row in tx.execute(STORED):
        _judge_own(bytes(row.body), by=row.uri, where="stored")


def delivered(headers: Mapping[str, str], body: bytes) -> None:
    """A request as it came to somebody's inbox; names of headers in lower case."""
    complaints = [*gotosocial.check_content_type(headers.get("content-type", ""))]
    if "signature-input" not in headers:
        complaints += [f"PieFed: {said}" for said in piefed.check_signature(headers.get("signature", ""))]
    _object_to(complaints, where="delivered", what=body)
    signed = KEY_ID.search(headers.get("signature-input", "") or headers.get("signature", ""))
    _judge_own(body, by=signed[1] if signed else "", where="delivered")


def watch(app: web.Application) -> web.Application:
    """Look at every answer of a node before it goes out."""
    app.on_response_prepare.append(_answered)
    return app


async def _answered(request: web.Request, answer: web.StreamResponse) -> None:
    if request.method == "GET" and isinstance(answer, web.Response) and answer.content_type in mastodon.ACTIVITY_TYPES:
        served(str(request.rel_url), status=answer.status, headers=answer.headers, body=_bytes(answer))


def served(target: str, *, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """A document that somebody asked for; `target` is the path and query."""
    content_type = headers.get("Content-Type", "")
    complaints = [f"Lemmy: {said}" for said in lemmy.check_content_type(content_type)]
    complaints += [f"GoToSocial: {said}" for said in gotosocial.check_content_type(content_type)]
    if len(body) > mastodon.MOST_BYTES:
        complaints.append("Mastodon: larger than a megabyte")
    document = _judge(body, where=f"served at {target}")
    if status == HTTPStatus.OK and not _is_at(document, target):
        complaints.append("Mastodon: the id is not the address that was asked")
    _object_to(complaints, where=f"served at {target}", what=body)


def offences() -> list[str]:
    """What was taken amiss since the last time of asking."""
    found = list(dict.fromkeys(_offences))
    _offences.clear()
    return found


def _judge_own(body: bytes, *, by: str, where: str) -> None:
    """What is passed on for others goes on as it came (fediverse.md 6.1, rule 10), however they write."""
    if not by or host(by) == host(json.loads(body).get("actor")):
        _judge(body, where=where)


def _judge(body: bytes, *, where: str) -> Document:
    document: Document = json.loads(body)
    if body not in _good:
        complaints = everybody.check(document)
        _object_to(complaints, where=f"{where}, {everybody.describe(document)}", what=body)
        if not complaints:
            _good.add(body)
    return document


def _object_to(complaints: list[str], *, where: str, what: bytes) -> None:
    _offences.extend(f"{where}: {said}\n    {what[:1500].decode(errors='replace')}" for said in complaints)


OURS: Final = frozenset({"", "max_id", "min_id", "page"})


def _is_at(document: Document, target: str) -> bool:
    identity = str(document.get("id"))
    # Lemmy asks our front page for the actor of the node. A list that is not shown has no pages, whoever asks for one.
    if _path(target) == "/" or identity.endswith(target):
        return True
    # Nobody but an attacker asks for a page with more than we named.
    names = [part.partition("=")[0] for part in target.partition("?")[2].split("&")]
    is_odd = (len(names) != len(set(names)) or not set(names) <= OURS) and identity.partition("?")[0].endswith(
        _path(target)
    )
    return is_odd or ("first" not in document and identity.endswith(_path(target)))


def _path(target: str) -> str:
    return target.partition("?")[0]


def _bytes(answer: web.Response) -> bytes:
    body: Any = answer.body
    return bytes(body) if isinstance(body, bytes | bytearray) else b""
