"""Deciding whose notices are shown, and answering those whose are held back."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.notices import NoticePermission, NoticePolicy
from fedishare.domain.notices import Policy
from fedishare.queries import notifications
from fedishare.queries.notifications import Wanted
from fedishare.services import notices

_decided = insert(NoticePolicy)
DECIDE: Final = _decided.on_conflict_do_update(
    index_elements=["actor_id"], set_={name: getattr(_decided.excluded, name) for name in Policy._fields}
)
PERMIT: Final = insert(NoticePermission).on_conflict_do_nothing()


def decide(tx: Connection, *, recipient_id: int, policy: Policy) -> None:
    tx.execute(DECIDE, {"actor_id": recipient_id} | policy._asdict())


def accept(tx: Connection, here: Here, *, recipient_id: int, senders: Sequence[int]) -> None:
    """Show what these people did and will do, whatever the policy says of people like them."""
    rows = [{"recipient_id": recipient_id, "sender_id": each, "created_at": here.now()} for each in senders]
    if rows:
        tx.execute(PERMIT, rows)


def dismiss(tx: Connection, here: Here, *, recipient_id: int, senders: Sequence[int]) -> None:
    """Away with what is held back of these people. What they do from now on is held back anew."""
    wanted = Wanted(recipient_id, here.now())
    held = notifications.held_of(tx, wanted, senders=senders)
    notices.dismiss(tx, recipient_id=recipient_id, ids=held)
