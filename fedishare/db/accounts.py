"""Logins: who may sign in here, their sessions, and the tokens they gave to programs."""

from datetime import datetime

from sqlalchemy import ForeignKey, false

from fedishare.db.base import Base, Mapped, Serial, mapped_column, words
from fedishare.domain.audience import Visibility
from fedishare.domain.permissions import Role


class Account(Base):
    __tablename__ = "account"

    id: Mapped[Serial]
    actor_id: Mapped[int] = mapped_column(ForeignKey("actor.id"), unique=True)
    email: Mapped[str]
    email_key: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    role: Mapped[Role] = mapped_column(words(Role))
    # The zone in which they read and write times; None is the one of most of our schools.
    time_zone: Mapped[str | None]
    default_visibility: Mapped[Visibility] = mapped_column(words(Visibility), default=Visibility.PUBLIC)
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    # What an app offers for a new post; None is what they wrote in last.
    default_sensitive: Mapped[bool] = mapped_column(default=False, server_default=false())
    default_language: Mapped[str | None]


class Session(Base):
    """A browser that signed in. Only the hash of its secret is kept."""

    __tablename__ = "session"

    secret_hash: Mapped[bytes] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Token(Base):
    """What a program shows instead of a password. Only its hash is kept.

    `account_id` is whose it is, and `actor_id` as whom the program acts: that person, or a handle that they
    run. Both are None where a program acts for itself alone, and `app_id` is None where somebody made the
    token at the command line. `code_hash` is the code that it was exchanged for.
    """

    __tablename__ = "token"

    id: Mapped[Serial]
    secret_hash: Mapped[bytes] = mapped_column(unique=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    scopes: Mapped[str]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    app_id: Mapped[int | None] = mapped_column(ForeignKey("app.id", ondelete="CASCADE"), index=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("actor.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[bytes | None] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class Tries(Base):
    """How many tries to sign in are left, and since when: from one line (`key` is its hash), or for one account."""

    __tablename__ = "sign_in_tries"

    key: Mapped[bytes] = mapped_column(primary_key=True)
    left: Mapped[float]
    at: Mapped[datetime] = mapped_column(index=True)
