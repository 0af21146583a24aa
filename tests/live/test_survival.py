"""A node that is killed, again and again, loses nothing that it acknowledged and does nothing twice (REL-01, REL-02).

It is a process of its own, as `fedishare serve` is; the other servers speak plain http at names under .localhost.
"""

import asyncio
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from fedishare.cli.browser import Browser
from fedishare.core.errors import FediShareError
from tests.builders import an_rsa_pair
from tests.live import signing
from tests.live.nodes import PASSWORD
from tests.live.peers import AS2, PUBLIC
from tests.live.signing import Key
from tests.live.town import LOOPBACK, eventually, until

HOSTS: Final = 4
# How long the node has had since it acknowledged the last post when it is killed: nothing at all, a moment in which it
# has begun to deliver, and time enough to be in the middle.
MOMENTS: Final = (0.0, 0.05, 0.25)
SLOWNESS: Final = 0.1
FIRST_PAIR: Final = 800


class Loopback(AbstractResolver):
    """Names under .localhost are this machine (RFC 6761); not every system's resolver knows."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [{"hostname": host, "host": LOOPBACK, "port": port, "family": family, "proto": 0, "flags": 0}]

    async def close(self) -> None: ...


class PlainHost:
    """A server with one person, which takes its time over each delivery."""

    def __init__(self, number: int) -> None:
        self.got: list[dict[str, Any]] = []
        self.origin = ""
        self._number = number
        self._pair = an_rsa_pair(FIRST_PAIR + number)
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/.well-known/webfinger", self._webfinger)
        app.router.add_get("/users/p", self._actor)
        app.router.add_post("/inbox", self._inbox)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, 0).start()
        self.origin = f"http://p{self._number}.localhost:{self._runner.addresses[0][1]}"
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Loopback(), force_close=True))

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def uri(self) -> str:
        return f"{self.origin}/users/p"

    @property
    def key(self) -> Key:
        return Key(f"{self.uri}#main-key", self._pair.private_pem)

    async def _webfinger(self, _request: web.Request) -> web.Response:
        links = [{"rel": "self", "type": signing.ACTIVITY, "href": self.uri}]
        return web.json_response({"subject": f"acct:p@{self.origin.removeprefix('http://')}", "links": links})

    async def _actor(self, _request: web.Request) -> web.Response:
        document = {
            "@context": AS2,
            "id": self.uri,
            "type": "Person",
            "preferredUsername": "p",
            "inbox": f"{self.origin}/inbox",
            "outbox": f"{self.uri}/outbox",
            "publicKey": {"id": self.key.key_id, "owner": self.uri, "publicKeyPem": self._pair.public},
        }
        return web.Response(body=json.dumps(document).encode(), headers={"Content-Type": signing.ACTIVITY})

    async def _inbox(self, request: web.Request) -> web.Response:
        activity = await request.json()
        await asyncio.sleep(SLOWNESS)
        self.got.append(activity)
        return web.Response(status=202)

    def has(self, post: str) -> bool:
        return any(got["type"] == "Create" and got["object"]["id"] == post for got in self.got)

    async def say(self, inbox: str, kind: str, thing: Any, *, number: int) -> bool:
        """Send an activity; whether it was acknowledged. The same number is the same activity, signed anew."""
        activity = {"@context": AS2, "id": f"{self.uri}/{kind}/{number}", "type": kind, "actor": self.uri}
        body = json.dumps(activity | {"to": [PUBLIC], "cc": [], "object": thing}).encode()
        headers = signing.signed_headers(self.key, "POST", inbox, body=body)
        assert self._session is not None
        try:
            async with self._session.post(inbox, data=body, headers=headers) as answer:
                return answer.status == 202
        except (aiohttp.ClientError, OSError):
            return False

    async def insist(self, inbox: str, kind: str, thing: Any, *, number: int) -> None:
        """Send it until it is acknowledged, as servers do."""

        async def look() -> bool | None:
            return await self.say(inbox, kind, thing, number=number) or None

        await eventually(look, what=f"{kind} {number} of {self.uri} is acknowledged")


class Process:
    """`fedishare serve`, which can be killed and started again on what is on the disk."""

    def __init__(self, folder: Path) -> None:
        with closing(socket.socket()) as probe:
            probe.bind((LOOPBACK, 0))
            port = probe.getsockname()[1]
        self.url = f"http://n.localhost:{port}"
        self.database = folder / "fedishare.db"
        self._log = folder / "node.log"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FEDISHARE_")}
        self._environment = kept | {
            "FEDISHARE_URL": self.url,
            "FEDISHARE_LISTEN": f"{LOOPBACK}:{port}",
            "FEDISHARE_DATA": str(folder),
            "FEDISHARE_ALLOW_ADDRESSES": "127.0.0.0/8",
        }
        self._running: subprocess.Popen[bytes] | None = None

    def run(self, *arguments: str) -> None:
        subprocess.run([sys.executable, "-m", "fedishare", *arguments], env=self._environment, check=True)

    async def start(self) -> None:
        with self._log.open("ab") as log:
            # Starting a process takes a moment only, and it has to be at hand to be killed.
            self._running = subprocess.Popen(  # noqa: ASYNC220
                [sys.executable, "-m", "fedishare", "serve"], env=self._environment, stdout=log, stderr=log
            )
        browser = Browser(self.url)

        async def look() -> bool | None:
            return await asyncio.to_thread(browser.is_up) or None

        await eventually(look, what=f"the node is up; it said {self._log.read_text()[-2000:]}")

    def kill(self) -> None:
        if self._running is not None:
            self._running.send_signal(signal.SIGKILL)
            self._running.wait()
            self._running = None

    def let_leases_run_out(self) -> None:
        """What the dead process had in hand is taken up again after minutes; nobody wants to wait for them here."""
        assert self._running is None
        with closing(sqlite3.connect(self.database)) as database, database:
            database.execute("UPDATE job SET leased_until = NULL")
            database.execute("UPDATE delivery SET leased_until = NULL")

    def one(self, statement: str, *values: str) -> int:
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as database:
            return int(database.execute(statement, values).fetchone()[0])


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
        notes = [_note(host, number) for host in hosts]
        says = [host.say(inbox, "Create", note, number=number) for host, note in zip(hosts, notes, strict=True)]
        busy = [asyncio.create_task(one) for one in (*says, hosts[number - 1].say(inbox, "Like", liked, number=0))]
        await anna.write(f"Before the end {number}")
        last = asyncio.create_task(anna.write(f"In the end {number}"))
        await asyncio.sleep(moment)
        process.kill()
        _, *answers = await asyncio.gather(last, *busy)
        taken += [note["id"] for note, is_taken in zip(notes, answers, strict=False) if is_taken]
        process.let_leases_run_out()
        await process.start()

    for uri in taken:
        await until(lambda uri=uri: _count(process, uri) == 1, what=f"{uri}, which was taken, is applied")  # type: ignore[misc]  # mypy cannot infer a lambda with a default
    # Whoever got no answer asks again; who got one may not have to.
    for host in hosts:
        await host.insist(inbox, "Like", liked, number=0)
        for number in range(1, len(MOMENTS) + 1):
            await host.insist(inbox, "Create", _note(host, number), number=number)
    assert len(anna.acknowledged) > len(MOMENTS)
    await until(
        lambda: all(host.has(post) for host in hosts for post in anna.acknowledged),
        what="every host has every post that Anna saw published",
    )
    for host in hosts:
        for number in range(1, len(MOMENTS) + 1):
            assert _count(process, _note(host, number)["id"]) == 1
    assert process.one("SELECT likes_count FROM post WHERE uri = ?", liked) == HOSTS
    assert process.one("SELECT count(*) FROM notice WHERE kind = 'like'") == HOSTS
    assert process.one("SELECT count(*) FROM follow") == HOSTS
    assert process.one("SELECT count(*) FROM post WHERE local") >= len(anna.acknowledged)


def _count(process: Process, uri: str) -> int:
    return process.one("SELECT count(*) FROM post WHERE uri = ?", uri)


def _note(host: PlainHost, number: int) -> dict[str, Any]:
    """A post that names Anna, so that it is of interest."""
    return {
        "id": f"{host.origin}/notes/{number}",
        "type": "Note",
        "attributedTo": host.uri,
        "to": [PUBLIC],
        "cc": [],
        "content": f"<p>{number}</p>",
        "published": "2026-11-21T08:00:00Z",
    }
