"""What a resource says of itself on its way out: read back it is the same, and without its prefixes it is AMB."""

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import jsonschema  # type: ignore[import-untyped]  # it comes without types
import pytest
import referencing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from referencing.jsonschema import DRAFT7

from fedishare.as2.node import Node
from fedishare.domain import durations, vocabularies
from fedishare.domain.terms import Basis, Term, TermKind
from fedishare.inbox import reading
from fedishare.outbox import amb, objects, resources
from fedishare.queries.outgoing import PostFacts
from fedishare.queries.resources import ResourceRow
from fedishare.services import descriptions
from tests.builders import MONDAY
from tests.strict.catalogue import AT, FILE, PAGE, facts

AMB: Final = Path(__file__).parents[3] / "shared" / "schemas" / "amb" / "schemas"

words = st.sampled_from(("fractions", "Year", "4", "Ägypten", "a&b", "<b>", "数学", "it's", "KS2", "“quoted”", "co-op"))
sentences = st.lists(words, min_size=1, max_size=4).map(" ".join)


def some(entries: Sequence[Any], *, most: int = 4) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(entries), max_size=most, unique_by=lambda entry: entry.slug)


@st.composite
def rows(draw: st.DrawFn) -> ResourceRow:
    """A resource of ours, described with anything that its form offers."""
    levels = draw(some(vocabularies.LEVELS))
    licence = draw(st.sampled_from((*vocabularies.LICENCES, *vocabularies.IMPORTED_LICENCES)))
    terms = [
        *(Term(TermKind.SUBJECT, each.slug, each.label, each.kim) for each in draw(some(vocabularies.SUBJECTS))),
        *(Term(TermKind.LEVEL, each.slug, each.label, each.url, each.framework) for each in levels),
        *(Term(TermKind.STAGE, each.slug, each.label, each.url) for each in vocabularies.steps(levels)),
        *(Term(TermKind.TYPE, each.slug, each.label, each.url) for each in draw(some(vocabularies.RESOURCE_TYPES))),
        *(Term(TermKind.AUDIENCE, each.slug, each.label, each.url) for each in draw(some(vocabularies.ROLES))),
        *(Term(TermKind.FEATURE, each.slug, each.label) for each in draw(some(vocabularies.FEATURES))),
        *(
            Term(TermKind.OBJECTIVE, None, said)
            for said in draw(st.lists(sentences, max_size=3, unique_by=str.casefold))
        ),
        *(
            Term(TermKind.KEYWORD, descriptions.fold(word), word)
            for word in draw(st.lists(sentences, max_size=4, unique_by=as_one_tag))
        ),
    ]
    sources = st.builds(Basis, st.just("https://birch.test/resources/3"), sentences, st.none() | st.just(licence.url))
    return ResourceRow(
        description="",
        age_min=min((level.age_min for level in levels), default=None),
        age_max=max((level.age_max for level in levels), default=None),
        licence=licence.id,
        licence_label=licence.short,
        licence_url=licence.url,
        minutes=draw(st.none() | st.integers(1, durations.MOST_MINUTES)),
        credit=draw(sentences),
        version=draw(st.integers(1, 50)),
        terms=tuple(terms),
        bases=tuple(draw(st.lists(sources, max_size=1))),
    )


def as_one_tag(word: str) -> str:
    """Two keywords that make one hashtag are one keyword."""
    return descriptions.as_tag(word).casefold()


def told(row: ResourceRow, **over: Any) -> PostFacts:
    values = {"uri": PAGE, "url": PAGE, "files": (FILE,), "attachments": (), "tags": (), "node_name": "Alder"} | over
    return facts(resource=row, **values)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows())
def test_what_goes_out_comes_in_the_same(row: ResourceRow) -> None:
    note = json.loads(json.dumps(objects.document(told(row), at=AT)))

    read = reading.post(Node(note), now=MONDAY).resource

    assert read is not None
    assert read.terms == row.terms
    assert read.bases == row.bases
    assert {name: getattr(read, name) for name in SINGLE} == {name: getattr(row, name) for name in SINGLE}
    assert [(file.name, file.sha256, file.url) for file in read.files] == [(FILE.name, FILE.sha256, FILE.url)]


SINGLE: Final = (
    "age_min",
    "age_max",
    "licence",
    "licence_label",
    "licence_url",
    "minutes",
    "credit",
    "version",
)


@cache
def validator() -> Any:
    if not AMB.is_dir():
        pytest.skip("the AMB schemas in ../shared are not here")
    schemas = [json.loads(path.read_text()) for path in sorted(AMB.glob("*.json"))]
    known = [(schema["$id"], DRAFT7.create_resource(schema)) for schema in schemas]
    registry: Any = referencing.Registry().with_resources(known)
    formats = jsonschema.FormatChecker(formats=["date"])
    formats.checks("uri")(is_uri)
    formats.checks("date-time")(lambda value: "T" in str(value))
    entry = next(schema for schema in schemas if schema["$id"].endswith("/schema.json"))
    return jsonschema.Draft7Validator(entry, registry=registry, format_checker=formats)


