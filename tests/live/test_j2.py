"""J2, a private staffroom across three nodes (mission.md): members read and answer, and nobody else gets anything."""

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import pytest
from yarl import URL

from fedishare.cli import handouts
from fedishare.domain.permissions import Role
from tests.live import signing
from tests.live.conftest import OpenNode
from tests.live.nodes import LiveNode, until_quiet
from tests.live.peers import PUBLIC, now
from tests.live.peers_mastodon import Mastodon
from tests.live.teachers import Page, Teacher, Upload, number_of
from tests.live.town import until

ROOM: Final = "eastleigh-dhts@hampshire.test"
SECRET: Final = "Pangolin budget"
QUESTION: Final = f"Frankly: is the {SECRET} gone? #pangolins"
FILE: Final = Upload("files", "pangolin.pdf", "application/pdf", handouts.pdf())
PICTURE: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
ANSWER: Final = "Gone by Easter, pangolin and all."
LATER: Final = "The pangolin is back."
AS2: Final = "application/activity+json"
# Three nodes, and many questions from all sides.
pytestmark = pytest.mark.timeout(180)


class Eastleigh(NamedTuple):
    """Hana's private room on Hampshire; Anna of Cornerstone and Ben of Hawes Side are in it.

    Ed of Cornerstone and Bea of Hawes Side are not, nor is Mia of toot.test.
    """

    h: LiveNode
    a: LiveNode
    b: LiveNode
    hana: Teacher
    anna: Teacher
    ed: Teacher
    ben: Teacher
    bea: Teacher
    toot: Mastodon
    mia: str
    uri: str
    id_on_h: str

    async def quiet(self) -> None:
        await until_quiet(self.h, self.a, self.b)

    async def write(self, teacher: Teacher, text: str, files: Sequence[Upload] = (), **fields: str) -> Page:
        handle = "eastleigh-dhts" if teacher is self.hana else ROOM
        number = (await teacher.get(f"/@{handle}")).find(r"/compose\?room=(\d+)")
        return await teacher.write(text, files, room=number, **fields)


async def _make_link(hana: Teacher, room: str) -> str:
    page = await hana.post(f"/rooms/{room}/link")
    return page.find(r'value="(https://hampshire\.test/join/[\w-]+)"')


async def _come_in(teacher: Teacher, link: str) -> None:
    """As somebody elsewhere does who was sent a link: paste it, read, and press."""
    door = await teacher.post("/rooms/join", link=link)
    assert door.status == 200, door.text
    path = door.path.partition("?")[0]
    assert (await teacher.post(path, link=link, accepted=_rules_of(door))).status == 200


def _rules_of(door: Page) -> str:
    """What the tick beside the rules says, on whatever node the room is."""
    assert "What is said here stays here." in door.text
    return door.find(r'name="accepted" value="(\d+)"')


@pytest.fixture
async def eastleigh(open_node: OpenNode, toot: Mastodon) -> Eastleigh:
    h = await open_node("hampshire.test", "Hampshire Alliance")
    a = await open_node("cornerstone.test", "Cornerstone")
    b = await open_node("hawesside.test", "Hawes Side")
    hana = await h.enrol("hana", "Hana Hughes")
    anna, ed = await a.enrol("anna", "Anna Abbott"), await a.enrol("ed", "Ed Eaton", role=Role.ADMIN)
    ben, bea = await b.enrol("ben", "Ben Booth"), await b.enrol("bea", "Bea Bell")
    opened = await hana.post(
        "/rooms/new",
        name="Eastleigh DHTs",
        username="eastleigh-dhts",
        description="For deputies.",
        access="private",
        rules="What is said here stays here.",
    )
    assert opened.status == 200
    room = opened.find(r"/rooms/(\d+)/members")
    link = await _make_link(hana, room)
    await _come_in(anna, link)
    await anna.wait_for(f"/@{ROOM}", "Write to the room")
    # Ben is invited by his handle.
    assert (await hana.post(f"/rooms/{room}/invite", handle="@ben@hawesside.test")).status == 200
    invited = await ben.wait_for("/notices", "invites you into the room")
    path = invited.find(r'href="(/rooms/\d+/join)"')
    assert (await ben.post(path, accepted=_rules_of(await ben.get(path)))).status == 200
    await ben.wait_for(f"/@{ROOM}", "Write to the room")
    mia = toot.enrol("mia")
    await toot.follow(mia, hana.handle)
    await toot.follow(mia, anna.handle)
    await until_quiet(h, a, b)
    uri = "https://hampshire.test/groups/eastleigh-dhts"
    return Eastleigh(h, a, b, hana, anna, ed, ben, bea, toot, mia, uri, room)


