"""Conversations for those named in them alone."""

from typing import Final

from sqlalchemy import Connection

from fedishare.api import acting
from fedishare.api.calls import Answer, Call, nothing
from fedishare.api.entities import conversations as entities
from fedishare.api.entities.conversations import Conversation
from fedishare.api.routes import Routes
from fedishare.api.turning import turned
from fedishare.queries import talks
from fedishare.services import talks as services

USUAL: Final = 20

routes: Final = Routes()


@routes.reads("GET", "/api/v1/conversations", scope="read:statuses")
def show_all(tx: Connection, call: Call) -> Answer:
    page = call.page(usual=USUAL)
    rows = talks.page(
        tx, owner_id=call.me, before=page.before, above=page.above, limit=page.limit, is_upward=page.is_upward
    )
    return turned(call, entities.many(tx, call, rows), page=page, keys=[row.key for row in rows])


@routes.writes("DELETE", "/api/v1/conversations/{id}", scope="write:conversations")
def remove(tx: Connection, call: Call) -> None:
    services.end(tx, owner_id=acting.me(tx, call), talk_id=call.id())


@routes.writes("POST", "/api/v1/conversations/{id}/read", scope="write:conversations")
def read(tx: Connection, call: Call) -> Conversation:
    return _marked(tx, call, unread=False)


@routes.writes("POST", "/api/v1/conversations/{id}/unread", scope="write:conversations")
def unread(tx: Connection, call: Call) -> Conversation:
    return _marked(tx, call, unread=True)


def _marked(tx: Connection, call: Call, *, unread: bool) -> Conversation:
    services.mark(tx, owner_id=acting.me(tx, call), talk_id=call.id(), unread=unread)
    row = talks.one(tx, owner_id=call.me, talk_id=call.id())
    if row is None:
        raise nothing()
    return entities.many(tx, call, [row])[0]
