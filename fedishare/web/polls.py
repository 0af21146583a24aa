"""Voting in a poll."""

from typing import Final

from aiohttp import web

from fedishare.core.errors import Refused
from fedishare.domain.permissions import Verb, may
from fedishare.http.keys import DATABASE, HERE, VISITOR
from fedishare.http.routes import Routes
from fedishare.services import polls
from fedishare.web import asked, forms

routes: Final = Routes()


@routes.post("/posts/{id}/vote")
async def vote(request: web.Request) -> web.Response:
    post_id, actor_id = asked.post_id(request), asked.me(request)
    if not may(request[VISITOR].role, Verb.POST):
        raise Refused("This account may read, but not vote.")
    form = await forms.read(request)
    chosen = [asked.whole(text) for text in form.lists.get("choice", [])]
    # What is no number is no answer either, and is told so.
    choices = [place if place is not None else -1 for place in chosen]
    await request.app[DATABASE].write(
        polls.vote, request.app[HERE], actor_id=actor_id, post_id=post_id, choices=choices
    )
    return asked.go(form.text("next") or f"/posts/{post_id}")
