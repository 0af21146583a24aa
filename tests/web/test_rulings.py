"""Looking after a room: what its moderators can do on a page, and nobody else."""

from typing import Any, NamedTuple

import pytest
from sqlalchemy import Connection, select

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.follows import Follow
from fedishare.db.notices import Notice
from fedishare.db.posts import Post
from fedishare.db.reports import Report
from fedishare.db.rooms import Ban, Carried, Lock, Pin, Removal, Steward
from fedishare.domain.permissions import Role
from fedishare.services import rooms
from tests.builders import Made, a_follow_row, a_person, a_post, a_room, add
from tests.web.builders import form
from tests.web.conftest import Browser, Node


class Scene(NamedTuple):
    """Hana opened a room; Ben is in it and wrote a post; Eve is from here, but not in it."""

    room: Made
    hana: Browser
    ben: Browser
    ben_is: Made
    eve: Browser
    post: Made

    @property
    def manage(self) -> str:
        return f"/rooms/{self.room.id}/manage"

    @property
    def moderate(self) -> str:
        return f"/posts/{self.post.id}/moderate"


@pytest.fixture
async def scene(node: Node, db: Database, here: Here) -> Scene:
    hana_is, hana = await node.a_teacher("hana", name="Hana Hughes")
    ben_is, ben = await node.a_teacher("ben", name="Ben Bright")
    _, eve = await node.a_teacher("eve")
    room = await a_room(db, here, username="slt", name="Senior leaders", owner=hana_is)
    for who in (hana_is, ben_is):
        await a_follow_row(db, here, by=who, of=room)
    post = await a_post(db, here, by=ben_is, title="Wet play", content="<p>What do you do?</p>")
    await db.write(rooms.admit, here, room_id=room.id, post_id=post.id, activity_uri=None)
    return Scene(room, hana, ben, ben_is, eve, post)


def rows(tx: Connection, *columns: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in tx.execute(select(*columns))]


async def test_a_moderator_finds_the_way_from_a_post_and_from_the_room(scene: Scene) -> None:
    links = [
        [link["href"] for link in (await who.get("/@slt")).root.all("a")] for who in (scene.hana, scene.ben, scene.eve)
    ]

    found = [(scene.manage in page, scene.moderate in " ".join(page)) for page in links]
    assert found == [(True, True), (False, False), (False, False)]


async def test_a_post_is_taken_out_with_a_reason_and_put_back(scene: Scene, db: Database) -> None:
    assert "Take it out of the room" in (await scene.hana.get(scene.moderate)).html

    out = await scene.hana.post(scene.moderate, {"act": "remove", "reason": "This is not for SLT"})
    shown = [("Wet play" in (await scene.eve.get(path)).html) for path in ("/@slt", "/@ben")]
    told = (await scene.ben.get("/notices")).root.text
    back = await scene.hana.get(scene.moderate)
    await scene.hana.post(scene.moderate, {"act": "restore"})

    assert (out.status, shown) == (303, [False, True])
    assert "Your post was taken out: This is not for SLT" in told
    assert "This is not for SLT" in back.root.text
    assert "Wet play" in (await scene.eve.get("/@slt")).html
    assert await db.read(rows, Removal.post_id) == []


async def test_a_closed_conversation_can_be_read_but_not_answered(scene: Scene, db: Database) -> None:
    await scene.hana.post(scene.moderate, {"act": "lock"})

    page = await scene.ben.get(f"/posts/{scene.post.id}")
    sent = await scene.ben.post("/compose", form({"text": "Still", "reply_to": str(scene.post.id)}))

    assert "closed this conversation" in page.root.text
    assert page.root.all("textarea") == []
    assert (sent.status, sent.errors) == (422, ["The moderators of the room closed this conversation."])
    await scene.hana.post(scene.moderate, {"act": "unlock"})
    assert await db.read(rows, Lock.thread_id) == []
    assert (await scene.ben.post("/compose", form({"text": "Now", "reply_to": str(scene.post.id)}))).status == 303


async def test_a_pinned_post_stands_first_and_once(scene: Scene, db: Database, here: Here) -> None:
    newer = await a_post(db, here, by=scene.ben_is, title="Newer")
    await db.write(rooms.admit, here, room_id=scene.room.id, post_id=newer.id, activity_uri=None)

    await scene.hana.post(scene.moderate, {"act": "pin"})

    articles = [each["id"] for each in (await scene.eve.get("/@slt")).root.all("article")]
    assert articles == [f"p{scene.post.id}", f"p{newer.id}"]
    await scene.hana.post(scene.moderate, {"act": "unpin"})
    assert await db.read(rows, Pin.post_id) == []