async def _members(teacher: Teacher, handle: str) -> list[tuple[str, str]]:
    """The names on the list of members, with school and role."""
    number = (await teacher.get(f"/@{handle}")).find(r'href="/rooms/(\d+)/members"')
    page = await teacher.wait_for(f"/rooms/{number}/members", "3 members", "Cornerstone")
    found = re.findall(r'<li class="member">.*?<bdi>(.*?)</bdi>.*?<bdi>(.*?)</bdi> · (\w+)', page.text, re.DOTALL)
    return [(name, f"{school}, {role}") for name, school, role in found]


async def test_members_on_three_nodes_read_and_answer(eastleigh: Eastleigh) -> None:
    room = eastleigh
    asked = await room.write(room.hana, QUESTION, [FILE], kind="resource", title="Money", licence="CC-BY-4.0")
    uri = f"{room.h.url}{asked.path}"

    for teacher, node in ((room.anna, room.a), (room.ben, room.b)):
        await teacher.wait_for(f"/@{ROOM}", SECRET)
        await teacher.wait_for("/", SECRET)
        number = await node.one("SELECT id FROM post WHERE uri = :uri", uri=uri)
        fetched = await teacher.get(f"/resources/{number}/files/{FILE.name}")
        assert (fetched.status, fetched.sha256) == (200, hashlib.sha256(FILE.body).hexdigest())
        assert fetched.headers["Cache-Control"] == "private, no-store"
    on_b = await room.b.one("SELECT id FROM post WHERE uri = :uri", uri=uri)
    answered = await room.ben.upload("/compose", {"reply_to": str(on_b), "text": ANSWER, "visibility": "room"}, [])
    assert answered.status == 200
    await room.hana.wait_for(asked.path, ANSWER)
    await room.hana.wait_for("/notices", "answered you")
    on_a = await room.a.one("SELECT id FROM post WHERE uri = :uri", uri=uri)
    await room.anna.wait_for(f"/posts/{on_a}", ANSWER)

    everybody = [
        ("Hana Hughes", "Hampshire Alliance, owner"),
        ("Anna Abbott", "Cornerstone, member"),
        ("Ben Booth", "Hawes Side, member"),
    ]
    for teacher, handle in ((room.hana, "eastleigh-dhts"), (room.anna, ROOM), (room.ben, ROOM)):
        assert await _members(teacher, handle) == everybody


async def test_what_a_member_elsewhere_writes_reaches_the_others(eastleigh: Eastleigh) -> None:
    room = eastleigh

    asked = await room.write(room.anna, QUESTION, [FILE], kind="resource", title="Money", licence="CC-BY-4.0")
    uri = f"{room.a.url}{asked.path}"

    await room.ben.wait_for(f"/@{ROOM}", SECRET)
    await room.hana.wait_for("/@eastleigh-dhts", SECRET)
    on_b = await room.b.one("SELECT id FROM post WHERE uri = :uri", uri=uri)
    fetched = await room.ben.get(f"/resources/{on_b}/files/{FILE.name}")
    assert (fetched.status, fetched.sha256) == (200, hashlib.sha256(FILE.body).hexdigest())
    # What Anna does to it goes the same way.
    await room.ben.post(f"/posts/{on_b}/like")
    await room.a.wait_for("SELECT likes_count FROM post WHERE uri = :uri", uri=uri, what="the like")
    await room.anna.post(f"/posts/{number_of(asked.path)}/edit", text="No pangolins.", title="Money", language="en")
    await room.ben.wait_for(f"/posts/{on_b}", "No pangolins.")
    await room.anna.post(f"/posts/{number_of(asked.path)}/delete", sure="1")
    await room.ben.wait_for(f"/@{ROOM}", without=["No pangolins."])
    await room.quiet()
    assert not [seen for seen in room.toot.seen if "pangolin" in json.dumps(seen.activity).lower()]


