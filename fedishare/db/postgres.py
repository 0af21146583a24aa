"""The doors of a PostgreSQL database."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Concatenate, Final, ParamSpec, TypeVar

from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from fedishare.core.errors import Unreachable
from fedishare.db import sources
from fedishare.db.engine import RINGS, Bell
from fedishare.db.sources import Ledger

P = ParamSpec("P")
T = TypeVar("T")

POOL: Final = 16
TRIES: Final = 4
READS: Final = "tables it reads"
CHANGES: Final = "tables it changes"
# What PostgreSQL says when two transactions met and one must begin again: a conflict, a deadlock,
# or a row that the other one added between our looking and our adding, and that we find the next time.
BEGIN_AGAIN: Final = frozenset({"40001", "40P01", "23505"})
# The classes of PostgreSQL's codes for a connection that broke or was ended, and for want of resources.
GONE: Final = ("08", "57P")
FULL: Final = ("53",)


class Postgres:
    """The same two doors on a server that lets many write at once."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.bell = Bell()
        self.ledger = Ledger()
        self._engine = engine

    @classmethod
    async def open(cls, url: str) -> "Postgres":
        engine = create_async_engine(
            url, pool_size=POOL, max_overflow=0, pool_pre_ping=True, isolation_level="READ COMMITTED"
        )
        event.listen(engine.sync_engine, "before_cursor_execute", _note)
        try:
            async with engine.connect():
                return cls(engine)
        except (DBAPIError, OSError) as error:
            await engine.dispose()
            raise Unreachable(f"the PostgreSQL database cannot be reached: {error}") from error

    def version(self) -> int | None:
        """Nothing here tells without a question to the server."""
        return None

    async def read(self, function: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        since = self.ledger.commits
        async with self._transaction() as connection:
            await connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            answer = await connection.run_sync(function, *args, **kwargs)
            tables = frozenset[str](connection.info.pop(READS, ()))
        if (found := sources.collecting.get()) is not None:
            found.add(tables, since=since)
        return answer

    async def write(self, function: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        def unit(tx: Connection) -> T:
            return function(tx, *args, **kwargs)

        for _ in range(TRIES - 1):
            try:
                return await self._once(unit)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in BEGIN_AGAIN:
                    raise
        return await self._once(unit)

    async def _once(self, unit: Callable[[Connection], T]) -> T:
        async with self._transaction() as connection:
            answer, rings = await connection.run_sync(_unit_and_bell, unit)
            tables = frozenset[str](connection.info.pop(CHANGES, ()))
        self.ledger.enter(tables)
        if rings:
            self.bell.ring()
        return answer

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        """A server that is gone, or has no connection left, passes; say so, and let the caller come again."""
        try:
            async with self._engine.begin() as connection:
                yield connection
        except (OSError, PoolTimeout) as error:
            raise Unreachable("this node's database does not answer; nothing was saved", retry_after=5) from error
        except DBAPIError as error:
            said = getattr(error.orig, "sqlstate", None) or ""
            if error.connection_invalidated or isinstance(error, InterfaceError) or said.startswith(GONE):
                raise Unreachable("this node's database went away; nothing was saved", retry_after=5) from error
            if said.startswith(FULL):
                raise Unreachable("this node's disk is full; nothing was saved", retry_after=300) from error
            raise

    async def stand(self) -> object:
        # It names every transaction that changes something and is under way, and the next one to come.
        async with self._transaction() as connection:
            return (await connection.exec_driver_sql("SELECT pg_current_snapshot()::text")).scalar_one()

    async def close(self) -> None:
        await self._engine.dispose()


def _note(tx: Connection, _cursor: object, statement: str, *_: object) -> None:
    """Keep in mind which tables a statement of PostgreSQL reads and changes."""
    if statement.startswith("SET "):
        tx.info.pop(READS, None)
        return
    found = sources.touched(statement)
    tx.info.setdefault(READS, set()).update(found.reads)
    tx.info.setdefault(CHANGES, set()).update(found.changes)


def _unit_and_bell(tx: Connection, unit: Callable[[Connection], T]) -> tuple[T, bool]:
    for kept in (RINGS, CHANGES):
        tx.info.pop(kept, None)
    answer = unit(tx)
    return answer, bool(tx.info.pop(RINGS, False))
