"""The text of every resource as searches read it.

On SQLite the full-text table `library_text` follows this one by triggers, in the same transaction; it is not declared
here, because it is no table of ours to read. On PostgreSQL the column `vector` has a GIN index.
"""

from typing import Any

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.types import UserDefinedType

from fedishare.db.base import Base, Mapped, mapped_column


class Vector(UserDefinedType[str]):
    """PostgreSQL's tsvector, in its written form."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "TSVECTOR"


class LibraryEntry(Base):
    """Tokens of domain.tokens, with spaces between. `vector` is for PostgreSQL alone. It goes with its resource."""

    __tablename__ = "library_entry"
    __table_args__ = (Index("ix_library_entry_vector", "vector"),)

    post_id: Mapped[int] = mapped_column(ForeignKey("resource.post_id", ondelete="CASCADE"), primary_key=True)
    title: Mapped[str]
    body: Mapped[str]
    vector: Mapped[str | None] = mapped_column(Vector().with_variant(Text(), "sqlite"))
