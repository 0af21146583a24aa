"""Files on their way into a resource: what has arrived of each, and what it turned out to be."""

from datetime import datetime

from sqlalchemy import ForeignKey

from fedishare.db.base import Base, Mapped, mapped_column, words
from fedishare.domain.kinds import FileState


class Upload(Base):
    """`key` cannot be guessed. `received` bytes of `size` are safe on the disk.

    What the file is stands here once it is whole (`finished_at`). `post_id` is set once a
    resource holds it, and tells a form that is sent twice from one that is new. A clean copy
    says of which upload it is one (`original_key`).
    """

    __tablename__ = "upload"

    key: Mapped[str] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    storage_key: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    size: Mapped[int]
    received: Mapped[int]
    media_type: Mapped[str]
    sha256: Mapped[str]
    has_macros: Mapped[bool] = mapped_column(default=False)
    state: Mapped[FileState] = mapped_column(words(FileState), default=FileState.CLEAN)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    finished_at: Mapped[datetime | None]
    post_id: Mapped[int | None] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), index=True)
    original_key: Mapped[str | None] = mapped_column(index=True)
