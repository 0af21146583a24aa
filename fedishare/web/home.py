"""The front page: what this node is for visitors, the home timeline for its people."""

from datetime import datetime
from typing import Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.http.keys import DATABASE, HERE, VISITOR
from fedishare.http.pages import page, shared_page
from fedishare.http.routes import Allow, Routes
from fedishare.queries import announcements, cards, rooms, timelines, visits
from fedishare.queries.announcements import Told
from fedishare.queries.cards import Card, Face
from fedishare.queries.rooms import RoomLine
from fedishare.queries.timelines import NEWEST
from fedishare.queries.visits import Counts
from fedishare.web import asked

SHARED_LATELY: Final = 10

routes: Final = Routes()


class Home(NamedTuple):
    me: Face
    posts: list[Card]
    rooms: list[RoomLine]
    unseen: dict[int, Counts]
    announced: list[Told]


class Front(NamedTuple):
    rooms: list[RoomLine]
    posts: list[Card]


@routes.get("/", allow=Allow.ANYONE)
async def front(request: web.Request) -> web.Response:
    if not request[VISITOR].is_signed_in:
        return await shared_page(request, "front.html", **(await request.app[DATABASE].read(_front))._asdict())
    before = asked.before(request)
    now = request.app[HERE].now()
    seen = await request.app[DATABASE].read(_home, reader=asked.me(request), before=before, now=now)
    older = asked.older("/", seen.posts)
    return await page(request, "home.html", **seen._asdict(), older=older, is_first_page=before == NEWEST)


def _home(tx: Connection, *, reader: int, before: int, now: datetime) -> Home:
    return Home(
        cards.faces(tx, [reader])[reader],
        timelines.home(tx, reader=reader, before=before),
        rooms.mine(tx, actor_id=reader),
        visits.unseen(tx, viewer=reader),
        announcements.current(tx, me=reader, now=now, with_read=False),
    )


def _front(tx: Connection) -> Front:
    return Front(rooms.public(tx), timelines.local(tx, viewer=None, limit=SHARED_LATELY))
