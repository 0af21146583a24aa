"""What waits for its time, and what was asked of handles elsewhere: for those who wrote it, and to be sent."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, bindparam, or_, select

from fedishare.core.errors import NotFound
from fedishare.db.accounts import Account
from fedishare.db.base import aliased
from fedishare.db.handles import Handle, Offer, Runner, Scheduled
from fedishare.db.people import Actor
from fedishare.domain.kinds import OfferState, RunnerState
from fedishare.queries.cards import FACE_WIDTH, Face, face, face_columns
from fedishare.queries.parties import Who
from fedishare.queries.rows import Cut, columns

MOST: Final = 200


class ScheduledLine(NamedTuple):
    """A post that waits. `is_mine` where the reader may change it; `author` is as whom it speaks."""

    id: int
    author: Face
    writer: Face
    draft: bytes
    due_at: datetime
    held: bool
    reason: str
    is_mine: bool


class OfferLine(NamedTuple):
    id: int
    handle: Face
    wish: bytes
    due_at: datetime | None
    state: OfferState
    result_uri: str | None
    reason: str
    created_at: datetime


class OfferFacts(NamedTuple):
    """All that is sent of an offer."""

    uri: str
    wish: bytes
    due_at: datetime | None
    state: OfferState
    created_at: datetime
    by: Who
    handle: Who


_writer: Final[Any] = aliased(Actor)
_line = (
    select(
        Scheduled.id,
        Scheduled.draft,
        Scheduled.due_at,
        Scheduled.held,
        Scheduled.reason,
        Scheduled.keeper_id,
        *face_columns(Actor),
        *face_columns(_writer),
    )
    .join(Actor, Actor.id == Scheduled.author_id)
    .join(_writer, _writer.id == Scheduled.writer_id)
)
KEPT: Final = _line.where(Scheduled.id == bindparam("scheduled"), Scheduled.keeper_id == bindparam("actor"))
WAITING: Final = (
    _line.where(
        or_(
            Scheduled.keeper_id == bindparam("actor"),
            Scheduled.author_id.in_(
                select(Runner.handle_id)
                .join(Handle, Handle.actor_id == Runner.handle_id)
                .where(Runner.actor_id == bindparam("actor"), Runner.state == RunnerState.ACTIVE)
            ),
        )
    )
    .order_by(Scheduled.held.desc(), Scheduled.due_at, Scheduled.id)
    .limit(MOST)
)
OFFERED: Final = (
    select(
        Offer.id,
        Offer.wish,
        Offer.due_at,
        Offer.state,
        Offer.result_uri,
        Offer.reason,
        Offer.created_at,
        *face_columns(Actor),
    )
    .join(Actor, Actor.id == Offer.handle_id)
    .where(Offer.by_id == bindparam("actor"))
    .order_by(Offer.id.desc())
    .limit(bindparam("limit"))
)
FACTS: Final = (
    select(
        Offer.uri,
        Offer.wish,
        Offer.due_at,
        Offer.state,
        Offer.created_at,
        *columns(Actor, Who._fields),
        *columns(_writer, Who._fields),
    )
    .join(Actor, Actor.id == Offer.by_id)
    .join(_writer, _writer.id == Offer.handle_id)
    .where(Offer.id == bindparam("offer"))
)
ZONE: Final = select(Account.time_zone).where(Account.actor_id == bindparam("actor"))


def waiting(tx: Connection, *, actor_id: int) -> list[ScheduledLine]:
    """What somebody scheduled, and what others did for the handles they run; what is held comes first."""
    return [_scheduled(row, actor_id=actor_id) for row in tx.execute(WAITING, {"actor": actor_id})]


def kept(tx: Connection, *, scheduled_id: int, actor_id: int) -> ScheduledLine:
    """A scheduled post that somebody may change. Raises NotFound for everybody else."""
    row = tx.execute(KEPT, {"scheduled": scheduled_id, "actor": actor_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such scheduled post: it was published or taken back, or it is not yours.")
    return _scheduled(row, actor_id=actor_id)


def _scheduled(row: Row[Any], *, actor_id: int) -> ScheduledLine:
    return ScheduledLine(
        row.id,
        face(row[6 : 6 + FACE_WIDTH]),
        face(row[6 + FACE_WIDTH :]),
        row.draft,
        row.due_at,
        row.held,
        row.reason,
        row.keeper_id == actor_id,
    )


def offered(tx: Connection, *, actor_id: int, limit: int = 30) -> list[OfferLine]:
    """What somebody asked handles elsewhere, newest first."""
    return [_offer(row) for row in tx.execute(OFFERED, {"actor": actor_id, "limit": limit})]


def _offer(row: Row[Any]) -> OfferLine:
    return OfferLine(
        row.id, face(row[7:]), row.wish, row.due_at, OfferState(row.state), row.result_uri, row.reason, row.created_at
    )


def facts(tx: Connection, offer_id: int) -> OfferFacts:
    """Raises NotFound."""
    row = tx.execute(FACTS, {"offer": offer_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such offer.")
    cut = Cut(row, start=5)
    return OfferFacts(
        row.uri, row.wish, row.due_at, OfferState(row.state), row.created_at, cut.take(Who), cut.take(Who)
    )


def time_zone(tx: Connection, *, actor_id: int) -> str | None:
    found: str | None = tx.scalar(ZONE, {"actor": actor_id})
    return found
