"""What a room that moved away shows to its new home, and to nobody else: what was in it, and what was decided."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple, TypeVar

from aiohttp import web
from sqlalchemy import Connection

from fedishare.ap.actors import path, uri_of
from fedishare.ap.answers import document, machine, nothing, number
from fedishare.as2 import write
from fedishare.as2.write import Document
from fedishare.core import uris
from fedishare.core.json import Json
from fedishare.core.uris import Place
from fedishare.http import readers
from fedishare.http.keys import TOOLS
from fedishare.http.routes import Allow, Routes
from fedishare.queries import pasts
from fedishare.queries.pasts import OLDEST, Decisions, Left, Line

ON_A_PAGE: Final = 200

T = TypeVar("T")
routes: Final = Routes()


class Part(NamedTuple):
    """One page of the list, or without lines how long it is."""

    total: int
    lines: list[Line]


@routes.get(uris.past(path(Place.GROUP)), allow=Allow.ANYONE)
@machine
async def past(request: web.Request) -> web.StreamResponse:
    """The addresses of all posts that were in the room when it moved, by the time at which they came in."""
    after = (number(request, "min_id") or OLDEST) if "page" in request.query else None
    uri, part = await _for_the_new_home(request, lambda tx, room: _part(tx, room, after))
    named = uris.past(uri)
    if after is None:
        return _written({"id": named, "type": "OrderedCollection", "totalItems": part.total, "first": _at(named, 0)})
    shown = part.lines[:ON_A_PAGE]
    items: list[Json] = [line.uri for line in shown]
    shaped: Document = {"id": _at(named, after), "type": "OrderedCollectionPage", "partOf": named}
    shaped["orderedItems"] = items
    return _written(shaped | {"next": _at(named, shown[-1].id)} if len(part.lines) > ON_A_PAGE else shaped)


def _at(named: str, after: int) -> str:
    return f"{named}?page=true&min_id={after}"


def _part(tx: Connection, room: Left, after: int | None) -> Part:
    if after is None:
        return Part(pasts.count(tx, room), [])
    return Part(0, pasts.page(tx, room, after=after, limit=ON_A_PAGE + 1))


@routes.get(uris.decisions(path(Place.GROUP)), allow=Allow.ANYONE)
@machine
async def decisions(request: web.Request) -> web.StreamResponse:
    """What its moderators decided and still counts, in the words in which they would say it."""
    uri, found = await _for_the_new_home(request, pasts.decisions)
    items = _decided(uri, found)
    named = uris.decisions(uri)
    return _written({"id": named, "type": "OrderedCollection", "totalItems": len(items), "orderedItems": items})


def _decided(room: str, found: Decisions) -> list[Json]:
    pinned: list[Json] = [{"type": "Add", "object": post, "target": uris.featured(room)} for post in found.pins]
    settled: list[Json] = [{"type": "Add", "object": post, "target": uris.answers(room)} for post in found.answers]
    closed: list[Json] = [{"type": "Lock", "object": post, "summary": reason} for post, reason in found.locks]
    banned: list[Json] = [_banned(room, who, reason, until) for who, reason, until in found.bans]
    return [*banned, *closed, *settled, *pinned]


def _banned(room: str, who: str, reason: str, until: datetime | None) -> Document:
    said: Document = {"type": "Block", "object": who, "target": room, "summary": reason}
    return said | {"endTime": write.when(until)} if until is not None else said


async def _for_the_new_home(request: web.Request, look: Callable[[Connection, Left], T]) -> tuple[str, T]:
    """What `look` finds in a room that moved, for the room that it moved to: to everybody else there is nothing."""
    uri, reader = uri_of(request, Place.GROUP), await readers.reader(request)

    def ask(tx: Connection) -> T:
        room = pasts.left(tx, old=uri, reader=reader)
        if room is None:
            raise nothing()
        return look(tx, room)

    return uri, await request.app[TOOLS].db.read(ask)


def _written(shaped: Document) -> web.Response:
    return document(write.body(write.with_context(write.RULING, shaped)), public=False)
