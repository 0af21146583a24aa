"""What people have begun to write: the fields of the form as they left it, and what belongs to them."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index

from fedishare.db.base import Base, BigId, Id, Mapped, mapped_column


class SavedDraft(Base):
    """`fields` holds every field with all its values; `version` counts the times it was saved.

    `post_id` is the post that it changes. Where that was deleted meanwhile, the words are still here.
    """

    __tablename__ = "draft"
    __table_args__ = (Index("ix_draft_owner_id_id", "owner_id", "id"),)

    id: Mapped[Id]
    owner_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"))
    post_id: Mapped[int | None] = mapped_column(BigId, index=True)
    fields: Mapped[dict[str, list[str]]] = mapped_column(JSON())
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class DraftUpload(Base):
    """A file that a draft holds, whole or not. Two drafts may hold one, for one may be a copy of the other."""

    __tablename__ = "draft_upload"

    draft_id: Mapped[int] = mapped_column(ForeignKey("draft.id", ondelete="CASCADE"), primary_key=True)
    upload_key: Mapped[str] = mapped_column(ForeignKey("upload.key", ondelete="CASCADE"), primary_key=True, index=True)


class DraftPicture(Base):
    """A picture that a draft holds."""

    __tablename__ = "draft_picture"

    draft_id: Mapped[int] = mapped_column(ForeignKey("draft.id", ondelete="CASCADE"), primary_key=True)
    media_key: Mapped[str] = mapped_column(ForeignKey("media.key", ondelete="CASCADE"), primary_key=True, index=True)
