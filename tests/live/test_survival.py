"""A node that is killed, again and again, loses nothing that it acknowledged and does nothing twice (REL-01, REL-02).

It is a process of its own, as `fedishare serve` is; the other servers speak plain http at names under .localhost.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from fedishare.cli.browser import Browser
from fedishare.core.errors import FediShareError
from tests.live.nodes import PASSWORD
from tests.live.peers import PUBLIC
from tests.live.processes import PlainHost, Process
from tests.live.town import eventually, until

HOSTS: Final = 4
# How long the node has had since it acknowledged the last post when it is killed: nothing at all, a moment in which it
# has begun to deliver, and time enough to be in the middle.
MOMENTS: Final = (0.0, 0.05, 0.25)


@pytest.fixture
async def hosts() -> AsyncIterator[list[PlainHost]]:
    started = [PlainHost(number) for number in range(HOSTS)]
    for host in started:
        await host.start()
    yield started
    for host in started:
        await host.close()


@pytest.fixture
async def process(tmp_path: Path) -> AsyncIterator[Process]:
    made = Process(tmp_path)
    made.run("account", "add", "anna", "--email", "anna@n.example", "--password", PASSWORD, "--role", "admin")
    await made.start()
    yield made
    made.kill()


class Anna:
    """At her browser. What she wrote counts once she has seen it."""

    def __init__(self, process: Process) -> None:
        self._browser = Browser(process.url)
        self._url = process.url
        self.acknowledged: list[str] = []

    async def sign_in(self) -> None:
        page = await asyncio.to_thread(self._browser.post, "/sign-in", login="anna", password=PASSWORD, next="/")
        assert page.status == 200

    async def write(self, text: str) -> None:
        form = {"kind": "talk", "text": text, "visibility": "public", "language": "en"}
        try:
            page = await asyncio.to_thread(self._browser.upload, "/compose", form, [])
        except (OSError, FediShareError):
            return
        if page.status == 200 and text in page.text:
            self.acknowledged.append(self._url + page.path)


async def test_a_node_that_is_killed_loses_nothing_and_does_nothing_twice(
    process: Process, hosts: list[PlainHost]
) -> None:
    anna, inbox, users = Anna(process), f"{process.url}/inbox", f"{process.url}/users/anna"
    await anna.sign_in()
    for host in hosts:
        await host.insist(inbox, "Follow", users, number=0)
    await until(lambda: all(host.got for host in hosts), what="every host is let follow")
    await anna.write("The first of many")
    liked, taken = anna.acknowledged[0], list[str]()

    for number, moment in enumerate(MOMENTS, start=1):
        # Everybody is busy when the end comes: Anna writes, and every host sends a post and, once, its like.
        notes = [_note(host, number, names=users) for host in hosts]
        says = [host.say(inbox, "Create", note, number=number) for host, note in zip(hosts, notes, strict=True)]
        busy = [asyncio.create_task(one) for one in (*says, hosts[number - 1].say(inbox, "Like", liked, number=0))]
        await anna.write(f"Before the end {number}")
        last = asyncio.create_task(anna.write(f"In the end {number}"))
        await asyncio.sleep(moment)
        process.kill()
        _, *answers = await asyncio.gather(last, *busy)
        taken += [note["id"] for note, is_taken in zip(notes, answers, strict=False) if is_taken]
        await process.let_leases_run_out()
        await process.start()

    for uri in taken:
        await _applied(process, uri)
    # Whoever got no answer asks again; who got one may not have to.
    for host in hosts:
        await host.insist(inbox, "Like", liked, number=0)
        for number in range(1, len(MOMENTS) + 1):
            await host.insist(inbox, "Create", _note(host, number, names=users), number=number)
    assert len(anna.acknowledged) > len(MOMENTS)
    await until(
        lambda: all(host.has(post) for host in hosts for post in anna.acknowledged),
        what="every host has every post that Anna saw published",
    )
    for host in hosts:
        for number in range(1, len(MOMENTS) + 1):
            assert await _count(process, _note(host, number, names=users)["id"]) == 1
    assert await process.one("SELECT likes_count FROM post WHERE uri = :uri", uri=liked) == HOSTS
    assert await process.one("SELECT count(*) FROM notice WHERE kind = 'like'") == HOSTS
    assert await process.one("SELECT count(*) FROM follow") == HOSTS
    assert await process.one("SELECT count(*) FROM post WHERE local") >= len(anna.acknowledged)


async def _count(process: Process, uri: str) -> int:
    return int(await process.one("SELECT count(*) FROM post WHERE uri = :uri", uri=uri))


async def _applied(process: Process, uri: str) -> None:
    async def look() -> bool | None:
        return await _count(process, uri) == 1 or None

    await eventually(look, what=f"{uri}, which was taken, is applied")


def _note(host: PlainHost, number: int, *, names: str) -> dict[str, Any]:
    """A post that names Anna, so that it is of interest."""
    return {
        "id": f"{host.origin}/notes/{number}",
        "type": "Note",
        "attributedTo": host.uri,
        "to": [PUBLIC],
        "cc": [names],
        "content": f"<p>{number}</p>",
        "published": "2026-11-21T08:00:00Z",
    }
