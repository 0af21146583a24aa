"""Names to addresses, in threads of its own, so that dead names hold up nobody but themselves."""

import asyncio
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult

from fedishare.core import hosts
from fedishare.core.clock import Clock
from fedishare.net.addresses import Allowed

THREADS: Final = 8
SECONDS: Final = 5
FORGET_AFTER: Final = timedelta(seconds=60)
MAX_REMEMBERED: Final = 1000
PER_FAMILY: Final = 2


class Resolver(AbstractResolver):
    """The system's resolver, bounded, that remembers for a minute which names do not resolve.

    Names under .localhost are this machine and never reach the DNS (RFC 6761 6.3).
    """

    def __init__(self, *, allowed: Allowed, clock: Clock) -> None:
        self._allowed = allowed
        self._clock = clock
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="dns")
        self._dead: dict[str, datetime] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if hosts.is_local_name(host):
            return [_result(host, "127.0.0.1", port=port)]
        if self._is_dead(host):
            raise OSError(f"{host} did not resolve a moment ago")
        found = await self._ask(host, family)
        # One private address beside a public one must not make a healthy server look forbidden.
        permitted = [address for address in found if self._allowed.permits(address)]
        return [_result(host, address, port=port) for address in permitted or found]

    async def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _ask(self, host: str, family: socket.AddressFamily) -> list[str]:
        question = self._pool.submit(_addresses, host, family)
        try:
            async with asyncio.timeout(SECONDS):
                return await asyncio.wrap_future(question)
        except OSError as error:
            # A question that never got a thread says nothing about the name.
            if not question.cancelled():
                self._remember_dead(host)
            raise OSError(f"{host} does not resolve") from error

    def _is_dead(self, host: str) -> bool:
        until = self._dead.get(host)
        return until is not None and self._clock.now() < until

    def _remember_dead(self, host: str) -> None:
        self._dead.pop(host, None)
        if len(self._dead) >= MAX_REMEMBERED:
            del self._dead[next(iter(self._dead))]
        self._dead[host] = self._clock.now() + FORGET_AFTER


def _addresses(host: str, family: socket.AddressFamily) -> list[str]:
    # As bytes, or Python would put the name through an older idea of international names.
    name = host.encode("ascii")
    found = socket.getaddrinfo(name, None, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return _a_few_of_each((str(sockaddr[0]) for *_, sockaddr in found))


def _a_few_of_each(addresses: Iterable[str]) -> list[str]:
    """At most two addresses of each family, so that a long list cannot buy many attempts."""
    unique = list(dict.fromkeys(addresses))
    six = [address for address in unique if ":" in address]
    four = [address for address in unique if ":" not in address]
    return six[:PER_FAMILY] + four[:PER_FAMILY]


def _result(host: str, address: str, *, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(
        hostname=host, host=address, port=port, family=family, proto=socket.IPPROTO_TCP, flags=socket.AI_NUMERICHOST
    )
