"""What programs send: once, however often they send it, and with their name on it."""

from datetime import timedelta
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, select, update

from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.submissions import PostApp, Submission

KEPT: Final = timedelta(hours=1)
LONGEST_KEY: Final = 255
CLAIM: Final = insert(Submission).on_conflict_do_nothing(index_elements=["actor_id", "key"]).returning(Submission.key)
KNOWN: Final = select(Submission.result_id, Submission.is_scheduled).where(
    Submission.actor_id == bindparam("actor"), Submission.key == bindparam("named")
)
SETTLE: Final = (
    update(Submission)
    .where(Submission.actor_id == bindparam("actor"), Submission.key == bindparam("named"))
    .values(result_id=bindparam("result"), is_scheduled=bindparam("waits"))
)
EXPIRE: Final = delete(Submission).where(Submission.created_at < bindparam("before"))
SIGN: Final = insert(PostApp).on_conflict_do_nothing(index_elements=["post_id"])


class Result(NamedTuple):
    id: int
    is_scheduled: bool


def claim(tx: Connection, here: Here, *, actor_id: int, key: str) -> Result | None:
    """What came of a request with this key before; None for one that is new, and from now on is known.

    Two at once: the second waits for the first to be committed, and gets what came of it.
    """
    now = here.now()
    tx.execute(EXPIRE, {"before": now - KEPT})
    row = {"actor_id": actor_id, "key": key, "result_id": None, "is_scheduled": False, "created_at": now}
    if tx.execute(CLAIM, row).scalar() is not None:
        return None
    known = tx.execute(KNOWN, {"actor": actor_id, "named": key}).one_or_none()
    return Result(known.result_id, bool(known.is_scheduled)) if known is not None and known.result_id else None


def settle(tx: Connection, *, actor_id: int, key: str, result: Result) -> None:
    """What came of it, in the commit in which it came."""
    said = {"actor": actor_id, "named": key, "result": result.id, "waits": result.is_scheduled}
    tx.execute(SETTLE, said)


def sign(tx: Connection, *, post_id: int, app_id: int | None) -> None:
    """The program with which a post was written."""
    if app_id is not None:
        tx.execute(SIGN, {"post_id": post_id, "app_id": app_id})
