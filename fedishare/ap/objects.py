"""Posts, resources and activities at their own addresses, for whoever may read them."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final, TypeAlias

from aiohttp import web

from fedishare.ap import faces, finding
from fedishare.ap.answers import asks_for_amb, document, key, machine, nothing
from fedishare.as2 import write
from fedishare.as2.write import Document
from fedishare.core.uris import Uris
from fedishare.http.keys import TOOLS
from fedishare.http.readers import first_for_all
from fedishare.http.routes import Allow, Routes
from fedishare.outbox import activities, objects, seals
from fedishare.queries import published
from fedishare.queries.outgoing import PostFacts
from fedishare.queries.published import Stored

Shape: TypeAlias = Callable[[PostFacts, Uris], Document]

routes: Final = Routes()


@routes.get("/posts/{id}", allow=Allow.ANYONE)
@machine
async def post(request: web.Request) -> web.StreamResponse:
    """The post, or what is left of it; the page at the same address is made elsewhere."""
    return await _answer(request, request.app[TOOLS].here.uris.post(key(request)), _object)


@routes.get("/resources/{id}", allow=Allow.ANYONE)
@machine
async def resource(request: web.Request) -> web.StreamResponse:
    """The Note of a resource; JSON-LD without a word of ActivityStreams is asked for by catalogues, who get AMB."""
    if asks_for_amb(request):
        return await faces.answer(request, faces.AMB)
    return await _answer(request, request.app[TOOLS].here.uris.resource(key(request)), _object)


@routes.get("/posts/{id}/activity", allow=Allow.ANYONE)
@machine
async def post_activity(request: web.Request) -> web.StreamResponse:
    return await _answer(request, request.app[TOOLS].here.uris.post(key(request)), _create)


@routes.get("/resources/{id}/activity", allow=Allow.ANYONE)
@machine
async def resource_activity(request: web.Request) -> web.StreamResponse:
    return await _answer(request, request.app[TOOLS].here.uris.resource(key(request)), _create)


@routes.get("/activities/{id}", allow=Allow.ANYONE)
@machine
async def activity(request: web.Request) -> web.StreamResponse:
    """An activity to the byte as it was sent."""
    tools = request.app[TOOLS]
    uri = tools.here.uris.activity(key(request))

    async def look(reader: int | None) -> Stored | None:
        return await tools.db.read(published.activity, uri=uri, reader=reader)

    found = await first_for_all(request, look)
    if found is None:
        raise nothing()
    return document(found.body, public=found.is_public)


async def _answer(request: web.Request, uri: str, shape: Shape) -> web.StreamResponse:
    at = request.app[TOOLS].here.uris
    seen, facts = await finding.post(request, uri)
    if seen.deleted_at is not None:
        gone = objects.document(facts, at=at)
        return document(write.body(gone), public=seen.is_public, status=HTTPStatus.GONE)
    return document(write.body(shape(facts, at)), public=seen.is_public)


def _object(facts: PostFacts, uris: Uris) -> Document:
    return objects.proven(facts, at=uris)


def _create(facts: PostFacts, uris: Uris) -> Document:
    """The Create of a post as it reads now, with a proof of its own where the post may have one."""
    made = activities.create(objects.proven(facts, at=uris))
    if facts.post.visibility not in seals.PROVEN:
        return made
    return seals.proven(made, key=facts.key, at=facts.post.edited_at or facts.post.published_at)
