"""A room moves to another node on real servers: its members, what is in it and was in it, and who looks after it."""

from typing import Final, NamedTuple

import pytest

from fedishare.cli import handouts
from tests.live.conftest import OpenNode
from tests.live.nodes import PASSWORD, LiveNode, until_quiet
from tests.live.peers_lemmy import Lemmy
from tests.live.peers_mastodon import Mastodon
from tests.live.teachers import Page, Teacher, Upload, number_of
from tests.live.town import until

OLD = "slt@ash.test"
NEW = "leaders@birch.test"
SHEET: Final = Upload("files", "seats.pdf", "application/pdf", handouts.pdf())
ANSWERED: Final = "We use this every September."
ALL: Final = {"subject": "mathematics", "level": "england:year-4", "type": "worksheet"}


class Scene(NamedTuple):
    """Ann's room on Ash, which Bea of Birch looks after too; Al and Cy are in it.

    `before` is what was in it before anybody on Birch was: a worksheet of Al's on Ash, and an answer of Cy's on Cedar.
    """

    ash: LiveNode
    birch: LiveNode
    cedar: LiveNode
    ann: Teacher
    al: Teacher
    bea: Teacher
    cy: Teacher
    room: str
    before: tuple[str, str]

    async def quiet(self) -> None:
        await until_quiet(self.ash, self.birch, self.cedar)


async def a_scene(open_node: OpenNode, access: str, *, has_past: bool = True) -> Scene:
    ash, birch, cedar = [await open_node(f"{name}.test", name.title()) for name in ("ash", "birch", "cedar")]
    ann, al = await ash.enrol("ann", "Ann"), await ash.enrol("al", "Al")
    bea, cy = await birch.enrol("bea", "Bea"), await cedar.enrol("cy", "Cy")
    opened = await ann.post(
        "/rooms/new", name="SLT", username="slt", description="For leaders.", rules="Be kind.", access=access
    )
    room = opened.find(r"/rooms/(\d+)/manage")
    before = ("", "")
    for node, who in ((ash, al), (cedar, cy), (birch, bea)):
        if who is bea and has_past:
            audience = "room" if access == "private" else "public"
            before = await write_before(ash, cedar, al, cy, room=room, visibility=audience)
        if access == "private":
            invited = await ann.post(f"/rooms/{room}/invite", handle=f"@{who.handle}")
            assert invited.status == 200, invited.text
        await who.get(f"/search?q=@{OLD}")
        known = room if node is ash else await node.one("SELECT id FROM actor WHERE username = 'slt'")
        await until_quiet(ash, node)
        joined = await join(who, known)
        assert joined.status == 200, joined.text
        handle = "slt" if node is ash else OLD
        await who.wait_for(f"/@{handle}", "Leave the room")
    number = await ash.one("SELECT id FROM actor WHERE uri = :uri", uri=bea.uri)
    await ann.post(f"/rooms/{room}/members", act="appoint", actor=str(number))
    scene = Scene(ash, birch, cedar, ann, al, bea, cy, room, before)
    await scene.quiet()
    return scene


async def write_before(ash: LiveNode, cedar: LiveNode, al: Teacher, cy: Teacher, **fields: str) -> tuple[str, str]:
    """Al shares a worksheet with the room, and Cy answers it."""
    page = await al.write(
        "Who sits where.", [SHEET], kind="resource", title="Seating plan", licence="CC-BY-4.0", **ALL, **fields
    )
    await cy.wait_for(f"/@{OLD}", "Seating plan")
    there = await cedar.one("SELECT id FROM post WHERE uri = :uri", uri=ash.url + page.path)
    await cy.upload("/compose", {"reply_to": str(there), "text": ANSWERED} | fields, [])
    await until_quiet(ash, cedar)
    return ash.url + page.path, str(await cedar.one("SELECT uri FROM post WHERE source = :text", text=ANSWERED))


