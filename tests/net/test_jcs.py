"""Canonical JSON against the examples of RFC 8785 and against its own rules."""

import json
import math
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedishare.core.errors import Invalid
from fedishare.core.json import MAX_DEPTH, Json, loads
from fedishare.net.jcs import canonical

VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors" / "jcs-rfc8785"
ABSENT = "the examples of RFC 8785 are not beside this checkout (../shared/vectors)"

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**53), max_value=2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


@pytest.mark.skipif(not VECTORS.exists(), reason=ABSENT)
@pytest.mark.parametrize("name", ["arrays", "french", "structures", "unicode", "values", "weird"])
def test_the_published_examples_come_out_byte_for_byte(name: str) -> None:
    value = loads((VECTORS / "input" / f"{name}.json").read_bytes())
    expected = bytes.fromhex((VECTORS / "outhex" / f"{name}.txt").read_text())

    assert canonical(value) == expected


# RFC 8785, appendix B: the bits of a double and how it is written.
@pytest.mark.parametrize(
    ("bits", "text"),
    [
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("ffefffffffffffff", "-1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("c340000000000000", "-9007199254740992"),
        ("4430000000000000", "295147905179352830000"),
        ("44b52d02c7e14af5", "9.999999999999997e+22"),
        ("44b52d02c7e14af6", "1e+23"),
        ("44b52d02c7e14af7", "1.0000000000000001e+23"),
        ("444b1ae4d6e2ef4e", "999999999999999700000"),
        ("444b1ae4d6e2ef4f", "999999999999999900000"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555553", "333333333.3333332"),
        ("41b3de4355555554", "333333333.33333325"),
        ("41b3de4355555555", "333333333.3333333"),
        ("41b3de4355555556", "333333333.3333334"),
        ("41b3de4355555557", "333333333.33333343"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
        ("43143ff3c1cb0959", "1424953923781206.2"),
    ],
)
def test_numbers_are_written_as_ecmascript_writes_them(bits: str, text: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))

    assert canonical(number) == text.encode()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(2**60, "1152921504606847000", id="a-whole-number-that-is-a-double"),
        pytest.param(59461845981190060, "59461845981190060", id="digits-that-ecmascript-sends-for-a-double"),
        pytest.param(10**20, "100000000000000000000", id="the-last-power-of-ten-in-full"),
        pytest.param(56.0, "56", id="a-float-that-is-whole"),
        pytest.param(0.1, "0.1", id="a-tenth"),
        pytest.param(1e-7, "1e-7", id="one-digit-and-exponent"),
        pytest.param([True, 1, None, False], "[true,1,null,false]", id="true-is-not-one"),
        pytest.param({"b": {}, "a": []}, '{"a":[],"b":{}}', id="empty-containers"),
        pytest.param(
            {"\ufb33": 1, "\U0001f600": 2}, '{"\U0001f600":2,"\ufb33":1}', id="keys-sorted-by-utf-16-and-not-code-point"
        ),
        pytest.param('\x00\x08\t\n\x0c\r\x1f"\\/\x7f', '"\\u0000\\b\\t\\n\\f\\r\\u001f\\"\\\\/\x7f"', id="escapes"),
    ],
)
def test_each_value_has_one_spelling(value: Json, text: str) -> None:
    assert canonical(value) == text.encode()


@given(VALUES)
def test_canonical_bytes_read_as_the_value_and_stay_as_they_are(value: Json) -> None:
    written = canonical(value)

    # To ECMAScript every number is a double, and its digits need not be those of a whole number.
    assert json.loads(written, parse_int=float) == value
    assert canonical(json.loads(written)) == written


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 9), max_size=8), st.randoms())
def test_the_order_of_keys_makes_no_difference(members: dict[str, Json], random: Any) -> None:
    shuffled = list(members.items())
    random.shuffle(shuffled)

    assert canonical(dict(shuffled)) == canonical(members)


def nested(depth: int) -> Json:
    value: Json = 1
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(math.nan, id="nan"),
        pytest.param([math.inf], id="infinity"),
        pytest.param(2**53 + 1, id="a-whole-number-that-a-double-rounds"),
        pytest.param(10**400, id="a-whole-number-beyond-doubles"),
        pytest.param("\ud800", id="lone-surrogate"),
        pytest.param({"\udc00": 1}, id="lone-surrogate-in-a-key"),
        pytest.param(nested(MAX_DEPTH + 1), id="too-deep"),
        pytest.param({1: 2}, id="a-key-that-is-no-text"),
        pytest.param([b"bytes"], id="bytes"),
    ],
)
def test_what_json_cannot_carry_is_refused(value: Any) -> None:
    with pytest.raises(Invalid):
        canonical(value)


def test_the_deepest_value_that_can_be_read_can_be_written() -> None:
    value = nested(MAX_DEPTH)

    assert loads(canonical(value)) == value
