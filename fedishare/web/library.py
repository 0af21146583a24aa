"""The library as a page: what was chosen, read from its address and written back, and what may be chosen next."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple
from urllib.parse import urlencode

import msgspec
from multidict import MultiMapping
from sqlalchemy import Connection

from fedishare.queries import facets, search
from fedishare.queries.facets import NAMES, Facet, label
from fedishare.queries.search import MOST_CHOSEN, MOST_PAGES, Choice, Found

LONGEST: Final = 500
LONGEST_VALUE: Final = 200


class Chip(NamedTuple):
    """Something that was chosen, and the address of the same search without it."""

    label: str
    drop: str


class Shelf(NamedTuple):
    """All that the page shows. The chip of "may be adapted" has no label; `without` leads to the words alone."""

    found: Found
    facets: tuple[Facet, ...]
    chips: tuple[Chip, ...]
    newer: str | None
    older: str | None
    without: str


def read(query: MultiMapping[str]) -> Choice:
    """What an address asks for; what makes no sense is left out."""
    chosen = {facet: _values(query.getall(name, [])) for name, facet in NAMES.items()}
    page = query.get("page", "")
    is_page = page.isdecimal() and len(page) <= len(str(MOST_PAGES))
    plain = Choice(
        words=query.get("q", "").strip()[:LONGEST],
        may_adapt=query.get("adapt") == "1",
        by_newest=query.get("sort") == "newest",
        page=min(max(int(page), 1), MOST_PAGES) if is_page else 1,
    )
    return msgspec.structs.replace(plain, **chosen)


def _values(said: Iterable[str]) -> tuple[str, ...]:
    whole = (value for value in said if value and value.isprintable() and len(value) <= LONGEST_VALUE)
    return tuple(dict.fromkeys(whole))[:MOST_CHOSEN]


def address(choice: Choice) -> str:
    """Where this search is found."""
    pairs = [("in", "library"), ("q", choice.words)] if choice.words else [("in", "library")]
    pairs += [(name, value) for name, facet in NAMES.items() for value in getattr(choice, facet)]
    pairs += [("adapt", "1")] if choice.may_adapt else []
    pairs += [("sort", "newest")] if choice.by_newest else []
    pairs += [("page", str(choice.page))] if choice.page > 1 else []
    return f"/search?{urlencode(pairs)}"


def look(tx: Connection, choice: Choice, *, viewer: int) -> Shelf:
    """The page that a choice leads to, in the years and stages of the viewer's scheme."""
    found = search.find(tx, choice, viewer=viewer)
    changed = msgspec.structs.replace
    return Shelf(
        found,
        facets.facets(tx, choice, found.counts, viewer=viewer),
        tuple(_chips(choice)),
        address(changed(choice, page=choice.page - 1)) if choice.page > 1 else None,
        address(changed(choice, page=choice.page + 1)) if found.has_more and choice.page < MOST_PAGES else None,
        address(Choice(words=choice.words, by_newest=choice.by_newest)),
    )


def _chips(choice: Choice) -> Iterator[Chip]:
    plain = msgspec.structs.replace(choice, page=1)
    for name, facet in NAMES.items():
        chosen: tuple[str, ...] = getattr(choice, facet)
        for value in chosen:
            rest = tuple(other for other in chosen if other != value)
            yield Chip(label(name, value), address(msgspec.structs.replace(plain, **{facet: rest})))
    if choice.may_adapt:
        yield Chip("", address(msgspec.structs.replace(plain, may_adapt=False)))
