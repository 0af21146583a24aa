"""What somebody was told, newest first."""

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from fedishare.db.notices import Notice
from fedishare.db.people import Actor
from fedishare.domain.kinds import NoticeKind
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
    .where(Notice.recipient_id == bindparam("recipient"), Notice.id < bindparam("before"))
    .where(Actor.suspended_at.is_(None))
    .order_by(Notice.id.desc())
    .limit(bindparam("limit"))
)
UNSEEN: Final = (
    select(func.count())
    .select_from(Notice)
    .where(Notice.recipient_id == bindparam("recipient"), Notice.seen_at.is_(None))
)


def recent(tx: Connection, *, recipient: int, before: int = NEWEST, limit: int = PAGE) -> list[NoticeLine]:
    rows = tx.execute(RECENT, {"recipient": recipient, "before": before, "limit": limit}).all()
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


def unseen(tx: Connection, *, recipient: int) -> int:
    return tx.scalar(UNSEEN, {"recipient": recipient}) or 0
