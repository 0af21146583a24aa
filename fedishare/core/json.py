"""JSON from outside, read strictly, and JSON of our own, written plainly.

What is refused here is what different programs read differently: a key given twice, half a
surrogate pair, a number that does not fit. Everything behind `loads` may rely on one reading.
"""

import re
from collections.abc import Iterable
from itertools import accumulate
from typing import Final, TypeAlias, cast

import msgspec

from fedishare.core.errors import Invalid

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

MAX_DEPTH: Final = 64
MAX_VALUES: Final = 100_000
MAX_INTEGER_DIGITS: Final = 19
MAX_NUMBER_LENGTH: Final = 64

# All that a long number can consist of; shorter runs cannot break either limit.
_LONG_NUMBER: Final = re.compile(rb"[0-9.eE+-]{20,}")
_BRACKETS: Final = b"[]{}"
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(_BRACKETS))
_STEP: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def loads(body: bytes) -> Json:
    """The value that `body` spells in strict UTF-8 JSON (RFC 8259, with the limits above).

    Raises Invalid for everything else: a byte order mark, NaN, a key given twice in one
    object, nesting deeper than 64, more than 100,000 values, a lone surrogate, `\\u0000`, a number out of range. The
    cost grows with the length of `body` and with nothing else.
    """
    escapes = b"\\" in body
    text = body.replace(b"\\\\", b"") if escapes else body
    if escapes and b"\\u0000" in text:
        raise Invalid("The JSON holds a NUL character.")
    structure = _outside_strings(text, escapes=escapes)
    _refuse_size(structure)
    _refuse_long_numbers(structure)
    try:
        value = cast("Json", msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("The body is not valid JSON.") from error
    # Outside strings every colon belongs to one member. A repeated key leaves fewer members
    # in the value than there are colons, however the key was spelled.
    if structure.count(b":") != _members(value):
        raise Invalid("The JSON gives one key twice.")
    return value


def dumps(value: object) -> bytes:
    """`value` as compact UTF-8 JSON. Takes msgspec structs too; NaN and infinities become null."""
    try:
        return msgspec.json.encode(value)
    except (UnicodeEncodeError, RecursionError) as error:
        raise Invalid("This cannot be written as JSON.") from error


def _outside_strings(text: bytes, *, escapes: bool) -> bytes:
    """`text` without its strings; `text` no longer holds escaped backslashes."""
    if escapes:
        text = text.replace(b'\\"', b"")
    # A value has at most a key of its own and is a string itself: four quotation marks.
    if text.count(b'"') > 4 * MAX_VALUES:
        raise Invalid("The JSON holds too many values.")
    return b"".join(text.split(b'"')[::2])


def _refuse_size(structure: bytes) -> None:
    openings = structure.count(b"[") + structure.count(b"{")
    if openings <= MAX_DEPTH and len(structure) <= MAX_VALUES:
        return
    # A megabyte of tiny values would hold up everybody else while it is counted.
    if openings + structure.count(b",") > MAX_VALUES:
        raise Invalid("The JSON holds too many values.")
    brackets = structure.translate(None, _NOT_BRACKETS)
    depths = accumulate(map(_STEP.__getitem__, brackets))
    if any(map(MAX_DEPTH.__lt__, depths)):
        raise Invalid("The JSON is nested too deeply.")


def _refuse_long_numbers(structure: bytes) -> None:
    for match in _LONG_NUMBER.finditer(structure):
        number = match[0].removeprefix(b"-")
        limit = MAX_INTEGER_DIGITS if number.isdigit() else MAX_NUMBER_LENGTH
        if len(number) > limit:
            raise Invalid("The JSON holds a number with too many digits.")


def _members(value: Json) -> int:
    """How many members all objects in `value` have together."""
    count = 0
    rest = [value]
    while rest:
        item = rest.pop()
        if isinstance(item, dict):
            count += len(item)
            inside: Iterable[Json] = item.values()
        else:
            inside = item if isinstance(item, list) else ()
        rest += [found for found in inside if isinstance(found, dict | list)]
    return count