async def find_the_past(scene: Scene) -> None:
    """All of it is at the new home, once, and Bea opens a file that lies with its author still."""
    total = await scene.birch.one("SELECT count(*) FROM past_post")
    room = await scene.birch.one("SELECT id FROM actor WHERE username = 'leaders'")
    await scene.bea.wait_for(f"/rooms/{room}/past", f"{total} of {total} posts are here.", "is here.")
    found = await scene.birch.rows(
        "SELECT p.uri, count(*) FROM post p WHERE p.room_id = :room AND p.uri IN (:one, :other) GROUP BY p.uri",
        room=room,
        one=scene.before[0],
        other=scene.before[1],
    )
    assert sorted(found) == sorted((uri, 1) for uri in scene.before)
    page = await scene.bea.get("/@leaders")
    assert page.text.count("Seating plan") >= 1
    sheet = await scene.birch.one("SELECT id FROM post WHERE uri = :uri", uri=scene.before[0])
    assert ANSWERED in (await scene.bea.get(f"/posts/{sheet}")).text
    assert (await scene.bea.get(f"/resources/{sheet}/files/{SHEET.name}")).body == SHEET.body
    assert (await scene.cy.get(f"/rooms/{room}/past")).status == 404


async def join(who: Teacher, room: str) -> Page:
    door = await who.get(f"/rooms/{room}/join")
    return await who.post(f"/rooms/{room}/join", accepted=door.find(r'name="accepted" value="(\d+)"'))


async def make_home(scene: Scene) -> None:
    old = await scene.birch.one("SELECT id FROM actor WHERE uri = :uri", uri=f"{scene.ash.url}/groups/slt")
    page = await scene.bea.wait_for(f"/@{OLD}", "Make a new home for it here")
    form = await scene.bea.get(page.find(rf"(/rooms/{old}/new-home)"))
    assert ("Be kind." in form.text, "For leaders." in form.text) == (True, True)
    made = await scene.bea.post(
        f"/rooms/{old}/new-home", name="SLT", username="leaders", description="For leaders.", rules="Be kind."
    )
    assert made.path == "/@leaders", made.text


async def move(scene: Scene) -> None:
    moved = await scene.ann.post(f"/rooms/{scene.room}/move", target=f"@{NEW}", current=PASSWORD)
    assert "This room has moved" in moved.text, moved.text
    await scene.quiet()


async def test_a_public_room_moves_with_members_roles_and_what_is_in_it(
    open_node: OpenNode, toot: Mastodon, lemmy: Lemmy
) -> None:
    scene = await a_scene(open_node, "open")
    ann, al, bea, cy = scene.ann, scene.al, scene.bea, scene.cy
    mia = toot.enrol("mia")
    await toot.follow(mia, OLD)
    old_uri, new_uri = f"{scene.ash.url}/groups/slt", f"{scene.birch.url}/groups/leaders"
    await until(lambda: toot.following[mia] == {old_uri: "accepted"}, what="Mia is in it")
    lou = lemmy.enrol("lou")
    await lemmy.join(lou, OLD)
    await until(lambda: lemmy.following == {old_uri: "accepted"}, what="Lou is in it")
    page = await al.write("Who has the minutes?", title="Minutes", room=scene.room)
    uri = scene.ash.url + page.path
    for who in (bea, cy):
        await who.wait_for(f"/@{OLD}", "Minutes")
    await ann.post(f"/posts/{number_of(uri)}/moderate", act="pin")
    await scene.quiet()

    early = await ann.post(f"/rooms/{scene.room}/move", target=f"@{bea.handle}", current=PASSWORD)
    assert (early.status, "not a room, but a person" in early.text) == (422, True)
    await make_home(scene)
    await move(scene)

    for who, handle in ((bea, "leaders"), (cy, NEW), (al, NEW)):
        await who.wait_for(f"/@{handle}", "Leave the room", "Minutes")
        assert (await who.get(f"/@{handle}")).text.count("Who has the minutes?") == 1
    await until(lambda: toot.moved == [(old_uri, new_uri)], what="Mia's server is asked")
    # What Mastodon does by itself on a Move.
    await toot.follow(mia, NEW)
    await toot.unfollow(mia, old_uri)
    await until(lambda: toot.following[mia].get(new_uri) == "accepted", what="Mia follows the new one")
    members = await scene.birch.rows(
        "SELECT p.uri FROM follow f JOIN actor p ON p.id = f.follower_id JOIN actor r ON r.id = f.followee_id "
        "WHERE r.uri = :uri AND f.state = 'accepted' ORDER BY p.uri",
        uri=new_uri,
    )
    assert [row[0] for row in members] == sorted([ann.uri, al.uri, bea.uri, cy.uri, mia])
    roles = await scene.birch.rows(
        "SELECT p.uri, s.role FROM steward s JOIN actor p ON p.id = s.actor_id JOIN actor r ON r.id = s.room_id "
        "WHERE r.uri = :uri ORDER BY p.uri",
        uri=new_uri,
    )
    assert roles == [(ann.uri, "moderator"), (bea.uri, "owner")]
    assert (
        await scene.birch.one(
            "SELECT count(*) FROM pin p JOIN actor r ON r.id = p.actor_id WHERE r.uri = :uri", uri=new_uri
        )
        == 1
    )

    await find_the_past(scene)
    # Lemmy knows no moves: Lou can read of it on the page of the old room, which Lemmy looks at again each day.
    assert new_uri in (await lemmy.fetch(old_uri))["summary"]

    # What is new reaches everybody at the new address; the old one says where it is.
    there = (await cy.get(f"/@{NEW}")).find(r"/compose\?room=(\d+)")
    written = await cy.write("Here they are", title="Found", room=there)
    for who, handle in ((bea, "leaders"), (al, NEW)):
        await who.wait_for(f"/@{handle}", "Here they are")
    await until(lambda: scene.cedar.url + written.path in toot.boosts_by(new_uri), what="Mia has it")
    late = scene.cedar.url + (await cy.write(f"@{OLD} Is anybody still there?")).path
    await cy.wait_for("/notices", "The room did not take your post: This room has moved.")
    await scene.quiet()
    assert "This room has moved" in (await ann.get("/@slt")).text
    reason = await scene.ash.one(
        "SELECT r.reason FROM removal r JOIN post p ON p.id = r.post_id WHERE p.uri = :uri", uri=late
    )
    assert reason == f"This room has moved. Join the new one, and write there: {new_uri}"
    again = await ann.post(f"/rooms/{scene.room}/move", target=f"@{NEW}", current=PASSWORD)
    assert (again.status, "has moved already" in again.text) == (422, True)


