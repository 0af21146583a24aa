"""A SQLite connection that compiles each statement once, and then speaks to the driver itself.

SQLAlchemy looks a statement up in its cache, builds a context and wraps every row, each time anew:
25 to 35 us for a row by its key, of which SQLite needs four. Our statements are built once, at
import, so what SQLAlchemy makes of one (text, order and conversion of parameters, conversion of
columns) is kept beside it. The result is the same; whatever is out of the ordinary goes the long way.
"""

import sqlite3
from collections import Counter, namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from threading import Lock
from typing import Any, Final, NamedTuple, TypeAlias, cast
from weakref import WeakSet

from sqlalchemy import ClauseElement, Connection, Delete, Dialect, Executable, Insert, Select, Update
from sqlalchemy.exc import DBAPIError, MultipleResultsFound, NoResultFound
from sqlalchemy.sql.compiler import SQLCompiler

from fedishare.db import sources
from fedishare.db.sources import EVERYTHING, Touched

Parameters: TypeAlias = Mapping[str, Any]
Convert: TypeAlias = Callable[[Any], Any] | None

# A list of values that is longer than this makes a text of its own each time.
LONGEST_LIST: Final = 64


class Bind(NamedTuple):
    """One parameter in its place: what it is called, its place in a list of values, how it is converted."""

    name: str
    place: int | None
    convert: Convert


class Plan:
    """What one statement with one set of parameters comes down to."""

    __slots__ = ("_binds", "_converts", "_defaults", "_fixed", "_row", "sql", "touched")

    def __init__(self, compiled: SQLCompiler, parameters: Parameters) -> None:
        names, converts = compiled.positiontup or [], dict[str, Any](compiled._bind_processors)  # noqa: SLF001 -- read, never changed
        self.sql, places = str(compiled), dict[str, tuple[str, int]]()
        if compiled.post_compile_params:
            expanded = compiled.construct_expanded_state(parameters)
            self.sql, names = expanded.statement, list(expanded.positiontup or [])
            converts |= expanded.processors
            lists = expanded.parameter_expansion.items()
            places = {each: (name, place) for name, all_of_it in lists for place, each in enumerate(all_of_it)}
        self.touched = sources.touched(self.sql)
        self._binds, self._fixed = [], dict[str, Any]()
        for name in names:
            known_as, place = places.get(name, (name, None))
            bind = compiled.binds[known_as]
            self._binds.append(Bind(bind.key, place, converts.get(name)))
            if not bind.required:
                self._fixed[bind.key] = bind.effective_value
        self._defaults = [(column.key, _default(column.default)) for column in compiled.insert_prefetch]
        columns = compiled._result_columns  # noqa: SLF001 -- as above
        found = [column.type._cached_result_processor(compiled.dialect, None) for column in columns]  # noqa: SLF001 -- as above
        self._converts: list[Any] | None = found if any(found) else None
        keys = [column.keyname for column in columns]
        self._row: Any = namedtuple("Row", keys, rename=True) if keys else None  # noqa: PYI024 -- made while we run

    def values(self, parameters: Parameters) -> list[Any]:
        """The parameters as the driver wants them. Raises KeyError for one that is missing."""
        if self._defaults:
            parameters = {name: default() for name, default in self._defaults} | dict(parameters)
        found = []
        for name, place, convert in self._binds:
            value = parameters[name] if name in parameters else self._fixed[name]
            if place is not None:
                value = value[place]
            found.append(value if convert is None else convert(value))
        return found

    def answer(self, cursor: sqlite3.Cursor) -> "Answer":
        if self._row is None:
            return Answer([], cursor.rowcount)
        rows: Iterable[Sequence[Any]] = cursor.fetchall()
        if self._converts is not None:
            converts = self._converts
            rows = [
                [value if convert is None else convert(value) for convert, value in zip(converts, row, strict=True)]
                for row in rows
            ]
        return Answer(list(map(self._row._make, rows)), cursor.rowcount)


