"""What one process remembers about asking others, so that nobody can make it ask too often.

Nothing here is lost by forgetting it: another process, or the same one tomorrow, asks again.
"""

import asyncio
from collections import Counter, deque
from collections.abc import MutableMapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypeVar
from weakref import WeakKeyDictionary, WeakValueDictionary

from fedishare.core import hosts
from fedishare.core.errors import FediShareError, Invalid, NotFound, TooMany, Unauthenticated, Unreachable
from fedishare.db.engine import Mark
from fedishare.net.client import Client
from fedishare.net.signatures import Signer
from fedishare.queries.known import KeyRow

# A signature may be dated an hour ahead and used for 65 minutes after that.
SIGNATURES_FOR: Final = timedelta(hours=3)
KEY_FETCHES: Final = 20
KEY_SECONDS: Final = 10
# Accounts of one registered domain that one process meets in an hour: whoever has a wildcard in the DNS has servers
# without end, and accounts without end on each (DOS-14, MOD-11).
NEWCOMERS: Final = 200
NEWCOMERS_PER: Final = timedelta(hours=1)
FAILED_FOR: Final = timedelta(minutes=5)
REFRESHED_FOR: Final = timedelta(minutes=5)
ASKED_FOR: Final = timedelta(minutes=10)
MOST_KEPT: Final = 10_000
MOST_FETCHES: Final = 50
MOST_KEYS: Final = 4_096

K = TypeVar("K")
T = TypeVar("T")


class Failure(NamedTuple):
    error: FediShareError
    until: datetime


class Budget:
    """How much may still be fetched for one cause. One budget is shared by all that follows from it (DOS-15).

    Documents are asked for in the name of `signer`, and else in that of the node.
    """

    def __init__(
        self, fetches: int = MOST_FETCHES, *, per_host: int | None = None, signer: Signer | None = None
    ) -> None:
        self.left = fetches
        self.signer = signer
        self._per_host = per_host if per_host is not None else fetches
        self._spent: Counter[str] = Counter()

    def spend(self, host: str = "") -> None:
        """Raises Invalid once nothing is left, in all or for this one server."""
        if self.left <= 0 or self._spent[host] >= self._per_host:
            raise Invalid("This leads to more addresses than we follow.")
        self.left -= 1
        self._spent[host] += 1


class Memory:
    def __init__(self, *, newcomers: int | None = NEWCOMERS) -> None:
        self.signer: Signer | None = None
        self.newcomers = newcomers
        self._met: dict[str, deque[datetime]] = {}
        self._failures: dict[str, Failure] = {}
        self._key_fetches: dict[str, deque[datetime]] = {}
        self._refreshed: dict[str, datetime] = {}
        self._asked: dict[str, datetime] = {}
        self._keys: dict[str, KeyRow] = {}
        self._confirmed: dict[tuple[str, str | None], tuple[KeyRow, Mark]] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def lock(self, name: str) -> asyncio.Lock:
        """One lock a name, so that what many wait for is fetched once."""
        lock = self._locks.get(name)
        if lock is None:
            lock = self._locks[name] = asyncio.Lock()
        return lock

    def key(self, key_id: str) -> KeyRow | None:
        """A key as it was when it last fitted. Whoever relies on it looks again before anything is kept."""
        return self._keys.get(key_id)

    def keep_key(self, key_id: str, row: KeyRow) -> None:
        _keep(self._keys, key_id, row, most=MOST_KEYS)

    def was_confirmed(self, key: KeyRow, recipient: str | None, mark: Mark) -> bool:
        """Whether this very key was found in order, for this recipient, while the database stood as it stands."""
        found = self._confirmed.get((key.key_id, recipient))
        return found is not None and found[0] is key and found[1] == mark

    def confirm(self, key: KeyRow, recipient: str | None, mark: Mark) -> None:
        _keep(self._confirmed, (key.key_id, recipient), (key, mark), most=MOST_KEYS)

    def forget_key(self, key_id: str) -> None:
        self._keys.pop(key_id, None)

    def refuse_failed(self, key_id: str, *, now: datetime) -> None:
        """Raise again what went wrong when this key was fetched a short while ago (SIG-22)."""
        failure = self._failures.get(key_id)
        if failure is None or failure.until <= now:
            return
        match failure.error:
            case Unreachable():
                wait = max(1, int((failure.until - now).total_seconds()))
                raise Unreachable(str(failure.error), retry_after=wait)
            case NotFound():
                raise NotFound(str(failure.error))
            case _:
                raise Unauthenticated(str(failure.error))

    def fail(self, key_id: str, error: FediShareError, *, now: datetime) -> None:
        _keep(self._failures, key_id, Failure(error, now + FAILED_FOR))

    def admit_key_fetch(self, host: str, *, now: datetime) -> None:
        """Count a key fetch against its host; raises TooMany after twenty within ten seconds."""
        if not _has_room(self._key_fetches, host, now=now, most=KEY_FETCHES, per=timedelta(seconds=KEY_SECONDS)):
            raise TooMany(f"{host} uses more new keys than we look up at once.", retry_after=KEY_SECONDS)

    def admit_newcomer(self, host: str, *, now: datetime) -> None:
        """Count somebody new against the domain they come from; raises TooMany where too many came within an hour."""
        domain = hosts.registered(host)
        if self.newcomers is None or _has_room(self._met, domain, now=now, most=self.newcomers, per=NEWCOMERS_PER):
            return
        oldest = self._met[domain][0]
        wait = max(1, int((oldest + NEWCOMERS_PER - now).total_seconds()))
        raise TooMany(f"{domain} has more new accounts than this node gets to know in an hour.", retry_after=wait)

    def may_refresh(self, actor_uri: str, *, now: datetime) -> bool:
        """Whether an actor's keys may be looked up anew; answering yes uses it up for five minutes (SIG-24)."""
        last = self._refreshed.get(actor_uri)
        if last is not None and now < last + REFRESHED_FOR:
            return False
        _keep(self._refreshed, actor_uri, now)
        return True

    def was_asked(self, url: str, *, now: datetime) -> bool:
        last = self._asked.get(url)
        return last is not None and now < last + ASKED_FOR

    def ask(self, url: str, *, now: datetime) -> None:
        _keep(self._asked, url, now)


def _has_room(kept: dict[str, deque[datetime]], name: str, *, now: datetime, most: int, per: timedelta) -> bool:
    """Whether one more fits into the `most` that may happen within any time of `per`; if so, it is counted."""
    recent = kept.pop(name, deque[datetime]())
    while recent and recent[0] <= now - per:
        recent.popleft()
    fits = len(recent) < most
    if fits:
        recent.append(now)
    _keep(kept, name, recent)
    return fits


def _keep(kept: MutableMapping[K, T], name: K, value: T, *, most: int | None = None) -> None:
    kept.pop(name, None)
    kept[name] = value
    while len(kept) > (most or MOST_KEPT):  # The oldest stands first.
        kept.pop(next(iter(kept)))


# One memory for each client there is: it lives as long as what it protects.
_memories: Final[WeakKeyDictionary[Client, Memory]] = WeakKeyDictionary()


def of(client: Client) -> Memory:
    found = _memories.get(client)
    if found is None:
        # A demo or a test has all its servers under one name.
        found = _memories[client] = Memory(newcomers=None if client.is_among_friends else NEWCOMERS)
    return found
