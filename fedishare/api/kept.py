"""Parts of answers that are the same for every viewer, kept in this process for a few seconds."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Generic, NamedTuple, TypeVar

from fedishare.db.sources import Ledger, Sources
from fedishare.queries.statuses import TABLES

V = TypeVar("V")

# What other processes of the node change is seen this late; what this one changes, at once.
FRESH: Final = timedelta(seconds=5)
# To count everything takes a look at every public post.
COUNTED_EVERY: Final = timedelta(minutes=1)
MOST: Final = 5_000
ACCOUNTS: Final = ("actor", "follow", "post", "account", "handle")


class Moment(NamedTuple):
    """When a read began: the time, and how many commits this process had made by then. `commits` is None in a write."""

    now: datetime
    commits: int | None


class _Found(NamedTuple):
    value: Any
    sources: Sources
    until: datetime


class Shelf(Generic[V]):
    """Values by id, good until a table they were made from changes or FRESH has passed. For any thread."""

    def __init__(self, ledger: Callable[[], Ledger], *, tables: Iterable[str], fresh: timedelta = FRESH) -> None:
        self._ledger = ledger
        self._tables = frozenset(tables)
        self._fresh = fresh
        self._found: OrderedDict[int, _Found] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, ids: Iterable[int], make: Callable[[list[int]], Mapping[int, V]], *, at: Moment) -> dict[int, V]:
        """The values of these ids; those that are not here are made, all in one go.

        Within a write everything is made anew and nothing is kept: it may yet be taken back.
        """
        wanted = list(dict.fromkeys(ids))
        if at.commits is None:
            return dict(make(wanted)) if wanted else {}
        found = self._look(wanted, at.now)
        missing = [key for key in wanted if key not in found]
        if not missing:
            return found
        made = make(missing)
        self._keep(made, at.now, at.commits)
        return found | dict(made)

    def _look(self, wanted: list[int], now: datetime) -> dict[int, V]:
        ledger, found = self._ledger(), dict[int, V]()
        with self._lock:
            for key in wanted:
                kept = self._found.get(key)
                if kept is not None and now < kept.until and ledger.is_current(kept.sources):
                    found[key] = kept.value
        return found

    def _keep(self, made: Mapping[int, V], now: datetime, commits: int) -> None:
        sources = Sources()
        sources.add(self._tables, since=commits)
        with self._lock:
            for key, value in made.items():
                self._found[key] = _Found(value, sources, now + self._fresh)
                self._found.move_to_end(key)
            while len(self._found) > MOST:
                self._found.popitem(last=False)


class Kept:
    """The shelves of one process, and the number by which Mastodon counts what an API can do."""

    def __init__(self, ledger: Callable[[], Ledger], *, api_version: int) -> None:
        self.api_version = api_version
        self.accounts: Shelf[Any] = Shelf(ledger, tables=ACCOUNTS)
        self.counts: Shelf[Any] = Shelf(ledger, tables=(), fresh=COUNTED_EVERY)
        self.trends: Shelf[Any] = Shelf(ledger, tables=(), fresh=COUNTED_EVERY)
        # A post names its author, so it is made from what they are made from.
        self.statuses: Shelf[Any] = Shelf(ledger, tables=(*ACCOUNTS, *TABLES))
        self.boosts: Shelf[Any] = Shelf(ledger, tables=(*ACCOUNTS, "reaction"))
        self.filters: Shelf[Any] = Shelf(ledger, tables=("filter", "filter_keyword", "filter_status"))
