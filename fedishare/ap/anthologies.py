"""What is in collections of resources, for other servers: by address, in their curators' order, a page at a time."""

from typing import Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.ap.actors import path, required, uri_of
from fedishare.ap.answers import document, machine, nothing, number
from fedishare.as2 import write
from fedishare.as2.write import Document
from fedishare.core import uris as addresses
from fedishare.core.uris import Place
from fedishare.http.keys import TOOLS
from fedishare.http.routes import Allow, Routes
from fedishare.outbox import anthologies as words
from fedishare.queries import anthologies
from fedishare.queries.anthologies import Entry

ON_A_PAGE: Final = 40

routes: Final = Routes()


class Part(NamedTuple):
    total: int
    entries: list[Entry]


@routes.get(addresses.items(path(Place.COLLECTION)), allow=Allow.ANYONE)
@machine
async def items(request: web.Request) -> web.StreamResponse:
    uri = uri_of(request, Place.COLLECTION)
    after = number(request, "min_id") if "page" in request.query else None
    found = await request.app[TOOLS].db.read(_load, uri=uri, after=anthologies.FIRST if after is None else after)
    named = addresses.items(uri)
    shaped = _page(named, after, found.entries) if "page" in request.query else _whole(named, uri, found.total)
    return document(write.body(write.with_context(write.PLAIN, shaped)), public=True)


def _load(tx: Connection, *, uri: str, after: int) -> Part:
    owner = required(tx, uri)
    if anthologies.items_uri(tx, actor_id=owner.id) is None:
        raise nothing()
    total = anthologies.count(tx, anthology_id=owner.id)
    return Part(total, anthologies.entries(tx, anthology_id=owner.id, after=after, limit=ON_A_PAGE + 1))


def _whole(named: str, uri: str, total: int) -> Document:
    shaped: Document = {"id": named, "type": "OrderedCollection", "attributedTo": uri, "totalItems": total}
    return shaped | {"first": f"{named}?page=true"}


def _page(named: str, after: int | None, entries: list[Entry]) -> Document:
    edge = "" if after is None else f"&min_id={after}"
    shown = entries[:ON_A_PAGE]
    shaped: Document = {
        "id": f"{named}?page=true{edge}",
        "type": "OrderedCollectionPage",
        "partOf": named,
        "orderedItems": words.listed(shown),
    }
    if len(entries) > ON_A_PAGE:
        shaped["next"] = f"{named}?page=true&min_id={shown[-1].position}"
    return shaped
