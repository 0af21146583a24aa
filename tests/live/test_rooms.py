"""Rooms across kinds of servers (FEP-1b12): a Lemmy-shaped and a Mastodon-shaped one in one staffroom of ours."""

from typing import NamedTuple

import pytest

from fedishare.domain.permissions import Role
from tests.live.conftest import OpenNode
from tests.live.nodes import LiveNode, until_quiet
from tests.live.peers_lemmy import Lemmy
from tests.live.peers_mastodon import Mastodon
from tests.live.teachers import Teacher, number_of
from tests.live.town import until

HANDLE = "primary-slt@hampshire.test"


class Staffroom(NamedTuple):
    """Hana's room on Hampshire, with Anna of Cornerstone, Lena of Lemmy and Mia of toot.test in it."""

    h: LiveNode
    a: LiveNode
    hana: Teacher
    anna: Teacher
    lemmy: Lemmy
    lena: str
    toot: Mastodon
    mia: str
    uri: str

    async def quiet(self) -> None:
        await until_quiet(self.h, self.a)

    async def number(self) -> str:
        return (await self.anna.get(f"/@{HANDLE}")).find(r"/compose\?room=(\d+)")


@pytest.fixture
async def staffroom(open_node: OpenNode, toot: Mastodon, lemmy: Lemmy) -> Staffroom:
    h = await open_node("hampshire.test", "Hampshire Alliance")
    a = await open_node("cornerstone.test", "Cornerstone")
    hana = await h.enrol("hana", "Hana Hughes", role=Role.ADMIN)
    anna = await a.enrol("anna", "Anna Abbott")
    opened = await hana.post("/rooms/new", name="Primary SLT", username="primary-slt", description="For heads.")
    assert opened.status == 200
    lena, mia = lemmy.enrol("lena"), toot.enrol("mia")
    lemmy.others.add(toot.host)
    toot.others.add(lemmy.host)
    await anna.follow(HANDLE)
    uri = await lemmy.join(lena, HANDLE)
    await toot.follow(mia, HANDLE)
    await anna.wait_for(f"/@{HANDLE}", "Leave the room")
    await until(lambda: lemmy.following[uri] == "accepted", what="Lena is in the room")
    await until(lambda: toot.following[mia] == {uri: "accepted"}, what="Mia is in the room")
    await until_quiet(h, a)
    return Staffroom(h, a, hana, anna, lemmy, lena, toot, mia, uri)


async def test_a_post_from_lemmy_reaches_every_member_in_the_words_of_their_server(staffroom: Staffroom) -> None:
    room, lemmy, toot = staffroom, staffroom.lemmy, staffroom.toot

    uri = await lemmy.post(room.lena, room.uri, "Marking less", "What do you no longer mark?")

    await room.hana.wait_for("/@primary-slt", "Marking less")
    shown = await room.anna.wait_for(f"/@{HANDLE}", "Marking less", "What do you no longer mark?")
    await until(lambda: toot.boosts_by(room.uri) == [uri], what="Mia sees it as a boost")
    await room.quiet()
    assert "lena@lemmy.test" in shown.text
    # The server that it came from filed it by itself.
    assert [item for item in lemmy.of_type("Announce") if item["object"]["type"] == "Create"] == []


async def test_a_post_of_ours_reaches_lemmy_wrapped_and_mastodon_as_one_boost(staffroom: Staffroom) -> None:
    room, lemmy, toot = staffroom, staffroom.lemmy, staffroom.toot

    page = await room.anna.write("Who reads **aloud** after lunch?", title="Reading aloud", room=await room.number())

    uri = room.a.url + page.path
    await until(lambda: uri in lemmy.posts, what="Lemmy has the post")
    await until(lambda: toot.boosts_by(room.uri) == [uri], what="Mia sees it as a boost")
    await room.anna.wait_for(f"/@{HANDLE}", "Reading aloud")
    await room.quiet()
    assert (lemmy.posts[uri].title, lemmy.posts[uri].author, lemmy.posts[uri].community) == (
        "Reading aloud",
        room.anna.uri,
        room.uri,
    )
    assert lemmy.bare == 0, "a server that is known to run Lemmy gets no bare posts"
    assert toot.statuses[uri].author == room.anna.uri


async def test_answers_reach_lemmy_wrapped_and_are_never_boosted(staffroom: Staffroom) -> None:
    room, lemmy, toot = staffroom, staffroom.lemmy, staffroom.toot
    page = await room.anna.write("Who has a wormery?", room=await room.number())
    uri = room.a.url + page.path
    await until(lambda: uri in lemmy.posts and uri in toot.statuses, what="everybody has the post")

    comment = await lemmy.comment(room.lena, room.uri, uri, "We do, in Year 2")
    await room.anna.wait_for(page.path, "We do, in Year 2")
    on_h = await room.h.wait_for("SELECT id FROM post WHERE uri = :uri", uri=comment, what="the comment")
    back = await room.hana.write("@lena@lemmy.test How do they winter?", reply_to=str(on_h))
    theirs = await toot.post(room.mia, "Ours froze", answering=uri, mentions=[room.uri])

    await until(lambda: room.h.url + back.path in lemmy.comments, what="Lemmy has Hana's answer")
    await until(lambda: theirs in lemmy.comments, what="Lemmy has Mia's answer")
    await room.anna.wait_for(page.path, "How do they winter?", "Ours froze")
    await room.quiet()
    assert lemmy.comments[theirs].parent == uri
    assert toot.boosts_by(room.uri) == [uri]


