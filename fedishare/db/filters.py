"""What people would rather not read: filters with their keywords, and single posts."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint

from fedishare.db.base import Base, Id, Mapped, mapped_column, words
from fedishare.domain.filters import FilterAction


class Filter(Base):
    """`contexts` are values of domain.filters.FilterContext. Nobody but its owner knows of it."""

    __tablename__ = "filter"

    id: Mapped[Id]
    owner_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    title: Mapped[str]
    contexts: Mapped[Sequence[str]]
    action: Mapped[FilterAction] = mapped_column(words(FilterAction))
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class FilterKeyword(Base):
    __tablename__ = "filter_keyword"

    id: Mapped[Id]
    filter_id: Mapped[int] = mapped_column(ForeignKey("filter.id", ondelete="CASCADE"), index=True)
    keyword: Mapped[str]
    whole_word: Mapped[bool]


class FilterStatus(Base):
    __tablename__ = "filter_status"
    __table_args__ = (UniqueConstraint("filter_id", "post_id"),)

    id: Mapped[Id]
    filter_id: Mapped[int] = mapped_column(ForeignKey("filter.id", ondelete="CASCADE"))
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), index=True)
