"""Quotes: which post quotes which, and the stamps with which authors here agree to be quoted (FEP-044f)."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index

from fedishare.db.base import Base, Id, Mapped, mapped_column, words
from fedishare.domain.kinds import QuoteState


class Quote(Base):
    """That `post_id` quotes another post, which may not be here, and whether its author agreed.

    `stamp_uri` is the author's word that they agree, and `request_uri` the request by which we
    asked for it.
    """

    __tablename__ = "quote"
    __table_args__ = (
        Index("ix_quote_state_checked_at", "state", "checked_at"),
        Index("ix_quote_quoted_uri_state", "quoted_uri", "state"),
    )

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True)
    quoted_uri: Mapped[str]
    state: Mapped[QuoteState] = mapped_column(words(QuoteState))
    stamp_uri: Mapped[str | None] = mapped_column(index=True)
    request_uri: Mapped[str | None] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    checked_at: Mapped[datetime | None]


class Stamp(Base):
    """An author here let `quoter_id` quote the post `post_id` in the post at `quoting_uri`.

    Once withdrawn it stays so: the same quote is not let through a second time by itself.
    """

    __tablename__ = "stamp"
    __table_args__ = (Index("uq_stamp_post_id_quoting_uri", "post_id", "quoting_uri", unique=True),)

    id: Mapped[Id]
    uri: Mapped[str] = mapped_column(unique=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"))
    quoting_uri: Mapped[str] = mapped_column(index=True)
    quoter_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
