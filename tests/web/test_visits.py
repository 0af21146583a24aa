"""Catching up with a room: exactly what came in since, the same on every device."""

from typing import Any, NamedTuple

import pytest
from sqlalchemy import Connection, event

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import PaperKind
from fedishare.queries import visits
from fedishare.services import accounts, rooms
from tests.builders import FrozenClock, Made, a_follow_row, a_person, a_post, a_resource, a_room
from tests.web.conftest import Browser, Node

SECTIONS = ["minutes", "questions", "resources", "rest"]


class Scene(NamedTuple):
    """Hana's room, in which Ben is; both are from here."""

    room: Made
    hana: Made
    ben: Made
    browser: Browser

    @property
    def catch_up(self) -> str:
        return f"/rooms/{self.room.id}/catch-up"


@pytest.fixture
async def scene(node: Node, db: Database, here: Here, clock: FrozenClock) -> Scene:
    hana, _ = await node.a_teacher("hana", name="Hana Hughes")
    ben, browser = await node.a_teacher("ben")
    room = await a_room(db, here, username="slt", name="Senior leaders", owner=hana)
    earlier = await a_post(db, here, by=hana, content="<p>Before Ben came</p>")
    await db.write(rooms.admit, here, room_id=room.id, post_id=earlier.id, activity_uri=None)
    clock.tick(seconds=1)
    for who in (hana, ben):
        await a_follow_row(db, here, by=who, of=room)
    clock.tick(days=21)
    return Scene(room, hana, ben, browser)


async def said(scene: Scene, db: Database, here: Here, text: str, **over: Any) -> Made:
    post = await a_post(db, here, by=over.pop("by", scene.hana), content=f"<p>{text}</p>", **over)
    await db.write(rooms.admit, here, room_id=scene.room.id, post_id=post.id, activity_uri=None)
    return post


async def listed(scene: Scene, browser: Browser | None = None) -> list[tuple[str, list[str]]]:
    """The sections of the catch-up page, each with the posts in it."""
    page = (await (browser or scene.browser).get(scene.catch_up)).root
    sections = [each for each in page.all("section") if each["aria-labelledby"] in SECTIONS]
    return [(each["aria-labelledby"], [post["id"] for post in each.all("article")]) for each in sections]


async def press_seen(scene: Scene, browser: Browser, upto: str = "") -> int:
    if not upto:
        upto = (await browser.get(scene.catch_up)).root.all("input", name="upto")[0]["value"]
    return (await browser.post(f"/rooms/{scene.room.id}/seen", {"upto": upto})).status


async def test_it_lists_exactly_what_came_since_with_the_minutes_first(scene: Scene, db: Database, here: Here) -> None:
    rest = await said(scene, db, here, "Thank you all.")
    question = await said(scene, db, here, "Who has a wormery?")
    resource = await a_resource(db, here, by=scene.hana)
    await db.write(rooms.admit, here, room_id=scene.room.id, post_id=resource.id, activity_uri=None)
    minutes = await said(scene, db, here, "Minutes", paper=PaperKind.MINUTES)
    await said(scene, db, here, "Ben knows what he said", by=scene.ben)
    answer = await said(scene, db, here, "Me?", in_reply_to_uri=question.uri, thread_id=question.id)
    await a_post(db, here, by=scene.hana, content="<p>Elsewhere</p>")

    found = await listed(scene)

    assert found == [
        ("minutes", [f"p{minutes.id}"]),
        ("questions", [f"p{question.id}"]),
        ("resources", [f"p{resource.id}"]),
        ("rest", [f"p{rest.id}", f"p{answer.id}"]),
    ]
    bar = (await scene.browser.get("/@slt")).root.text
    assert "5 new posts since you were last here" in bar
    assert "minutes of 1 meeting, 1 question, 1 resource, 2 other posts" in bar
    for path in ("/", "/rooms"):
        assert "5 new in Senior leaders" in (await scene.browser.get(path)).root.text


