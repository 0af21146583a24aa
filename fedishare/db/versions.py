"""What resources were before: their earlier versions with the files these had, and who is told of a new one."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey

from fedishare.db.base import Base, Mapped, Serial, mapped_column, words
from fedishare.domain.kinds import FileState


class ResourceVersion(Base):
    """An earlier version of a resource, as its page described it; `changed` says what was new in it then."""

    __tablename__ = "resource_version"

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str | None]
    content: Mapped[str]
    changed: Mapped[str]
    since: Mapped[datetime]
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)


class FormerFile(Base):
    """A file that a resource of ours had from version `since` to version `until`."""

    __tablename__ = "former_file"

    id: Mapped[Serial]
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), index=True)
    since: Mapped[int]
    until: Mapped[int]
    position: Mapped[int]
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    storage_key: Mapped[str] = mapped_column(index=True)
    state: Mapped[FileState] = mapped_column(words(FileState))
    has_macros: Mapped[bool]


class Watch(Base):
    """Somebody here wants to be told when a resource has a new version."""

    __tablename__ = "resource_watch"

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True)
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True, index=True)