def is_uri(value: object) -> bool:
    """RFC 3986: a scheme, and no letter beyond those that an address may hold."""
    return (
        isinstance(value, str)
        and bool(re.fullmatch(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+", value))
        and bool(urlsplit(value).scheme)
    )


def mistakes(document: dict[str, Any]) -> list[str]:
    found = validator().iter_errors(json.loads(json.dumps(document)))
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in found]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows(), st.lists(words, max_size=2))
def test_without_its_prefixes_it_is_an_amb_document(row: ResourceRow, tags: list[str]) -> None:
    entity = resources.entity(told(row, tags=tuple(tags)), row, at=AT)

    document = amb.amb(entity, language="en-GB")

    assert mistakes(document) == []
    assert document["type"] == ["LearningResource"]


def test_the_check_against_amb_finds_mistakes() -> None:
    document = amb.amb(resources.entity(told(a_row()), a_row(), at=AT), language="en")

    assert mistakes(document) == []
    assert mistakes(document | {"license": {"id": "https://rightsstatements.org/vocab/InC/1.0/"}}) != []
    assert mistakes(document | {"about": [{"id": "https://x.test/maths"}]}) != []
    assert mistakes(document | {"id": "no address"}) != []


def a_row(**over: Any) -> ResourceRow:
    values: dict[str, Any] = {
        "description": "",
        "age_min": None,
        "age_max": None,
        "licence": "CC-BY-4.0",
        "licence_label": "CC BY 4.0",
        "licence_url": "https://creativecommons.org/licenses/by/4.0/",
        "minutes": None,
        "credit": "",
        "version": 1,
    }
    return ResourceRow(**(values | over))


@pytest.mark.parametrize(
    ("licence", "name"),
    [("CC-BY-4.0", "license"), ("OGL-UK-3.0", "usageInfo"), ("all-rights-reserved", "usageInfo")],
)
def test_a_licence_that_amb_refuses_is_a_rule_for_use_there_and_a_licence_with_us(licence: str, name: str) -> None:
    known = vocabularies.LICENCES_BY_ID[licence]
    row = a_row(licence=licence, licence_url=known.url)

    entity = resources.entity(told(row), row, at=AT)
    document = amb.amb(entity, language="en")

    assert entity["schema:license"] == {"id": known.url}
    assert {key: document.get(key) for key in ("license", "usageInfo")} == {
        "license": None,
        "usageInfo": None,
        name: {"id": known.url},
    }


def test_a_subject_that_amb_has_no_address_for_is_told_to_us_alone() -> None:
    phonics = Term(TermKind.SUBJECT, "phonics", "Phonics and early reading")
    row = a_row(terms=(phonics,))

    entity = resources.entity(told(row), row, at=AT)

    assert entity["schema:about"] == [{"type": "skos:Concept", "skos:prefLabel": {"en": "Phonics and early reading"}}]
    assert "about" not in amb.amb(entity, language="en")


def test_the_nested_shape_is_that_of_the_reference() -> None:
    """Every term of the tested example in resources.md 3.7, in its order; teaches and the like come besides."""
    row = a_row(
        age_min=8,
        age_max=9,
        minutes=60,
        terms=tuple(
            Term(kind, None, "x", "https://x.test/")
            for kind in (TermKind.SUBJECT, TermKind.LEVEL, TermKind.STAGE, TermKind.TYPE, TermKind.AUDIENCE)
        ),
        bases=(Basis("https://birch.test/resources/3", "Strips"),),
    )

    entity = resources.entity(told(row, tags=("fractions",)), row, at=AT)

    assert list(entity) == [
        "id",
        "type",
        *(
            f"schema:{name}"
            for name in (
                "name",
                "description",
                "creator",
                "publisher",
                "inLanguage",
                "license",
                "isAccessibleForFree",
                "conditionsOfAccess",
                "about",
                "learningResourceType",
                "educationalLevel",
                "audience",
                "keywords",
                "dateCreated",
                "datePublished",
                "dateModified",
                "encoding",
                "mainEntityOfPage",
                "isBasedOn",
                "typicalAgeRange",
                "timeRequired",
                "version",
                "creditText",
                "educationalAlignment",
            )
        ),
    ]
    assert entity["schema:timeRequired"] == "PT1H"
    assert entity["schema:isBasedOn"] == [
        {"type": ["schema:LearningResource"], "id": "https://birch.test/resources/3", "schema:name": "Strips"}
    ]
