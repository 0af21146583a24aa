"""Documents that other servers and libraries really make, from beside this checkout; and where there are none."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

CORPUS: Final = Path(__file__).parents[1].parent / "shared" / "corpus"
needs_corpus: Final = pytest.mark.skipif(
    not CORPUS.exists(), reason="the documents of other servers are not beside this checkout (../shared/corpus)"
)


class Found(NamedTuple):
    """A document in the bytes in which it was found; `kind` is what it is there to be."""

    path: str
    kind: str
    is_fit: bool
    body: bytes


@cache
def documents() -> tuple[Found, ...]:
    """All of them; none where there is no corpus."""
    return tuple(
        Found(row["path"], row["kind"], row["valid_inbound"], (CORPUS / row["path"]).read_bytes())
        for row in _rows("MANIFEST.jsonl")
    )


@cache
def readings() -> tuple[dict[str, Any], ...]:
    """What another implementation read out of those of them that are there."""
    return tuple(row for row in _rows("expected.jsonl") if (CORPUS / row["path"]).exists())


def _rows(name: str) -> list[dict[str, Any]]:
    listed = CORPUS / name
    return [json.loads(line) for line in listed.read_text().splitlines()] if listed.exists() else []
