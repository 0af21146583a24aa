"""Marking what is in a room as seen."""

from typing import Final

from sqlalchemy import Connection, bindparam, case, func, select

from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.posts import Post
from fedishare.db.visits import Visit

NEWEST: Final = select(func.max(Post.filed_id)).where(Post.room_id == bindparam("room"))
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
    newest = tx.scalar(NEWEST, {"room": room_id})
    if newest is None:
        return
    # Nobody can have seen what is still to come.
    row = {"person_id": person_id, "room_id": room_id, "seen_upto": min(upto, newest)}
    tx.execute(SEE, row | {"seen_at": here.now()})
