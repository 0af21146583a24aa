"""The queue of jobs: order where it matters, lanes where waiting is likely, and no job that stops the others."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from fedishare.db import work
from fedishare.db.engine import Database
from fedishare.domain.kinds import ReactionKind
from fedishare.jobs import queue
from fedishare.jobs.queue import LEASE, MOST_LOST
from fedishare.jobs.types import (
    AnswerFollow,
    Distribute,
    FetchParent,
    Job,
    Lane,
    LookUpNode,
    PublishDeletion,
    PublishPost,
    PublishReaction,
    PublishUndo,
    Receive,
    SendBlock,
    SendFollow,
    SendUnfollow,
    Sweep,
)
from tests.builders import FrozenClock


async def enqueue(db: Database, clock: FrozenClock, *jobs: Job) -> None:
    def all_of_them(tx: Connection) -> None:
        for job in jobs:
            queue.enqueue(tx, job, due=clock.now())

    await db.write(all_of_them)


async def claim(db: Database, clock: FrozenClock, *, lane: Lane = Lane.OURS) -> list[queue.Claimed]:
    return await db.write(queue.claim, now=clock.now(), limit=10, lane=lane)


async def finish(db: Database, claimed: Collection[queue.Claimed]) -> None:
    for one in claimed:
        await db.write(queue.finish, one.id)


def rows(tx: Connection) -> list[tuple[Any, ...]]:
    """Kind, how often it was lost, and why it was parked."""
    return [
        tuple(row) for row in tx.execute(select(work.Job.kind, work.Job.lost, work.Job.error).order_by(work.Job.id))
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(PublishPost(7), PublishDeletion(7), id="a-post-and-its-end"),
        pytest.param(PublishReaction(3, 7), PublishUndo(ReactionKind.LIKE, "u", 4, 7), id="a-like-and-its-undoing"),
        pytest.param(SendFollow(1, 2, 3), SendUnfollow(2, 3, "u"), id="a-follow-and-its-undoing"),
        pytest.param(AnswerFollow(2, 3, "u", accept=True), SendBlock(1, 3, 2), id="an-answer-and-a-block"),
        pytest.param(Distribute(1, "a", 7), Distribute(1, "b", 7), id="what-a-room-passes-on"),
    ],
)
async def test_what_is_about_one_thing_is_done_in_the_order_in_which_it_happened(
    db: Database, clock: FrozenClock, first: Job, second: Job
) -> None:
    await enqueue(db, clock, first, second, PublishPost(8))

    together = await claim(db, clock)
    await finish(db, together)
    after = await claim(db, clock)

    assert [one.job for one in together] == [first, PublishPost(8)]
    assert [one.job for one in after] == [second]


async def test_even_what_has_to_wait_is_not_overtaken_until_it_is_given_up(db: Database, clock: FrozenClock) -> None:
    await enqueue(db, clock, PublishPost(7), PublishDeletion(7))
    (post,) = await claim(db, clock)

    await db.write(queue.retry, post.id, tries=0, now=clock.now(), why="nobody answers")
    while_it_waits = await claim(db, clock)
    await db.write(queue.park, post.id, tries=5, now=clock.now(), why="it raises")
    after = await claim(db, clock)

    assert (while_it_waits, [one.job for one in after]) == ([], [PublishDeletion(7)])


async def test_work_that_hangs_on_others_takes_no_place_from_our_own(db: Database, clock: FrozenClock) -> None:
    await enqueue(db, clock, Receive("a"), FetchParent(1), LookUpNode("oak.test"), Sweep())

    ours, fetching = await claim(db, clock), await claim(db, clock, lane=Lane.FETCHING)

    assert [one.job for one in ours] == [Sweep()]
    assert [one.job for one in fetching] == [Receive("a"), FetchParent(1), LookUpNode("oak.test")]


@pytest.mark.parametrize(
    "payload", [b"", b"\xff", b"{}", b'{"type":"Unheard"}', b'{"type":"PublishPost","post_id":"x"}']
)
async def test_a_job_that_nobody_can_read_is_parked_and_the_others_are_done(
    db: Database, clock: FrozenClock, payload: bytes
) -> None:
    row = {"kind": "Odd", "payload": payload, "due_at": clock.now(), "tries": 0}
    await db.write(lambda tx: tx.execute(insert(work.Job).values(row)).rowcount)
    await enqueue(db, clock, Sweep())

    claimed = await claim(db, clock)

    [(_, _, why), _] = await db.read(rows)
    assert [one.job for one in claimed] == [Sweep()]
    assert why.startswith("this version of FediShare does not know such a job")


async def test_a_job_that_ends_the_process_is_soon_done_alone_and_then_never_again(
    db: Database, clock: FrozenClock
) -> None:
    await enqueue(db, clock, PublishPost(1))
    lanes = []
    for _ in range(MOST_LOST):
        claimed = {lane: await claim(db, clock, lane=lane) for lane in Lane}
        lanes.append([lane for lane, found in claimed.items() if found])
        clock.tick(seconds=LEASE.total_seconds() + 1)

    assert await claim(db, clock, lane=Lane.ALONE) == []
    assert lanes == [[Lane.OURS], [Lane.OURS], [Lane.ALONE], [Lane.ALONE]]
    assert await db.read(rows) == [("PublishPost", 3, "the process ended 4 times while this was being done")]


async def test_what_was_handed_back_was_not_lost(db: Database, clock: FrozenClock) -> None:
    await enqueue(db, clock, PublishPost(1))
    for _ in range(MOST_LOST + 1):
        claimed = await claim(db, clock)
        await db.write(queue.hand_back, [one.id for one in claimed])
        clock.tick(seconds=LEASE.total_seconds() + 1)

    assert await db.read(rows) == [("PublishPost", 0, None)]


async def test_a_number_is_never_given_twice(db: Database, clock: FrozenClock) -> None:
    """Whoever comes back after its lease, and ticks off what another has done, must not tick off something new."""
    await enqueue(db, clock, PublishPost(1))
    late = await claim(db, clock)
    clock.tick(seconds=LEASE.total_seconds() + 1)
    await finish(db, await claim(db, clock))
    await enqueue(db, clock, PublishPost(2))

    await finish(db, late)

    assert await db.read(rows) == [("PublishPost", 0, None)]


async def test_what_went_wrong_is_kept_whatever_was_said(db: Database, clock: FrozenClock) -> None:
    await enqueue(db, clock, PublishPost(1))
    (claimed,) = await claim(db, clock)

    await db.write(queue.park, claimed.id, tries=1, now=clock.now(), why="a\0b \ud800" + "x" * 5000)

    [(_, _, why)] = await db.read(rows)
    assert (why[:5], len(why)) == ("a b ?", queue.LONGEST_REASON)


async def test_a_job_that_waits_longer_than_its_delay_is_due_again(db: Database, clock: FrozenClock) -> None:
    await enqueue(db, clock, PublishPost(1))
    (claimed,) = await claim(db, clock)
    await db.write(queue.retry, claimed.id, tries=0, now=clock.now(), why="later", after=60)

    soon = await claim(db, clock)
    clock.tick(seconds=timedelta(seconds=61).total_seconds())
    due = await claim(db, clock)

    assert (soon, [one.tries for one in due]) == ([], [1])
