"""The two pictures of a page: of one's own, and of a room that one looks after."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.here import Here
from fedishare.domain.kinds import PortraitKind
from fedishare.domain.permissions import Verb
from fedishare.http import darkroom
from fedishare.http.keys import DATABASE, HERE, STORAGE, VISITOR, Visitor
from fedishare.http.pages import page
from fedishare.http.routes import Routes
from fedishare.queries import people
from fedishare.queries.people import Profile
from fedishare.services import portraits
from fedishare.services.media import Upload
from fedishare.web import asked, forms, members
from fedishare.web.forms import Form

# As the form numbers them, and how many points each is kept with at most.
PLACES: Final[Mapping[int, PortraitKind]] = MappingProxyType({1: PortraitKind.ICON, 2: PortraitKind.IMAGE})
LONGEST_SIDES: Final = {PortraitKind.ICON: 400, PortraitKind.IMAGE: 1500}

routes: Final = Routes()

# Who it is about, for whoever may change that; it raises for everybody else.
Look = Callable[[Connection], Profile]


class Slot(NamedTuple):
    """A picture in the form; `url` is that of the one there is."""

    number: int
    kind: str
    url: str


def _mine(tx: Connection, *, me: int) -> Profile:
    return people.by_id(tx, actor_id=me)


def _room(tx: Connection, *, room_id: int, visitor: Visitor) -> Profile:
    members.require(tx, visitor, room_id, Verb.MODERATE_ROOM)
    return people.by_id(tx, actor_id=room_id)


@routes.get("/settings/pictures")
async def mine(request: web.Request) -> web.Response:
    return await _show(request, partial(_mine, me=asked.me(request)))


@routes.post("/settings/pictures")
async def save_mine(request: web.Request) -> web.Response:
    return await _save(request, partial(_mine, me=asked.me(request)))


@routes.get("/rooms/{id}/pictures")
async def of_room(request: web.Request) -> web.Response:
    return await _show(request, partial(_room, room_id=asked.post_id(request), visitor=request[VISITOR]))


@routes.post("/rooms/{id}/pictures")
async def save_of_room(request: web.Request) -> web.Response:
    return await _save(request, partial(_room, room_id=asked.post_id(request), visitor=request[VISITOR]))


async def _show(request: web.Request, look: Look, errors: Mapping[str, str] | None = None) -> web.Response:
    who = await request.app[DATABASE].read(look)
    urls = {PortraitKind.ICON: who.icon_url, PortraitKind.IMAGE: who.image_url}
    return await page(
        request,
        "portraits.html",
        status=422 if errors else 200,
        who=who,
        is_mine=who.id == request[VISITOR].actor_id,
        slots=[Slot(number, kind.value, urls[kind] or "") for number, kind in PLACES.items()],
        action=request.path,
        errors=errors or {},
    )


async def _save(request: web.Request, look: Look) -> web.Response:
    await request.app[DATABASE].read(look)
    form = await forms.read(request)
    kept = {PLACES[number]: await _smaller(request, upload, PLACES[number])
            for number, upload in form.pictures.items() if number in PLACES}  # fmt: skip
    who = await request.app[DATABASE].write(_replace, request.app[HERE], look, form=form, kept=kept)
    if form.errors:
        return await _show(request, look, form.errors)
    return asked.go(f"/@{who.handle}")


async def _smaller(request: web.Request, upload: Upload, kind: PortraitKind) -> Upload:
    """Many pages show it, and none shows it large."""
    storage = request.app[STORAGE]
    body = await storage.look(upload.storage_key, lambda read, size: read(0, size))
    clean = await darkroom.cleaned(body, longest=LONGEST_SIDES[kind])
    stored = await storage.save_bytes(clean.body)
    await storage.delete(upload.storage_key)
    return Upload(stored.key, clean.media_type, stored.size, clean.width, clean.height)


def _replace(tx: Connection, here: Here, look: Look, *, form: Form, kept: Mapping[PortraitKind, Upload]) -> Profile:
    """Whoever was dismissed while the picture travelled may not change it any more."""
    who = look(tx)
    for number, kind in PLACES.items():
        if kind in kept or form.text(f"drop_{number}"):
            portraits.replace(tx, here, actor_id=who.id, kind=kind, upload=kept.get(kind))
    return who
