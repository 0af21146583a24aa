"""Filters: GET, POST, PUT and DELETE of them, their keywords and their posts."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from fedishare.api import acting
from fedishare.api.calls import Call, nothing
from fedishare.api.entities import filters as entities
from fedishare.api.entities.filters import Filter, FilterKeyword, FilterStatus
from fedishare.api.params import Params
from fedishare.api.routes import Routes
from fedishare.core.errors import Invalid
from fedishare.domain.filters import FilterAction
from fedishare.queries import filters
from fedishare.queries.filters import FilterRow, KeywordRow, StatusRow
from fedishare.services import filters as services
from fedishare.services.filters import KeywordChange, Wording

LONGEST: Final = timedelta(days=36_500)

routes: Final = Routes()


@routes.reads("GET", "/api/v2/filters", scope="read:filters")
def show_all(tx: Connection, call: Call) -> list[Filter]:
    return [entities.full(row) for row in filters.of(tx, owner_id=call.me)]


@routes.writes("POST", "/api/v2/filters", scope="write:filters")
def create(tx: Connection, call: Call) -> Filter:
    sent = call.params
    wording = Wording(sent.text("title"), sent.texts("context"), _action(sent), until(call))
    made = services.create(tx, call.here, owner_id=acting.me(tx, call), wording=wording, keywords=_keywords(sent))
    return entities.full(made)


@routes.reads("GET", "/api/v2/filters/keywords/{id}", scope="read:filters")
def show_keyword(tx: Connection, call: Call) -> FilterKeyword:
    return entities.keyword(_own_keyword(tx, call)[1])


@routes.writes("PUT", "/api/v2/filters/keywords/{id}", scope="write:filters")
def change_keyword(tx: Connection, call: Call) -> FilterKeyword:
    row, _ = _own_keyword(tx, call)
    change = _keyword(call.params)._replace(id=call.id())
    services.revise(tx, call.here, owner_id=acting.me(tx, call), filter_id=row.id, keywords=[change])
    return entities.keyword(_own_keyword(tx, call)[1])


@routes.writes("DELETE", "/api/v2/filters/keywords/{id}", scope="write:filters")
def remove_keyword(tx: Connection, call: Call) -> None:
    services.remove_keyword(tx, call.here, owner_id=acting.me(tx, call), keyword_id=call.id())


@routes.reads("GET", "/api/v2/filters/statuses/{id}", scope="read:filters")
def show_status(tx: Connection, call: Call) -> FilterStatus:
    return entities.status(_own_status(tx, call))


@routes.writes("DELETE", "/api/v2/filters/statuses/{id}", scope="write:filters")
def remove_status(tx: Connection, call: Call) -> FilterStatus:
    shown = entities.status(_own_status(tx, call))
    services.remove_status(tx, call.here, owner_id=acting.me(tx, call), status_id=call.id())
    return shown


@routes.reads("GET", "/api/v2/filters/{id}", scope="read:filters")
def show(tx: Connection, call: Call) -> Filter:
    return entities.full(_own(tx, call))


@routes.writes("PUT", "/api/v2/filters/{id}", scope="write:filters")
def change(tx: Connection, call: Call) -> Filter:
    row, sent = _own(tx, call), call.params
    wording = Wording(
        sent.text("title", row.title),
        sent.texts("context") if "context" in sent else row.contexts,
        _action(sent, row.action),
        until(call) if "expires_in" in sent else row.expires_at,
    )
    keywords = _keywords(sent)
    return entities.full(
        services.revise(
            tx, call.here, owner_id=acting.me(tx, call), filter_id=row.id, wording=wording, keywords=keywords
        )
    )


@routes.writes("DELETE", "/api/v2/filters/{id}", scope="write:filters")
def remove(tx: Connection, call: Call) -> None:
    services.remove(tx, call.here, owner_id=acting.me(tx, call), filter_id=call.id())


@routes.reads("GET", "/api/v2/filters/{id}/keywords", scope="read:filters")
def show_keywords(tx: Connection, call: Call) -> list[FilterKeyword]:
    return [entities.keyword(each) for each in _own(tx, call).keywords]


@routes.writes("POST", "/api/v2/filters/{id}/keywords", scope="write:filters")
def add_keyword(tx: Connection, call: Call) -> FilterKeyword:
    added = _keyword(call.params)
    row = services.revise(tx, call.here, owner_id=acting.me(tx, call), filter_id=call.id(), keywords=[added])
    return entities.keyword(row.keywords[-1])


@routes.reads("GET", "/api/v2/filters/{id}/statuses", scope="read:filters")
def show_statuses(tx: Connection, call: Call) -> list[FilterStatus]:
    return [entities.status(each) for each in _own(tx, call).statuses]


@routes.writes("POST", "/api/v2/filters/{id}/statuses", scope="write:filters")
def add_status(tx: Connection, call: Call) -> FilterStatus:
    _own(tx, call)
    post_id = next(iter(call.params.ids("status_id")), None)
    if post_id is None:
        raise nothing()
    made = services.add_status(tx, call.here, owner_id=acting.me(tx, call), filter_id=call.id(), post_id=post_id)
    return FilterStatus(str(made), str(post_id))


def _own(tx: Connection, call: Call) -> FilterRow:
    row = filters.one(tx, owner_id=call.me, filter_id=call.id())
    if row is None:
        raise nothing()
    return row


def _own_keyword(tx: Connection, call: Call) -> tuple[FilterRow, KeywordRow]:
    found = filters.of_keyword(tx, owner_id=call.me, keyword_id=call.id())
    if found is None:
        raise nothing()
    return found


def _own_status(tx: Connection, call: Call) -> StatusRow:
    found = filters.of_status(tx, owner_id=call.me, status_id=call.id())
    if found is None:
        raise nothing()
    return found[1]


def until(call: Call) -> datetime | None:
    """When a filter ends, which is sent as seconds from now; never, where nothing is said."""
    seconds = call.params.whole("expires_in")
    if seconds is None:
        return None
    if seconds <= 0 or seconds > LONGEST.total_seconds():
        raise Invalid("Validation failed: expires_in is a number of seconds from now.")
    return call.now + timedelta(seconds=seconds)


def _action(sent: Params, former: FilterAction = FilterAction.WARN) -> str:
    return sent.text("filter_action") or former


def _keywords(sent: Params) -> list[KeywordChange]:
    return [_keyword(each) for each in sent.each("keywords_attributes")]


def _keyword(sent: Params) -> KeywordChange:
    return KeywordChange(
        id=next(iter(sent.ids("id")), 0) if sent.text("id") else None,
        keyword=sent.text("keyword") if "keyword" in sent else None,
        whole_word=sent.flag("whole_word"),
        is_removed=bool(sent.flag("_destroy")),
    )
