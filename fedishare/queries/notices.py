"""What somebody was told, newest first."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Boolean, Connection, bindparam, func, or_, select

from fedishare.db.base import BigId, aliased
from fedishare.db.notices import Notice, NoticePolicy
from fedishare.db.people import Actor
from fedishare.domain.kinds import NoticeKind
from fedishare.domain.notices import Verdict
from fedishare.queries import held
from fedishare.queries.cards import Card, Face, cards, face, face_columns, faces
from fedishare.queries.timelines import NEWEST

PAGE: Final = 30


# Of these a person is told for themselves, and for the rooms and collections they look after.
_FOR_ROOMS: Final = frozenset({NoticeKind.FOLLOW, NoticeKind.FOLLOW_REQUEST})


class NoticeLine(NamedTuple):
    """`room` is the one that somebody came into, or asks to come into, where a room is meant and not the reader.

    Or the collection that they follow.
    """

    id: int
    kind: NoticeKind
    actor: Face
    post: Card | None
    line: str
    created_at: datetime
    seen: bool
    room: Face | None


_me: Final = bindparam("recipient", type_=BigId)
RECENT: Final = (
    select(
        Notice.id,
        Notice.kind,
        Notice.post_id,
        Notice.line,
        Notice.created_at,
        Notice.seen_at,
        Notice.cause,
        *face_columns(Actor),
    )
    .join(Actor, Actor.id == Notice.actor_id)
    .where(Notice.recipient_id == _me, Notice.id < bindparam("before"))
    .where(Actor.suspended_at.is_(None), ~held.judged(Verdict.DROP, _me))
    .where(or_(bindparam("with_held", type_=Boolean()), ~held.judged(Verdict.FILTER, _me)))
    .order_by(Notice.id.desc())
    .limit(bindparam("limit"))
)
_decided: Final[Any] = aliased(NoticePolicy)
# Nearly nobody decided anything: it begins there, and looks through the notices of whoever did.
HELD: Final = (
    select(func.count())
    .select_from(_decided)
    .join(Notice, Notice.recipient_id == _decided.actor_id)
    .join(Actor, Actor.id == Notice.actor_id)
    .where(_decided.actor_id == _me, Actor.suspended_at.is_(None), held.judged(Verdict.FILTER, _me))
)


def recent(
    tx: Connection, *, recipient: int, now: datetime, before: int = NEWEST, limit: int = PAGE, with_held: bool = False
) -> list[NoticeLine]:
    """A page, without what the reader dropped, nor, unless asked for, what they had held back."""
    values = {"recipient": recipient, "before": before, "limit": limit, "with_held": with_held}
    rows = tx.execute(RECENT, values | {"new_since": held.since(now)}).all()
    posts = {card.id: card for card in cards(tx, [row.post_id for row in rows if row.post_id], viewer=recipient)}
    meant = {row[0]: _room_id(row[1], row.cause) for row in rows}
    rooms = faces(tx, [room_id for room_id in meant.values() if room_id is not None])
    return [
        NoticeLine(
            row[0],
            row[1],
            face(row[7:]),
            posts.get(row.post_id),
            row.line,
            row.created_at,
            row.seen_at is not None,
            rooms.get(meant[row[0]] or 0),
        )
        for row in rows
    ]


def _room_id(kind: NoticeKind, cause: str) -> int | None:
    """From the cause as `services.notices.into_room` spells it."""
    room_id = cause.partition(" ")[2] if kind in _FOR_ROOMS else ""
    return int(room_id) if room_id.isdecimal() else None


def waiting(tx: Connection, *, recipient: int, now: datetime) -> int:
    """How many are held back until the reader agrees."""
    return tx.scalar(HELD, {"recipient": recipient, "new_since": held.since(now)}) or 0
