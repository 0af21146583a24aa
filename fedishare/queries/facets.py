"""What a search of the library may be narrowed by next: each facet with its values in words, and what each leaves."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from sqlalchemy import Connection

from fedishare.domain import formats, vocabularies
from fedishare.domain.languages import LANGUAGES
from fedishare.queries import resources
from fedishare.queries.search import Choice, Counts

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


def facets(tx: Connection, choice: Choice, counts: Counts, *, viewer: int) -> tuple[Facet, ...]:
    """All of them, in the years and stages of the viewer's scheme."""
    scheme = resources.preset(tx, actor_id=viewer).scheme or vocabularies.DEFAULT_SCHEME
    return tuple(_facet(name, choice, counts, scheme) for name in NAMES)


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
