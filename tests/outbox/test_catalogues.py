"""LOM, Dublin Core and BibTeX of a resource: what is in them, in which order, and that any words can be in them."""

import re
from typing import Any, Final
from xml.etree import ElementTree as ET

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fedishare.core import xml
from fedishare.domain.terms import Basis
from fedishare.outbox import citations, dublin, lom
from fedishare.queries.resources import ResourceRow
from tests.builders import MONDAY, WORKSHEET
from tests.outbox.test_described import a_row, rows, told
from tests.strict.catalogue import AT

LOM: Final = {"l": lom.NAMESPACE}
# Of each part of LOM, the elements in the order of the standard; `+` may stand there several times.
ORDER: Final = {
    "lom": "general lifeCycle metaMetadata technical educational rights relation+ classification+",
    "general": "identifier title language description keyword+",
    "lifeCycle": "version status contribute+",
    "contribute": "role entity date",
    "metaMetadata": "metadataSchema language",
    "technical": "format+ size location+",
    "educational": "learningResourceType+ intendedEndUserRole+ context+ typicalAgeRange typicalLearningTime language",
    "rights": "cost copyrightAndOtherRestrictions description",
    "relation": "kind resource",
    "resource": "identifier description",
    "classification": "purpose taxonPath+",
    "taxonPath": "source taxon",
    "taxon": "id entry",
}
# What LOM's own vocabularies know.
WORDS: Final = {
    "status": {"final"},
    "role": {"author", "publisher"},
    "intendedEndUserRole": {"teacher", "author", "learner", "manager"},
    "context": {"school", "higher education", "training", "other"},
    "cost": {"yes", "no"},
    "copyrightAndOtherRestrictions": {"yes", "no"},
    "kind": {"isbasedon"},
    "purpose": {"discipline", "educational level", "competency", "accessibility restrictions"},
}


def read(written: xml.Xml) -> ET.Element:
    return ET.fromstring(xml.document(written))  # noqa: S314 -- we wrote it ourselves


def local(element: ET.Element) -> str:
    return element.tag.partition("}")[2]


def faults(root: ET.Element) -> list[str]:
    """What is wrong with a LOM record by the rules above."""
    found = []
    for element in root.iter():
        name, children = local(element), [local(child) for child in element]
        if name in ORDER:
            pattern = "".join(
                f"(?:{word[:-1]} )*" if word.endswith("+") else f"(?:{word} )?" for word in ORDER[name].split()
            )
            if not re.fullmatch(pattern, "".join(f"{child} " for child in children)):
                found.append(f"{name}: {children}")
        if name in WORDS and element.findtext("l:value", namespaces=LOM) not in WORDS[name]:
            found.append(f"{name} is {element.findtext('l:value', namespaces=LOM)}")
        if name == "string" and element.get("language") == "":
            found.append("a string of no language")
    return found


def worksheet(**over: Any) -> ResourceRow:
    bases = (Basis("https://birch.test/resources/3", "Strips"),)
    return a_row(**({"terms": WORKSHEET, "bases": bases, "age_min": 8, "age_max": 9, "minutes": 60} | over))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows(), st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), max_size=2))
def test_every_resource_is_a_lom_record_in_order(row: ResourceRow, tags: list[str]) -> None:
    root = read(lom.lom(told(row, tags=tuple(tags)), row, at=AT))

    assert root.tag == f"{{{lom.NAMESPACE}}}lom"
    assert faults(root) == []


def test_the_check_of_lom_finds_mistakes() -> None:
    root = read(lom.lom(told(worksheet()), worksheet(), at=AT))
    assert faults(root) == []

    root[:2] = reversed(root[:2])
    root.find(".//l:context/l:value", LOM).text = "kindergarten"  # type: ignore[union-attr]  # it is there

    assert len(faults(root)) == 2


def test_a_lom_record_tells_what_the_page_tells() -> None:
    root = read(lom.lom(told(worksheet()), worksheet(), at=AT))

    def said(path: str) -> list[str | None]:
        return [each.text for each in root.findall(path, LOM)]

    assert said("l:rights/l:description/l:string") == ["https://creativecommons.org/licenses/by/4.0/"]
    assert said("l:educational/l:typicalAgeRange/l:string") == ["8-9"]
    assert said("l:educational/l:typicalLearningTime/l:duration") == ["PT1H"]
    assert said("l:educational/l:context/l:value") == ["school"]
    assert said("l:educational/l:learningResourceType/l:value") == ["https://w3id.org/kim/hcrt/worksheet"]
    assert said("l:relation/l:resource/l:identifier/l:entry") == ["https://birch.test/resources/3"]
    assert said("l:classification/l:taxonPath/l:taxon/l:entry/l:string") == ["Mathematics", "Year 4"]
    assert "FN:" in (said("l:lifeCycle/l:contribute/l:entity")[0] or "")


def test_dublin_core_has_the_fifteen_elements_and_the_terms_besides() -> None:
    row = worksheet()

    simple, whole = read(dublin.simple(told(row), row, at=AT)), read(dublin.record(told(row), row, at=AT))

    assert {each.tag.partition("}")[0][1:] for each in simple} == {dublin.DC}
    assert [each.text for each in simple.findall(f"{{{dublin.DC}}}subject")] == ["Mathematics"]
    assert [each.text for each in simple.findall(f"{{{dublin.DC}}}type")] == ["Worksheet"]
    assert {local(each): each.text for each in whole if each.tag.startswith(f"{{{dublin.TERMS}}}")} == {
        "educationLevel": "https://w3id.org/kim/educationalLevel/level_1",
        "conformsTo": "https://w3id.org/uk/oak/curriculum/nationalcurriculum/year-group-4",
        "extent": "PT1H",
        "license": "https://creativecommons.org/licenses/by/4.0/",
    }


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_no_title_breaks_a_bibtex_entry(title: str) -> None:
    facts = told(worksheet())
    facts = facts._replace(post=facts.post._replace(title=title))

    entry = citations.bibtex(facts, worksheet())

    bare = re.sub(r"\\[{}]", "", entry)
    assert bare.count("{") == bare.count("}")
    assert len(bare.splitlines()) == len(citations.bibtex(told(worksheet()), worksheet()).splitlines())
    assert not re.search(r"(?<!\\)[%&$#_]", entry.partition("title = ")[2].partition("\n")[0])


def test_a_line_names_author_year_title_version_licence_and_place() -> None:
    named = {"author": "Ada Okafor", "school": "Alder Primary", "title": "Fraction wall", "url": "https://a.test/1"}

    first = citations.line(a_row(), **named, published_at=MONDAY, edited_at=None)
    later = citations.line(
        a_row(credit="The maths team", version=3),
        **named,
        published_at=MONDAY,
        edited_at=MONDAY.replace(year=2027),
    )

    assert first == "Ada Okafor, Alder Primary (2026). Fraction wall. CC BY 4.0. https://a.test/1"
    assert later == "The maths team (2027). Fraction wall (version 3). CC BY 4.0. https://a.test/1"
