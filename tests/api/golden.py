"""What an answer looked like when somebody last agreed to it: compared whole, field by field.

`FEDISHARE_GOLDEN=write` writes them anew; whoever does so reads the difference.
"""

import os
import re
from pathlib import Path
from typing import Any, Final

from fedishare.core import json

FOLDER: Final = Path(__file__).parent / "answers"
# What differs from run to run: ids, the fingerprints of files, and the version of the program.
_CHANGING: Final = (
    (re.compile(r'"[0-9]{15,19}"'), '"ID"'),
    (re.compile(r"/(posts|resources|users)/[0-9]{15,19}"), r"/\1/ID"),
    (re.compile(r"\.[0-9a-f]{12}\.(png|svg|webp|jpg)"), r".FINGERPRINT.\1"),
    (re.compile(r"FediShare [0-9]+\.[0-9]+\.[0-9]+"), "FediShare X.Y.Z"),
)


def same(name: str, answer: Any) -> None:
    """Fails where the answer is not what is kept under this name."""
    text = _indented(answer)
    for pattern, stands_for in _CHANGING:
        text = pattern.sub(stands_for, text)
    path = FOLDER / f"{name}.json"
    if os.environ.get("FEDISHARE_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text + "\n")
    assert path.exists(), f"there is no {path.name} yet"
    assert json.loads(text.encode()) == json.loads(path.read_bytes())


def _indented(answer: Any) -> str:
    from json import dumps  # noqa: PLC0415 -- for people to read, which msgspec does not do

    return dumps(answer, indent=2, ensure_ascii=False, sort_keys=True)
