"""What enters a room, by which door."""

from typing import Any

from sqlalchemy import Connection, select

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.follows import Follow
from fedishare.db.people import Actor
from fedishare.db.posts import Home, Post
from fedishare.db.rooms import Removal, Steward
from fedishare.db.work import Job
from fedishare.services import rooms
from tests.builders import MONDAY, a_follow_row, a_person, a_post, a_room, an_ed25519_pair, an_rsa_pair


def rows(tx: Connection, *columns: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in tx.execute(select(*columns))]


async def test_whoever_opens_a_room_owns_it_and_is_in_it(db: Database, here: Here) -> None:
    hana = await a_person(db, here)

    room_id = await db.write(
        rooms.open_room,
        here,
        owner_id=hana.id,
        username="primary-slt",
        name="Primary SLT",
        description="Deputies",
        rsa=an_rsa_pair(),
        ed25519=an_ed25519_pair(),
    )

    assert (room_id, "https://alder.test/groups/primary-slt", "Group") in await db.read(
        rows, Actor.id, Actor.uri, Actor.kind
    )
    assert await db.read(rows, Steward.actor_id, Steward.role) == [(hana.id, "owner")]
    assert await db.read(rows, Follow.follower_id, Follow.state) == [(hana.id, "accepted")]


async def test_an_announced_post_is_filed_and_shown_to_members_here_once(db: Database, here: Here) -> None:
    room, ada = await a_room(db, here, local=False), await a_person(db, here, local=False)
    member, _ = await a_person(db, here), await a_person(db, here)
    await a_follow_row(db, here, by=member, of=room)
    post = await a_post(db, here, by=ada)

    announced = [
        await db.write(rooms.approve, here, room_id=room.id, post_id=post.id, uri=f"{room.uri}/a/1", at=MONDAY)
        for _ in range(2)
    ]

    assert announced == [True, False]
    assert await db.read(rows, Post.room_id, Post.boosts_count) == [(room.id, 0)]
    assert await db.read(rows, Home.reader_id, Home.booster_id) == [(member.id, room.id)]


async def test_a_post_stays_in_the_room_it_entered_first(db: Database, here: Here) -> None:
    first, second = await a_room(db, here, local=False), await a_room(db, here, local=False)
    ada = await a_person(db, here, local=False)
    post = await a_post(db, here, by=ada, room_id=first.id)

    await db.write(rooms.approve, here, room_id=second.id, post_id=post.id, uri=f"{second.uri}/a/1", at=MONDAY)

    assert await db.read(rows, Post.room_id) == [(first.id,)]


async def test_a_room_for_members_only_leaves_a_strangers_post_outside(db: Database, here: Here) -> None:
    room, ada = await a_room(db, here, members_only=True), await a_person(db, here, local=False)
    post = await a_post(db, here, by=ada)

    admitted = await db.write(rooms.admit, here, room_id=room.id, post_id=post.id, activity_uri="https://birch.test/1")

    assert admitted is False
    assert await db.read(rows, Post.room_id) == [(None,)]
    assert await db.read(rows, Job.kind) == [("RefusePost",)]
    assert await db.read(rows, Removal.post_id, Removal.reason) == [(post.id, "Only members may write into this room.")]


async def test_what_happens_to_a_post_in_our_room_is_passed_on(db: Database, here: Here) -> None:
    ours, theirs = await a_room(db, here), await a_room(db, here, local=False)
    ada = await a_person(db, here, local=False)
    for room in (ours, theirs):
        post = await a_post(db, here, by=ada, room_id=room.id)
        await db.write(rooms.pass_on, here, activity_uri="https://birch.test/likes/1", post_id=post.id)

    assert await db.read(rows, Job.kind) == [("Distribute",)]
