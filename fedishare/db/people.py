"""Actors: teachers, staffrooms, schools, the node itself; and their keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint, false

from fedishare.db.base import Base, Id, Mapped, Serial, mapped_column, words
from fedishare.domain.kinds import KeyKind, Kind, PortraitKind


class Actor(Base):
    """Everyone who can act, here or elsewhere.

    `handle_key` is the folded `name@domain`, and nobody else may have it while it is set. It is
    taken away from an actor whose name a new actor has proved to own (ORG-19).
    """

    __tablename__ = "actor"

    id: Mapped[Id]
    uri: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[Kind] = mapped_column(words(Kind))
    username: Mapped[str]
    domain: Mapped[str]
    handle_key: Mapped[str | None] = mapped_column(unique=True)
    host: Mapped[str] = mapped_column(index=True)
    local: Mapped[bool]
    name: Mapped[str]
    summary: Mapped[str] = mapped_column(default="")
    summary_source: Mapped[str] = mapped_column(default="")
    url: Mapped[str]
    inbox: Mapped[str]
    shared_inbox: Mapped[str | None]
    outbox: Mapped[str | None]
    followers: Mapped[str | None] = mapped_column(index=True)
    following: Mapped[str | None]
    featured: Mapped[str | None]
    moderators: Mapped[str | None]
    icon_url: Mapped[str | None]
    image_url: Mapped[str | None]
    fields: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    locked: Mapped[bool] = mapped_column(default=False)
    discoverable: Mapped[bool] = mapped_column(default=False)
    indexable: Mapped[bool] = mapped_column(default=False)
    also_known_as: Mapped[Sequence[str]] = mapped_column(default=list)
    moved_to: Mapped[str | None]
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    fetched_at: Mapped[datetime]
    moved_at: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    # Whether it was their own server that suspended them, which may bring them back.
    suspended_there: Mapped[bool] = mapped_column(default=False, server_default=false())


class FeaturedTag(Base):
    """A hashtag that an actor shows on the profile: `name` folded for looking up, `label` as they write it."""

    __tablename__ = "featured_tag"

    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[str]


class Remark(Base):
    """What somebody noted about somebody, for themselves alone."""

    __tablename__ = "remark"

    by_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    about_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True, index=True)
    text: Mapped[str]


class Portrait(Base):
    """The picture of an actor of ours, for everybody to see. `key` cannot be guessed, and is new for a new one."""

    __tablename__ = "portrait"
    __table_args__ = (UniqueConstraint("actor_id", "kind"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"))
    kind: Mapped[PortraitKind] = mapped_column(words(PortraitKind))
    storage_key: Mapped[str] = mapped_column(index=True)
    media_type: Mapped[str]
    size: Mapped[int]
    created_at: Mapped[datetime]


class ActorKey(Base):
    """One key of an actor. `private` is set for our own actors only."""

    __tablename__ = "actor_key"

    id: Mapped[Serial]
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    key_id: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[KeyKind] = mapped_column(words(KeyKind))
    public: Mapped[str]
    private: Mapped[bytes | None]
    fetched_at: Mapped[datetime]
