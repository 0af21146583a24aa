"""Conversations over the API: one for the same people, read and unread, and gone for whoever is done with it."""

from typing import Any

import pytest
from sqlalchemy import Connection

from fedishare.api import conversations
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.domain.audience import Visibility
from fedishare.services import follows, posts, talks
from fedishare.services.drafts import Draft
from tests.api.conftest import School
from tests.api.shapes import assert_fits
from tests.api.test_status_entity import Desk
from tests.builders import Made, a_person, a_post
from tests.queries.test_timelines import count_statements


class Letters:
    """Writing to those named alone, through the use case that every face calls."""

    def __init__(self, db: Database, here: Here) -> None:
        self.db = db
        self.here = here

    async def __call__(self, by: Made, *to: Made, visibility: Visibility = Visibility.MENTIONED) -> int:
        named = {f"person{place}": one.id for place, one in enumerate(to)}
        text = " ".join(["Hello", *(f"@{handle}" for handle in named)])
        draft = Draft(text=text, visibility=visibility)
        return await self.db.write(posts.publish, self.here, author_id=by.id, draft=draft, people=named)


async def test_what_is_said_among_the_same_people_is_one_conversation(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher()
    ada, hers = await school.a_teacher()
    ben = await a_person(db, here, local=False)
    write = Letters(db, here)
    await write(me, ada)
    answer = await write(ada, me)
    three = await write(me, ada, ben)
    await write(me, ada, visibility=Visibility.PUBLIC)

    mine = (await phone.get("/api/v1/conversations")).json
    theirs = (await hers.get("/api/v1/conversations")).json

    for one in mine:
        assert_fits("Conversation", one)
    assert [({each["id"] for each in one["accounts"]}, one["last_status"]["id"], one["unread"]) for one in mine] == [
        ({str(ada.id), str(ben.id)}, str(three), False),
        ({str(ada.id)}, str(answer), True),
    ]
    assert [({each["id"] for each in one["accounts"]}, one["last_status"]["id"], one["unread"]) for one in theirs] == [
        ({str(me.id), str(ben.id)}, str(three), True),
        ({str(me.id)}, str(answer), False),
    ]


async def test_a_conversation_is_read_and_unread_and_put_away(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher()
    ada, hers = await school.a_teacher()
    write = Letters(db, here)
    first = await write(ada, me)
    (shown,) = (await phone.get("/api/v1/conversations")).json
    path = f"/api/v1/conversations/{shown['id']}"

    read = await phone.post(f"{path}/read")
    unread = await phone.post(f"{path}/unread")
    gone = await phone.delete(path)

    assert (read.json, unread.json, gone.json) == (shown | {"unread": False}, shown, {})
    assert (await phone.get("/api/v1/conversations")).json == []
    assert len((await hers.get("/api/v1/conversations")).json) == 1
    assert (await phone.get(f"/api/v1/conversations/{shown['id']}/read")).status in {404, 405}
    again = await write(ada, me)
    (anew,) = (await phone.get("/api/v1/conversations")).json
    assert (anew["last_status"]["id"], anew["unread"]) == (str(again), True)
    assert again > first


async def test_a_conversation_of_somebody_else_is_as_if_it_were_not(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher()
    ada, _ = await school.a_teacher()
    _, other = await school.a_teacher()
    await Letters(db, here)(ada, me)
    (shown,) = (await phone.get("/api/v1/conversations")).json
    path = f"/api/v1/conversations/{shown['id']}"

    replies = [await other.post(f"{path}/read"), await other.post(f"{path}/unread"), await other.delete(path)]

    assert {(reply.status, reply.error) for reply in replies} == {(404, "Record not found")}
    assert (await other.get("/api/v1/conversations")).json == []
    assert (await phone.get("/api/v1/conversations")).json == [shown]


async def test_the_last_word_is_the_last_that_was_not_taken_back(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher()
    ada, _ = await school.a_teacher()
    write = Letters(db, here)
    first, second = await write(ada, me), await write(ada, me)
    await db.write(posts.delete, here, by_id=ada.id, post_id=second)
    (shown,) = (await phone.get("/api/v1/conversations")).json

    await db.write(posts.delete, here, by_id=ada.id, post_id=first)

    assert shown["last_status"]["id"] == str(first)
    assert (await phone.get("/api/v1/conversations")).json == []


async def test_a_note_to_oneself_has_oneself_in_it_and_a_blocked_one_says_nothing(
    school: School, db: Database, here: Here
) -> None:
    me, phone = await school.a_teacher()
    foe, _ = await school.a_teacher()
    await db.write(follows.block, here, blocker_id=me.id, blocked_id=foe.id)
    await Letters(db, here)(me)
    shouted = await a_post(db, here, by=foe, visibility=Visibility.MENTIONED)
    await db.write(_name, shouted.id, me.id)
    await db.write(talks.record, here, post_id=shouted.id)

    (shown,) = (await phone.get("/api/v1/conversations")).json

    assert ([one["id"] for one in shown["accounts"]], shown["unread"]) == ([str(me.id)], False)


def _name(tx: Connection, post_id: int, actor_id: int) -> None:
    from fedishare.services import threads  # noqa: PLC0415 -- for this alone

    threads.mention(tx, post_id=post_id, loud=[actor_id], silent=[])


async def test_conversations_are_paged_by_their_last_word(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher()
    people = [await a_person(db, here, local=False) for _ in range(3)]
    write = Letters(db, here)
    for person in people:
        await write(me, person)

    async def shown(path: str = "/api/v1/conversations", **asked: Any) -> list[str]:
        return [one["accounts"][0]["id"] for one in (await phone.get(path, **asked)).json]

    first = await phone.get("/api/v1/conversations", limit=2)
    second = await phone.get(first.links["next"])
    newest = [str(person.id) for person in reversed(people)]
    assert await shown(limit=2) == newest[:2]
    assert await shown(first.links["next"]) == newest[2:]
    assert await shown(second.links["prev"]) == newest[:2]


@pytest.mark.parametrize("many", [1, 3])
async def test_a_page_of_conversations_takes_as_many_statements_for_one_as_for_three(
    school: School, db: Database, here: Here, many: int
) -> None:
    me, _ = await school.a_teacher()
    for _ in range(many):
        await Letters(db, here)(me, await a_person(db, here, local=False))
    call = Desk(school).call(me)

    asked = [await db.read(count_statements, conversations.show_all, {"call": call}) for _ in range(2)]

    assert asked == [10, 2]
