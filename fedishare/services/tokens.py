"""The life of a token: used, and revoked. Whatever ends one passes here, so what hangs on a token ends with it."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, update

from fedishare.db.accounts import Token

NOTED_EVERY: Final = timedelta(hours=1)
USED: Final = update(Token).where(Token.id == bindparam("token")).values(used_at=bindparam("now"))


def is_due(used_at: datetime | None, *, now: datetime) -> bool:
    return used_at is None or now - used_at >= NOTED_EVERY


def note_use(tx: Connection, *, token_id: int, now: datetime) -> None:
    tx.execute(USED, {"token": token_id, "now": now})
