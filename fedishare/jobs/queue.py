"""A table, not a broker: a job is committed with the change that caused it, or not at all."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection, bindparam, delete, exists, insert, or_, select, update

from fedishare.core import crash
from fedishare.core.ids import fraction
from fedishare.db import work
from fedishare.db.base import aliased
from fedishare.db.engine import ring_after
from fedishare.jobs.types import AnyJob, Job, Lane

# A job that its process did not live to finish is taken up by another after so long.
LEASE: Final = timedelta(seconds=30)
# Roughly a week in all: what cannot be done by then is parked for the admin to see.
DELAYS: Final = tuple(
    timedelta(seconds=seconds) for seconds in (10, 60, 300, 1200, 3600, 10_800, 21_600, 43_200, *[86_400] * 7)
)
# Whatever was under way when the process ended so often is done with nothing of its kind beside it,
# and after so many times never again: then it is what ends the process (REL-12).
SUSPECT: Final = 2
MOST_LOST: Final = 4
LONGEST_REASON: Final = 1000

ENQUEUE: Final = insert(work.Job)
_older = aliased(work.Job)
# What is about one thing is done in the order in which it happened (REL-05).
_waits: Final = exists().where(
    _older.line == work.Job.line, _older.failed_at.is_(None), _older.id < work.Job.id, _older.line.is_not(None)
)
DUE: Final = (
    select(work.Job.id, work.Job.payload, work.Job.tries, work.Job.lost, work.Job.leased_until)
    .where(work.Job.failed_at.is_(None), work.Job.lane == bindparam("lane"), work.Job.due_at <= bindparam("now"))
    .where(or_(work.Job.leased_until.is_(None), work.Job.leased_until < bindparam("now")), ~_waits)
    .order_by(work.Job.due_at, work.Job.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True, of=work.Job)
)
LEASE_THEM: Final = (
    update(work.Job).where(work.Job.id.in_(bindparam("ids", expanding=True))).values(leased_until=bindparam("until"))
)
COUNT_LOST: Final = (
    update(work.Job)
    .where(work.Job.id == bindparam("job"))
    .values(lost=bindparam("times"), lane=bindparam("to"), leased_until=None)
)
HAND_BACK: Final = update(work.Job).where(work.Job.id.in_(bindparam("ids", expanding=True))).values(leased_until=None)
FINISH: Final = delete(work.Job).where(work.Job.id == bindparam("job")).returning(work.Job.line)
RETRY: Final = (
    update(work.Job)
    .where(work.Job.id == bindparam("job"))
    .values(due_at=bindparam("due"), tries=bindparam("made"), leased_until=None, error=bindparam("why"))
)
PARK: Final = (
    update(work.Job)
    .where(work.Job.id == bindparam("job"))
    .values(failed_at=bindparam("now"), leased_until=None, error=bindparam("why"), tries=bindparam("made"))
    .returning(work.Job.line)
)

_decoder: Final = msgspec.json.Decoder(AnyJob)


class Claimed(NamedTuple):
    id: int
    job: AnyJob
    tries: int


def enqueue(tx: Connection, job: Job, *, due: datetime) -> None:
    row = {"kind": type(job).__name__, "payload": msgspec.json.encode(job), "due_at": due, "tries": 0}
    tx.execute(ENQUEUE, row | {"lane": job.lane, "line": job.line})
    crash.point("job.enqueued")
    ring_after(tx)


def claim(tx: Connection, *, now: datetime, limit: int, lane: Lane = Lane.OURS) -> list[Claimed]:
    """Up to `limit` due jobs of one lane, leased to the caller; a lease that runs out gives the job to another.

    What nobody can read is parked, so that it does not stand in the way of the rest.
    """
    rows = tx.execute(DUE, {"now": now, "limit": limit, "lane": lane}).all()
    found = [claimed for row in rows if (claimed := _read(tx, row, now=now, lane=lane)) is not None]
    if found:
        tx.execute(LEASE_THEM, {"ids": [claimed.id for claimed in found], "until": now + LEASE})
        crash.point("job.claimed")
    return found


def _read(tx: Connection, row: Any, *, now: datetime, lane: Lane) -> Claimed | None:
    """The job of a row, if it is to be done now: a lease that ran out means that the process ended over it."""
    if row.leased_until is not None and _is_put_aside(tx, row, now=now, lane=lane):
        return None
    try:
        return Claimed(row.id, _decoder.decode(row.payload), row.tries)
    except msgspec.DecodeError as error:
        why = f"this version of FediShare does not know such a job: {error}"
        park(tx, row.id, tries=row.tries, now=now, why=why)
        return None


def _is_put_aside(tx: Connection, row: Any, *, now: datetime, lane: Lane) -> bool:
    lost = row.lost + 1
    if lost >= MOST_LOST:
        why = f"the process ended {lost} times while this was being done"
        park(tx, row.id, tries=row.tries, now=now, why=why)
        return True
    to = Lane.ALONE if lost >= SUSPECT else lane
    tx.execute(COUNT_LOST, {"job": row.id, "times": lost, "to": to})
    return to is not lane


def renew(tx: Connection, ids: Collection[int], *, now: datetime) -> None:
    """The jobs are still being done: nobody else is to take them up."""
    if ids:
        tx.execute(LEASE_THEM, {"ids": list(ids), "until": now + LEASE})


def hand_back(tx: Connection, ids: Collection[int]) -> None:
    """The jobs were begun and given up, so that the next process may begin them at once."""
    if ids:
        tx.execute(HAND_BACK, {"ids": list(ids)})


def finish(tx: Connection, job_id: int) -> None:
    line = tx.execute(FINISH, {"job": job_id}).scalar()
    crash.point("job.forgotten")
    _next_in_line(tx, line)


def retry(tx: Connection, job_id: int, *, tries: int, now: datetime, why: str, after: float | None = None) -> None:
    """Try again later, each time later than before; after the last time, park the job with its reason."""
    if tries >= len(DELAYS):
        park(tx, job_id, tries=tries + 1, now=now, why=why)
        return
    wait = timedelta(seconds=after) if after is not None else delay(tries)
    tx.execute(RETRY, {"job": job_id, "due": now + wait, "made": tries + 1, "why": reason(why)})


def park(tx: Connection, job_id: int, *, tries: int, now: datetime, why: str) -> None:
    """Stop trying; the row stays, for an admin to see what was not done and why."""
    row = {"job": job_id, "now": now, "why": reason(why), "made": tries}
    _next_in_line(tx, tx.execute(PARK, row).scalar())


def _next_in_line(tx: Connection, line: str | None) -> None:
    if line is not None:
        ring_after(tx)


def reason(why: str) -> str:
    """What went wrong, as every database can keep it: other servers have a say in it, and send what they like."""
    return why.replace("\0", " ").encode("utf-8", "replace").decode()[:LONGEST_REASON]


def delay(tries: int) -> timedelta:
    """How long to wait after the try number `tries` (from 0), spread by a fifth either way."""
    return DELAYS[min(tries, len(DELAYS) - 1)] * (0.8 + 0.4 * fraction())
