"""The collections of actors, posts and threads. What is not public is never in one, nor counted (VIS-04)."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias

from aiohttp import web
from sqlalchemy import Connection

from fedishare.ap.actors import NAMED, for_members, path, required, uri_of
from fedishare.ap.answers import document, key, machine, nothing, number
from fedishare.ap.outboxes import said_now
from fedishare.as2 import write
from fedishare.as2.write import Document
from fedishare.core import uris as addresses
from fedishare.core.errors import Gone
from fedishare.core.here import Here
from fedishare.core.json import Json
from fedishare.core.uris import Place, Uris
from fedishare.domain.digests import digest
from fedishare.domain.kinds import Kind
from fedishare.http import readers
from fedishare.http.keys import SETTINGS, TOOLS
from fedishare.http.readers import first_for_all
from fedishare.http.routes import Allow, Handler, Routes
from fedishare.queries import circles, collections, known, published, rooms
from fedishare.queries.collections import NEWEST, OLDEST, Named, Words
from fedishare.queries.published import Readable, Thread
from fedishare.queries.rooms import MemberLine
from fedishare.services import invitations

PEOPLE: Final = 40
REPLIES: Final = 50
# Whoever wants to be found shows whom they know. Rooms never list their members, and the node knows nobody.
SHOW_THEIR_CIRCLE: Final = frozenset({Kind.PERSON, Kind.ORGANISATION})

Address: TypeAlias = Callable[[str], str]

routes: Final = Routes()


class Side(NamedTuple):
    """One of the two collections of people around an actor."""

    address: Address
    count: Callable[..., int]
    people: Callable[..., list[Named]]


FOLLOWERS: Final = Side(addresses.followers, collections.count_followers, collections.followers)
FOLLOWING: Final = Side(addresses.following, collections.count_following, collections.following)


class Circle(NamedTuple):
    total: int
    is_shown: bool
    people: list[Named]


def _circle(place: Place, side: Side) -> Handler:
    async def circle(request: web.Request) -> web.StreamResponse:
        uri = uri_of(request, place)
        before = (number(request, "max_id") or NEWEST) if "page" in request.query else None
        found = await request.app[TOOLS].db.read(_load_circle, side, uri=uri, before=before)
        named = side.address(uri)
        shaped: Document = {"id": named, "type": "OrderedCollection", "totalItems": found.total}
        if before is not None and found.is_shown:
            shaped = _people(named, before, found.people)
        elif found.is_shown:
            shaped["first"] = f"{named}?page=true"
        return _everybodys(shaped)

    return circle


def _load_circle(tx: Connection, side: Side, *, uri: str, before: int | None) -> Circle:
    owner = required(tx, uri)
    if owner.is_private:
        # How many are in a private room is nobody's business; other servers take a missing collection amiss.
        return Circle(0, is_shown=False, people=[])
    is_shown = owner.discoverable and owner.kind in SHOW_THEIR_CIRCLE
    total = side.count(tx, owner_id=owner.id)
    if before is None or not is_shown:
        return Circle(total, is_shown, [])
    return Circle(total, is_shown, side.people(tx, owner_id=owner.id, limit=PEOPLE + 1, before=before))


def _people(named: str, before: int, people: list[Named]) -> Document:
    edge = "" if before == NEWEST else f"&max_id={before}"
    shown = people[:PEOPLE]
    shaped: Document = {
        "id": f"{named}?page=true{edge}",
        "type": "OrderedCollectionPage",
        "partOf": named,
        "orderedItems": [one.uri for one in shown],
    }
    return shaped | {"next": f"{named}?page=true&max_id={shown[-1].id}"} if len(people) > PEOPLE else shaped


def _synchronization(place: Place) -> Handler:
    async def synchronization(request: web.Request) -> web.StreamResponse:
        """Whoever signs is shown which of their own server's people follow, and learns of no others (FEP-8fcf)."""
        tools, uri = request.app[TOOLS], uri_of(request, place)
        asker = await readers.reader(request)
        members = await tools.db.read(_load_members, uri=uri, asker=asker) if asker is not None else None
        if members is None:
            raise nothing()
        shaped = _ordered(addresses.followers_synchronization(uri), [*members])
        return document(_written(shaped), public=False)

    return synchronization


def _load_members(tx: Connection, *, uri: str, asker: int) -> tuple[str, ...] | None:
    where = known.actor_by_id(tx, actor_id=asker)
    if where is None or where.local:
        return None
    circle = circles.at_origin(tx, actor_id=required(tx, uri).id, url=where.uri)
    return circle.members if circle is not None else None


