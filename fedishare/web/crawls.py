"""Somebody opened a conversation: have it asked around for the answers that never came here."""

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.here import Here
from fedishare.http.keys import DATABASE, HERE, VISITOR
from fedishare.queries.cards import Card
from fedishare.services import crawls


async def wish(request: web.Request, post: Card) -> None:
    """For people who sign in here alone, so that nobody else can make this node ask others."""
    if not request[VISITOR].is_signed_in:
        return
    here, database = request.app[HERE], request.app[DATABASE]
    if await database.read(crawls.is_due, here, thread_id=post.thread_id):
        await database.write(_ask, here, thread_id=post.thread_id)


def _ask(tx: Connection, here: Here, *, thread_id: int) -> None:
    crawls.ask(tx, here, thread_id=thread_id)
