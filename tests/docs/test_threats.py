"""The threat model names rows of the attack corpus: each is there, and each of them is on the page."""

import re
from typing import Final

from tests.attack.corpus import CORPUS
from tests.docs.pages import ROOT, section, table

PAGE: Final = (ROOT / "docs/threat-model.md").read_text()
ID: Final = re.compile(r"\b([A-Z]{3,4})-(\d\d)\b(?: to \1-(\d\d))?")
ADVISORY: Final = re.compile(r"GHSA-[a-z0-9-]+|CVE-[0-9-]+")
ROWS: Final = {row.id: row for row in CORPUS}


def named(text: str) -> list[str]:
    """The rows that a text names, one by one or from one to another."""
    return [
        f"{group}-{number:02}"
        for group, first, last in ID.findall(text)
        for number in range(int(first), int(last or first) + 1)
    ]


def test_every_row_that_the_page_names_is_in_the_corpus() -> None:
    assert sorted(set(named(PAGE)) - ROWS.keys()) == []


def test_every_row_of_the_corpus_is_on_the_page() -> None:
    assert sorted(ROWS.keys() - set(named(PAGE))) == []


def test_what_protects_something_is_a_row_with_a_test() -> None:
    shown = [cells[-1] for cells in table(section(PAGE, "What is protected, and how that is shown"))]
    told = [cells[-1] for cells in table(section(PAGE, "What happened to others"))]

    without = {row for cell in [*shown, *told] for row in named(cell) if not ROWS[row].tests}

    # A range of rows may hold one without a subject: those are told of under what is not protected.
    assert without <= set(named(section(PAGE, "What is not protected")))


def test_what_has_nothing_to_attack_is_said() -> None:
    missing = {row.id for row in CORPUS if not row.tests}

    assert missing <= set(named(section(PAGE, "What is not protected")))


def test_every_advisory_stands_in_a_line_with_rows() -> None:
    lines = table(section(PAGE, "What happened to others"))

    assert all(where and named(rows) for _, where, rows in lines)
    assert len({one for _, where, _ in lines for one in ADVISORY.findall(where)}) >= 60
