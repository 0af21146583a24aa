"""Likes and boosts, given and taken back with one press."""

from typing import Final

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.here import Here
from fedishare.domain.kinds import ReactionKind
from fedishare.http.keys import DATABASE, HERE
from fedishare.http.routes import Handler, Routes
from fedishare.queries import timelines
from fedishare.services import reactions
from fedishare.web import asked, forms

routes: Final = Routes()


def _give(tx: Connection, here: Here, *, kind: ReactionKind, actor_id: int, post_id: int) -> None:
    timelines.card(tx, post_id=post_id, viewer=actor_id)  # Raises NotFound for what they may not see.
    reactions.add(tx, here, kind=kind, actor_id=actor_id, post_id=post_id)


def _take_back(tx: Connection, here: Here, *, kind: ReactionKind, actor_id: int, post_id: int) -> None:
    reactions.remove(tx, here, kind=kind, actor_id=actor_id, post_id=post_id)


def _button(kind: ReactionKind, *, gives: bool) -> Handler:
    change = _give if gives else _take_back

    async def press(request: web.Request) -> web.Response:
        post_id, actor_id = asked.post_id(request), asked.me(request)
        onward = (await forms.read(request)).text("next")
        await request.app[DATABASE].write(change, request.app[HERE], kind=kind, actor_id=actor_id, post_id=post_id)
        return asked.go(onward or f"/posts/{post_id}")

    return press


routes.post("/posts/{id}/like")(_button(ReactionKind.LIKE, gives=True))
routes.post("/posts/{id}/unlike")(_button(ReactionKind.LIKE, gives=False))
routes.post("/posts/{id}/boost")(_button(ReactionKind.BOOST, gives=True))
routes.post("/posts/{id}/unboost")(_button(ReactionKind.BOOST, gives=False))
