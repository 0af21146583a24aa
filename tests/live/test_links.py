"""Linked rooms on real servers (FEP-d36d): a ring of four, loops and duplicates, and what stays on its own side."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import pytest

from tests.live.conftest import OpenNode
from tests.live.nodes import LiveNode, until_quiet
from tests.live.peers_lemmy import Lemmy
from tests.live.peers_mastodon import Mastodon
from tests.live.teachers import Page, Teacher, number_of
from tests.live.town import until

ROOM = "/@maths"


class Side(NamedTuple):
    """A node with a room, and the teacher who opened it."""

    node: LiveNode
    owner: Teacher
    room: str

    @property
    def handle(self) -> str:
        return f"maths@{self.node.host}"

    @property
    def uri(self) -> str:
        return f"{self.node.url}/groups/maths"

    @property
    def linked(self) -> str:
        return f"/rooms/{self.room}/linked"

    async def write(self, text: str, *, title: str = "") -> str:
        """A post into this side's room; its address."""
        page = await self.owner.write(text, room=self.room, title=title)
        return self.node.url + page.path

    async def knows(self, uri: str) -> str:
        """The number that a post has on this node."""
        found = await self.node.wait_for("SELECT id FROM post WHERE uri = :uri", uri=uri, what=f"{uri} is here")
        return str(found)

    async def act(self, act: str, other: "Side") -> Page:
        number = (await self.owner.get(self.linked)).find(
            rf'name="act" value="{act}"><input type="hidden" name="room" value="(\d+)"'
        )
        page = await self.owner.post(self.linked, act=act, room=number)
        assert page.status == 200, (act, other.handle, page.text)
        return page


async def a_side(open_node: OpenNode, name: str) -> Side:
    node = await open_node(f"{name}.test", name.title())
    owner = await node.enrol(f"{name[:3]}", f"{name.title()} Owner")
    opened = await owner.post("/rooms/new", name=f"Maths of {name}", username="maths", description="For maths leads.")
    assert opened.status == 200
    return Side(node, owner, opened.find(r"/rooms/(\d+)/manage"))


FOLLOWS = (
    "SELECT count(*) FROM follow f JOIN actor a ON a.id = f.follower_id JOIN actor b ON b.id = f.followee_id "
    "WHERE a.kind = 'Group' AND b.kind = 'Group' AND f.state = :state AND :uri IN (a.uri, b.uri)"
)


async def link(one: Side, other: Side) -> None:
    """One asks, the other agrees."""
    asked = await one.owner.post(one.linked, act="ask", other=f"@{other.handle}")
    assert "The other room is asked" in asked.text, asked.text
    await other.node.wait_for(f"{FOLLOWS} HAVING count(*) = 1", state="requested", uri=one.uri, what="the request")
    await other.act("agree", one)
    for side, its in ((one, other), (other, one)):
        both = f"{FOLLOWS} HAVING count(*) = 2"
        await side.node.wait_for(both, state="accepted", uri=its.uri, what=f"the link with {its.handle}")


async def quiet(sides: Sequence[Side]) -> None:
    await until_quiet(*(side.node for side in sides))


async def announced(side: Side) -> int:
    return int(await side.node.one("SELECT count(*) FROM activity WHERE type = 'Announce' AND variant = ''"))


async def times(side: Side, words: str, path: str = ROOM) -> int:
    return (await side.owner.get(path)).text.count(words)


@pytest.fixture
async def ring(open_node: OpenNode) -> list[Side]:
    ash, birch, cedar, dogwood = [await a_side(open_node, name) for name in ("ash", "birch", "cedar", "dogwood")]
    await asyncio.gather(link(ash, birch), link(cedar, dogwood))
    await asyncio.gather(link(birch, cedar), link(dogwood, ash))
    sides = [ash, birch, cedar, dogwood]
    await quiet(sides)
    return sides


@pytest.fixture
async def chain(open_node: OpenNode) -> list[Side]:
    """Three rooms, of which the first and the last know nothing of each other."""
    ash, birch, cedar = [await a_side(open_node, name) for name in ("ash", "birch", "cedar")]
    await asyncio.gather(link(ash, birch), link(birch, cedar))
    await quiet([ash, birch, cedar])
    return [ash, birch, cedar]


