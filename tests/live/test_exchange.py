"""What a node and a Mastodon-shaped server have to say to each other, both ways, over TLS."""

import io
import json
from typing import Final, NamedTuple

import pytest
from PIL import Image

from fedishare.domain.permissions import Role
from tests.live import rules
from tests.live.conftest import OpenNode
from tests.live.nodes import LiveNode, until_quiet
from tests.live.peers import PUBLIC, Json, Offence
from tests.live.peers_mastodon import Mastodon, Medium
from tests.live.teachers import Teacher, Upload, number_of
from tests.live.town import until

ACTIVITY: Final = "application/activity+json"


class Pair(NamedTuple):
    """Anna of Cornerstone, a node, and Mia of toot.test."""

    node: LiveNode
    anna: Teacher
    toot: Mastodon
    mia: str

    @property
    def mia_handle(self) -> str:
        return "mia@toot.test"


@pytest.fixture
async def pair(open_node: OpenNode, toot: Mastodon) -> Pair:
    node = await open_node("cornerstone.test", "Cornerstone")
    anna = await node.enrol("anna", "Anna Abbott", role=Role.ADMIN)
    return Pair(node, anna, toot, toot.enrol("mia"))


@pytest.fixture
async def friends(pair: Pair) -> Pair:
    """They follow each other."""
    await pair.toot.follow(pair.mia, pair.anna.handle)
    await until(lambda: pair.toot.following[pair.mia] == {pair.anna.uri: "accepted"}, what="Anna lets Mia follow")
    await pair.anna.follow(pair.mia_handle)
    await _follows(pair, "accepted")
    await until_quiet(pair.node)
    return pair


async def _follows(pair: Pair, state: str) -> None:
    await pair.node.wait_for(
        "SELECT 1 FROM follow JOIN actor ON actor.id = followee_id"
        " WHERE follower_id = :anna AND actor.uri = :mia AND state = :state",
        anna=pair.anna.id,
        mia=pair.mia,
        state=state,
        what=f"Anna's follow of Mia is {state}",
    )


async def _written(teacher: Teacher, text: str, **fields: str) -> str:
    """The address of a new post."""
    return teacher.url + (await teacher.write(text, (), **fields)).path


async def test_an_open_account_answers_a_follow_and_forgets_it_when_undone(pair: Pair) -> None:
    node, anna, toot, mia = pair

    await toot.follow(mia, anna.handle)

    await until(lambda: toot.following[mia] == {anna.uri: "accepted"}, what="the follow is accepted")
    await anna.wait_for("/@anna/followers", "mia")
    await toot.unfollow(mia, anna.uri)
    await anna.wait_for("/@anna/followers", without=["mia@toot.test"])
    # A repeat is answered again.
    await toot.follow(mia, anna.handle)
    await until(lambda: toot.following[mia] == {anna.uri: "accepted"}, what="the second follow is accepted")
    await until_quiet(node)


async def test_a_locked_account_asks_its_owner(pair: Pair) -> None:
    _, anna, toot, mia = pair
    ned = toot.enrol("ned")
    await anna.post("/settings", part="page", name="Anna Abbott", about="", locked="1")

    await toot.follow(mia, anna.handle)
    await toot.follow(ned, anna.handle)

    page = await anna.wait_for("/notices", "2 people ask to follow", "mia@toot.test", "ned@toot.test")
    numbers = {name: (await anna.look_up(f"{name}@toot.test")) for name in ("mia", "ned")}
    assert toot.following[mia] == {anna.uri: "requested"}, page.path
    await anna.post("/requests/accept", actor=numbers["mia"])
    await anna.post("/requests/reject", actor=numbers["ned"])
    await until(lambda: toot.following[mia] == {anna.uri: "accepted"}, what="Mia's request is agreed to")
    await until(lambda: not toot.following[ned], what="Ned's request is refused")


