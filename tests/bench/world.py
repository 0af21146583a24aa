"""The fake fediverse: one process that plays two hundred HTTPS servers, notes what arrives, and can play ill.

It speaks only as much HTTP as a load needs. It checks no signatures: the tests do.
"""

import asyncio
import json
import multiprocessing
import socket
import ssl
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

import trustme

from tests.bench.names import CONTEXT, DOMAIN, HOSTS, Names, person

ACTIVITY: Final = "application/activity+json"
JSON: Final = "application/json"
SLOW_SECONDS: Final = 2.0
HERE: Final = "127.1.0.1"
OTHER: Final = "127.2.0.1"
PORT: Final = 443


class Arrival(NamedTuple):
    """What came to an inbox. `at` is the monotonic clock, which all processes of a machine share."""

    at: float
    host: int
    type: str
    id: str
    object: Any


class World:
    """The fediverse as the one who drives the load sees it."""

    def __init__(self, folder: Path) -> None:
        self.names = Names(folder)
        _make_certificates(folder)
        self._pipe, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("fork")
        self._process = context.Process(target=_run, args=(self.names, theirs), daemon=True)
        self._process.start()
        self._pipe.recv()

    @property
    def ca_file(self) -> Path:
        return self.names.folder / "ca.pem"

    def arrivals(self) -> list[Arrival]:
        """What has arrived since the last time this was asked."""
        return [Arrival(*row) for row in self._ask("arrivals")]

    def requests(self) -> int:
        """How many requests of any kind were made of the world so far."""
        return int(self._ask("requests"))

    def fall_ill(self, *, hanging: Iterable[int], slow: Iterable[int], cut_off: bool) -> None:
        """Some hosts never answer any more, some take two seconds, and those that can be cut off are or are not."""
        self._ask("ill", sorted(hanging), sorted(slow), cut_off)

    def hang_up(self) -> None:
        """Close every connection, so that whoever comes next has to connect anew."""
        self._ask("hang_up")

    def close(self) -> None:
        with suppress(OSError):
            self._pipe.send(("end",))
        self._process.join(5)

    def _ask(self, *question: object) -> Any:
        self._pipe.send(question)
        return self._pipe.recv()


def hosts(cut_off: Iterable[int]) -> dict[str, str]:
    """Where every host lives. Those that can be cut off live at an address of their own."""
    away = frozenset(cut_off)
    return {Names(Path()).host(h): (OTHER if h in away else HERE) for h in range(HOSTS)}


def _make_certificates(folder: Path) -> None:
    """One that browsers of this world trust, and the authority behind it."""
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    expires = datetime.now(tz=UTC) + timedelta(days=2)
    one = authority.issue_cert(f"*.{DOMAIN}", not_after=expires, key_type=trustme.KeyType.ECDSA)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    one.private_key_and_cert_chain_pem.write_to_path(folder / "world.pem")


def _run(names: Names, pipe: Connection) -> None:
    asyncio.run(_Play(names, pipe).until_told())


class _Play:
    """Everything that happens in the world's own process."""

    def __init__(self, names: Names, pipe: Connection) -> None:
        self.names = names
        self.arrivals: list[Arrival] = []
        self.requests = 0
        self.hanging: frozenset[int] = frozenset()
        self.slow: frozenset[int] = frozenset()
        self.callers: set[_Caller] = set()
        self._pipe = pipe
        self._ended = asyncio.Event()
        self._plug: list[socket.socket] = []
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(names.folder / "world.pem")

    async def until_told(self) -> None:
        await self._serve(HERE)
        self._second = await self._serve(OTHER)
        self._pipe.send("ready")
        asyncio.get_running_loop().add_reader(self._pipe.fileno(), self._answer)
        await self._ended.wait()

    async def _serve(self, address: str) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: _Caller(self), address, PORT, ssl=self._tls, backlog=1024)

    def _answer(self) -> None:
        match self._pipe.recv():
            case ("arrivals",):
                self._pipe.send([tuple(one) for one in self.arrivals])
                self.arrivals = []
            case ("requests",):
                self._pipe.send(self.requests)
            case ("ill", hanging, slow, cut_off):
                self.hanging, self.slow = frozenset(hanging), frozenset(slow)
                self._cut_off(is_cut_off=cut_off)
                self._pipe.send(None)
            case ("hang_up",):
                for caller in list(self.callers):
                    caller.hang_up()
                self._pipe.send(None)
            case _:
                self._ended.set()

    def _cut_off(self, *, is_cut_off: bool) -> None:
        """Leave the second address without an answer to anybody who knocks (its queue is full), or not any more."""
        if is_cut_off == bool(self._plug):
            return
        if is_cut_off:
            self._second.close()
            full = socket.socket()
            full.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            full.bind((OTHER, PORT))
            full.listen(0)
            self._plug = [full, *(_knock() for _ in range(4))]
            return
        for one in self._plug:
            one.close()
        self._plug = []
        task = asyncio.get_running_loop().create_task(self._serve(OTHER))
        task.add_done_callback(lambda done: setattr(self, "_second", done.result()))


