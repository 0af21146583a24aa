"""Who follows whom, and who will not be followed."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, false, true

from fedishare.db.base import Base, Id, Mapped, mapped_column, words
from fedishare.domain.kinds import FollowState


class Follow(Base):
    """`uri` is the id of the Follow activity, which its answer must name.

    What the follower wants of it: `boosts` in their home, a notice of each post, and posts in these
    languages alone (" de en ", or all of them).
    """

    __tablename__ = "follow"
    __table_args__ = (
        UniqueConstraint("follower_id", "followee_id"),
        # Few want to be told of each post, and each post asks who does.
        Index("ix_follow_followee_id_notify", "followee_id", "notify"),
    )

    id: Mapped[Id]
    follower_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"))
    followee_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    uri: Mapped[str] = mapped_column(index=True)
    state: Mapped[FollowState] = mapped_column(words(FollowState))
    created_at: Mapped[datetime]
    boosts: Mapped[bool] = mapped_column(default=True, server_default=true())
    notify: Mapped[bool] = mapped_column(default=False, server_default=false())
    languages: Mapped[str | None]


class Mute(Base):
    """Somebody rather not heard of, until it ends. Nobody else knows; the follow, if there is one, stays.

    Where `notices` is off they are kept out of the home alone. A mute whose time is over is taken away by a job.
    """

    __tablename__ = "mute"

    muter_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    muted_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True, index=True)
    created_at: Mapped[datetime]
    notices: Mapped[bool] = mapped_column(default=True, server_default=true())
    ends_at: Mapped[datetime | None]


class Block(Base):
    __tablename__ = "block"
    __table_args__ = (UniqueConstraint("blocker_id", "blocked_id"),)

    id: Mapped[Id]
    uri: Mapped[str] = mapped_column(index=True)
    blocker_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"))
    blocked_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]


class HostBlock(Base):
    """A server that somebody has nothing to do with, for themselves alone.

    `host` is what its addresses or the handles of its people end in.
    """

    __tablename__ = "host_block"
    __table_args__ = (UniqueConstraint("actor_id", "host"),)

    id: Mapped[Id]
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"))
    host: Mapped[str] = mapped_column(index=True)
    created_at: Mapped[datetime]


class Endorsement(Base):
    """Somebody whom an actor recommends on their page. It counts while they follow them."""

    __tablename__ = "endorsement"
    __table_args__ = (UniqueConstraint("actor_id", "endorsed_id"),)

    id: Mapped[Id]
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"))
    endorsed_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]


class Declined(Base):
    """Somebody who was suggested, and is not to be suggested again."""

    __tablename__ = "declined"

    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True, index=True)


class FollowedTag(Base):
    """A hashtag whose public posts somebody wants in their home: `name` folded, `label` as they wrote it."""

    __tablename__ = "followed_tag"
    __table_args__ = (UniqueConstraint("actor_id", "name"),)

    id: Mapped[Id]
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(index=True)
    label: Mapped[str]
    created_at: Mapped[datetime]