async def test_our_follow_is_answered_rejected_and_taken_back(pair: Pair) -> None:
    node, anna, toot, mia = pair
    toot.locked.add(mia)

    actor = await anna.follow(pair.mia_handle)

    await until(lambda: anna.uri in toot.asked, what="Mia is asked")
    await _follows(pair, "requested")
    await toot.answer(mia, toot.asked[anna.uri], "Accept")
    await _follows(pair, "accepted")
    # A Reject of what was accepted once removes the follower.
    await toot.answer(mia, toot.asked[anna.uri], "Reject")
    assert await node.one("SELECT count(*) FROM follow WHERE follower_id = :anna", anna=anna.id) == 0
    toot.locked.clear()
    await anna.follow(pair.mia_handle)
    await _follows(pair, "accepted")
    await anna.post("/unfollow", actor=actor)
    await until(lambda: anna.uri not in toot.followers[mia], what="Anna's follow is undone at Mia's")


async def test_a_post_is_shown_edited_and_deleted_at_mastodon(friends: Pair) -> None:
    node, anna, toot, _ = friends

    uri = await _written(anna, "Rain again. **Indoor** play. #wetplay", language="en")
    await until(lambda: uri in toot.statuses, what="the post arrives")
    first = toot.statuses[uri]
    await anna.post(f"/posts/{number_of(uri)}/edit", text="Sun at last. #wetplay", language="en")
    await until(lambda: "Sun at last" in toot.statuses[uri].content, what="the edit arrives")
    edited = toot.statuses[uri]
    history = await anna.get(f"/posts/{number_of(uri)}/history")
    await anna.post(f"/posts/{number_of(uri)}/delete", sure="1")
    await until(lambda: uri not in toot.statuses, what="the deletion arrives")

    assert (first.visibility, first.language, first.tags, first.edited) == ("public", "en", ["wetplay"], None)
    assert "<strong>Indoor</strong>" in first.content
    assert edited.published == first.published
    assert edited.edited is not None
    assert "Indoor" in history.text
    assert uri in toot.tombstones
    await until_quiet(node)
    gone = await anna.get(uri.removeprefix(node.url), Accept=ACTIVITY)
    assert (gone.status, json.loads(gone.body)["type"]) == (410, "Tombstone")


async def test_a_post_from_mastodon_is_shown_edited_and_deleted(friends: Pair) -> None:
    node, anna, toot, mia = friends

    uri = await toot.post(mia, "Half term at last", tags=["halfterm"])
    await anna.wait_for("/", "Half term at last")
    await anna.wait_for("/tags/halfterm", "Half term at last")
    await toot.edit(uri, "Half term is over")
    await anna.wait_for("/", "Half term is over", without=["Half term at last"])
    await toot.delete(uri)
    await anna.wait_for("/", without=["Half term is over"])
    # What was deleted does not come back under its address.
    toot.documents[uri.removeprefix(toot.origin)] = None
    await node.wait_for("SELECT 1 FROM tombstone WHERE uri = :uri", uri=uri, what="a tombstone")


async def test_likes_and_boosts_go_both_ways_and_are_taken_back(friends: Pair) -> None:
    node, anna, toot, mia = friends
    ours = await _written(anna, "Phonics bingo")
    theirs = await toot.post(mia, "Number bonds")
    await until(lambda: ours in toot.statuses, what="the post arrives")
    await anna.wait_for("/", "Number bonds")
    on_a = await node.one("SELECT id FROM post WHERE uri = :uri", uri=theirs)

    like, boost = await toot.like(mia, ours), await toot.boost(mia, ours)
    await anna.post(f"/posts/{on_a}/like")
    await anna.post(f"/posts/{on_a}/boost")
    await until(lambda: (anna.uri, theirs) in toot.likes, what="our like arrives")
    await until(lambda: theirs in toot.boosts_by(anna.uri), what="our boost arrives")
    await _counts(friends, ours, likes=1, boosts=1)
    notices = await anna.wait_for("/notices", "likes your post", "boosted your post")

    await toot.unlike(like)
    await toot.unboost(boost)
    await anna.post(f"/posts/{on_a}/unlike")
    await anna.post(f"/posts/{on_a}/unboost")
    await until(lambda: not toot.likes, what="our like is taken back")
    await until(lambda: not toot.boosts_by(anna.uri), what="our boost is taken back")
    await _counts(friends, ours, likes=0, boosts=0)
    assert "mia" in notices.text


