"""Conversations of other servers, and when we last asked around for what is missing in them."""

from datetime import datetime

from fedishare.db.base import Base, Mapped, mapped_column


class Crawl(Base):
    """The last time somebody's interest made us look for more of a thread; `thread_id` is the id of its first post."""

    __tablename__ = "crawl"

    thread_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    asked_at: Mapped[datetime]
