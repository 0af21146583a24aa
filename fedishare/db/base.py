"""Metadata, constraint names and the column types every table shares."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    DateTime,
    Enum,
    Integer,
    MetaData,
    Text,
    bindparam,
    func,
    select,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """Aware in, aware out. SQLite forgets the zone; we do not."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 -- SQLAlchemy's signature
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 -- SQLAlchemy's signature
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def words(kind: type[StrEnum]) -> Enum:
    """A column that holds one of an enumeration's values as text, on both databases alike."""
    return Enum(kind, native_enum=False, length=32, values_callable=lambda names: [name.value for name in names])


BigId = BigInteger().with_variant(Integer, "sqlite")
Id = Annotated[int, mapped_column(BigId, primary_key=True)]  # minted by core.ids, so that it sorts by time
Serial = Annotated[int, mapped_column(BigId, primary_key=True, autoincrement=True)]


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012 -- SQLAlchemy reads it as a class attribute
        datetime: UtcDateTime,
        str: Text,
        int: BigId,
        Sequence[str]: JSON,
        list[dict[str, Any]]: JSON,
    }
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


# `on_conflict_*` of PostgreSQL's construct compiles on SQLite too, which took the syntax over.
insert = postgresql.insert

LOCK: Final = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("name"), 0)))


def lock(tx: Connection, *names: str) -> None:
    """Wait until nobody else holds any of these names, and hold them until the commit.

    For decisions about something that is not there yet, so that there is no row to lock. On
    SQLite nobody else writes meanwhile in any case.
    """
    if tx.dialect.name == "postgresql":
        for name in sorted(set(names)):
            tx.execute(LOCK, {"name": name})
