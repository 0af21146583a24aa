"""Polls: how they stand, and votes in them."""

from typing import Final

from sqlalchemy import Connection

from fedishare.api.calls import Call, nothing
from fedishare.api.entities import polls as entities
from fedishare.api.entities import statuses
from fedishare.api.entities.polls import Poll
from fedishare.api.routes import Routes, Token
from fedishare.core.errors import Invalid, Refused
from fedishare.domain.polls import MOST_OPTIONS
from fedishare.queries import statuses as reading
from fedishare.services import handles, polls

MOST_CHOICES: Final = 5 * MOST_OPTIONS

routes: Final = Routes()


@routes.reads("GET", "/api/v1/polls/{id}", scope="read:statuses", token=Token.MAYBE)
def show(tx: Connection, call: Call) -> Poll:
    return _poll(tx, call)


def _poll(tx: Connection, call: Call) -> Poll:
    """A poll has the id of its post."""
    post_id = call.id()
    if post_id not in reading.seen(tx, [post_id], viewer=call.viewer):
        raise nothing()
    known = statuses.plainly(tx, call, post_id).poll
    if known is None:
        raise nothing()
    own = reading.votes(tx, [post_id], viewer=call.viewer)[post_id]
    return entities.poll(known, now=call.now, viewer=call.viewer, own=own)


@routes.writes("POST", "/api/v1/polls/{id}/votes", scope="write:statuses")
def vote(tx: Connection, call: Call) -> Poll:
    said = call.params.texts("choices")
    if len(said) > MOST_CHOICES or not all(text.isascii() and text.isdecimal() and len(text) <= 3 for text in said):  # noqa: PLR2004 -- no poll has a thousand answers
        raise Invalid("Validation failed: Choices must be numbers of answers")
    _poll(tx, call)
    if call.who.is_as_handle:
        handles.admit(tx, handle_id=call.me, actor_id=call.person)
    try:
        polls.vote(tx, call.here, actor_id=call.me, post_id=call.id(), choices=[int(text) for text in said])
    except Refused as error:
        # Apps know one answer to all that is wrong with a vote.
        raise Invalid(f"Validation failed: {error}") from error
    return _poll(tx, call)
