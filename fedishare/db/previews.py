"""What was made of stored files, and found in them, for pages to show."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fedishare.db.base import Base, Mapped, mapped_column


class Preview(Base):
    """`storage_key` is that of the file, and `picture_key` that of the picture, which is WebP.

    `lines` are the first of `count` things in a package. A file that yields nothing has a row as
    well, so that it is not opened again.
    """

    __tablename__ = "preview"

    storage_key: Mapped[str] = mapped_column(primary_key=True)
    picture_key: Mapped[str | None] = mapped_column(index=True)
    width: Mapped[int]
    height: Mapped[int]
    lines: Mapped[list[dict[str, Any]]]
    count: Mapped[int]
    traces: Mapped[Sequence[str]]
    made_at: Mapped[datetime]
