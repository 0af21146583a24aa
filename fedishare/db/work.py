"""Work waiting to be done, activities sent and received, and what must never happen twice."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fedishare.db.base import Base, Id, Serial


class Job(Base):
    """One thing to do, committed with the change that caused it."""

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_due_at_id", "due_at", "id"),)

    id: Mapped[Serial]
    kind: Mapped[str]
    payload: Mapped[bytes]
    due_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    error: Mapped[str | None]


class Activity(Base):
    """An activity of ours: the bytes as first written, which every delivery sends unchanged.

    An Announce of a room may have a second wording for other servers under the same id
    (`variant`); what is served at that id is the one without a variant.
    """

    __tablename__ = "activity"
    __table_args__ = (UniqueConstraint("uri", "variant"),)

    id: Mapped[Id]
    uri: Mapped[str]
    variant: Mapped[str] = mapped_column(default="")
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    type: Mapped[str]
    object_uri: Mapped[str] = mapped_column(index=True)
    body: Mapped[bytes]
    public: Mapped[bool]
    local: Mapped[bool]
    created_at: Mapped[datetime]


class Delivery(Base):
    """One activity on its way to one inbox. Delivered rows are deleted; the rest wait or failed."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("activity_id", "inbox"),
        Index("ix_delivery_due_at_id", "due_at", "id"),
        Index("ix_delivery_host_object_uri_id", "host", "object_uri", "id"),
        Index("ix_delivery_host_due_at_id", "host", "due_at", "id"),
    )

    id: Mapped[Id]
    activity_id: Mapped[int] = mapped_column(ForeignKey("activity.id", ondelete="CASCADE"))
    sender_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"))
    inbox: Mapped[str]
    host: Mapped[str]
    object_uri: Mapped[str]
    due_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    error: Mapped[str | None]


class Received(Base):
    """An activity that came in, under the id its sender gave it, and what became of it."""

    __tablename__ = "received"
    __table_args__ = (Index("ix_received_at", "at"),)

    uri: Mapped[str] = mapped_column(primary_key=True)
    sender_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    type: Mapped[str]
    body: Mapped[bytes]
    at: Mapped[datetime]
    outcome: Mapped[str | None]


class SeenSignature(Base):
    """A signature that has been used, so that a captured request cannot be sent again."""

    __tablename__ = "seen_signature"

    fingerprint: Mapped[bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Tombstone(Base):
    """The address of something its owner deleted before or after we knew it."""

    __tablename__ = "tombstone"

    uri: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class Counter(Base):
    """Small numbers that processes share, such as who is worker number what."""

    __tablename__ = "counter"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]
