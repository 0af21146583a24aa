"""What somebody was told, and who asks to follow them."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.http.keys import CLOCK, DATABASE, HERE
from fedishare.http.pages import page
from fedishare.http.routes import Routes
from fedishare.queries import notices, people
from fedishare.queries.cards import Face
from fedishare.queries.notices import PAGE, NoticeLine
from fedishare.services import notices as notice_services
from fedishare.web import asked

routes: Final = Routes()


class Wanted(NamedTuple):
    """Whose notices, and how far back; `with_held` are those, too, that they wanted to be asked about first."""

    recipient: int
    before: int
    now: datetime
    with_held: bool


class Told(NamedTuple):
    lines: list[NoticeLine]
    held: int


@routes.get("/notices")
async def show(request: web.Request) -> web.Response:
    me = asked.me(request)
    wanted = wanted_by(request, recipient=me)
    told, requests = await request.app[DATABASE].read(_told, wanted)
    await see(request, told, wanted)
    return await page(request, "notices.html", **shown(request, told, wanted), requests=requests)


def _told(tx: Connection, wanted: Wanted) -> tuple[Told, list[Face]]:
    return told_of(tx, wanted), people.requests(tx, actor_id=wanted.recipient)


def wanted_by(request: web.Request, *, recipient: int) -> Wanted:
    now = request.app[CLOCK].now()
    return Wanted(recipient, asked.before(request), now, with_held="held" in request.query)


def told_of(tx: Connection, wanted: Wanted) -> Told:
    lines = notices.recent(tx, **wanted._asdict())
    return Told(lines, notices.waiting(tx, recipient=wanted.recipient, now=wanted.now))


async def see(request: web.Request, told: Told, wanted: Wanted) -> None:
    """A browser that only fetches ahead has shown nothing to anybody yet."""
    if any(not line.seen for line in told.lines) and "Sec-Purpose" not in request.headers:
        await request.app[DATABASE].write(
            notice_services.see,
            request.app[HERE],
            recipient_id=wanted.recipient,
            upto=told.lines[0].id,
            with_held=wanted.with_held,
        )


def shown(request: web.Request, told: Told, wanted: Wanted) -> dict[str, Any]:
    """What the page is made from."""
    before = f"before={told.lines[-1].id}" if len(told.lines) == PAGE else None
    older = before and f"{request.path}?{'held=shown&' if wanted.with_held else ''}{before}"
    return told._asdict() | {"older": older, "with_held": wanted.with_held, "at": request.path}