def _knock() -> socket.socket:
    one = socket.socket()
    one.setblocking(False)
    one.connect_ex((OTHER, PORT))
    return one


class _Caller(asyncio.Protocol):
    """One connection to one of the hosts."""

    def __init__(self, play: _Play) -> None:
        self._play = play
        self._got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._play.callers.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._play.callers.discard(self)

    def hang_up(self) -> None:
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._got += data
        while (request := self._next()) is not None:
            self._respond(*request)

    def _next(self) -> tuple[str, str, str, bytes] | None:
        """Method, path, host and body of the next whole request."""
        end = self._got.find(b"\r\n\r\n")
        if end < 0:
            return None
        lines = self._got[:end].decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        size = end + 4 + int(fields.get("content-length", "0"))
        if len(self._got) < size:
            return None
        body, self._got = self._got[end + 4 : size], self._got[size:]
        method, path, _ = lines[0].split(" ")
        return method, path, fields.get("host", ""), body

    def _respond(self, method: str, path: str, host: str, body: bytes) -> None:
        at, play = time.monotonic(), self._play
        play.requests += 1
        h = int(host[1:4]) if host[1:4].isdecimal() else -1
        if h in play.hanging:
            return
        if method == "POST":
            said = json.loads(body)
            play.arrivals.append(Arrival(at, h, said.get("type", ""), said.get("id", ""), said.get("object")))
            answer = _ACCEPTED
        else:
            answer = _document(play.names, h, host, path)
        if h in play.slow:
            asyncio.get_running_loop().call_later(SLOW_SECONDS, self._transport.write, answer)
        else:
            self._transport.write(answer)


def _response(status: str, body: bytes, kind: str = ACTIVITY) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


_ACCEPTED: Final = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
_NOTHING: Final = _response("404 Not Found", b"{}", JSON)


@cache
def _document(names: Names, h: int, host: str, path: str) -> bytes:
    parts = urlsplit(path)
    match parts.path.strip("/").split("/"):
        case ["users", name]:
            return _response("200 OK", json.dumps(person(names, h, int(name[1:]))).encode())
        case ["users", _, _]:
            empty = {"@context": CONTEXT, "id": f"https://{host}{path}", "type": "OrderedCollection"}
            return _response("200 OK", json.dumps(empty | {"totalItems": 0, "orderedItems": []}).encode())
        case [".well-known", "webfinger"]:
            account = parse_qs(parts.query).get("resource", [""])[0]
            uri = f"https://{host}/users/{account.removeprefix('acct:').partition('@')[0]}"
            links = [{"rel": "self", "type": ACTIVITY, "href": uri}]
            return _response("200 OK", json.dumps({"subject": account, "links": links}).encode(), JSON)
        case [".well-known", "nodeinfo"]:
            href = f"https://{host}/nodeinfo/2.0"
            links = [{"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": href}]
            return _response("200 OK", json.dumps({"links": links}).encode(), JSON)
        case ["nodeinfo", "2.0"]:
            about = {
                "version": "2.0",
                "software": {"name": "mastodon", "version": "4.5.0"},
                "protocols": ["activitypub"],
            }
            return _response("200 OK", json.dumps(about).encode(), JSON)
        case _:
            return _NOTHING
