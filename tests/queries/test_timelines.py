"""Timelines: what is in them, what is not, and what they cost."""

from typing import Any

import pytest
from sqlalchemy import Connection, event, update
from sqlalchemy.exc import DBAPIError

from fedishare.core.errors import Gone, NotFound
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.follows import Block
from fedishare.db.people import Actor
from fedishare.db.posts import Mention
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import ReactionKind
from fedishare.queries import notices, people, sight, timelines
from fedishare.services import reactions, threads
from fedishare.services import timelines as laying
from tests.builders import MONDAY, Made, a_follow_row, a_person, a_post, a_resource, a_room, add


async def laid(db: Database, here: Here, *, by: Made, into: Made, **over: Any) -> Made:
    post = await a_post(db, here, by=by, **over)
    await db.write(laying.lay, readers=[into.id], entry_id=post.id, post_id=post.id)
    return post


async def test_home_shows_what_was_laid_there_newest_first_and_only_what_may_be_seen(db: Database, here: Here) -> None:
    reader, friend, bully = [await a_person(db, here) for _ in range(3)]
    first = await laid(db, here, by=friend, into=reader)
    second = await laid(db, here, by=reader, into=reader)
    await laid(db, here, by=bully, into=reader)
    await laid(db, here, by=friend, into=reader, deleted_at=MONDAY)
    await laid(db, here, by=friend, into=reader, visibility=Visibility.MENTIONED)
    block = {"id": here.ids.new(), "uri": "b", "blocker_id": bully.id, "blocked_id": reader.id, "created_at": MONDAY}
    await db.write(add, Block, **block)

    page = await db.read(timelines.home, reader=reader.id)

    assert [card.id for card in page] == [second.id, first.id]
    assert [card.id for card in await db.read(timelines.home, reader=reader.id, before=second.id)] == [first.id]


async def test_a_boost_in_home_names_who_boosted(db: Database, here: Here) -> None:
    reader, friend, author = [await a_person(db, here) for _ in range(3)]
    await a_follow_row(db, here, by=reader, of=friend)
    post = await a_post(db, here, by=author)
    await db.write(reactions.add, here, kind=ReactionKind.BOOST, actor_id=friend.id, post_id=post.id)

    (card,) = await db.read(timelines.home, reader=reader.id)

    assert card.booster is not None
    assert (card.id, card.booster.id, card.author.id) == (post.id, friend.id, author.id)
    assert card.entry_id > post.id


@pytest.mark.parametrize("posts", [1, 3])
@pytest.mark.parametrize("page", ["home", "room", "author", "local", "thread", "notices"])
async def test_a_page_costs_the_same_however_full_it_is(db: Database, here: Here, page: str, posts: int) -> None:
    reader, author, room = await a_person(db, here), await a_person(db, here), await a_room(db, here)
    root = await a_resource(db, here, by=author, room_id=room.id)
    await db.write(laying.lay, readers=[reader.id], entry_id=root.id, post_id=root.id)
    for _ in range(posts - 1):
        more = await a_resource(db, here, by=author, room_id=room.id)
        await db.write(laying.lay, readers=[reader.id], entry_id=more.id, post_id=more.id)
    for _ in range(posts):
        await a_post(db, here, by=author, in_reply_to_id=root.id, in_reply_to_uri=root.uri, thread_id=root.id)
    wanted: dict[str, tuple[Any, dict[str, Any], int]] = {
        "home": (timelines.home, {"reader": reader.id}, 7),
        "room": (timelines.room, {"room_id": room.id, "viewer": reader.id}, 7),
        "author": (timelines.author, {"actor_id": author.id, "viewer": reader.id}, 8),
        "local": (timelines.local, {"viewer": reader.id}, 7),
        "thread": (timelines.thread, {"post_id": root.id, "viewer": reader.id}, 14),
        "notices": (notices.recent, {"recipient": reader.id, "now": here.now()}, 1),
    }
    query, values, statements = wanted[page]

    asked = await db.read(count_statements, query, values)

    assert asked == statements


