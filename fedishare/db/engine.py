"""The database: two doors, and nobody else opens a connection.

What passes through a door is a plain function whose first argument is a SQLAlchemy
`Connection`. A plain function cannot await, so nothing waits on the network inside a
transaction, and the same function runs on SQLite (one hop to the thread that owns the
connection) and on PostgreSQL.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

import aiosqlite
import msgspec
from sqlalchemy import Connection, Engine, StaticPool, create_engine
from sqlalchemy.exc import OperationalError

from fedishare.core import crash
from fedishare.core.errors import Unreachable
from fedishare.db import sources
from fedishare.db.prepared import PreparedConnection
from fedishare.db.sources import Ledger

P = ParamSpec("P")
T = TypeVar("T")
Mark: TypeAlias = tuple[int, ...]


COMMITTED_TOGETHER: Final = 256
# Nobody waits for the next one once there are so many, or once so many turns of the event loop brought none.
GATHERED: Final = 64
QUIET_TURNS: Final = 2
READERS: Final = 2
# So many the driver keeps ready to run again on each connection: all of ours, and some.
STATEMENTS: Final = 1024
RINGS: Final = "rings the bell"


class Bell:
    """Wakes those who wait for work, once a commit has brought some. No ring is missed between two waits."""

    def __init__(self) -> None:
        self._rings = 0
        self._heard: WeakKeyDictionary[asyncio.Task[Any], int] = WeakKeyDictionary()
        self._event = asyncio.Event()

    def ring(self) -> None:
        self._rings += 1
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self, *, at_most: float) -> None:
        """Until somebody rang since this task last waited, or `at_most` seconds have passed."""
        me = asyncio.current_task()
        if me is None:
            return
        if self._heard.get(me, 0) == self._rings:
            try:
                async with asyncio.timeout(at_most):
                    await self._event.wait()
            except TimeoutError:
                return
        self._heard[me] = self._rings


class Database(Protocol):
    @property
    def bell(self) -> Bell: ...

    @property
    def ledger(self) -> Ledger: ...

    async def read(self, function: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Answer with what `function` read from one unchanging view of the data."""
        ...

    async def write(self, function: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Answer once what `function` did is on disk. If it raises, nothing it did is kept.

        It may be run again when another transaction got in its way, so it must have no
        effect but on the database.
        """
        ...

    def version(self) -> int | None:
        """Which state the data is in: while it is the same, nobody has changed anything. None where nobody can tell."""
        ...

    async def stand(self) -> object:
        """The same, told wherever it can be asked for: by a question to the server where there is one."""
        ...

    async def close(self) -> None: ...


def ring_after(tx: Connection) -> None:
    """Ring the bell when the transaction at hand is on disk."""
    tx.info[RINGS] = True


def mark(tx: Connection, tables: Iterable[str]) -> Mark | None:
    """How these tables stand within a write: as long as the mark is the same, nobody has changed them.

    None where that cannot be told, as on PostgreSQL.
    """
    return tx.mark(tables) if isinstance(tx, PreparedConnection) else None


async def open_database(url: str) -> Database:
    """Open the doors of the database at `url`. Raises Unreachable when it cannot be reached."""
    if url.startswith("sqlite"):
        return await Sqlite.open(Path(url.partition(":///")[2]))
    from fedishare.db.postgres import Postgres  # noqa: PLC0415 -- its driver and engine, which SQLite has no use for

    return await Postgres.open(url)


class Lane(aiosqlite.Connection):
    """One SQLite connection and the thread that owns it; a whole function travels there in one hop."""

    connection: PreparedConnection

    @classmethod
    async def open(cls, path: Path, *, read_only: bool) -> "Lane":
        lane = cls(lambda: _connect(path, read_only=read_only), iter_chunk_size=64)
        _ = await lane
        await lane.run(lane._prepare)
        return lane

    def _prepare(self) -> None:
        engine = _engine()
        pool = StaticPool(lambda: self._conn, dialect=engine.dialect)  # type: ignore[arg-type]  # it is one
        self.connection = PreparedConnection(engine, pool.connect())
        self.connection.execution_options(isolation_level="AUTOCOMMIT")
        self.connection.prepare(self._conn)

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        return await self._execute(function, *args)  # type: ignore[no-any-return, no-untyped-call]  # aiosqlite leaves it untyped


class Sqlite:
    """One writing lane, whose commits several writers share, and a few reading lanes."""

    def __init__(self, writer: Lane, readers: list[Lane], watcher: sqlite3.Connection) -> None:
        self.bell = Bell()
        self.ledger = Ledger()
        self._writer = writer
        self._readers: asyncio.LifoQueue[Lane] = asyncio.LifoQueue()
        for lane in readers:
            self._readers.put_nowait(lane)
        self._lanes = [writer, *readers]
        self._watcher = watcher
        self._waiting: list[tuple[Callable[[Connection], Any], asyncio.Future[Any]]] = []
        self._draining: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, path: Path) -> "Sqlite":
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            writer = await Lane.open(path, read_only=False)
            readers = [await Lane.open(path, read_only=True) for _ in range(READERS)]
            return cls(writer, readers, _connect(path, read_only=True))
        except (sqlite3.Error, OSError) as error:
            raise Unreachable(f"the database {path} cannot be opened: {error}") from error

    async def read(self, function: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        def unit(tx: Connection) -> T:
            return function(tx, *args, **kwargs)

        since, lane = self.ledger.commits, await self._readers.get()
        try:
            answer: tuple[T, frozenset[str]] = await lane.run(_read, lane.connection, unit)
        finally:
            self._readers.put_nowait(lane)
        if (found := sources.collecting.get()) is not None:
            found.add(answer[1], since=since)
        return answer[0]

    async def write(self, function: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        durable: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((lambda tx: function(tx, *args, **kwargs), durable))
        if self._draining is None:
            self._draining = asyncio.create_task(self._drain())
        return await durable

    async def stand(self) -> object:
        return self.version()

    async def _drain(self) -> None:
        try:
            while self._waiting:
                await self._gather()
                batch, self._waiting = self._waiting[:COMMITTED_TOGETHER], self._waiting[COMMITTED_TOGETHER:]
                outcomes, tables, rings = await self._writer.run(
                    _commit, self._writer.connection, [unit for unit, _ in batch]
                )
                self.ledger.enter(tables)
                if rings:
                    self.bell.ring()
                for (_, durable), (answer, error) in zip(batch, outcomes, strict=True):
                    if durable.done():
                        continue  # The one who asked has gone; the work is kept all the same.
                    if error is None:
                        durable.set_result(answer)
                    else:
                        durable.set_exception(error)
        finally:
            self._draining = None

    async def _gather(self) -> None:
        """Let the event loop go on for as long as its turns bring more to write.

        Only one thread at a time can run Python: while one works off a small batch and the other
        takes in what makes the next, they take the interpreter from each other at every statement.
        """
        found = quiet = 0
        while quiet < QUIET_TURNS and found < GATHERED:
            await asyncio.sleep(0)
            quiet = quiet + 1 if len(self._waiting) == found else 0
            found = len(self._waiting)

    def version(self) -> int | None:
        """As SQLite counts it for a connection that changes nothing itself: a look at shared memory, and no file."""
        version: int = self._watcher.execute("PRAGMA data_version").fetchone()[0]
        return version

    async def close(self) -> None:
        while self._draining is not None:
            await self._draining
        self._watcher.close()
        for lane in self._lanes:
            await lane.run(lane.connection.close)
            await lane.close()


@cache
def _engine() -> Engine:
    """The engine of all lanes of this process, so that what it makes of a statement is made once. It opens no file."""
    engine = create_engine("sqlite://", json_serializer=_json, json_deserializer=msgspec.json.decode)
    engine.connect().close()  # So it learns what this SQLite can do.
    engine.dispose()
    return engine


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=STATEMENTS)
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=5000",
        "cache_size=-16000",
        "temp_store=MEMORY",
        "journal_size_limit=67108864",
    ):
        connection.execute(f"PRAGMA {pragma}")
    if read_only:
        connection.execute("PRAGMA query_only=ON")
    return connection


def _read(tx: PreparedConnection, function: Callable[[Connection], T]) -> tuple[T, frozenset[str]]:
    """What the function answers, and the tables it read."""
    tx.reads.clear()
    tx.say("BEGIN")
    try:
        return function(tx), frozenset(tx.reads)
    finally:
        tx.say("ROLLBACK")


def _commit(
    tx: PreparedConnection, units: list[Callable[[Connection], Any]]
) -> tuple[list[tuple[Any, Exception | None]], frozenset[str], bool]:
    """Run each unit inside its own savepoint, and make all of them durable with one commit.

    Answers with what became of each, the tables that changed, and whether the bell is to be rung.
    """
    tx.info.pop(RINGS, None)
    tx.changes.clear()
    try:
        tx.begin_writing()
        outcomes = [_attempt(tx, unit) for unit in units]
        crash.point("database.before-commit")
        tx.say("COMMIT")
        crash.point("database.after-commit")
    except BaseException as error:
        tx.take_back()
        if not isinstance(error, Exception):
            raise
        return [(None, _plain(error))] * len(units), frozenset(), False
    return outcomes, frozenset(tx.changes), bool(tx.info.pop(RINGS, False))


def _attempt(tx: PreparedConnection, unit: Callable[[Connection], Any]) -> tuple[Any, Exception | None]:
    tx.say("SAVEPOINT unit")
    try:
        answer = unit(tx)
    except Exception as error:
        if not tx.is_within:  # A full disk ended it.
            raise
        tx.take_back(to="unit")
        return None, _plain(error)
    tx.say("RELEASE unit")
    return answer, None


def _plain(error: Exception) -> Exception:
    """A full disk and a long wait for the lock pass; say so, and let the caller come again."""
    if isinstance(error, OperationalError):
        said = str(error.orig)
        if "full" in said:
            return Unreachable("this node's disk is full; nothing was saved", retry_after=300)
        if "locked" in said or "busy" in said:
            return Unreachable("this node is busy; nothing was saved", retry_after=5)
        if "disk I/O" in said or "readonly" in said:
            return Unreachable("this node cannot write to its disk; nothing was saved", retry_after=300)
    return error