async def _counts(pair: Pair, uri: str, *, likes: int, boosts: int) -> None:
    await pair.node.wait_for(
        "SELECT 1 FROM post WHERE uri = :uri AND likes_count = :likes AND boosts_count = :boosts",
        uri=uri,
        likes=likes,
        boosts=boosts,
        what=f"{likes} likes and {boosts} boosts",
    )


async def test_replies_thread_on_both_sides(friends: Pair) -> None:
    node, anna, toot, mia = friends
    root = await _written(anna, "Who has a rota that works?")
    await until(lambda: root in toot.statuses, what="the post arrives")

    answer = await toot.post(mia, "We do", answering=root)
    page = await anna.wait_for(root.removeprefix(node.url), "We do")
    on_a = await node.one("SELECT id FROM post WHERE uri = :uri", uri=answer)
    back = await _written(anna, "@mia@toot.test Please share it", reply_to=str(on_a))
    await until(lambda: back in toot.statuses, what="the answer to the answer arrives")

    assert toot.statuses[back].in_reply_to == answer
    assert toot.statuses[back].mentions == [mia]
    assert "name" not in toot.statuses[back].document
    assert page.status == 200
    replies = json.loads((await anna.get(f"{root.removeprefix(node.url)}/replies", Accept=ACTIVITY)).body)
    assert answer in json.dumps(replies), "other people's answers belong to the collection (M17)"


async def test_a_direct_message_is_for_the_two_of_them(friends: Pair) -> None:
    node, anna, toot, mia = friends
    eve = await node.enrol("eve", "Eve")

    ours = await _written(anna, "@mia@toot.test between you and me", visibility="mentioned")
    theirs = await toot.post(mia, "just for you", mentions=[anna.uri], visibility="direct")
    await until(lambda: ours in toot.statuses, what="the message arrives")
    await anna.wait_for("/notices", "just for you")

    assert (toot.statuses[ours].visibility, toot.statuses[ours].mentions) == ("direct", [mia])
    for uri in (ours, theirs):
        number = await node.one("SELECT id FROM post WHERE uri = :uri", uri=uri)
        assert (await anna.get(f"/posts/{number}")).status == 200
        assert (await eve.get(f"/posts/{number}")).status == 404
    # Nobody but Mia's own server gets to read it.
    assert (await eve.get(ours.removeprefix(node.url), Accept=ACTIVITY)).status == 404
    assert (await toot.fetch_as(mia, ours))["content"] == toot.statuses[ours].content


async def test_followers_only_posts_reach_followers_only(friends: Pair) -> None:
    node, anna, toot, mia = friends
    eve = await node.enrol("eve", "Eve")

    ours = await _written(anna, "Only for those who follow", visibility="followers")
    theirs = await toot.post(mia, "Only for my followers", visibility="private")
    await until(lambda: ours in toot.statuses, what="the post arrives")
    await anna.wait_for("/", "Only for my followers")

    assert toot.statuses[ours].visibility == "private"
    number = await node.one("SELECT id FROM post WHERE uri = :uri", uri=theirs)
    assert (await eve.get(f"/posts/{number}")).status == 404
    assert "Only for my followers" not in (await eve.get("/")).text
    # It cannot be boosted here, and nobody offers to.
    assert f"/posts/{number}/boost" not in (await anna.get("/")).text


async def test_quiet_posts_are_unlisted(friends: Pair) -> None:
    uri = await _written(friends.anna, "Not for the front page", visibility="quiet")

    await until(lambda: uri in friends.toot.statuses, what="the post arrives")

    assert friends.toot.statuses[uri].visibility == "unlisted"


