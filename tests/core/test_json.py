"""Strict JSON: one reading for every body, and none for those that could have two."""

import json
from time import process_time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fedishare.core.errors import Invalid
from fedishare.core.json import MAX_DEPTH, MAX_VALUES, Json, dumps, loads

# Whole numbers end at 19 digits, and text has neither surrogates nor NUL: what loads lets through.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**19) + 1, max_value=10**19 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=20
)


def nested(depth: int, *, opening: str = "[", closing: str = "]", core: str = "") -> bytes:
    return (opening * depth + core + closing * depth).encode()


def reference(body: bytes) -> Json:
    """The same rules on the standard library's slower reader; ValueError for what is refused."""
    value: Json = json.loads(
        body.decode("utf-8", errors="strict"),
        object_pairs_hook=_unique,
        parse_constant=_refused,
        parse_int=_integer,
        parse_float=_float,
    )
    json.dumps(value, ensure_ascii=False).encode("utf-8")
    if "\\u0000" in json.dumps(value).replace("\\\\", "") or _depth(value) > MAX_DEPTH:
        raise ValueError
    return value


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError
    return dict(pairs)


def _refused(text: str) -> float:
    raise ValueError(text)


def _integer(text: str) -> int:
    if len(text.removeprefix("-")) > 19:
        raise ValueError(text)
    return int(text)


def _float(text: str) -> float:
    if len(text.removeprefix("-")) > 64 or abs(float(text)) == float("inf"):
        raise ValueError(text)
    return float(text)


def _depth(value: Json) -> int:
    match value:
        case dict():
            return 1 + max(map(_depth, value.values()), default=0)
        case list():
            return 1 + max(map(_depth, value), default=0)
        case _:
            return 0


@given(VALUES)
def test_what_is_written_reads_as_it_was(value: Json) -> None:
    assert loads(dumps(value)) == value


@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_the_spelling_of_other_programs_reads_the_same(value: Json, escaped: bool, indent: int | None) -> None:
    body = json.dumps(value, ensure_ascii=escaped, indent=indent).encode()

    assert loads(body) == value


