"""One process that plays many servers, each with a mood; it notes what each took and was asked at once."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Final, Protocol

import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult

from fedishare.core.clock import Clock
from tests.net.peers import LOOPBACK, Asked, Said, a_redirect, a_reply

ACCEPTED: Final = a_reply(status=202)
# The client of these tests waits for a second.
FOR_EVER: Final = 5.0


class Mood(Protocol):
    __name__: str

    def __call__(self, chaos: "Chaos", asked: Asked, times: int, /) -> Said:
        """What is answered to the request number `times`, from 1."""
        ...


class Chaos(AbstractResolver):
    """Who is called `<mood>-<number>.test` has that mood. The names in `unknown` lead nowhere."""

    def __init__(self, clock: Clock) -> None:
        self.port = 0
        self.is_healed = False
        self.unknown: set[str] = set()
        self.took: dict[str, list[str]] = defaultdict(list)
        self.asked: Counter[str] = Counter()
        self.most_at_once: Counter[str] = Counter()
        self._at_once: Counter[str] = Counter()
        self._clock = clock

    def answer(self, asked: Asked) -> Said:
        host = asked.host
        self.asked[host] += 1
        return self._counted(host, asked)

    async def _counted(self, host: str, asked: Asked) -> AsyncIterator[bytes]:
        self._at_once[host] += 1
        self.most_at_once[host] = max(self.most_at_once[host], self._at_once[host])
        try:
            await asyncio.sleep(0)
            mood = fine if self.is_healed else MOODS[host.partition("-")[0]]
            said = mood(self, asked, self.asked[host])
            if isinstance(said, bytes):
                yield self._noted(host, asked, said)
            else:
                async for piece in said:
                    yield self._noted(host, asked, piece)
        finally:
            self._at_once[host] -= 1

    def _noted(self, host: str, asked: Asked, said: bytes) -> bytes:
        if said.startswith(b"HTTP/1.1 202"):
            self.took[host].append(msgspec.json.decode(asked.body)["id"])
        return said

    def now(self) -> datetime:
        return self._clock.now()

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        if host in self.unknown and not self.is_healed:
            raise OSError(f"no address associated with {host}")
        return [ResolveResult(hostname=host, host=LOOPBACK, port=self.port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        pass


def fine(_: Chaos, __: Asked, ___: int) -> Said:
    return ACCEPTED


async def _slowly(pieces: tuple[bytes, ...], seconds: float) -> AsyncIterator[bytes]:
    for piece in pieces:
        await asyncio.sleep(seconds)
        yield piece


def slow(_: Chaos, __: Asked, ___: int) -> Said:
    return _slowly((ACCEPTED,), 0.1)


def hole(_: Chaos, __: Asked, ___: int) -> Said:
    """Takes the connection and says nothing."""
    return _slowly((ACCEPTED,), FOR_EVER)


async def _broken(piece: bytes) -> AsyncIterator[bytes]:
    yield piece
    raise ConnectionResetError


def reset(_: Chaos, __: Asked, ___: int) -> Said:
    """The line breaks in the middle of the head of the answer."""
    return _broken(ACCEPTED[:10])


def torn(_: Chaos, __: Asked, ___: int) -> Said:
    """An error whose body never ends as it said it would."""
    return _broken(a_reply(b"half", status=500, length=4000))


def babble(_: Chaos, __: Asked, ___: int) -> Said:
    return b"SSH-2.0-OpenSSH_9.2\r\n\r\n"


def broken(_: Chaos, __: Asked, ___: int) -> Said:
    return a_reply(status=500)


def flaky(_: Chaos, __: Asked, times: int) -> Said:
    """Every second time it works."""
    return ACCEPTED if times % 2 == 0 else a_reply(status=502)


def busy(chaos: Chaos, _: Asked, times: int) -> Said:
    """Every form in which servers ask for patience, one after the other, and then it takes things."""
    soon = chaos.now() + timedelta(seconds=90)
    forms = (
        ("Retry-After", "30"),
        ("Retry-After", "1.5"),
        ("Retry-After", format_datetime(soon, usegmt=True)),
        ("Retry-After", "soon"),
        ("X-RateLimit-Reset", soon.isoformat()),
        ("X-RateLimit-Reset", str(int(soon.timestamp()))),
        ("X-RateLimit-Reset", "45"),
        ("Retry-After", "99999999"),
    )
    return a_reply(status=429 if times % 2 else 503, headers=[forms[times - 1]]) if times <= len(forms) else ACCEPTED


def newer(_: Chaos, asked: Asked, __: int) -> Said:
    """Understands RFC 9421 only (double knock)."""
    return ACCEPTED if "signature-input" in asked.headers else a_reply(status=401)


def moved(_: Chaos, __: Asked, times: int) -> Said:
    """Redirects, in every way there is, until somebody mends the configuration."""
    return a_redirect("https://elsewhere.test/inbox", status=(301, 302, 307, 308)[times % 4])


def gone(_: Chaos, __: Asked, ___: int) -> Said:
    return a_reply(status=410)


def large(_: Chaos, __: Asked, ___: int) -> Said:
    """Takes it and talks a great deal about it."""
    return a_reply(b"x" * 500_000, status=202)


_MOODS: Final[tuple[Mood, ...]] = (
    fine, slow, hole, reset, torn, babble, broken, flaky, busy, newer, moved, gone, large
)  # fmt: skip
MOODS: Final[dict[str, Mood]] = {"unknown": fine, **{mood.__name__: mood for mood in _MOODS}}
# These take everything in the end; `gone` never does.
PATIENT: Final = tuple(name for name in MOODS if name != "gone")
