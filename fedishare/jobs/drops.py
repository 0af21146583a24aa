"""What is thrown away undone.

It is counted here, and told to the caller, who writes it into the log: nothing goes silently.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, select

from fedishare.db.base import insert
from fedishare.db.work import DELIVERIES_DROPPED, JOBS_DROPPED, Activity, Counter, Delivery, Job

SOME: Final = 500

_count = insert(Counter).values(name=bindparam("what"), value=bindparam("more"))
COUNT: Final = _count.on_conflict_do_update(
    index_elements=["name"], set_={"value": Counter.value + _count.excluded.value}
)
WHICH: Final = (
    select(Activity.type, Activity.uri, Delivery.inbox)
    .join(Activity, Activity.id == Delivery.activity_id)
    .where(Delivery.id.in_(bindparam("ids", expanding=True)))
    .order_by(Delivery.id)
)
DROP: Final = delete(Delivery).where(Delivery.id.in_(bindparam("ids", expanding=True)))
WHICH_JOBS: Final = select(Job.kind, Job.error).where(Job.id.in_(bindparam("ids", expanding=True))).order_by(Job.id)
DROP_JOBS: Final = delete(Job).where(Job.id.in_(bindparam("ids", expanding=True)))


class Dropped(NamedTuple):
    """One thing that will not be done: what it was, and where it would have gone or why it failed."""

    what: str
    detail: str


def deliveries(tx: Connection, ids: Sequence[int]) -> list[Dropped]:
    gone: list[Dropped] = []
    for start in range(0, len(ids), SOME):
        some = {"ids": list(ids[start : start + SOME])}
        gone += [Dropped(f"{row.type} {row.uri}", row.inbox) for row in tx.execute(WHICH, some)]
        tx.execute(DROP, some)
    return _counted(tx, DELIVERIES_DROPPED, gone)


def jobs(tx: Connection, ids: Sequence[int]) -> list[Dropped]:
    gone: list[Dropped] = []
    for start in range(0, len(ids), SOME):
        some = {"ids": list(ids[start : start + SOME])}
        gone += [Dropped(row.kind, row.error or "") for row in tx.execute(WHICH_JOBS, some)]
        tx.execute(DROP_JOBS, some)
    return _counted(tx, JOBS_DROPPED, gone)


def _counted(tx: Connection, what: str, gone: list[Dropped]) -> list[Dropped]:
    if gone:
        tx.execute(COUNT, {"what": what, "more": len(gone)})
    return gone
