"""Catching up with a room: what came in since somebody was last there, and marking it as seen."""

from typing import Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import NotFound
from fedishare.core.here import Here
from fedishare.http.keys import DATABASE, HERE
from fedishare.http.pages import page
from fedishare.http.routes import Routes
from fedishare.queries import cards, visits
from fedishare.queries.cards import Face
from fedishare.queries.visits import News
from fedishare.services import visits as marks
from fedishare.web import asked, forms

MOST_PAGES: Final = 1_000

routes: Final = Routes()


class Seen(NamedTuple):
    room: Face
    news: News | None


@routes.get("/rooms/{id}/catch-up")
async def show(request: web.Request) -> web.Response:
    number = asked.whole(request.query.get("page", "")) or 0
    seen = await request.app[DATABASE].read(
        _look,
        room_id=asked.post_id(request),
        viewer=asked.me(request),
        number=min(number, MOST_PAGES),
        upto=asked.whole(request.query.get("upto", "")),
    )
    return await page(request, "catch_up.html", **seen._asdict())


def _look(tx: Connection, *, room_id: int, viewer: int, number: int, upto: int | None) -> Seen:
    return Seen(_room(tx, room_id), visits.news(tx, room_id=room_id, viewer=viewer, page=number, upto=upto))


def _room(tx: Connection, room_id: int) -> Face:
    if not visits.is_room(tx, room_id=room_id):
        raise NotFound("There is no such room.")
    return cards.faces(tx, [room_id])[room_id]


@routes.post("/rooms/{id}/seen")
async def see(request: web.Request) -> web.Response:
    """All up to the entry that the page told of; what came in after it stays new."""
    form = await forms.read(request)
    room = await request.app[DATABASE].write(
        _see,
        request.app[HERE],
        person_id=asked.me(request),
        room_id=asked.post_id(request),
        upto=asked.whole(form.text("upto")) or 0,
    )
    return asked.go(form.text("next") or f"/@{room.handle}")


def _see(tx: Connection, here: Here, *, person_id: int, room_id: int, upto: int) -> Face:
    room = _room(tx, room_id)
    marks.see(tx, here, person_id=person_id, room_id=room_id, upto=upto)
    return room
