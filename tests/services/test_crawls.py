"""When a conversation is asked around for."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.work import Job
from fedishare.domain.audience import Visibility
from fedishare.services import crawls
from tests.builders import MONDAY, FrozenClock, a_person, a_post

OLD = MONDAY - timedelta(hours=1)


async def jobs(db: Database) -> int:
    return await db.read(lambda tx: tx.scalar(select(func.count()).select_from(Job)) or 0)


async def test_of_many_who_open_a_thread_the_first_has_it_asked_for(
    db: Database, here: Here, clock: FrozenClock
) -> None:
    ada = await a_person(db, here, local=False)
    post = await a_post(db, here, by=ada, published_at=OLD)

    first = [await db.read(crawls.is_due, here, thread_id=post.id)]
    first += [await db.write(crawls.ask, here, thread_id=post.id) for _ in range(2)]
    first += [await db.read(crawls.is_due, here, thread_id=post.id)]
    clock.tick(minutes=11)
    later = [await db.read(crawls.is_due, here, thread_id=post.id), await db.write(crawls.ask, here, thread_id=post.id)]

    assert (first, later) == ([True, True, False, False], [True, True])
    assert await jobs(db) == 2


@pytest.mark.parametrize(
    ("local", "visibility", "minutes"),
    [
        pytest.param(True, Visibility.PUBLIC, 60, id="written-here"),
        pytest.param(False, Visibility.FOLLOWERS, 60, id="not-for-everybody"),
        pytest.param(False, Visibility.PUBLIC, 4, id="still-young"),
    ],
)
async def test_some_threads_are_not_asked_for(
    db: Database, here: Here, *, local: bool, visibility: Visibility, minutes: int
) -> None:
    by = await a_person(db, here, local=local)
    at = MONDAY - timedelta(minutes=minutes)
    post = await a_post(db, here, by=by, visibility=visibility, published_at=at)

    assert not await db.read(crawls.is_due, here, thread_id=post.id)
