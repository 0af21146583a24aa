"""What an administrator does about what does not go out: try it now, or drop it.

What is dropped is counted, and told to the caller for the log.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select, update

from fedishare.db.engine import ring_after
from fedishare.db.nodes import Node
from fedishare.db.work import Delivery, Job
from fedishare.jobs import drops
from fedishare.jobs.drops import Dropped

# Parked and waiting, with the server's rest ended; its failures stay, so that one delivery goes first.
RETRY: Final = (
    update(Delivery)
    .where(Delivery.host == bindparam("name"))
    .values(failed_at=None, refused=False, due_at=bindparam("now"), tries=0, lost=0)
)
ANEW: Final = (
    update(Delivery)
    .where(Delivery.host == bindparam("name"), Delivery.failed_at.is_not(None))
    .values(since=bindparam("now"))
)
WAKE: Final = update(Node).where(Node.host == bindparam("name")).values(resting_until=None)
PARKED_AT: Final = select(Delivery.id).where(Delivery.host == bindparam("name"), Delivery.failed_at.is_not(None))
ALL_AT: Final = select(Delivery.id).where(Delivery.host == bindparam("name"))
RETRY_JOBS: Final = (
    update(Job)
    .where(Job.kind == bindparam("what"), Job.failed_at.is_not(None))
    .values(failed_at=None, due_at=bindparam("now"), tries=0, lost=0)
)
PARKED_JOBS: Final = select(Job.id).where(Job.kind == bindparam("what"), Job.failed_at.is_not(None))
OLD: Final = select(Delivery.id).where(Delivery.failed_at < bindparam("before"))
OLD_JOBS: Final = select(Job.id).where(Job.failed_at < bindparam("before"))


def retry(tx: Connection, *, host: str, now: datetime) -> int:
    """Everything for a server is due now, also what it refused. Answers how many deliveries that is."""
    tx.execute(ANEW, {"name": host, "now": now})
    tx.execute(WAKE, {"name": host})
    return _rung(tx, tx.execute(RETRY, {"name": host, "now": now}).rowcount)


def drop(tx: Connection, *, host: str, parked_only: bool) -> list[Dropped]:
    """Forget what was parked for a server, or all that is for it."""
    return drops.deliveries(tx, tx.scalars(PARKED_AT if parked_only else ALL_AT, {"name": host}).all())


def retry_jobs(tx: Connection, *, kind: str, now: datetime) -> int:
    """Parked jobs of one kind are due now. Answers how many."""
    return _rung(tx, tx.execute(RETRY_JOBS, {"what": kind, "now": now}).rowcount)


def drop_jobs(tx: Connection, *, kind: str) -> list[Dropped]:
    return drops.jobs(tx, tx.scalars(PARKED_JOBS, {"what": kind}).all())


def drop_old(tx: Connection, *, before: datetime) -> list[Dropped]:
    """What was parked long ago, and nobody asked for."""
    return [
        *drops.deliveries(tx, tx.scalars(OLD, {"before": before}).all()),
        *drops.jobs(tx, tx.scalars(OLD_JOBS, {"before": before}).all()),
    ]


def _rung(tx: Connection, changed: Any) -> int:
    if changed:
        ring_after(tx)
    return int(changed)
