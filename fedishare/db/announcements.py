"""What the school tells everybody who has an account here, who has read it, and what they say to it."""

from datetime import datetime

from sqlalchemy import ForeignKey

from fedishare.db.base import Base, Id, Mapped, mapped_column


class Announcement(Base):
    __tablename__ = "announcement"

    id: Mapped[Id]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("actor.id", ondelete="SET NULL"))
    source: Mapped[str]
    content: Mapped[str]
    published_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    # Nobody is shown it any more from then on.
    ends_at: Mapped[datetime | None]


class AnnouncementReader(Base):
    """Somebody who has read it, and need not be shown it again."""

    __tablename__ = "announcement_reader"

    announcement_id: Mapped[int] = mapped_column(ForeignKey("announcement.id", ondelete="CASCADE"), primary_key=True)
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True, index=True)


class AnnouncementReaction(Base):
    """`name` is an emoji."""

    __tablename__ = "announcement_reaction"

    announcement_id: Mapped[int] = mapped_column(ForeignKey("announcement.id", ondelete="CASCADE"), primary_key=True)
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True, index=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
