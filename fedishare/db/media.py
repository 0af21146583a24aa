"""Pictures, video and sound that people added to posts."""

from datetime import datetime

from sqlalchemy import ForeignKey

from fedishare.db.base import Base, Mapped, mapped_column


class Media(Base):
    """`key` cannot be guessed. `post_id` is set once a post carries it: one use, by its owner."""

    __tablename__ = "media"

    key: Mapped[str] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    storage_key: Mapped[str] = mapped_column(index=True)
    media_type: Mapped[str]
    size: Mapped[int]
    width: Mapped[int | None]
    height: Mapped[int | None]
    alt: Mapped[str]
    focal_x: Mapped[float | None]
    focal_y: Mapped[float | None]
    created_at: Mapped[datetime]
    post_id: Mapped[int | None] = mapped_column(ForeignKey("post.id", ondelete="SET NULL"), index=True)
