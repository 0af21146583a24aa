"""Rooms elsewhere that are linked with ours: asked, agreed and ended, and what comes through a link."""

from typing import Any

import msgspec
import pytest
from sqlalchemy import select, update

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.follows import Follow
from fedishare.db.notices import Notice
from fedishare.db.posts import Post
from fedishare.db.rooms import Awaited, Carried, Room
from fedishare.db.work import Activity, Job, Received
from fedishare.domain.kinds import FollowState, NoticeKind
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import Distribute
from fedishare.outbox import rooms as outbox
from fedishare.services import links
from tests.builders import Made, a_follow_row, a_person, a_post, a_room, a_teacher
from tests.inbox.elsewhere import Elsewhere, a_note, a_proof, an_activity, an_actor, send

THEIRS = "https://birch.test/groups/maths"


async def two_rooms(db: Database, here: Here, **over: Any) -> tuple[Made, Made, Made]:
    """Ours with its owner, and one on another server."""
    owner = await a_teacher(db, here)
    ours = await a_room(db, here, owner=owner, username="maths", **over)
    theirs = await a_room(db, here, local=False, uri=THEIRS)
    return ours, theirs, owner


async def linked_rooms(db: Database, here: Here, **over: Any) -> tuple[Made, Made, Made]:
    ours, theirs, owner = await two_rooms(db, here, **over)
    await a_follow_row(db, here, by=ours, of=theirs)
    await a_follow_row(db, here, by=theirs, of=ours)
    return ours, theirs, owner


async def where(db: Database, *columns: Any, **values: Any) -> list[tuple[Any, ...]]:
    """The values of these columns in the rows that have these others."""
    table = columns[0].table
    asked = select(*columns).where(*(table.c[name] == value for name, value in values.items())).order_by(columns[0])
    return await db.read(lambda tx: [tuple(row) for row in tx.execute(asked)])


async def follows(db: Database) -> list[tuple[Any, ...]]:
    return sorted(await where(db, Follow.follower_id, Follow.followee_id, Follow.state))


async def passed_on(tools: Tools, db: Database) -> list[dict[str, Any]]:
    """What our rooms announce, once their jobs are done."""
    for (payload,) in await where(db, Job.payload, kind="Distribute"):
        await outbox.distribute(tools, msgspec.json.decode(payload, type=Distribute))
    return [msgspec.json.decode(body) for (body,) in await where(db, Activity.body, type="Announce", variant="")]


async def test_a_room_that_follows_an_open_room_waits_for_its_owners(tools: Tools, db: Database, here: Here) -> None:
    ours, theirs, owner = await two_rooms(db, here)
    ada = await a_person(db, here, local=False, domain="birch.test")

    await send(tools, an_activity("Follow", theirs.uri, ours.uri))
    await send(tools, an_activity("Follow", ada.uri, ours.uri))

    assert await follows(db) == sorted(
        [(theirs.id, ours.id, FollowState.REQUESTED), (ada.id, ours.id, FollowState.ACCEPTED)]
    )
    told = [line for (line,) in await where(db, Notice.line, recipient_id=owner.id, kind=NoticeKind.LINK)]
    assert [line.partition(" your room")[0] for line in told] == ["It asks to be linked with"]


async def test_a_room_that_was_asked_is_let_in_when_it_follows_back(tools: Tools, db: Database, here: Here) -> None:
    ours, theirs, _ = await two_rooms(db, here)
    await db.write(links.ask, here, room_id=ours.id, other_id=theirs.id)
    ((asked,),) = await where(db, Follow.uri)

    await send(tools, an_activity("Follow", theirs.uri, ours.uri))
    await send(tools, an_activity("Accept", theirs.uri, {"type": "Follow", "id": asked, "object": theirs.uri}))

    assert await follows(db) == sorted(
        [(theirs.id, ours.id, FollowState.ACCEPTED), (ours.id, theirs.id, FollowState.ACCEPTED)]
    )


async def test_no_room_comes_into_a_private_one(tools: Tools, db: Database, here: Here) -> None:
    ours, theirs, _ = await two_rooms(db, here, locked=True, discoverable=False)

    became = await send(tools, an_activity("Follow", theirs.uri, ours.uri))

    assert became != "done: follow accepted"
    assert await follows(db) == []


@pytest.mark.parametrize("kind", ["Undo", "Reject"])
async def test_either_end_of_a_link_ends_both(tools: Tools, db: Database, here: Here, kind: str) -> None:
    ours, theirs, owner = await linked_rooms(db, here)
    by, of = (theirs, ours) if kind == "Undo" else (ours, theirs)

    follow = {"type": "Follow", "actor": by.uri, "object": of.uri}
    became = await send(tools, an_activity(kind, theirs.uri, follow))

    assert became in {"done: follow undone", "done: follow rejected"}
    assert await follows(db) == []
    assert len(await where(db, Notice.id, recipient_id=owner.id, kind=NoticeKind.LINK)) == 1


