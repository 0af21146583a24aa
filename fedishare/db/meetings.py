"""Meetings of rooms: the papers that posts are (agenda, minutes, actions), and what is written while a meeting runs.

A paper belongs to the business of the room `room_id` once it is known that its author may say so; until
then it is a post like any other. Days and times are those of the clock on the wall, as text that sorts.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, ForeignKey, UniqueConstraint

from fedishare.db.base import Base, Id, Mapped, mapped_column


class Meeting(Base):
    """A post that calls a meeting. `secretary_uri` names who may run it besides those who look after the room."""

    __tablename__ = "meeting"

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True)
    room_id: Mapped[int | None] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    starts: Mapped[str]
    place: Mapped[str]
    note: Mapped[str]
    secretary_uri: Mapped[str | None]
    is_cancelled: Mapped[bool] = mapped_column(default=False)


class AgendaItem(Base):
    """Something that a member wants to have discussed. `settled_by_id` is the post of the minutes that tell of it."""

    __tablename__ = "agenda_item"

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True)
    room_id: Mapped[int | None] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    meeting_uri: Mapped[str | None]
    headline: Mapped[str]
    position: Mapped[int | None]
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("post.id", ondelete="SET NULL"), index=True)


class AgendaOrder(Base):
    """The agenda of a meeting as it was sent round: the addresses of its items in their order."""

    __tablename__ = "agenda_order"

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True)
    room_id: Mapped[int | None] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    meeting_uri: Mapped[str] = mapped_column(index=True)
    items: Mapped[Sequence[str]]


class Minutes(Base):
    """The minutes of a meeting. `record` is a domain.papers.Record."""

    __tablename__ = "minutes"

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True)
    room_id: Mapped[int | None] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    meeting_uri: Mapped[str] = mapped_column(index=True)
    record: Mapped[dict[str, Any]] = mapped_column(JSON())


class ActionPoint(Base):
    """Something to do, as the minutes `post_id` say. `owner_id` is nobody where we do not know the owner."""

    __tablename__ = "action_point"

    id: Mapped[Id]
    uri: Mapped[str] = mapped_column(unique=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), index=True)
    headline: Mapped[str]
    owner_uri: Mapped[str]
    owner_name: Mapped[str]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("actor.id", ondelete="SET NULL"), index=True)
    due: Mapped[str | None]
    is_done: Mapped[bool] = mapped_column(default=False)


class ActionReport(Base):
    """A post in which the owner of an action says that it is done."""

    __tablename__ = "action_report"

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True)
    room_id: Mapped[int | None] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    action_uri: Mapped[str] = mapped_column(index=True)


class Sheet(Base):
    """Notes as they are taken, on one item or (with `item_id` the meeting itself) on the meeting as a whole.

    `version` counts the changes, so that of two who write at once neither writes over the other.
    """

    __tablename__ = "sheet"
    __table_args__ = (UniqueConstraint("meeting_id", "item_id"),)

    id: Mapped[Id]
    meeting_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"))
    item_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), index=True)
    notes: Mapped[str] = mapped_column(default="")
    decisions: Mapped[str] = mapped_column(default="")
    present: Mapped[str] = mapped_column(default="")
    apologies: Mapped[str] = mapped_column(default="")
    links: Mapped[str] = mapped_column(default="")
    is_reached: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=0)
    editor_id: Mapped[int | None] = mapped_column(ForeignKey("actor.id", ondelete="SET NULL"), index=True)


class DraftAction(Base):
    """An action as it is noted in the meeting; its id is the one it will be published under."""

    __tablename__ = "draft_action"

    id: Mapped[Id]
    meeting_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), index=True)
    headline: Mapped[str]
    owner_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    due: Mapped[str | None]
