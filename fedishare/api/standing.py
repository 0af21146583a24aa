"""Tells what is open for longer than a request - a stream, say - when the token that it rests on ends.

However it ended: given back, taken back, its owner frozen or gone, the handle run by them no longer; and
in whichever process of the node. Within this one it is noticed at once, of others within LOOK_EVERY.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from fedishare.core.errors import FediShareError
from fedishare.db.engine import Database
from fedishare.db.sources import Sources
from fedishare.queries import tokens

TICK_SECONDS: Final = 0.2
LOOK_EVERY: Final = 10  # ticks
# What decides whether a token stands.
TABLES: Final = ("token", "account", "actor", "runner")


class Watch:
    """One task looks after all the tokens that are in use, with one statement for all of them."""

    def __init__(self, database: Callable[[], Database]) -> None:
        self._database = database
        self._ends: defaultdict[int, set[asyncio.Event]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def over(self, token_id: int) -> AsyncIterator[asyncio.Event]:
        """An event that is set when the token has ended."""
        ended = asyncio.Event()
        self._ends[token_id].add(ended)
        if self._task is None:
            self._task = asyncio.create_task(self._look_after())
        try:
            yield ended
        finally:
            self._ends[token_id].discard(ended)
            if not self._ends[token_id]:
                del self._ends[token_id]

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _look_after(self) -> None:
        try:
            while self._ends:
                seen = self._now()
                # A database that does not answer says nothing; it is asked again.
                with suppress(FediShareError):
                    await self._look()
                await self._until_something_happens(seen)
        finally:
            self._task = None

    async def _look(self) -> None:
        watched = list(self._ends)
        standing = await self._database().read(tokens.still, ids=watched)
        for token_id in watched:
            if token_id not in standing:
                for ended in self._ends.get(token_id, ()):
                    ended.set()

    async def _until_something_happens(self, seen: Sources) -> None:
        for _ in range(LOOK_EVERY):
            await asyncio.sleep(TICK_SECONDS)
            if not self._database().ledger.is_current(seen):
                return

    def _now(self) -> Sources:
        sources = Sources()
        sources.add(TABLES, since=self._database().ledger.commits)
        return sources
