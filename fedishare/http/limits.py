"""How often somebody may try something: small buckets in memory, one a key."""

from datetime import datetime
from typing import Final, NamedTuple

from fedishare.core.errors import TooMany

MOST_KEYS: Final = 10_000


class Bucket(NamedTuple):
    left: float
    at: datetime


class Limits:
    """Token buckets. `take` spends one; a bucket refills at `per_minute`."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], Bucket] = {}

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
