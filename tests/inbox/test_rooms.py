"""Rooms elsewhere that pass on what their members did (FEP-1b12), and whom to believe then (F13)."""

from typing import Any

import pytest

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.nodes import Node
from fedishare.db.posts import Home, Post
from fedishare.db.reactions import Reaction
from fedishare.domain.kinds import Dialect, ReactionKind
from fedishare.jobs.tools import Tools
from tests.builders import MONDAY, Made, a_follow_row, a_person, a_post, a_room, add
from tests.inbox.elsewhere import Elsewhere, a_note, a_proof, an_activity, an_actor, rows, send

ROOM = "https://birch.test/groups/maths"


async def a_room_with_a_member(db: Database, here: Here) -> tuple[Made, Made]:
    room, ben = await a_room(db, here, local=False, uri=ROOM), await a_person(db, here)
    await a_follow_row(db, here, by=ben, of=room)
    return room, ben


async def posts(db: Database) -> list[tuple[Any, ...]]:
    return await rows(db, Post.uri, Post.content, Post.room_id)


async def test_an_announced_address_is_fetched_and_filed(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    room, ben = await a_room_with_a_member(db, here)
    carl = elsewhere.settle(an_actor("https://cedar.test/users/carl"))
    note = a_note(carl, audience=ROOM)
    elsewhere.say(note["id"], note)

    became = await send(tools, an_activity("Announce", ROOM, note["id"]))

    assert became == "done: post in a room"
    assert await posts(db) == [(note["id"], note["content"], room.id)]
    assert await rows(db, Home.reader_id, Home.booster_id) == [(ben.id, room.id)]


async def test_a_member_of_the_rooms_own_server_is_believed(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    room, _ = await a_room_with_a_member(db, here)
    bea = elsewhere.settle(an_actor("https://birch.test/users/bea"))
    note = a_note(bea)

    became = await send(tools, an_activity("Announce", ROOM, an_activity("Create", bea, note)))

    assert became == "done: post in a room"
    assert await posts(db) == [(note["id"], note["content"], room.id)]
    assert note["id"] not in elsewhere.asked


async def test_a_member_elsewhere_is_believed_with_a_proof(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    room, _ = await a_room_with_a_member(db, here)
    carl = elsewhere.settle(an_actor("https://cedar.test/users/carl", pair=1))
    note = a_note(carl)
    create = a_proof(an_activity("Create", carl, note), by=carl, pair=1, tools=tools)

    became = await send(tools, an_activity("Announce", ROOM, create))

    assert became == "done: post in a room"
    assert await posts(db) == [(note["id"], note["content"], room.id)]
    assert note["id"] not in elsewhere.asked


@pytest.mark.parametrize(
    "forgery",
    [
        pytest.param(lambda create: create, id="no-proof"),
        pytest.param(lambda create: create | {"proof": {"type": "DataIntegrityProof"}}, id="no-real-proof"),
    ],
)
async def test_anybody_else_is_asked_about_themselves(
    tools: Tools, db: Database, here: Here, *, elsewhere: Elsewhere, forgery: Any
) -> None:
    room, _ = await a_room_with_a_member(db, here)
    carl = elsewhere.settle(an_actor("https://cedar.test/users/carl"))
    note = a_note(carl)
    elsewhere.say(note["id"], note)
    create = forgery(an_activity("Create", carl, note | {"content": "<p>Forged</p>"}))

    became = await send(tools, an_activity("Announce", ROOM, create))

    assert became == "done: post in a room"
    assert await posts(db) == [(note["id"], note["content"], room.id)]


async def test_a_proof_by_a_key_of_another_actor_proves_nothing(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    await a_room_with_a_member(db, here)
    carl = elsewhere.settle(an_actor("https://cedar.test/users/carl", pair=1))
    eve = await a_person(db, here, local=False, domain="evil.test")
    create = a_proof(an_activity("Create", carl, a_note(carl)), by=eve.uri, tools=tools)

    became = await send(tools, an_activity("Announce", ROOM, create))

    assert became == "ignored: cedar.test has no such thing."
    assert await posts(db) == []


async def test_an_announced_edit_is_taken_from_the_authors_server(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    await a_room_with_a_member(db, here)
    carl = elsewhere.settle(an_actor("https://cedar.test/users/carl"))
    note = a_note(carl)
    elsewhere.say(note["id"], note)
    await send(tools, an_activity("Announce", ROOM, note["id"]))
    edited = note | {"content": "<p>New</p>", "updated": "2026-09-07T08:20:00Z"}
    elsewhere.say(note["id"], edited)

    await send(tools, an_activity("Announce", ROOM, an_activity("Update", carl, edited | {"content": "<p>Forged</p>"})))

    assert [content for _, content, _ in await posts(db)] == ["<p>New</p>"]


@pytest.mark.parametrize("status", [404, 410])
async def test_an_announced_deletion_counts_if_the_post_is_gone(
    tools: Tools, db: Database, here: Here, *, elsewhere: Elsewhere, status: int
) -> None:
    await a_room_with_a_member(db, here)
    carl = elsewhere.settle(an_actor("https://cedar.test/users/carl"))
    note = a_note(carl)
    elsewhere.say(note["id"], note)
    await send(tools, an_activity("Announce", ROOM, note["id"]))
    delete = an_activity("Delete", carl, note["id"])

    await send(tools, an_activity("Announce", ROOM, delete))
    still = [content for _, content, _ in await posts(db)]
    elsewhere.fail(note["id"], status)
    await send(tools, an_activity("Announce", ROOM, delete))

    assert still == [note["content"]]
    assert [content for _, content, _ in await posts(db)] == [""]


async def test_a_like_that_a_room_passes_on_is_counted(tools: Tools, db: Database, here: Here) -> None:
    _, ben = await a_room_with_a_member(db, here)
    bea = await a_person(db, here, local=False)
    post = await a_post(db, here, by=ben)
    like = an_activity("Like", bea.uri, post.uri)

    became = [await send(tools, an_activity("Announce", ROOM, like))]
    counted = await rows(db, Post.likes_count)
    became += [await send(tools, an_activity("Announce", ROOM, an_activity("Undo", bea.uri, like)))]

    assert became == ["done: like", "done: like undone"]
    assert (counted, await rows(db, Post.likes_count)) == ([(1,)], [(0,)])


async def test_our_own_post_comes_back_from_the_room_it_was_sent_to(tools: Tools, db: Database, here: Here) -> None:
    room, ben = await a_room_with_a_member(db, here)
    post = await a_post(db, here, by=ben, addressed_cc=[ROOM])
    create = an_activity("Create", ben.uri, a_note(ben.uri, id=post.uri))

    became = await send(tools, an_activity("Announce", ROOM, create))

    assert became == "done: post in a room"
    assert await posts(db) == [(post.uri, f"<p>Post {post.id}</p>", room.id)]


async def test_a_room_cannot_take_in_what_our_people_did_not_send_it(tools: Tools, db: Database, here: Here) -> None:
    room, ben = await a_room_with_a_member(db, here)
    post = await a_post(db, here, by=ben)

    became = await send(tools, an_activity("Announce", ROOM, post.uri))

    assert became == "done: boost"
    assert await rows(db, Reaction.kind, Reaction.actor_id) == [(ReactionKind.BOOST, room.id)]
    assert await posts(db) == [(post.uri, f"<p>Post {post.id}</p>", None)]


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete", "Like"])
async def test_nobody_speaks_for_our_people_through_a_room(tools: Tools, db: Database, here: Here, kind: str) -> None:
    _, ben = await a_room_with_a_member(db, here)
    post = await a_post(db, here, by=ben)
    before = await posts(db)
    forged = a_note(ben.uri, id=post.uri, content="<p>Forged</p>", updated="2026-09-07T08:20:00Z")
    target = forged if kind in {"Create", "Update"} else post.uri

    await send(tools, an_activity("Announce", ROOM, an_activity(kind, ben.uri, target)))

    assert await posts(db) == before
    assert await rows(db, Reaction.kind) in ([], [(ReactionKind.BOOST,)])


async def test_what_a_moderator_elsewhere_deletes_is_left_alone(tools: Tools, db: Database, here: Here) -> None:
    await a_room_with_a_member(db, here)
    bea, mod = [await a_person(db, here, local=False) for _ in "12"]
    post = await a_post(db, here, by=bea)

    became = await send(tools, an_activity("Announce", ROOM, an_activity("Delete", mod.uri, post.uri)))

    assert became == "ignored: what it is about is not in this room"
    assert await posts(db) == [(post.uri, f"<p>Post {post.id}</p>", None)]


async def test_an_announcement_of_an_announcement_leads_nowhere(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    await a_room_with_a_member(db, here)
    inner = an_activity("Announce", "https://cedar.test/groups/x", "https://cedar.test/notes/1")

    became = await send(tools, an_activity("Announce", ROOM, inner))

    assert became == "ignored: Announce Announce is not something we act on"
    assert elsewhere.asked == []


async def test_a_room_without_a_member_here_costs_nothing(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    await a_room(db, here, local=False, uri=ROOM)
    create = an_activity("Create", "https://cedar.test/users/carl", a_note("https://cedar.test/users/carl"))

    became = await send(tools, an_activity("Announce", ROOM, create))

    assert became == "ignored: nobody here is in the room"
    assert (await posts(db), elsewhere.asked) == ([], [])


async def test_who_announces_activities_reads_them_too(tools: Tools, db: Database, here: Here) -> None:
    await a_room_with_a_member(db, here)
    await db.write(add, Node, host="birch.test", dialect=Dialect.BOTH, checked_at=MONDAY)
    bea = await a_person(db, here, local=False)

    await send(tools, an_activity("Announce", ROOM, an_activity("Create", bea.uri, a_note(bea.uri))))

    assert await rows(db, Node.host, Node.dialect) == [("birch.test", Dialect.THREADIVERSE)]
