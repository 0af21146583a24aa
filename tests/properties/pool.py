"""Real documents to start from: those of the corpus where it is there, and in any case everything we say ourselves."""

import json
from functools import cache
from typing import Any

from tests import corpus
from tests.strict.catalogue import ACTORS, SAID


@cache
def documents() -> tuple[dict[str, Any], ...]:
    return (*SAID.values(), *ACTORS.values(), *_of_others())


@cache
def activities() -> tuple[dict[str, Any], ...]:
    """Those that say that somebody did something; ours as if a server elsewhere had said them."""
    ours = json.loads(json.dumps(list(SAID.values())).replace("alder.test", "birch.example"))
    return (*ours, *(found for found in _of_others() if "actor" in found))


def _of_others() -> list[dict[str, Any]]:
    found = []
    for one in corpus.documents():
        try:
            document = json.loads(one.body)
        except ValueError:
            continue
        if isinstance(document, dict):
            found.append(document)
    return found
