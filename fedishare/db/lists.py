"""Lists of people whom somebody follows, to read apart."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint

from fedishare.db.base import Base, Id, Mapped, mapped_column, words
from fedishare.domain.lists import RepliesPolicy


class List(Base):
    """Whoever is on an `exclusive` one is read there, and not at home. Nobody but its owner knows of it."""

    __tablename__ = "list"

    id: Mapped[Id]
    owner_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    title: Mapped[str]
    replies_policy: Mapped[RepliesPolicy] = mapped_column(words(RepliesPolicy))
    exclusive: Mapped[bool]
    created_at: Mapped[datetime]


class ListMember(Base):
    """Somebody on a list. They are off it when its owner does not follow them any more: it goes with the follow."""

    __tablename__ = "list_member"
    __table_args__ = (UniqueConstraint("list_id", "actor_id"),)

    id: Mapped[Id]
    list_id: Mapped[int] = mapped_column(ForeignKey("list.id", ondelete="CASCADE"))
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    follow_id: Mapped[int] = mapped_column(ForeignKey("follow.id", ondelete="CASCADE"), index=True)