async def test_pictures_in_the_room_are_seen_by_its_members_and_by_nobody_else(eastleigh: Eastleigh) -> None:
    """Also those that lie on the node of a member, which is not the node of the room."""
    room = eastleigh
    asked = await room.write(room.anna, f"{SECRET}: look!", [Upload("picture_1", "a.png", "image/png", PICTURE)])
    uri = f"{room.a.url}{asked.path}"
    address = room.a.url + asked.find(r'src="(?:https://cornerstone.test)?(/media/[^"]+)"')
    seen = []
    for teacher, node, handle in ((room.ben, room.b, ROOM), (room.hana, room.h, "eastleigh-dhts")):
        page = await teacher.wait_for(f"/@{handle}", SECRET)
        number = await node.one("SELECT id FROM post WHERE uri = :uri", uri=uri)
        seen.append(f"/posts/{number}/pictures/1")
        assert f'src="{seen[-1]}"' in page.text
        for _ in range(2):
            shown = await teacher.get(seen[-1])
            assert (shown.status, shown.headers["Cache-Control"]) == (200, "private, no-store")
            assert shown.headers["Content-Type"] in {"image/png", "image/jpeg"}
    await room.quiet()

    # Bea sits beside Ben and is no member; a stranger's server signs as itself; and nobody at all.
    real, none = await room.bea.get(seen[0]), await room.bea.get("/posts/77/pictures/1")
    number = seen[0].split("/")[2]
    assert (real.status, real.body.replace(number.encode(), b"77")) == (404, none.body)
    assert (await room.ben.get(seen[0].replace("/1", "/2"))).status == 404
    for status, _ in (
        await _signed(room.toot, room.mia, address, "image/*"),
        await _plain(room.toot, address, "image/*"),
    ):
        assert status == 404
    missing = re.sub(r"/media/.*", "/media/nothing", address)
    assert await _plain(room.toot, address, "image/*") == await _plain(room.toot, missing, "image/*")
    # Once Ben is no member, what his node still remembers is not for him, and it gets nothing more.
    ben_on_h = await room.h.one("SELECT id FROM actor WHERE uri = :uri", uri=room.ben.uri)
    await room.hana.post(f"/rooms/{room.id_on_h}/members", act="let_go", actor=str(ben_on_h))
    await room.ben.wait_for("/notices", "You are no longer in the room.")
    await room.quiet()
    assert (await room.ben.get(seen[0])).status == 404
    key = await _key(room.b, f"{room.b.url}/actor")
    async with room.toot.session.get(
        URL(address, encoded=True), headers=signing.signed_headers(key, "GET", address)
    ) as answered:
        assert answered.status == 404


async def test_nobody_else_gets_anything(eastleigh: Eastleigh) -> None:
    room = eastleigh
    asked = await room.write(room.hana, QUESTION, [FILE], kind="resource", title="Money", licence="CC-BY-4.0")
    uri = f"{room.h.url}{asked.path}"
    await room.anna.wait_for(f"/@{ROOM}", SECRET)
    on_a = await room.a.one("SELECT id FROM post WHERE uri = :uri", uri=uri)
    await room.anna.upload("/compose", {"reply_to": str(on_a), "text": ANSWER, "visibility": "room"}, [])
    await room.hana.wait_for(asked.path, ANSWER)
    await room.quiet()
    on_b = await room.b.one("SELECT id FROM post WHERE uri = :uri", uri=uri)
    by_anna = await room.a.one("SELECT uri FROM post WHERE in_reply_to_uri = :uri", uri=uri)

    await _refuse_a_strangers_server(room, uri, by_anna)
    await _refuse_whoever_is_no_member(room, uri, on_a, on_b)
    await _refuse_everybody(room)
    await _refuse_to_carry_it_out(room, uri, on_a)


