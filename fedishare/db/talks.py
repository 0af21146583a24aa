"""Conversations for the people named in them alone, as each of them has it: with whom, and what was said."""

from collections.abc import Sequence

from sqlalchemy import ForeignKey, Index, UniqueConstraint

from fedishare.db.base import Base, Id, Mapped, mapped_column


class Talk(Base):
    """What somebody here and the same others say to each other. `others` are actors' ids; `key` is short for them.

    Whoever is done with it deletes theirs; the next word begins it anew.
    """

    __tablename__ = "talk"
    __table_args__ = (
        UniqueConstraint("owner_id", "key"),
        Index("ix_talk_owner_id_last_post_id", "owner_id", "last_post_id"),
    )

    id: Mapped[Id]
    owner_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"))
    key: Mapped[str]
    others: Mapped[Sequence[str]]
    last_post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), index=True)
    unread: Mapped[bool]


class TalkPost(Base):
    __tablename__ = "talk_post"

    talk_id: Mapped[int] = mapped_column(ForeignKey("talk.id", ondelete="CASCADE"), primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), primary_key=True, index=True)
