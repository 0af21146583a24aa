"""Pictures, video and sound that people added to posts."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index

from fedishare.db.base import Base, Mapped, mapped_column, words
from fedishare.domain.kinds import MediaState


class Media(Base):
    """`key` cannot be guessed. `post_id` is set once a post carries it: one use, by its owner.

    Apps call it by its `id`. Until its `state` is ready, what lies at `storage_key` is what came in, and nobody gets
    it; `problem` says what is wrong with one that failed. `thumb_key` names the picture that stands for it in small.
    Apps show pictures without saying whose they are: with the `pass_key` the passes are made that say it for them.
    """

    __tablename__ = "media"
    __table_args__ = (Index("uq_media_id", "id", unique=True),)

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
    id: Mapped[int | None]
    state: Mapped[MediaState] = mapped_column(
        words(MediaState), default=MediaState.READY, server_default=MediaState.READY
    )
    blurhash: Mapped[str | None]
    thumb_key: Mapped[str | None] = mapped_column(index=True)
    pass_key: Mapped[str | None]
    problem: Mapped[str] = mapped_column(default="", server_default="")
