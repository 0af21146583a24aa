"""One of ours is taken out of sight: other servers hear that it is so, that it is over, or that it is for good."""

from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from fedishare.ap import actors
from fedishare.core.errors import Gone, Refused
from fedishare.core.here import Here
from fedishare.db.accounts import Account
from fedishare.db.bookmarks import Bookmark
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.rooms import Steward
from fedishare.domain.kinds import StewardRole
from fedishare.jobs import types
from fedishare.jobs.tools import Tools
from fedishare.outbox import farewells, publish
from fedishare.queries import published
from fedishare.services import suspensions
from tests.builders import FrozenClock, a_follow_row, a_person, a_post, a_room, a_teacher, add
from tests.outbox.town import bodies, sent


def left(tx: Connection, actor_id: int) -> dict[str, Any]:
    def count(table: Any, condition: Any) -> int | None:
        return tx.scalar(select(func.count()).select_from(table).where(condition))

    row = tx.execute(select(Actor.name, Actor.summary, Actor.handle_key).where(Actor.id == actor_id)).one()
    return {
        "actor": tuple(row),
        "accounts": count(Account, Account.actor_id == actor_id),
        "bookmarks": count(Bookmark, Bookmark.actor_id == actor_id),
        "posts": count(Post, (Post.author_id == actor_id) & Post.deleted_at.is_(None)),
    }


async def test_a_suspension_is_told_and_taken_back_and_a_deletion_is_for_good(
    desk: Tools, here: Here, clock: FrozenClock
) -> None:
    db = desk.db
    anna = await a_teacher(db, here, username="anna", name="Anna", summary="<p>Maths</p>", discoverable=True)
    follower = await a_person(db, here, local=False, domain="birch.test")
    await a_follow_row(db, here, by=follower, of=anna)
    await a_person(db, here, local=False, domain="cedar.test")
    post = await a_post(db, here, by=anna)
    await db.write(add, Bookmark, id=here.ids.new(), actor_id=anna.id, post_id=post.id, created_at=here.now())

    await db.write(suspensions.suspend, here, actor_id=anna.id, is_local=True)
    await publish.publish_actor(desk, types.PublishActor(anna.id))
    with pytest.raises(Refused):
        await db.read(actors.required, anna.uri)
    assert await db.read(published.post, uri=post.uri) is None
    clock.tick(seconds=1)
    await db.write(suspensions.bring_back, here, actor_id=anna.id, is_local=True)
    await publish.publish_actor(desk, types.PublishActor(anna.id))
    assert (await db.read(actors.required, anna.uri)).id == anna.id
    await db.write(suspensions.delete_for_good, here, actor_id=anna.id)
    await farewells.say_gone(desk, types.SayGone(anna.id))

    assert [(kind, inboxes) for kind, _, inboxes in await db.read(sent)] == [
        ("Update", ["https://birch.test/inbox"]),
        ("Update", ["https://birch.test/inbox"]),
        ("Delete", ["https://birch.test/inbox", "https://cedar.test/inbox"]),
    ]
    suspended, back, gone = await db.read(bodies)
    facts = ("name", "summary", "suspended")
    assert [{name: said["object"].get(name) for name in facts} for said in (suspended, back)] == [
        {"name": "anna", "summary": "", "suspended": True},
        {"name": "Anna", "summary": "<p>Maths</p>", "suspended": None},
    ]
    assert suspended["object"]["publicKey"] == back["object"]["publicKey"]
    assert (gone["actor"], gone["object"]) == (anna.uri, anna.uri)
    assert await db.read(left, anna.id) == {
        "actor": ("", "", "anna@alder.test"),
        "accounts": 0,
        "bookmarks": 0,
        "posts": 0,
    }
    with pytest.raises(Gone):
        await db.read(actors.required, anna.uri)


async def test_nobody_is_deleted_who_alone_owns_a_room(desk: Tools, here: Here) -> None:
    anna, ben = await a_teacher(desk.db, here), await a_teacher(desk.db, here)
    room = await a_room(desk.db, here, owner=anna, name="Year 4")

    with pytest.raises(Refused, match="Year 4"):
        await desk.db.write(suspensions.delete_for_good, here, actor_id=anna.id)

    await desk.db.write(add, Steward, room_id=room.id, actor_id=ben.id, role=StewardRole.OWNER)
    await desk.db.write(suspensions.delete_for_good, here, actor_id=anna.id)
    assert (await desk.db.read(left, anna.id))["accounts"] == 0
