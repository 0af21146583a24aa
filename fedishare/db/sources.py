"""Which tables a statement reads and which it changes, and when each was last changed.

Whoever keeps an answer can so tell whether what it was made of has changed since. It errs on
the safe side only: a table that is merely named counts as read, and what cannot be told, as all of them.
"""

import re
from collections.abc import Iterable
from contextvars import ContextVar
from functools import cache, lru_cache
from typing import Final, NamedTuple

from fedishare.db.base import METADATA

EVERYTHING: Final = "*"
NOTHING: Final[frozenset[str]] = frozenset()

_WORD: Final = re.compile(r"[a-z_][a-z0-9_]*")
_CHANGE: Final = re.compile(r"\s*(INSERT INTO|UPDATE|DELETE FROM)\s+\"?([a-z_][a-z0-9_]*)")


class Touched(NamedTuple):
    reads: frozenset[str]
    changes: frozenset[str]


ALL: Final = Touched(frozenset({EVERYTHING}), frozenset({EVERYTHING}))


class Sources:
    """What the reads of one task rest on, filled in by the doors while `collecting` holds it."""

    def __init__(self) -> None:
        self.tables: set[str] = set()
        self.since: int | None = None

    def add(self, tables: Iterable[str], *, since: int) -> None:
        self.tables.update(tables)
        self.since = since if self.since is None else min(self.since, since)


collecting: Final[ContextVar[Sources | None]] = ContextVar("collecting", default=None)


class Ledger:
    """When, by the count of commits in this process, each table was last changed."""

    def __init__(self) -> None:
        self.commits = 0
        self._changed: dict[str, int] = {}

    def enter(self, tables: Iterable[str]) -> None:
        """A commit that changed these tables is on disk."""
        self.commits += 1
        self._changed |= dict.fromkeys(tables, self.commits)

    def is_current(self, sources: Sources) -> bool:
        """Whether nothing that was read has been changed since by this process."""
        if sources.since is None:
            return True
        if sources.since == self.commits:
            return True
        if EVERYTHING in sources.tables:
            return False
        changed, since = self._changed, sources.since
        return changed.get(EVERYTHING, 0) <= since and all(changed.get(name, 0) <= since for name in sources.tables)


@lru_cache(maxsize=4096)
def touched(sql: str) -> Touched:
    """The tables that one statement reads and changes, those included that change by a foreign key."""
    change = _CHANGE.match(sql)
    named = frozenset(_WORD.findall(sql)) & METADATA.tables.keys()
    if change is None:
        return Touched(named, NOTHING) if sql.lstrip().startswith(("SELECT", "WITH")) else ALL
    verb, table = change.groups()
    return Touched(named, frozenset({table}) | (_dependants(table) if verb == "DELETE FROM" else NOTHING))


@cache
def _dependants(table: str) -> frozenset[str]:
    """The tables whose rows go, or lose a reference, together with a row of this one."""
    found, rest = set[str](), [table]
    while rest:
        parent = rest.pop()
        for name, other in METADATA.tables.items():
            if name not in found and any(key.column.table.name == parent for key in other.foreign_keys):
                found.add(name)
                rest.append(name)
    return frozenset(found)
