"""Outboxes: what people of this node published, and what its rooms passed on."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from aiohttp import web
from sqlalchemy import Connection

from fedishare.ap.actors import NAMED, path, required, uri_of
from fedishare.ap.answers import document, machine, number
from fedishare.as2 import write
from fedishare.as2.write import Document
from fedishare.core import json
from fedishare.core import uris as addresses
from fedishare.core.json import Json
from fedishare.core.uris import Place
from fedishare.http.keys import TOOLS
from fedishare.http.routes import Allow, Handler, Routes
from fedishare.queries import collections
from fedishare.queries.collections import NEWEST, Entry, Passed, Words

ON_A_PAGE: Final = 20
# Lemmy and PieFed read a room's past from what stands in the collection itself, and walk no pages.
INLINE: Final = 50

# One line before it is read: a post in the words it was sent with, a boost, or what a room passed on.
Line: TypeAlias = Words | bytes | Passed

routes: Final = Routes()


class Edge(NamedTuple):
    """Where a page begins: it holds the last lines before an id, or the first ones after one."""

    before: int
    after: int | None
    query: str


class Box(NamedTuple):
    total: int
    lines: list[Line]
    newest: int | None
    oldest: int | None
    has_older: bool


def _outbox(place: Place) -> Handler:
    async def outbox(request: web.Request) -> web.StreamResponse:
        tools, uri, edge = request.app[TOOLS], uri_of(request, place), _edge(request)
        box = await tools.db.read(load, uri=uri, is_room=place is Place.GROUP, edge=edge)
        items = [_said(line) for line in box.lines]
        named = addresses.outbox(uri)
        shaped = (
            _whole(named, box, items if place is Place.GROUP else None)
            if edge is None
            else _page(named, edge, box, items)
        )
        return document(write.body(write.with_context(write.PLAIN, shaped)), public=True)

    return outbox


def _edge(request: web.Request) -> Edge | None:
    if "page" not in request.query:
        return None
    before, after = number(request, "max_id"), number(request, "min_id")
    if after is not None:
        return Edge(NEWEST, after, f"page=true&min_id={after}")
    return Edge(NEWEST, None, "page=true") if before is None else Edge(before, None, f"page=true&max_id={before}")


def load(tx: Connection, *, uri: str, is_room: bool, edge: Edge | None) -> Box:
    owner = required(tx, uri)
    total = collections.count_entries(tx, owner_id=owner.id)
    if edge is None and not is_room:
        return Box(total, [], None, None, has_older=False)
    listed = collections.passed_on if is_room else collections.entries
    limit, before, after = (INLINE, NEWEST, None) if edge is None else (ON_A_PAGE, edge.before, edge.after)
    rows = listed(tx, owner_id=owner.id, limit=limit, before=before, after=after)
    if not rows:
        return Box(total, [], None, None, has_older=False)
    has_older = bool(listed(tx, owner_id=owner.id, limit=1, before=rows[-1].id))
    return Box(total, _lines(tx, rows), rows[0].id, rows[-1].id, has_older)


def _lines(tx: Connection, rows: Sequence[Entry | Passed]) -> list[Line]:
    """What stands behind the rows, whatever their number, in two statements. What is not sent yet comes later."""
    entries = [row for row in rows if isinstance(row, Entry)]
    words = collections.words(tx, posts=[row.post_uri for row in entries if row.boost_uri is None])
    boosts = collections.sent(tx, uris=[row.boost_uri for row in entries if row.boost_uri is not None])
    lines = (row if isinstance(row, Passed) else _found(row, words, boosts) for row in rows)
    return [line for line in lines if line is not None]


def _found(entry: Entry, words: Mapping[str, Words], boosts: Mapping[str, bytes]) -> Words | bytes | None:
    return words.get(entry.post_uri) if entry.boost_uri is None else boosts.get(entry.boost_uri)


def _said(line: Line) -> Json:
    if isinstance(line, bytes):
        return json.loads(line)
    if isinstance(line, Words):
        said = json.loads(line.create)
        return said if line.update is None or not isinstance(said, dict) else _about(said, said_now(line))
    said = json.loads(line.body)
    inner = said.get("object") if isinstance(said, dict) else None
    if not line.is_edited or not isinstance(said, dict) or not isinstance(inner, dict):
        return said
    # What was passed on is older than the edit, so readers are sent to where the post is as it reads now.
    return _about(said, inner.get("id"))


def said_now(words: Words) -> Json:
    """A post as it was last sent out, with the proof it had then."""
    said = json.loads(words.update or words.create)
    return said.get("object") if isinstance(said, dict) else None


def _about(said: Document, inner: Json) -> Document:
    """The same activity with another object; its proof, which covered the first, goes."""
    return {**{name: value for name, value in said.items() if name != "proof"}, "object": inner}


def _whole(named: str, box: Box, items: list[Json] | None) -> Document:
    """A room shows its newest lines at once, even when there are none: Lemmy and PieFed read nothing else."""
    shaped: Document = {
        "id": named,
        "type": "OrderedCollection",
        "totalItems": box.total,
        "first": f"{named}?page=true",
        "last": f"{named}?page=true&min_id=0",
    }
    return shaped if items is None else shaped | {"orderedItems": items}


def _page(named: str, edge: Edge, box: Box, items: list[Json]) -> Document:
    shaped: Document = {
        "id": f"{named}?{edge.query}",
        "type": "OrderedCollectionPage",
        "partOf": named,
        "orderedItems": items,
    }
    if box.newest is not None:
        shaped["prev"] = f"{named}?page=true&min_id={box.newest}"
    if box.has_older:
        shaped["next"] = f"{named}?page=true&max_id={box.oldest}"
    return shaped


for _place in (*NAMED, Place.NODE):
    routes.get(addresses.outbox(path(_place)), allow=Allow.ANYONE)(machine(_outbox(_place)))
