"""Papers of meetings from other servers: whose they are decides what they count for."""

from typing import Any

import pytest

from fedishare.as2.node import CONTEXT
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.meetings import ActionPoint, ActionReport, AgendaItem, Meeting, Minutes
from fedishare.db.notices import Notice
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.rooms import Removal, Steward
from fedishare.domain.kinds import NoticeKind, StewardRole
from fedishare.inbox import judging
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import JudgePaper
from tests.builders import Made, a_follow_row, a_person, a_post, a_room, a_teacher, add
from tests.inbox.elsewhere import Elsewhere, a_note, an_activity, an_actor, rows, send

ROOM = "https://birch.test/groups/maths"
EVE = "https://birch.test/users/eve"
ITEM = {"type": "schema:ListItem", "schema:name": "Phonics"}
MEETING = {"type": "schema:BusinessEvent", "schema:startDate": "2027-03-12T16:00", "schema:location": "Room 4"}


def minutes(note_id: str, owner: str, **over: Any) -> dict[str, Any]:
    action: dict[str, Any] = {
        "type": "schema:PlanAction",
        "id": f"{note_id}#action-1",
        "schema:name": "Write to parents",
    }
    action |= {"schema:agent": {"type": "schema:Person", "id": owner}, "schema:endTime": "2027-04-02"}
    about = {"schema:about": "https://birch.test/users/ada/posts/1", "schema:potentialAction": [action | over]}
    return {"type": "schema:Report", "schema:result": ["We use the new form."]} | about


async def judge(tools: Tools, db: Database) -> None:
    for (post_id,) in await rows(db, Post.id):
        await judging.judge(tools, JudgePaper(post_id))


async def said_in(tools: Tools, room: Made, note: dict[str, Any]) -> str:
    """What became of a Create in a room: told to us by its author, or by the room where that is elsewhere."""
    create = an_activity("Create", note["attributedTo"], note)
    if room.uri == ROOM:
        return await send(tools, an_activity("Announce", ROOM, create))
    return await send(tools, create)


async def test_a_room_of_ours_takes_papers_only_from_whose_they_are(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    room = await a_room(db, here)
    ada, eve = elsewhere.settle(an_actor()), elsewhere.settle(an_actor(EVE))
    papers = [
        a_note(eve, number=1, audience=room.uri) | {"schema:mainEntity": MEETING},
        a_note(eve, number=2, audience=room.uri) | {"schema:mainEntity": minutes(f"{eve}/posts/2", eve)},
        a_note(eve, number=3, audience=room.uri) | {"schema:mainEntity": ITEM},
    ]
    for note in papers:
        await said_in(tools, room, note)
    await judge(tools, db)
    assert await rows(db, Post.room_id) == [(None,)] * 3
    assert len(await rows(db, Removal.reason)) == 3
    assert [await rows(db, table.room_id) for table in (Meeting, Minutes, AgendaItem)] == [[(None,)]] * 3

    # As soon as Ada looks after the room, hers is taken.
    await said_in(tools, room, a_note(ada, audience=room.uri))
    [ada_id] = [row[0] for row in await rows(db, Actor.id, Actor.uri) if row[1] == ada]
    await db.write(add, Steward, room_id=room.id, actor_id=ada_id, role=StewardRole.MODERATOR)
    await said_in(tools, room, a_note(ada, number=9, audience=room.uri) | {"schema:mainEntity": MEETING})
    await judge(tools, db)
    assert (room.id,) in await rows(db, Meeting.room_id)


@pytest.mark.parametrize(("listed", "taken"), [(["https://birch.test/users/ada"], True), ([], False)])
async def test_a_room_elsewhere_is_asked_who_may_publish_its_minutes(
    tools: Tools, db: Database, here: Here, *, elsewhere: Elsewhere, listed: list[str], taken: bool
) -> None:
    room, ben = await a_room(db, here, local=False, uri=ROOM), await a_teacher(db, here)
    await a_follow_row(db, here, by=ben, of=room)
    ada = elsewhere.settle(an_actor())
    collection = {"@context": CONTEXT, "id": f"{ROOM}/moderators", "type": "OrderedCollection"}
    elsewhere.say(f"{ROOM}/moderators", collection | {"orderedItems": listed})
    note = a_note(ada, audience=ROOM) | {"schema:mainEntity": minutes(f"{ada}/posts/1", ben.uri)}

    became = await said_in(tools, room, note)
    await judge(tools, db)
    await judge(tools, db)

    assert became == "done: post in a room"
    assert await rows(db, Minutes.room_id) == [(room.id if taken else None,)]
    told = [(kind, line) for kind, line in await rows(db, Notice.kind, Notice.line)]
    action = (NoticeKind.ACTION, "Write to parents, by Friday 2 April 2027")
    assert told == ([action, (NoticeKind.MINUTES, "")] if taken else [])


async def test_an_edit_makes_no_minutes_of_what_was_none(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    room, ben = await a_room(db, here), await a_person(db, here)
    await a_follow_row(db, here, by=ben, of=room)
    ada = elsewhere.settle(an_actor())
    note = a_note(ada, audience=room.uri)
    await said_in(tools, room, note)
    forged = note | {"schema:mainEntity": minutes(note["id"], ben.uri), "updated": "2026-09-07T08:20:00Z"}

    became = await send(tools, an_activity("Update", ada, forged | {"content": "<p>New</p>"}))

    assert became == "done: edit"
    assert (await rows(db, Minutes.post_id), await rows(db, Post.paper)) == ([], [(None,)])


async def test_minutes_take_over_no_action_of_others_and_nobody_else_reports_one_done(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    room, ben = await a_room(db, here), await a_person(db, here)
    ada, eve = elsewhere.settle(an_actor()), elsewhere.settle(an_actor(EVE))
    hers = await a_post(db, here, by=ben, room_id=room.id)
    action = {"id": here.ids.new(), "uri": f"{hers.uri}#action-1", "post_id": hers.id, "headline": "Ours"}
    await db.write(add, ActionPoint, **action, owner_uri=ben.uri, owner_name="Ben", owner_id=ben.id, is_done=False)
    stolen = minutes(hers.uri, eve)
    done = {"type": "schema:UpdateAction", "schema:object": f"{hers.uri}#action-1"}
    done |= {"schema:actionStatus": "schema:CompletedActionStatus"}

    await said_in(tools, room, a_note(ada) | {"schema:mainEntity": stolen})
    await said_in(tools, room, a_note(eve, inReplyTo=hers.uri, audience=room.uri) | {"schema:mainEntity": done})
    await judge(tools, db)

    assert await rows(db, ActionPoint.headline, ActionPoint.owner_uri) == [("Ours", ben.uri)]
    assert await rows(db, ActionReport.room_id) == [(None,)]
