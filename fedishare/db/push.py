"""Where notices are sent to at once: the devices of those who asked for it, and the key by which services know us."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey

from fedishare.db.base import Base, Mapped, Serial, mapped_column, words
from fedishare.domain.push import Policy

# A job may still hold a number that was given up.
_NUMBERED_ONCE: Final = {"sqlite_autoincrement": True}


class PushKey(Base):
    """The one pair of this node, made at its first start. Every device that subscribes is bound to it."""

    __tablename__ = "push_key"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    private: Mapped[bytes]
    public: Mapped[str]


class Subscription(Base):
    """One device of an app; a token has one and no more. `alerts` are the types that it wants.

    `token` is what the app showed, locked with a key that is not in the database: apps find out by it whose notice it
    is. `standard` is RFC 8291, else its draft.
    """

    __tablename__ = "push_subscription"
    __table_args__ = (_NUMBERED_ONCE,)

    id: Mapped[Serial]
    token_id: Mapped[int] = mapped_column(ForeignKey("token.id", ondelete="CASCADE"), unique=True)
    endpoint: Mapped[str]
    p256dh: Mapped[bytes]
    auth: Mapped[bytes]
    standard: Mapped[bool]
    policy: Mapped[Policy] = mapped_column(words(Policy))
    alerts: Mapped[Sequence[str]]
    token: Mapped[bytes]
    created_at: Mapped[datetime]
