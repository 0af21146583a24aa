"""Somebody's filters, with their keywords and posts: three statements, however many there are."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, select

from fedishare.db.filters import Filter, FilterKeyword, FilterStatus
from fedishare.domain.filters import FilterAction


class KeywordRow(NamedTuple):
    id: int
    filter_id: int
    keyword: str
    whole_word: bool


class StatusRow(NamedTuple):
    id: int
    filter_id: int
    post_id: int


class FilterRow(NamedTuple):
    id: int
    title: str
    contexts: Sequence[str]
    action: FilterAction
    expires_at: datetime | None
    keywords: tuple[KeywordRow, ...]
    statuses: tuple[StatusRow, ...]


FILTERS: Final = (
    select(Filter.id, Filter.title, Filter.contexts, Filter.action, Filter.expires_at)
    .where(Filter.owner_id == bindparam("owner"))
    .order_by(Filter.id)
)
KEYWORDS: Final = (
    select(FilterKeyword.id, FilterKeyword.filter_id, FilterKeyword.keyword, FilterKeyword.whole_word)
    .join(Filter, Filter.id == FilterKeyword.filter_id)
    .where(Filter.owner_id == bindparam("owner"))
    .order_by(FilterKeyword.id)
)
STATUSES: Final = (
    select(FilterStatus.id, FilterStatus.filter_id, FilterStatus.post_id)
    .join(Filter, Filter.id == FilterStatus.filter_id)
    .where(Filter.owner_id == bindparam("owner"))
    .order_by(FilterStatus.id)
)


def of(tx: Connection, *, owner_id: int) -> list[FilterRow]:
    """All that somebody has, those that are over included, the oldest first."""
    rows = tx.execute(FILTERS, {"owner": owner_id}).all()
    if not rows:
        return []
    keywords, statuses = defaultdict[int, list[KeywordRow]](list), defaultdict[int, list[StatusRow]](list)
    for keyword in tx.execute(KEYWORDS, {"owner": owner_id}):
        keywords[keyword.filter_id].append(KeywordRow(*keyword))
    for status in tx.execute(STATUSES, {"owner": owner_id}):
        statuses[status.filter_id].append(StatusRow(*status))
    return [FilterRow(*row, tuple(keywords[row.id]), tuple(statuses[row.id])) for row in rows]


def one(tx: Connection, *, owner_id: int, filter_id: int) -> FilterRow | None:
    return next((row for row in of(tx, owner_id=owner_id) if row.id == filter_id), None)


def of_keyword(tx: Connection, *, owner_id: int, keyword_id: int) -> tuple[FilterRow, KeywordRow] | None:
    """A keyword of somebody's, and the filter that it is part of."""
    pairs = ((row, each) for row in of(tx, owner_id=owner_id) for each in row.keywords)
    return next((pair for pair in pairs if pair[1].id == keyword_id), None)


def of_status(tx: Connection, *, owner_id: int, status_id: int) -> tuple[FilterRow, StatusRow] | None:
    """A post that somebody put into a filter, by the id of its being there."""
    pairs = ((row, each) for row in of(tx, owner_id=owner_id) for each in row.statuses)
    return next((pair for pair in pairs if pair[1].id == status_id), None)
