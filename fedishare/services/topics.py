"""What a room sorts its posts by: hashtags, in an order of its own."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, delete

from fedishare.db.base import insert
from fedishare.db.rooms import Topic
from fedishare.domain import markup

MOST: Final = 30
CLEAR: Final = delete(Topic).where(Topic.room_id == bindparam("room"))
ADD: Final = insert(Topic).on_conflict_do_nothing()


def store(tx: Connection, *, room_id: int, labels: Sequence[str]) -> None:
    """Exactly these, by their labels; of a room elsewhere, as its document says."""
    tx.execute(CLEAR, {"room": room_id})
    named = {name: label for label in labels if (name := markup.fold_tag(label))}
    rows = [
        {"room_id": room_id, "name": name, "label": label, "position": place}
        for place, (name, label) in enumerate(list(named.items())[:MOST])
    ]
    if rows:
        tx.execute(ADD, rows)
