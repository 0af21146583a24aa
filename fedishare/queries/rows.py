"""Joined rows, taken apart again: the columns of a small row by its fields, and the row back out of a wide one."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable

T = TypeVar("T", bound=tuple[Any, ...])


def columns(entity: Any, fields: Iterable[str]) -> list[Any]:
    """The columns of a mapped class (Any, as its attributes have as many types) by the names of a row's fields."""
    return [getattr(entity, field) for field in fields]


def rows(tx: Connection, statement: Executable, kind: type[T], **values: int) -> tuple[T, ...]:
    return tuple(kind(*row) for row in tx.execute(statement, values))


class Cut:
    """Takes the columns of a joined row one table at a time."""

    def __init__(self, row: Sequence[Any], *, start: int = 0) -> None:
        self._row = row
        self._at = start

    def take(self, kind: type[T]) -> T:
        end = self._at + len(_fields(kind))
        values = self._row[self._at : end]
        self._at = end
        return kind(*values)

    def maybe(self, kind: type[T], *, mark: str | None = None) -> T | None:
        """The same from an outer join: nothing where the first column, or the one named, is null."""
        place = self._at + (_fields(kind).index(mark) if mark else 0)
        if self._row[place] is None:
            self._at += len(_fields(kind))
            return None
        return self.take(kind)


def _fields(kind: type[Any]) -> tuple[str, ...]:
    fields: tuple[str, ...] = kind._fields
    return fields
