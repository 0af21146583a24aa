"""Doing something as whom the app acts."""

from sqlalchemy import Connection

from fedishare.api.calls import Call
from fedishare.core.errors import Refused
from fedishare.domain.permissions import Verb, may
from fedishare.services import handles


def me(tx: Connection, call: Call) -> int:
    """As whom it is done. Raises Refused for somebody who has just stopped running the handle.

    What a handle does has to pass `handles.admit`, which holds the row until the commit.
    """
    if call.who.is_as_handle:
        handles.admit(tx, handle_id=call.me, actor_id=call.person)
    return call.me


def refuse_reader(call: Call) -> None:
    """Raises Refused for whoever may read here and not write."""
    if not may(call.who.role, Verb.POST):
        raise Refused("This account may read, but not write.")
