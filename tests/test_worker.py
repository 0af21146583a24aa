"""The worker: every job is done, none is lost, and one that fails stops no other."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.work import Job
from fedishare.jobs import queue
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import Forget, SendUse, Sweep
from fedishare.net.addresses import Allowed
from fedishare.net.client import Client
from fedishare.net.storage import Storage
from fedishare.worker import TRIES_OF_A_FAULTY_JOB, Worker
from tests.builders import FrozenClock


@pytest.fixture
async def tools(db: Database, here: Here, storage: Storage, clock: FrozenClock) -> AsyncIterator[Tools]:
    client = Client(allowed=Allowed(()), clock=clock, own_origin=here.uris.origin, user_agent="test")
    async with client:
        yield Tools(db, client, here, storage)


async def stored(tools: Tools) -> Path:
    return tools.storage.path((await tools.storage.save_bytes(b"file")).key)


def jobs(tx: Connection) -> list[tuple[str, int, bool]]:
    """Kind, tries, and whether it was given up."""
    rows = tx.execute(select(Job.kind, Job.tries, Job.failed_at).order_by(Job.id))
    return [(row.kind, row.tries, row.failed_at is not None) for row in rows]


async def test_what_is_due_is_done_and_forgotten(tools: Tools, clock: FrozenClock) -> None:
    now, later = await stored(tools), await stored(tools)
    await tools.db.write(queue.enqueue, Forget((now.name,)), due=clock.now())
    await tools.db.write(queue.enqueue, Forget((later.name,)), due=clock.now() + timedelta(hours=1))

    done = await Worker(tools).drain()

    assert (done, now.exists(), later.exists()) == (1, False, True)
    assert await tools.db.read(jobs) == [("Forget", 0, False)]


async def test_a_job_that_makes_no_sense_stops_no_other_and_is_put_aside(tools: Tools, clock: FrozenClock) -> None:
    file = await stored(tools)
    await tools.db.write(queue.enqueue, SendUse(404), due=clock.now())
    await tools.db.write(queue.enqueue, Forget((file.name,)), due=clock.now())

    for _ in range(TRIES_OF_A_FAULTY_JOB):
        await Worker(tools).drain()
        clock.tick(days=2)

    assert not file.exists()
    assert [job for job in await tools.db.read(jobs) if not job[2]] == []


async def test_a_job_that_has_to_wait_is_tried_later_and_later_and_then_kept_for_the_admin(
    tools: Tools, clock: FrozenClock
) -> None:
    await tools.db.write(queue.enqueue, Sweep(), due=clock.now())
    (claimed,) = await tools.db.write(queue.claim, now=clock.now(), limit=1)
    waits = []
    for tries in range(len(queue.DELAYS) + 1):
        await tools.db.write(queue.retry, claimed.id, tries=tries, now=clock.now(), why="nobody answers")
        due = await tools.db.read(lambda tx: tx.scalar(select(Job.due_at)))
        waits.append(due - clock.now() if due else None)

    assert await tools.db.read(jobs) == [("Sweep", len(queue.DELAYS) + 1, True)]
    assert sum(queue.DELAYS, timedelta()) >= timedelta(days=7)
    assert all(0.8 * usual <= (wait or usual) <= 1.2 * usual for usual, wait in zip(queue.DELAYS, waits, strict=False))


async def test_a_job_belongs_to_one_worker_until_its_lease_runs_out(tools: Tools, clock: FrozenClock) -> None:
    await tools.db.write(queue.enqueue, Sweep(), due=clock.now())

    first = await tools.db.write(queue.claim, now=clock.now(), limit=5)
    second = await tools.db.write(queue.claim, now=clock.now(), limit=5)
    await tools.db.write(queue.renew, [job.id for job in first], now=clock.now() + timedelta(seconds=20))
    clock.tick(seconds=queue.LEASE.total_seconds() + 1)
    renewed = await tools.db.write(queue.claim, now=clock.now(), limit=5)
    clock.tick(seconds=queue.LEASE.total_seconds())
    after_a_kill = await tools.db.write(queue.claim, now=clock.now(), limit=5)

    assert [len(claimed) for claimed in (first, second, renewed, after_a_kill)] == [1, 0, 0, 1]


async def test_a_stopped_worker_hands_back_what_it_had_begun(tools: Tools, clock: FrozenClock) -> None:
    file = await stored(tools)
    await tools.db.write(queue.enqueue, Forget((file.name,)), due=clock.now())
    worker = asyncio.create_task(Worker(tools).run())
    while file.exists():  # noqa: ASYNC110 -- a file has no event to wait for
        await asyncio.sleep(0.01)

    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)

    leased = select(Job.id).where(Job.leased_until.is_not(None))
    assert await tools.db.read(lambda tx: tx.scalars(leased).all()) == []


async def test_a_job_that_takes_long_stays_with_its_worker(
    tools: Tools, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def endless(*_: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr("fedishare.worker.TABLE", {Sweep: endless})
    monkeypatch.setattr(queue, "LEASE", timedelta(milliseconds=30))
    worker = asyncio.create_task(Worker(tools).run())
    await begun.wait()
    renewed = select(Job.id).where(Job.leased_until > clock.now() + queue.LEASE)
    clock.tick(milliseconds=20)  # Less than the lease, so that nobody can claim the job a second time.

    try:
        async with asyncio.timeout(20):
            while not await tools.db.read(lambda tx: tx.scalars(renewed).all()):  # noqa: ASYNC110 -- as above
                await asyncio.sleep(0.01)
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


async def test_two_workers_share_the_work_and_do_nothing_twice(tools: Tools, clock: FrozenClock) -> None:
    files = [await stored(tools) for _ in range(20)]
    for file in files:
        await tools.db.write(queue.enqueue, Forget((file.name,)), due=clock.now())

    done = await asyncio.gather(Worker(tools).drain(), Worker(tools).drain())

    assert sum(done) == len(files)
    assert not any(file.exists() for file in files)


async def test_a_lease_of_somebody_who_was_killed_is_no_end(tools: Tools, clock: FrozenClock) -> None:
    file = await stored(tools)
    await tools.db.write(queue.enqueue, Forget((file.name,)), due=clock.now())
    await tools.db.write(queue.claim, now=clock.now(), limit=1)
    assert await Worker(tools).drain() == 0

    clock.tick(seconds=queue.LEASE.total_seconds() + 1)

    assert await Worker(tools).drain() == 1
    assert not file.exists()
