"""A room moves to a node that is killed while it fetches what was in the room, and goes on where it was."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from fedishare.cli.browser import Browser, Page
from fedishare.core import crash
from tests.live.nodes import PASSWORD
from tests.live.processes import Process
from tests.live.town import eventually

pytestmark = pytest.mark.timeout(240)
BEFORE: Final = 20
# Eight are kept at once, so this is in the middle of the second eight.
KILLED_AT: Final = "arrival.kept:12"
LONGEST_SECONDS: Final = 60.0


class Node:
    """A node, and one teacher of it at a browser."""

    def __init__(self, folder: Path, who: str) -> None:
        folder.mkdir()
        self.process = Process(folder)
        self.who = who
        self.process.run("account", "add", who, "--email", f"{who}@n.example", "--password", PASSWORD)
        self._browser = Browser(self.process.url)

    @property
    def authority(self) -> str:
        return self.process.url.removeprefix("http://")

    async def start(self, **more: str) -> None:
        await self.process.start(**more)

    async def sign_in(self) -> None:
        assert (await self.post("/sign-in", login=self.who, password=PASSWORD, next="/")).status == 200

    async def get(self, path: str) -> Page:
        return await asyncio.to_thread(self._browser.get, path)

    async def post(self, path: str, **fields: str) -> Page:
        return await asyncio.to_thread(lambda: self._browser.post(path, **fields))

    async def write(self, **fields: str) -> Page:
        return await asyncio.to_thread(self._browser.upload, "/compose", fields, [])

    async def wait_for(self, path: str, *wanted: str) -> Page:
        async def look() -> Page | None:
            page = await self.get(path)
            return page if all(words in page.text for words in wanted) else None

        return await eventually(look, what=f"{path} shows {wanted}; {self.process.said()}", within=LONGEST_SECONDS)


@pytest.fixture
async def nodes(tmp_path: Path) -> AsyncIterator[tuple[Node, Node]]:
    both = Node(tmp_path / "old", "ann"), Node(tmp_path / "new", "bea")
    for node in both:
        await node.start()
        await node.sign_in()
    yield both
    for node in both:
        node.process.kill()


async def test_a_private_room_that_moves_to_a_node_that_is_killed_brings_each_post_once(
    nodes: tuple[Node, Node],
) -> None:
    ann, bea = nodes
    old, new = f"@slt@{ann.authority}", f"@leaders@{bea.authority}"
    opened = await ann.post("/rooms/new", name="SLT", username="slt", description="Leaders.", access="private")
    room = opened.find(r"/rooms/(\d+)/manage")
    for number in range(BEFORE):
        wrote = {"kind": "talk", "text": f"Before {number}.", "visibility": "room", "room": room, "language": "en"}
        assert (await ann.write(**wrote)).status == 200
    await _come_in(ann, bea, room, old)
    at_bea = str(await bea.process.one("SELECT id FROM actor WHERE username = 'slt'"))
    await bea.wait_for(f"/@slt@{ann.authority}", "Make a new home for it here")
    await bea.post(f"/rooms/{at_bea}/new-home", name="SLT", username="leaders", description="Leaders.", rules="")
    assert await bea.process.one("SELECT count(*) FROM post") == 0
    bea.process.stop()
    await bea.start(**{crash.VARIABLE: KILLED_AT})

    moved = await ann.post(f"/rooms/{room}/move", target=new, current=PASSWORD)
    assert "This room has moved" in moved.text, moved.text
    await eventually(lambda: _ended(bea), what="the new home is killed", within=LONGEST_SECONDS)
    half = await bea.process.one("SELECT count(*) FROM post")
    await bea.process.let_leases_run_out()
    await bea.start()
    leaders = await bea.process.one("SELECT id FROM actor WHERE username = 'leaders'")
    await bea.wait_for(f"/rooms/{leaders}/past", f"{BEFORE} of {BEFORE} posts are here.", "told us of is here.")

    assert 0 < half < BEFORE
    kept = await bea.process.rows("SELECT p.source, r.username FROM post p JOIN actor r ON r.id = p.room_id")
    assert sorted(kept) == sorted((f"Before {number}.", "leaders") for number in range(BEFORE))
    page = await bea.get("/@leaders")
    assert re.findall(r"Before (\d+)\.", page.text) == [str(number) for number in reversed(range(BEFORE))]


async def _come_in(ann: Node, bea: Node, room: str, old: str) -> None:
    """Bea is invited and looks after the room."""
    await ann.post(f"/rooms/{room}/invite", handle=f"@bea@{bea.authority}")
    await bea.get(f"/search?q={old}")
    known = str(await bea.process.one("SELECT id FROM actor WHERE username = 'slt'"))

    async def join() -> bool | None:
        await bea.post(f"/rooms/{known}/join", accepted="1")
        return "Leave the room" in (await bea.get(f"/{old}")).text or None

    await eventually(join, what="Bea is in the room", within=LONGEST_SECONDS)
    number = await ann.process.one("SELECT id FROM actor WHERE username = 'bea'")
    await ann.post(f"/rooms/{room}/members", act="appoint", actor=str(number))


async def _ended(node: Node) -> bool | None:
    status = node.process.ended()
    assert status in {None, crash.STATUS}, node.process.said()
    return status is not None or None
