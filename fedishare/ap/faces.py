"""What else a resource can be had as: for catalogues, and for lists of references (resources.md 3.7)."""

from collections.abc import Callable
from typing import Final, NamedTuple

from aiohttp import web

from fedishare.ap import finding
from fedishare.ap.answers import kept, key, machine, nothing
from fedishare.core import json, xml
from fedishare.core.errors import Gone
from fedishare.core.uris import Uris
from fedishare.http.keys import TOOLS
from fedishare.http.routes import Allow, Routes
from fedishare.outbox import amb, citations, dublin, lom, resources
from fedishare.queries.outgoing import PostFacts
from fedishare.queries.resources import ResourceRow

routes: Final = Routes()


class Face(NamedTuple):
    type: str
    write: Callable[[PostFacts, ResourceRow, Uris], bytes]


def _amb(facts: PostFacts, row: ResourceRow, at: Uris) -> bytes:
    return json.dumps(amb.amb(resources.entity(facts, row, at=at), language=facts.post.language))


def _lom(facts: PostFacts, row: ResourceRow, at: Uris) -> bytes:
    return xml.document(lom.lom(facts, row, at=at))


def _dublin(facts: PostFacts, row: ResourceRow, at: Uris) -> bytes:
    return xml.document(dublin.record(facts, row, at=at))


def _bibtex(facts: PostFacts, row: ResourceRow, _at: Uris) -> bytes:
    return citations.bibtex(facts, row).encode()


AMB: Final = Face("application/ld+json", _amb)
LOM: Final = Face("application/xml; charset=utf-8", _lom)
DUBLIN: Final = Face("application/xml; charset=utf-8", _dublin)
BIBTEX: Final = Face("application/x-bibtex; charset=utf-8", _bibtex)


@routes.get("/resources/{id}.amb.json", allow=Allow.ANYONE)
@machine
async def as_amb(request: web.Request) -> web.StreamResponse:
    return await answer(request, AMB)


@routes.get("/resources/{id}.lom.xml", allow=Allow.ANYONE)
@machine
async def as_lom(request: web.Request) -> web.StreamResponse:
    return await answer(request, LOM)


@routes.get("/resources/{id}.dc.xml", allow=Allow.ANYONE)
@machine
async def as_dublin_core(request: web.Request) -> web.StreamResponse:
    return await answer(request, DUBLIN)


@routes.get("/resources/{id}.bib", allow=Allow.ANYONE)
@machine
async def as_bibtex(request: web.Request) -> web.StreamResponse:
    return await answer(request, BIBTEX)


async def answer(request: web.Request, face: Face) -> web.Response:
    """The resource at this address with that face, for whoever may read its Note."""
    at = request.app[TOOLS].here.uris
    seen, facts = await finding.post(request, at.resource(key(request)))
    if seen.deleted_at is not None:
        raise Gone("This resource was deleted.")
    if facts.resource is None:
        raise nothing()
    found = kept(face.write(facts, facts.resource, at), face.type, public=seen.is_public)
    if seen.is_public:
        # It stands on a page that everybody may read; programs in browsers may have it too.
        found.headers["Access-Control-Allow-Origin"] = "*"
    return found
