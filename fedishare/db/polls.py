"""Polls: what there is to choose from, how often it was chosen, and who chose what as far as this node knows."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index

from fedishare.db.base import Base, Id, Mapped, mapped_column


class Poll(Base):
    """What makes a post a poll. `is_planned` while word of new votes waits to be sent, for a poll of ours.

    `voters_count` is None where another server does not tell. `told_at` is when those who voted
    here were told that it is over.
    """

    __tablename__ = "poll"

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True)
    multiple: Mapped[bool]
    ends_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    voters_count: Mapped[int | None]
    is_planned: Mapped[bool] = mapped_column(default=False)
    told_at: Mapped[datetime | None]


class PollOption(Base):
    """One answer. `name` is what its server calls it, to the letter, and `title` what is safe to show."""

    __tablename__ = "poll_option"

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    title: Mapped[str]
    votes: Mapped[int] = mapped_column(default=0)


class Vote(Base):
    """Somebody chose one answer: anybody in a poll of ours, our own people in any."""

    __tablename__ = "vote"
    __table_args__ = (Index("uq_vote_post_id_actor_id_position", "post_id", "actor_id", "position", unique=True),)

    id: Mapped[Id]
    uri: Mapped[str] = mapped_column(unique=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"))
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    created_at: Mapped[datetime]
