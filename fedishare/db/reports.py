"""Reports about people and posts, from here and from elsewhere."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, text

from fedishare.db.base import Base, Id, Mapped, Serial, mapped_column, words
from fedishare.domain.decisions import DecisionKind
from fedishare.domain.reports import ReportCategory


class Report(Base):
    """`forwarded` is set where the moderators of the target's own server were told as well.

    `room_id` is the room of ours in which it happened, whose moderators are told in any case. `rules` are those of the
    node that were broken, by their ids. `assigned_id` is the moderator who looks after it.
    """

    __tablename__ = "report"

    id: Mapped[Id]
    uri: Mapped[str] = mapped_column(unique=True)
    reporter_id: Mapped[int] = mapped_column(ForeignKey("actor.id"))
    target_id: Mapped[int] = mapped_column(ForeignKey("actor.id"), index=True)
    posts: Mapped[Sequence[str]]
    comment: Mapped[str]
    forwarded: Mapped[bool] = mapped_column(default=False)
    room_id: Mapped[int | None] = mapped_column(index=True)
    created_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    category: Mapped[ReportCategory] = mapped_column(
        words(ReportCategory), default=ReportCategory.OTHER, server_default=ReportCategory.OTHER.value
    )
    rules: Mapped[Sequence[str]] = mapped_column(default=list, server_default=text("'[]'"))
    resolved_by_id: Mapped[int | None] = mapped_column(ForeignKey("actor.id", ondelete="SET NULL"))
    assigned_id: Mapped[int | None] = mapped_column(ForeignKey("actor.id", ondelete="SET NULL"))


class Decision(Base):
    """One line of the log of what moderators of this node did, which they all can read.

    `about` is a server, a handle, or what else had to be named; it stays when the actor is gone.
    """

    __tablename__ = "decision"

    id: Mapped[Serial]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("actor.id", ondelete="SET NULL"), index=True)
    kind: Mapped[DecisionKind] = mapped_column(words(DecisionKind))
    target_id: Mapped[int | None] = mapped_column(ForeignKey("actor.id", ondelete="SET NULL"), index=True)
    report_id: Mapped[int | None]
    about: Mapped[str]
    line: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]
