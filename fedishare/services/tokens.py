"""The end of a token, and its use. Whatever ends one passes here.

From the commit on it opens nothing: it is looked up with every request. What is open for longer, such as
a stream, asks `queries.tokens.still`, which knows all ways in which a token can end or rest.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Executable, bindparam, delete, or_, select, update

from fedishare.db.accounts import Account, Token
from fedishare.db.apps import Code
from fedishare.services import push

NOTED_EVERY: Final = timedelta(hours=1)
USED: Final = update(Token).where(Token.id == bindparam("token")).values(used_at=bindparam("now"))
_end: Final = update(Token).where(Token.revoked_at.is_(None)).values(revoked_at=bindparam("now")).returning(Token.id)
_its_account: Final = select(Account.id).where(Account.actor_id == bindparam("actor"))
END: Final = _end.where(Token.id == bindparam("token"))
END_OWN: Final = END.where(Token.account_id == bindparam("account"))
END_OF_CODE: Final = _end.where(Token.code_hash == bindparam("code"))
END_OF_ACCOUNT: Final = _end.where(Token.account_id == bindparam("account"))
END_OF_ACTOR: Final = _end.where(or_(Token.actor_id == bindparam("actor"), Token.account_id.in_(_its_account)))
END_AS_HANDLE: Final = _end.where(Token.actor_id == bindparam("handle"), Token.account_id.in_(_its_account))
DROP_CODES: Final = delete(Code).where(Code.account_id == bindparam("account"))
DROP_CODES_OF_ACTOR: Final = delete(Code).where(
    or_(Code.actor_id == bindparam("actor"), Code.account_id.in_(_its_account))
)
DROP_CODES_AS_HANDLE: Final = delete(Code).where(
    Code.actor_id == bindparam("handle"), Code.account_id.in_(_its_account)
)


def is_due(used_at: datetime | None, *, now: datetime) -> bool:
    """Whether the last use that we know of is so long ago that a new one is worth a write."""
    return used_at is None or now - used_at >= NOTED_EVERY


def note_use(tx: Connection, *, token_id: int, now: datetime) -> None:
    tx.execute(USED, {"token": token_id, "now": now})


def end(tx: Connection, *, token_id: int, now: datetime) -> bool:
    """The app gives its token back. Answers False where it had ended before."""
    return bool(_ended(tx, END, token=token_id, now=now))


def end_own(tx: Connection, *, account_id: int, token_id: int, now: datetime) -> bool:
    """Somebody takes a token back that they gave; False where there is no such token of theirs."""
    return bool(_ended(tx, END_OWN, account=account_id, token=token_id, now=now))


def end_of_code(tx: Connection, *, code_hash: bytes, now: datetime) -> None:
    """A code came a second time, so whoever came first may have stolen it (AUTH-01)."""
    _ended(tx, END_OF_CODE, code=code_hash, now=now)


def end_of_account(tx: Connection, *, account_id: int, now: datetime) -> None:
    """All that somebody gave, and what is on its way to be given (AUTH-09)."""
    tx.execute(DROP_CODES, {"account": account_id})
    _ended(tx, END_OF_ACCOUNT, account=account_id, now=now)


def end_of_actor(tx: Connection, *, actor_id: int, now: datetime) -> None:
    """An actor is gone: nobody acts as it any more, and nobody for it."""
    tx.execute(DROP_CODES_OF_ACTOR, {"actor": actor_id})
    _ended(tx, END_OF_ACTOR, actor=actor_id, now=now)


def end_as_handle(tx: Connection, *, handle_id: int, actor_id: int, now: datetime) -> None:
    """Somebody runs a handle no longer: their apps do not act as it, not even if they are asked to run it again."""
    tx.execute(DROP_CODES_AS_HANDLE, {"handle": handle_id, "actor": actor_id})
    _ended(tx, END_AS_HANDLE, handle=handle_id, actor=actor_id, now=now)


def _ended(tx: Connection, statement: Executable, **values: object) -> list[int]:
    ended = list(tx.scalars(statement, values))
    push.drop_of(tx, token_ids=ended)
    return ended