class Answer:
    """The rows of a statement: of what SQLAlchemy's results can do, what this project asks of them."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, rows: list[Any], rowcount: int) -> None:
        self._rows = rows
        self.rowcount = rowcount

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def all(self) -> list[Any]:
        return self._rows

    def first(self) -> Any:
        return self._rows[0] if self._rows else None

    def one_or_none(self) -> Any:
        if len(self._rows) > 1:
            raise MultipleResultsFound("Multiple rows were found when one or none was required")
        return self._rows[0] if self._rows else None

    def one(self) -> Any:
        if not self._rows:
            raise NoResultFound("No row was found when one was required")
        return self.one_or_none()

    def scalar(self) -> Any:
        return self._rows[0][0] if self._rows else None

    def scalar_one(self) -> Any:
        return self.one()[0]

    def scalars(self) -> "Answer":
        return Firsts([row[0] for row in self._rows], self.rowcount)


class Firsts(Answer):
    """The first columns of some rows, without their rows."""

    __slots__ = ()


class Plans:
    """The plans of one statement, by what of its parameters changes its text."""

    __slots__ = ("_by_shape", "_dialect", "_is_question", "_lists", "statement")

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        self.statement = statement
        self._dialect = dialect
        self._is_question = isinstance(statement, Select)
        self._by_shape = dict[object, Plan | None]()
        self._lists = (
            []
            if isinstance(statement, Insert)
            else [bind.key for bind in _compiled(statement, dialect).post_compile_params]
        )

    def find(self, parameters: Parameters, *, is_many: bool) -> Plan | None:
        """The plan for these parameters, or None where it takes more than a plan can do."""
        names = () if self._is_question else tuple(parameters)
        lengths = tuple(len(parameters[name]) for name in self._lists) if self._lists else ()
        shape = (names, lengths, is_many)
        if shape not in self._by_shape:
            if max(lengths, default=0) > LONGEST_LIST:
                return None
            self._by_shape[shape] = self._planned(parameters, is_many=is_many)
        return self._by_shape[shape]

    def _planned(self, parameters: Parameters, *, is_many: bool) -> Plan | None:
        keys = None if self._is_question else list(parameters)
        compiled = _compiled(self.statement, self._dialect, keys)
        is_odd = compiled.literal_execute_params or compiled.update_prefetch or compiled.implicit_returning
        can_be_made = all(_is_simple(column.default) for column in compiled.insert_prefetch)
        if is_odd or not can_be_made or (is_many and compiled.effective_returning):
            return None
        return Plan(compiled, parameters)


# Those of all connections of this process, which speak one dialect. By the statement's id; the statement is kept, too,
# so that no other can ever have the same.
_KEPT: Final = dict[int, Plans]()
_MET: Final = WeakSet[Executable]()
_LOCK: Final = Lock()


def _met_again(statement: Executable, dialect: Dialect) -> Plans | None:
    """What is met for the second time was not made for one use."""
    if not isinstance(statement, Select | Insert | Update | Delete):
        return None
    with _LOCK:
        if statement not in _MET:
            _MET.add(statement)
            return None
        if id(statement) not in _KEPT:
            _KEPT[id(statement)] = Plans(statement, dialect)
        return _KEPT[id(statement)]


class PreparedConnection(Connection):
    """Of SQLAlchemy's connection everything stays as it is but the way of statements that come again."""

    def prepare(self, driver: sqlite3.Connection) -> None:
        """Begin to speak to `driver`, which is the connection beneath this one."""
        self._driver = driver
        self.reads: set[str] = set()
        self.changes: set[str] = set()
        self._times_changed = Counter[str]()
        self._changed_by_others: int | None = None

    def say(self, words: str) -> sqlite3.Cursor:
        """Begin, end or mark a transaction, or ask how it is. Raises SQLAlchemy's errors, as all else here does."""
        try:
            return self._driver.execute(words)
        except sqlite3.Error as error:
            raise DBAPIError.instance(words, (), error, sqlite3.Error, dialect=self.dialect) from error

    def take_back(self, *, to: str | None = None) -> None:
        """Undo what was done since the transaction began, or a savepoint. A full disk may have done it already."""
        self._times_changed[EVERYTHING] += 1
        if to is not None:
            self.say(f"ROLLBACK TO {to}")
            self.say(f"RELEASE {to}")
        elif self.is_within:
            self.say("ROLLBACK")

    def begin_writing(self) -> None:
        """Begin a transaction, in which nobody else can write."""
        self.say("BEGIN IMMEDIATE")
        self._changed_by_others = self.changed_by_others()

    def changed_by_others(self) -> int:
        """A number that is another one once another connection has changed anything."""
        (found,) = self.say("PRAGMA data_version").fetchone()
        return int(found)

    def mark(self, tables: Iterable[str]) -> tuple[int, ...] | None:
        """How these tables stand: as long as the mark is the same, no connection has changed them.

        None where nothing was written yet, so that nobody knows.
        """
        if self._changed_by_others is None:
            return None
        return (self._changed_by_others, *map(self._times_changed.__getitem__, (EVERYTHING, *tables)))

    @property
    def is_within(self) -> bool:
        """Whether a transaction is under way."""
        return self._driver.in_transaction

    def execute(self, statement: Executable, parameters: Any = None, *, execution_options: Any = None) -> Any:
        plans = _KEPT.get(id(statement)) or _met_again(statement, self.dialect)
        many = parameters if isinstance(parameters, list) and len(parameters) > 1 else None
        one: Parameters = (parameters[0] if isinstance(parameters, list) and parameters else parameters) or {}
        rows: list[list[Any]] = []
        try:
            plan = plans.find(one, is_many=many is not None) if plans else None
            if plan is not None:
                rows = [plan.values(row) for row in many or [one]]
        except (LookupError, TypeError, ValueError):
            plan = None  # Whatever is wrong with them, SQLAlchemy says it better.
        if plan is None or self._has_events:  # Whoever listens to SQLAlchemy hears of every statement.
            self._touch(sources.ALL)
            return super().execute(statement, parameters, execution_options=execution_options)
        self._touch(plan.touched)
        try:
            if many is not None:
                return Answer([], self._driver.executemany(plan.sql, rows).rowcount)
            return plan.answer(self._driver.execute(plan.sql, rows[0]))
        except sqlite3.Error as error:
            raise DBAPIError.instance(plan.sql, rows[0], error, sqlite3.Error, dialect=self.dialect) from error

    def exec_driver_sql(self, statement: str, parameters: Any = None, execution_options: Any = None) -> Any:
        self._touch(sources.ALL)
        return super().exec_driver_sql(statement, parameters, execution_options)

    def _touch(self, touched: Touched) -> None:
        self.reads |= touched.reads
        if touched.changes:
            self.changes |= touched.changes
            self._times_changed.update(touched.changes)

    def scalar(self, statement: Executable, parameters: Any = None, *, execution_options: Any = None) -> Any:
        return self.execute(statement, parameters, execution_options=execution_options).scalar()

    def scalars(self, statement: Executable, parameters: Any = None, *, execution_options: Any = None) -> Any:
        return self.execute(statement, parameters, execution_options=execution_options).scalars()


def _compiled(statement: Executable, dialect: Dialect, keys: list[str] | None = None) -> SQLCompiler:
    return cast("SQLCompiler", cast("ClauseElement", statement).compile(dialect=dialect, column_keys=keys))


def _is_simple(default: Any) -> bool:
    return bool(default is not None and (default.is_scalar or default.is_callable))


def _default(default: Any) -> Callable[[], Any]:
    value = default.arg
    return (lambda: value(None)) if default.is_callable else (lambda: value)
