"""Three kinds of servers against every event in a room (fediverse.md 1.5), and their own rooms against us (1.7)."""

from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest

from fedishare.domain.permissions import Role
from tests.live.conftest import OpenNode, refuse_offences
from tests.live.nodes import LiveNode, until_quiet
from tests.live.peers_plain import Plain
from tests.live.teachers import Teacher, number_of
from tests.live.town import Town, until


class Servers(NamedTuple):
    threadiverse: Plain
    microblog: Plain
    unknown: Plain


@pytest.fixture
async def servers(town: Town) -> AsyncIterator[Servers]:
    made = Servers(
        Plain(town, "forum.test", software="piefed", version="1.6.18"),
        Plain(town, "toot.test", software="mastodon", version="4.7.0"),
        Plain(town, "new.test", software="somethingnew", version="1"),
    )
    for one in made:
        await one.start()
    yield made
    for one in made:
        await one.close()
    for one in made:
        refuse_offences(one)


class Room(NamedTuple):
    node: LiveNode
    hana: Teacher
    ben: Teacher
    uri: str
    number: str
    servers: Servers

    async def heard(self) -> tuple[list[str], list[str], list[str]]:
        """What each kind of server was told of what has just happened."""
        await until_quiet(self.node)
        return self.servers.threadiverse.heard(), self.servers.microblog.heard(), self.servers.unknown.heard()


@pytest.fixture
async def room(open_node: OpenNode, servers: Servers) -> Room:
    node = await open_node("hampshire.test", "Hampshire Alliance")
    hana, ben = await node.enrol("hana", "Hana Hughes", role=Role.ADMIN), await node.enrol("ben", "Ben Bright")
    await hana.post("/rooms/new", name="Primary SLT", username="slt", description="For heads.")
    uri = f"{node.url}/groups/slt"
    number = str(await node.one("SELECT id FROM actor WHERE uri = :uri", uri=uri))
    await ben.post("/follow", actor=number, next="/@slt")
    for server in servers:
        await server.join(await server.actor(uri))
    await until(lambda: all(server.accepted for server in servers), what="everybody is in the room")
    made = Room(node, hana, ben, uri, number, servers)
    await made.heard()
    return made


async def test_every_event_is_told_in_the_words_of_each_kind_of_server(room: Room) -> None:
    page = await room.ben.write("What works at wet play?", title="Wet play", room=room.number)
    post, path = number_of(page.path), f"/posts/{number_of(page.path)}"
    assert await room.heard() == (["Announce Create"], ["Announce ."], ["Announce .", "Announce Create"])

    await room.hana.write("@ben Board games", reply_to=post)
    assert await room.heard() == (["Announce Create"], ["Create"], [])

    await room.ben.post(f"{path}/edit", text="What works, and where?", title="Wet play", language="en")
    assert await room.heard() == (["Announce Update"], ["Update"], ["Announce Update", "Update"])

    await room.hana.post(f"{path}/like")
    assert await room.heard() == (["Announce Like"], [], ["Announce Like"])
    await room.hana.post(f"{path}/unlike")
    assert await room.heard() == (["Announce Undo Like"], [], ["Announce Undo Like"])

    forum = room.servers.threadiverse
    uri = f"{room.node.url}{path}"
    dislike = forum.says("Dislike", forum.person, uri, audience=room.uri)
    await forum.deliver(forum.person, dislike, [f"{room.uri}/inbox"])
    assert await room.heard() == ([], [], ["Announce Dislike"])

    decide = f"{path}/moderate"
    await room.hana.post(decide, act="pin")
    assert await room.heard() == (["Announce Add"], ["Add"], ["Add", "Announce Add"])
    await room.hana.post(decide, act="unpin")
    assert await room.heard() == (["Announce Remove"], ["Remove"], ["Announce Remove", "Remove"])

    await room.hana.post(decide, act="lock")
    assert await room.heard() == (["Announce Lock"], [], ["Announce Lock"])
    await room.hana.post(decide, act="unlock")
    assert await room.heard() == (["Announce Undo Lock"], [], ["Announce Undo Lock"])

    await room.hana.post(decide, act="remove", reason="Asked before")
    assert await room.heard() == (["Announce Delete"], ["Undo Announce ."], ["Announce Delete", "Undo Announce ."])
    await room.hana.post(decide, act="restore")
    assert await room.heard() == (["Announce Undo Delete"], ["Announce ."], ["Announce .", "Announce Undo Delete"])

    people = f"/rooms/{room.number}/people"
    await room.hana.post(people, act="appoint", moderator="@ben")
    assert await room.heard() == (["Announce Add"], [], ["Announce Add"])
    await room.hana.post(people, act="dismiss", actor=str(room.ben.id))
    assert await room.heard() == (["Announce Remove"], [], ["Announce Remove"])

    await room.ben.post(f"{path}/delete", sure="1")
    assert await room.heard() == (
        # Somebody there disliked the post, so the author's server tells that server too.
        ["Announce Delete", "Delete"],
        ["Delete", "Undo Announce ."],
        ["Announce Delete", "Delete", "Undo Announce ."],
    )

    await room.hana.post(f"/rooms/{room.number}/ban", handle="@ben", reason="Once too often")
    assert await room.heard() == (["Announce Block"], [], ["Announce Block"])


