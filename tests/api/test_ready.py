"""Answers that stand ready for one person: never for another, and never past a change."""

import sqlite3
from pathlib import Path

import pytest

from fedishare.api.ready import READY
from fedishare.settings import Settings
from tests.api.conftest import School, on_one_database
from tests.builders import FrozenClock, a_post

HOME = "/api/v1/timelines/home"


# Only SQLite tells without a question whether anything has changed.
pytestmark = on_one_database


@pytest.fixture
def file(settings: Settings) -> Path:
    return Path(settings.database.partition(":///")[2])


@pytest.mark.usefixtures("file")
async def test_an_answer_stands_ready_for_its_token_alone(school: School) -> None:
    ada, phone = await school.a_teacher("ada")
    _, other = await school.a_teacher("ben")
    post = await a_post(school.db, school.here, by=ada)
    path = f"/api/v1/statuses/{post.id}"
    await other.get(path)
    await phone.get(path)  # That a token is used is noted once an hour, which is a change.

    first = await phone.get(path)
    again = await phone.get(path)

    assert again.json == first.json
    assert "pinned" in again.json
    assert "pinned" not in (await other.get(path)).json
    assert int(again.headers["X-RateLimit-Remaining"]) == int(first.headers["X-RateLimit-Remaining"]) - 1
    app = school.client.app
    assert app is not None
    assert app[READY]._found  # noqa: SLF001 -- that it was kept at all


async def test_no_change_is_missed_whoever_made_it(school: School, file: Path, clock: FrozenClock) -> None:
    ada, phone = await school.a_teacher("ada")
    post = await a_post(school.db, school.here, by=ada)
    path = f"/api/v1/statuses/{post.id}"
    for _ in range(3):
        await phone.get(path)

    # As another process would, of which this one hears nothing.
    with sqlite3.connect(file) as elsewhere:
        elsewhere.execute("UPDATE token SET revoked_at = '2026-09-07 08:00:00.000000'")
    elsewhere.close()

    assert (await phone.get(path)).status == 401
    clock.tick(seconds=1)
    assert (await phone.get(path)).status == 401


@pytest.mark.usefixtures("file")
async def test_what_is_ready_counts_and_is_refused_where_too_much_is_asked(school: School) -> None:
    _, phone = await school.a_teacher("ada")

    found = [(await phone.get(HOME)).status for _ in range(302)]

    assert (found[:300], found[300:]) == ([200] * 300, [429] * 2)
