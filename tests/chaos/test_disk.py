"""Our own disk is full, or another program holds the database: others come again, and it goes on by itself."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from fedishare.core.errors import Unreachable
from fedishare.core.here import Here
from fedishare.db.engine import Database, Sqlite
from fedishare.db.posts import Post
from fedishare.db.work import Received
from fedishare.inbox import receive
from fedishare.jobs import queue
from fedishare.jobs.deliveries import LEASE
from fedishare.jobs.queue import MOST_LOST
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import Forget
from fedishare.outbox.deliver import Courier
from fedishare.worker import Worker
from tests.builders import FrozenClock, Made, a_follow_row, a_person
from tests.chaos.peers import Chaos
from tests.inbox.elsewhere import ACTIVITY, Document, a_note, an_activity
from tests.inbox.elsewhere import a_letter as a_signed
from tests.live.town import eventually
from tests.outbox.town import a_letter, parked, post, waiting

BIG = 40_000


@pytest.fixture
async def db(empty_sqlite: Path, tmp_path: Path) -> AsyncIterator[Sqlite]:
    """A database of SQLite alone: on PostgreSQL the disk is not ours."""
    path = tmp_path / "node.db"
    shutil.copy(empty_sqlite, path)
    found = await Sqlite.open(path)
    yield found
    await found.close()


def pragma(tx: Connection, words: str) -> Any:
    return tx.exec_driver_sql(f"PRAGMA {words}").scalar()


async def full(db: Sqlite) -> None:
    """Not a page more than there is; the freed ones are used up as well."""
    pages = await db.write(pragma, "page_count")
    await db.write(pragma, f"max_page_count={pages}")


async def some_room(db: Sqlite) -> None:
    await db.write(pragma, "max_page_count=1073741823")


async def come_in(tools: Tools, activity: Document, *, by: Made) -> None:
    letter = a_signed(tools, activity, by=by.uri)
    await receive.receive(tools, letter, content_type=ACTIVITY, content_encoding="", recipient=None)


def kept(tx: Connection) -> tuple[int, int]:
    """Activities and posts."""
    counts = [tx.scalar(select(func.count()).select_from(table)) or 0 for table in (Received, Post)]
    return counts[0], counts[1]


def a_big_create(by: Made, number: int) -> Document:
    note = a_note(by.uri, number=number, content="<p>" + "word " * (BIG // 5) + "</p>")
    return an_activity("Create", by.uri, note, id=f"{by.uri}/creates/{number}", to=note["to"])


@pytest.fixture
async def anna(db: Sqlite, here: Here) -> Made:
    return await a_person(db, here)


@pytest.fixture
async def ada(db: Sqlite, here: Here) -> Made:
    """Somebody elsewhere whom somebody here follows."""
    made = await a_person(db, here, local=False, uri="https://birch.test/users/ada", username="ada")
    await a_follow_row(db, here, by=await a_person(db, here), of=made)
    return made


async def test_what_comes_in_while_the_disk_is_full_is_put_off_and_taken_once_there_is_room(
    tools: Tools, db: Sqlite, ada: Made
) -> None:
    await full(db)
    with pytest.raises(Unreachable, match="disk is full") as put_off:
        await come_in(tools, a_big_create(ada, 1), by=ada)
    during, readable = await db.read(kept), await db.read(pragma, "quick_check")

    await some_room(db)
    await come_in(tools, a_big_create(ada, 1), by=ada)

    assert (during, readable, put_off.value.retry_after) == ((0, 0), "ok", 300)
    assert await db.read(kept) == (1, 1)


async def test_one_that_is_too_large_for_the_disk_takes_nobody_down_with_it(
    tools: Tools, db: Sqlite, ada: Made
) -> None:
    """Many writers share one commit; when it fails for want of room, each is told so, and none half kept."""
    await full(db)

    told = await asyncio.gather(
        *(come_in(tools, a_big_create(ada, number), by=ada) for number in range(8)), return_exceptions=True
    )

    assert {type(error) for error in told} == {Unreachable}
    assert await db.read(kept) == (0, 0)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Another program writes, and takes its time."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def _true(holds: bool) -> bool | None:
    return holds or None


async def _only_one(db: Database) -> bool | None:
    return len(await db.read(waiting)) == 1 or None


async def test_deliveries_that_cannot_be_ticked_off_are_ticked_off_later(
    chaos: Chaos, tools: Tools, anna: Made, tmp_path: Path
) -> None:
    db, letter = tools.db, a_letter(tools.here, by=anna)
    await post(db, tools.here, letter, "http://slow-0.test/inbox", "http://broken-0.test/inbox")
    await db.write(pragma, "busy_timeout=50")
    running = asyncio.create_task(Courier(tools).run())
    try:
        await eventually(lambda: _true(len(chaos.asked) == 2), what="both are asked")
        with held(tmp_path / "node.db"):
            await eventually(lambda: _true(bool(chaos.took["slow-0.test"])), what="one has taken it")
            await asyncio.sleep(0.2)
        await eventually(lambda: _only_one(db), what="it is ticked off")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    assert chaos.asked == {"slow-0.test": 1, "broken-0.test": 1}
    assert [host for host, *_ in await db.read(waiting)] == ["broken-0.test"]


async def test_a_job_that_cannot_be_ticked_off_is_done_again(
    tools: Tools, db: Sqlite, clock: FrozenClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = 0
    with closing(sqlite3.connect(tmp_path / "node.db", isolation_level=None)) as other:

        async def take_the_lock(*_: object) -> None:
            nonlocal times
            times += 1
            if times == 1:
                other.execute("BEGIN IMMEDIATE")

        monkeypatch.setattr("fedishare.worker.TABLE", {Forget: take_the_lock})
        await db.write(queue.enqueue, Forget(()), due=clock.now())
        await db.write(pragma, "busy_timeout=50")
        with pytest.raises(Unreachable):
            await Worker(tools).drain()
        other.execute("ROLLBACK")

        before = await Worker(tools).drain()
        clock.tick(seconds=queue.LEASE.total_seconds() + 1)
        after = await Worker(tools).drain()

    assert (before, after, times) == (0, 1, 2)


async def test_while_another_program_holds_the_database_reading_goes_on_and_writing_is_put_off(
    tools: Tools, db: Sqlite, ada: Made, tmp_path: Path
) -> None:
    await db.write(pragma, "busy_timeout=100")
    with held(tmp_path / "node.db"):
        with pytest.raises(Unreachable, match="busy") as put_off:
            await come_in(tools, a_big_create(ada, 1), by=ada)
        during = await db.read(kept)

    await come_in(tools, a_big_create(ada, 1), by=ada)

    assert (put_off.value.retry_after, during) == (5, (0, 0))
    assert await db.read(kept) == (1, 1)


async def test_a_short_hold_is_waited_for(tools: Tools, db: Sqlite, ada: Made, tmp_path: Path) -> None:
    with held(tmp_path / "node.db"):
        coming = asyncio.create_task(come_in(tools, a_big_create(ada, 1), by=ada))
        await asyncio.sleep(0.3)
        is_waiting = not coming.done()
    await coming

    assert is_waiting
    assert await db.read(kept) == (1, 1)


async def test_a_result_that_cannot_be_written_keeps_no_other_from_being_written(
    chaos: Chaos, tools: Tools, anna: Made, clock: FrozenClock
) -> None:
    """Nobody knows why this should happen; if it does, it must not happen again and again to everybody."""
    db, hosts = tools.db, ("fine-0.test", "fine-1.test", "fine-2.test")
    await post(db, tools.here, a_letter(tools.here, by=anna), *(f"http://{host}/inbox" for host in hosts))
    await db.write(_forbid, "fine-1.test")

    for _ in range(MOST_LOST + 1):
        await Courier(tools).drain()
        clock.tick(seconds=LEASE.total_seconds() + 1)

    assert {host: chaos.asked[host] for host in hosts} == {"fine-0.test": 1, "fine-1.test": MOST_LOST, "fine-2.test": 1}
    assert (
        [host for host, _ in await db.read(parked)] == [host for host, *_ in await db.read(waiting)] == ["fine-1.test"]
    )


def _forbid(tx: Connection, host: str) -> None:
    tx.exec_driver_sql(
        "CREATE TRIGGER kept BEFORE DELETE ON delivery WHEN OLD.host = '" + host + "' "
        "BEGIN SELECT RAISE(ABORT, 'this one stays'); END"
    )
