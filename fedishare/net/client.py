"""The one HTTP client: every request that leaves this server leaves through here.

The address filter sits where sockets are made, so that neither a literal address, nor a
name that changes its mind, nor a redirect gets round it.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Final, NamedTuple, Self

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from fedishare.core import hosts, json
from fedishare.core.clock import Clock
from fedishare.core.errors import FediShareError, Invalid, Refused, TooLarge, Unreachable, Unsupported
from fedishare.core.hosts import Origin
from fedishare.net import answers, signatures
from fedishare.net.addresses import Allowed
from fedishare.net.answers import AS2, Answer
from fedishare.net.resolver import Resolver
from fedishare.net.signatures import Scheme, Signer
from fedishare.net.signing import SigningRoom

__all__ = ["Answer", "Client", "Download"]

ACTIVITY_ACCEPT: Final = f'application/activity+json, application/ld+json; profile="{AS2}"'

MAX_DOCUMENT: Final = 1 << 20
MAX_ANSWER_TO_POST: Final = 64 << 10
MAX_REDIRECTS: Final = 3
SECONDS: Final = 10
# A file may be large and a school's line slow; five silent seconds still end it.
FILE_SECONDS: Final = 120
PER_HOST: Final = 2
KEEP_ALIVE_SECONDS: Final = 60
MOST_REMEMBERED: Final = 1024

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
# Only what we asked for. A coding we do not undo would hide how large the body is.
_CODINGS: Final = frozenset({"", "identity", "gzip"})


class Download(NamedTuple):
    """An answer whose body arrives as it is read; reading raises what `Client.get` raises."""

    status: int
    url: str
    content_type: str
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


class Target(NamedTuple):
    """Where to knock, and the whole address in bytes as sent, also as aiohttp takes it."""

    origin: Origin
    text: str
    url: URL

    def __str__(self) -> str:
        return self.text


class BlockedAddressError(OSError):
    """Ours, to tell an address that may not be asked from one that did not answer."""


class Client:
    """Open it before use, or use it as `async with`.

    All methods raise Invalid for an address or answer that cannot be right, Refused where our
    own rules forbid the request, and Unreachable for trouble that may pass. `is_shunned` says of
    a host whether this node asks it nothing; every hop of a redirect is a question of its own.
    """

    def __init__(
        self,
        *,
        allowed: Allowed,
        clock: Clock,
        own_origin: str,
        user_agent: str,
        ca_file: Path | None = None,
        resolver: AbstractResolver | None = None,
        is_shunned: Callable[[str], Awaitable[bool]] | None = None,
        in_flight: int = 128,
        seconds: float = SECONDS,
        file_seconds: float = FILE_SECONDS,
    ) -> None:
        self._allowed = allowed
        self._clock = clock
        self._own = hosts.origin_of(own_origin)
        self._user_agent = user_agent
        self._ca_file = ca_file
        # Who brings a resolver vouches for its names and ports; the address filter stays.
        self._trusts_resolver = resolver is not None
        self._resolver = resolver
        self._is_shunned = is_shunned
        self._in_flight = in_flight
        self._limits = _limits(seconds)
        self._file_limits = _limits(file_seconds)
        self._session: aiohttp.ClientSession | None = None
        self._signing: SigningRoom | None = None
        # Deliveries go to the same inboxes again and again. What is not allowed is looked at anew each time.
        self._checked = lru_cache(maxsize=MOST_REMEMBERED)(self._check)

    async def open(self) -> None:
        self._signing = SigningRoom()
        if self._resolver is None:
            self._resolver = Resolver(allowed=self._allowed, clock=self._clock)

    def _begin(self, tls: ssl.SSLContext, resolver: AbstractResolver) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            socket_factory=self._socket,
            resolver=resolver,
            ssl=tls,
            limit=self._in_flight,
            limit_per_host=PER_HOST,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
            ttl_dns_cache=60,
            dns_cache_max_size=1000,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self._user_agent, "Accept-Encoding": "gzip"},
            timeout=self._limits,
            trust_env=False,
            max_line_size=8190,
            max_field_size=8190,
            max_headers=128,
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None
        if self._signing is not None:
            self._signing.close()
            self._signing = None
        if self._resolver is not None and not self._trusts_resolver:
            await self._resolver.close()
            self._resolver = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def get(
        self,
        url: str,
        *,
        accept: str,
        signer: Signer | None = None,
        max_bytes: int = MAX_DOCUMENT,
        scheme: Scheme = Scheme.CAVAGE,
    ) -> Answer:
        """Whatever the other server says, whichever its status, after at most three redirects.

        Raises TooLarge for a good answer over `max_bytes`, counted after decompression; the
        page that comes with an error is cut off there instead.
        """
        asking = self._followed(url, accept=accept, signer=signer, scheme=scheme, limits=self._limits)
        async with asking as (location, response):
            return _answer(location, response, await _body(response, max_bytes=max_bytes))

    async def get_json(
        self,
        url: str,
        *,
        signer: Signer | None = None,
        max_bytes: int = MAX_DOCUMENT,
        scheme: Scheme = Scheme.CAVAGE,
    ) -> tuple[Answer, dict[str, json.Json]]:
        """An ActivityPub document: status 200, one of the two content types, and a JSON object.

        Raises what `answers.require_ok` raises, and Invalid for the wrong type. Whether the
        document's id is the address in `Answer.url` is for the caller to see.
        """
        answer = await self.get(url, accept=ACTIVITY_ACCEPT, signer=signer, max_bytes=max_bytes, scheme=scheme)
        self.require_ok(answer)
        if not answers.is_activity_type(answer.content_type):
            raise Unsupported(f"{hosts.origin_of(url).authority} did not answer with an ActivityPub document.")
        return answer, answers.json_object(answer)

    async def post(
        self,
        url: str,
        *,
        body: bytes,
        signer: Signer,
        scheme: Scheme = Scheme.CAVAGE,
        content_type: str = "application/activity+json",
        extra: Mapping[str, str] | None = None,
    ) -> Answer:
        """Deliver `body`, signed, and with it the `extra` headers.

        Redirects are answers, not followed; long answers are cut off.
        """
        location = self._checked(url)
        session = await self._opened()
        sign = partial(
            signatures.sign,
            signer,
            scheme=scheme,
            method="POST",
            url=location.text,
            body=body,
            now=self._clock.now(),
            content_type=content_type,
            extra=extra,
        )
        headers = await self._beside(sign)
        with _plain_errors(location.origin.host):
            async with session.post(location.url, data=body, headers=headers, allow_redirects=False) as response:
                return _answer(location, response, await _beginning(response, max_bytes=MAX_ANSWER_TO_POST))

    async def push(self, url: str, *, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send `body` to a push service, which knows us by the `headers`.

        Redirects are answers, not followed; long answers are cut off.
        """
        location = self._checked(url)
        await self._refuse_shunned(location.origin.host)
        session = await self._opened()
        said = {"Content-Type": "application/octet-stream", **headers}
        with _plain_errors(location.origin.host):
            async with session.post(location.url, data=body, headers=said, allow_redirects=False) as response:
                return _answer(location, response, await _beginning(response, max_bytes=MAX_ANSWER_TO_POST))

    def require_allowed(self, url: str) -> None:
        """Raises Invalid or Refused for an address that could never be asked, as far as that shows from its text."""
        self._checked(url)

    @asynccontextmanager
    async def stream(self, url: str, *, max_bytes: int, signer: Signer | None = None) -> AsyncIterator[Download]:
        """A file, chunk by chunk; `chunks` raises TooLarge after `max_bytes`."""
        asking = self._followed(url, accept="*/*", signer=signer, scheme=Scheme.CAVAGE, limits=self._file_limits)
        async with asking as (location, response):
            chunks = _chunks(response, max_bytes=max_bytes)
            answer = _answer(location, response, b"")
            yield Download(answer.status, answer.url, answer.content_type, answer.headers, chunks)

    @property
    def is_among_friends(self) -> bool:
        """Whether this node may talk to its own machine: a demo or a test, and not the public internet."""
        return self._allowed.allows_loopback

    def require_ok(self, answer: Answer) -> None:
        """Turn every status but 200 into the error that says what to do about it: see `answers`."""
        answers.require_ok(answer, now=self._clock.now())

    async def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            # All the certificates of a system take as long as a hundred requests, and nobody who starts a node waits.
            tls, resolver = await asyncio.to_thread(_tls, self._ca_file), self._resolver
            if resolver is None or self._signing is None:
                raise Unreachable("This server is not ready to talk to others.")
            self._session = self._kept or self._begin(tls, resolver)
        return self._session

    @property
    def _kept(self) -> aiohttp.ClientSession | None:
        """The session that somebody else began while we waited."""
        return self._session

    def _socket(self, address: aiohttp.AddrInfoType) -> socket.socket:
        """Every socket of this client is made here, for one address, whatever name or redirect led to it."""
        family, kind, protocol, _, where = address
        if not self._allowed.permits(str(where[0])):
            raise BlockedAddressError("the address is not on the public internet")
        return socket.socket(family=family, type=kind, proto=protocol)

    def _check(self, url: str) -> Target:
        """The request's destination, if name, port and scheme may be asked at all."""
        location = hosts.split(url)
        origin = location.origin
        if self._is_own(origin):
            raise Refused("This server does not send requests to itself.")
        if hosts.is_address(origin.host) and not self._allowed.opens(origin.host):
            # No server of this network is known by a number, so nobody need be asked by one (MOD-01).
            raise Refused("Other servers are asked by their names only.")
        # Names under localhost are left to the address filter, which knows whether they are open.
        is_known = self._trusts_resolver or hosts.is_local_name(origin.host)
        if not is_known and hosts.is_reserved_name(origin.host):
            raise Refused(f"{origin.host} is not a name on the public internet.")
        if (origin.scheme, origin.port) != ("https", 443) and not self._may_stray(origin.host):
            raise Refused("Other servers are asked over https on port 443 only.")
        text = str(location)
        return Target(location.origin, text, URL(text, encoded=True))

    def _is_own(self, origin: Origin) -> bool:
        # Several nodes may share one machine, as in the demo: there the port tells them apart.
        if hosts.is_local_name(origin.host) or hosts.is_address(origin.host):
            return (origin.host, origin.port) == (self._own.host, self._own.port)
        return origin.host == self._own.host

    def _may_stray(self, host: str) -> bool:
        """Whether plain http and other ports are fine: only where the settings name the place."""
        return self._trusts_resolver or hosts.is_local_name(host) or self._allowed.opens(host)

    @asynccontextmanager
    async def _followed(
        self, url: str, *, accept: str, signer: Signer | None, scheme: Scheme, limits: aiohttp.ClientTimeout
    ) -> AsyncIterator[tuple[Target, aiohttp.ClientResponse]]:
        """The first answer that is no redirect, and where it came from. All hops share one deadline."""
        location = self._checked(url)
        with _plain_errors(location.origin.host):
            async with asyncio.timeout(limits.total):
                for _ in range(MAX_REDIRECTS + 1):
                    await self._refuse_shunned(location.origin.host)
                    headers = {"Accept": accept} | await self._signed(location, signer, scheme)
                    async with (await self._opened()).get(
                        location.url, headers=headers, allow_redirects=False, timeout=limits
                    ) as response:
                        if response.status not in _REDIRECTS:
                            yield location, response
                            return
                    location = self._next(location, response)
        raise Invalid(f"{location.origin.host} sends us round in circles.")

    async def _refuse_shunned(self, host: str) -> None:
        if self._is_shunned is not None and await self._is_shunned(host):
            raise Refused("This node has nothing to do with that server.")

    async def _signed(self, location: Target, signer: Signer | None, scheme: Scheme) -> dict[str, str]:
        if signer is None:
            return {}
        url, now = location.text, self._clock.now()
        sign = partial(signatures.sign, signer, scheme=scheme, method="GET", url=url, body=None, now=now)
        return await self._beside(sign)

    async def _beside(self, sign: Callable[[], dict[str, str]]) -> dict[str, str]:
        if self._signing is None:
            raise Unreachable("This server is not ready to talk to others.")
        return await self._signing(sign)

    def _next(self, location: Target, response: aiohttp.ClientResponse) -> Target:
        """Where a redirect leads, checked as if we had been asked to go there ourselves."""
        named = response.headers.getall("Location", [])
        if len(named) != 1:
            raise Invalid(f"{location.origin.host} redirects without saying where to.")
        onward = self._checked(hosts.resolve_reference(location.text, named[0]))
        if onward.origin.scheme != location.origin.scheme:
            raise Refused(f"{location.origin.host} redirects between https and http.")
        return onward


