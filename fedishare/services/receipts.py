"""What came in: each activity and each signature counts once; what was deleted, or undone too early, is remembered."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, delete, update

from fedishare.core import crash
from fedishare.db.base import insert
from fedishare.db.work import Received, SeenSignature, Tombstone

RECORD: Final = insert(Received).on_conflict_do_nothing(index_elements=["uri"]).returning(Received.uri)
REPLACE: Final = (
    update(Received)
    .where(Received.uri == bindparam("named"), Received.sender_id == bindparam("by"))
    .values(body=bindparam("bytes"), at=bindparam("now"), outcome=None)
    .returning(Received.uri)
)
SETTLE: Final = update(Received).where(Received.uri == bindparam("named")).values(outcome=bindparam("became"))
SEE: Final = (
    insert(SeenSignature).on_conflict_do_nothing(index_elements=["fingerprint"]).returning(SeenSignature.expires_at)
)
REMEMBER: Final = insert(Tombstone).on_conflict_do_nothing(index_elements=["uri"])
UNDONE_PREFIX: Final = "undone "
UNDONE: Final = delete(Tombstone).where(Tombstone.uri == bindparam("named")).returning(Tombstone.at)


def record(tx: Connection, *, uri: str, sender_id: int, kind: str, body: bytes, at: datetime) -> bool:
    """Keep an activity as it came. Answers False for one that is here already."""
    row = {"uri": uri, "sender_id": sender_id, "type": kind, "body": body, "at": at}
    return tx.execute(RECORD, row).scalar() is not None


def replace(tx: Connection, *, uri: str, sender_id: int, body: bytes, at: datetime) -> bool:
    """Keep what came under an id that the same sender used before, in place of that."""
    row = {"named": uri, "by": sender_id, "bytes": body, "now": at}
    return tx.execute(REPLACE, row).scalar() is not None


def settle(tx: Connection, *, uri: str, outcome: str) -> None:
    """Write down what became of it."""
    tx.execute(SETTLE, {"named": uri, "became": outcome})


def use_signature(tx: Connection, *, fingerprint: bytes, expires_at: datetime) -> bool:
    """Whether the signature is used for the first time (SIG-17)."""
    return tx.execute(SEE, {"fingerprint": fingerprint, "expires_at": expires_at}).scalar() is not None


def remember_deleted(tx: Connection, *, uri: str, now: datetime) -> None:
    """What this address named is gone for good, whether we had it or not (SEQ-01)."""
    tx.execute(REMEMBER, {"uri": uri, "at": now})
    crash.point("tombstone.written")


def remember_undone(tx: Connection, *, uri: str, now: datetime) -> None:
    """Something was undone that never came; if it still comes, it is too late (SEQ-03)."""
    remember_deleted(tx, uri=UNDONE_PREFIX + uri, now=now)


def was_undone(tx: Connection, *, uri: str, since: datetime) -> bool:
    """Whether this was undone before it came, and not too long ago; asking forgets it."""
    at = tx.execute(UNDONE, {"named": UNDONE_PREFIX + uri}).scalar()
    return at is not None and at >= since
