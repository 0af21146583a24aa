"""Other servers, real ones on loopback that say exactly the bytes they are told to, and clients to meet them."""

import asyncio
import functools
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import trustme
from aiohttp.abc import AbstractResolver, ResolveResult

from fedishare.core.clock import Clock, SystemClock
from fedishare.net import keys
from fedishare.net.addresses import Allowed
from fedishare.net.client import Client
from fedishare.net.signatures import Signer

LOOPBACK: Final = "127.0.0.1"
US: Final = "https://us.example"


class Asked(NamedTuple):
    """One request as it came in; header names in lower case, repeats joined."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def target(self) -> str:
        return self.line.split(" ")[1]

    @property
    def host(self) -> str:
        return self.headers["host"]


Said = bytes | AsyncIterator[bytes]
Answering = Callable[[Asked], Said]


class Peer:
    """Another server; it remembers who knocked and what was asked."""

    def __init__(self, answering: Answering) -> None:
        self.connections = 0
        self.asked: list[Asked] = []
        self.port = 0
        self._answering = answering
        self._talks: set[asyncio.Task[None]] = set()

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        try:
            await self._talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._talks.discard(task)
            writer.close()
            with suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            asked = await _read(reader)
            self.asked.append(asked)
            said = self._answering(asked)
            async for piece in _once(said) if isinstance(said, bytes) else said:
                writer.write(piece)
                await writer.drain()

    async def leave(self) -> None:
        for task in list(self._talks):
            task.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *fields = head.rstrip("\r\n").split("\r\n")
    headers: dict[str, str] = {}
    for field in fields:
        name, _, value = field.partition(":")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Asked(line, headers, await reader.readexactly(int(headers.get("content-length", 0))))


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


def a_reply(
    body: bytes = b"", *, status: int = 200, headers: Iterable[tuple[str, str]] = (), length: int | None = None
) -> bytes:
    """A whole answer as bytes, with a length that may lie."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body) if length is None else length}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def a_redirect(to: str, *, status: int = 302) -> bytes:
    return a_reply(status=status, headers=[("Location", to)])


@asynccontextmanager
async def a_peer(answering: Answering | bytes, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Peer]:
    if isinstance(answering, bytes):
        always = answering
        peer = Peer(lambda _: always)
    else:
        peer = Peer(answering)
    server = await asyncio.start_server(peer.meet, LOOPBACK, 0, ssl=tls)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        await peer.leave()
        await server.wait_closed()


class Names(AbstractResolver):
    """A name server of our own: each question for a name takes its next list of addresses, the last for ever."""

    def __init__(self, names: Mapping[str, list[list[str]]] | None = None) -> None:
        self._names = {name: list(answers) for name, answers in (names or {}).items()}
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        self.asked.append(host)
        answers = self._names.get(host, [[LOOPBACK]])
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in addresses
        ]

    async def close(self) -> None:
        pass


def a_client(
    *,
    networks: Iterable[str] = ("127.0.0.0/8",),
    resolver: AbstractResolver | None = None,
    own_origin: str = US,
    clock: Clock | None = None,
    ca_file: Path | None = None,
    seconds: float = 5,
) -> Client:
    return Client(
        allowed=Allowed(networks),
        clock=clock or SystemClock(),
        own_origin=own_origin,
        user_agent="FediShare/test (+https://us.example)",
        ca_file=ca_file,
        resolver=resolver,
        seconds=seconds,
        file_seconds=seconds,
    )


class StoppedClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


class Trust(NamedTuple):
    """A certificate authority that our clients are told to trust."""

    authority: trustme.CA
    ca_file: Path

    def serve(self, *names: str, not_after: datetime | None = None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(*names, not_after=not_after).configure_cert(context)
        return context


@functools.cache
def some_trust() -> Trust:
    authority = trustme.CA()
    folder = tempfile.mkdtemp(prefix="fedishare-ca-")
    ca_file = Path(folder) / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    return Trust(authority, ca_file)


@functools.cache
def a_signer() -> Signer:
    return Signer(key_id=f"{US}/actor#main-key", private_pem=keys.new_rsa().private_pem)
