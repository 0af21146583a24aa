"""Likes and boosts."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint

from fedishare.db.base import Base, Id, Mapped, mapped_column, words
from fedishare.domain.kinds import ReactionKind


class Reaction(Base):
    """One like or boost of a post by an actor. A room that distributes a post has boosted it."""

    __tablename__ = "reaction"
    __table_args__ = (
        UniqueConstraint("post_id", "kind", "actor_id"),
        Index("ix_reaction_actor_id_kind_id", "actor_id", "kind", "id"),
    )

    id: Mapped[Id]
    uri: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[ReactionKind] = mapped_column(words(ReactionKind))
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"))
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