async def test_in_a_ring_of_four_everything_is_everywhere_once(ring: list[Side]) -> None:
    ash, birch, cedar, _ = ring
    before = [await announced(side) for side in ring]

    uri = await ash.write("Who has a number line to **spare**?", title="Number lines")
    for side in ring:
        await side.owner.wait_for(ROOM, "Number lines")
    await quiet(ring)
    assert [await times(side, "Number lines") for side in ring] == [1] * 4
    assert [await announced(side) - was for side, was in zip(ring, before, strict=True)] == [1] * 4

    answer = await cedar.owner.write("Two, in the cupboard", reply_to=await cedar.knows(uri))
    reply = cedar.node.url + answer.path
    for side in ring:
        await side.owner.wait_for(f"/posts/{await side.knows(uri)}", "Two, in the cupboard")
    await birch.owner.post(f"/posts/{await birch.knows(uri)}/like")
    for side in ring:
        await side.node.wait_for("SELECT 1 FROM post WHERE uri = :uri AND likes_count = 1", uri=uri, what="the like")
    await ash.owner.post(f"/posts/{number_of(uri)}/edit", text="Number lines, found", language="en", title="Found them")
    for side in ring:
        await side.owner.wait_for(ROOM, "Found them", without=["Who has a number line"])
    await cedar.owner.post(f"/posts/{number_of(reply)}/delete", sure="1")
    for side in ring:
        await side.owner.wait_for(f"/posts/{await side.knows(uri)}", without=["Two, in the cupboard"])
    await quiet(ring)

    # The post, the answer, the like, the edit, the deletion: one word of each room on each of them.
    assert [await announced(side) - was for side, was in zip(ring, before, strict=True)] == [5] * 4
    for side in ring:
        assert await side.node.rows("SELECT uri, count(*) FROM post GROUP BY uri HAVING count(*) > 1") == []
        assert await side.node.one("SELECT boosts_count FROM post WHERE uri = :uri", uri=uri) == 0
        assert await side.node.one("SELECT likes_count FROM post WHERE uri = :uri", uri=uri) == 1
        told = await side.node.rows("SELECT kind FROM notice WHERE kind IN ('boost', 'room_post')")
        assert told == []
    # Nothing is left that goes round and round.
    assert [await side.node.undone() for side in ring] == [0] * 4


