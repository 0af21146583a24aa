"""Staffrooms: those that live here, and what is decided in rooms anywhere. Members are the followers of the room."""

from datetime import datetime

from sqlalchemy import ForeignKey

from fedishare.db.base import Base, Mapped, mapped_column, words
from fedishare.domain.kinds import StewardRole


class Room(Base):
    __tablename__ = "room"

    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    rules: Mapped[str] = mapped_column(default="")
    members_only_posting: Mapped[bool] = mapped_column(default=False)


class Steward(Base):
    """Who looks after a room, here or elsewhere."""

    __tablename__ = "steward"

    room_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[StewardRole] = mapped_column(words(StewardRole))


class Pin(Base):
    """A post that an actor (a person or a room) shows first."""

    __tablename__ = "pin"

    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True)


class Removal(Base):
    """A post that a room does not have any more, or never took; it stays its author's. Without `uri`, never took.

    `boost_uri` was the room's boost of it, which other servers have to be told to undo.
    """

    __tablename__ = "removal"

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("actor.id", ondelete="SET NULL"))
    uri: Mapped[str | None]
    reason: Mapped[str]
    boost_uri: Mapped[str | None]
    created_at: Mapped[datetime]


class Lock(Base):
    """A conversation in a room that takes no more answers."""

    __tablename__ = "thread_lock"

    thread_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("actor.id", ondelete="SET NULL"))
    uri: Mapped[str | None]
    reason: Mapped[str]
    created_at: Mapped[datetime]


class Ban(Base):
    """Somebody who may neither be in a room nor write into it, for good or until a moment."""

    __tablename__ = "ban"

    room_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("actor.id", ondelete="SET NULL"))
    uri: Mapped[str | None]
    reason: Mapped[str]
    until: Mapped[datetime | None]
    created_at: Mapped[datetime]
