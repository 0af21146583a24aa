"""How often somebody may try something, and how much of something may be under way at once: counted in memory."""

import ipaddress
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final, NamedTuple

from fedishare.core.errors import TooMany, Unreachable

MOST_KEYS: Final = 10_000
BUSY_SECONDS: Final = 5
# Whoever has an IPv6 line has all of its addresses (AUTH-14).
IPV6_LINE: Final = 64


class Bucket(NamedTuple):
    left: float
    at: datetime


class Limits:
    """Token buckets. `take` spends one; a bucket refills at `per_minute`."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._held = Counter[str]()

    def take(self, what: str, who: str, *, now: datetime, burst: int, per_minute: float) -> None:
        """Spend one try of `who` at `what`. Raises TooMany with the wait when none is left."""
        bucket = self._buckets.pop((what, who), Bucket(burst, now))
        passed = max(0.0, (now - bucket.at).total_seconds())
        left = min(float(burst), bucket.left + passed * per_minute / 60)
        if left < 1:
            self._buckets[(what, who)] = Bucket(left, now)
            wait = max(1, int((1 - left) * 60 / per_minute) + 1)
            raise TooMany(f"Too many tries. Please wait {wait} seconds and try again.", retry_after=wait)
        self._buckets[(what, who)] = Bucket(left - 1, now)
        while len(self._buckets) > MOST_KEYS:  # The one untouched for longest stands first.
            self._buckets.pop(next(iter(self._buckets)))

    @contextmanager
    def holding(self, what: str, *, most: int) -> Iterator[Callable[[int], None]]:
        """Hold some of `what` until the block ends: what comes back takes more of it.

        Taking raises Unreachable (503, come again) once all requests together would hold more than `most`.
        """
        mine = 0

        def take(amount: int) -> None:
            nonlocal mine
            if self._held[what] + amount > most:
                raise Unreachable(
                    "This node is very busy. Please try again in a few seconds.", retry_after=BUSY_SECONDS
                )
            self._held[what] += amount
            mine += amount

        try:
            yield take
        finally:
            self._held[what] -= mine


def line(address: str) -> str:
    """Who an address belongs to, as far as that can be told: itself, or the /64 around an IPv6 address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(found), IPV6_LINE), strict=False))
