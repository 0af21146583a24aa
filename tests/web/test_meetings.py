"""Meetings on pages: who may run one, two who write at once, what waits, what is private."""

from typing import Any, NamedTuple

import pytest
from aiohttp import FormData
from sqlalchemy import Connection, event, select

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.meetings import AgendaItem, Minutes
from fedishare.db.posts import Post
from fedishare.domain.audience import Visibility
from fedishare.queries import meetings
from tests.builders import Made, a_follow_row, a_room
from tests.web.conftest import Browser, Element, Node

CALL = {
    "title": "Spring term meeting",
    "day": "2027-03-12",
    "time": "16:00",
    "place": "Room 4",
    "note": "",
    "secretary": "",
}


class Scene(NamedTuple):
    """Hana looks after the room, Ben is in it, and Eve is not."""

    room: Made
    hana_is: Made
    ben_is: Made
    hana: Browser
    ben: Browser
    eve: Browser

    @property
    def hall(self) -> str:
        return f"/rooms/{self.room.id}/meetings"

    async def call(self, **over: str) -> str:
        """Hana calls a meeting; its path."""
        called = await self.hana.post(f"{self.hall}/new", CALL | over)
        assert called.status == 303, called.errors
        return called.location

    async def add(self, path: str, headline: str) -> None:
        assert (await self.ben.post(f"{path}/agenda", {"headline": headline, "details": ""})).status == 303

    async def desk(self, path: str) -> Element:
        return (await self.hana.get(f"{path}/notes")).root


async def a_scene(node: Node, db: Database, here: Here, **over: Any) -> Scene:
    hana_is, hana = await node.a_teacher("hana", name="Hana Hughes")
    ben_is, ben = await node.a_teacher("ben", name="Ben Bright")
    _, eve = await node.a_teacher("eve")
    room = await a_room(db, here, username="slt", name="Senior leaders", owner=hana_is, **over)
    for who in (hana_is, ben_is):
        await a_follow_row(db, here, by=who, of=room)
    return Scene(room, hana_is, ben_is, hana, ben, eve)


@pytest.fixture
async def scene(node: Node, db: Database, here: Here) -> Scene:
    return await a_scene(node, db, here)


def numbers(page: Element, name: str = "item") -> list[str]:
    return list(dict.fromkeys(each["value"] for each in page.all("input", name=name)))


def notes(item: str, *, version: str = "0", **said: str) -> dict[str, str]:
    """The notes on one item, as the form sends them."""
    return {"item": item, f"version-{item}": version} | {f"{name}-{item}": text for name, text in said.items()}


def filled(page: Element, **over: str) -> FormData:
    """The form of notes as a browser sends it: every field with what stands in it, or with what is typed into it."""
    form = page.one("form", class_="sheets")
    shown = [
        (field["name"], field["value"])
        for field in form.all("input")
        if field["name"] and (field["type"] != "checkbox" or "checked" in field.attributes)
    ]
    shown += [(field["name"], field.raw.removeprefix("\n")) for field in form.all("textarea")]
    return FormData([(name, over.get(name, text)) for name, text in shown])


def rows(tx: Connection, *columns: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in tx.execute(select(*columns))]


async def test_a_meeting_is_called_by_whoever_looks_after_the_room_and_filled_by_members(scene: Scene) -> None:
    path = await scene.call()
    await scene.add(path, "Wet play")

    assert "Next meeting: Friday 12 March 2027, 16:00" in (await scene.ben.get("/@slt")).root.text
    page = (await scene.eve.get(path)).root.text
    assert "Wet play" in page
    assert "Members of the room can add to the agenda." in page
    refused = [
        await scene.ben.post(f"{scene.hall}/new", CALL),
        await scene.eve.post(f"{path}/agenda", {"headline": "Spam"}),
        await scene.ben.get(f"{path}/notes"),
        await scene.ben.post(f"{path}/notes", notes("", notes="x")),
        await scene.ben.post(f"{path}/actions", {"headline": "x"}),
        await scene.ben.post(f"{path}/publish"),
        await scene.ben.post(f"{path}/send-agenda"),
        await scene.ben.post(f"{path}/edit", CALL),
    ]
    assert [answer.status for answer in refused] == [403] * len(refused)


async def test_what_is_wrong_with_a_form_is_said_and_nothing_typed_is_lost(scene: Scene) -> None:
    path = await scene.call()

    empty = await scene.hana.post(f"{scene.hall}/new", CALL | {"title": "", "day": "", "note": "Bring cake"})
    odd = await scene.hana.post(f"{scene.hall}/new", CALL | {"day": "12/3/27", "secretary": "@nobody"})
    item = await scene.ben.post(f"{path}/agenda", {"headline": "", "details": "As I said"})
    action = await scene.hana.post(f"{path}/actions", {"headline": "Paint it", "owner": "@nobody", "due": "soon"})

    assert (empty.status, len(empty.errors), "Bring cake" in empty.html) == (422, 2, True)
    assert (odd.status, "12/3/27" in odd.html) == (422, True)
    assert (item.status, "As I said" in item.html) == (422, True)
    assert (action.status, len(action.errors), "Paint it" in action.html) == (422, 2, True)


