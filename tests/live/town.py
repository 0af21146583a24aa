"""A town of servers on loopback: real names and certificates, random ports, no DNS and no hosts file."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import aiohttp
import trustme
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

LOOPBACK: Final = "127.0.0.1"
PATIENCE_SECONDS: Final = 25.0
PAUSE_SECONDS: Final = 0.03

T = TypeVar("T")


class Town(AbstractResolver):
    """Every name lives on loopback; its port is whatever its server was given.

    A name may be a whole zone ("*.evil.test"). `places` moves a name to another address, and a
    list of places is gone through one look-up at a time, as a rebinding DNS would have it.
    """

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        self.ca_file = folder / "town.pem"
        self.authority.cert_pem.write_to_path(str(self.ca_file))
        self.ports: dict[str, int] = {}
        self.places: dict[str, list[tuple[str, int]]] = {}
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        address, found = self._place(host)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [{"hostname": host, "host": address, "port": found, "family": family, "proto": 0, "flags": 0}]

    async def close(self) -> None: ...

    def _place(self, host: str) -> tuple[str, int]:
        places = self.places.get(host)
        if places:
            return places.pop(0) if len(places) > 1 else places[0]
        zone = "*." + host.partition(".")[2]
        port = self.ports.get(host) or self.ports.get(zone)
        if port is None:
            raise OSError(f"nobody in town is called {host}")
        return LOOPBACK, port

    def certificate(self, *names: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(*names).configure_cert(context)
        return context

    def session(self, *, cookies: bool = False) -> aiohttp.ClientSession:
        """A client that knows its way around town and trusts its certificates. Close it after use."""
        trust = ssl.create_default_context()
        self.authority.configure_trust(trust)
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=self, ssl=trust, use_dns_cache=False, force_close=True),
            cookie_jar=aiohttp.CookieJar() if cookies else aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=30),
        )

    async def open(self, app: web.Application, *names: str, address: str = LOOPBACK, **options: Any) -> web.AppRunner:
        """`app`, served over TLS under `names`; `cleanup` of what comes back closes it."""
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, **options)
        await runner.setup()
        await web.TCPSite(runner, address, 0, ssl_context=self.certificate(*names)).start()
        for name in names:
            self.ports[name] = runner.addresses[0][1]
        return runner

    def leave(self, *names: str) -> None:
        for name in names:
            del self.ports[name]


async def eventually(look: Callable[[], Awaitable[T | None]], *, what: str, within: float = PATIENCE_SECONDS) -> T:
    """What `look` finds, as soon as it finds something that is not None; the machine may be slow."""
    give_up = asyncio.get_running_loop().time() + within
    while True:
        found = await look()
        if found is not None:
            return found
        if asyncio.get_running_loop().time() > give_up:
            raise AssertionError(f"it never came to this: {what}")
        await asyncio.sleep(PAUSE_SECONDS)


async def until(holds: Callable[[], bool], *, what: str) -> None:
    """Come back when `holds` is true."""

    async def look() -> bool | None:
        return holds() or None

    await eventually(look, what=what)
