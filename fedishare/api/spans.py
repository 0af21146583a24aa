"""From the page that an app asks for to the part of a timeline that is read, and back to its answer."""

from collections.abc import Sequence

from sqlalchemy import Connection

from fedishare.api.calls import Answer, Call, Page
from fedishare.api.entities import statuses
from fedishare.api.entities.statuses import Line
from fedishare.queries.lines import Row, Span


def span_of(page: Page) -> Span:
    return Span(page.before, page.above, page.is_upward, page.limit)


def answer(tx: Connection, call: Call, rows: Sequence[Row], page: Page) -> Answer:
    """A page of a timeline."""
    values = statuses.shown(tx, call, [Line(row.post, row.boost_id) for row in rows])
    newest, oldest = (rows[0].key, rows[-1].key) if rows else (None, None)
    return call.listed(values, page=page, newest=newest, oldest=oldest)
