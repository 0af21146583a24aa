"""Filters as apps read them, in both versions, and what they made of a post."""

import msgspec
from msgspec import UNSET, UnsetType

from fedishare.api.calls import stamp_or_none
from fedishare.domain.filters import FilterAction
from fedishare.queries.filters import FilterRow, KeywordRow, StatusRow


class FilterKeyword(msgspec.Struct, frozen=True):
    id: str
    keyword: str
    whole_word: bool


class FilterStatus(msgspec.Struct, frozen=True):
    id: str
    status_id: str


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Within the result of a post it comes without its keywords and posts."""

    id: str
    title: str
    context: tuple[str, ...]
    expires_at: str | None
    filter_action: str
    keywords: tuple[FilterKeyword, ...] | UnsetType = UNSET
    statuses: tuple[FilterStatus, ...] | UnsetType = UNSET


class FilterResult(msgspec.Struct, frozen=True, kw_only=True):
    """Which filter a post met, and by which of its keywords, or because it was named."""

    filter: Filter
    keyword_matches: tuple[str, ...]
    status_matches: tuple[str, ...]


class V1Filter(msgspec.Struct, frozen=True, kw_only=True):
    """The first version knew keywords alone: its filter is one of ours with one of its keywords."""

    id: str
    phrase: str
    context: tuple[str, ...]
    whole_word: bool
    expires_at: str | None
    irreversible: bool


def keyword(row: KeywordRow) -> FilterKeyword:
    return FilterKeyword(str(row.id), row.keyword, row.whole_word)


def status(row: StatusRow) -> FilterStatus:
    return FilterStatus(str(row.id), str(row.post_id))


def brief(row: FilterRow) -> Filter:
    return Filter(
        id=str(row.id),
        title=row.title,
        context=tuple(row.contexts),
        expires_at=stamp_or_none(row.expires_at),
        filter_action=row.action,
    )


def full(row: FilterRow) -> Filter:
    keywords, statuses = tuple(map(keyword, row.keywords)), tuple(map(status, row.statuses))
    return msgspec.structs.replace(brief(row), keywords=keywords, statuses=statuses)


def first_version(row: FilterRow) -> list[V1Filter]:
    return [of_keyword(row, each) for each in row.keywords]


def of_keyword(row: FilterRow, one: KeywordRow) -> V1Filter:
    return V1Filter(
        id=str(one.id),
        phrase=one.keyword,
        context=tuple(row.contexts),
        whole_word=one.whole_word,
        expires_at=stamp_or_none(row.expires_at),
        irreversible=row.action is FilterAction.HIDE,
    )