def _featured(place: Place) -> Handler:
    async def featured(request: web.Request) -> web.StreamResponse:
        tools, uri = request.app[TOOLS], uri_of(request, place)
        posts, words = await tools.db.read(_load_pinned, uri=uri)
        # Lemmy needs the posts themselves. Those of other servers are theirs to show, so they stand by address.
        items = [said_now(words[post]) if post in words else post for post in posts]
        return _everybodys(_ordered(addresses.featured(uri), items))

    return featured


def _load_pinned(tx: Connection, *, uri: str) -> tuple[Sequence[str], dict[str, Words]]:
    posts = collections.pinned(tx, owner_id=required(tx, uri).id)
    return posts, collections.words(tx, posts=posts)


@routes.get(addresses.members(path(Place.GROUP)), allow=Allow.ANYONE)
@machine
async def members(request: web.Request) -> web.StreamResponse:
    """Who is in a room, as what, and from which school: for the servers of its members alone."""
    tools, uri = request.app[TOOLS], uri_of(request, Place.GROUP)
    school, reader = request.app[SETTINGS].name, await readers.reader(request)
    listed = await tools.db.read(_load_room_members, uri=uri, reader=reader, school=school)
    items: list[Json] = [_member(line, uri) for line in listed]
    shaped = _ordered(addresses.members(uri), items)
    return document(write.body(write.with_context(write.MEMBERS, shaped)), public=False)


def _load_room_members(tx: Connection, *, uri: str, reader: int | None, school: str) -> list[MemberLine]:
    room = published.owner(tx, uri=uri)
    if room is None or room.deleted_at is not None or not published.is_member(tx, room=room, reader=reader):
        raise nothing()
    return rooms.members(tx, room_id=room.id, own_school=school)


def _member(line: MemberLine, room: str) -> Json:
    person: Document = {"id": line.uri, "type": "Person", "name": line.name, "webfinger": line.handle}
    said: Document = {"type": "Relationship", "subject": person | {"schema:affiliation": line.school}}
    return said | {"relationship": line.role, "object": room}


@routes.get(addresses.answers(path(Place.GROUP)), allow=Allow.ANYONE)
@machine
async def answers(request: web.Request) -> web.StreamResponse:
    """What settled questions in a room, as far as everybody may read it."""
    uri = uri_of(request, Place.GROUP)
    found = await request.app[TOOLS].db.read(_load_answers, uri=uri)
    return _everybodys(_ordered(addresses.answers(uri), [*found]))


def _load_answers(tx: Connection, *, uri: str) -> Sequence[str]:
    return collections.answers(tx, room_id=required(tx, uri).id)


@routes.get("/join/{secret}", allow=Allow.ANYONE)
@machine
async def invitation(request: web.Request) -> web.StreamResponse:
    """What a link into a room says to the node of whoever was given it."""
    tools, secret = request.app[TOOLS], request.match_info["secret"]
    room = await tools.db.read(_load_invitation, tools.here, secret=secret)
    named = tools.here.uris.invitation(secret)
    shaped: Document = {"id": named, "type": "Invite", "actor": room, "object": room, "to": [], "cc": []}
    return document(_written(shaped), public=False)


def _load_invitation(tx: Connection, here: Here, *, secret: str) -> str:
    found = invitations.find_link(tx, here, secret=secret)
    room = known.actor_by_id(tx, actor_id=found.room_id)
    if room is None or room.is_gone:
        raise nothing()
    return room.uri


@routes.get(addresses.moderators(path(Place.GROUP)), allow=Allow.ANYONE)
@machine
@for_members
async def moderators(request: web.Request) -> web.StreamResponse:
    uri = uri_of(request, Place.GROUP)
    stewards = await request.app[TOOLS].db.read(_load_stewards, uri=uri)
    return _everybodys(_ordered(addresses.moderators(uri), [*stewards]))


def _load_stewards(tx: Connection, *, uri: str) -> list[str]:
    return list(collections.stewards(tx, room_id=required(tx, uri).id))


class Answers(NamedTuple):
    """A post and the answers to it from an edge on; one more than a page holds, if there are more."""

    post: Readable
    total: int
    replies: list[Named]


