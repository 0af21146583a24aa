"""Other servers: what they run, how they speak, whether they answer."""

from datetime import datetime

from fedishare.db.base import Base, Mapped, mapped_column, words
from fedishare.domain.kinds import Dialect


class Node(Base):
    """`host` is the authority of its addresses. `dialect_set` is an admin's word and beats the rest."""

    __tablename__ = "node"

    host: Mapped[str] = mapped_column(primary_key=True)
    software: Mapped[str | None]
    version: Mapped[str | None]
    dialect: Mapped[Dialect | None] = mapped_column(words(Dialect))
    dialect_set: Mapped[Dialect | None] = mapped_column(words(Dialect))
    speaks_rfc9421: Mapped[bool] = mapped_column(default=False)
    checked_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime | None]
    resting_until: Mapped[datetime | None]
    last_heard_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    # What it calls itself: for most of us, the name of a school.
    called: Mapped[str | None]


class BlockedDomain(Base):
    """A domain, with everything below it, that this node has nothing to do with."""

    __tablename__ = "blocked_domain"

    domain: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    created_at: Mapped[datetime]
