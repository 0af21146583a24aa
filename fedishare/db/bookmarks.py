"""What people keep to themselves about posts: what they want to find again, and what they want to hear no more of."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint

from fedishare.db.base import Base, Id, Mapped, mapped_column


class Bookmark(Base):
    """A post that somebody here wants to find again. Nobody else knows."""

    __tablename__ = "bookmark"
    __table_args__ = (UniqueConstraint("actor_id", "post_id"), Index("ix_bookmark_actor_id_id", "actor_id", "id"))

    id: Mapped[Id]
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"))
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]


class Hush(Base):
    """A conversation of which somebody here wants to be told nothing more; `thread_id` is the id of its first post."""

    __tablename__ = "hush"

    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    thread_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, index=True)
    created_at: Mapped[datetime]