async def test_a_warning_a_picture_and_its_description_travel(friends: Pair) -> None:
    node, anna, toot, mia = friends
    picture = Upload("picture_1", "spider.png", "image/png", _png())
    form = {
        "kind": "talk",
        "text": "Look who sat in the book corner",
        "warning": "A spider",
        "visibility": "public",
        "language": "en",
        "alt_1": "A spider on a shelf",
    }

    page = await anna.upload("/compose", form, [picture])
    ours = node.url + page.path
    await until(lambda: ours in toot.statuses, what="the post arrives")
    attached = {"type": "Document", "mediaType": "image/png", "url": f"{toot.origin}/a.png", "name": "A web"}
    await toot.post(mia, "And its web", warning="A web it made", attachment=[attached | {"width": 4, "height": 3}])
    shown = await anna.wait_for("/", "A web it made", "And its web")

    status = toot.statuses[ours]
    assert (status.warning, status.sensitive) == ("A spider", True)
    assert status.media == [Medium("image", status.media[0].url, "A spider on a shelf")]
    sent = status.document["attachment"][0]
    assert (sent["type"], sent["width"], sent["height"]) == ("Image", 40, 30)
    assert (await anna.get(status.media[0].url.removeprefix(node.url))).headers["Content-Type"].startswith("image/")
    assert "A web" in shown.text


async def test_a_block_parts_both(friends: Pair) -> None:
    node, anna, toot, mia = friends

    block = await toot.block(mia, anna.uri)
    await node.wait_for("SELECT 1 FROM block", what="Mia's block")
    assert await node.one("SELECT count(*) FROM follow") == 0
    await toot.unblock(block)
    assert await node.one("SELECT count(*) FROM block") == 0

    actor = await anna.look_up(friends.mia_handle)
    await anna.post("/block", actor=actor)
    await until(lambda: anna.uri in toot.blocked_by, what="our block arrives")
    await anna.post("/unblock", actor=actor)
    await until(lambda: anna.uri not in toot.blocked_by, what="our unblock arrives")


async def test_followers_move_along_when_both_accounts_say_so(friends: Pair) -> None:
    node, anna, toot, mia = friends
    new = toot.enrol("mia2", snowflake="116000000000000001", alsoKnownAs=[mia])

    await toot.move(mia, new)

    await until(lambda: anna.uri in toot.followers[new], what="Anna follows the new account")
    await until(lambda: anna.uri not in toot.followers[mia], what="Anna no longer follows the old one")
    await until_quiet(node)
    assert "mia2@toot.test" in (await anna.get("/@anna/following")).text


async def test_reports_go_both_ways(friends: Pair) -> None:
    node, anna, toot, mia = friends
    ours = await _written(anna, "Marmite is good for you")
    theirs = await toot.post(mia, "Marmite is vile")
    await anna.wait_for("/", "Marmite is vile")
    await until(lambda: ours in toot.statuses, what="the post arrives")
    number = await node.one("SELECT id FROM post WHERE uri = :uri", uri=theirs)

    await toot.flag(anna.uri, [ours], "This is advertising")
    await anna.post("/report", post=str(number), comment="Rude about breakfast", forward="1")

    await anna.wait_for("/reports", "This is advertising")
    await until(lambda: bool(toot.reports), what="our report arrives")
    assert toot.reports[0]["object"] == [mia, theirs]
    assert toot.reports[0]["actor"] == f"{node.url}/actor", "who reported stays here"
    assert "Rude about breakfast" in toot.reports[0]["content"]


async def test_profiles_change_and_end(friends: Pair) -> None:
    node, anna, toot, mia = friends

    await anna.post("/settings", part="page", name="Anna Archer", about="Year 4 and a dog")
    await toot.update_profile(mia, name="Mia Marsh")
    await until(lambda: toot.known[anna.uri]["name"] == "Anna Archer", what="our profile arrives")
    await anna.wait_for("/@mia@toot.test", "Mia Marsh")
    assert "Year 4 and a dog" in toot.known[anna.uri]["summary"]

    uri = await toot.post(mia, "Farewell")
    await anna.wait_for("/", "Farewell")
    await toot.delete_account(mia)
    await anna.wait_for("/", without=["Farewell"])
    assert await node.one("SELECT count(*) FROM follow") == 0
    assert await node.one("SELECT content FROM post WHERE uri = :uri", uri=uri) == ""
    assert (await anna.get("/@mia@toot.test")).status in {404, 410}


