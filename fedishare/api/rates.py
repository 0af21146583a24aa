"""How many requests an app may send, and what is left of them; counted in memory, by this process alone."""

from datetime import datetime, timedelta
from enum import Enum
from typing import Final, NamedTuple

from fedishare.core.errors import TooMany

MOST_KEYS: Final = 20_000
BEYOND_COUNT: Final = 1_000_000_000


class Allowance(NamedTuple):
    most: int
    lasts: timedelta


class Rate(Enum):
    """The classes of requests. Each is counted by itself."""

    CALLS = "calls"
    UPLOADS = "uploads"
    DELETES = "deletes"
    SIGN_INS = "sign-ins"


ALLOWED: Final = {
    Rate.CALLS: Allowance(300, timedelta(minutes=5)),
    Rate.UPLOADS: Allowance(30, timedelta(minutes=30)),
    Rate.DELETES: Allowance(30, timedelta(minutes=30)),
    Rate.SIGN_INS: Allowance(60, timedelta(minutes=5)),
}


class Left(NamedTuple):
    """What the headers of an answer say."""

    most: int
    remaining: int
    reset: datetime


class Rates:
    """Counts by class and by who asks, each in a window that begins with the first request."""

    def __init__(self, *, calls: int | None) -> None:
        self._calls = BEYOND_COUNT if calls is None else calls
        self._spent: dict[tuple[Rate, object], tuple[int, datetime]] = {}

    def spend(self, rate: Rate, who: object, *, now: datetime) -> Left:
        """Count one request. What is over the limit has `remaining` below zero, and is not to be answered."""
        most, lasts = ALLOWED[rate]
        count, until = self._spent.pop((rate, who), (0, now + lasts))
        if now >= until:
            count, until = 0, now + lasts
        self._spent[rate, who] = (count + 1, until)
        while len(self._spent) > MOST_KEYS:  # The one untouched for longest stands first.
            self._spent.pop(next(iter(self._spent)))
        if rate is Rate.CALLS:
            most = self._calls
        return Left(most, most - count - 1, until)


def refuse(left: Left, *, now: datetime) -> None:
    """Raises TooMany where nothing is left."""
    if left.remaining < 0:
        wait = max(1, int((left.reset - now).total_seconds()) + 1)
        raise TooMany("Too many requests", retry_after=wait)
