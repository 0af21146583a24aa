"""Which servers this node has nothing to do with, for those who ask at every step of a fetch."""

from datetime import datetime, timedelta
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, select

from fedishare.core import hosts
from fedishare.core.clock import Clock
from fedishare.db.engine import Database
from fedishare.db.nodes import BlockedDomain
from fedishare.db.sources import Sources

# Another process may block a domain, too, and nobody tells us. What is kept is asked of the database in any case.
FRESH: Final = timedelta(seconds=1)
DOMAINS: Final = select(BlockedDomain.domain)


class Shunned:
    """The blocked domains as they were a moment ago: a block made in this process counts at once."""

    def __init__(self) -> None:
        self._domains = frozenset[str]()
        self._sources = Sources()
        self._at: datetime | None = None

    async def has(self, database: Database, host: str, *, now: datetime) -> bool:
        # A clock that was set back makes nothing fresh.
        is_fresh = self._at is not None and self._at <= now < self._at + FRESH
        if not is_fresh or not database.ledger.is_current(self._sources):
            seen = Sources()
            seen.add((BlockedDomain.__tablename__,), since=database.ledger.commits)
            self._domains = await database.read(_domains)
            self._sources, self._at = seen, now
        return not self._domains.isdisjoint(hosts.and_above(host))


_known: Final[WeakKeyDictionary[Database, Shunned]] = WeakKeyDictionary()


async def is_shunned(database: Database, clock: Clock, host: str) -> bool:
    """Whether a canonical host, or a domain above it, is blocked (MOD-01)."""
    found = _known.get(database)
    if found is None:
        found = _known[database] = Shunned()
    return await found.has(database, host, now=clock.now())


def _domains(tx: Connection) -> frozenset[str]:
    return frozenset(tx.scalars(DOMAINS))
