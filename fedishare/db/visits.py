"""How far somebody here has seen what is in a room."""

from datetime import datetime

from sqlalchemy import ForeignKey

from fedishare.db.base import Base, Mapped, mapped_column


class Visit(Base):
    """`seen_upto` is the newest entry of the room that the person has marked as seen, on whichever device."""

    __tablename__ = "visit"

    person_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True, index=True)
    seen_upto: Mapped[int]
    seen_at: Mapped[datetime]
