"""The table of the corpus, held against the tests there are, and against the reference where that lies beside us."""

import re
from collections import Counter
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Final

import pytest

from tests.attack.corpus import CORPUS, GROUPS

TESTS: Final = Path(__file__).parents[1]
REFERENCE: Final = TESTS.parents[1] / "shared" / "reference" / "security.md"
TEST: Final = re.compile(r"^(?:async )?def (test_\w+)\(", re.MULTILINE)
ID: Final = re.compile(r"^\| ((?:SIG|ORG|SSRF|DOS|XSS|MED|VIS|MOD|AUTH|SEQ)-\d\d) \|", re.MULTILINE)


@cache
def functions(file: str) -> frozenset[str]:
    return frozenset(TEST.findall((TESTS / file).read_text()))


def test_every_row_has_its_place_once() -> None:
    numbered = {f"{group}-{number:02}" for group, rows in GROUPS.items() for number in range(1, rows + 1)}

    assert Counter(row.id for row in CORPUS) == Counter(numbered)


def test_every_row_has_a_test_or_says_what_is_missing() -> None:
    assert [row.id for row in CORPUS if not row.tests and not row.missing] == []


def test_every_test_that_a_row_names_is_there() -> None:
    named = {tuple(test.split("::")) for row in CORPUS for test in row.tests}

    assert sorted((file, name) for file, name in named if name not in functions(file)) == []


def test_every_test_that_says_which_row_it_fires_is_in_its_row() -> None:
    by_row = {row.id: {test.rpartition("::")[2] for test in row.tests} for row in CORPUS}
    found = chain.from_iterable(functions(f"attack/{file.name}") for file in (TESTS / "attack").glob("test_*.py"))
    labelled = {
        (f"{label[1].upper()}-{label[2]}", name)
        for name in found
        if (label := re.match(r"test_(sig|org|ssrf|dos|xss|med|vis|mod|auth|seq)_(\d\d)_", name))
    }

    assert sorted((row, name) for row, name in labelled if name not in by_row[row]) == []


def test_the_rows_are_those_of_the_reference() -> None:
    if not REFERENCE.exists():
        pytest.skip("the shared reference does not lie beside this checkout")

    written = Counter(ID.findall(REFERENCE.read_text()))

    assert written == Counter(row.id for row in CORPUS)
