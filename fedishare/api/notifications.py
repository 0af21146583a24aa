"""Notices one by one, as the first version of the API tells them."""

from typing import Final

from sqlalchemy import Connection

from fedishare.api import acting
from fedishare.api.calls import Answer, Call, Page, nothing
from fedishare.api.entities import notifications as entities
from fedishare.api.entities.notifications import Notification
from fedishare.api.routes import Routes
from fedishare.api.turning import turned
from fedishare.domain.notices import kinds_of
from fedishare.queries import notifications
from fedishare.queries.notifications import Wanted
from fedishare.services import notices

USUAL: Final = 40
COUNTED: Final = 100

routes: Final = Routes()


def wanted(call: Call, page: Page | None = None) -> Wanted:
    """Which notices are asked for. A type that does not exist names none."""
    sent = call.params
    types, without = frozenset(sent.texts("types")), frozenset(sent.texts("exclude_types"))
    found = Wanted(
        recipient_id=call.me,
        now=call.now,
        kinds=kinds_of(types, without=without),
        actor_id=_somebody(call),
        with_held=bool(sent.flag("include_filtered")),
    )
    return found if page is None else found._replace(before=page.before, above=page.above, is_upward=page.is_upward)


def _somebody(call: Call) -> int:
    """Whose notices alone are wanted; one whom nobody is stands for an id that is none."""
    return next(iter(call.params.ids("account_id")), -1) if call.params.text("account_id") else 0


@routes.reads("GET", "/api/v1/notifications", scope="read:notifications")
def show_all(tx: Connection, call: Call) -> Answer:
    page = call.page(usual=USUAL)
    rows = notifications.page(tx, wanted(call, page), limit=page.limit)
    shown = entities.many(tx, call, rows)
    # What there is nothing to show of any more is left out, and the page is no shorter for whoever turns it.
    return turned(call, shown, page=page, keys=[row.id for row in rows])


@routes.reads("GET", "/api/v1/notifications/unread_count", scope="read:notifications")
def count(tx: Connection, call: Call) -> dict[str, int]:
    limit = call.page(usual=COUNTED, most=notifications.MOST_COUNTED).limit
    rows = notifications.page(tx, wanted(call)._replace(unseen_only=True), limit=limit)
    return {"count": len(rows)}


@routes.writes("POST", "/api/v1/notifications/clear", scope="write:notifications")
def clear(tx: Connection, call: Call) -> None:
    notices.clear(tx, recipient_id=acting.me(tx, call), kinds=notifications.ALL_KINDS)


@routes.writes("POST", "/api/v1/notifications/dismiss", scope="write:notifications")
def dismiss_named(tx: Connection, call: Call) -> None:
    """As the oldest apps do it, with the id in the body."""
    _dismiss(tx, call, next(iter(call.params.ids("id")), 0))


@routes.reads("GET", "/api/v1/notifications/{id}", scope="read:notifications")
def show(tx: Connection, call: Call) -> Notification:
    row = notifications.one(tx, Wanted(call.me, call.now), notice_id=call.id())
    shown = entities.many(tx, call, [row]) if row is not None else []
    if not shown:
        raise nothing()
    return shown[0]


@routes.writes("POST", "/api/v1/notifications/{id}/dismiss", scope="write:notifications")
def dismiss(tx: Connection, call: Call) -> None:
    _dismiss(tx, call, call.id())


def _dismiss(tx: Connection, call: Call, notice_id: int) -> None:
    if notifications.one(tx, Wanted(call.me, call.now), notice_id=notice_id) is None:
        raise nothing()
    notices.dismiss(tx, recipient_id=acting.me(tx, call), ids=[notice_id])
