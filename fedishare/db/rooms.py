"""Staffrooms that live here. Members are the followers of the room's actor."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from fedishare.db.base import Base, words
from fedishare.domain.kinds import StewardRole


class Room(Base):
    __tablename__ = "room"

    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    rules: Mapped[str] = mapped_column(default="")
    members_only_posting: Mapped[bool] = mapped_column(default=False)


class Steward(Base):
    """Who looks after a room."""

    __tablename__ = "steward"

    room_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[StewardRole] = mapped_column(words(StewardRole))


class Pin(Base):
    """A post that an actor (a person or a room) shows first."""

    __tablename__ = "pin"

    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True)
