"""What people are told about: notifications."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint

from fedishare.db.base import Base, Mapped, Serial, mapped_column, words
from fedishare.domain.kinds import NoticeKind
from fedishare.domain.notices import Verdict


class Notice(Base):
    """`cause` is the address of what happened, so that a repeat tells nobody twice."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("recipient_id", "kind", "cause"),
        Index("ix_notice_recipient_id_id", "recipient_id", "id"),
    )

    id: Mapped[Serial]
    recipient_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"))
    kind: Mapped[NoticeKind] = mapped_column(words(NoticeKind))
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"))
    post_id: Mapped[int | None] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"))
    cause: Mapped[str]
    line: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]


class NoticePolicy(Base):
    """What somebody decided about notices from people they do not know."""

    __tablename__ = "notice_policy"

    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    for_not_following: Mapped[Verdict] = mapped_column(words(Verdict))
    for_not_followers: Mapped[Verdict] = mapped_column(words(Verdict))
    for_new_accounts: Mapped[Verdict] = mapped_column(words(Verdict))
    for_private_mentions: Mapped[Verdict] = mapped_column(words(Verdict))
    for_limited_accounts: Mapped[Verdict] = mapped_column(words(Verdict))


class NoticePermission(Base):
    """Somebody whose notices are shown whatever the policy says."""

    __tablename__ = "notice_permission"

    recipient_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    sender_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True, index=True)
    created_at: Mapped[datetime]
