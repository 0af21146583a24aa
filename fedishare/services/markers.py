"""How far somebody has read."""

from typing import Final

from sqlalchemy import BigInteger, Connection, cast

from fedishare.core.here import Here
from fedishare.db.apps import Marker
from fedishare.db.base import insert

NOTIFICATIONS: Final = "notifications"
TIMELINES: Final = ("home", NOTIFICATIONS)
_marker = insert(Marker)
_changed: Final = {
    "last_read_id": _marker.excluded.last_read_id,
    "version": Marker.version + 1,
    "updated_at": _marker.excluded.updated_at,
}
SET: Final = _marker.on_conflict_do_update(index_elements=["actor_id", "timeline"], set_=_changed)
ADVANCE: Final = _marker.on_conflict_do_update(
    index_elements=["actor_id", "timeline"],
    set_=_changed,
    where=cast(Marker.last_read_id, BigInteger) < cast(_marker.excluded.last_read_id, BigInteger),
)


def place(tx: Connection, here: Here, *, actor_id: int, timeline: str, last_read_id: str) -> None:
    """Each change counts up, so that two devices see who was last."""
    row = {"actor_id": actor_id, "timeline": timeline, "last_read_id": last_read_id, "version": 1}
    tx.execute(SET, row | {"updated_at": here.now()})


def advance(tx: Connection, here: Here, *, actor_id: int, timeline: str, last_read_id: int) -> None:
    """They read on elsewhere: a marker that stands further on stays there."""
    row = {"actor_id": actor_id, "timeline": timeline, "last_read_id": str(last_read_id), "version": 1}
    tx.execute(ADVANCE, row | {"updated_at": here.now()})
