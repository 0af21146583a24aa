"""Two people who change the same form at once: what each of them changed, and where they meet.

A form carries a stamp of each of its fields as it was shown. So what only one of the two changed can be told from
what both did, and nobody's words are put back to what they were.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple


class Merged(NamedTuple):
    """What comes of it: `values` to save or to show once more. `theirs` is what somebody else saved in a field that
    both changed, each in their own way; while there is any, nothing may be saved. `began` is for the next form.
    """

    values: dict[str, str]
    theirs: dict[str, str]
    began: dict[str, str]


def stamps(values: Mapping[str, str]) -> dict[str, str]:
    """What a form tells of the fields it was shown with."""
    return {name: _stamp(value) for name, value in values.items()}


def merge(typed: Mapping[str, str], *, began: Mapping[str, str], now: Mapping[str, str]) -> Merged:
    """What somebody typed into a form that began with these stamps, with what is stored now.

    A field without a stamp was not looked at when the form was made: what was typed counts, as it always did.
    """
    values, theirs = dict(typed), {}
    for name, stored in now.items():
        if name not in began or name not in typed or _stamp(stored) in {began[name], _stamp(typed[name])}:
            continue
        if _stamp(typed[name]) == began[name]:
            values[name] = stored
        else:
            theirs[name] = stored
    return Merged(values, theirs, stamps(now))


def _stamp(value: str) -> str:
    # A browser sends other line ends than it was given, and none of the white space round the text counts.
    lines = (line.rstrip() for line in value.strip().splitlines())
    return sha256("\n".join(lines).encode()).hexdigest()[:16]