async def test_of_two_who_write_at_once_the_second_sees_both(scene: Scene) -> None:
    path = await scene.call()
    await scene.add(path, "Wet play")
    item = numbers(await scene.desk(path))[1]

    first = await scene.hana.post(f"{path}/notes", notes(item, notes="Rain again."))
    second = await scene.hana.post(f"{path}/notes", notes(item, notes="Use the hall.", decisions="Two classes at once"))

    assert (first.status, second.status) == (303, 409)
    assert "Hana Hughes saved other words." in second.root.text
    box = second.root.one("textarea", id=f"notes-{item}")
    assert box.raw.strip() == "Rain again.\n\nUse the hall."
    version = second.root.one("input", name=f"version-{item}")["value"]
    again = notes(item, version=version, notes=box.raw.strip(), decisions="Two classes at once")
    assert (await scene.hana.post(f"{path}/notes", again)).status == 303
    # Sending the same twice, as an impatient finger does, is no clash.
    assert (await scene.hana.post(f"{path}/notes", again)).status == 303
    assert "Rain again.\n\nUse the hall." in (await scene.desk(path)).one("textarea", id=f"notes-{item}").raw


async def test_no_button_loses_what_was_typed_elsewhere_on_the_page(scene: Scene) -> None:
    path = await scene.call()
    for headline in ("Wet play", "Summer fair"):
        await scene.add(path, headline)
    whole, play, fair = numbers(await scene.desk(path))

    typed = {f"notes-{play}": "Use the hall.", f"present-{whole}": "Hana", "headline": "Order umbrellas"}
    noted = await scene.hana.post(f"{path}/actions", filled(await scene.desk(path), **typed))
    halfway = await scene.desk(path)
    typed = {f"decisions-{fair}": "On 3 July."}
    published = await scene.hana.post(f"{path}/publish", filled(halfway, **typed))

    assert (noted.status, published.status) == (303, 303)
    assert halfway.one("textarea", id=f"notes-{play}").raw.strip() == "Use the hall."
    shown = (await scene.ben.get(path)).root.text
    assert [words in shown for words in ("Present: Hana", "Use the hall.", "On 3 July.", "Order umbrellas")] == [
        True
    ] * 4


async def test_notes_that_nobody_changed_are_left_as_somebody_else_saved_them(scene: Scene) -> None:
    path = await scene.call()
    for headline in ("Wet play", "Summer fair"):
        await scene.add(path, headline)
    _, play, fair = numbers(await scene.desk(path))
    open_for_long = await scene.desk(path)
    await scene.hana.post(f"{path}/notes", notes(play, notes="Rain again."))

    saved = await scene.hana.post(f"{path}/notes", filled(open_for_long, **{f"notes-{fair}": "On 3 July."}))

    now = await scene.desk(path)
    assert saved.status == 303
    assert [now.one("textarea", id=f"notes-{item}").raw.strip() for item in (play, fair)] == [
        "Rain again.",
        "On 3 July.",
    ]


async def test_an_action_that_was_only_typed_is_asked_about_before_the_minutes_go_out(scene: Scene) -> None:
    path = await scene.call()
    whole = numbers(await scene.desk(path))[0]

    held = await scene.hana.post(f"{path}/publish", notes(whole, present="Hana") | {"headline": "Order umbrellas"})
    saved = await scene.hana.post(f"{path}/notes", {"headline": "Order umbrellas"})

    assert (held.status, held.errors) == (422, ["Note this action first, or empty the line; then publish."])
    assert [page.root.one("input", id="headline")["value"] for page in (held, saved)] == ["Order umbrellas"] * 2
    assert held.root.one("textarea", id=f"present-{whole}").raw.strip() == "Hana"


async def test_the_minutes_close_the_meeting_and_what_was_not_reached_waits(scene: Scene, db: Database) -> None:
    path = await scene.call()
    for headline in ("Wet play", "Summer fair"):
        await scene.add(path, headline)
    whole, reached, _ = numbers(await scene.desk(path))
    await scene.hana.post(f"{path}/notes", notes(whole, present="Hana\nBen"))
    await scene.hana.post(f"{path}/notes", notes(reached, is_reached="1"))
    await scene.hana.post(f"{path}/actions", {"headline": "Order umbrellas", "owner": "@ben", "due": "2027-04-02"})

    assert (await scene.hana.post(f"{path}/publish")).location == path

    shown = (await scene.ben.get(path)).root.text
    assert "Present: Hana, Ben" in shown
    assert "Not reached: on the agenda of the next meetingSummer fair" in shown
    told = (await scene.ben.get("/notices")).root.text
    assert "Order umbrellas, by Friday 2 April 2027" in told
    assert "The minutes of a meeting of Senior leaders are out" in told
    waiting = (await scene.ben.get(scene.hall)).root.text
    assert "For the next meeting" in waiting
    assert "Summer fair" in waiting
    assert "Wet play" not in waiting
    following = await scene.call(title="Summer term meeting", day="2027-06-11")
    assert "Summer fair" in (await scene.ben.get(following)).root.text
    assert (await scene.ben.post(f"{path}/agenda", {"headline": "Late"})).status == 422
    assert len(await db.read(rows, Minutes.post_id)) == 1