def count_statements(tx: Connection, query: Any, values: dict[str, Any]) -> int:
    asked: list[str] = []

    def note(*event_values: Any) -> None:
        asked.append(event_values[2])

    event.listen(tx, "before_cursor_execute", note)
    query(tx, **values)
    event.remove(tx, "before_cursor_execute", note)
    return len(asked)


def rename(tx: Connection, actor_id: int) -> None:
    tx.execute(update(Actor).where(Actor.id == actor_id).values(name="Mallory"))


async def test_a_reader_cannot_write(db: Database, here: Here) -> None:
    reader = await a_person(db, here)

    with pytest.raises(DBAPIError, match=r"readonly|read-only"):
        await db.read(rename, reader.id)


async def test_a_room_is_filtered_by_kind_and_level(db: Database, here: Here) -> None:
    author, room = await a_person(db, here), await a_room(db, here)
    talk = await a_post(db, here, by=author, room_id=room.id)
    year4 = await a_resource(db, here, by=author, room_id=room.id)
    year5 = await a_resource(db, here, by=author, room_id=room.id, level="england:year-5")
    await a_post(db, here, by=author, room_id=room.id, in_reply_to_uri=talk.uri, in_reply_to_id=talk.id)

    async def shown(**wanted: Any) -> list[int]:
        return [card.id for card in await db.read(timelines.room, room_id=room.id, viewer=None, **wanted)]

    assert await shown() == [year5.id, year4.id, talk.id]
    assert await shown(kind="resources") == [year5.id, year4.id]
    assert await shown(kind="resources", level="england:year-4") == [year4.id]
    assert await shown(kind="talk") == [talk.id]


VIEWERS = ["nobody", "stranger", "follower", "named", "member", "author"]


@pytest.mark.parametrize(
    ("visibility", "may_see"),
    [
        (Visibility.PUBLIC, VIEWERS),
        (Visibility.QUIET, VIEWERS),
        (Visibility.FOLLOWERS, ["follower", "named", "author"]),
        (Visibility.ROOM, ["member", "author"]),
        (Visibility.MENTIONED, ["named", "author"]),
    ],
)
async def test_who_may_see_a_post(db: Database, here: Here, visibility: Visibility, may_see: list[str]) -> None:
    author, room = await a_person(db, here), await a_room(db, here)
    viewers = {name: await a_person(db, here) for name in VIEWERS[1:-1]} | {"author": author}
    post = await a_post(db, here, by=author, room_id=room.id, visibility=visibility)
    await a_follow_row(db, here, by=viewers["follower"], of=author)
    await a_follow_row(db, here, by=viewers["member"], of=room)
    await db.write(add, Mention, post_id=post.id, actor_id=viewers["named"].id, silent=False)
    ids = {"nobody": None} | {name: made.id for name, made in viewers.items()}

    seen = [name for name, viewer in ids.items() if await db.read(sight.may_see, post_id=post.id, viewer=viewer)]

    assert seen == may_see


async def test_a_deleted_public_post_is_gone_and_a_hidden_one_was_never_there(db: Database, here: Here) -> None:
    author = await a_person(db, here)
    for visibility, error in ((Visibility.PUBLIC, Gone), (Visibility.FOLLOWERS, NotFound)):
        post = await a_post(db, here, by=author, visibility=visibility)
        await db.write(threads.empty, here, post_id=post.id, uri=post.uri)
        with pytest.raises(error):
            await db.read(timelines.card, post_id=post.id, viewer=None)


async def test_people_are_found_by_the_beginning_of_a_handle_or_a_part_of_a_name(db: Database, here: Here) -> None:
    anna = await a_person(db, here, username="anna", name="Anna Abbott")
    ben = await a_person(db, here, local=False, username="ben", name="Ben % Booth")

    found = {
        words: [face.id for face in await db.read(people.find, words=words)]
        for words in ("@ann", "abbott", "ben@birch", "%", "_", "")
    }

    assert found == {"@ann": [anna.id], "abbott": [anna.id], "ben@birch": [ben.id], "%": [ben.id], "_": [], "": []}
