"""Migrations bring an empty database exactly to the mapped tables, on both kinds."""

import asyncio
import os
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, select

from fedishare import paths
from fedishare.core.errors import Invalid
from fedishare.db import schema
from fedishare.db.engine import Database, open_database
from fedishare.db.reports import Report
from fedishare.db.tables import METADATA
from fedishare.db.work import Activity, Counter
from tests import postgres
from tests.builders import add

# As the first version wrote them.
A_PERSON = """
    INSERT INTO actor (id, uri, kind, username, domain, host, local, name, summary, summary_source, url, inbox, fields,
        locked, discoverable, indexable, also_known_as, created_at, fetched_at)
    VALUES (1, 'u', 'Person', 'anna', 'x', 'x', 1, 'Anna', '', '', 'u', 'i', '[]',
        0, 0, 0, '[]', '2026-09-07 08:30:00', '2026-09-07 08:30:00')"""
AN_ACTIVITY = """
    INSERT INTO activity (id, uri, variant, actor_id, type, object_uri, body, public, local, created_at)
    VALUES (1, 'a', '', 1, 'Create', 'o', '', 1, 1, '2026-09-07 08:30:00')"""
A_REPORT = """
    INSERT INTO report (id, uri, reporter_id, target_id, posts, comment, created_at)
    VALUES (1, 'r', 1, 1, '[]', 'Rude', '2026-09-07 08:30:00')"""


def differences(tx: Connection) -> list[object]:
    # SQLite's full-text table and the tables it keeps for itself are nobody's to declare.
    opts = {"compare_type": True, "include_name": lambda name, *_: not (name or "").startswith("library_text")}
    return list(compare_metadata(MigrationContext.configure(tx, opts=opts), METADATA))


def grow_old(tx: Connection) -> None:
    tx.exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")


async def test_the_migrated_schema_is_the_mapped_one(db: Database) -> None:
    assert await db.read(differences) == []


def test_the_head_named_in_the_code_is_the_newest_migration() -> None:
    assert ScriptDirectory(str(paths.folder("migrations"))).get_current_head() == schema.HEAD


async def test_migrating_twice_changes_nothing(db: Database, database_url: str) -> None:
    await db.write(add, Counter, name="kept", value=7)

    await schema.upgrade(database_url)

    assert await db.read(schema.revision) == schema.HEAD
    assert await db.read(lambda tx: tx.exec_driver_sql("SELECT value FROM counter").scalars().all()) == [7]


async def test_a_database_of_another_version_is_refused_with_a_word_on_what_to_do(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'old.db'}"
    await schema.upgrade(url)
    db = await open_database(url)
    await db.write(grow_old)

    with pytest.raises(Invalid, match="fedishare migrate"):
        await schema.ensure(db, url)

    await db.close()


async def test_several_processes_may_start_on_one_empty_database() -> None:
    server = postgres.running()
    if server is None:
        pytest.skip(postgres.NOT_FOUND)
    name = f"empty_{os.getpid()}"
    server.create(name)

    await asyncio.gather(*(schema.upgrade(server.url(name)) for _ in range(3)))

    db = await open_database(server.url(name))
    assert await db.read(schema.revision) == schema.HEAD
    await db.close()
    server.drop(name)


async def test_a_database_of_the_first_version_comes_along_with_all_it_holds(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'first.db'}"
    engine = create_engine(url.replace("+aiosqlite", ""))
    with engine.connect() as connection:
        schema.run(connection, revision="0001")
        for statement in (A_PERSON, AN_ACTIVITY, A_REPORT):
            connection.exec_driver_sql(statement)
        connection.commit()
    engine.dispose()

    await schema.upgrade(url)

    db = await open_database(url)
    assert await db.read(differences) == []
    assert await db.read(lambda tx: tx.execute(select(Activity.uri, Activity.for_followers)).all()) == [("a", False)]
    assert await db.read(lambda tx: tx.execute(select(Report.comment, Report.forwarded)).all()) == [("Rude", False)]
    await db.close()
