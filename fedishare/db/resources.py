"""Teaching resources: what a post carries besides its text, the files, and who used it."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index

from fedishare.db.base import Base, Id, Mapped, Serial, mapped_column, words
from fedishare.domain.kinds import FileState


class Resource(Base):
    """The metadata of a post that is a resource.

    `subject`, `level`, `type` and `licence` are slugs of domain.vocabularies where we know the
    term; the labels hold the words as their author's node wrote them.
    """

    __tablename__ = "resource"

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True)
    description: Mapped[str]
    subject: Mapped[str | None] = mapped_column(index=True)
    subject_label: Mapped[str]
    level: Mapped[str | None] = mapped_column(index=True)
    level_label: Mapped[str]
    age_min: Mapped[int | None]
    age_max: Mapped[int | None]
    type: Mapped[str | None]
    type_label: Mapped[str]
    licence: Mapped[str | None]
    licence_label: Mapped[str]
    licence_url: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)


class ResourceFile(Base):
    """One file of a resource. `storage_key` is set where this node has the bytes.

    It is given out only while its `state` is clean.
    """

    __tablename__ = "resource_file"
    __table_args__ = (Index("ix_resource_file_post_id_position", "post_id", "position"),)

    id: Mapped[Serial]
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"))
    position: Mapped[int]
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    url: Mapped[str]
    storage_key: Mapped[str | None] = mapped_column(index=True)
    state: Mapped[FileState] = mapped_column(words(FileState), default=FileState.CLEAN)
    has_macros: Mapped[bool] = mapped_column(default=False)


class Use(Base):
    """Somebody used a resource with a class, and says so to its author."""

    __tablename__ = "use"

    id: Mapped[Id]
    uri: Mapped[str] = mapped_column(unique=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), index=True)
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    line: Mapped[str]
    level: Mapped[str | None]
    created_at: Mapped[datetime]
