"""J4, minutes without the postman (mission.md), as far as it needs no e-mail: three nodes, one meeting."""

import re
from typing import Final

from tests.live.conftest import OpenNode
from tests.live.nodes import LiveNode, until_quiet
from tests.live.peers_mastodon import Mastodon
from tests.live.teachers import Page, Teacher
from tests.live.town import until

HANDLE: Final = "eastleigh-dhts@hampshire.test"
LABELS: Final = ("minutes", "questions", "resources", "rest")


async def number_of_room(teacher: Teacher) -> str:
    return (await teacher.get(f"/@{HANDLE}")).find(r"/rooms/(\d+)/meetings")


async def meeting_of(teacher: Teacher, handle: str = HANDLE) -> str:
    """The path of the next meeting as this teacher's own node shows it."""
    page = await teacher.wait_for(f"/@{handle}", "Next meeting:")
    return page.find(r'href="(/meetings/\d+)"')


def sections(page: Page) -> list[tuple[str, int]]:
    """The sections of a catch-up page, and how many posts are in each."""
    parts = re.split(r'aria-labelledby="(minutes|questions|resources|rest)"', page.text)[1:]
    return [
        (name, len(re.findall(r'<article class="card', body)))
        for name, body in zip(parts[::2], parts[1::2], strict=True)
    ]


def sheet(item: str, *, version: str = "0", **said: str) -> dict[str, str]:
    """The notes on one item, as the form sends them."""
    return {"item": item, f"version-{item}": version} | {f"{name}-{item}": text for name, text in said.items()}


