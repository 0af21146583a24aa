"""The library as a page: what was chosen, read from its address and written back, and what may be chosen next."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import urlencode

import msgspec
from multidict import MultiMapping
from sqlalchemy import Connection

from fedishare.domain import formats, vocabularies
from fedishare.queries import resources, search
from fedishare.queries.search import MOST_CHOSEN, MOST_PAGES, Choice, Counts, Found
from fedishare.web.choices import LANGUAGES

LONGEST: Final = 500
LONGEST_VALUE: Final = 200
MOST_OPTIONS: Final = 40
# What a facet is called in the address, and in a Choice.
NAMES: Final = MappingProxyType(
    {
        "subject": "subjects",
        "level": "levels",
        "type": "types",
        "licence": "licences",
        "language": "languages",
        "format": "formats",
        "host": "hosts",
    }
)
_LANGUAGES: Final = dict(LANGUAGES)


class Option(NamedTuple):
    """`many` is how many would be found with it, beside what is chosen elsewhere."""

    value: str
    label: str
    many: int
    is_on: bool


class Facet(NamedTuple):
    name: str
    options: tuple[Option, ...]

    @property
    def is_open(self) -> bool:
        return any(option.is_on for option in self.options)


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
    scheme = resources.preset(tx, actor_id=viewer).scheme or vocabularies.DEFAULT_SCHEME
    changed = msgspec.structs.replace
    return Shelf(
        found,
        tuple(_facet(name, choice, found.counts, scheme) for name in NAMES),
        tuple(_chips(choice)),
        address(changed(choice, page=choice.page - 1)) if choice.page > 1 else None,
        address(changed(choice, page=choice.page + 1)) if found.has_more and choice.page < MOST_PAGES else None,
        address(Choice(words=choice.words, by_newest=choice.by_newest)),
    )


def _facet(name: str, choice: Choice, counts: Counts, scheme: str) -> Facet:
    chosen: tuple[str, ...] = getattr(choice, NAMES[name])
    if name == "level":
        counted: Mapping[str, int] = counts.levels
        slugs = [level.slug for level in vocabularies.LEVELS if level.scheme == scheme or level.slug in chosen]
    else:
        counted = counts.facets[NAMES[name]]
        slugs = sorted({*counted, *chosen}, key=lambda slug: (slug not in chosen, -counted.get(slug, 0), slug))
    listed = [Option(slug, label(name, slug), counted.get(slug, 0), slug in chosen) for slug in slugs]
    return Facet(name, tuple(option for option in listed if option.many or option.is_on)[:MOST_OPTIONS])


def _chips(choice: Choice) -> Iterator[Chip]:
    plain = msgspec.structs.replace(choice, page=1)
    for name, facet in NAMES.items():
        chosen: tuple[str, ...] = getattr(choice, facet)
        for value in chosen:
            rest = tuple(other for other in chosen if other != value)
            yield Chip(label(name, value), address(msgspec.structs.replace(plain, **{facet: rest})))
    if choice.may_adapt:
        yield Chip("", address(msgspec.structs.replace(plain, may_adapt=False)))


def label(name: str, slug: str) -> str:
    """A value of a facet as people say it; what is in none of our lists stands for itself."""
    return _LABELS[name](slug) or slug


def _listed(found: vocabularies.Subject | vocabularies.Level | vocabularies.ResourceType | None) -> str | None:
    return found.label if found is not None else None


def _licence(slug: str) -> str | None:
    found = vocabularies.licence(slug)
    return found.short if found is not None else None


_LABELS: Final[Mapping[str, Callable[[str], str | None]]] = MappingProxyType(
    {
        "subject": lambda slug: _listed(vocabularies.subject(slug)),
        "level": lambda slug: _listed(vocabularies.level(slug)),
        "type": lambda slug: _listed(vocabularies.resource_type(slug)),
        "licence": _licence,
        "language": _LANGUAGES.get,
        "format": formats.LABELS.get,
        "host": lambda _: None,
    }
)
