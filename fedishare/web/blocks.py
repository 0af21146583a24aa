"""Blocking somebody, after being told what that means; and whom, and which servers, one blocked or muted."""

from typing import Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import NotFound
from fedishare.http.keys import DATABASE, HERE
from fedishare.http.pages import page
from fedishare.http.routes import Routes
from fedishare.queries import cards, people
from fedishare.queries import hostblocks as reading
from fedishare.queries.cards import Face
from fedishare.queries.people import Muted
from fedishare.queries.timelines import NEWEST
from fedishare.services import hostblocks
from fedishare.web import asked, forms

MOST: Final = 500

routes: Final = Routes()


class Kept(NamedTuple):
    blocked: list[Face]
    muted: list[Muted]
    hosts: list[str]


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
    hosts = [line.host for line in reading.page(tx, me=me, before=NEWEST, above=0, limit=MOST, is_upward=False)]
    return Kept(people.blocked(tx, actor_id=me), people.muted(tx, actor_id=me), hosts)


@routes.post("/settings/blocks/host")
async def block_host(request: web.Request) -> web.Response:
    """Pressed from the page of the settings, or after a look at somebody of there."""
    form, me = await forms.read(request), asked.me(request)
    await request.app[DATABASE].write(hostblocks.block, request.app[HERE], actor_id=me, named=form.text("host"))
    return asked.go("/settings/blocks")


@routes.post("/settings/blocks/host/undo")
async def unblock_host(request: web.Request) -> web.Response:
    form, me = await forms.read(request), asked.me(request)
    await request.app[DATABASE].write(hostblocks.unblock, actor_id=me, named=form.text("host"))
    return asked.go("/settings/blocks")
