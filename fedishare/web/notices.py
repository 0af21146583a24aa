"""What somebody was told, and who asks to follow them."""

from typing import Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.http.keys import DATABASE, HERE
from fedishare.http.pages import page
from fedishare.http.routes import Routes
from fedishare.queries import notices, people
from fedishare.queries.cards import Face
from fedishare.queries.notices import PAGE, NoticeLine
from fedishare.services import notices as notice_services
from fedishare.web import asked

routes: Final = Routes()


class Told(NamedTuple):
    lines: list[NoticeLine]
    requests: list[Face]


@routes.get("/notices")
async def show(request: web.Request) -> web.Response:
    recipient, before = asked.me(request), asked.before(request)
    told = await request.app[DATABASE].read(_told, recipient=recipient, before=before)
    # A browser that only fetches ahead has shown nothing to anybody yet.
    if any(not line.seen for line in told.lines) and "Sec-Purpose" not in request.headers:
        await request.app[DATABASE].write(
            notice_services.see, request.app[HERE], recipient_id=recipient, upto=told.lines[0].id
        )
    older = f"/notices?before={told.lines[-1].id}" if len(told.lines) == PAGE else None
    return await page(request, "notices.html", **told._asdict(), older=older)


def _told(tx: Connection, *, recipient: int, before: int) -> Told:
    return Told(notices.recent(tx, recipient=recipient, before=before), people.requests(tx, actor_id=recipient))