async def test_somebody_is_banned_by_handle_and_let_in_again(scene: Scene, db: Database) -> None:
    banned = {"handle": "@ben", "reason": "Twice warned", "until": "2026-09-30", "with_posts": "1"}

    await scene.hana.post(f"/rooms/{scene.room.id}/ban", banned)
    page = (await scene.hana.get(scene.manage)).root.text
    joins = await scene.ben.post("/follow", {"actor": str(scene.room.id), "next": "/@slt"})

    [(actor_id, until)] = await db.read(rows, Ban.actor_id, Ban.until)
    assert (actor_id, until.isoformat()) == (scene.ben_is.id, "2026-09-30T23:59:59.999999+00:00")
    assert "Twice warned" in page
    assert joins.status == 403
    assert await db.read(rows, Post.room_id) == [(None,)]
    await scene.hana.post(f"/rooms/{scene.room.id}/people", {"act": "unban", "actor": str(scene.ben_is.id)})
    assert (await scene.ben.post("/follow", {"actor": str(scene.room.id), "next": "/@slt"})).status == 303


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({"handle": ""}, "Say who is meant: a handle such as @anna or @ben@school.example."),
        ({"handle": "@nobody"}, "Nobody here has this name."),
        ({"handle": "@ben", "until": "soon"}, "Write the day as year-month-day, such as 2027-01-31."),
        ({"handle": "@ben", "until": "2026-09-01"}, "This day is over already: choose one that is still to come."),
        ({"handle": "@hana"}, "Whoever looks after the room cannot be banned from it."),
    ],
)
async def test_a_ban_that_cannot_be_says_why(scene: Scene, db: Database, sent: dict[str, str], wrong: str) -> None:
    page = await scene.hana.post(f"/rooms/{scene.room.id}/ban", sent)

    assert (page.status, page.errors) == (422, [wrong])
    assert await db.read(rows, Ban.actor_id) == []


async def test_a_member_is_appointed_and_dismissed(scene: Scene, db: Database) -> None:
    people = f"/rooms/{scene.room.id}/people"

    refused = await scene.hana.post(people, {"act": "appoint", "moderator": "@eve"})
    await scene.hana.post(people, {"act": "appoint", "moderator": "@ben"})
    may = (await scene.ben.get(scene.manage)).status
    await scene.hana.post(people, {"act": "dismiss", "actor": str(scene.ben_is.id)})

    assert refused.errors == ["Only a member of the room can look after it: ask them to join first."]
    assert (may, (await scene.ben.get(scene.manage)).status) == (200, 403)
    assert len(await db.read(rows, Steward.actor_id)) == 1


async def test_who_may_write_is_settled_in_one_place_and_told_where_the_room_is_looked_after(scene: Scene) -> None:
    settings = f"/rooms/{scene.room.id}/settings"
    await scene.hana.post(f"/rooms/{scene.room.id}/people", {"act": "appoint", "moderator": "@ben"})
    before = (await scene.hana.get(scene.manage)).root

    saved = await scene.hana.post(settings, {"name": "Senior leaders", "access": "open", "posting": "members"})
    sent = await scene.eve.post("/compose", form({"text": "Hello", "reply_to": str(scene.post.id)}))

    assert saved.status == 303
    assert sent.errors == ["Only members may write into this room."]
    assert "Everybody may write into the room" in before.text
    pages = [(await who.get(scene.manage)).root for who in (scene.hana, scene.ben)]
    assert ["Only members write into the room." in page.text for page in pages] == [True, True]
    # A moderator sees no button that is for owners alone.
    ways = [(f"{settings}#posting" in [a["href"] for a in page.all("a")], page.text.count("Appoint")) for page in pages]
    assert ways == [(True, 2), (False, 0)]


async def test_a_report_about_a_post_in_the_room_reaches_its_moderators(scene: Scene, db: Database) -> None:
    await scene.eve.post("/report", {"post": str(scene.post.id), "comment": "Rude"})

    page = (await scene.hana.get(scene.manage)).root
    assert "Rude" in page.text
    assert (await scene.hana.get("/notices")).root.text.count("A report about Ben Bright") == 1
    [(report_id, room_id)] = await db.read(rows, Report.id, Report.room_id)
    assert room_id == scene.room.id
    await scene.hana.post(f"/rooms/{scene.room.id}/reports/{report_id}/resolve")
    assert "Rude" not in (await scene.hana.get(scene.manage)).root.text


