"""Renders a template for whoever is asking."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from fedishare.http.keys import ANYBODY, CLOCK, DATABASE, FOR_ALL, TEMPLATES, VISITOR
from fedishare.queries import rooms
from fedishare.queries.cards import Face


async def page(request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
    """The template as an HTML answer, with the way from each page into each room of whoever is in several."""
    visitor = request.get(VISITOR, ANYBODY)
    my_rooms = await request.app[DATABASE].read(rooms.switcher, actor_id=visitor.actor_id) if visitor.actor_id else []
    return draw(request, template, status=status, my_rooms=my_rooms, **values)


def draw(
    request: web.Request, template: str, *, status: int = 200, my_rooms: Sequence[Face] = (), **values: Any
) -> web.Response:
    """The same without a look at the database, for when that is what went wrong.

    The template gets `visitor`, `my_rooms`, `now`, `request_path` and the values given.
    """
    visitor = request.get(VISITOR, ANYBODY)
    html = (
        request.app[TEMPLATES]
        .get_template(template)
        .render(
            visitor=visitor,
            my_rooms=my_rooms,
            now=request.app[CLOCK].now(),
            request_path=request.path,
            **values,
        )
    )
    answer = web.Response(text=html, content_type="text/html", charset="utf-8", status=status)
    if visitor.is_signed_in:
        answer.headers["Cache-Control"] = "private, no-store"
    return answer


async def shared_page(request: web.Request, template: str, **values: Any) -> web.Response:
    """A page that is the same for everybody who has not signed in, so that it may stay ready for the next of them.

    What it shows must come from the database alone, and from no header of the request.
    """
    request[FOR_ALL] = not request.get(VISITOR, ANYBODY).is_signed_in
    return await page(request, template, **values)
