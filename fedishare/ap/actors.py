"""Actors at their own addresses. The node's own is open to everybody, for its key checks our signatures (M5)."""

from http import HTTPStatus
from typing import Final

from aiohttp import web
from sqlalchemy import Connection

from fedishare.ap.answers import FOR_ONE, document, elsewhere, machine, negotiated, nothing, open_machine
from fedishare.as2 import write
from fedishare.as2.write import Document
from fedishare.core.errors import Gone, Refused
from fedishare.core.uris import Place, Uris
from fedishare.http.keys import TOOLS
from fedishare.http.readers import first_for_all
from fedishare.http.routes import Allow, Handler, Routes
from fedishare.outbox import objects
from fedishare.queries import parties, published
from fedishare.queries.published import Owner

NAMED: Final = (Place.PERSON, Place.GROUP, Place.ORGANISATION, Place.COLLECTION)

routes: Final = Routes()


def path(place: Place) -> str:
    """The route of the actors of one kind; their collections lie below it."""
    return f"/{place.value}" if place is Place.NODE else f"/{place.value}/{{name}}"


def uri_of(request: web.Request, place: Place) -> str:
    return request.app[TOOLS].here.uris.actor(place, request.match_info.get("name", ""))


def required(tx: Connection, uri: str) -> Owner:
    """The actor of ours at this address. Raises NotFound, Gone for a deleted one, Refused for one that is suspended."""
    owner = published.owner(tx, uri=uri)
    if owner is None:
        raise nothing()
    if owner.deleted_at is not None:
        raise Gone("This account was deleted.")
    if owner.suspended_at is not None:
        raise Refused("This account is suspended.")
    return owner


def for_members(handler: Handler) -> Handler:
    """What is not there for others than the members of a private room and their servers; it is in no cache then."""

    async def shown(request: web.Request) -> web.StreamResponse:
        tools, uri = request.app[TOOLS], uri_of(request, Place.GROUP)

        async def look(reader: int | None) -> bool | None:
            return await tools.db.read(_is_private, uri=uri, reader=reader)

        is_private = await first_for_all(request, look)
        if is_private is None:
            raise nothing()
        answer = await handler(request)
        if is_private:
            answer.headers["Cache-Control"] = FOR_ONE
        return answer

    return shown


def _is_private(tx: Connection, *, uri: str, reader: int | None) -> bool | None:
    """Whether a room is private; None where it is, and not for this reader. What is not there is no secret."""
    room = published.owner(tx, uri=uri)
    if room is None or not room.is_private:
        return False
    return True if published.is_member(tx, room=room, reader=reader) else None


@routes.get("/", allow=Allow.ANYONE)
@open_machine
async def node(request: web.Request) -> web.StreamResponse:
    """The node's own actor, also for whoever asks our front page for a document, as Lemmy does."""
    return await _answer(request, request.app[TOOLS].here.uris.node)


@routes.get("/@{handle}", allow=Allow.ANYONE)
@machine
async def profile(request: web.Request) -> web.StreamResponse:
    """A server that asks for the page `/@name` of one of ours is sent to the document."""
    tools = request.app[TOOLS]
    name = request.match_info["handle"]
    owner = await tools.db.read(published.owner_by_handle, handle=f"{name}@{tools.here.uris.authority}")
    if owner is None:
        raise nothing()
    return elsewhere(owner.uri)


def _document(place: Place) -> Handler:
    async def actor(request: web.Request) -> web.StreamResponse:
        return await _answer(request, uri_of(request, place))

    # Whoever checks our signatures needs the node's own key first.
    return open_machine(actor) if place is Place.NODE else machine(actor)


async def _answer(request: web.Request, uri: str) -> web.StreamResponse:
    tools = request.app[TOOLS]
    found, status = await tools.db.read(_look, uri=uri, at=tools.here.uris)
    return document(write.body(found), public=True, status=status)


def _look(tx: Connection, *, uri: str, at: Uris) -> tuple[Document, HTTPStatus]:
    owner = published.owner(tx, uri=uri)
    if owner is None:
        raise nothing()
    if owner.deleted_at is not None:
        gone = objects.tombstone(owner.uri, former_type=str(owner.kind), deleted=owner.deleted_at)
        return gone, HTTPStatus.GONE
    # Of one that is suspended there is nothing but the keys: they check the word that it is.
    return objects.actor(parties.actor_facts(tx, owner.id), at=at), HTTPStatus.OK


async def _page(request: web.Request) -> web.StreamResponse:
    """People get to the page of whoever this is; of the node itself, that is the front page."""
    name = request.match_info.get("name")
    uris = request.app[TOOLS].here.uris
    return elsewhere(uris.profile(name) if name else f"{uris.origin}/")


for _place in (*NAMED, Place.NODE):
    routes.get(path(_place), allow=Allow.ANYONE)(negotiated(activitypub=_document(_place), html=_page))
