"""What somebody was told, newest first."""

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from fedishare.db.notices import Notice
from fedishare.db.people import Actor
from fedishare.domain.kinds import NoticeKind
from fedishare.queries.cards import Card, Face, cards, face, face_columns
from fedishare.queries.timelines import NEWEST

PAGE: Final = 30


class NoticeLine(NamedTuple):
    id: int
    kind: NoticeKind
    actor: Face
    post: Card | None
    line: str
    created_at: datetime
    seen: bool


RECENT: Final = (
    select(
        Notice.id,
        Notice.kind,
        Notice.post_id,
        Notice.line,
        Notice.created_at,
        Notice.seen_at,
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
    return [
        NoticeLine(
            row[0], row[1], face(row[6:]), posts.get(row.post_id), row.line, row.created_at, row.seen_at is not None
        )
        for row in rows
    ]


def unseen(tx: Connection, *, recipient: int) -> int:
    return tx.scalar(UNSEEN, {"recipient": recipient}) or 0