async def test_what_came_while_somebody_read_stays_new_on_both_devices(scene: Scene, db: Database, here: Here) -> None:
    secret = await db.write(accounts.open_session, here, account_id=scene.ben.id)
    phone = Browser(scene.browser._client, secret)  # noqa: SLF001 -- the same node, and a second cookie
    await said(scene, db, here, "One")
    seen_here = (await scene.browser.get(scene.catch_up)).root.all("input", name="upto")[0]["value"]
    two = await said(scene, db, here, "Two")

    await press_seen(scene, scene.browser, seen_here)

    assert await listed(scene) == await listed(scene, phone) == [("rest", [f"p{two.id}"])]
    await press_seen(scene, phone)
    # What an older page says takes nothing back.
    await press_seen(scene, scene.browser, seen_here)
    assert await listed(scene) == await listed(scene, phone) == []
    assert "You are up to date" in (await scene.browser.get(scene.catch_up)).root.text


async def test_a_post_that_we_knew_before_it_came_into_the_room_is_new_in_it(
    scene: Scene, db: Database, here: Here
) -> None:
    known = await a_post(db, here, by=scene.hana, content="<p>Known</p>")
    await said(scene, db, here, "One")
    await press_seen(scene, scene.browser)

    await db.write(rooms.admit, here, room_id=scene.room.id, post_id=known.id, activity_uri=None)

    assert await listed(scene) == [("rest", [f"p{known.id}"])]


async def test_a_room_elsewhere_is_caught_up_with_from_our_own_copy(scene: Scene, db: Database, here: Here) -> None:
    room = await a_room(db, here, local=False, name="Far away")
    await a_follow_row(db, here, by=scene.ben, of=room)
    author = await a_person(db, here, local=False)
    post = await a_post(db, here, by=author)
    await db.write(rooms.approve, here, room_id=room.id, post_id=post.id, uri=f"{room.uri}/a/1", at=here.now())

    assert await listed(scene._replace(room=room)) == [("rest", [f"p{post.id}"])]
    assert await press_seen(scene._replace(room=room), scene.browser) == 303
    assert await listed(scene._replace(room=room)) == []


async def test_nobody_catches_up_with_what_is_not_for_them(scene: Scene, db: Database, here: Here, node: Node) -> None:
    _, eve = await node.a_teacher("eve")
    members = [scene.room.uri, f"{scene.room.uri}/followers"]
    await said(scene, db, here, "For members", visibility=Visibility.ROOM, addressed_to=members, addressed_cc=[])
    await said(scene, db, here, "For all")
    gone = await said(scene, db, here, "Gone", deleted_at=here.now())

    assert await listed(scene, eve) == []
    assert (await node.stranger.get(scene.catch_up)).status == 303
    assert (await eve.get("/rooms/1/catch-up")).status == 404
    assert f"p{gone.id}" not in str(await listed(scene))
    assert len((await listed(scene))[0][1]) == 2


async def test_long_absences_come_in_pages_without_gaps_or_repeats(
    scene: Scene, db: Database, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visits, "PAGE", 2)
    posts = [await said(scene, db, here, f"Post {number}") for number in range(5)]
    path, shown = scene.catch_up, []
    for _ in range(3):
        page = (await scene.browser.get(path)).root
        shown += [each["id"] for each in page.all("article")]
        await said(scene, db, here, "Meanwhile")
        onward = page.all("a", rel="next")
        path = onward[0]["href"] if onward else path

    assert shown == [f"p{post.id}" for post in posts]


@pytest.mark.parametrize("number", [1, 6])
async def test_it_takes_the_same_number_of_statements_for_any_number_of_posts(
    scene: Scene, db: Database, here: Here, number: int
) -> None:
    for each in range(number):
        await said(scene, db, here, f"Post {each}")

    assert await db.read(count, visits.unseen, viewer=scene.ben.id) == 1
    assert await db.read(count, visits.news, room_id=scene.room.id, viewer=scene.ben.id) == 6


def count(tx: Connection, /, query: Any, **values: Any) -> int:
    asked = []

    def note(*_: Any) -> None:
        asked.append(1)

    event.listen(tx, "before_cursor_execute", note)
    query(tx, **values)
    event.remove(tx, "before_cursor_execute", note)
    return len(asked)
