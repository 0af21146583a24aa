"""Posts and what hangs on them: mentions, tags, attachments, earlier versions, timelines."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, text

from fedishare.db.base import Base, Id, Mapped, Serial, mapped_column, words
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import AttachmentKind, PaperKind, QuotePolicy


class Post(Base):
    """A note, an article, a teaching resource: anything with an author and a text.

    `id` sorts by the time we learnt of the post. `thread_id` is the id of the root of its
    conversation as far as we know it. A deleted post stays as an empty row, so that its id is
    never filled again and answers know what they answered. `quote_policy` is None for a post of
    ours whose audience decides, and for others where their server does not say. `filed_id` sorts by
    the time it came into its room, and `paper` says what it is in the business of a meeting.
    """

    __tablename__ = "post"
    __table_args__ = (
        Index("ix_post_author_id_id", "author_id", "id"),
        Index("ix_post_thread_id_id", "thread_id", "id"),
        Index("ix_post_room_id_id", "room_id", "id"),
        Index(
            "ix_post_room_id_filed_id",
            "room_id",
            "filed_id",
            sqlite_where=text("filed_id IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    uri: Mapped[str] = mapped_column(unique=True)
    url: Mapped[str]
    kind: Mapped[str]
    author_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"))
    local: Mapped[bool]
    title: Mapped[str | None]
    warning: Mapped[str | None]
    content: Mapped[str]
    source: Mapped[str | None]
    language: Mapped[str | None]
    sensitive: Mapped[bool] = mapped_column(default=False)
    visibility: Mapped[Visibility] = mapped_column(words(Visibility))
    addressed_to: Mapped[Sequence[str]]
    addressed_cc: Mapped[Sequence[str]]
    in_reply_to_uri: Mapped[str | None] = mapped_column(index=True)
    in_reply_to_id: Mapped[int | None] = mapped_column(ForeignKey("post.id", ondelete="SET NULL"), index=True)
    thread_id: Mapped[int]
    context_uri: Mapped[str | None]
    room_id: Mapped[int | None] = mapped_column(ForeignKey("actor.id", ondelete="SET NULL"))
    published_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    replies_count: Mapped[int] = mapped_column(default=0)
    likes_count: Mapped[int] = mapped_column(default=0)
    boosts_count: Mapped[int] = mapped_column(default=0)
    quote_policy: Mapped[QuotePolicy | None] = mapped_column(words(QuotePolicy))
    filed_id: Mapped[int | None]
    paper: Mapped[PaperKind | None] = mapped_column(words(PaperKind))


class Mention(Base):
    """An actor whom a post names or is addressed to by name; `silent` when only addressed."""

    __tablename__ = "mention"

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True)
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True, index=True)
    silent: Mapped[bool] = mapped_column(default=False)


class PostTag(Base):
    """A hashtag on a post: `name` folded for looking up, `label` as its author wrote it."""

    __tablename__ = "post_tag"

    name: Mapped[str] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True, index=True)
    label: Mapped[str]


class Attachment(Base):
    __tablename__ = "attachment"
    __table_args__ = (Index("ix_attachment_post_id_position", "post_id", "position"),)

    id: Mapped[Serial]
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"))
    position: Mapped[int]
    kind: Mapped[AttachmentKind] = mapped_column(words(AttachmentKind))
    url: Mapped[str]
    media_key: Mapped[str | None]
    media_type: Mapped[str]
    alt: Mapped[str]
    width: Mapped[int | None]
    height: Mapped[int | None]
    focal_x: Mapped[float | None]
    focal_y: Mapped[float | None]


class Revision(Base):
    """What a post said before an edit."""

    __tablename__ = "revision"

    id: Mapped[Serial]
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), index=True)
    until: Mapped[datetime]
    title: Mapped[str | None]
    warning: Mapped[str | None]
    content: Mapped[str]
    source: Mapped[str | None]


class Home(Base):
    """One line of somebody's home timeline: a post, and who boosted it there, if anybody.

    `entry_id` is the id of the post or of the boost, so it sorts by time.
    """

    __tablename__ = "home"
    __table_args__ = (
        Index("uq_home_reader_id_post_id", "reader_id", "post_id", unique=True),
        {"sqlite_with_rowid": False},
    )

    reader_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    entry_id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), index=True)
    booster_id: Mapped[int | None]
