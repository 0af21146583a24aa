"""Where public documents and pages stand ready until what they were made of has changed, and for a second at most."""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypeAlias

from multidict import CIMultiDict

from fedishare.db.sources import Ledger, Sources

# Other processes may change things, too, and nobody tells us.
FRESH: Final = timedelta(seconds=1)
# One asker has it made anew a little earlier, or all who ask in the same moment would have it made at once.
RENEWED: Final = timedelta(seconds=0.8)
MOST_BYTES: Final = 8 << 20

Key: TypeAlias = tuple[str, str]


class Kept(NamedTuple):
    body: bytes
    headers: CIMultiDict[str]
    sources: Sources
    at: datetime


class Shelf:
    """The documents of one process, the least used of which go first when there is no more room."""

    def __init__(self) -> None:
        self._found: OrderedDict[Key, Kept] = OrderedDict()
        self._bytes = 0
        self._renewing: set[Key] = set()

    def find(self, key: Key, ledger: Ledger, *, now: datetime) -> Kept | None:
        kept = self._found.get(key)
        if kept is None:
            return None
        # A clock that was set back makes nothing fresh.
        if not kept.at <= now < kept.at + FRESH or not ledger.is_current(kept.sources):
            self._drop(key)
            return None
        if now >= kept.at + RENEWED and key not in self._renewing:
            self._renewing.add(key)
            return None
        self._found.move_to_end(key)
        return kept

    def keep(self, key: Key, body: bytes, headers: CIMultiDict[str], sources: Sources, *, at: datetime) -> None:
        self._drop(key)
        self._found[key] = Kept(body, headers, sources, at)
        self._bytes += len(body)
        while self._bytes > MOST_BYTES:
            self._drop(next(iter(self._found)))

    def _drop(self, key: Key) -> None:
        gone = self._found.pop(key, None)
        self._renewing.discard(key)
        self._bytes -= len(gone.body) if gone else 0
