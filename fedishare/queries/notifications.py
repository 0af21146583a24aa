"""Notices as apps ask for them, who call them notifications: by type, by person, in groups, and held back."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Boolean, Connection, Select, bindparam, case, exists, func, or_, select

from fedishare.db.base import BigId, UtcDateTime
from fedishare.db.follows import Block, HostBlock, Mute
from fedishare.db.notices import Notice, NoticePolicy
from fedishare.db.people import Actor
from fedishare.domain.kinds import NoticeKind
from fedishare.domain.notices import LASTS, TYPES, Key, Policy, Verdict
from fedishare.queries import held

NEWEST: Final = (1 << 63) - 1
MOST_COUNTED: Final = 1_000
ALL_KINDS: Final = tuple(TYPES)


class Told(NamedTuple):
    id: int
    kind: NoticeKind
    actor_id: int
    post_id: int | None
    cause: str
    line: str
    created_at: datetime
    is_held: bool


class Wanted(NamedTuple):
    """Which notices an app asks for. An `actor_id` of 0 is anybody."""

    recipient_id: int
    now: datetime
    kinds: Sequence[NoticeKind] = ALL_KINDS
    actor_id: int = 0
    with_held: bool = False
    unseen_only: bool = False
    before: int = NEWEST
    above: int = 0
    is_upward: bool = False


class Asking(NamedTuple):
    """Somebody whose notices are held back: how many, since when, and the last of them."""

    actor_id: int
    notices: int
    last_id: int
    first_at: datetime
    last_at: datetime
    post_id: int | None


_me: Final = bindparam("recipient", type_=BigId)
_shunned: Final = select(HostBlock.host).where(HostBlock.actor_id == _me)
_is_held: Final = held.judged(Verdict.FILTER, _me)
_base: Final = (
    select(Notice.id)
    .join(Actor, Actor.id == Notice.actor_id)
    .where(Notice.recipient_id == _me, Notice.kind.in_(bindparam("kinds", expanding=True)))
    .where(Actor.suspended_at.is_(None), Actor.deleted_at.is_(None))
    .where(~exists().where(Block.blocker_id == _me, Block.blocked_id == Notice.actor_id))
    .where(~exists().where(Mute.muter_id == _me, Mute.muted_id == Notice.actor_id, Mute.notices))
    .where(Actor.host.not_in(_shunned), Actor.domain.not_in(_shunned))
    .where(~held.judged(Verdict.DROP, _me))
)
_columns = (
    Notice.id,
    Notice.kind,
    Notice.actor_id,
    Notice.post_id,
    Notice.cause,
    Notice.line,
    Notice.created_at,
    case((_is_held, True), else_=False).label("is_held"),
)
_sender: Final = bindparam("sender", type_=BigId)
_lines: Final = (
    _base.with_only_columns(*_columns)
    .where(or_(_sender == 0, Notice.actor_id == _sender))
    .where(or_(bindparam("with_held", type_=Boolean()), ~_is_held))
    .where(Notice.id < bindparam("before"), Notice.id > bindparam("above"))
)


def _order(statement: Select[*tuple[Any, ...]]) -> dict[bool, Select[*tuple[Any, ...]]]:
    limited = statement.limit(bindparam("limit"))
    return {False: limited.order_by(Notice.id.desc()), True: limited.order_by(Notice.id)}


PAGES: Final = {False: _order(_lines), True: _order(_lines.where(Notice.seen_at.is_(None)))}
ONE: Final = _base.with_only_columns(*_columns).where(Notice.id == bindparam("notice"))
IN_GROUP: Final = (
    _base.with_only_columns(*_columns)
    .where(or_(bindparam("any_post", type_=Boolean()), Notice.post_id == bindparam("post", type_=BigId)))
    .where(Notice.created_at >= bindparam("begins", type_=UtcDateTime()))
    .where(Notice.created_at < bindparam("ends", type_=UtcDateTime()))
    .where(Notice.id < bindparam("before"), Notice.id > bindparam("above"))
    .order_by(Notice.id.desc())
    .limit(bindparam("limit"))
)
_last = func.max(Notice.id)
_asking = (
    _base.with_only_columns(
        Notice.actor_id,
        func.count().label("many"),
        _last.label("last_id"),
        func.min(Notice.created_at),
        func.max(Notice.created_at),
        func.max(Notice.post_id),
    )
    .where(_is_held, or_(_sender == 0, Notice.actor_id == _sender))
    .group_by(Notice.actor_id)
    .having(_last < bindparam("before"), _last > bindparam("above"))
    .limit(bindparam("limit"))
)
ASKING: Final = {False: _asking.order_by(_last.desc()), True: _asking.order_by(_last)}
HELD_OF: Final = _base.where(_is_held, Notice.actor_id.in_(bindparam("senders", expanding=True)))
POLICY: Final = select(*(getattr(NoticePolicy, name) for name in Policy._fields)).where(NoticePolicy.actor_id == _me)


def policy(tx: Connection, *, recipient_id: int) -> Policy:
    """What somebody decided; all are welcome where they decided nothing."""
    row = tx.execute(POLICY, {"recipient": recipient_id}).one_or_none()
    return Policy(*row) if row is not None else Policy()


def page(tx: Connection, wanted: Wanted, *, limit: int) -> list[Told]:
    """A page of notices, newest first."""
    values = {"sender": wanted.actor_id, "with_held": wanted.with_held, "limit": limit}
    values |= {"before": wanted.before, "above": wanted.above}
    rows = tx.execute(PAGES[wanted.unseen_only][wanted.is_upward], _parameters(wanted) | values)
    found = [Told(*row) for row in rows]
    return found[::-1] if wanted.is_upward else found


def one(tx: Connection, wanted: Wanted, *, notice_id: int) -> Told | None:
    """One notice, held back or not."""
    row = tx.execute(ONE, _parameters(wanted) | {"notice": notice_id}).one_or_none()
    return Told(*row) if row is not None else None


def group(tx: Connection, wanted: Wanted, key: Key, *, limit: int) -> list[Told]:
    """The notices that are told as one, the latest first."""
    begins = datetime.fromtimestamp(key.bucket * LASTS.total_seconds(), tz=UTC)
    values: dict[str, Any] = {"any_post": key.post_id is None, "post": key.post_id or 0, "limit": limit}
    values |= {"begins": begins, "ends": begins + LASTS, "before": wanted.before, "above": wanted.above}
    asked = _parameters(wanted._replace(kinds=[key.kind])) | values
    return [Told(*row) for row in tx.execute(IN_GROUP, asked)]


def asking(tx: Connection, wanted: Wanted, *, limit: int) -> list[Asking]:
    """Whose notices are held back, who wrote last first."""
    values = {"sender": wanted.actor_id, "before": wanted.before, "above": wanted.above, "limit": limit}
    rows = [Asking(*row) for row in tx.execute(ASKING[wanted.is_upward], _parameters(wanted) | values)]
    return rows[::-1] if wanted.is_upward else rows


def held_of(tx: Connection, wanted: Wanted, *, senders: Sequence[int]) -> list[int]:
    """The notices from some people that are held back, by id."""
    return list(tx.scalars(HELD_OF, _parameters(wanted) | {"senders": list(senders)}))


def _parameters(wanted: Wanted) -> dict[str, Any]:
    new_since = held.since(wanted.now)
    return {"recipient": wanted.recipient_id, "new_since": new_since, "kinds": list(wanted.kinds)}
