"""Structured field dictionaries against the working group's own examples."""

import json
from base64 import b32decode
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedishare.core.errors import Invalid
from fedishare.net.structured import InnerList, Item, Member, Token, dictionary, serialise

VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors" / "structured-fields"
ABSENT = "the structured field examples are not beside this checkout (../shared/vectors)"

DICTIONARIES = ["dictionary", "param-dict", "key-generated", "examples", "large-generated"]
ITEMS = ["binary", "boolean", "item", "number", "number-generated", "string", "string-generated", "token"]


def cases(*files: str, kind: str) -> list[dict[str, Any]]:
    return [
        case
        for file in files
        for case in json.loads((VECTORS / f"{file}.json").read_text(), parse_float=Decimal)
        if case["header_type"] == kind
    ]


def bare(value: Any) -> Any:
    match value:
        case {"__type": "binary", "value": text}:
            return b32decode(text)
        case {"__type": "token", "value": text}:
            return Token(text)
        case _:
            return value


def member(expected: Any) -> Member:
    value, raw = expected
    parameters = {key: bare(entry) for key, entry in raw}
    if isinstance(value, list):
        return InnerList(tuple(Item(bare(item), dict(_pairs(rest))) for item, rest in value), parameters)
    return Item(bare(value), parameters)


def _pairs(raw: Any) -> list[tuple[str, Any]]:
    return [(key, bare(entry)) for key, entry in raw]


def reading(text: str) -> dict[str, Member] | None:
    try:
        return dictionary(text)
    except Invalid:
        return None


def wanted(case: dict[str, Any], members: Any) -> dict[str, Member] | None:
    return None if case.get("must_fail") else {key: member(value) for key, value in members}


def typed(value: Any) -> Any:
    """`value` with its types, because to Python True is 1 and a token is a string."""
    match value:
        case dict():
            return {key: typed(entry) for key, entry in value.items()}
        case tuple():
            return tuple(map(typed, value))
        case _:
            return type(value), value


@pytest.mark.skipif(not VECTORS.exists(), reason=ABSENT)
def test_published_dictionaries_are_read_or_refused_as_they_should_be() -> None:
    wrong = [
        case["name"]
        for case in cases(*DICTIONARIES, kind="dictionary")
        if typed(reading(", ".join(case["raw"]))) != typed(wanted(case, case.get("expected", [])))
    ]

    assert wrong == []


@pytest.mark.skipif(not VECTORS.exists(), reason=ABSENT)
def test_published_items_are_read_or_refused_as_members() -> None:
    # A tab may follow a member of a dictionary, though not a lone item.
    wrong = [
        case["name"]
        for case in cases(*ITEMS, kind="item")
        if not case.get("can_fail")
        and not case["raw"][0].endswith("\t ")
        and typed(reading("k=" + ", ".join(case["raw"]).strip(" ")))
        != typed(wanted(case, [("k", case["expected"])] if "expected" in case else []))
    ]

    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('sig1=("@method" "@target-uri");created=1;keyid="https://a.example/u#k";alg="x"', id="input"),
        pytest.param("sig1=:AAEC:", id="signature"),
        pytest.param('a=("b";sf;key="c" d;e=?0);f=-1.5;g=*t', id="everything"),
        pytest.param('a="\\"\\\\"', id="escapes"),
        pytest.param("a=()", id="nothing-covered"),
    ],
)
def test_a_member_is_written_as_it_was_read(text: str) -> None:
    key, _, _ = text.partition("=")

    assert f"{key}={serialise(dictionary(text)[key])}" == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param("a=(  1   2 );  b", "(1 2);b", id="spaces"),
        pytest.param("a=01", "1", id="leading-zero"),
        pytest.param("a=1.50", "1.5", id="trailing-zero"),
        pytest.param("a=1.000", "1.0", id="only-zeros"),
        pytest.param("a=x;b=?1", "x;b", id="a-true-parameter"),
        pytest.param("a=?0", "?0", id="false"),
        pytest.param("a=1;b=2;b=3", "1;b=3", id="the-last-of-a-repeated-parameter"),
    ],
)
def test_a_loose_spelling_becomes_the_canonical_one(text: str, written: str) -> None:
    assert serialise(dictionary(text)["a"]) == written


def test_a_token_is_not_a_string() -> None:
    value = dictionary("a=b")["a"]

    assert isinstance(value, Item)
    assert type(value.value) is Token


@given(st.text('()";=,:?*@ \\ab1.-\t', max_size=30))
def test_any_text_is_read_or_refused_and_what_is_read_keeps_its_meaning(text: str) -> None:
    members = reading(text)

    if members is not None:
        again = ", ".join(f"{key}={serialise(value)}" for key, value in members.items())
        assert dictionary(again) == members