@given(
    st.text('{}[]":,\\u0 0aA1-.eE\nté', max_size=40).map(str.encode)
    | st.lists(
        st.sampled_from(
            [
                '{"a":1}',
                '{"a":1,"a":2}',
                '"\\\\"',
                '"\\""',
                '"\\u0000"',
                '"\\\\u0000"',
                '"\\ud800"',
                "1e9",
                "1" * 20,
                "[]",
            ]
        )
    ).map(lambda parts: f"[{','.join(parts)}]".encode())
    | st.binary(max_size=20)
)
@example(b'{"a":1,"\\u0061":2}')
@example(b'["\\\\",{"a":":","a":"{"}]')
@example(b'"\\\\\\u0000"')
@example(b'"\\\\\\\\u0000"')
@example(b"-0")
@example(b"[1.0e5,-1E-5]")
@example(b"\x0c1")
def test_every_body_is_read_or_refused_as_a_slow_reader_would(body: bytes) -> None:
    try:
        expected = reference(body)
    except ValueError:
        with pytest.raises(Invalid):
            loads(body)
    else:
        assert loads(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"actor":"a","actor":"b"}', id="ORG-29-actor-twice"),
        pytest.param(b'{"id":1,"id":1}', id="ORG-29-the-same-value-twice"),
        pytest.param(b'{"id":1,"\\u0069d":2}', id="ORG-29-one-of-them-escaped"),
        pytest.param(b'{"object":{"tag":[{"href":"a","href":"b"}]}}', id="ORG-29-deep-inside"),
        pytest.param(b'{"":1,"":2}', id="ORG-29-empty-keys"),
        pytest.param(nested(100_000), id="DOS-10-arrays"),
        pytest.param(nested(100_000, opening='{"a":', closing="}", core="1"), id="DOS-10-objects"),
        pytest.param(b"[" * 1_000_000, id="DOS-10-a-megabyte-of-openings"),
        pytest.param(b'[{"a":' * 1_000, id="DOS-10-mixed-and-unclosed"),
        pytest.param(nested(MAX_DEPTH + 1), id="DOS-10-one-too-deep"),
        pytest.param(b"NaN", id="DOS-11-nan"),
        pytest.param(b"[Infinity]", id="DOS-11-infinity"),
        pytest.param(b"-Infinity", id="DOS-11-minus-infinity"),
        pytest.param(b"1e999", id="DOS-11-too-large-a-float"),
        pytest.param(b"-1e999", id="DOS-11-too-small-a-float"),
        pytest.param(b"1" * 5_000, id="DOS-11-5000-digits"),
        pytest.param(b'{"a":-' + b"1" * 20 + b"}", id="DOS-11-20-digits"),
        pytest.param(b"0." + b"1" * 400, id="DOS-11-400-digit-float"),
        pytest.param(b'"\\ud800"', id="DOS-12-lone-high-surrogate"),
        pytest.param(b'{"\\udc00":1}', id="DOS-12-lone-low-surrogate-in-a-key"),
        pytest.param(b'"\xed\xa0\x80"', id="DOS-12-surrogate-in-utf-8"),
        pytest.param(b'"\\u0000"', id="DOS-12-escaped-nul"),
        pytest.param(b'{"a\\u0000":1}', id="DOS-12-escaped-nul-in-a-key"),
        pytest.param(b'"a\0b"', id="DOS-12-raw-nul"),
        pytest.param(b'"\xff"', id="DOS-12-invalid-utf-8"),
        pytest.param(b'"\xc0\xaf"', id="DOS-12-overlong"),
        pytest.param('{"a":1}'.encode("utf-16"), id="DOS-12-utf-16"),
        pytest.param('{"a":1}'.encode("utf-16-le"), id="DOS-12-utf-16-without-mark"),
        pytest.param(b"\xef\xbb\xbf{}", id="DOS-12-byte-order-mark"),
        pytest.param(b"[" + b"1," * MAX_VALUES + b"1]", id="DOS-13-too-many-values"),
        pytest.param(b'"' * 1_000_000, id="quotation-marks-only"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"{}{}", id="two-values"),
        pytest.param(b"{'a':1}", id="single-quotes"),
        pytest.param(b"[1,]", id="trailing-comma"),
        pytest.param(b'"a\nb"', id="raw-line-feed"),
        pytest.param(b"[1] // one", id="comment"),
    ],
)
def test_what_could_be_read_in_two_ways_or_never_ends_is_refused_at_once(body: bytes) -> None:
    began = process_time()

    with pytest.raises(Invalid):
        loads(body)

    assert process_time() - began < 0.5


@pytest.mark.parametrize(
    ("body", "value"),
    [
        pytest.param(b'{"a":{"id":1},"b":{"id":1}}', {"a": {"id": 1}, "b": {"id": 1}}, id="one-key-in-two-objects"),
        pytest.param(b'{"a":"b\\":\\"c"}', {"a": 'b":"c'}, id="colons-and-quotes-in-strings"),
        pytest.param(b'["\\\\","{[:"]', ["\\", "{[:"], id="brackets-in-strings"),
        pytest.param(b'"\\\\u0000"', "\\u0000", id="a-backslash-and-u0000"),
        pytest.param(b"9999999999999999999", 9999999999999999999, id="19-digits"),
        pytest.param(b"-9999999999999999999", -9999999999999999999, id="19-digits-below-zero"),
        pytest.param(b"0.1234567890123456789012345", 0.12345678901234568, id="a-long-fraction"),
        pytest.param(b'"12345678901234567890123"', "12345678901234567890123", id="digits-in-a-string"),
        pytest.param(b'"\\ud83d\\ude00"', "\N{GRINNING FACE}", id="a-whole-surrogate-pair"),
        pytest.param(b' {"a" : [ ] }\r\n\t', {"a": []}, id="white-space"),
    ],
)
def test_what_only_looks_suspicious_is_read(body: bytes, value: Json) -> None:
    assert loads(body) == value


def test_nesting_is_read_to_its_limit() -> None:
    assert _depth(loads(nested(MAX_DEPTH))) == MAX_DEPTH


def test_many_brackets_are_not_depth() -> None:
    assert loads(b"[" + b"[]," * 1_000 + b"[]]") == [[]] * 1_001


def test_half_a_surrogate_pair_is_not_written() -> None:
    with pytest.raises(Invalid):
        dumps(["\ud800"])
