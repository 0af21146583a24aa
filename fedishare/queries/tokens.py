"""Whose token this is, as whom it acts, and whether it still stands."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, and_, bindparam, case, or_, select

from fedishare.db.accounts import Account, Token
from fedishare.db.apps import App
from fedishare.db.base import aliased
from fedishare.db.handles import Runner
from fedishare.db.people import Actor
from fedishare.domain.kinds import RunnerState
from fedishare.domain.permissions import Role
from fedishare.queries.cards import Face, face, face_columns


class Bearer(NamedTuple):
    """What a token stands for. `person_id` is whose it is, `actor_id` as whom it acts; None for an app by itself.

    `is_frozen` while its account is closed or suspended.
    """

    token_id: int
    app_id: int | None
    account_id: int | None
    person_id: int | None
    actor_id: int | None
    scopes: str
    role: Role
    used_at: datetime | None
    is_frozen: bool


class Holder(NamedTuple):
    """As whom a token acts, and whose it is."""

    actor_id: int
    person_id: int


class Allowed(NamedTuple):
    """A line of the list of apps that somebody allowed to act for them."""

    id: int
    app: str
    website: str | None
    acts_as: Face | None
    scopes: str
    created_at: datetime
    used_at: datetime | None


_person: Final[Any] = aliased(Actor)
_frozen: Final = or_(
    Account.disabled_at.is_not(None), _person.suspended_at.is_not(None), Actor.suspended_at.is_not(None)
)
# Whose running of a handle has ended, and who or which handle is deleted, has no token there any more.
_stands: Final = or_(
    Token.account_id.is_(None),
    and_(
        _person.deleted_at.is_(None),
        Actor.deleted_at.is_(None),
        or_(Token.actor_id == Account.actor_id, Runner.state == RunnerState.ACTIVE),
    ),
)
_standing: Final = (
    select(
        Token.id,
        Token.app_id,
        Token.account_id,
        Account.actor_id.label("person_id"),
        Token.actor_id,
        Token.scopes,
        Account.role,
        Token.used_at,
        case((_frozen, True), else_=False).label("is_frozen"),
    )
    .outerjoin(Account, Account.id == Token.account_id)
    .outerjoin(_person, _person.id == Account.actor_id)
    .outerjoin(Actor, Actor.id == Token.actor_id)
    .outerjoin(Runner, and_(Runner.handle_id == Token.actor_id, Runner.actor_id == Account.actor_id))
    .where(Token.revoked_at.is_(None), _stands)
)
BEARER: Final = _standing.where(Token.secret_hash == bindparam("hashed"))
STILL: Final = (
    _standing.with_only_columns(Token.id)
    .where(Token.id.in_(bindparam("ids", expanding=True)))
    .where(or_(Token.account_id.is_(None), ~_frozen))
)
HOLDER: Final = _standing.with_only_columns(Token.actor_id, Account.actor_id).where(
    Token.id == bindparam("token_of"), Token.account_id.is_not(None), ~_frozen
)
OF_ACCOUNT: Final = (
    select(Token.id, App.name, App.website, Token.scopes, Token.created_at, Token.used_at, *face_columns(Actor))
    .outerjoin(App, App.id == Token.app_id)
    .outerjoin(Actor, Actor.id == Token.actor_id)
    .where(Token.account_id == bindparam("account"), Token.revoked_at.is_(None))
    .order_by(Token.id.desc())
)


def bearer(tx: Connection, *, hashed: bytes) -> Bearer | None:
    """Who shows the token of this hash; nobody for one that is unknown, revoked, or of somebody gone."""
    row = tx.execute(BEARER, {"hashed": hashed}).one_or_none()
    if row is None:
        return None
    token_id, app_id, account_id, person_id, actor_id, scopes, role, used_at, is_frozen = row
    return Bearer(
        token_id,
        app_id,
        account_id,
        person_id,
        actor_id,
        scopes,
        Role(role) if role else Role.MEMBER,
        used_at,
        bool(is_frozen),
    )


def still(tx: Connection, *, ids: Iterable[int]) -> set[int]:
    """Which of these tokens still stand: not revoked, nobody frozen, the handle still run by whose it is."""
    return set(tx.scalars(STILL, {"ids": list(ids)}))


def standing(tx: Connection, *, token_id: int) -> Holder | None:
    """Who holds a token that still stands; None for any other, and for that of an app by itself."""
    row = tx.execute(HOLDER, {"token_of": token_id}).one_or_none()
    if row is None:
        return None
    actor_id, person_id = row
    return Holder(actor_id or person_id, person_id)


def allowed(tx: Connection, *, account_id: int) -> list[Allowed]:
    """Which programs somebody allowed to act for them, the latest first."""
    rows = tx.execute(OF_ACCOUNT, {"account": account_id})
    return [
        Allowed(row[0], row[1] or "", row[2], face(row[6:]) if row[6] is not None else None, row[3], row[4], row[5])
        for row in rows
    ]
