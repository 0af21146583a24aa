"""The only file that may ask for randomness; and time-ordered 63-bit ids."""

import random
import secrets
import threading
from datetime import UTC, datetime
from typing import Final

from fedishare.core.clock import Clock

EPOCH: Final = datetime(2024, 1, 1, tzinfo=UTC)
WORKER_BITS: Final = 10
SEQUENCE_BITS: Final = 12
# The same number of bits, for ids of what is past.
PLACE_BITS: Final = 15
CHANCE_BITS: Final = 7
WORKERS: Final = 1 << WORKER_BITS
_SEQUENCES: Final = 1 << SEQUENCE_BITS
_dice: Final = random.Random()  # noqa: S311 -- nothing secret is made with it


class Ids:
    """Mints ids that sort by time: 41 bits of milliseconds, 10 of the process, 12 of a sequence.

    A clock that steps back does not make ids step back: the last millisecond used is
    carried on until the clock has caught up. Safe to call from any thread.
    """

    def __init__(self, clock: Clock, *, worker: int) -> None:
        self._clock = clock
        self._worker = worker % WORKERS
        self._last = 0
        self._sequence = 0
        self._lock = threading.Lock()

    def new(self) -> int:
        with self._lock:
            millisecond = milliseconds(self._clock.now())
            if millisecond > self._last:
                self._last, self._sequence = millisecond, 0
            else:
                self._sequence += 1
                if self._sequence == _SEQUENCES:
                    self._last, self._sequence = self._last + 1, 0
            return (self._last << WORKER_BITS | self._worker) << SEQUENCE_BITS | self._sequence

    def at(self, moment: datetime, *, place: int) -> int:
        """An id that sorts as if it had been minted then; of those of one millisecond, by `place`.

        Two may be the same, though hardly ever: whoever keeps it has to be told by the database, and to try again.
        """
        order = place % (1 << PLACE_BITS) << CHANCE_BITS | _dice.getrandbits(CHANCE_BITS)
        return milliseconds(moment) << (WORKER_BITS + SEQUENCE_BITS) | order


def milliseconds(moment: datetime) -> int:
    """Milliseconds from our epoch to `moment`, never negative."""
    return max(0, int((moment - EPOCH).total_seconds() * 1000))


def secret(*, length: int = 32) -> str:
    """A string nobody can guess: `length` random bytes as URL-safe text."""
    return secrets.token_urlsafe(length)


def some_bytes(length: int) -> bytes:
    """Random bytes nobody can guess, for salts and keys."""
    return secrets.token_bytes(length)


def fraction() -> float:
    """A number from 0 up to 1, to spread retries; not for secrets."""
    return _dice.random()
