"""The past of a room that moved here: how much of it has come, what is missing and why, and asking for it again."""

from typing import Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import NotFound, Refused
from fedishare.domain.permissions import Verb, may
from fedishare.http.keys import DATABASE, HERE, VISITOR, Visitor
from fedishare.http.pages import page
from fedishare.http.routes import Routes
from fedishare.queries import pasts as queried
from fedishare.queries import people, rulings
from fedishare.queries.pasts import Progress
from fedishare.queries.people import Profile
from fedishare.services import pasts
from fedishare.web import asked

routes: Final = Routes()


class Desk(NamedTuple):
    who: Profile
    progress: Progress


@routes.get("/rooms/{id}/past")
async def show(request: web.Request) -> web.Response:
    desk = await request.app[DATABASE].read(_look, room_id=asked.post_id(request), visitor=request[VISITOR])
    return await page(request, "room_past.html", **desk._asdict())


@routes.post("/rooms/{id}/past")
async def ask_again(request: web.Request) -> web.Response:
    room_id = asked.post_id(request)
    await request.app[DATABASE].read(_look, room_id=room_id, visitor=request[VISITOR])
    await request.app[DATABASE].write(pasts.ask_again, request.app[HERE], room_id=room_id)
    return asked.go(f"/rooms/{room_id}/past")


def _look(tx: Connection, *, room_id: int, visitor: Visitor) -> Desk:
    """Raises NotFound for any room that did not move here, and Refused for whoever does not look after it."""
    found = rulings.room(tx, room_id=room_id)
    progress = queried.progress(tx, room_id=room_id) if found is not None and found.local else None
    if progress is None:
        raise NotFound("There is no room here that moved here.")
    role = rulings.role(tx, room_id=room_id, actor_id=visitor.actor_id or 0)
    if not may(visitor.role, Verb.MODERATE_ROOM, moderates=role is not None):
        raise Refused("Only those who look after this room can do this.")
    return Desk(people.by_id(tx, actor_id=room_id), progress)
