"""From a person's yes to an app's token: codes, what is exchanged for them, and tokens of apps by themselves.

What an app does wrong is answered with a Denial, a value and no exception: a code that comes twice
has to end the token of the first time, and an exception would take that back.
"""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, bindparam, select, update

from fedishare.core import ids
from fedishare.core.errors import Refused
from fedishare.core.here import Here
from fedishare.db.accounts import Account, Token
from fedishare.db.apps import Code
from fedishare.db.base import insert
from fedishare.queries.apps import AppRow
from fedishare.services import accounts, apps, handles, tokens

# Long enough for a redirect; where a person copies it, for that.
CODE_LASTS: Final = timedelta(seconds=60)
COPIED_CODE_LASTS: Final = timedelta(minutes=10)
OWNER: Final = select(Account.actor_id).where(Account.id == bindparam("account"), Account.disabled_at.is_(None))
GIVE: Final = insert(Code)
CODE: Final = select(Code.__table__).where(Code.secret_hash == bindparam("hashed")).with_for_update()
USE: Final = update(Code).where(Code.secret_hash == bindparam("hashed")).values(used_at=bindparam("now"))
ISSUE: Final = insert(Token)


class Issued(NamedTuple):
    """`secret` is shown this once."""

    secret: str
    scopes: str
    created_at: datetime


class Denial(NamedTuple):
    """A word of RFC 6749, and a sentence."""

    error: str
    said: str


WRONG_CODE: Final = Denial(
    "invalid_grant",
    "The code is invalid, expired, used before, or was given for another app or another redirect URI.",
)


def give_code(
    tx: Connection,
    here: Here,
    *,
    app: AppRow,
    account_id: int,
    actor_id: int,
    redirect_uri: str,
    scopes: str,
    challenge: str | None,
) -> str:
    """Somebody allows an app to act as themselves, or as a handle that they run. Raises Refused for any other."""
    person_id = tx.scalar(OWNER, {"account": account_id})
    if person_id is None:
        raise Refused("This account is closed.")
    if actor_id != person_id:
        handles.admit(tx, handle_id=actor_id, actor_id=person_id)
    code, now = ids.secret(), here.now()
    lasts = COPIED_CODE_LASTS if redirect_uri == apps.OUT_OF_BAND else CODE_LASTS
    row = {"secret_hash": accounts.digest(code), "app_id": app.id, "account_id": account_id, "actor_id": actor_id}
    row |= {"redirect_uri": redirect_uri, "scopes": scopes, "challenge": challenge}
    tx.execute(GIVE, row | {"created_at": now, "expires_at": now + lasts})
    return code


def exchange(
    tx: Connection, here: Here, *, app: AppRow, code: str, redirect_uri: str, verifier: str
) -> Issued | Denial:
    """The token for a code: once, soon, to the app that asked, with the secret that only it knows (RFC 7636)."""
    hashed, now = accounts.digest(code), here.now()
    found = tx.execute(CODE, {"hashed": hashed}).one_or_none()
    if found is None or found.app_id != app.id:
        return WRONG_CODE
    if found.used_at is not None:
        tokens.end_of_code(tx, code_hash=hashed, now=now)
        return WRONG_CODE
    if found.expires_at <= now or found.redirect_uri != redirect_uri:
        return WRONG_CODE
    if not _is_answered(found.challenge, verifier):
        return Denial("invalid_grant", "The code verifier does not fit the code challenge.")
    tx.execute(USE, {"hashed": hashed, "now": now})
    return _issue(tx, here, app=app, scopes=found.scopes, code=found, code_hash=hashed)


def issue_to_app(tx: Connection, here: Here, *, app: AppRow, scopes: str) -> Issued:
    """A token for an app by itself, that acts for nobody."""
    return _issue(tx, here, app=app, scopes=scopes)


def _issue(
    tx: Connection,
    here: Here,
    *,
    app: AppRow,
    scopes: str,
    code: Row[*tuple[Any, ...]] | None = None,
    code_hash: bytes | None = None,
) -> Issued:
    secret, now = ids.secret(), here.now()
    row = {"secret_hash": accounts.digest(secret), "app_id": app.id, "scopes": scopes, "created_at": now}
    row |= {"account_id": code.account_id if code else None, "actor_id": code.actor_id if code else None}
    tx.execute(ISSUE, row | {"code_hash": code_hash})
    return Issued(secret, scopes, now)


def _is_answered(challenge: str | None, verifier: str) -> bool:
    """Whether the verifier is the one of the challenge; one that nobody asked for is wrong too (AUTH-03)."""
    if challenge is None:
        return not verifier
    hashed = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    return hmac.compare_digest(hashed, challenge)