async def test_whoever_is_removed_gets_nothing_later_and_sees_nothing_earlier(eastleigh: Eastleigh) -> None:
    room = eastleigh
    asked = await room.write(room.hana, QUESTION, [FILE], kind="resource", title="Money", licence="CC-BY-4.0")
    uri = f"{room.h.url}{asked.path}"
    await room.ben.wait_for(f"/@{ROOM}", SECRET)
    on_b = await room.b.one("SELECT id FROM post WHERE uri = :uri", uri=uri)
    assert (await room.ben.get(f"/resources/{on_b}/files/{FILE.name}")).status == 200
    await room.ben.upload("/compose", {"reply_to": str(on_b), "text": ANSWER, "visibility": "room"}, [])
    await room.anna.wait_for(f"/@{ROOM}", SECRET)
    await room.quiet()

    ben_on_h = await room.h.one("SELECT id FROM actor WHERE uri = :uri", uri=room.ben.uri)
    removed = await room.hana.post(f"/rooms/{room.id_on_h}/members", act="let_go", actor=str(ben_on_h))
    assert removed.status == 200
    await room.ben.wait_for("/notices", "You are no longer in the room.")
    await room.quiet()
    known = await room.b.one("SELECT count(*) FROM received")
    later = await room.write(room.anna, f"{LATER} @ben@hawesside.test")
    await room.hana.wait_for("/@eastleigh-dhts", LATER)
    answer_to_ben = await room.h.one("SELECT id FROM post WHERE author_id = :ben", ben=ben_on_h)
    await room.hana.upload(
        "/compose", {"reply_to": str(answer_to_ben), "text": "Shame about the pangolin.", "visibility": "room"}, []
    )
    await room.quiet()

    # His node heard nothing, and fetches nothing: not as itself, and not as him.
    assert await room.b.one("SELECT count(*) FROM received") == known
    for address in (uri, f"{room.a.url}{later.path}", f"{uri}/files/{FILE.name}", f"{room.uri}/members"):
        for signer in (await _key(room.b, f"{room.b.url}/actor"), await _key(room.b, room.ben.uri)):
            headers = signing.signed_headers(signer, "GET", address)
            async with room.toot.session.get(URL(address, encoded=True), headers=headers) as answered:
                assert answered.status == 404, address
    # What he had is not shown to him any more, nor to anybody else there.
    for path in ("/", f"/@{ROOM}", "/notices", "/tags/pangolins", "/@hana@hampshire.test"):
        page = await room.ben.get(path)
        assert SECRET not in page.text, path
        assert LATER not in page.text, path
    assert (await room.ben.get(f"/posts/{on_b}")).status == 404
    assert (await room.ben.get(f"/resources/{on_b}/files/{FILE.name}")).status == 404
    assert await room.b.rows("SELECT uri FROM member") == []
    # The others know that he is gone.
    assert room.ben.uri not in {row[0] for row in await room.a.rows("SELECT uri FROM member")}
    number = (await room.anna.get(f"/@{ROOM}")).find(r'href="/rooms/(\d+)/members"')
    await room.anna.wait_for(f"/rooms/{number}/members", "2 members", without=["Ben Booth"])


async def test_a_node_with_another_member_goes_on_for_that_one(eastleigh: Eastleigh) -> None:
    room = eastleigh
    await _come_in(room.bea, await _make_link(room.hana, room.id_on_h))
    await room.bea.wait_for(f"/@{ROOM}", "Write to the room")
    ben_on_h = await room.h.one("SELECT id FROM actor WHERE uri = :uri", uri=room.ben.uri)
    await room.hana.post(f"/rooms/{room.id_on_h}/members", act="let_go", actor=str(ben_on_h))
    await room.ben.wait_for("/notices", "You are no longer in the room.")

    await room.write(room.hana, QUESTION)

    await room.bea.wait_for(f"/@{ROOM}", SECRET)
    for path in ("/", f"/@{ROOM}", "/notices"):
        assert SECRET not in (await room.ben.get(path)).text, path


