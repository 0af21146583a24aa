"""The doors keep what they promise: all or nothing, durable, no lost update, no neighbour harmed."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Connection, Executable, bindparam, func, select, update

from fedishare.core.errors import Unreachable
from fedishare.core.here import Here
from fedishare.db.base import METADATA
from fedishare.db.engine import Database, Sqlite, mark, ring_after
from fedishare.db.nodes import Node
from fedishare.db.people import Actor
from fedishare.db.postgres import Postgres
from fedishare.db.work import Counter
from tests.builders import a_person, add

LONGER = update(Actor).where(Actor.id == bindparam("who")).values(name=bindparam("longer"))


def lengthen(tx: Connection, who: int) -> None:
    """Read, then write: the shape that loses updates where a door is badly hung."""
    name = tx.scalar(select(Actor.name).where(Actor.id == who).with_for_update())
    tx.execute(LONGER, {"who": who, "longer": f"{name}+"})


def say(tx: Connection, sql: str) -> None:
    tx.exec_driver_sql(sql)


def run(tx: Connection, statement: Executable) -> None:
    tx.execute(statement)


async def test_no_update_is_lost_when_many_write_at_once(db: Database, here: Here) -> None:
    someone = await a_person(db, here, name="")

    await asyncio.gather(*(db.write(lengthen, someone.id) for _ in range(200)))

    assert await db.read(lambda tx: tx.scalar(select(Actor.name))) == "+" * 200


async def test_a_failure_takes_back_its_own_work_and_nobody_elses(db: Database) -> None:
    def half_done(tx: Connection) -> None:
        add(tx, Counter, name="half", value=1)
        raise ValueError("changed my mind")

    answers = await asyncio.gather(
        db.write(add, Counter, name="before", value=1),
        db.write(half_done),
        db.write(add, Counter, name="after", value=1),
        return_exceptions=True,
    )

    assert [type(answer).__name__ for answer in answers] == ["NoneType", "ValueError", "NoneType"]
    assert await db.read(lambda tx: set(tx.scalars(select(Counter.name)))) == {"before", "after"}


async def test_readers_see_one_moment(db: Database) -> None:
    def twice(tx: Connection) -> tuple[int | None, int | None]:
        count = select(func.count()).select_from(Counter)
        return tx.scalar(count), tx.scalar(count)

    writes = [asyncio.create_task(db.write(add, Counter, name=str(n), value=n)) for n in range(50)]
    pairs = [await db.read(twice) for _ in range(20)]
    await asyncio.gather(*writes)

    assert [first for first, _ in pairs] == [second for _, second in pairs]


async def test_what_comes_turn_by_turn_is_committed_together(tmp_path: Path) -> None:
    db = await Sqlite.open(tmp_path / "node.db")
    await db.write(METADATA.create_all)
    before = db.ledger.commits

    async def come_late(turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        await db.write(add, Counter, name=str(turns), value=1)

    await asyncio.gather(*map(come_late, range(20)))

    assert db.ledger.commits == before + 1
    await db.close()


async def test_the_bell_rings_after_the_commit_and_is_never_missed(db: Database) -> None:
    waiting = asyncio.create_task(db.bell.wait(at_most=30))
    await asyncio.sleep(0)

    await db.write(ring_after)

    await asyncio.wait_for(waiting, timeout=5)


async def test_a_ring_between_two_waits_is_heard(db: Database) -> None:
    await db.write(ring_after)

    await asyncio.wait_for(db.bell.wait(at_most=30), timeout=5)


async def test_a_mark_stays_until_one_of_its_tables_is_changed_by_anybody(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    db, other = await Sqlite.open(path), await Sqlite.open(path)
    await db.write(METADATA.create_all)
    await db.write(add, Counter, name="one", value=0)
    change, beside = update(Counter).values(value=Counter.value + 1), update(Node).values(failures=1)

    async def moves(*steps: Callable[[], Awaitable[object]]) -> list[bool]:
        """Whether the mark moved, at each step."""
        found = [await db.write(mark, ["counter"])]
        for step in steps:
            await step()
            found.append(await db.write(mark, ["counter"]))
        return [before != after for before, after in pairwise(found)]

    async def fail() -> None:
        with pytest.raises(TypeError):
            await db.write(run)  # type: ignore[call-arg]  # which is the failure

    for database in (db, other):  # What is met for the first time may change anything.
        for statement in (change, beside, change, beside):
            await database.write(run, statement)
    steps = [
        lambda: db.write(run, beside),
        lambda: db.read(run, select(Counter)),
        lambda: db.write(run, change),
        lambda: other.write(run, change),
        fail,
    ]
    assert await moves(*steps) == [False, False, True, True, True]
    assert await db.read(mark, ["counter"]) is None
    await db.close()
    await other.close()


async def test_a_locked_database_is_said_to_be_busy_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    db = await Sqlite.open(path)
    await db.write(say, "CREATE TABLE thing (n INTEGER)")
    await db.write(say, "PRAGMA busy_timeout=10")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(Unreachable, match="busy"):
        await db.write(say, "INSERT INTO thing VALUES (1)")

    other.execute("ROLLBACK")
    other.close()
    await db.write(say, "INSERT INTO thing VALUES (2)")
    assert await db.read(lambda tx: tx.exec_driver_sql("SELECT n FROM thing").scalars().all()) == [2]
    await db.close()


async def test_a_full_disk_is_said_in_words_and_work_resumes(tmp_path: Path) -> None:
    db = await Sqlite.open(tmp_path / "node.db")
    await db.write(say, "CREATE TABLE thing (t TEXT)")
    await db.write(say, "PRAGMA max_page_count=8")

    with pytest.raises(Unreachable, match="disk is full"):
        await db.write(say, "INSERT INTO thing VALUES (zeroblob(1000000))")

    await db.write(say, "PRAGMA max_page_count=100000")
    await db.write(say, "INSERT INTO thing VALUES (zeroblob(1000000))")
    assert await db.read(lambda tx: tx.exec_driver_sql("SELECT count(*) FROM thing").scalar()) == 1
    await db.close()


@pytest.mark.parametrize("closed_while_writing", [False, True])
async def test_what_was_answered_is_still_there_after_closing(tmp_path: Path, *, closed_while_writing: bool) -> None:
    db = await Sqlite.open(tmp_path / "kept.db")
    await db.write(METADATA.create_all)
    await db.write(add, Counter, name="kept", value=1)
    pending = asyncio.create_task(db.write(add, Counter, name="late", value=1)) if closed_while_writing else None
    await asyncio.sleep(0)

    await db.close()

    again = await Sqlite.open(tmp_path / "kept.db")
    names = await again.read(lambda tx: list(tx.scalars(select(Counter.name).order_by(Counter.name))))
    await again.close()
    assert names == (["kept", "late"] if pending is not None else ["kept"])
    if pending is not None:
        await pending


@pytest.mark.parametrize("door", ["read", "write"])
async def test_a_connection_that_the_server_ended_is_said_in_words_and_work_resumes(db: Database, door: str) -> None:
    if not isinstance(db, Postgres):
        pytest.skip("SQLite has no connection that a server could end")

    with pytest.raises(Unreachable, match="went away"):
        await getattr(db, door)(say, "SELECT pg_terminate_backend(pg_backend_pid())")

    await db.write(add, Counter, name="after", value=1)
    assert await db.read(lambda tx: tx.scalar(select(Counter.value))) == 1
