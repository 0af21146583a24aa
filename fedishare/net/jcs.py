"""Canonical JSON: one spelling for each value, so that it can be hashed (RFC 8785)."""

import math
from json.encoder import encode_basestring
from typing import Final

from fedishare.core.errors import Invalid
from fedishare.core.json import MAX_DEPTH, Json

# Between these powers of ten ECMAScript writes a number without an exponent (Number::toString).
_LARGEST_PLAIN: Final = 21
_SMALLEST_PLAIN: Final = -6


def canonical(value: Json) -> bytes:
    """The canonical bytes of `value`.

    Raises Invalid for what I-JSON cannot carry: NaN, infinities, whole numbers that no double
    equals, lone surrogates, keys that are not text; and for nesting deeper than 64.
    """
    parts: list[str] = []
    try:
        _write(value, parts, depth=0)
        return "".join(parts).encode()
    except UnicodeEncodeError as error:
        raise Invalid("Canonical JSON cannot hold half a surrogate pair.") from error


def _write(value: Json, parts: list[str], *, depth: int) -> None:
    match value:
        case str():
            parts.append(encode_basestring(value))
        case True:
            parts.append("true")
        case False:
            parts.append("false")
        case None:
            parts.append("null")
        case int() | float():
            parts.append(_number(value))
        case list() | dict() if depth == MAX_DEPTH:
            raise Invalid("The JSON is nested too deeply.")
        case list():
            _write_list(value, parts, depth=depth + 1)
        case dict():
            _write_object(value, parts, depth=depth + 1)
        case _:
            raise Invalid("This cannot be written as JSON.")


def _write_list(values: list[Json], parts: list[str], *, depth: int) -> None:
    before = "["
    for value in values:
        parts.append(before)
        _write(value, parts, depth=depth)
        before = ","
    parts.append("]" if values else "[]")


def _write_object(members: dict[str, Json], parts: list[str], *, depth: int) -> None:
    before = "{"
    for key in sorted(members, key=_utf16):
        parts.append(f"{before}{encode_basestring(key)}:")
        _write(members[key], parts, depth=depth)
        before = ","
    parts.append("}" if members else "{}")


def _utf16(key: object) -> bytes:
    # RFC 8785 3.2.3 sorts by UTF-16 code units, which is not the order of code points.
    if not isinstance(key, str):
        raise Invalid("The keys of a JSON object are text.")
    return key.encode("utf-16-be")


def _number(number: float) -> str:
    """`number` as ECMAScript writes it (RFC 8785 3.2.2.3)."""
    try:
        double = float(number)
    except OverflowError as error:
        raise Invalid("Canonical JSON cannot hold a number this large.") from error
    if not math.isfinite(double):
        raise Invalid("Canonical JSON cannot hold this number.")
    if double == 0:
        return "0"
    text = ("-" if double < 0 else "") + _positive(repr(abs(double)))
    # A whole number that a double has to round would be written like its neighbour, and a
    # signature would then hold for either. ECMAScript itself sends such digits, though, when
    # they are the shortest ones for a double.
    if double != number and text != str(number):
        raise Invalid("Canonical JSON cannot hold a whole number that no double equals.")
    return text


def _positive(shortest: str) -> str:
    """The shortest digits, as Python finds them, laid out as ECMAScript lays them out."""
    mantissa, _, exponent = shortest.partition("e")
    whole, _, fraction = mantissa.partition(".")
    padded = whole + fraction
    digits = padded.lstrip("0")
    # The value is 0.DIGITS times ten to the power of `point`.
    point = len(whole) + int(exponent or 0) - (len(padded) - len(digits))
    digits = digits.rstrip("0")
    if len(digits) <= point <= _LARGEST_PLAIN:
        return digits + "0" * (point - len(digits))
    if 0 < point <= _LARGEST_PLAIN:
        return f"{digits[:point]}.{digits[point:]}"
    if _SMALLEST_PLAIN < point <= 0:
        return f"0.{'0' * -point}{digits}"
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{tail}e{point - 1:+d}"