async def test_a_report_goes_to_the_server_of_whom_it_is_about_in_the_nodes_name(room: Room) -> None:
    forum = room.servers.threadiverse
    note = forum.note(forum.person, "Rude", audience=room.uri, cc=[room.uri])
    create = forum.says("Create", forum.person, note, audience=room.uri, cc=[room.uri])
    await forum.deliver(forum.person, create, [f"{room.uri}/inbox"])
    await room.heard()
    number = await room.node.one("SELECT id FROM post WHERE uri = :uri", uri=note["id"])

    await room.ben.post("/report", post=str(number), comment="This is rude", forward="1")

    assert await room.heard() == (["Flag"], [], [])
    flag = forum.of_type("Flag")[-1]
    assert (flag["actor"], flag["object"]) == (f"{room.node.url}/actor", [forum.person, note["id"]])
    assert "This is rude" in (await room.hana.get(f"/rooms/{room.number}/manage")).text


async def test_an_answer_too_late_is_answered_with_a_reject(room: Room) -> None:
    forum = room.servers.threadiverse
    page = await room.ben.write("Closed soon", room=room.number)
    await room.hana.post(f"/posts/{number_of(page.path)}/moderate", act="lock")
    await room.heard()
    uri = room.node.url + page.path
    note = forum.note(forum.person, "Too late", inReplyTo=uri, audience=room.uri, cc=[room.uri])
    create = forum.says("Create", forum.person, note, audience=room.uri, cc=[room.uri])

    await forum.deliver(forum.person, create, [f"{room.uri}/inbox"])

    assert await room.heard() == (["Reject"], [], [])
    assert forum.of_type("Reject")[-1]["object"] == create["id"]
    assert "Too late" not in (await room.hana.get(page.path)).text


@pytest.mark.parametrize("kind", Servers._fields)
async def test_a_room_elsewhere_speaks_in_its_own_way_and_each_post_is_there_once(
    open_node: OpenNode, servers: Servers, kind: str
) -> None:
    """Wrapped, and bare beside it, as Lemmy does; a boost alone; or the two of them, as NodeBB."""
    server: Plain = getattr(servers, kind)
    node = await open_node("cornerstone.test", "Cornerstone")
    anna = await node.enrol("anna", "Anna Abbott")
    await anna.follow(f"staff@{server.host}")
    await anna.wait_for(f"/@staff@{server.host}", "Leave the room")
    note = server.note(server.person, "Rows or tables?", audience=server.group, cc=[server.group])
    create = server.says("Create", server.person, note, audience=server.group, cc=[server.group])
    says = {
        "threadiverse": [create, note],
        "microblog": [note["id"]],
        "unknown": [note["id"], create],
    }[kind]
    inbox = [f"{node.url}/inbox"]
    more = {"cc": [f"{server.group}/followers"], "published": "2026-11-20T08:00:01Z"}

    for about in says:
        await server.deliver(server.group, server.says("Announce", server.group, about, **more), inbox)
    await anna.wait_for(f"/@staff@{server.host}", "Rows or tables?")
    await until_quiet(node)
    kept = await node.rows("SELECT uri, room_id IS NULL FROM post")

    assert [(uri, bool(outside)) for uri, outside in kept] == [(note["id"], False)]
    if kind == "microblog":
        boost = {"type": "Announce", "actor": server.group, "object": note["id"]}
        taken_out = server.says("Undo", server.group, boost)
    else:
        delete = server.says("Delete", server.group, note["id"], summary="Off topic")
        taken_out = server.says("Announce", server.group, delete, **more)
    await server.deliver(server.group, taken_out, inbox)
    await anna.wait_for(f"/@staff@{server.host}", without=["Rows or tables?"])
    assert await node.one("SELECT deleted_at FROM post") is None, "it is still its author's"