async def _refuse_a_strangers_server(room: Eastleigh, uri: str, by_anna: str) -> None:
    toot = room.toot
    # By address: as somebody signed in who is no member, as nobody, and signed by a stranger's server.
    nothing = uri.replace(number_of(uri), str(int(number_of(uri)) + 1))
    suffixes = ("", "/activity", "/replies", "/likes", "/shares", "/history", f"/files/{FILE.name}", "/quotes")
    for suffix in suffixes:
        for accept in (AS2, "text/html"):
            real, none = [await _signed(toot, room.mia, found + suffix, accept) for found in (uri, nothing)]
            assert real == none, (suffix, accept, real)
            assert real[0] in {303, 401, 404}, (suffix, accept, real)
    for address in [f"{room.h.url}/threads/{number_of(uri)}", by_anna, f"{by_anna}/activity", f"{by_anna}/replies"]:
        assert (await _signed(toot, room.mia, address, AS2))[0] == 404, address
    for activity in await room.h.rows("SELECT uri, body FROM activity"):
        if SECRET.encode() in bytes(activity[1]) or b"eastleigh" in bytes(activity[1]):
            assert (await _signed(toot, room.mia, activity[0], AS2))[0] == 404, activity
    for part in ("members", "moderators"):
        assert (await _signed(toot, room.mia, f"{room.uri}/{part}", AS2))[0] == 404, part
    for part in ("outbox", "followers", "featured", "following"):
        shown = json.loads((await _signed(toot, room.mia, f"{room.uri}/{part}", AS2))[1])
        assert (shown["totalItems"], shown.get("orderedItems", [])) == (0, []), part


async def _refuse_whoever_is_no_member(room: Eastleigh, uri: str, on_a: int, on_b: int) -> None:
    # Ed, who looks after the node on which Anna is a member, and Bea beside Ben.
    for teacher, number in ((room.ed, on_a), (room.bea, on_b)):
        unknown = int(number) + 1
        for form in ("/posts/%s", "/posts/%s/history", f"/resources/%s/files/{FILE.name}", "/compose?reply_to=%s"):
            real, none = await teacher.get(form % number), await teacher.get(form % unknown)
            assert (real.status, real.body.replace(str(number).encode(), b"")) == (
                404,
                none.body.replace(str(unknown).encode(), b""),
            ), form
        for verb in ("like", "boost"):
            assert (await teacher.post(f"/posts/{number}/{verb}")).status in {403, 404}
        looks = [
            "/",
            "/notices",
            "/tags/pangolins",
            f"/search?q={SECRET.replace(' ', '+')}",
            "/search?q=pangolin",
            "/search?q=eastleigh",
            f"/search?q={uri}",
            "/rooms",
            f"/@{ROOM}",
            f"/@{ROOM}/followers",
            "/@hana@hampshire.test",
            "/@anna@cornerstone.test" if teacher is room.bea else "/@anna",
            "/@ben@hawesside.test" if teacher is room.ed else "/@ben",
        ]
        for path in [*looks, *(f"/@{who}/following" for who in ("anna", "ben"))]:
            page = await teacher.get(path)
            assert not _tells(page.text, path), (teacher.username, path)


