"""How often somebody may try to sign in, counted in the database: all processes of a node count together."""

from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, bindparam, select

from fedishare.core.errors import TooMany
from fedishare.core.here import Here
from fedishare.db.accounts import Tries
from fedishare.db.base import insert, lock

BURST: Final = 10
A_MINUTE: Final = 5.0
LEFT: Final = select(Tries.left, Tries.at).where(Tries.key == bindparam("named"))
_row = insert(Tries)
KEEP: Final = _row.on_conflict_do_update(
    index_elements=["key"], set_={"left": _row.excluded.left, "at": _row.excluded.at}
)


def spend(tx: Connection, here: Here, *, at: str, by: str) -> None:
    """One try at the account `at`, from where `by` is. Raises TooMany, and spends nothing, where either has none left.

    What is kept are hashes: from where people sign in is nobody's business.
    """
    keys = [sha256(f"{kind} {who}".encode()).digest() for kind, who in (("as", at), ("from", by))]
    lock(tx, *(key.hex() for key in keys))
    for key in keys:
        now, found = here.now(), tx.execute(LEFT, {"named": key}).one_or_none()
        passed = max(0.0, (now - found.at).total_seconds()) if found is not None else 0.0
        left = min(float(BURST), found.left + passed * A_MINUTE / 60) if found is not None else float(BURST)
        if left < 1:
            wait = max(1, int((1 - left) * 60 / A_MINUTE) + 1)
            raise TooMany(f"Too many tries. Please wait {wait} seconds and try again.", retry_after=wait)
        tx.execute(KEEP, {"key": key, "left": left - 1, "at": now})
