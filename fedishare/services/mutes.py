"""Not to hear of somebody: for good or for a time, in the notices as well or at home alone."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, delete, select

from fedishare.core.errors import Refused
from fedishare.core.here import Here
from fedishare.db.base import UtcDateTime, insert
from fedishare.db.follows import Mute
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import EndMute

_mute = insert(Mute)
RECORD: Final = _mute.on_conflict_do_update(
    index_elements=["muter_id", "muted_id"],
    set_={"notices": _mute.excluded.notices, "ends_at": _mute.excluded.ends_at},
)
_between = (Mute.muter_id == bindparam("muter"), Mute.muted_id == bindparam("muted"))
REMOVE: Final = delete(Mute).where(*_between).returning(Mute.muted_id)
END: Final = delete(Mute).where(*_between, Mute.ends_at <= bindparam("now", type_=UtcDateTime()))
OF: Final = select(Mute.muter_id, Mute.notices, Mute.ends_at).where(Mute.muted_id == bindparam("muted"))


def mute(
    tx: Connection, here: Here, *, muter_id: int, muted_id: int, notices: bool = True, ends_at: datetime | None = None
) -> None:
    """Not to be shown somebody at home, nor with `notices` told of them; they do not learn of it, and a follow stays.

    Pressed again, it is as was said last. Raises Refused for oneself.
    """
    if muter_id == muted_id:
        raise Refused("You cannot mute yourself.")
    row = {"muter_id": muter_id, "muted_id": muted_id, "notices": notices, "ends_at": ends_at}
    tx.execute(RECORD, row | {"created_at": here.now()})
    if ends_at is not None:
        enqueue(tx, EndMute(muter_id, muted_id), due=ends_at)


def unmute(tx: Connection, *, muter_id: int, muted_id: int) -> bool:
    return tx.execute(REMOVE, {"muter": muter_id, "muted": muted_id}).scalar() is not None


def end(tx: Connection, here: Here, job: EndMute) -> None:
    """Its time is over, unless somebody gave it more meanwhile."""
    tx.execute(END, {"muter": job.muter_id, "muted": job.muted_id, "now": here.now()})


def carry(tx: Connection, here: Here, *, old_id: int, new_id: int) -> None:
    """Whoever muted an account mutes its new one, too."""
    for row in tx.execute(OF, {"muted": old_id}).all():
        if row.muter_id != new_id:
            mute(tx, here, muter_id=row.muter_id, muted_id=new_id, notices=row.notices, ends_at=row.ends_at)
