"""Public documents stand ready, and never show what is no longer so."""

from typing import NamedTuple

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from multidict import CIMultiDict
from pytest_aiohttp.plugin import AiohttpClient
from sqlalchemy import bindparam, delete, select, update

from fedishare.core.here import Here
from fedishare.db.engine import READERS, Database
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.sources import EVERYTHING, Ledger, Sources, collecting, touched
from fedishare.http.kept import keep_ready
from fedishare.http.keys import CLOCK, DATABASE, SHELF
from fedishare.http.shelf import FRESH, MOST_BYTES, RENEWED, Shelf
from tests.builders import MONDAY, FrozenClock, a_person

NAME = select(Actor.name)
RENAME = update(Actor).where(Actor.id == bindparam("who")).values(name=bindparam("other"))
FORGET_POSTS = delete(Post)


@pytest.mark.parametrize(
    ("sql", "reads", "changes"),
    [
        ("SELECT actor.id FROM actor JOIN post ON post.author_id = actor.id", {"actor", "post"}, set()),
        ("WITH a AS (SELECT id FROM post) SELECT id FROM a", {"post"}, set()),
        ("UPDATE node SET failures=0 WHERE node.host IN (SELECT host FROM actor)", {"node", "actor"}, {"node"}),
        ("INSERT INTO home (reader_id) SELECT follower_id FROM follow", {"home", "follow"}, {"home"}),
        ("PRAGMA user_version", {EVERYTHING}, {EVERYTHING}),
    ],
)
def test_a_statement_shows_what_it_touches(sql: str, reads: set[str], changes: set[str]) -> None:
    found = touched(sql)

    assert (set(found.reads), set(found.changes)) == (reads, changes)


def test_what_goes_with_a_row_counts_as_changed() -> None:
    assert {"actor", "post", "home", "follow", "attachment"} <= touched("DELETE FROM actor WHERE id = 1").changes


def test_what_was_read_before_a_change_is_out_of_date() -> None:
    ledger, sources = Ledger(), Sources()
    sources.add({"post"}, since=ledger.commits)

    ledger.enter({"delivery"})
    assert ledger.is_current(sources)
    ledger.enter({"post"})
    assert not ledger.is_current(sources)


def test_what_cannot_be_told_rests_on_everything() -> None:
    ledger, sources = Ledger(), Sources()
    sources.add({EVERYTHING}, since=0)

    ledger.enter({"delivery"})

    assert not ledger.is_current(sources)


async def rests_on(db: Database) -> Sources:
    """What a read of all names rests on, once the door has met its statement."""
    sources = Sources()
    for _ in range(2 * READERS + 1):
        sources = Sources()
        token = collecting.set(sources)
        await db.read(lambda tx: tx.scalar(NAME))
        collecting.reset(token)
    return sources


async def test_the_doors_tell_what_was_read_and_what_has_changed(db: Database, here: Here) -> None:
    ada = await a_person(db, here, name="Ada")
    for _ in range(3):
        await db.write(lambda tx: tx.execute(RENAME, {"who": ada.id, "other": "Ada"}))
        await db.write(lambda tx: tx.execute(FORGET_POSTS))
    sources = await rests_on(db)

    assert sources.tables == {"actor"}
    await db.write(lambda tx: tx.execute(FORGET_POSTS))
    assert db.ledger.is_current(sources)
    await db.write(lambda tx: tx.execute(RENAME, {"who": ada.id, "other": "Bea"}))
    assert not db.ledger.is_current(sources)


async def test_a_statement_met_for_the_first_time_counts_for_everything(db: Database, here: Here) -> None:
    await a_person(db, here)
    sources = await rests_on(db)

    await db.write(lambda tx: tx.exec_driver_sql("UPDATE actor SET name='Cleo'"))

    assert not db.ledger.is_current(sources)


class Made(NamedTuple):
    client: TestClient[web.Request, web.Application]
    counts: list[str]