async def test_newer_mastodon_accounts_have_ids_without_names(pair: Pair) -> None:
    _, anna, toot, _ = pair
    nia = toot.enrol("nia", snowflake="116000000000000002")

    await toot.follow(nia, anna.handle)
    await until(lambda: toot.following[nia] == {anna.uri: "accepted"}, what="the follow is accepted")

    await anna.wait_for("/@anna/followers", "nia@toot.test")
    assert (await anna.get("/@nia@toot.test")).status == 200


async def test_a_pin_without_an_id_is_taken(friends: Pair) -> None:
    node, anna, toot, mia = friends
    uri = await toot.post(mia, "Read me first")
    await anna.wait_for("/", "Read me first")

    await toot.pin(mia, uri)

    await node.wait_for(
        "SELECT 1 FROM pin JOIN post ON post.id = pin.post_id WHERE post.uri = :uri", uri=uri, what="the pin"
    )


async def test_what_mastodon_could_ask_for_is_as_strict_as_what_it_was_sent(friends: Pair) -> None:
    node, anna, toot, _ = friends
    uri = await _written(anna, "# A heading\n\nand a [link](https://example.org/). @mia@toot.test")
    await until(lambda: uri in toot.statuses, what="the post arrives")

    for path in ("", "/activity", "/replies", "/likes", "/shares"):
        await toot.fetch(uri + path)
    for name in ("outbox", "followers", "following", "featured"):
        await toot.fetch(f"{anna.uri}/{name}")
    await toot.fetch(toot.statuses[uri].context or "")
    for resource in (node.url, f"acct:{node.host}@{node.host}", anna.uri, f"acct:ANNA@{node.host}"):
        answer = await anna.get(f"/.well-known/webfinger?resource={resource}")
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, "*"), resource
    outbox = await toot.fetch(f"{anna.uri}/outbox")
    page = await toot.fetch(outbox["first"])
    creates = [item for item in page["orderedItems"] if item["type"] == "Create"]
    rules.check_object(creates[0]["object"])
    assert (creates[0]["object"]["id"], creates[0]["to"]) == (uri, [PUBLIC])


def test_the_fake_server_refuses_what_it_should() -> None:
    """The teeth of the linter: one example for each kind of bite."""
    good = {
        "id": "https://a.test/posts/1",
        "type": "Note",
        "attributedTo": "https://a.test/users/a",
        "url": "https://a.test/posts/1",
        "published": "2026-11-21T08:00:00Z",
        "to": [PUBLIC],
        "cc": [],
        "sensitive": False,
        "content": "<p>a</p>",
        "tag": [],
        "attachment": [],
        "replies": {"first": {"items": []}},
    }
    rules.check_object(good)
    bad: list[Json] = [
        {"type": ["Note", "Page"]},
        {"to": PUBLIC},
        {"to": ["as:Public"]},
        {"url": "https://b.test/1"},
        {"published": "2026-11-21T08:00:00+00:00"},
        {"attachment": [{"type": "Document", "url": "https://a.test/f.pdf", "mediaType": "application/pdf"}]},
        {"attachment": [{"type": "Video", "url": "https://a.test/f.mp4", "mediaType": "video/mp4"}]},
        {"inReplyTo": "https://a.test/posts/0", "name": "Yes"},
        {"tag": [{"type": "Mention", "href": "https://b.test/users/b"}]},
        {"replies": "https://a.test/posts/1/replies"},
        {"id": "https://a.test/posts/1#x"},
    ]
    for change in bad:
        with pytest.raises(Offence):
            rules.check_object(good | change)


def _png() -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(held, "PNG")
    return held.getvalue()
