"""A question and the answer that settled it: whoever asked says so, or a moderator of the room."""

from typing import Final

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.here import Here
from fedishare.domain.permissions import Verb, may
from fedishare.http.keys import DATABASE, HERE, VISITOR, Visitor
from fedishare.http.routes import Routes
from fedishare.queries import timelines
from fedishare.queries.cards import Card
from fedishare.services import questions, rulings
from fedishare.services.rulings import Ruling
from fedishare.web import asked

routes: Final = Routes()


def may_settle(visitor: Visitor, question: Card) -> bool:
    """Whether the visitor can say which answer settled a question: it is theirs, or in a room they look after."""
    if not visitor.is_signed_in or not question.is_question:
        return False
    return question.author.id == visitor.actor_id or _looks_after(visitor, question)


def _looks_after(visitor: Visitor, question: Card) -> bool:
    if question.room is None or not question.room.local:
        return False
    return may(visitor.role, Verb.MODERATE_ROOM, moderates=question.is_mine_to_moderate)


@routes.post("/posts/{id}/settle")
async def settle(request: web.Request) -> web.Response:
    return await _decide(request, is_accepted=True)


@routes.post("/posts/{id}/reopen")
async def reopen(request: web.Request) -> web.Response:
    return await _decide(request, is_accepted=False)


async def _decide(request: web.Request, *, is_accepted: bool) -> web.Response:
    post_id = asked.post_id(request)
    question_id = await request.app[DATABASE].write(
        _settle, request.app[HERE], post_id=post_id, visitor=request[VISITOR], is_accepted=is_accepted
    )
    return asked.go(f"/posts/{question_id}")


def _settle(tx: Connection, here: Here, *, post_id: int, visitor: Visitor, is_accepted: bool) -> int:
    answer = timelines.card(tx, post_id=post_id, viewer=visitor.actor_id)
    question = timelines.card(tx, post_id=answer.thread_id, viewer=visitor.actor_id)
    me = visitor.actor_id or 0
    if question.author.id != me and question.room is not None and _looks_after(visitor, question):
        decide = rulings.settle if is_accepted else rulings.reopen
        decide(tx, here, Ruling(room_id=question.room.id, by_id=me), post_id=post_id)
        return question.id
    act = questions.accept if is_accepted else questions.reopen
    return act(tx, here, post_id=post_id, by_id=me)
