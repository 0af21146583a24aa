"""Which filters of somebody the posts meet that they are about to be shown.

Filters are made ready once for each person, and kept until they change (a few seconds, where another process changed
them). Looking costs no statement then, and nothing at all for whoever has no filter.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection

from fedishare.api.calls import Call
from fedishare.api.entities import filters as entities
from fedishare.api.entities.filters import Filter, FilterResult
from fedishare.domain.filters import FilterContext, Phrase, fold, found, phrase
from fedishare.queries import filters


class Sieve(NamedTuple):
    """A filter ready for use."""

    entity: Filter
    expires_at: datetime | None
    phrases: tuple[Phrase, ...]
    posts: frozenset[int]

    def is_for(self, context: FilterContext | None, now: datetime) -> bool:
        is_over = self.expires_at is not None and self.expires_at <= now
        return not is_over and (context is None or context in self.entity.context)


def matches(
    tx: Connection,
    call: Call,
    ids: Iterable[int],
    text_of: Callable[[int], str],
    *,
    context: FilterContext | None = None,
) -> dict[int, tuple[FilterResult, ...]]:
    """By id of a post, the filters of the viewer that it meets; posts that meet none are not in it.

    `text_of` answers with all that is to be searched of a post as plain text: its warning, title, words, the options
    of its poll, and what is said of its pictures. It is asked only where somebody has filters. Without a `context` all
    filters count, and the app, which is told of each where it counts, chooses.
    """
    if call.viewer is None:
        return {}
    kept = call.kept.filters.get([call.viewer], partial(_ready, tx), at=call.moment)
    sieves = [sieve for sieve in kept[call.viewer] if sieve.is_for(context, call.now)]
    if not sieves:
        return {}
    results = {key: _results(sieves, key, fold(text_of(key))) for key in ids}
    return {key: met for key, met in results.items() if met}


def _results(sieves: list[Sieve], post_id: int, folded: str) -> tuple[FilterResult, ...]:
    met = []
    for sieve in sieves:
        words = found(sieve.phrases, folded)
        is_named = post_id in sieve.posts
        if words or is_named:
            named = (str(post_id),) if is_named else ()
            met.append(FilterResult(filter=sieve.entity, keyword_matches=words, status_matches=named))
    return tuple(met)


def _ready(tx: Connection, owners: list[int]) -> dict[int, tuple[Sieve, ...]]:
    return {owner: tuple(map(_sieve, filters.of(tx, owner_id=owner))) for owner in owners}


def _sieve(row: filters.FilterRow) -> Sieve:
    phrases = tuple(phrase(each.keyword, whole_word=each.whole_word) for each in row.keywords)
    return Sieve(entities.brief(row), row.expires_at, phrases, frozenset(each.post_id for each in row.statuses))
