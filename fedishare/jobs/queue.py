"""A table, not a broker: a job is committed with the change that caused it, or not at all."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from fedishare.core.ids import fraction
from fedishare.db import work
from fedishare.db.engine import ring_after
from fedishare.jobs.types import AnyJob, Job

# A job that its process did not live to finish is taken up by another after so long.
LEASE: Final = timedelta(seconds=30)
# Roughly a week in all: what cannot be done by then is parked for the admin to see.
DELAYS: Final = tuple(
    timedelta(seconds=seconds) for seconds in (10, 60, 300, 1200, 3600, 10_800, 21_600, 43_200, *[86_400] * 7)
)
ENQUEUE: Final = insert(work.Job)
DUE: Final = (
    select(work.Job.id, work.Job.payload, work.Job.tries)
    .where(work.Job.failed_at.is_(None), work.Job.due_at <= bindparam("now"))
    .where(or_(work.Job.leased_until.is_(None), work.Job.leased_until < bindparam("now")))
    .order_by(work.Job.due_at, work.Job.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
LEASE_THEM: Final = (
    update(work.Job).where(work.Job.id.in_(bindparam("ids", expanding=True))).values(leased_until=bindparam("until"))
)
HAND_BACK: Final = update(work.Job).where(work.Job.id.in_(bindparam("ids", expanding=True))).values(leased_until=None)
FINISH: Final = delete(work.Job).where(work.Job.id == bindparam("job"))
RETRY: Final = (
    update(work.Job)
    .where(work.Job.id == bindparam("job"))
    .values(due_at=bindparam("due"), tries=bindparam("made"), leased_until=None, error=bindparam("why"))
)
PARK: Final = (
    update(work.Job)
    .where(work.Job.id == bindparam("job"))
    .values(failed_at=bindparam("now"), leased_until=None, error=bindparam("why"), tries=bindparam("made"))
)

_decoder: Final = msgspec.json.Decoder(AnyJob)


class Claimed(NamedTuple):
    id: int
    job: AnyJob
    tries: int


def enqueue(tx: Connection, job: Job, *, due: datetime) -> None:
    tx.execute(ENQUEUE, {"kind": type(job).__name__, "payload": msgspec.json.encode(job), "due_at": due, "tries": 0})
    ring_after(tx)


def claim(tx: Connection, *, now: datetime, limit: int) -> list[Claimed]:
    """Up to `limit` due jobs, leased to the caller; a lease that runs out gives the job to another."""
    rows = tx.execute(DUE, {"now": now, "limit": limit}).all()
    if rows:
        tx.execute(LEASE_THEM, {"ids": [row.id for row in rows], "until": now + LEASE})
    return [Claimed(row.id, _decoder.decode(row.payload), row.tries) for row in rows]


def renew(tx: Connection, ids: Collection[int], *, now: datetime) -> None:
    """The jobs are still being done: nobody else is to take them up."""
    if ids:
        tx.execute(LEASE_THEM, {"ids": list(ids), "until": now + LEASE})


def hand_back(tx: Connection, ids: Collection[int]) -> None:
    """The jobs were begun and given up, so that the next process may begin them at once."""
    if ids:
        tx.execute(HAND_BACK, {"ids": list(ids)})


def finish(tx: Connection, job_id: int) -> None:
    tx.execute(FINISH, {"job": job_id})


def retry(tx: Connection, job_id: int, *, tries: int, now: datetime, why: str, after: float | None = None) -> None:
    """Try again later, each time later than before; after the last time, park the job with its reason."""
    if tries >= len(DELAYS):
        park(tx, job_id, tries=tries + 1, now=now, why=why)
        return
    wait = timedelta(seconds=after) if after is not None else delay(tries)
    tx.execute(RETRY, {"job": job_id, "due": now + wait, "made": tries + 1, "why": why})


def park(tx: Connection, job_id: int, *, tries: int, now: datetime, why: str) -> None:
    """Stop trying; the row stays, for an admin to see what was not done and why."""
    tx.execute(PARK, {"job": job_id, "now": now, "why": why, "made": tries})


def delay(tries: int) -> timedelta:
    """How long to wait after the try number `tries` (from 0), spread by a fifth either way."""
    return DELAYS[min(tries, len(DELAYS) - 1)] * (0.8 + 0.4 * fraction())
