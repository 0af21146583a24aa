"""What another server describes its resources with, looked up in our lists; what we do not know keeps its words."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

from fedishare.as2.types import Concept, Learning
from fedishare.domain import markup, vocabularies
from fedishare.domain.terms import Basis, Term, TermKind

MOST_OF_A_KIND: Final = 10
MOST_KEYWORDS: Final = 50
LONGEST_WORD: Final = 100
LONGEST_OBJECTIVE: Final = 500
LONGEST_TITLE: Final = 300

_AGES: Final = re.compile(r"([0-9]{1,2})\s*(?:[-\u2013]\s*([0-9]{1,2})?)?")

Ages = tuple[int | None, int | None]


class _Entry(Protocol):
    @property
    def slug(self) -> str: ...
    @property
    def label(self) -> str: ...


def terms(learning: Learning) -> tuple[Term, ...]:
    """In the order in which we write them ourselves. Two names of one thing are one term."""
    levels = list(_levels(learning))
    return (
        *_unique(_known(TermKind.SUBJECT, learning.subjects, _subject)),
        *_unique(levels),
        *_unique(_stages(learning, levels)),
        *_unique(_known(TermKind.TYPE, learning.types, _type)),
        *_unique(_known(TermKind.AUDIENCE, learning.audiences, _role)),
        *_unique(_features(learning.features)),
        *_unique(_objectives(learning)),
        *_unique(_keywords(learning.keywords), most=MOST_KEYWORDS),
    )


def bases(learning: Learning) -> tuple[Basis, ...]:
    found: dict[str, Basis] = {}
    for work in learning.based_on:
        uri, licence = markup.safe_url(work.uri), markup.safe_url(work.licence or "")
        if uri is not None and uri != learning.id:
            found.setdefault(uri, Basis(uri, markup.text(work.name, limit=LONGEST_TITLE), licence))
    return tuple(found.values())


def ages(text: str) -> Ages | None:
    """`8-9`, `8` or `11-`, as schema.org writes them."""
    found = _AGES.fullmatch(text.strip())
    return (int(found[1]), int(found[2]) if found[2] else None) if found else None


def ages_of(described: Iterable[Term]) -> Ages:
    """The ages of the levels that we know, where the sender gives none."""
    slugs = (term.slug for term in described if term.kind is TermKind.LEVEL and term.slug)
    levels = [level for slug in slugs if (level := vocabularies.level(slug))]
    if not levels:
        return None, None
    return min(level.age_min for level in levels), max(level.age_max for level in levels)


def _known(
    kind: TermKind, concepts: Iterable[Concept], look_up: Callable[[Concept], tuple[_Entry, str | None] | None]
) -> Iterator[Term]:
    for concept in concepts:
        found = look_up(concept)
        if found is not None:
            entry, uri = found
            yield Term(kind, entry.slug, entry.label, uri)
        elif label := markup.text(concept.label, limit=LONGEST_WORD):
            yield Term(kind, None, label, markup.safe_url(concept.uri or ""))


def _unique(described: Iterable[Term], *, most: int = MOST_OF_A_KIND) -> list[Term]:
    first: dict[str, Term] = {}
    for term in described:
        first.setdefault(term.slug or term.label.casefold(), term)
    return list(first.values())[:most]


def _subject(concept: Concept) -> tuple[_Entry, str | None] | None:
    # KIM has one concept for politics and citizenship, so the word counts before the address.
    named = vocabularies.subject_by_label(concept.label)
    found = named or (vocabularies.subject_by_url(concept.uri) if concept.uri else None)
    return (found, found.kim) if found else None


def _type(concept: Concept) -> tuple[_Entry, str | None] | None:
    addressed = vocabularies.type_by_url(concept.uri) if concept.uri else None
    found = addressed or vocabularies.type_by_label(concept.label)
    return (found, found.url) if found else None


def _role(concept: Concept) -> tuple[_Entry, str | None] | None:
    addressed = vocabularies.role_by_url(concept.uri) if concept.uri else None
    found = addressed or vocabularies.role_by_label(concept.label)
    return (found, found.url) if found else None


def _level(concept: Concept) -> vocabularies.Level | None:
    addressed = vocabularies.level_by_url(concept.uri) if concept.uri else None
    return addressed or vocabularies.level_by_label(concept.label, framework=concept.framework)


def _levels(learning: Learning) -> Iterator[Term]:
    """What its curriculum calls it; where it names none, whatever stands for a level and is no step of ISCED."""
    free = [concept for concept in learning.stages if not _is_step(concept)]
    for concept in learning.levels or free:
        found = _level(concept)
        if found is not None:
            yield Term(TermKind.LEVEL, found.slug, found.label, found.url, found.framework)
        elif label := markup.text(concept.label, limit=LONGEST_WORD):
            framework = markup.text(concept.framework, limit=LONGEST_WORD) if concept.framework else None
            yield Term(TermKind.LEVEL, None, label, markup.safe_url(concept.uri or ""), framework or None)


def _is_step(concept: Concept) -> bool:
    return concept.uri is not None and vocabularies.isced_by_url(concept.uri) is not None


def _stages(learning: Learning, levels: Iterable[Term]) -> Iterator[Term]:
    said = {step.slug for each in learning.stages if each.uri and (step := vocabularies.isced_by_url(each.uri))}
    ours = (level for term in levels if term.slug and (level := vocabularies.level(term.slug)))
    meant = said or {step.slug for step in vocabularies.steps(ours)}
    for step in vocabularies.ISCED:
        if step.slug in meant:
            yield Term(TermKind.STAGE, step.slug, step.label, step.url)


def _features(words: Iterable[str]) -> Iterator[Term]:
    for word in words:
        known = vocabularies.feature(word)
        label = known.label if known else markup.text(word, limit=LONGEST_WORD)
        if label:
            yield Term(TermKind.FEATURE, known.slug if known else None, label)


def _objectives(learning: Learning) -> Iterator[Term]:
    for concept in learning.objectives:
        # What only counts its own sentences is no concept of anybody's.
        is_own = concept.uri is None or concept.uri.startswith(f"{learning.id}#")
        uri = None if is_own else markup.safe_url(concept.uri or "")
        if label := markup.text(concept.label, limit=LONGEST_OBJECTIVE):
            yield Term(TermKind.OBJECTIVE, None, label, uri)


def _keywords(words: Iterable[str]) -> Iterator[Term]:
    for word in words:
        if label := markup.text(word, limit=LONGEST_WORD):
            yield Term(TermKind.KEYWORD, " ".join(label.split()).casefold(), label)
