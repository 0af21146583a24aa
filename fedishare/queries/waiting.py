"""Posts that wait for their time, for whoever may change them, by as whom they speak."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from fedishare.db.handles import Scheduled
from fedishare.queries.lines import Span


class Waiting(NamedTuple):
    """`draft` is what was kept of it, to be read by who writes it."""

    id: int
    draft: bytes
    due_at: datetime


_waiting: Final = select(Scheduled.id, Scheduled.draft, Scheduled.due_at).where(
    Scheduled.keeper_id == bindparam("keeper"), Scheduled.author_id == bindparam("author")
)
_page: Final = _waiting.where(Scheduled.id < bindparam("before"), Scheduled.id > bindparam("above")).limit(
    bindparam("limit")
)
DOWN: Final = _page.order_by(Scheduled.id.desc())
UP: Final = _page.order_by(Scheduled.id)
ONE: Final = _waiting.where(Scheduled.id == bindparam("scheduled"))
ON_DAY: Final = (
    select(func.count())
    .select_from(Scheduled)
    .where(
        Scheduled.keeper_id == bindparam("keeper"),
        Scheduled.due_at >= bindparam("since"),
        Scheduled.due_at < bindparam("until"),
    )
)


def page(tx: Connection, *, keeper: int, author: int, span: Span) -> list[Waiting]:
    """What somebody may change, newest first."""
    values = {"keeper": keeper, "author": author, "before": span.before, "above": span.above, "limit": span.limit}
    rows = [Waiting(*row) for row in tx.execute(UP if span.is_upward else DOWN, values)]
    return rows[::-1] if span.is_upward else rows


def one(tx: Connection, *, keeper: int, author: int, scheduled_id: int) -> Waiting | None:
    row = tx.execute(ONE, {"keeper": keeper, "author": author, "scheduled": scheduled_id}).one_or_none()
    return Waiting(*row) if row is not None else None


def on_day(tx: Connection, *, keeper: int, day: datetime) -> int:
    """How many of somebody's posts wait for this day."""
    since = day.replace(hour=0, minute=0, second=0, microsecond=0)
    return tx.scalar(ON_DAY, {"keeper": keeper, "since": since, "until": since + timedelta(days=1)}) or 0
