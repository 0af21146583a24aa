"""What happens twice, at once, or too late: the same form sent again, two who edit, a session that has ended."""

import asyncio

import pytest
from sqlalchemy import Connection, select

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.posts import Post
from tests.builders import FrozenClock, a_follow_row, a_room
from tests.web.builders import RESOURCE, docx, form, png
from tests.web.conftest import Node

WORDS = "Does anybody still have the list of phonics games?"


def texts(tx: Connection) -> list[str | None]:
    return sorted(tx.scalars(select(Post.source)).all(), key=str)


async def test_what_is_sent_twice_is_posted_once(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()

    sent = await asyncio.gather(*(teacher.post("/compose", form({"text": WORDS, "purpose": "note"})) for _ in range(3)))

    assert len({each.location for each in sent}) == 1
    assert await db.read(texts) == [WORDS]


async def test_a_resource_sent_twice_is_one_and_another_file_makes_another(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()
    wall, poster = [("files", "wall.docx", docx())], [("files", "poster.png", png())]

    sent = [await teacher.post("/compose", form(RESOURCE, files)) for files in (wall, wall, poster)]

    assert sent[0].location == sent[1].location != sent[2].location
    assert len(await db.read(texts)) == 2


@pytest.mark.parametrize("over", [{"text": WORDS + "!"}, {"title": "Games"}, {"visibility": "quiet"}, {"room": "own"}])
async def test_what_differs_in_anything_is_another_post(
    node: Node, db: Database, here: Here, over: dict[str, str]
) -> None:
    ada, teacher = await node.a_teacher()
    room = await a_room(db, here, owner=ada)
    await a_follow_row(db, here, by=ada, of=room)
    over = {name: str(room.id) if name == "room" else text for name, text in over.items()}

    sent = [await teacher.post("/compose", form({"text": WORDS} | each)) for each in ({}, over)]

    assert sent[0].location != sent[1].location


async def test_the_same_words_with_a_picture_or_a_poll_and_without_are_posts_of_their_own(
    node: Node, db: Database
) -> None:
    _, teacher = await node.a_teacher()
    poll = {"poll_1": "Yes", "poll_2": "No"}
    pictured = form({"text": WORDS, "alt_1": "A list"}, [("picture_1", "a.png", png())])

    sent = [
        await teacher.post("/compose", each) for each in (pictured, form({"text": WORDS} | poll), form({"text": WORDS}))
    ]

    assert len({each.location for each in sent}) == 3
    assert await db.read(texts) == [WORDS] * 3


async def test_the_same_words_on_another_day_are_a_new_post(node: Node, clock: FrozenClock) -> None:
    _, teacher = await node.a_teacher()

    first = await teacher.post("/compose", form({"text": WORDS}))
    clock.tick(minutes=3)
    second = await teacher.post("/compose", form({"text": WORDS}))

    assert first.location != second.location


async def test_of_two_tabs_that_edit_the_second_is_told_and_loses_nothing(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()
    number = (await teacher.post("/compose", form({"text": WORDS}))).location.rpartition("/")[2]
    page = (await teacher.get(f"/posts/{number}/edit")).root
    opened = page.one("input", name="edited")["value"]

    first = await teacher.post(f"/posts/{number}/edit", form({"text": "Found it.", "edited": opened}))
    same = await teacher.post(f"/posts/{number}/edit", form({"text": "Found it.", "edited": opened}))
    second = await teacher.post(f"/posts/{number}/edit", form({"text": "Still looking.", "edited": opened}))
    kept = await db.read(texts)
    now = second.root.one("input", name="edited")["value"]
    again = await teacher.post(f"/posts/{number}/edit", form({"text": "Still looking.", "edited": now}))

    assert [each.status for each in (first, same, second, again)] == [303, 303, 409, 303]
    assert second.errors[0].startswith("This was changed in another tab, or by somebody else")
    assert second.root.one("textarea", name="text").text == "Still looking."
    assert (kept, await db.read(texts)) == (["Found it."], ["Still looking."])


async def test_a_session_that_ended_loses_nothing_that_was_typed(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()
    typed = form({"text": WORDS, "title": "Games"}, [("files", "wall.docx", docx())])

    answer = await node.stranger.post("/compose", typed)

    again = answer.root.one("form", action="/compose")
    assert answer.status == 401
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "The files did not come along" in answer.root.text
    fields = {each["name"]: each["value"] for each in again.all("input")} | {"text": again.one("textarea").raw.strip()}
    sent = await teacher.post(again["action"], form(fields))
    assert sent.status == 303
    assert await db.read(texts) == [WORDS]


async def test_a_page_of_what_was_typed_holds_no_secret_and_nothing_from_elsewhere(node: Node) -> None:
    passwords = {"current_password": "hunter2", "new_password": "hunter3", "name": "Ada"}

    own = await node.stranger.post("/settings", passwords)
    foreign = await node.stranger.post("/compose", form({"text": WORDS}), Sec_Fetch_Site="cross-site")

    assert own.status == 401
    assert "hunter" not in own.html
    assert foreign.status == 403
    assert WORDS not in foreign.html
