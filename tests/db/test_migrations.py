"""A database of an earlier version is brought forward without losing anything that waits in it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from fedishare.core.ids import Ids
from fedishare.db import schema
from fedishare.db.engine import open_database
from fedishare.domain.kinds import FileState
from fedishare.domain.terms import Term, TermKind
from fedishare.queries import pages, resources, search, timelines
from fedishare.queries.search import Choice
from tests import postgres
from tests.builders import MONDAY, WORKSHEET, FrozenClock

ACTOR: Final = """
    INSERT INTO actor (id, uri, kind, username, domain, host, local, name, summary, summary_source, url, inbox, fields,
        locked, discoverable, indexable, also_known_as, created_at, fetched_at)
    VALUES (7, 'https://alder.test/users/a', 'Person', 'a', 'alder.test', 'alder.test', true, 'A', '', '', 'u', 'i',
        '[]', false, false, false, '[]', :now, :now)
"""
ACTIVITY: Final = """
    INSERT INTO activity (id, uri, variant, actor_id, type, object_uri, body, public, local, created_at)
    VALUES (9, 'https://alder.test/activities/9', '', 7, 'Create', 'o', :empty, true, true, :now)
"""
DELIVERY: Final = """
    INSERT INTO delivery (id, activity_id, sender_id, inbox, host, object_uri, due_at, tries, failed_at, error)
    VALUES (:id, 9, 7, :inbox, 'oak.test', 'o', :now, 1, :failed_at, :error)
"""
JOB: Final = "INSERT INTO job (kind, payload, due_at, tries) VALUES (:kind, :empty, :now, 0)"
NODE: Final = "INSERT INTO node (host, speaks_rfc9421, failures) VALUES ('oak.test', false, 2)"
POST: Final = """
    INSERT INTO post (id, uri, url, kind, author_id, local, content, sensitive, visibility, addressed_to, addressed_cc,
        thread_id, published_at, replies_count, likes_count, boosts_count)
    VALUES (8, 'https://alder.test/posts/8', 'u', 'Question', 7, false, '<p>Lunch?</p>', false, 'public', '[]', '[]', 8,
        :now, 0, 0, 0)
"""
FILE: Final = """
    INSERT INTO resource_file (post_id, position, name, media_type, size, sha256, url, storage_key)
    VALUES (8, 0, 'a.pdf', 'application/pdf', 4, '', 'u', 'held-here')
"""
NEW_DELIVERY: Final = """
    INSERT INTO delivery (activity_id, sender_id, inbox, host, object_uri, since, due_at, tries)
    SELECT activity_id, sender_id, 'https://oak.test/3', host, object_uri, since, due_at, 0 FROM delivery LIMIT 1
    RETURNING id
