"""Logins: adding one, signing in and out, tokens. Passwords are hashed outside any transaction."""

import hashlib
from datetime import timedelta
from typing import Final, NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, bindparam, delete, or_, select, update

from fedishare.core import ids
from fedishare.core.errors import Invalid, NotFound
from fedishare.core.here import Here
from fedishare.db.accounts import Account, Session, Token
from fedishare.db.base import insert
from fedishare.db.people import Actor
from fedishare.domain import scopes as allowed
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import Kind
from fedishare.domain.permissions import Role
from fedishare.net.keys import Keypair
from fedishare.services import people, tokens

SHORTEST_PASSWORD: Final = 8
LONGEST_PASSWORD: Final = 128
SESSION_LASTS: Final = timedelta(days=30)
ADD: Final = insert(Account).returning(Account.id)
EMAIL_TAKEN: Final = select(Account.id).where(Account.email_key == bindparam("email"))
LOGIN: Final = (
    select(Account.id, Account.actor_id, Account.password_hash)
    .join(Actor, Actor.id == Account.actor_id)
    .where(or_(Account.email_key == bindparam("given"), Actor.handle_key == bindparam("handle")))
    .where(Account.disabled_at.is_(None))
)
BY_NAME: Final = (
    select(Account.id, Account.actor_id)
    .join(Actor, Actor.id == Account.actor_id)
    .where(Actor.handle_key == bindparam("handle"), Account.disabled_at.is_(None))
)
OPEN_SESSION: Final = insert(Session)
CLOSE_SESSION: Final = delete(Session).where(Session.secret_hash == bindparam("hashed"))
CLOSE_ALL: Final = delete(Session).where(Session.account_id == bindparam("account"))
ISSUE: Final = insert(Token)
SET_ZONE: Final = update(Account).where(Account.actor_id == bindparam("actor")).values(time_zone=bindparam("zone"))
SET_HABITS: Final = (
    update(Account)
    .where(Account.actor_id == bindparam("actor"))
    .values(
        default_visibility=bindparam("visibility"),
        default_sensitive=bindparam("sensitive"),
        default_language=bindparam("language"),
    )
)
SET_PASSWORD: Final = (
    update(Account).where(Account.id == bindparam("account")).values(password_hash=bindparam("hashed"))
)

_hasher: Final = PasswordHasher()
# Spent on names nobody has, so that a wrong name takes as long as a wrong password.
_NOBODYS: Final = "$argon2id$v=19$m=65536,t=3,p=4$MDEyMzQ1Njc4OWFiY2RlZg$q1rR0m8wS0O0mJ8m3dXo7q3wWm0S2mS0nK0Nn1n1n1k"


class Login(NamedTuple):
    account_id: int
    actor_id: int
    password_hash: str


def hash_password(password: str) -> str:
    """About 0.1 s of work: call it in a thread, never inside a transaction. Raises Invalid for a wrong length."""
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid(f"The password must have at least {SHORTEST_PASSWORD} characters.")
    if len(password) > LONGEST_PASSWORD or "\0" in password:
        raise Invalid(f"The password must have at most {LONGEST_PASSWORD} characters.")
    return _hasher.hash(password)


def fits(password: str, login: Login | None) -> bool:
    """Whether the password is the right one; as slow for a name that nobody has."""
    try:
        _hasher.verify(login.password_hash if login else _NOBODYS, password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False
    # What was cut off is part of a password too (AUTH-18).
    return login is not None and len(password) <= LONGEST_PASSWORD


def add(
    tx: Connection,
    here: Here,
    *,
    username: str,
    email: str,
    password_hash: str,
    role: Role,
    name: str,
    rsa: Keypair,
    ed25519: Keypair,
) -> int:
    """A person of this node who may sign in. Raises Invalid where the name or the address will not do."""
    key = email_key(email)
    if tx.scalar(EMAIL_TAKEN, {"email": key}) is not None:
        raise Invalid(f"There is already an account with the address {email}.")
    actor_id = people.add(
        tx, here, kind=Kind.PERSON, username=username, name=name or username, rsa=rsa, ed25519=ed25519
    )
    row = {"actor_id": actor_id, "email": email, "email_key": key, "password_hash": password_hash, "role": role}
    return tx.execute(ADD, row | {"default_visibility": "public", "created_at": here.now()}).scalar_one()


def email_key(email: str) -> str:
    """The address in the form that is compared. Raises Invalid for what mail servers read differently (AUTH-13)."""
    local, at, domain = email.strip().rpartition("@")
    is_odd = any(char in email for char in '%,"()<>;:\\ \r\n\t') or not email.isascii()
    if not (local and at and "." in domain.strip(".")) or is_odd or len(email) > 320:  # noqa: PLR2004 -- RFC 5321's limit
        raise Invalid(f"{email!r} is not an e-mail address we can use.")
    return email.strip().lower()


def find_login(tx: Connection, here: Here, *, name: str) -> Login | None:
    """The login of an e-mail address, a user name or a full handle."""
    given = name.strip().lower().removeprefix("@")
    handle = given if "@" in given else f"{given}@{here.uris.authority}".lower()
    row = tx.execute(LOGIN, {"given": given, "handle": handle}).first()
    return Login(*row) if row else None


def open_session(tx: Connection, here: Here, *, account_id: int) -> str:
    """A new session, whatever the browser held before (AUTH-08). Answers with its secret."""
    secret = ids.secret()
    row = {"secret_hash": digest(secret), "account_id": account_id, "created_at": here.now()}
    tx.execute(OPEN_SESSION, row | {"expires_at": here.now() + SESSION_LASTS})
    return secret


def close_session(tx: Connection, *, secret: str) -> None:
    tx.execute(CLOSE_SESSION, {"hashed": digest(secret)})


def change_password(tx: Connection, here: Here, *, account_id: int, password_hash: str) -> None:
    """The new password; every session and token of the old one ends (AUTH-09)."""
    tx.execute(SET_PASSWORD, {"account": account_id, "hashed": password_hash})
    tx.execute(CLOSE_ALL, {"account": account_id})
    tokens.end_of_account(tx, account_id=account_id, now=here.now())


def set_time_zone(tx: Connection, *, actor_id: int, zone: str | None) -> None:
    """In which zone somebody reads and writes times."""
    tx.execute(SET_ZONE, {"actor": actor_id, "zone": zone})


def set_habits(tx: Connection, *, actor_id: int, visibility: Visibility, sensitive: bool, language: str | None) -> None:
    """What an app begins a new post with."""
    tx.execute(SET_HABITS, {"actor": actor_id, "visibility": visibility, "sensitive": sensitive, "language": language})


def issue_token(tx: Connection, here: Here, *, username: str, scopes: str) -> str:
    """A token for a program that acts as `username`. It is shown once: only its hash is kept."""
    wanted = allowed.parse(scopes)
    account = tx.execute(BY_NAME, {"handle": f"{username}@{here.uris.authority}".lower()}).one_or_none()
    if account is None:
        raise NotFound(f"There is no account {username} on this node.")
    secret = ids.secret()
    row = {"secret_hash": digest(secret), "account_id": account.id, "scopes": " ".join(wanted)}
    tx.execute(ISSUE, row | {"actor_id": account.actor_id, "created_at": here.now()})
    return secret


def digest(secret: str) -> bytes:
    """Secrets are random and long, so a plain hash keeps them (unlike passwords)."""
    return hashlib.sha256(secret.encode()).digest()
