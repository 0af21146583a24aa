"""What we serve to machines, held to grammars by a validator that knows nothing of us (libxml2).

The grammars are ours, written from the rules of the specifications, for the official ones are not ours to copy. They
say what may stand where and what it looks like; what no grammar can say is checked beside them.
"""

from functools import cache
from pathlib import Path
from typing import Final

from lxml import etree  # type: ignore[import-untyped]  # it comes without types

GRAMMARS: Final = Path(__file__).parent / "grammars"


@cache
def _grammar(name: str) -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(GRAMMARS / f"{name}.rng"))


def against(name: str, body: bytes) -> list[str]:
    """What of a document does not fit the grammar of this name."""
    grammar = _grammar(name)
    grammar.validate(etree.fromstring(body))
    return [f"{one.line}: {one.message}" for one in grammar.error_log]
