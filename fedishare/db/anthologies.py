"""Collections of resources, which are actors that people follow. Here they are called anthologies.

In ActivityStreams a collection is any list at all.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index

from fedishare.db.base import Base, Mapped, mapped_column


class Anthology(Base):
    """A collection, here or elsewhere; title and description are its actor's. `curator_uri` is on its own server."""

    __tablename__ = "anthology"

    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    items_uri: Mapped[str]
    curator_uri: Mapped[str | None] = mapped_column(index=True)


class AnthologyItem(Base):
    """One resource in a collection; `line` says why it is there. Positions have gaps."""

    __tablename__ = "anthology_item"
    __table_args__ = (Index("ix_anthology_item_anthology_id_position", "anthology_id", "position"),)

    anthology_id: Mapped[int] = mapped_column(ForeignKey("anthology.actor_id", ondelete="CASCADE"), primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True, index=True)
    position: Mapped[int]
    line: Mapped[str]
    added_at: Mapped[datetime]