@pytest.fixture
async def made(aiohttp_client: AiohttpClient, db: Database, clock: FrozenClock) -> Made:
    """An application that shows the name of the only actor, and counts how often it has to look."""
    counts: list[str] = []

    async def show(request: web.Request) -> web.Response:
        name = await db.read(lambda tx: tx.scalar(NAME))
        counts.append(str(name))
        kind = "private, no-store" if request.path == "/private" else "public, max-age=180"
        return web.Response(text=name, headers={"Cache-Control": kind, "X-Kind": request.headers.get("Accept", "")})

    app = web.Application(middlewares=[keep_ready])
    app[DATABASE], app[SHELF], app[CLOCK] = db, Shelf(), clock
    app.router.add_get("/{any}", show)
    return Made(await aiohttp_client(app), counts)


async def test_a_public_document_is_made_once_and_shown_as_it_is(made: Made, db: Database, here: Here) -> None:
    ada = await a_person(db, here, name="Ada")
    await db.write(lambda tx: [tx.execute(RENAME, {"who": ada.id, "other": "Ada"}) for _ in range(3)])
    await rests_on(db)

    said = [await (await made.client.get("/public")).text() for _ in range(5)]
    assert (said, len(made.counts)) == (["Ada"] * 5, 1)
    await db.write(lambda tx: tx.execute(RENAME, {"who": ada.id, "other": "Bea"}))
    assert await (await made.client.get("/public")).text() == "Bea"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/private", {}),
        ("/public", {"Cookie": "a=b"}),
        ("/public", {"If-None-Match": '"x"'}),
        ("/public", {"Range": "bytes=0-"}),
    ],
)
async def test_what_is_for_one_or_depends_on_more_is_made_each_time(
    made: Made, db: Database, here: Here, path: str, headers: dict[str, str]
) -> None:
    await a_person(db, here, name="Ada")

    for _ in range(3):
        await made.client.get(path, headers=headers)

    assert len(made.counts) == 3


async def test_each_kind_of_asker_gets_their_own(made: Made, db: Database, here: Here) -> None:
    await a_person(db, here, name="Ada")
    await rests_on(db)

    kinds = ("text/html", "application/activity+json", "text/html")
    answers = [(await made.client.get("/public", headers={"Accept": kind})).headers["X-Kind"] for kind in kinds]

    assert (answers, len(made.counts)) == (list(kinds), 2)


async def test_the_shelf_has_an_end() -> None:
    shelf, ledger = Shelf(), Ledger()
    for number in range(100):
        shelf.keep((f"/{number}", ""), bytes(MOST_BYTES // 10), CIMultiDict(), Sources(), at=MONDAY)

    found = [number for number in range(100) if shelf.find((f"/{number}", ""), ledger, now=MONDAY)]

    assert found == list(range(90, 100))


def test_one_asker_has_it_made_anew_while_the_others_are_served() -> None:
    shelf, ledger, key = Shelf(), Ledger(), ("/ada", "")
    shelf.keep(key, b"Ada", CIMultiDict(), Sources(), at=MONDAY)
    soon = MONDAY + RENEWED

    found = [shelf.find(key, ledger, now=soon) is not None for _ in range(3)]
    shelf.keep(key, b"Ada", CIMultiDict(), Sources(), at=soon)
    renewed = [shelf.find(key, ledger, now=soon + RENEWED) is not None for _ in range(2)]

    assert (found, renewed) == ([False, True, True], [False, True])
    assert shelf.find(key, ledger, now=soon + FRESH) is None


async def test_nothing_is_kept_for_long(made: Made, db: Database, here: Here, clock: FrozenClock) -> None:
    await a_person(db, here, name="Ada")
    await rests_on(db)

    for seconds in (0, 0.5, 0.6, -3600):
        clock.tick(seconds=seconds)
        await made.client.get("/public")

    assert len(made.counts) == 3