async def test_minutes_reach_everybody_without_a_postman(open_node: OpenNode, toot: Mastodon) -> None:  # noqa: C901, PLR0915  # one story
    a = await open_node("cornerstone.test", "Cornerstone")
    b = await open_node("hawesside.test", "Hawes Side")
    h = await open_node("hampshire.test", "Hampshire Alliance")
    nodes: tuple[LiveNode, ...] = (a, b, h)
    anna = await a.enrol("anna", "Anna Abbott")
    ben, bea = await b.enrol("ben", "Ben Booth"), await b.enrol("bea", "Bea Bright")
    hana = await h.enrol("hana", "Hana Hughes")
    mia = toot.enrol("mia")
    opened = await hana.post("/rooms/new", name="Eastleigh DHTs", username="eastleigh-dhts", description="Deputies.")
    assert opened.status == 200
    for teacher in (anna, ben, bea):
        await teacher.follow(HANDLE)
        await teacher.wait_for(f"/@{HANDLE}", "Leave the room")
    room = await toot.follow(mia, HANDLE)
    await until(lambda: toot.following[mia] == {room: "accepted"}, what="Mia follows the room")
    await until_quiet(*nodes)

    # Bea was here, and has seen what there was.
    on_h = (await hana.get("/@eastleigh-dhts")).find(r"/rooms/(\d+)/meetings")
    await hana.write("Welcome, all of you.", room=on_h)
    seen = await bea.wait_for(f"/@{HANDLE}", "1 new post since you were last here")
    bea_room = await number_of_room(bea)
    await bea.post(f"/rooms/{bea_room}/seen", upto=seen.find(r'name="upto" value="(\d+)"'))
    assert "since you were last here" not in (await bea.get(f"/@{HANDLE}")).text

    # Hana calls a meeting on H, and Anna of A is to take the notes.
    called = await hana.post(
        f"/rooms/{on_h}/meetings/new",
        title="Spring term meeting",
        day="2027-03-12",
        time="16:00",
        place="Room 4",
        secretary=f"@{anna.handle}",
    )
    assert called.path.startswith("/meetings/"), called.text
    on_a, on_b = await meeting_of(anna), await meeting_of(ben)
    await ben.wait_for(on_b, "Anna Abbott")
    assert "Run the meeting" in (await anna.wait_for(on_a, "Run the meeting")).text
    assert "Run the meeting" not in (await ben.get(on_b)).text

    # Three things come from B, one from H; all nodes show the same agenda.
    items = ("Wet play", "Phonics & EAL", "Summer fair")
    for item in items:
        await ben.post(f"{on_b}/agenda", headline=item, details="")
        await anna.wait_for(on_a, item.replace("&", "&amp;"))
    await hana.post(f"{called.path}/agenda", headline="Data protection", details="See the new form.")
    page = await anna.wait_for(on_a, "Data protection")
    await ben.wait_for(on_b, "Data protection")
    await until_quiet(*nodes)
    assert toot.boosts_by(room)[-1:] != [], "Mia sees that there is a meeting"

    # Anna puts the last first, and sends it round.
    last = page.find(
        r'name="item" value="(\d+)"><input type="hidden" name="way" value="up"><button[^>]*>Up<span[^>]*>: Data'
    )
    for _ in range(3):
        await anna.post(f"{on_a}/order", item=last, way="up")
    await anna.post(f"{on_a}/send-agenda")
    await until_quiet(*nodes)
    shown = (await ben.get(on_b)).text
    assert shown.index("Data protection") < shown.index("Wet play") < shown.index("Summer fair")

    # Nobody else can run it, from wherever they ask.
    assert (await ben.get(f"{on_b}/notes")).status == 403
    assert (await ben.post(f"{on_b}/publish")).status == 403

    # The meeting is run.
    desk = await anna.get(f"{on_a}/notes")
    numbers = dict(re.findall(r'<h2 id="n(\d+)" dir="auto">\d+\. ([^<]+)</h2>', desk.text))
    by_name = {name: number for number, name in numbers.items()}
    whole = on_a.rpartition("/")[2]
    await anna.post(f"{on_a}/notes", **sheet(whole, present="Anna\nBen\nHana", apologies="Bea"))
    notes = {"notes": "All agree.", "decisions": "We use the new form.", "is_reached": "1"}
    await anna.post(f"{on_a}/notes", **sheet(by_name["Data protection"], **notes))
    await anna.post(f"{on_a}/notes", **sheet(by_name["Wet play"], is_reached="1"))
    for owner, headline, due in ((ben, "Write to parents", "2027-04-02"), (hana, "Book the hall", "2027-04-09")):
        noted = await anna.post(f"{on_a}/actions", headline=headline, owner=f"@{owner.handle}", due=due)
        assert noted.status == 200, noted.text
    talk = await hana.write("Who has a spare projector?", room=on_h)
    assert talk.status == 200
    await bea.wait_for(f"/@{HANDLE}", "projector")

    # Publish: everybody has them, whoever has something to do is told until when.
    out = await anna.post(f"{on_a}/publish")
    assert "We use the new form." in out.text
    for teacher, path in ((hana, called.path), (ben, on_b), (bea, on_b)):
        await teacher.wait_for(path, "We use the new form.", "Write to parents", "Book the hall", "Anna Abbott")
        await teacher.wait_for("/notices", "The minutes of a meeting of", "are out")
    await ben.wait_for("/notices", "noted an action for you", "Write to parents, by Friday 2 April 2027")
    await hana.wait_for("/notices", "noted an action for you", "Book the hall, by Friday 9 April 2027")
    await until_quiet(*nodes)
    assert "noted an action" not in (await bea.get("/notices")).text
    assert "mentioned you" not in (await ben.get("/notices")).text

    # Mia reads them as a post with lists.
    minutes = next(status for status in toot.statuses.values() if "Minutes: Spring term meeting" in status.content)
    for said in ("<li>We use the new form.</li>", "Write to parents", "by Friday 2 April 2027", "<li>Summer fair</li>"):
        assert said in minutes.content

    # Bea was absent: the minutes first, then exactly what was posted since.
    caught_up = await bea.get(f"/rooms/{bea_room}/catch-up")
    # The call, three items and one, and the agenda that was sent round.
    assert sections(caught_up) == [("minutes", 1), ("questions", 1), ("rest", 6)]
    assert "Welcome, all of you." not in caught_up.text
    for said in (*items, "Data protection", "projector", "Spring term meeting"):
        assert said.replace("&", "&amp;") in caught_up.text
    await bea.post(f"/rooms/{bea_room}/seen", upto=caught_up.find(r'name="upto" value="(\d+)"'))
    assert "You are up to date" in (await bea.get(f"/rooms/{bea_room}/catch-up")).text

    # What was not reached stands on the next agenda, which Anna may call for as well.
    a_room = await number_of_room(anna)
    following = await anna.post(
        f"/rooms/{a_room}/meetings/new", title="Summer term meeting", day="2027-06-11", time="16:00"
    )
    assert following.path.startswith("/meetings/"), following.text
    next_on_b, next_on_h = await meeting_of(ben), await meeting_of(hana, "eastleigh-dhts")
    for teacher, path in ((anna, following.path), (ben, next_on_b), (hana, next_on_h)):
        page = await teacher.wait_for(path, "Phonics &amp; EAL", "Summer fair")
        assert "Wet play" not in page.text
        assert "Data protection" not in page.text

    # Ben has done it, and the minutes say so everywhere; Anna hears of it.
    mine = await ben.get("/actions")
    assert "Write to parents" in mine.text
    assert "Book the hall" not in mine.text
    await ben.post(mine.find(r'action="(/actions/\d+/done)"'))
    for teacher, path in ((anna, on_a), (hana, called.path), (ben, on_b)):
        page = await teacher.wait_for(path, '<span class="chip">done</span>')
        assert page.text.count('<span class="chip">done</span>') == 1
    await anna.wait_for("/notices", "Ben Booth", "answered you", "Write to parents")

    # A correction is a new version, for everybody.
    version = (await anna.get(f"{on_a}/notes")).find(rf'name="version-{by_name["Data protection"]}" value="(\d+)"')
    fixed = notes | {"version": version, "decisions": "We use the new form from May."}
    await anna.post(f"{on_a}/notes", **sheet(by_name["Data protection"], **fixed))
    await anna.post(f"{on_a}/publish")
    for teacher, path in ((hana, called.path), (ben, on_b)):
        page = await teacher.wait_for(path, "We use the new form from May.", '<span class="chip">done</span>')
        assert "corrected" in page.text