async def test_edits_likes_and_deletions_in_a_room_travel_too(staffroom: Staffroom) -> None:
    room, lemmy, toot = staffroom, staffroom.lemmy, staffroom.toot
    page = await room.anna.write("Wet play again", room=await room.number())
    uri = room.a.url + page.path
    await until(lambda: uri in lemmy.posts and uri in toot.statuses, what="everybody has the post")
    theirs = await lemmy.post(room.lena, room.uri, "Chess club", "Who runs one?")
    await room.anna.wait_for(f"/@{HANDLE}", "Chess club")
    await until(lambda: theirs in toot.statuses, what="Mia has Lena's post")

    like = await lemmy.like(room.lena, room.uri, uri)
    await room.a.wait_for("SELECT 1 FROM post WHERE uri = :uri AND likes_count = 1", uri=uri, what="the like")
    await lemmy.unlike(like)
    await room.a.wait_for("SELECT 1 FROM post WHERE uri = :uri AND likes_count = 0", uri=uri, what="no like")
    on_a = await room.a.one("SELECT id FROM post WHERE uri = :uri", uri=theirs)
    await room.anna.post(f"/posts/{on_a}/like")
    await until(lambda: (room.anna.uri, theirs) in lemmy.likes, what="Anna's like arrives")

    await lemmy.edit(theirs, "Who runs one, and when?")
    await room.anna.wait_for(f"/@{HANDLE}", "and when?")
    await room.anna.post(f"/posts/{number_of(uri)}/edit", text="Wet play, solved", language="en")
    await until(lambda: "solved" in lemmy.posts[uri].text, what="the edit reaches Lemmy")

    await room.anna.post(f"/posts/{number_of(uri)}/delete", sure="1")
    await until(lambda: uri in lemmy.removed, what="the deletion reaches Lemmy")
    await until(lambda: uri not in toot.statuses or uri not in toot.boosts_by(room.uri), what="the boost is undone")
    await lemmy.delete(theirs)
    await room.anna.wait_for(f"/@{HANDLE}", without=["Chess club", "Wet play"])


async def test_a_post_that_mentions_the_room_from_mastodon_is_filed(staffroom: Staffroom) -> None:
    room, lemmy, toot = staffroom, staffroom.lemmy, staffroom.toot

    uri = await toot.post(room.mia, "Does anybody teach Latin?", mentions=[room.uri])

    await room.anna.wait_for(f"/@{HANDLE}", "Does anybody teach Latin?")
    await until(lambda: uri in lemmy.posts, what="Lemmy has the post")


async def test_whoever_leaves_hears_no_more(staffroom: Staffroom) -> None:
    room, lemmy, toot = staffroom, staffroom.lemmy, staffroom.toot

    await lemmy.leave(room.lena, room.uri)
    await toot.unfollow(room.mia, room.uri)
    await room.quiet()
    heard = len(lemmy.seen), len(toot.seen)
    page = await room.anna.write("Only for those who stayed", room=await room.number())
    await room.hana.wait_for("/@primary-slt", "Only for those who stayed")
    await room.quiet()

    assert page.status == 200
    assert (len(lemmy.seen), len(toot.seen)) == heard


async def test_our_people_join_a_lemmy_community_and_take_part(open_node: OpenNode, lemmy: Lemmy) -> None:
    node = await open_node("cornerstone.test", "Cornerstone")
    anna = await node.enrol("anna", "Anna Abbott")
    lena, community = lemmy.enrol("lena"), lemmy.open_community("teaching")

    await anna.follow("teaching@lemmy.test")
    await until(lambda: anna.uri in lemmy.followers[community], what="Anna joins")
    await anna.wait_for("/@teaching@lemmy.test", "Leave the room")
    await lemmy.post(lena, community, "Seating plans", "Rows or tables?")
    shown = await anna.wait_for("/@teaching@lemmy.test", "Seating plans", "Rows or tables?")
    await anna.wait_for("/", "Seating plans")
    number = shown.find(r"/compose\?room=(\d+)")
    page = await anna.write("Has anybody tried horseshoes?", title="Horseshoes", room=number)
    ours = node.url + page.path
    await until(lambda: ours in lemmy.posts, what="the community has Anna's post")
    await anna.wait_for("/@teaching@lemmy.test", "Horseshoes")
    comment = await lemmy.comment(lena, community, ours, "With thirty? No.")
    await anna.wait_for(page.path, "With thirty? No.")
    await lemmy.like(lena, community, ours)
    await anna.wait_for("/notices", "likes your post")
    await lemmy.delete(comment)
    await anna.wait_for(page.path, without=["With thirty? No."])
    await until_quiet(node)
    assert lemmy.posts[ours].community == community
