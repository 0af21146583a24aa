"""Work waiting to be done, activities sent and received, and what must never happen twice."""

from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, Index, UniqueConstraint, false, text

from fedishare.db.base import Base, Id, Mapped, Serial, mapped_column

# What was parked is no longer looked at by those who look for something to do.
_WAITING: Final = text("failed_at IS NULL")
_IN_LINE: Final = text("line IS NOT NULL")
_LEASED: Final = text("leased_until IS NOT NULL")
# Whoever still holds a number that was given up must never find it to be that of something new.
_NUMBERED_ONCE: Final = {"sqlite_autoincrement": True}


class Job(Base):
    """One thing to do, committed with the change that caused it.

    Of those with the same `line` the oldest goes first. `lost` counts how often the process ended
    while this was under way.
    """

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_lane_due_at_id", "lane", "due_at", "id", sqlite_where=_WAITING),
        Index("ix_job_line_id", "line", "id", sqlite_where=_IN_LINE),
        _NUMBERED_ONCE,
    )

    id: Mapped[Serial]
    kind: Mapped[str]
    payload: Mapped[bytes]
    lane: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    line: Mapped[str | None]
    due_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    lost: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    leased_until: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    error: Mapped[str | None]


class Activity(Base):
    """An activity of ours: the bytes as first written, which every delivery sends unchanged.

    An Announce of a room may have a second wording for other servers under the same id
    (`variant`); what is served at that id is the one without a variant. `for_followers` is set
    for what only followers get: with it goes word of who they are (FEP-8fcf).
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
    for_followers: Mapped[bool] = mapped_column(default=False)
    local: Mapped[bool]
    created_at: Mapped[datetime]


class Delivery(Base):
    """One activity on its way to one inbox. Delivered rows are deleted; the rest wait or are parked.

    The database numbers them, so that whatever clocks do, the number tells what happened first.
    `refused` marks what was parked because its inbox does not want it; all else that is parked
    goes out when the server is heard from again. `lost` is as for jobs.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("activity_id", "inbox"),
        Index("ix_delivery_due_at_id", "due_at", "id", sqlite_where=_WAITING),
        Index("ix_delivery_host_object_uri_id", "host", "object_uri", "id"),
        Index("ix_delivery_host_due_at_id", "host", "due_at", "id"),
        Index("ix_delivery_leased_until_host", "leased_until", "host", sqlite_where=_LEASED),
        _NUMBERED_ONCE,
    )

    id: Mapped[Serial]
    activity_id: Mapped[int] = mapped_column(ForeignKey("activity.id", ondelete="CASCADE"))
    sender_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"))
    inbox: Mapped[str]
    host: Mapped[str]
    object_uri: Mapped[str]
    since: Mapped[datetime]
    due_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    lost: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    refused: Mapped[bool] = mapped_column(default=False, server_default=false())
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


# What was thrown away undone, ever.
DELIVERIES_DROPPED: Final = "deliveries dropped"
JOBS_DROPPED: Final = "jobs dropped"


class Counter(Base):
    """Small numbers that processes share, such as who is worker number what."""

    __tablename__ = "counter"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]