async def test_a_private_room_moves_and_stays_private(open_node: OpenNode) -> None:
    scene = await a_scene(open_node, "private")
    al, bea, cy = scene.al, scene.bea, scene.cy
    stranger = await scene.cedar.enrol("sam", "Sam Stranger")
    page = await al.write("Between us", title="Secret", room=scene.room, visibility="room")
    uri = scene.ash.url + page.path
    for who in (bea, cy):
        await who.wait_for(f"/@{OLD}", "Between us")
    await scene.quiet()

    await make_home(scene)
    await move(scene)

    for who, handle in ((bea, "leaders"), (cy, NEW), (al, NEW)):
        await who.wait_for(f"/@{handle}", "Leave the room", "Between us")
    await find_the_past(scene)
    there = (await cy.get(f"/@{NEW}")).find(r"/compose\?room=(\d+)")
    await cy.write("Still between us", title="Also secret", room=there, visibility="room")
    for who, handle in ((bea, "leaders"), (al, NEW)):
        await who.wait_for(f"/@{handle}", "Still between us")
    on_cedar = await scene.cedar.one("SELECT id FROM post WHERE uri = :uri", uri=uri)
    await stranger.get(f"/search?q=@{NEW}")
    assert (await stranger.get(f"/posts/{on_cedar}")).status == 404
    assert "between us" not in (await stranger.get(f"/@{NEW}")).text
    new = await scene.cedar.one("SELECT id FROM actor WHERE username = 'leaders'")
    await join(stranger, new)
    await scene.quiet()
    assert (
        await scene.birch.one(
            "SELECT count(*) FROM actor a JOIN follow f ON f.follower_id = a.id WHERE a.username = 'sam'"
        )
        == 0
    )


@pytest.mark.parametrize("access", ["open"])
async def test_a_room_that_nobody_expects_there_does_not_move(open_node: OpenNode, access: str) -> None:
    scene = await a_scene(open_node, access, has_past=False)
    await scene.bea.post("/rooms/new", name="Leaders", username="leaders", description="Another one.")

    refused = await scene.ann.post(f"/rooms/{scene.room}/move", target=f"@{NEW}", current=PASSWORD)
    wrong = await scene.ann.post(f"/rooms/{scene.room}/move", target=f"@{NEW}", current="guessed")
    not_his = await scene.al.get(f"/rooms/{scene.room}/move")

    assert (refused.status, "does not name this one" in refused.text) == (422, True)
    assert (wrong.status, "not your password" in wrong.text) == (422, True)
    assert not_his.status == 403
    assert await scene.ash.one("SELECT moved_to FROM actor WHERE username = 'slt'") is None