async def _refuse_everybody(room: Eastleigh) -> None:
    toot = room.toot
    # Nobody at all, on the room's own node and on a member's.
    for node in (room.h, room.a):
        for path in (
            "/",
            "/rooms",
            "/@eastleigh-dhts",
            "/@eastleigh-dhts/followers",
            "/@hana",
            "/@hana.atom",
            "/@eastleigh-dhts.atom",
            "/@eastleigh-dhts/feed",
            "/@anna",
            "/@anna/following",
            "/sitemap.xml",
            "/tags/pangolins",
            "/oer.jsonld",
            "/users/anna/outbox?page=true",
            "/users/hana/outbox?page=true",
            "/users/anna/following?page=true",
            "/users/anna/featured",
        ):
            for accept in ("text/html", AS2):
                status, body = await _plain(toot, node.url + path, accept)
                assert not _tells(body, path), (path, status)
    counted = json.loads((await _plain(toot, f"{room.h.url}/nodeinfo/2.1", "application/json"))[1])
    assert (counted["usage"]["localPosts"], counted["usage"]["localComments"]) == (0, 0)


async def _refuse_to_carry_it_out(room: Eastleigh, uri: str, on_a: int) -> None:
    toot = room.toot
    # It cannot be carried out, either: nor boosted by a member, nor quoted, nor pinned to a page.
    assert (await room.anna.post(f"/posts/{on_a}/boost")).status == 403
    quoted = await room.anna.upload("/compose", {"quote": str(on_a), "text": "Look!", "visibility": "public"}, [])
    assert quoted.status == 422
    boost: dict[str, Any] = {"id": toot.id("boosts"), "type": "Announce", "actor": room.mia, "object": uri}
    boost |= {"published": now()}
    boost |= {"@context": "https://www.w3.org/ns/activitystreams", "to": [PUBLIC], "cc": [f"{room.mia}/followers"]}
    await toot.deliver(room.mia, boost, [f"{room.h.url}/inbox", f"{room.a.url}/inbox"])
    await room.quiet()
    assert await room.h.one("SELECT boosts_count FROM post WHERE uri = :uri", uri=uri) == 0
    assert not [seen for seen in toot.seen if _tells(json.dumps(seen.activity), "")]
    # Mia asks to come in, and is told no.
    answers = len(toot.of_type("Reject"))
    await toot.follow(room.mia, ROOM)
    await until(lambda: len(toot.of_type("Reject")) > answers, what="Mia is refused")
    invited = await room.hana.post(f"/rooms/{room.id_on_h}/invite", handle="@mia@toot.test")
    assert invited.status == 422
    assert "can neither show a private room nor keep it private" in invited.text


def _tells(text: str, path: str) -> bool:
    """Whether a page gives away what is in the room. Its address may repeat what was asked for."""
    asked = {SECRET, "pangolin", "Pangolin", "eastleigh"} if path.startswith(("/search", "/tags")) else set()
    told = {SECRET, ANSWER, "pangolin.pdf", "Frankly"} - asked
    if path.startswith("/@eastleigh"):
        return any(words in text for words in {*told, "Anna Abbott", "Ben Booth"})
    # The name of the room stands on its own page and nowhere else.
    shows_name = "Eastleigh DHTs" in text and not path.startswith(("/@eastleigh", f"/@{ROOM}", "/search"))
    return shows_name or any(words in text for words in told)


async def _signed(toot: Mastodon, who: str, url: str, accept: str) -> tuple[int, str]:
    headers = signing.signed_headers(toot.keys[who], "GET", url) | {"Accept": accept}
    async with toot.session.get(URL(url, encoded=True), headers=headers, allow_redirects=False) as answer:
        text = await answer.text()
        return answer.status, text.replace(number_of(url), "") if re.search(r"/(posts|resources)/\d", url) else text


async def _plain(toot: Mastodon, url: str, accept: str) -> tuple[int, str]:
    headers: dict[str, Any] = {"Accept": accept}
    async with toot.session.get(URL(url, encoded=True), headers=headers) as answer:
        return answer.status, await answer.text()


async def _key(node: LiveNode, actor: str) -> signing.Key:
    rows = await node.rows(
        "SELECT key_id, private FROM actor_key JOIN actor ON actor.id = actor_id WHERE actor.uri = :uri"
        " AND actor_key.kind = 'rsa' AND private IS NOT NULL",
        uri=actor,
    )
    return signing.Key(str(rows[0][0]), bytes(rows[0][1]))