async def test_whoever_is_in_several_of_the_rooms_sees_it_once(
    chain: list[Side], toot: Mastodon, lemmy: Lemmy, open_node: OpenNode
) -> None:
    ash, birch, cedar = chain
    elm = await open_node("elm.test", "Elm")
    everywhere, in_one = await elm.enrol("eve", "Eve Everywhere"), await elm.enrol("una", "Una Inone")
    for side in chain:
        await everywhere.follow(side.handle)
        await everywhere.wait_for(f"/@{side.handle}", "Leave the room")
    await in_one.follow(cedar.handle)
    await in_one.wait_for(f"/@{cedar.handle}", "Leave the room")
    mia, lena = toot.enrol("mia"), lemmy.enrol("lena")
    lemmy.others.add(toot.host)
    toot.others.add(lemmy.host)
    for side in (ash, birch):
        await toot.follow(mia, side.handle)
    # Lemmy knows nothing of the room in which it is written.
    await lemmy.join(lena, cedar.handle)
    await until(lambda: toot.following[mia] == {ash.uri: "accepted", birch.uri: "accepted"}, what="Mia is in both")
    await until(lambda: lemmy.following[cedar.uri] == "accepted", what="Lena is in one")
    await until_quiet(elm, *(side.node for side in chain))

    uri = await ash.write("Fractions with pizza", title="Pizza")

    await everywhere.wait_for("/", "Pizza")
    await in_one.wait_for(f"/@{cedar.handle}", "Pizza")
    await until(lambda: uri in lemmy.posts, what="Lena has it")
    await until(lambda: toot.boosts_by(birch.uri) == [uri] == toot.boosts_by(ash.uri), what="Mia has it")
    await until_quiet(elm, *(side.node for side in chain))
    assert (await everywhere.get("/")).text.count("Fractions with pizza") == 1
    assert (await in_one.get("/")).text.count("Fractions with pizza") == 1
    for side in chain:
        assert (await everywhere.get(f"/@{side.handle}")).text.count("Fractions with pizza") == 1
    assert toot.home(mia) == [uri]
    assert lemmy.posts[uri].community == cedar.uri
    assert lemmy.posts[uri].author == ash.owner.uri

    comment = await lemmy.comment(lena, cedar.uri, uri, "Ours had pineapple")
    theirs = await toot.post(mia, "Ours had none", answering=uri, mentions=[ash.uri])
    on_elm = str(await elm.one("SELECT id FROM post WHERE uri = :uri", uri=uri))
    answer = await in_one.write("Cut it in twelve", reply_to=on_elm)
    for side in chain:
        page = f"/posts/{await side.knows(uri)}"
        await side.owner.wait_for(page, "Ours had pineapple", "Ours had none", "Cut it in twelve")
    await until(lambda: {theirs, elm.url + answer.path} <= lemmy.comments.keys(), what="Lena has the answers")
    await until_quiet(elm, *(side.node for side in chain))
    for side in chain:
        text = (await side.owner.get(f"/posts/{await side.knows(uri)}")).text
        assert [text.count(words) for words in ("Ours had pineapple", "Ours had none", "Cut it in twelve")] == [1, 1, 1]
    assert lemmy.comments[comment].community == cedar.uri
    assert toot.boosts_by(ash.uri) == [uri]
    # Nobody vouches for an edit on Mastodon; the rooms look for themselves, and tell Lemmy what they found.
    await toot.edit(theirs, "Ours had none at all")
    await until(lambda: "none at all" in lemmy.comments[theirs].text, what="Lena has the edit")


async def test_what_moderators_decide_stays_on_their_side_and_either_may_leave(open_node: OpenNode) -> None:
    ash, birch = await a_side(open_node, "ash"), await a_side(open_node, "birch")
    sides = (ash, birch)
    await link(ash, birch)
    await birch.owner.wait_for("/notices", "It asks to be linked with your room Maths of birch")
    await ash.owner.wait_for("/notices", "It is linked with your room Maths of ash now")
    for side, other in ((ash, birch), (birch, ash)):
        assert "Linked: what is in one room is in the other" in (await side.owner.get(side.linked)).text
        assert f"Maths of {other.node.host.partition('.')[0]}" in (await side.owner.get(ROOM)).text
    first = await ash.write("Buy my worksheets", title="Worksheets")
    await birch.owner.wait_for(ROOM, "Worksheets")
    second = await ash.write("Who plays chess?", title="Chess")
    await birch.owner.wait_for(ROOM, "Chess")
    await quiet(sides)

    # Birch takes the one out and closes the other; Ash has both as before.
    on_birch = await birch.knows(first)
    await birch.owner.post(f"/posts/{on_birch}/moderate", act="remove", reason="An advertisement")
    await birch.owner.post(f"/posts/{await birch.knows(second)}/moderate", act="lock")
    await birch.owner.wait_for(ROOM, "Chess", without=["Worksheets"])
    await quiet(sides)
    assert "Worksheets" in (await ash.owner.get(ROOM)).text
    refused = await birch.owner.post(
        "/compose", kind="talk", text="Me", visibility="public", language="en", reply_to=await birch.knows(second)
    )
    assert "closed this conversation" in refused.text
    await ash.owner.write("Every Tuesday", reply_to=number_of(second))
    await quiet(sides)
    assert (
        await birch.node.one(
            "SELECT count(*) FROM post p JOIN actor r ON r.id = p.room_id WHERE p.content LIKE '%Tuesday%' AND r.local"
        )
        == 0
    )

    # What Ash takes out stays in Birch.
    third = await birch.write("Division, by sharing", title="Division")
    await ash.owner.wait_for(ROOM, "Division")
    await quiet(sides)
    await ash.owner.post(f"/posts/{await ash.knows(third)}/moderate", act="remove", reason="We had it")
    await ash.owner.wait_for(ROOM, without=["Division"])
    await quiet(sides)
    assert "Division" in (await birch.owner.get(ROOM)).text

    # Whom Ash bans is read in Birch alone.
    await ash.owner.post(f"/rooms/{ash.room}/ban", handle=f"@{birch.owner.handle}", reason="Enough")
    await birch.write("Am I heard?", title="Silence")
    await quiet(sides)
    assert (await times(ash, "Silence"), await times(birch, "Silence") > 0) == (0, True)

    await birch.act("leave", ash)
    await ash.owner.wait_for("/notices", "or no longer")
    await quiet(sides)
    for side in sides:
        assert (
            await side.node.rows(
                "SELECT f.id FROM follow f JOIN actor a ON a.id = f.follower_id "
                "JOIN actor b ON b.id = f.followee_id WHERE a.kind = 'Group' AND b.kind = 'Group'"
            )
            == []
        )
    await ash.write("After the end", title="Aftermath")
    await birch.write("Alone again", title="Alone")
    await quiet(sides)
    assert (await times(birch, "Aftermath"), await times(ash, "Alone again")) == (0, 0)
    assert "Chess" in (await birch.owner.get(ROOM)).text