async def test_an_action_is_marked_as_done_by_its_owner_alone_and_taken_back(scene: Scene) -> None:
    path = await scene.call()
    await scene.hana.post(f"{path}/actions", {"headline": "Order umbrellas", "owner": "@ben", "due": "2026-01-02"})
    await scene.hana.post(f"{path}/publish")
    page = (await scene.ben.get("/actions")).root
    assert "was due Friday 2 January 2026" in page.text
    [done] = [form["action"] for form in page.all("form") if form["action"].endswith("/done")]

    assert (await scene.hana.post(done)).status == 403
    assert (await scene.eve.post(done)).status == 403
    for _ in range(2):
        assert (await scene.ben.post(done)).status == 303

    assert "done" in [chip.text for chip in (await scene.hana.get(path)).root.all("span", class_="chip")]
    assert "Done: Order umbrellas" in (await scene.hana.get("/notices")).root.text
    await scene.ben.post(done.replace("/done", "/reopen"))
    assert [form["action"] for form in (await scene.ben.get("/actions")).root.all("form")][-1:] == [done]


async def test_a_cancelled_meeting_hands_its_agenda_on(scene: Scene) -> None:
    path = await scene.call()
    await scene.add(path, "Wet play")
    later = await scene.call(title="Summer term meeting", day="2027-06-11")

    changed = await scene.hana.post(f"{path}/edit", CALL | {"is_cancelled": "1"})

    assert changed.status == 303
    assert "This meeting is cancelled." in (await scene.ben.get(path)).root.text
    assert "Wet play" in (await scene.ben.get(later)).root.text


async def test_the_business_of_a_private_room_is_not_there_for_anybody_else(
    node: Node, db: Database, here: Here
) -> None:
    scene = await a_scene(node, db, here, locked=True, discoverable=False)
    path = await scene.call()
    await scene.add(path, "Redundancies")
    await scene.hana.post(f"{path}/actions", {"headline": "Tell Eve", "owner": "@eve"})
    await scene.hana.post(f"{path}/publish")

    assert {row[0] for row in await db.read(rows, Post.visibility)} == {Visibility.ROOM}
    for who in (scene.eve, node.stranger):
        answer, nowhere = await who.get(path), await who.get("/meetings/12345")
        assert (answer.status, answer.root.one("main").text) == (404, nowhere.root.one("main").text)
        assert "Spring term" not in (await who.get(scene.hall)).root.text
        assert "Spring term" not in (await who.get("/@slt")).root.text
    assert (await scene.eve.post(f"{path}/agenda", {"headline": "Me too"})).status == 404
    for mine in ("/actions", "/notices"):
        assert "Tell Eve" not in (await scene.eve.get(mine)).root.text
    assert (await scene.ben.get(path)).status == 200


async def test_what_a_moderator_takes_out_is_off_the_agenda(scene: Scene, db: Database) -> None:
    path = await scene.call()
    await scene.add(path, "Spam")
    [(item,)] = await db.read(rows, AgendaItem.post_id)

    await scene.hana.post(f"/posts/{item}/moderate", {"act": "remove", "reason": "No"})

    assert "Spam" not in (await scene.ben.get(path)).root.text


@pytest.mark.parametrize("number", [1, 4])
async def test_pages_of_meetings_cost_the_same_however_much_is_on_them(scene: Scene, db: Database, number: int) -> None:
    path = await scene.call()
    for each in range(number):
        await scene.add(path, f"Item {each}")
        await scene.hana.post(f"{path}/actions", {"headline": f"Do {each}", "owner": "@ben"})
    line = await db.read(meetings.meeting, meeting_id=int(path.rpartition("/")[2]), viewer=scene.ben_is.id)
    assert await db.read(count, meetings.agenda, line, viewer=scene.ben_is.id) == 2
    await scene.hana.post(f"{path}/publish")
    post = (await db.read(rows, Minutes.post_id))[0][0]

    assert await db.read(count, meetings.my_actions, viewer=scene.ben_is.id) == 1
    assert await db.read(count, meetings.minutes, post_id=post, viewer=None) == 2
    assert await db.read(count, meetings.glance, room_id=scene.room.id, viewer=scene.ben_is.id) == 2


def count(tx: Connection, /, query: Any, *about: Any, **values: Any) -> int:
    asked = []

    def note(*_: Any) -> None:
        asked.append(1)

    event.listen(tx, "before_cursor_execute", note)
    query(tx, *about, **values)
    event.remove(tx, "before_cursor_execute", note)
    return len(asked)
