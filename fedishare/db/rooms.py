"""Staffrooms: those that live here, and what is decided in rooms anywhere. Members are the followers of the room."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, false

from fedishare.db.base import Base, Id, Mapped, mapped_column, words
from fedishare.domain.kinds import PastGap, PostKind, StewardRole


class Room(Base):
    __tablename__ = "room"

    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    rules: Mapped[str] = mapped_column(default="")
    members_only_posting: Mapped[bool] = mapped_column(default=False)
    rules_version: Mapped[int] = mapped_column(default=1, server_default="1")
    stewards_only_posting: Mapped[bool] = mapped_column(default=False, server_default=false())


class Steward(Base):
    """Who looks after a room, here or elsewhere."""

    __tablename__ = "steward"

    room_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[StewardRole] = mapped_column(words(StewardRole))


class Pin(Base):
    """A post that an actor (a person or a room) shows first."""

    __tablename__ = "pin"

    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True)


class Carried(Base):
    """A post that a room, here or elsewhere, has beside the room that `post.room_id` names: it came by a link.

    `entry_id` sorts by the time it came in.
    """

    __tablename__ = "carried"
    __table_args__ = (Index("ix_carried_room_id_entry_id", "room_id", "entry_id"),)

    room_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True, index=True)
    entry_id: Mapped[int]


class Awaited(Base):
    """An answer that came by a link before what it answers did. The room takes it in once that is there."""

    __tablename__ = "awaited"

    room_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True, index=True)
    activity_uri: Mapped[str]


class Removal(Base):
    """A post that a room does not have any more, or never took; it stays its author's. Without `uri`, never took.

    `boost_uri` was the room's boost of it, which other servers have to be told to undo.
    """

    __tablename__ = "removal"

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True, index=True)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("actor.id", ondelete="SET NULL"))
    uri: Mapped[str | None]
    reason: Mapped[str]
    boost_uri: Mapped[str | None]
    created_at: Mapped[datetime]


class Lock(Base):
    """A conversation in a room that takes no more answers."""

    __tablename__ = "thread_lock"

    thread_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True, index=True)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("actor.id", ondelete="SET NULL"))
    uri: Mapped[str | None]
    reason: Mapped[str]
    created_at: Mapped[datetime]


class Ban(Base):
    """Somebody who may neither be in a room nor write into it, for good or until a moment."""

    __tablename__ = "ban"

    room_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("actor.id", ondelete="SET NULL"))
    uri: Mapped[str | None]
    reason: Mapped[str]
    until: Mapped[datetime | None]
    created_at: Mapped[datetime]


class RulesAcceptance(Base):
    """Who of us accepted the rules of a room, and which version of them."""

    __tablename__ = "rules_acceptance"

    room_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True, index=True)
    version: Mapped[int]
    accepted_at: Mapped[datetime]


class Invitation(Base):
    """Into a room: for one person, or for whoever has the link, of which only a hash is kept.

    Of a room elsewhere, it is what the room sent to one of us.
    """

    __tablename__ = "invitation"
    __table_args__ = (UniqueConstraint("room_id", "actor_id"),)

    id: Mapped[Id]
    room_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("actor.id", ondelete="SET NULL"), index=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    secret_hash: Mapped[str | None] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]


class Member(Base):
    """Who is in a room elsewhere that one of us is in, as the room says. Those in a room of ours are its followers."""

    __tablename__ = "member"

    room_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    uri: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str]
    handle: Mapped[str]
    name: Mapped[str]
    school: Mapped[str]
    role: Mapped[str]


class Expected(Base):
    """Somebody who was in a room before it moved here, and has not come along yet; `role` is what they were there."""

    __tablename__ = "expected"

    room_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    uri: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]


class Past(Base):
    """What a room that moved here brings from its old home, `old_id`, and how far that has come.

    `step` is the number of the one job that goes on with it. `next_page` is where the old home's list goes on, and
    nothing once it was read to its end; `decisions` are the old home's, as far as they are not taken over yet.
    """

    __tablename__ = "past"

    room_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    old_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    step: Mapped[int] = mapped_column(default=0)
    next_page: Mapped[str | None]
    decisions: Mapped[list[dict[str, Any]] | None]
    why: Mapped[PastGap | None] = mapped_column(words(PastGap))
    ended_at: Mapped[datetime | None]


class PastPost(Base):
    """A post of a room's past. It is asked for at `due_at`; if there is no such time it is here, or cannot be had."""

    __tablename__ = "past_post"
    __table_args__ = (Index("ix_past_post_room_id_due_at", "room_id", "due_at"),)

    room_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    uri: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    due_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    why: Mapped[PastGap | None] = mapped_column(words(PastGap))


class Topic(Base):
    """What a room, here or elsewhere, sorts its posts by: a hashtag that is on them. `name` is folded."""

    __tablename__ = "topic"

    room_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[str]
    position: Mapped[int]


class Purpose(Base):
    """What a post is for, where it is more than a note; and the answer that settled a question, by its address."""

    __tablename__ = "purpose"

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[PostKind] = mapped_column(words(PostKind))
    answer_uri: Mapped[str | None]


class Watch(Base):
    """Somebody here who wants to be told of everything that is new in a room."""

    __tablename__ = "watch"

    room_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True, index=True)