def _replies(place: Place) -> Handler:
    async def replies(request: web.Request) -> web.StreamResponse:
        tools, uri = request.app[TOOLS], _post_uri(request, place)
        after = (number(request, "min_id") or OLDEST) if "page" in request.query else None

        async def look(reader: int | None) -> Answers | None:
            return await tools.db.read(_load_replies, uri=uri, reader=reader, after=after or OLDEST)

        found = await first_for_all(request, look)
        if found is None:
            raise nothing()
        named = addresses.replies(uri)
        page = _replies_page(named, after or OLDEST, found.replies)
        whole: Document = {"id": named, "type": "Collection", "totalItems": found.total, "first": page}
        return _for(found.post, whole if after is None else page)

    return replies


def _replies_page(named: str, after: int, replies: list[Named]) -> Document:
    edge = "" if after == OLDEST else f"&min_id={after}"
    shown = replies[:REPLIES]
    shaped: Document = {
        "id": f"{named}?page=1{edge}",
        "type": "CollectionPage",
        "partOf": named,
        "items": [reply.uri for reply in shown],
    }
    # A last page with a next one would keep readers walking (M17).
    return shaped | {"next": f"{named}?page=1&min_id={shown[-1].id}"} if len(replies) > REPLIES else shaped


def _load_replies(tx: Connection, *, uri: str, reader: int | None, after: int) -> Answers | None:
    post = published.post(tx, uri=uri, reader=reader)
    if post is None:
        return None
    total = collections.count_replies(tx, post_id=post.id)
    return Answers(post, total, collections.replies(tx, post_id=post.id, limit=REPLIES + 1, after=after))


def _reactions(place: Place, address: Address) -> Handler:
    async def reactions(request: web.Request) -> web.StreamResponse:
        tools, uri = request.app[TOOLS], _post_uri(request, place)

        async def look(reader: int | None) -> Readable | None:
            return await tools.db.read(published.post, uri=uri, reader=reader)

        post = await first_for_all(request, look)
        if post is None:
            raise nothing()
        total = post.likes_count if address is addresses.likes else post.boosts_count
        return _for(post, {"id": address(uri), "type": "Collection", "totalItems": total})

    return reactions


@routes.get("/threads/{id}", allow=Allow.ANYONE)
@machine
async def thread(request: web.Request) -> web.StreamResponse:
    """The whole conversation that began with a post (F14): who reads this needs not walk from reply to reply."""
    tools, root_id = request.app[TOOLS], key(request)

    async def look(reader: int | None) -> Thread | None:
        return await tools.db.read(published.thread, root_id=root_id, reader=reader)

    found = await first_for_all(request, look)
    if found is None:
        raise nothing()
    shaped = _ordered(tools.here.uris.thread(root_id), [*found.uris]) | {"attributedTo": found.attributed_to}
    answer = document(_written(shaped), public=found.is_public)
    # Who has the same posts already can tell so without having asked before (FEP-f228, NodeBB).
    answer.etag = digest(found.uris)
    return answer


def _post_uri(request: web.Request, place: Place) -> str:
    uris: Uris = request.app[TOOLS].here.uris
    return uris.post(key(request)) if place is Place.POST else uris.resource(key(request))


def _ordered(named: str, items: list[Json]) -> Document:
    return {"id": named, "type": "OrderedCollection", "totalItems": len(items), "orderedItems": items}


def _for(post: Readable, shaped: Document) -> web.Response:
    if post.deleted_at is not None:
        raise Gone("This post was deleted.")
    return document(_written(shaped), public=post.is_public)


def _everybodys(shaped: Document) -> web.Response:
    return document(_written(shaped), public=True)


def _written(shaped: Document) -> bytes:
    return write.body(write.with_context(write.PLAIN, shaped))


for _place in (*NAMED, Place.NODE):
    _actor = path(_place)
    routes.get(addresses.followers(_actor), allow=Allow.ANYONE)(machine(_circle(_place, FOLLOWERS)))
    routes.get(addresses.following(_actor), allow=Allow.ANYONE)(machine(_circle(_place, FOLLOWING)))
    routes.get(addresses.followers_synchronization(_actor), allow=Allow.ANYONE)(machine(_synchronization(_place)))
    routes.get(addresses.featured(_actor), allow=Allow.ANYONE)(machine(_featured(_place)))
for _place in (Place.POST, Place.RESOURCE):
    _post = f"/{_place.value}/{{id}}"
    routes.get(addresses.replies(_post), allow=Allow.ANYONE)(machine(_replies(_place)))
    routes.get(addresses.likes(_post), allow=Allow.ANYONE)(machine(_reactions(_place, addresses.likes)))
    routes.get(addresses.shares(_post), allow=Allow.ANYONE)(machine(_reactions(_place, addresses.shares)))
