"""Marking what is in a room as seen."""

from typing import Final

from sqlalchemy import Connection, bindparam, case, func, select

from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.posts import Post
from fedishare.db.rooms import Carried
from fedishare.db.visits import Visit

NEWEST: Final = select(
    select(func.max(Post.filed_id)).where(Post.room_id == bindparam("room")).scalar_subquery(),
    select(func.max(Carried.entry_id)).where(Carried.room_id == bindparam("room")).scalar_subquery(),
)
_seen = insert(Visit)
_is_later = _seen.excluded.seen_upto > Visit.seen_upto
SEE: Final = _seen.on_conflict_do_update(
    index_elements=["person_id", "room_id"],
    set_={
        "seen_upto": case((_is_later, _seen.excluded.seen_upto), else_=Visit.seen_upto),
        "seen_at": case((_is_later, _seen.excluded.seen_at), else_=Visit.seen_at),
    },
)


def see(tx: Connection, here: Here, *, person_id: int, room_id: int, upto: int) -> None:
    """Somebody has seen all of a room up to the entry `upto`; an older page on another device takes nothing back."""
    newest = [entry for entry in tx.execute(NEWEST, {"room": room_id}).one() if entry is not None]
    if not newest:
        return
    # Nobody can have seen what is still to come.
    row = {"person_id": person_id, "room_id": room_id, "seen_upto": min(upto, max(newest))}
    tx.execute(SEE, row | {"seen_at": here.now()})
