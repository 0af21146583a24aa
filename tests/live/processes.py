"""Nodes as processes of their own, as `fedishare serve` makes them, and plain servers around them.

They speak plain http at names under .localhost.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from sqlalchemy import NullPool, TextClause, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from fedishare.cli.browser import Browser
from tests.builders import an_rsa_pair
from tests.live import signing
from tests.live.peers import AS2, PUBLIC, Json
from tests.live.signing import Key
from tests.live.town import LOOPBACK, eventually

SLOWNESS: Final = 0.1
STARTING_SECONDS: Final = 100.0
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
        self.add_routes(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, 0).start()
        self.origin = f"http://p{self._number}.localhost:{self._runner.addresses[0][1]}"
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Loopback(), force_close=True))

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/.well-known/webfinger", self._webfinger)
        app.router.add_get("/users/p", self._actor)
        app.router.add_post("/inbox", self._inbox)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def uri(self) -> str:
        return self.person("p")

    def person(self, name: str) -> str:
        return f"{self.origin}/users/{name}"

    async def _webfinger(self, request: web.Request) -> web.Response:
        handle = request.query["resource"]
        name = handle.removeprefix("acct:").partition("@")[0]
        links = [{"rel": "self", "type": signing.ACTIVITY, "href": self.person(name)}]
        return web.json_response({"subject": handle, "links": links})

    async def _actor(self, _request: web.Request) -> web.Response:
        return a_document(self.document("p", inbox=f"{self.origin}/inbox"))

    def document(self, name: str, *, inbox: str) -> Json:
        uri = self.person(name)
        return {
            "@context": AS2,
            "id": uri,
            "type": "Person",
            "preferredUsername": name,
            "inbox": inbox,
            "outbox": f"{uri}/outbox",
            "publicKey": {"id": f"{uri}#main-key", "owner": uri, "publicKeyPem": self._pair.public},
        }

    async def _inbox(self, request: web.Request) -> web.Response:
        activity = await request.json()
        await asyncio.sleep(SLOWNESS)
        self.got.append(activity)
        return web.Response(status=202)

    def has(self, post: str) -> bool:
        return any(got["type"] == "Create" and got["object"]["id"] == post for got in self.got)

    async def say(
        self, inbox: str, kind: str, thing: Any, *, number: int, by: str = "p", cc: Sequence[str] = ()
    ) -> bool:
        """Send an activity; whether it was acknowledged. The same number is the same activity, signed anew."""
        actor = self.person(by)
        activity = {"@context": AS2, "id": f"{actor}/{kind}/{number}", "type": kind, "actor": actor}
        body = json.dumps(activity | {"to": [PUBLIC], "cc": list(cc), "object": thing}).encode()
        headers = signing.signed_headers(Key(f"{actor}#main-key", self._pair.private_pem), "POST", inbox, body=body)
        assert self._session is not None
        try:
            async with self._session.post(inbox, data=body, headers=headers) as answer:
                return answer.status == 202
        except (aiohttp.ClientError, OSError):
            return False

    async def insist(self, inbox: str, kind: str, thing: Any, *, number: int, by: str = "p") -> None:
        """Send it until it is acknowledged, as servers do."""

        async def look() -> bool | None:
            return await self.say(inbox, kind, thing, number=number, by=by) or None

        await eventually(look, what=f"{kind} {number} of {self.person(by)} is acknowledged")


def a_document(body: Json) -> web.Response:
    return web.json_response(body, content_type=signing.ACTIVITY)


class Process:
    """`fedishare serve`, which can be killed and started again on what is on the disk."""

    def __init__(self, folder: Path, *, port: int | None = None, database: str | None = None) -> None:
        self.port = port or free_port()
        self.url = f"http://n.localhost:{self.port}"
        self.database = database or f"sqlite+aiosqlite:///{folder / 'fedishare.db'}"
        self._log = folder / "node.log"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FEDISHARE_")}
        self._environment = kept | {
            "FEDISHARE_URL": self.url,
            "FEDISHARE_LISTEN": f"{LOOPBACK}:{self.port}",
            "FEDISHARE_DATA": str(folder),
            "FEDISHARE_DATABASE": self.database,
            "FEDISHARE_ALLOW_ADDRESSES": "127.0.0.0/8",
        }
        self._engine = create_async_engine(self.database, poolclass=NullPool)
        self._running: subprocess.Popen[bytes] | None = None

    def run(self, *arguments: str) -> None:
        subprocess.run([sys.executable, "-m", "fedishare", *arguments], env=self._environment, check=True)

    def output(self, *arguments: str) -> str:
        """What a command of the node prints."""
        command = [sys.executable, "-m", "fedishare", *arguments]
        return subprocess.run(command, env=self._environment, check=True, stdout=subprocess.PIPE, text=True).stdout

    async def start(self, **more: str) -> None:
        """Come back once it answers, or has ended before that; `more` is for its environment."""
        with self._log.open("ab") as log:
            # Starting a process takes a moment only, and it has to be at hand to be killed.
            self._running = subprocess.Popen(  # noqa: ASYNC220
                [sys.executable, "-m", "fedishare", "serve"], env=self._environment | more, stdout=log, stderr=log
            )
        browser = Browser(self.url)

        async def look() -> bool | None:
            return self.ended() is not None or await asyncio.to_thread(browser.is_up) or None

        # Starting a process is what a busy machine is slowest at.
        await eventually(look, what=f"the node is up; it said {self.said()}", within=STARTING_SECONDS)

    def ended(self) -> int | None:
        """The status it ended with by itself; None as long as it runs."""
        return self._running.poll() if self._running is not None else None

    @property
    def pid(self) -> int:
        assert self._running is not None
        return self._running.pid

    def said(self) -> str:
        return self._log.read_text()[-3000:]

    def kill(self) -> None:
        if self._running is not None:
            self._running.send_signal(signal.SIGKILL)
            self._running.wait()
            self._running = None

    def stop(self) -> None:
        """As a supervisor does it."""
        if self._running is not None:
            self._running.send_signal(signal.SIGTERM)
            self._running.wait()
            self._running = None

    async def let_leases_run_out(self) -> None:
        """What the dead process had in hand is taken up again after a while; nobody wants to wait for that here."""
        assert self._running is None or self.ended() is not None
        jobs = text("UPDATE job SET leased_until = :past WHERE leased_until IS NOT NULL")
        deliveries = text("UPDATE delivery SET leased_until = :past WHERE leased_until IS NOT NULL")
        await self._change(jobs, deliveries)

    async def hurry(self) -> None:
        """What waits for a later try is due now."""
        jobs = text("UPDATE job SET due_at = :past WHERE failed_at IS NULL AND tries > 0")
        deliveries = text("UPDATE delivery SET due_at = :past WHERE failed_at IS NULL")
        await self._change(jobs, deliveries, text("UPDATE node SET resting_until = NULL"))

    async def _change(self, *statements: TextClause) -> None:
        past = datetime(2000, 1, 1, tzinfo=UTC)
        given: Any = past if self._engine.dialect.name == "postgresql" else f"{past:%Y-%m-%d %H:%M:%S.%f}"
        # One transaction each: the node changes the same rows meanwhile, and in another order.
        for statement in statements:
            with suppress(DBAPIError):  # It got in the way; whoever asked asks again.
                async with self._engine.begin() as connection:
                    await connection.execute(statement, {"past": given} if ":past" in statement.text else {})

    async def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """What the database holds, asked from outside."""
        async with self._engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(statement), values)]

    async def one(self, statement: str, **values: Any) -> Any:
        found = await self.rows(statement, **values)
        return found[0][0] if found else None


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
