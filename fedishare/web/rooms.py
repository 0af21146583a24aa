"""Staffrooms: the list of them, and opening one. The page of a room is its profile, in people.py."""

import asyncio
import re
from typing import Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import Invalid, Refused
from fedishare.domain.kinds import Access
from fedishare.domain.permissions import Verb, may
from fedishare.http.keys import DATABASE, HERE, VISITOR
from fedishare.http.pages import page
from fedishare.http.routes import Allow, Routes
from fedishare.net import keys
from fedishare.queries import rooms, visits
from fedishare.queries.rooms import RoomLine
from fedishare.queries.visits import Counts
from fedishare.services import rooms as room_services
from fedishare.web import asked, forms
from fedishare.web.forms import Form

# Mastodon reads a name with a dot or a hyphen only where letters or digits stand round it.
USERNAME: Final = re.compile(r"[A-Za-z0-9_]+(?:-[A-Za-z0-9_]+)*", re.ASCII)
SHORTEST: Final = 2
LONGEST: Final = 30

ACCESSES: Final = (
    (Access.OPEN, "Open", "Anybody may join at once, from any server, and everybody can read it."),
    (Access.ASK, "Ask to join", "Everybody can read it. Whoever wants to join asks, and you let them in or not."),
    (
        Access.PRIVATE,
        "Private",
        (
            "Only members can read it, and only whom you invite can join. Its name and description can be seen by "
            "anybody who knows its handle. Members need accounts on FediShare or Lemmy servers: others, such as "
            "Mastodon, can neither show a private room nor keep it private."
        ),
    ),
)

routes: Final = Routes()


class Rooms(NamedTuple):
    mine: list[RoomLine]
    public: list[RoomLine]
    unseen: dict[int, Counts]


@routes.get("/rooms", allow=Allow.ANYONE)
async def show(request: web.Request) -> web.Response:
    found = await request.app[DATABASE].read(_rooms, actor_id=request[VISITOR].actor_id)
    return await page(request, "rooms.html", **found._asdict())


def _rooms(tx: Connection, *, actor_id: int | None) -> Rooms:
    mine = rooms.mine(tx, actor_id=actor_id) if actor_id is not None else []
    return Rooms(mine, rooms.public(tx), visits.unseen(tx, viewer=actor_id) if actor_id is not None else {})


@routes.get("/rooms/new")
async def ask(request: web.Request) -> web.Response:
    return await page(request, "room_new.html", accesses=ACCESSES, values={}, errors={})


@routes.post("/rooms/new")
async def open_room(request: web.Request) -> web.Response:
    if not may(request[VISITOR].role, Verb.CREATE_ROOM):
        raise Refused("On this node only some people can open rooms.")
    form = await forms.read(request)
    username = form.text("username").removeprefix("@")
    errors = _mistakes(form, username)
    if errors:
        return await _again(request, form, errors)
    loop = asyncio.get_running_loop()
    rsa, ed25519 = await loop.run_in_executor(None, lambda: (keys.new_rsa(), keys.new_ed25519()))
    try:
        await request.app[DATABASE].write(
            room_services.open_room,
            request.app[HERE],
            owner_id=asked.me(request),
            username=username,
            name=form.text("name"),
            description=form.text("description"),
            rsa=rsa,
            ed25519=ed25519,
            access=Access(form.text("access") or Access.OPEN),
            rules=form.text("rules"),
        )
    except Invalid as error:
        return await _again(request, form, {"username": str(error)})
    return asked.go(f"/@{username}")


def _mistakes(form: Form, username: str) -> dict[str, str]:
    errors = dict(form.errors)
    if not form.text("name"):
        errors["name"] = "Give the room a name that colleagues will recognise."
    if not USERNAME.fullmatch(username) or not SHORTEST <= len(username) <= LONGEST:
        errors["username"] = (
            f"Choose a short name of {SHORTEST} to {LONGEST} letters and digits, with single hyphens inside, "
            "such as primary-slt."
        )
    if form.text("access") and form.text("access") not in set(Access):
        errors["access"] = "Choose who may join."
    if len(form.text("rules")) > room_services.LONGEST_RULES:
        errors["rules"] = f"Please keep the rules under {room_services.LONGEST_RULES} characters."
    return errors


async def _again(request: web.Request, form: Form, errors: dict[str, str]) -> web.Response:
    return await page(request, "room_new.html", status=422, accesses=ACCESSES, values=form.values, errors=errors)
