"""Who quotes a post, for its author, who can withdraw from each quote."""

from typing import Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import NotFound
from fedishare.http.keys import DATABASE, HERE
from fedishare.http.pages import page
from fedishare.http.routes import Routes
from fedishare.queries import quotes, timelines
from fedishare.queries.cards import Card
from fedishare.queries.quotes import StampLine
from fedishare.services import quotes as quote_services
from fedishare.web import asked, forms

routes: Final = Routes()


class Quoted(NamedTuple):
    post: Card
    lines: list[StampLine]


@routes.get("/posts/{id}/quotes")
async def show(request: web.Request) -> web.Response:
    seen = await request.app[DATABASE].read(_quoted, post_id=asked.post_id(request), me=asked.me(request))
    return await page(request, "quotes.html", **seen._asdict())


@routes.post("/stamps/{id}/withdraw")
async def withdraw(request: web.Request) -> web.Response:
    stamp_id, me = asked.post_id(request), asked.me(request)
    onward = (await forms.read(request)).text("next")
    await request.app[DATABASE].write(quote_services.withdraw, request.app[HERE], by_id=me, stamp_id=stamp_id)
    return asked.go(onward or "/")


def _quoted(tx: Connection, *, post_id: int, me: int) -> Quoted:
    post = timelines.card(tx, post_id=post_id, viewer=me)
    if post.author.id != me:
        raise NotFound("There is nothing here.")
    return Quoted(post, quotes.of_post(tx, post_id=post_id))