"""


@pytest.fixture
def url(database_kind: str, tmp_path: Path) -> Iterator[str]:
    if database_kind == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'old.db'}"
        return
    server = postgres.running()
    assert server is not None
    server.create(tmp_path.name)
    yield server.url(tmp_path.name)
    server.drop(tmp_path.name)


async def in_the_first_version(url: str, rows: list[tuple[str, dict[str, Any]]]) -> None:
    engine = create_async_engine(url)

    def fill(connection: Connection) -> None:
        schema.run(connection, revision="0001")
        is_sqlite = connection.dialect.name == "sqlite"
        moment = f"{MONDAY:%Y-%m-%d %H:%M:%S.%f}" if is_sqlite else MONDAY
        for statement, values in rows:
            given = {name: moment if value is MONDAY else value for name, value in values.items()}
            connection.execute(text(statement), given)
        connection.commit()

    async with engine.connect() as connection:
        await connection.run_sync(fill)
    await engine.dispose()


async def test_what_waits_in_the_queues_of_the_first_version_is_kept_and_put_in_order(
    url: str, clock: FrozenClock
) -> None:
    minted = Ids(clock, worker=3)
    waiting: dict[str, Any] = {
        "id": minted.new(),
        "inbox": "https://oak.test/1",
        "now": MONDAY,
        "failed_at": None,
        "error": None,
    }
    refused = waiting | {"id": minted.new(), "inbox": "https://oak.test/2", "failed_at": MONDAY}
    jobs = [(JOB, {"kind": kind, "empty": b"{}", "now": MONDAY}) for kind in ("Receive", "PublishPost")]
    await in_the_first_version(
        url,
        [
            (ACTOR, {"now": MONDAY}),
            (ACTIVITY, {"empty": b"{}", "now": MONDAY}),
            (DELIVERY, waiting),
            (DELIVERY, refused | {"error": "answered with status 410"}),
            *jobs,
            (NODE, {}),
        ],
    )

    await schema.upgrade(url)

    db = await open_database(url)
    deliveries = await db.read(_rows, "SELECT id, refused, lost, since FROM delivery ORDER BY id")
    assert [row[:3] for row in deliveries] == [(waiting["id"], False, 0), (refused["id"], True, 0)]
    assert {str(row[3])[:16] for row in deliveries} == {f"{MONDAY:%Y-%m-%d %H:%M}"}
    assert await db.read(_rows, "SELECT kind, lane, lost FROM job ORDER BY id") == [
        ("Receive", 1, 0),
        ("PublishPost", 0, 0),
    ]
    assert await db.read(_rows, "SELECT count(failing_since) FROM node") == [(1,)]
    assert await db.write(_newer) > refused["id"]
    await db.close()


async def test_posts_of_the_first_version_are_kept_and_nobody_said_who_may_quote_them(url: str) -> None:
    await in_the_first_version(url, [(ACTOR, {"now": MONDAY}), (POST, {"now": MONDAY})])

    await schema.upgrade(url)

    db = await open_database(url)
    assert await db.read(_rows, "SELECT id, content, quote_policy FROM post") == [(8, "<p>Lunch?</p>", None)]
    card = await db.read(timelines.card, post_id=8, viewer=None)
    assert (card.content, card.poll, card.quote, card.quote_policy) == ("<p>Lunch?</p>", None, None, None)
    await db.close()


async def test_files_of_the_first_version_may_be_given_out_as_before(url: str) -> None:
    await in_the_first_version(url, [(ACTOR, {"now": MONDAY}), (POST, {"now": MONDAY}), (FILE, {})])

    await schema.upgrade(url)

    db = await open_database(url)
    found = await db.read(pages.file, post_id=8, name="a.pdf", viewer=None)
    assert (found.storage_key, found.state) == ("held-here", FileState.CLEAN)
    await db.close()


def _rows(tx: Connection, statement: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in tx.execute(text(statement))]


def _newer(tx: Connection) -> int:
    """The number of a delivery that is added now."""
    return int(tx.execute(text(NEW_DELIVERY)).scalar_one())


RESOURCE: Final = """
    INSERT INTO resource (post_id, description, subject, subject_label, level, level_label, age_min, age_max, type,
        type_label, licence, licence_label, version)
    VALUES (:id, 'A wall', :subject, :said, 'england:year-4', 'Year 4', 8, 9, NULL,
        'Poster', 'CC-BY-4.0', 'CC BY 4.0', 3)
"""
ANOTHER: Final = POST.replace("VALUES (8,", "VALUES (9,").replace("posts/8", "posts/9")


async def test_resources_keep_their_subjects_levels_and_types_and_are_found_by_them(url: str) -> None:
    rows: list[tuple[str, dict[str, Any]]] = [
        (ACTOR, {"now": MONDAY}),
        (POST, {"now": MONDAY}),
        (ANOTHER, {"now": MONDAY}),
        (RESOURCE, {"id": 8, "subject": "mathematics", "said": "Mathematics"}),
        (RESOURCE, {"id": 9, "subject": None, "said": "Alchemy"}),
    ]
    await in_the_first_version(url, rows)

    await schema.upgrade(url)

    db = await open_database(url)
    known, unknown = [await db.read(resources.row, post_id=post_id) for post_id in (8, 9)]
    assert known is not None
    assert unknown is not None
    assert known.terms == (*WORKSHEET[:3], Term(TermKind.TYPE, None, "Poster"))
    assert unknown.terms[0] == Term(TermKind.SUBJECT, None, "Alchemy")
    assert (known.age_min, known.licence, known.version, known.minutes, known.credit) == (8, "CC-BY-4.0", 3, None, "")
    by_words = [await db.read(search.find, Choice(words=words), viewer=1) for words in ("wall", "alchemy", "cellar")]
    assert [[card.id for card in found.cards] for found in by_words] == [[9, 8], [9], []]
    await db.close()
