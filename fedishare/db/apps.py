"""Programs that ask to act for people, the codes they exchange for tokens, and what they have us remember."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey

from fedishare.db.base import Base, Id, Mapped, mapped_column


class App(Base):
    """A program that registered itself. It may send people back to `redirect_uris` and nowhere else, to the letter."""

    __tablename__ = "app"

    id: Mapped[Id]
    client_id: Mapped[str] = mapped_column(unique=True)
    secret_hash: Mapped[bytes]
    name: Mapped[str]
    website: Mapped[str | None]
    redirect_uris: Mapped[Sequence[str]]
    scopes: Mapped[str]
    created_at: Mapped[datetime]


class Code(Base):
    """What a program exchanges for a token, once and soon. `actor_id` is whom it will act as.

    A used code stays until it would have expired, so that its second use is known for one.
    """

    __tablename__ = "code"

    secret_hash: Mapped[bytes] = mapped_column(primary_key=True)
    app_id: Mapped[int] = mapped_column(ForeignKey("app.id", ondelete="CASCADE"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    redirect_uri: Mapped[str]
    scopes: Mapped[str]
    challenge: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class Marker(Base):
    """How far somebody has read in a timeline, so that their next device begins there."""

    __tablename__ = "marker"

    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), primary_key=True)
    timeline: Mapped[str] = mapped_column(primary_key=True)
    last_read_id: Mapped[str]
    version: Mapped[int]
    updated_at: Mapped[datetime]