async def test_whoever_looks_after_two_rooms_decides_in_each_of_them(scene: Scene, db: Database, here: Here) -> None:
    """A linked room of the same node has the post as well, and a third that is somebody else's."""
    ((hana_id,),) = await db.read(rows, Steward.actor_id)
    hana_is = Made(hana_id, "")
    other = await a_room(db, here, username="maths", name="Maths room", owner=hana_is)
    third = await a_room(db, here, username="art", name="Art room", owner=scene.ben_is)
    for room in (other, third):
        await db.write(add, Carried, room_id=room.id, post_id=scene.post.id, entry_id=scene.post.id)
    page = (await scene.hana.get(scene.moderate)).root

    fields = {"act": "remove", "room": str(other.id), f"reason-{other.id}": "Not about numbers"}
    out = await scene.hana.post(scene.moderate, fields)
    foreign = await scene.hana.post(scene.moderate, {"act": "pin", "room": str(third.id)})

    assert [each.text for each in page.all("h2")][-2:] == ["In Senior leaders", "In Maths room"]
    assert "Art room" not in page.text
    assert (out.status, foreign.status) == (303, 403)
    assert await db.read(rows, Removal.room_id, Removal.reason) == [(other.id, "Not about numbers")]
    assert await db.read(rows, Pin.post_id) == []
    assert "Not about numbers" in (await scene.hana.get(scene.moderate)).root.text


POSTS = ("remove", "lock", "pin")


async def test_nobody_else_decides_anything(scene: Scene, node: Node, db: Database) -> None:
    _, moderator = await node.a_teacher("mo", role=Role.MODERATOR)
    answers = []
    for who in (scene.ben, scene.eve, moderator):
        answers += [(await who.post(scene.moderate, {"act": act})).status for act in POSTS]
        answers.append((await who.post(f"/rooms/{scene.room.id}/ban", {"handle": "@ben"})).status)
        answers.append(
            (await who.post(f"/rooms/{scene.room.id}/people", {"act": "appoint", "moderator": "@eve"})).status
        )
        answers.append((await who.post(f"/rooms/{scene.room.id}/reports/1/resolve")).status)
        answers.append((await who.get(scene.manage)).status)
        answers.append((await who.get(scene.moderate)).status)

    assert set(answers) == {403}
    assert [await db.read(rows, column) for column in (Removal.room_id, Lock.room_id, Pin.actor_id, Ban.room_id)] == [
        []
    ] * 4
    assert len(await db.read(rows, Follow.id)) == 2


async def test_an_admin_of_the_node_may_look_after_its_rooms(scene: Scene, node: Node, db: Database) -> None:
    _, admin = await node.a_teacher("ad", role=Role.ADMIN)

    await admin.post(scene.moderate, {"act": "lock"})

    assert await db.read(rows, Lock.thread_id) == [(scene.post.id,)]


async def test_a_room_elsewhere_is_not_ours_to_look_after(scene: Scene, db: Database, here: Here) -> None:
    far = await a_room(db, here, local=False)
    post = await a_post(db, here, by=await a_person(db, here, local=False), room_id=far.id)

    found = [(await scene.hana.get(path)).status for path in (f"/rooms/{far.id}/manage", f"/posts/{post.id}/moderate")]

    assert found == [404, 404]


async def test_an_answer_that_was_taken_out_is_not_in_the_conversation(scene: Scene, db: Database, here: Here) -> None:
    answer = await a_post(
        db,
        here,
        by=scene.ben_is,
        thread_id=scene.post.id,
        in_reply_to_id=scene.post.id,
        in_reply_to_uri=scene.post.uri,
        content="<p>Rude words</p>",
        room_id=scene.room.id,
    )
    await scene.hana.post(f"/posts/{answer.id}/moderate", {"act": "remove"})

    seen = ["Rude words" in (await who.get(f"/posts/{scene.post.id}")).html for who in (scene.eve, scene.ben)]

    assert seen == [False, True], "its author still sees it"
    assert await db.read(rows, Notice.line) == [("Your post was taken out.",)]
