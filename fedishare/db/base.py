"""How a table is declared: one class each, whose attributes are its columns; metadata and the types that all share.

The classes look as SQLAlchemy's mapped ones do, and are only the schema. Nobody here loads an entity, so the ORM
would be there for nothing (decision 0014).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType, NoneType
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple, Self, TypeVar, cast, get_args, get_origin

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Double,
    Enum,
    ForeignKey,
    FromClause,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    func,
    select,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.base import SyntaxExtension
from sqlalchemy.types import TypeDecorator, TypeEngine

T = TypeVar("T")


class UtcDateTime(TypeDecorator[datetime]):
    """Aware in, aware out. SQLite forgets the zone; we do not."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 -- SQLAlchemy's signature
        return _in_utc(value) if value else None

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], object] | None:
        """SQLite keeps times as text; SQLAlchemy's own way to write them takes five times as long."""
        return _as_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 -- SQLAlchemy's signature
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time without a zone cannot be stored")
    return value.astimezone(UTC)


def _as_text(value: datetime | None) -> str | None:
    """The same text as SQLAlchemy writes: 2026-11-22 09:30:00.000000."""
    return _in_utc(value).replace(tzinfo=None).isoformat(" ", "microseconds") if value else None


def words(kind: type[StrEnum]) -> Enum:
    """A column that holds one of an enumeration's values as text, on both databases alike."""
    return Enum(kind, native_enum=False, length=32, values_callable=lambda names: [name.value for name in names])


BigId: Final = BigInteger().with_variant(Integer, "sqlite")

if TYPE_CHECKING:
    # The type checker reads `name: Mapped[str | None]` as it would with the ORM.
    from sqlalchemy.orm import Mapped as Mapped  # noqa: PLC0414 -- others import it from here
else:
    Mapped = Column


class Wish(NamedTuple):
    """What is said of a column beside its name and the type of its values."""

    what: tuple[TypeEngine[Any] | type[TypeEngine[Any]] | ForeignKey, ...] = ()
    options: Mapping[str, Any] = MappingProxyType({})


def mapped_column(*what: TypeEngine[Any] | type[TypeEngine[Any]] | ForeignKey, **options: Any) -> Any:
    """What a column needs beside its annotation, in the words of SQLAlchemy's `Column`."""
    return Wish(what, options)


Id = Annotated[int, mapped_column(primary_key=True)]  # minted by core.ids, so that it sorts by time
Serial = Annotated[int, mapped_column(primary_key=True, autoincrement=True)]

TYPES: Final[Mapping[Any, Any]] = MappingProxyType(
    {
        datetime: UtcDateTime,
        str: Text,
        int: BigId,
        bool: Boolean,
        float: Double,
        bytes: LargeBinary,
        Sequence[str]: JSON,
        list[dict[str, Any]]: JSON,
    }
)
METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Declared(type):
    """What a class with a `__tablename__` is made by: its annotations become the columns of a table."""

    __table__: FromClause

    def __init__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> None:
        super().__init__(name, bases, body)
        if "__tablename__" not in body:
            return
        hints = body["__annotations__"].items()
        columns = [_column(key, get_args(hint)[0], body.get(key, Wish())) for key, hint in hints]
        told = body.get("__table_args__", ())
        options = {name: value for one in told if isinstance(one, dict) for name, value in one.items()}
        rest = [one for one in told if not isinstance(one, dict)]
        cls.__table__ = Table(body["__tablename__"], METADATA, *columns, *rest, **options)
        for column in columns:
            setattr(cls, column.key, column)

    def __clause_element__(cls) -> FromClause:
        """SQLAlchemy's way of asking what in a statement stands for this."""
        return cls.__table__


class Base(metaclass=Declared):
    """A table; `__tablename__` names it, `__table_args__` holds its indices and constraints."""

    __tablename__: str


def _column(name: str, hint: Any, wish: Wish) -> Column[Any]:
    """The column that an annotation stands for. `Id` and `Serial` bring what is said of them along."""
    kind, *said = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    what, options = said[0] if said else wish
    is_optional = NoneType in get_args(kind)
    types = () if any(map(_is_type, what)) else (TYPES[get_args(kind)[0] if is_optional else kind],)
    return Column(name, *types, *what, **{"nullable": is_optional, **options})


def _is_type(said: Any) -> bool:
    return isinstance(said, TypeEngine) or (isinstance(said, type) and issubclass(said, TypeEngine))


def aliased(table: type[T]) -> type[T]:
    """The same table once more, under another name."""
    other = cast("Declared", table).__table__.alias()
    return cast("type[T]", Declared(table.__name__, (), {"__table__": other, **dict(other.c.items())}))


class Insert(sqlite.Insert):
    """`INSERT ... ON CONFLICT` for both databases (decision 0002): SQLite took the syntax over from PostgreSQL."""

    inherit_cache = True

    def ext(self, extension: SyntaxExtension) -> Self:
        # SQLAlchemy's compiler for PostgreSQL asks for the name of a constraint as well, and SQLite knows none.
        extension.constraint_target = None  # type: ignore[attr-defined]
        return super().ext(extension)


insert: Final = Insert

LOCK: Final = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("name"), 0)))


def lock(tx: Connection, *names: str) -> None:
    """Wait until nobody else holds any of these names, and hold them until the commit.

    For decisions about something that is not there yet, so that there is no row to lock. On
    SQLite nobody else writes meanwhile in any case.
    """
    if tx.dialect.name == "postgresql":
        for name in sorted(set(names)):
            tx.execute(LOCK, {"name": name})
