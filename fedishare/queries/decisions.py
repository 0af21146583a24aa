"""The log of what moderators did, and the accounts they look after."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Boolean, Connection, Select, bindparam, func, or_, select

from fedishare.db.accounts import Account
from fedishare.db.base import BigId, aliased
from fedishare.db.people import Actor
from fedishare.db.reports import Decision
from fedishare.domain.decisions import DecisionKind
from fedishare.domain.kinds import Kind
from fedishare.domain.permissions import Role

MOST_SHOWN: Final = 50


class DecisionLine(NamedTuple):
    """`by` is the handle of the moderator; empty for one that is gone, and for the command line."""

    kind: DecisionKind
    by: str
    about: str
    line: str
    at: datetime


class Standing(NamedTuple):
    """An account as moderators see it; what has to do with signing in is None for people elsewhere."""

    id: int
    username: str
    domain: str
    local: bool
    created_at: datetime
    suspended_at: datetime | None
    role: Role | None
    email: str | None
    disabled_at: datetime | None


class Asked(NamedTuple):
    """Which accounts are asked for. What is empty is no condition."""

    local: bool | None = None
    suspended: bool | None = None
    disabled: bool | None = None
    staff: bool = False
    username: str = ""
    name: str = ""
    email: str = ""
    host: str = ""


_by: Final[Any] = aliased(Actor)
RECENT: Final = (
    select(Decision.kind, _by.username, Decision.about, Decision.line, Decision.at)
    .outerjoin(_by, _by.id == Decision.by_id)
    .order_by(Decision.id.desc())
    .limit(MOST_SHOWN)
)
ABOUT: Final = (
    select(Decision.kind, _by.username, Decision.about, Decision.line, Decision.at)
    .outerjoin(_by, _by.id == Decision.by_id)
    .where(Decision.target_id == bindparam("target", type_=BigId))
    .order_by(Decision.id.desc())
    .limit(MOST_SHOWN)
)
_standing = select(
    Actor.id,
    Actor.username,
    Actor.domain,
    Actor.local,
    func.coalesce(Account.created_at, Actor.created_at).label("created_at"),
    Actor.suspended_at,
    Account.role,
    Account.email,
    Account.disabled_at,
).outerjoin(Account, Account.actor_id == Actor.id)
_people = _standing.where(Actor.deleted_at.is_(None), Actor.kind.in_([Kind.PERSON, Kind.SERVICE]))
ANYBODY: Final = _standing.where(Actor.id.in_(bindparam("ids", expanding=True)))
BY_IDS: Final = _people.where(Actor.id.in_(bindparam("ids", expanding=True)))


def _either(name: str, condition: Any) -> Any:
    """Asked for, asked for the opposite, or not asked at all."""
    return or_(
        bindparam(f"any_{name}", type_=Boolean()),
        condition == bindparam(name, type_=Boolean()),
    )


def _like(name: str, text: Any) -> Any:
    return or_(bindparam(name) == "", func.lower(text).like(bindparam(f"{name}_like"), escape="\\"))


def _page(*, is_upward: bool) -> Select[*tuple[Any, ...]]:
    return (
        _people.where(_either("local", Actor.local))
        .where(_either("suspended", Actor.suspended_at.is_not(None)))
        .where(_either("disabled", Account.disabled_at.is_not(None)))
        .where(or_(bindparam("any_role", type_=Boolean()), Account.role != Role.MEMBER))
        .where(_like("username", Actor.username), _like("name", Actor.name), _like("email", Account.email))
        .where(or_(bindparam("host") == "", Actor.host == bindparam("host")))
        .where(Actor.id < bindparam("before", type_=BigId), Actor.id > bindparam("above", type_=BigId))
        .order_by(Actor.id if is_upward else Actor.id.desc())
        .limit(bindparam("limit"))
    )


PAGES: Final = {is_upward: _page(is_upward=is_upward) for is_upward in (False, True)}


def recent(tx: Connection) -> list[DecisionLine]:
    """What was decided last, the latest first."""
    return [DecisionLine(row[0], row[1] or "", *row[2:]) for row in tx.execute(RECENT)]


def about(tx: Connection, *, actor_id: int) -> list[DecisionLine]:
    """What was decided about somebody, the latest first."""
    return [DecisionLine(row[0], row[1] or "", *row[2:]) for row in tx.execute(ABOUT, {"target": actor_id})]


def standings(tx: Connection, ids: Sequence[int]) -> dict[int, Standing]:
    """People and bots by id; rooms and the like are nobody who could be suspended here."""
    return {row.id: Standing(*row) for row in tx.execute(BY_IDS, {"ids": list(ids)})} if ids else {}


def anybody(tx: Connection, ids: Sequence[int]) -> dict[int, Standing]:
    """Whoever can be named in a report: rooms and whole servers too, and those who are gone."""
    return {row.id: Standing(*row) for row in tx.execute(ANYBODY, {"ids": list(ids)})} if ids else {}


def accounts(
    tx: Connection, asked: Asked, *, before: int, above: int, limit: int, is_upward: bool = False
) -> list[Standing]:
    """A page of the people that fit, whoever came last first. One statement."""
    values: dict[str, Any] = {"before": before, "above": above, "limit": limit, "host": asked.host}
    for name in ("local", "suspended", "disabled"):
        wanted = getattr(asked, name)
        values |= {name: bool(wanted), f"any_{name}": wanted is None}
    for name in ("username", "name", "email"):
        text = getattr(asked, name).lower()
        values |= {name: text, f"{name}_like": f"%{_plain(text)}%"}
    rows = [Standing(*row) for row in tx.execute(PAGES[is_upward], values | {"any_role": not asked.staff})]
    return rows[::-1] if is_upward else rows


def _plain(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
