"""What an inbox's answer means for a delivery: it arrived, it is tried again later, or never. Pure."""

from datetime import timedelta
from typing import Final, NamedTuple, TypeAlias

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
# Seconds before each further try (REL-03). Even when chance shortens every one of them by a
# fifth, the last try comes after seven days.
DELAYS: Final = (10, MINUTE, 5 * MINUTE, 20 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, *[DAY] * 8)
SPREAD: Final = 0.2
# A server that fails again and again is asked again after at most so long; one that has not answered for a week, once
# a day.
LONGEST_REST: Final = HOUR
DEAD_AFTER: Final = timedelta(days=7)

OK: Final = range(200, 300)
CLIENT_ERRORS: Final = range(400, 500)
SERVER_ERRORS: Final = range(500, 600)
# Of a server that never learnt it, which says nothing about its health (mastodon.md 2.5).
NOT_IMPLEMENTED: Final = 501
# The inbox is gone, and perhaps whoever read it.
GONE: Final = frozenset({404, 410})
UNAUTHORISED: Final = 401
TOO_MANY: Final = 429
# Answers of the 4xx kind that may be another one tomorrow (M11); all others are final.
PASSING: Final = frozenset({UNAUTHORISED, 408, TOO_MANY})
# What a server may say that does not read our kind of signature (F21).
UNREAD: Final = frozenset({400, UNAUTHORISED})


class Sent(NamedTuple):
    """The inbox took it."""


class Later(NamedTuple):
    """Try again after so many seconds."""

    seconds: float
    why: str


class Never(NamedTuple):
    """Stop trying; the row stays for an admin to see. `is_refused` where the inbox does not want it."""

    why: str
    is_refused: bool = False


Verdict: TypeAlias = Sent | Later | Never


def verdict(
    status: int | None, *, tries: int, retry_after: int | None = None, why: str = "", spread: float = 0.5
) -> Verdict:
    """What follows from the answer to the try number `tries`, counted from 0.

    No `status` is no answer; `why` then says what happened. `retry_after` are the seconds that
    the server asked for: it is never asked sooner, and never waited for longer than a day.
    `spread`, from 0 up to 1, is where in the fifth either way this try falls.
    """
    said = why or (f"answered with status {status}" if status is not None else "did not answer")
    if status is not None and status in OK:
        return Sent()
    if status == NOT_IMPLEMENTED or (status is not None and status in CLIENT_ERRORS and status not in PASSING):
        return Never(said, is_refused=True)
    if tries >= len(DELAYS):
        return Never(f"given up after {tries + 1} tries: {said}")
    usual = DELAYS[tries] * (1 - SPREAD + 2 * SPREAD * spread)
    return Later(max(usual, min(retry_after or 0, DAY)), said)


def is_trouble(status: int | None) -> bool:
    """Whether the answer says something about the server and not about what was delivered."""
    return status is None or (status in SERVER_ERRORS and status != NOT_IMPLEMENTED)


def rest(failures: int, *, failing_for: timedelta = timedelta(), spread: float = 0.5) -> float:
    """Seconds for which a server is left alone that has just failed for the time number `failures`, from 1."""
    doubled = DELAYS[0] << min(failures - 1, 12)
    usual = DAY if failing_for >= DEAD_AFTER else min(doubled, LONGEST_REST)
    return usual * (1 - SPREAD + 2 * SPREAD * spread)