def _limits(seconds: float) -> aiohttp.ClientTimeout:
    # `connect` includes the wait for a free connection and for the DNS.
    return aiohttp.ClientTimeout(total=seconds, connect=5, sock_connect=4, sock_read=5)


@cache
def _tls(ca_file: Path | None) -> ssl.SSLContext:
    # Kept, because reading all the certificates of a system takes as long as a hundred requests.
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


@contextmanager
def _plain_errors(host: str) -> Iterator[None]:
    """Say in our own words what went wrong on the way to `host` or back."""
    try:
        yield
    except FediShareError:
        raise
    except aiohttp.ClientSSLError as error:
        raise Unreachable(f"{host} cannot prove who it is, so nothing was said to it.") from error
    except aiohttp.ClientConnectorError as error:
        if isinstance(error.os_error, BlockedAddressError):
            raise Refused(f"The address of {host} is not on the public internet.") from error
        raise Unreachable(f"{host} cannot be reached.") from error
    except aiohttp.InvalidURL as error:
        raise Invalid(f"The address of {host} cannot be read.") from error
    except TimeoutError as error:
        raise Unreachable(f"{host} takes too long to answer.") from error
    except aiohttp.ClientError as error:
        raise Unreachable(f"{host} broke off, or answered in a way that cannot be read.") from error


