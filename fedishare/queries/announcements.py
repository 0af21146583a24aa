"""What the school tells everybody here, as one of them sees it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, case, exists, func, or_, select

from fedishare.db.announcements import Announcement, AnnouncementReaction, AnnouncementReader
from fedishare.db.base import BigId, UtcDateTime

MOST: Final = 50


class Told(NamedTuple):
    id: int
    source: str
    content: str
    published_at: datetime
    updated_at: datetime
    ends_at: datetime | None
    is_read: bool


class Said(NamedTuple):
    """An emoji under an announcement: how many gave it, and whether the reader is one of them."""

    name: str
    times: int
    is_mine: bool


_me: Final = bindparam("me", type_=BigId)
_is_read = exists().where(AnnouncementReader.announcement_id == Announcement.id, AnnouncementReader.actor_id == _me)
_all = select(
    Announcement.id,
    Announcement.source,
    Announcement.content,
    Announcement.published_at,
    Announcement.updated_at,
    Announcement.ends_at,
    _is_read.label("is_read"),
)
_current = _all.where(
    or_(Announcement.ends_at.is_(None), Announcement.ends_at > bindparam("now", type_=UtcDateTime()))
).order_by(Announcement.id.desc())
CURRENT: Final = _current.limit(MOST)
UNREAD: Final = _current.where(~_is_read).limit(MOST)
ONE: Final = _all.where(Announcement.id == bindparam("one"))
REACTIONS: Final = (
    select(
        AnnouncementReaction.announcement_id,
        AnnouncementReaction.name,
        func.count(),
        func.max(case((AnnouncementReaction.actor_id == _me, 1), else_=0)),
    )
    .where(AnnouncementReaction.announcement_id.in_(bindparam("ids", expanding=True)))
    .group_by(AnnouncementReaction.announcement_id, AnnouncementReaction.name)
    .order_by(func.min(AnnouncementReaction.created_at), AnnouncementReaction.name)
)


def current(tx: Connection, *, me: int, now: datetime, with_read: bool) -> list[Told]:
    """What is told now, the latest first; what one has read already only where it is asked for."""
    rows = tx.execute(CURRENT if with_read else UNREAD, {"me": me, "now": now})
    return [Told(*row) for row in rows]


def one(tx: Connection, *, announcement_id: int, me: int) -> Told | None:
    row = tx.execute(ONE, {"one": announcement_id, "me": me}).one_or_none()
    return Told(*row) if row else None


def reactions(tx: Connection, *, me: int, ids: Iterable[int]) -> dict[int, list[Said]]:
    """What is said to each of these, the first emoji first."""
    found: dict[int, list[Said]] = {each: [] for each in ids}
    if found:
        for row in tx.execute(REACTIONS, {"me": me, "ids": list(found)}):
            found[row[0]].append(Said(row[1], row[2], bool(row[3])))
    return found
