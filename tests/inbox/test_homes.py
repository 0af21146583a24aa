"""Rooms elsewhere that move: what we have of the old one is in the new one, and nothing private comes into the open."""

from typing import Any

import pytest
from sqlalchemy import select

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.follows import Follow
from fedishare.db.nodes import Node
from fedishare.db.posts import Post
from fedishare.db.rooms import Ban, Carried, Expected, Pin, Steward, Watch
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import StewardRole
from fedishare.jobs.tools import Tools
from fedishare.queries import sight
from fedishare.services import people
from tests.builders import MONDAY, Made, a_follow_row, a_person, a_post, a_room, a_teacher, add
from tests.inbox.elsewhere import Elsewhere, an_activity, an_actor, rows, send

OLD, NEW = "https://birch.test/groups/maths", "https://cedar.test/groups/maths"


async def a_move(db: Database, here: Here, elsewhere: Elsewhere, *, old: bool, new: bool) -> tuple[Made, Made, Made]:
    """A room with one of us in it, and one that names it; `old` and `new` say which of the two is private."""
    shut: dict[bool, dict[str, Any]] = {True: {"locked": True, "discoverable": False}, False: {"discoverable": True}}
    said = {True: {"manuallyApprovesFollowers": True, "discoverable": False}, False: {"discoverable": True}}
    rooms = [
        await a_room(db, here, local=False, uri=OLD, **shut[old]),
        await a_room(db, here, local=False, uri=NEW, also_known_as=[OLD], **shut[new]),
    ]
    elsewhere.settle(an_actor(OLD, type="Group", movedTo=NEW, **said[old]))
    elsewhere.settle(an_actor(NEW, type="Group", alsoKnownAs=[OLD], **said[new]))
    ben = await a_teacher(db, here)
    await a_follow_row(db, here, by=ben, of=rooms[0])
    return rooms[0], rooms[1], ben


async def test_what_was_in_the_old_room_is_in_the_new_one(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    old, new, ben = await a_move(db, here, elsewhere, old=False, new=False)
    ada = await a_person(db, here, local=False)
    own = await a_post(db, here, by=ada, room_id=old.id)
    carried = await a_post(db, here, by=ada)
    await db.write(add, Carried, room_id=old.id, post_id=carried.id, entry_id=1)
    await db.write(add, Pin, actor_id=old.id, post_id=own.id)
    await db.write(add, Watch, room_id=old.id, actor_id=ben.id)
    await db.write(add, Ban, room_id=old.id, actor_id=ada.id, reason="Spam", created_at=MONDAY)

    became = await send(tools, an_activity("Move", OLD, OLD, target=NEW))

    assert became == "done: move of 1"
    assert await rows(db, Post.id, Post.room_id) == [(own.id, new.id), (carried.id, None)]
    for table, column in ((Carried, "room_id"), (Pin, "actor_id"), (Watch, "room_id"), (Ban, "room_id")):
        assert await rows(db, getattr(table, column)) == [(new.id,)]
    assert await rows(db, Follow.followee_id) == [(new.id,)]


@pytest.mark.parametrize(("old", "new"), [(True, False), (False, True)])
async def test_a_private_room_moves_to_a_private_one_alone(
    tools: Tools, db: Database, here: Here, *, elsewhere: Elsewhere, old: bool, new: bool
) -> None:
    room, _, _ = await a_move(db, here, elsewhere, old=old, new=new)
    ada = await a_person(db, here, local=False)
    post = await a_post(db, here, by=ada, room_id=room.id, visibility=Visibility.ROOM)
    stranger = await a_person(db, here)

    became = await send(tools, an_activity("Move", OLD, OLD, target=NEW))

    assert became == "ignored: a room moves to a room, and a private one to a private one"
    assert await rows(db, Post.room_id) == [(room.id,)]
    assert not await db.read(sight.may_see, post_id=post.id, viewer=stranger.id)


async def test_whoever_is_expected_comes_into_a_private_room_and_is_what_they_were(
    tools: Tools, db: Database, here: Here
) -> None:
    owner = await a_teacher(db, here)
    room = await a_room(db, here, owner=owner, locked=True, discoverable=False)
    ada, eve = [await a_person(db, here, local=False, domain=f"{name}.test") for name in ("birch", "evil")]
    for host in ("birch.test", "evil.test"):
        await db.write(add, Node, host=host, software="fedishare")
    await db.write(add, Expected, room_id=room.id, uri=ada.uri, role="owner")

    await send(tools, an_activity("Follow", ada.uri, room.uri))
    await send(tools, an_activity("Follow", eve.uri, room.uri))

    assert await rows(db, Follow.follower_id, Follow.state) == [(ada.id, "accepted")]
    # The settings of the room are here, and her account is not.
    assert await db.read(lambda tx: set(tx.scalars(select(Steward.role).where(Steward.actor_id == ada.id)))) == {
        StewardRole.MODERATOR
    }
    assert await rows(db, Expected.uri) == []


async def test_a_move_that_comes_twice_changes_nothing(db: Database, here: Here, elsewhere: Elsewhere) -> None:
    old, new, ben = await a_move(db, here, elsewhere, old=False, new=False)
    post = await a_post(db, here, by=ben, room_id=old.id)

    for _ in range(2):
        await db.write(lambda tx: people.move(tx, old_id=old.id, new_id=new.id, here=here))

    assert await rows(db, Post.id, Post.room_id) == [(post.id, new.id)]
    assert await rows(db, Follow.follower_id, Follow.followee_id) == [(ben.id, new.id)]