def _answer(location: Target, response: aiohttp.ClientResponse, body: bytes) -> Answer:
    # A header that comes twice is joined, as RFC 9110 5.3 has it; a doubled content type then matches nothing.
    headers = {
        name.lower(): ", ".join(response.headers.getall(name)) for name in dict.fromkeys(response.headers.keys())
    }
    return Answer(
        status=response.status,
        url=str(location),
        content_type=headers.get("content-type", ""),
        headers=headers,
        body=body,
    )


async def _body(response: aiohttp.ClientResponse, *, max_bytes: int) -> bytes:
    if response.status != 200:  # noqa: PLR2004  # the number is the name
        return await _beginning(response, max_bytes=max_bytes)
    return b"".join([chunk async for chunk in _chunks(response, max_bytes=max_bytes)])


async def _beginning(response: aiohttp.ClientResponse, *, max_bytes: int) -> bytes:
    """As much of the body as fits; what comes after costs the connection, which is closed."""
    kept = bytearray()
    async for chunk in response.content.iter_any():
        kept += chunk
        if len(kept) > max_bytes:
            response.close()
            break
    return bytes(kept[:max_bytes])


async def _chunks(response: aiohttp.ClientResponse, *, max_bytes: int) -> AsyncIterator[bytes]:
    """The decoded body, counted as it is decoded, so that a bomb is over before it is large."""
    too_large = TooLarge(f"{response.url.host} answers with more than {max_bytes} bytes.")
    if response.headers.get("Content-Encoding", "").strip().lower() not in _CODINGS:
        response.close()
        raise Unsupported(f"{response.url.host} answers in a coding that was not asked for.")
    if (response.content_length or 0) > max_bytes:
        response.close()
        raise too_large
    received = 0
    async for chunk in response.content.iter_any():
        received += len(chunk)
        if received > max_bytes:
            response.close()
            raise too_large
        yield chunk
