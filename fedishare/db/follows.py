"""Who follows whom, and who will not be followed."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint

from fedishare.db.base import Base, Id, Mapped, mapped_column, words
from fedishare.domain.kinds import FollowState


class Follow(Base):
    """`uri` is the id of the Follow activity, which its answer must name."""

    __tablename__ = "follow"
    __table_args__ = (UniqueConstraint("follower_id", "followee_id"),)

    id: Mapped[Id]
    follower_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"))
    followee_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    uri: Mapped[str] = mapped_column(index=True)
    state: Mapped[FollowState] = mapped_column(words(FollowState))
    created_at: Mapped[datetime]


class Mute(Base):
    """Somebody rather not heard of. Nobody else knows; the follow, if there is one, stays."""

    __tablename__ = "mute"

    muter_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    muted_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True, index=True)
    created_at: Mapped[datetime]


class Block(Base):
    __tablename__ = "block"
    __table_args__ = (UniqueConstraint("blocker_id", "blocked_id"),)

    id: Mapped[Id]
    uri: Mapped[str] = mapped_column(index=True)
    blocker_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"))
    blocked_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]


class FollowedTag(Base):
    """A hashtag whose public posts somebody wants in their home: `name` folded, `label` as they wrote it."""

    __tablename__ = "followed_tag"
    __table_args__ = (UniqueConstraint("actor_id", "name"),)

    id: Mapped[Id]
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(index=True)
    label: Mapped[str]
    created_at: Mapped[datetime]
