"""Posts that wait for their time: listed, moved to another time, taken back."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from fedishare.api import wishes
from fedishare.api.calls import Answer, Call, nothing
from fedishare.api.entities import scheduled as entities
from fedishare.api.entities.scheduled import ScheduledStatus
from fedishare.api.routes import Routes
from fedishare.api.spans import span_of
from fedishare.core.errors import Invalid
from fedishare.queries import uploaded, waiting
from fedishare.services import scheduled

MOST_A_DAY: Final = 25

routes: Final = Routes()


@routes.reads("GET", "/api/v1/scheduled_statuses", scope="read:statuses")
def listed(tx: Connection, call: Call) -> Answer:
    page = call.page(usual=20)
    rows = waiting.page(tx, keeper=call.person, author=call.me, span=span_of(page))
    pictures = uploaded.by_keys(tx, keys=[key for row in rows for key in entities.draft_of(row).media])
    values = [entities.waiting(call, row, pictures) for row in rows]
    newest, oldest = (rows[0].id, rows[-1].id) if rows else (None, None)
    return call.listed(values, page=page, newest=newest, oldest=oldest)


@routes.reads("GET", "/api/v1/scheduled_statuses/{id}", scope="read:statuses")
def show(tx: Connection, call: Call) -> ScheduledStatus:
    return one(tx, call, call.id())


def one(tx: Connection, call: Call, scheduled_id: int) -> ScheduledStatus:
    """Raises NotFound for what was posted or taken back by now, and for what is not theirs."""
    row = waiting.one(tx, keeper=call.person, author=call.me, scheduled_id=scheduled_id)
    if row is None:
        raise nothing()
    return entities.waiting(call, row, uploaded.by_keys(tx, keys=entities.draft_of(row).media))


@routes.writes("PUT", "/api/v1/scheduled_statuses/{id}", scope="write:statuses")
def move(tx: Connection, call: Call) -> ScheduledStatus:
    scheduled_id = call.id()
    row = waiting.one(tx, keeper=call.person, author=call.me, scheduled_id=scheduled_id)
    if row is None:
        raise nothing()
    due = wishes.due(call)
    if due is None:
        raise Invalid("Validation failed: Scheduled at can't be blank")
    refuse_day(tx, call, due)
    scheduled.change(tx, call.here, scheduled_id=scheduled_id, by_id=call.person, draft=entities.draft_of(row), due=due)
    return one(tx, call, scheduled_id)


@routes.writes("DELETE", "/api/v1/scheduled_statuses/{id}", scope="write:statuses")
def cancel(tx: Connection, call: Call) -> None:
    one(tx, call, call.id())
    scheduled.cancel(tx, scheduled_id=call.id(), by_id=call.person)


def refuse_day(tx: Connection, call: Call, day: datetime) -> None:
    """Raises Invalid where enough waits for that day already."""
    if waiting.on_day(tx, keeper=call.person, day=day) >= MOST_A_DAY:
        raise Invalid(f"Up to {MOST_A_DAY} posts can be scheduled for one day.")
