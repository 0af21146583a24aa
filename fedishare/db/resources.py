"""Teaching resources: what a post carries besides its text, the files, and who used it."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index

from fedishare.db.base import Base, Id, Mapped, Serial, mapped_column, words
from fedishare.domain.kinds import FileState
from fedishare.domain.terms import TermKind


class Resource(Base):
    """The metadata of a post that is a resource, but for what it may have several of.

    `licence` is the id of one we know; label and address are as its author's node wrote them.
    Ages are in years, from the youngest to the oldest level; `minutes` is how long it takes.
    `changed` is what its author says is new in this version.
    """

    __tablename__ = "resource"
    __table_args__ = (Index("ix_resource_age_min_age_max", "age_min", "age_max"),)

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True)
    description: Mapped[str]
    age_min: Mapped[int | None]
    age_max: Mapped[int | None]
    licence: Mapped[str | None] = mapped_column(index=True)
    licence_label: Mapped[str]
    licence_url: Mapped[str | None]
    minutes: Mapped[int | None]
    credit: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)
    changed: Mapped[str] = mapped_column(default="")


class ResourceTerm(Base):
    """One subject, level, type or the like of a resource.

    `slug` is that of domain.vocabularies where we know the term; the label holds the words as their
    author's node wrote them.
    """

    __tablename__ = "resource_term"
    __table_args__ = (
        # Who has a term, and which terms are there to count: both are answered from the index alone.
        Index("ix_resource_term_kind_slug_post_id", "kind", "slug", "post_id"),
        {"sqlite_with_rowid": False},
    )

    post_id: Mapped[int] = mapped_column(ForeignKey("resource.post_id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[TermKind] = mapped_column(words(TermKind))
    slug: Mapped[str | None]
    label: Mapped[str]
    uri: Mapped[str | None]
    framework: Mapped[str | None]


class ResourceBasis(Base):
    """What a resource is based on, by its address; the rest is what was known of it then."""

    __tablename__ = "resource_basis"

    post_id: Mapped[int] = mapped_column(ForeignKey("resource.post_id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    uri: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    licence_url: Mapped[str | None]


class Habit(Base):
    """What somebody described their last resource with, to begin the next one from. All are slugs or codes."""

    __tablename__ = "habit"

    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    scheme: Mapped[str]
    subject: Mapped[str]
    level: Mapped[str]
    licence: Mapped[str]
    language: Mapped[str]
    credit: Mapped[str]


class ResourceFile(Base):
    """One file of a resource, in it since a version. `storage_key` is set where this node has the bytes.

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
    since: Mapped[int] = mapped_column(default=1)


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
