"""Blocking somebody, after being told what that means; and the list of whom one has blocked or muted."""

from typing import Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import NotFound
from fedishare.http.keys import DATABASE
from fedishare.http.pages import page
from fedishare.http.routes import Routes
from fedishare.queries import cards, people
from fedishare.queries.cards import Face
from fedishare.web import asked

routes: Final = Routes()


class Kept(NamedTuple):
    blocked: list[Face]
    muted: list[Face]


@routes.get("/block")
async def ask(request: web.Request) -> web.Response:
    actor_id = asked.whole(request.query.get("actor", ""))
    face = await request.app[DATABASE].read(_face, actor_id=actor_id, me=asked.me(request))
    return await page(request, "block.html", face=face)


@routes.get("/settings/blocks")
async def show(request: web.Request) -> web.Response:
    kept = await request.app[DATABASE].read(_kept, me=asked.me(request))
    return await page(request, "blocks.html", **kept._asdict())


def _face(tx: Connection, *, actor_id: int | None, me: int) -> Face:
    face = cards.faces(tx, [actor_id]).get(actor_id) if actor_id is not None and actor_id != me else None
    if face is None:
        raise NotFound("There is nobody of that name here.")
    return face


def _kept(tx: Connection, *, me: int) -> Kept:
    return Kept(people.blocked(tx, actor_id=me), people.muted(tx, actor_id=me))
