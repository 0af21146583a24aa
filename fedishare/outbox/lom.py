"""A resource as IEEE LOM has it (resources.md 3.4), in the XML of IEEE 1484.12.3."""

from collections.abc import Iterator
from typing import Final

from fedishare.core.uris import Uris
from fedishare.core.xml import Xml, element
from fedishare.domain import durations, html
from fedishare.domain.terms import Term
from fedishare.outbox import resources
from fedishare.queries.outgoing import PostFacts
from fedishare.queries.resources import ResourceRow

NAMESPACE: Final = "http://ltsc.ieee.org/xsd/LOM"
SCHEMA: Final = "http://ltsc.ieee.org/xsd/lomv1.0/lom.xsd"
_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
OUR_WORDS: Final = "en"
_LOM: Final = "LOMv1.0"
# LOM 5.5 knows four roles; those of LRMI that are none of them are left out.
_ROLES: Final = {
    "teacher": "teacher",
    "mentor": "teacher",
    "professional": "teacher",
    "student": "learner",
    "peerTutor": "learner",
    "administrator": "manager",
}
# LOM 5.6, by the step of ISCED.
_CONTEXTS: Final = {"level_5": "higher education", "level_6": "higher education", "level_A": "higher education"}
_CONTEXTS_OF_TRAINING: Final = {"level_B": "training", "level_C": "training"}


def lom(facts: PostFacts, row: ResourceRow, *, at: Uris) -> Xml:
    """The record of a resource. Elements stand in the order of the standard; absent is what nobody said."""
    return element(
        "lom",
        _general(facts, row),
        _life_cycle(facts, row, at=at),
        element("metaMetadata", element("metadataSchema", _LOM), element("language", OUR_WORDS)),
        _technical(facts),
        element("educational", *_educational(facts, row)),
        element("rights", *_rights(row)),
        *(_relation("isbasedon", basis.uri, basis.name) for basis in row.bases),
        *(_relation("ispartof", each.uri, each.name) for each in facts.anthologies),
        *_classifications(facts, row),
        xmlns=NAMESPACE,
        xmlns_xsi=_XSI,
        xsi_schemaLocation=f"{NAMESPACE} {SCHEMA}",
    )


def _general(facts: PostFacts, row: ResourceRow) -> Xml:
    language = facts.post.language
    return element(
        "general",
        element("identifier", element("catalog", "URI"), element("entry", facts.post.uri)),
        element("title", _string(facts.post.title or "", language)),
        *([element("language", language)] if language else []),
        element("description", _string(html.plain(facts.post.content), language)),
        *(element("keyword", _string(word, language)) for word in resources.keywords(facts.tags, row)),
    )


def _life_cycle(facts: PostFacts, row: ResourceRow, *, at: Uris) -> Xml:
    changed = facts.post.edited_at or facts.post.published_at
    school = facts.node_name
    return element(
        "lifeCycle",
        element("version", _string(str(row.version), OUR_WORDS)),
        element("status", *_word("final")),
        _contribution("author", facts.author.name, facts.author.url, f"{facts.post.published_at:%Y-%m-%d}"),
        *([_contribution("publisher", school, f"{at.origin}/", f"{changed:%Y-%m-%d}")] if school else []),
    )


def _contribution(role: str, name: str, url: str, day: str) -> Xml:
    card = f"BEGIN:VCARD\nVERSION:3.0\nFN:{_card(name)}\nN:{_card(name)};;;;\nURL:{_card(url)}\nEND:VCARD"
    return element(
        "contribute",
        element("role", *_word(role)),
        element("entity", card),
        element("date", element("dateTime", day)),
    )


def _technical(facts: PostFacts) -> Xml:
    kinds = dict.fromkeys(file.media_type for file in facts.files)
    return element(
        "technical",
        *(element("format", kind) for kind in kinds),
        *([element("size", str(sum(file.size for file in facts.files)))] if facts.files else []),
        element("location", facts.post.url),
        *(element("location", file.url) for file in facts.files),
    )


def _educational(facts: PostFacts, row: ResourceRow) -> Iterator[Xml]:
    for term in row.types:
        yield element("learningResourceType", *_concept(term))
    roles = (_ROLES.get(term.slug or "") for term in row.audiences)
    for role in dict.fromkeys(filter(None, roles)):
        yield element("intendedEndUserRole", *_word(role))
    contexts = (_context(term.slug or "") for term in row.stages)
    for context in dict.fromkeys(contexts):
        yield element("context", *_word(context))
    if row.age_min is not None and row.age_max is not None:
        yield element("typicalAgeRange", _string(f"{row.age_min}-{row.age_max}", "x-none"))
    if row.minutes:
        yield element("typicalLearningTime", element("duration", durations.iso(row.minutes)))
    if facts.post.language:
        yield element("language", facts.post.language)


def _context(stage: str) -> str:
    return _CONTEXTS.get(stage) or _CONTEXTS_OF_TRAINING.get(stage) or "school"


def _rights(row: ResourceRow) -> Iterator[Xml]:
    yield element("cost", *_word("no"))
    if row.licence_url or row.licence_label:
        is_free = row.licence == "CC0-1.0"
        yield element("copyrightAndOtherRestrictions", *_word("no" if is_free else "yes"))
        yield element("description", _string(row.licence_url or row.licence_label, OUR_WORDS))


def _relation(kind: str, uri: str, name: str) -> Xml:
    named = [element("description", _string(name, OUR_WORDS))] if name else []
    identifier = element("identifier", element("catalog", "URI"), element("entry", uri))
    return element("relation", element("kind", *_word(kind)), element("resource", identifier, *named))


def _classifications(facts: PostFacts, row: ResourceRow) -> Iterator[Xml]:
    for purpose, terms, language in (
        ("discipline", row.subjects, OUR_WORDS),
        ("educational level", row.levels, OUR_WORDS),
        ("competency", row.objectives, facts.post.language),
        ("accessibility restrictions", row.features, OUR_WORDS),
    ):
        if terms:
            paths = (_path(term, language) for term in terms)
            yield element("classification", element("purpose", *_word(purpose)), *paths)


def _path(term: Term, language: str | None) -> Xml:
    source = term.framework or (term.uri or "").rpartition("/")[0]
    known = [element("id", term.uri)] if term.uri else []
    return element(
        "taxonPath",
        *([element("source", _string(source, OUR_WORDS))] if source else []),
        element("taxon", *known, element("entry", _string(term.label, language))),
    )


def _concept(term: Term) -> tuple[Xml, Xml]:
    """A word of another vocabulary than LOM's, as far as we know which."""
    source = (term.uri or "").rpartition("/")[0]
    return element("source", source or "none"), element("value", term.uri or term.label)


def _word(value: str) -> tuple[Xml, Xml]:
    return element("source", _LOM), element("value", value)


def _string(said: str, language: str | None) -> Xml:
    return element("string", said, language=language) if language else element("string", said)


def _card(value: str) -> str:
    """A value in a vCard (RFC 2426, 4)."""
    said = " ".join(value.split())
    return said.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")