async def test_what_comes_by_a_link_is_passed_on_once_as_it_came(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    ours, _, _ = await linked_rooms(db, here)
    carl = elsewhere.settle(an_actor("https://cedar.test/users/carl", pair=1))
    create = a_proof(an_activity("Create", carl, a_note(carl)), by=carl, pair=1, tools=tools)

    for _ in range(2):
        await send(tools, an_activity("Announce", THEIRS, create))
    (announced,) = await passed_on(tools, db)

    assert announced["object"] == create
    assert announced["actor"] == ours.uri
    assert await where(db, Post.room_id) == [(ours.id,)]
    assert len(await where(db, Carried.room_id)) == 1


async def test_what_nobody_vouches_for_is_passed_on_by_its_address_alone(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    await linked_rooms(db, here)
    carl = elsewhere.settle(an_actor("https://cedar.test/users/carl"))
    note = a_note(carl)
    elsewhere.say(note["id"], note)
    forged = an_activity("Create", carl, note | {"content": "<p>Forged</p>"}, to=note["to"], cc=note["cc"])

    await send(tools, an_activity("Announce", THEIRS, forged))
    (announced,) = await passed_on(tools, db)

    assert announced["object"]["object"] == note["id"]
    assert "Forged" not in str(announced)
    # The real one may still come under its own id.
    assert await where(db, Received.uri, uri=forged["id"]) == []


async def test_what_its_own_server_shows_is_passed_on_whole(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    await linked_rooms(db, here)
    carl = elsewhere.settle(an_actor("https://cedar.test/users/carl"))
    note = a_note(carl)
    create = an_activity("Create", carl, note, to=note["to"], cc=note["cc"]) | {"id": f"{note['id']}/activity"}
    elsewhere.say(note["id"], note)
    elsewhere.say(create["id"], create)
    forged = create | {"object": note | {"content": "<p>Forged</p>"}}

    await send(tools, an_activity("Announce", THEIRS, forged))
    (announced,) = await passed_on(tools, db)

    assert announced["object"] == create


async def test_a_deletion_that_its_author_does_not_confirm_goes_nowhere(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    ours, _, _ = await linked_rooms(db, here)
    carl = elsewhere.settle(an_actor("https://cedar.test/users/carl", pair=1))
    note = a_note(carl)
    elsewhere.say(note["id"], note)
    await send(tools, an_activity("Announce", THEIRS, note["id"]))
    before = len(await passed_on(tools, db))

    await send(tools, an_activity("Announce", THEIRS, an_activity("Delete", carl, note["id"])))

    assert (before, len(await passed_on(tools, db))) == (1, 1)
    assert await where(db, Post.room_id, Post.deleted_at) == [(ours.id, None)]


async def test_an_answer_that_comes_before_what_it_answers_enters_after_it(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    ours, _, _ = await linked_rooms(db, here)
    carl = elsewhere.settle(an_actor("https://cedar.test/users/carl", pair=1))
    note, answer = a_note(carl), a_note(carl, number=2, inReplyTo=f"{carl}/posts/1")
    first, second = (
        a_proof(an_activity("Create", carl, each), by=carl, pair=1, tools=tools) for each in (note, answer)
    )

    await send(tools, an_activity("Announce", THEIRS, second))
    assert len(await where(db, Awaited.post_id)) == 1
    await send(tools, an_activity("Announce", THEIRS, first))

    assert await where(db, Awaited.post_id) == []
    of_ours = await where(db, Post.uri, room_id=ours.id) + await where(db, Carried.post_id, room_id=ours.id)
    assert len(of_ours) == 2
    announced = [said["object"]["object"]["id"] for said in await passed_on(tools, db)]
    assert sorted(announced) == [note["id"], answer["id"]]


async def test_where_only_moderators_begin_conversations_a_link_brings_no_others(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    ours, _, _ = await linked_rooms(db, here)
    await db.write(lambda tx: tx.execute(update(Room).values(stewards_only_posting=True)))
    carl = elsewhere.settle(an_actor("https://cedar.test/users/carl", pair=1))
    create = a_proof(an_activity("Create", carl, a_note(carl)), by=carl, pair=1, tools=tools)

    await send(tools, an_activity("Announce", THEIRS, create))

    assert await passed_on(tools, db) == []
    assert ours.id not in [room for (room,) in await where(db, Post.room_id)]


async def test_an_answer_written_into_another_room_comes_by_the_link_or_not_at_all(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    ours, _, owner = await linked_rooms(db, here, members_only=True)
    post = await a_post(db, here, by=owner, room_id=ours.id)
    carl = elsewhere.settle(an_actor("https://cedar.test/users/carl", pair=1))
    answer = a_note(carl, inReplyTo=post.uri, audience=THEIRS, cc=[THEIRS, owner.uri])
    create = a_proof(an_activity("Create", carl, answer), by=carl, pair=1, tools=tools)

    await send(tools, create, by=carl, pair=1)
    assert await where(db, Post.room_id, uri=answer["id"]) == [(None,)]
    assert await where(db, Job.id, kind="RefusePost") == []
    await send(tools, an_activity("Announce", THEIRS, create))

    assert await where(db, Post.room_id, uri=answer["id"]) == [(ours.id,)]
