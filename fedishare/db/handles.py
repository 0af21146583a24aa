"""Handles that several people run, which are shared handles and schools: who runs them, who did what, what waits."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, false

from fedishare.db.base import Base, Id, Mapped, Serial, mapped_column, words
from fedishare.domain.kinds import DeedKind, OfferState, RunnerRole, RunnerState


class Handle(Base):
    """An actor of ours that speaks for several people. It has no account: nobody signs in as it."""

    __tablename__ = "handle"

    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    created_at: Mapped[datetime]


class Runner(Base):
    """Somebody, here or elsewhere, who may speak as a handle, here or elsewhere. `uri` is the id of the invitation.

    Whose running has ended stays in the table, so that what they still send can be answered.
    """

    __tablename__ = "runner"

    handle_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True, index=True)
    role: Mapped[RunnerRole] = mapped_column(words(RunnerRole))
    state: Mapped[RunnerState] = mapped_column(words(RunnerState))
    uri: Mapped[str] = mapped_column(index=True)
    created_at: Mapped[datetime]


class Deed(Base):
    """One line of the private log of a handle: who did what in its name. Only those who run it may read this.

    `by_handle` stays when the account is gone. `offer_uri` is the id under which a server elsewhere
    asked for it, so that no repeat does it twice.
    """

    __tablename__ = "deed"
    __table_args__ = (Index("ix_deed_handle_id_id", "handle_id", "id"),)

    id: Mapped[Serial]
    handle_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("actor.id", ondelete="SET NULL"), index=True)
    by_handle: Mapped[str]
    kind: Mapped[DeedKind] = mapped_column(words(DeedKind))
    post_id: Mapped[int | None] = mapped_column(ForeignKey("post.id", ondelete="SET NULL"), index=True)
    line: Mapped[str] = mapped_column(default="")
    offer_uri: Mapped[str | None] = mapped_column(unique=True)
    at: Mapped[datetime]


class Offer(Base):
    """What one of ours asked a handle elsewhere to publish, and what became of it. Only they see it."""

    __tablename__ = "offer"

    id: Mapped[Id]
    uri: Mapped[str] = mapped_column(unique=True)
    handle_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    by_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    wish: Mapped[bytes]
    due_at: Mapped[datetime | None]
    state: Mapped[OfferState] = mapped_column(words(OfferState))
    result_uri: Mapped[str | None]
    reason: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]


class Scheduled(Base):
    """A post that waits for its time. It speaks as `author_id`, `writer_id` wrote it, `keeper_id` may change it.

    The row goes in the very commit that makes it a post. While it is `held` it is never posted:
    `reason` says why, for its keeper.
    """

    __tablename__ = "scheduled"

    id: Mapped[Id]
    author_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    writer_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    keeper_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    draft: Mapped[bytes]
    has_byline: Mapped[bool] = mapped_column(default=False, server_default=false())
    due_at: Mapped[datetime]
    held: Mapped[bool] = mapped_column(default=False, server_default=false())
    reason: Mapped[str] = mapped_column(default="")
    offer_uri: Mapped[str | None] = mapped_column(unique=True)
    created_at: Mapped[datetime]


class ScheduledFile(Base):
    """A stored file that a scheduled post will carry, and that must not be swept away before."""

    __tablename__ = "scheduled_file"

    scheduled_id: Mapped[int] = mapped_column(ForeignKey("scheduled.id", ondelete="CASCADE"), primary_key=True)
    storage_key: Mapped[str] = mapped_column(primary_key=True, index=True)


class Affiliation(Base):
    """The school that somebody here belongs to; `listed` where they want to be on its page."""

    __tablename__ = "affiliation"

    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    school_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    listed: Mapped[bool] = mapped_column(default=False)