async def test_a_lemmy_community_that_follows_our_room_gets_what_is_in_it_once_we_agree(
    open_node: OpenNode, lemmy: Lemmy
) -> None:
    ash = await a_side(open_node, "ash")
    community = lemmy.open_community("numbers")
    await lemmy.follow_room(community, ash.handle)
    await ash.owner.wait_for("/notices", "It asks to be linked with your room")
    await ash.write("Before we agreed", title="Before")
    await until_quiet(ash.node)
    assert lemmy.posts == {}

    number = (await ash.owner.get(ash.linked)).find(r'value="agree"><input type="hidden" name="room" value="(\d+)"')
    await ash.owner.post(ash.linked, act="agree", room=number)
    await until(lambda: lemmy.following[ash.uri] == "accepted", what="Lemmy is told")
    await until(lambda: ash.uri in lemmy.followers[community], what="our room follows the community")
    await ash.owner.wait_for(ash.linked, "Linked: what is in one room is in the other")
    uri = await ash.write("After we agreed", title="After")
    await until(lambda: uri in lemmy.posts, what="Lemmy has it")
    lena = lemmy.enrol("lena")
    theirs = await lemmy.post(lena, community, "Sums", "With or without carrying?")
    await ash.owner.wait_for(ROOM, "Sums", "With or without carrying?")
    await until_quiet(ash.node)

    assert await times(ash, "With or without carrying?") == 1
    # What came from there does not go back as a second post.
    assert lemmy.posts[theirs].community == community
    assert lemmy.posts[uri].community == ash.uri


async def test_a_room_that_cannot_be_linked_is_answered_in_plain_words(open_node: OpenNode, lemmy: Lemmy) -> None:
    ash, birch = await a_side(open_node, "ash"), await a_side(open_node, "birch")

    async def ask(address: str) -> str:
        page = await ash.owner.post(ash.linked, act="ask", other=address)
        assert page.status == 422, page.text
        assert 'id="other"' in page.text
        return page.find(r'id="other-wrong">.*?</span> (.*?)</p>')

    opened = await birch.owner.post(
        "/rooms/new", name="Heads", username="heads", description="For heads.", access="private"
    )
    assert opened.status == 200
    assert "Only public rooms can be linked" in await ask("@heads@birch.test")
    assert await ask(f"@{ash.handle}") == "This is the room itself. Give the address of another one."
    assert "not a room, but a person" in await ask(f"@{birch.owner.handle}")
    assert "Give the address" in await ask("")
    await ask("@nobody@birch.test")
    gone = lemmy.open_community("gone")
    lemmy.documents["/c/gone"] = None
    assert "gone" in await ask(gone)
    await birch.node.stop()
    assert await ask(f"@{birch.handle}") == "birch.test cannot be reached."
