"""All the connections of one process, and the one look at the database that serves them all.

While nobody listens nothing runs. While somebody does, the database is asked a few times a second whether anything
changed, by whichever process; only then what happened is read, and told to those whom it concerns.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec
import structlog
from sqlalchemy import Connection

from fedishare.api.calls import Call, nothing
from fedishare.api.kept import Kept, Moment
from fedishare.api.streaming import events
from fedishare.api.streaming.channels import LIST, Channel
from fedishare.api.streaming.events import Ear
from fedishare.api.streaming.listeners import Ending, Listener
from fedishare.core.errors import TooMany, Unreachable
from fedishare.db.engine import Database
from fedishare.queries import happenings, lists, tokens
from fedishare.queries.happenings import Tails

log: Final = structlog.get_logger()

LOOK_EVERY: Final = 0.2
AFTER_TROUBLE: Final = 5.0
MOST_PER_TOKEN: Final = 16
MOST_HERE: Final = 4_000
# So many are served by one read, so that requests are answered in between.
AT_ONCE: Final = 40


class Hub:
    """`call` makes what an entity is made with, for nobody in particular."""

    def __init__(self, db: Callable[[], Database], call: Callable[[], Call]) -> None:
        self._db = db
        self._call = call
        self._listeners: set[Listener] = set()
        self._per_token = Counter[int]()
        self._has_any = asyncio.Event()
        self._is_closing = False
        self._stand: object = None
        self._tails: Tails | None = None

    @contextmanager
    def listening(self, listener: Listener) -> Iterator[None]:
        """One more, for as long as it lasts. Raises TooMany for an app that has enough, Unreachable for a node."""
        if self._is_closing or len(self._listeners) >= MOST_HERE:
            raise Unreachable("This node has no room for another stream just now.", retry_after=30)
        if self._per_token[listener.token_id] >= MOST_PER_TOKEN:
            raise TooMany("Too many streams are open", retry_after=30)
        self._listeners.add(listener)
        self._per_token[listener.token_id] += 1
        # What became of the token since it was looked at shows in the next look, which is to be one.
        self._stand = None
        self._has_any.set()
        try:
            yield
        finally:
            self._listeners.discard(listener)
            self._per_token -= Counter((listener.token_id,))

    async def subscribe(self, listener: Listener, channel: Channel) -> None:
        """Raises NotFound for a list of somebody else, TooMany for more streams than any app shows."""
        if channel.name == LIST and not await self._db().read(_is_theirs, listener.call.me, channel.list_id):
            raise nothing()
        listener.subscribe(channel)

    def close(self) -> None:
        """The node stops: all are told so, and nobody is let in."""
        self._is_closing = True
        for listener in self._listeners:
            listener.end(Ending.STOPPING)

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            if not self._listeners:
                # Nobody misses what happens now.
                self._tails = None
                self._has_any.clear()
                await self._has_any.wait()
            try:
                await self._look()
                await asyncio.sleep(LOOK_EVERY)
            except Unreachable as error:
                self._stand = None
                log.warning("streams stand still", why=str(error))
                await asyncio.sleep(AFTER_TROUBLE)
            except Exception:
                # All streams of the process hang on this loop; one fault shall not end them.
                self._stand = None
                log.exception("what happened could not be told")
                await asyncio.sleep(AFTER_TROUBLE)

    async def _look(self) -> None:
        db = self._db()
        stand = await db.stand()
        if stand == self._stand:
            return
        self._stand = stand
        former = self._tails
        listeners = list(self._listeners)
        ids = {listener.token_id for listener in listeners}
        now, standing = await db.read(_tails_and_tokens, former, ids)
        self._tails = now
        for listener in listeners:
            if listener.token_id not in standing:
                listener.end(Ending.REVOKED)
        new = now.beyond(former) if former is not None else Tails()
        if not any(new):
            return
        news = await db.read(happenings.news, new)
        call = kept_for_now(self._call(), db)
        for start in range(0, len(listeners), AT_ONCE):
            await self._tell(db, call, news, listeners[start : start + AT_ONCE])

    async def _tell(self, db: Database, call: Call, news: happenings.News, listeners: Sequence[Listener]) -> None:
        some = [listener for listener in listeners if listener.ending is None and listener.channels]
        if not some:
            return
        ears = [Ear(listener.call.who, frozenset(listener.channels)) for listener in some]
        for listener, messages in zip(some, await db.read(events.told, call, news, ears), strict=True):
            if messages is None:
                listener.end(Ending.REVOKED)
                continue
            for message in messages:
                if message.channel in listener.channels:
                    listener.tell(message)


def _tails_and_tokens(tx: Connection, former: Tails | None, ids: Collection[int]) -> tuple[Tails, set[int]]:
    return happenings.tails(tx, former=former), tokens.still(tx, ids=ids)


def _is_theirs(tx: Connection, owner_id: int, list_id: int) -> bool:
    return lists.one(tx, owner_id=owner_id, list_id=list_id) is not None


def kept_for_now(call: Call, db: Database) -> Call:
    """With shelves of its own: what is made for these news is made once, and nothing older is taken for new."""
    ledger = db.ledger
    moment = Moment(call.here.now(), ledger.commits)
    return msgspec.structs.replace(call, kept=Kept(lambda: ledger, api_version=call.kept.api_version), moment=moment)
