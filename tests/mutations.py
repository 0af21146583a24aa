"""Documents that are almost right: real ones, changed in a few places by a chance that a seed decides."""

import copy
import json
import random
from collections.abc import Callable, Sequence
from typing import Any, Final

Json = Any

# What is likeliest to be read wrongly: other shapes of the same, edges of numbers, texts that mean something elsewhere.
ODD: Final[tuple[Json, ...]] = (
    *(None, True, False, 0, -1, 1, 2**53, -(2**63), 1.5, 1e308, "", " ", "\n", "a", "0", "true", [], {}, [[]], [{}]),
    *([None], [None, {}], {"id": None}, {"type": []}, {"@id": "x"}, {"id": "", "type": ""}, "#", "?", "//", "https://"),
    *("https://us.test/users/anna", "https://good.test/users/vera", "https://evil.test/x", "http://[::1]/", "acct:a@b"),
    *("https://www.w3.org/ns/activitystreams#Public", "as:Public", "javascript:alert(1)", "tag:a,2020:b", "did:key:z"),
    *("Create", "Note", "Person", "Undo", "Announce", "Tombstone", "OrderedCollection", "Question", "Delete", "Update"),
    *("2026-02-30T25:61:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "P1D", "１２"),  # noqa: RUF001 -- digits of another script
    *("\u202e", "\ud7ff", "\U0010ffff", "é" * 300, "<p>" * 50, "<script>alert(1)</script>", "&" * 99),
    *("x" * 5000, ["https://a.test/"] * 50, {"type": "Link", "href": "https://a.test/"}, {"en": "x", "de": None}),
)
MOST_CHANGES: Final = 6
_BYTES: Final = (b"\\u0000", b'"', b"\\", b"{", b"[", b"\xff", b"\xed\xa0\x80", b"9" * 40)


def mutated(pool: Sequence[Json], *, seed: int) -> Json:
    """One document of the pool with up to six changes; the same seed gives the same document."""
    chance = random.Random(seed)  # noqa: S311 -- it has to come out the same again
    document = copy.deepcopy(chance.choice(pool))
    for _ in range(chance.randint(0, MOST_CHANGES)):
        document = chance.choice(_CHANGES)(document, chance, pool)
    return document


def mutated_bytes(body: bytes, *, seed: int) -> bytes:
    """`body` with a few bytes changed, taken away, doubled, or cut off."""
    chance = random.Random(seed)  # noqa: S311 -- as above
    changed = bytearray(body)
    for _ in range(chance.randint(1, MOST_CHANGES)):
        if not changed:
            break
        at = chance.randrange(len(changed))
        end = min(len(changed), at + chance.choice((1, 1, 2, 8, 64)))
        match chance.randrange(5):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                del changed[at:end]
            case 2:
                changed[at:at] = changed[at:end]
            case 3:
                changed[at:at] = chance.choice(_BYTES)
            case _:
                del changed[at:]
    return bytes(changed)


def _places(value: Json, found: list[tuple[Json, Any]]) -> list[tuple[Json, Any]]:
    """Every place in a document: what holds it, and the key or position there."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        found.append((value, key))
        _places(value[key], found)
    return found


def _place(document: Json, chance: random.Random) -> tuple[Json, Any] | None:
    places = _places(document, [])
    return chance.choice(places) if places else None


def _replace(document: Json, chance: random.Random, _: Sequence[Json]) -> Json:
    place = _place(document, chance)
    if place is not None:
        place[0][place[1]] = copy.deepcopy(chance.choice(ODD))
    return document


def _remove(document: Json, chance: random.Random, _: Sequence[Json]) -> Json:
    place = _place(document, chance)
    if place is not None:
        del place[0][place[1]]
    return document


def _wrap(document: Json, chance: random.Random, _: Sequence[Json]) -> Json:
    place = _place(document, chance)
    if place is not None:
        holder, key = place
        kept = holder[key]
        shapes = ([kept], [kept, copy.deepcopy(kept)], {"id": kept}, {"href": kept}, {"object": kept}, [None, kept])
        holder[key] = chance.choice(shapes)
    return document


def _transplant(document: Json, chance: random.Random, pool: Sequence[Json]) -> Json:
    """Something of another document stands in a place of this one."""
    place, other = _place(document, chance), _place(copy.deepcopy(chance.choice(pool)), chance)
    if place is not None and other is not None:
        place[0][place[1]] = other[0][other[1]]
    return document


def _rename(document: Json, chance: random.Random, pool: Sequence[Json]) -> Json:
    """A term holds what another one held."""
    place, other = _place(document, chance), _place(chance.choice(pool), chance)
    if place is not None and other is not None and isinstance(place[0], dict) and isinstance(other[1], str):
        place[0][other[1]] = place[0].pop(place[1])
    return document


def _embed(document: Json, chance: random.Random, pool: Sequence[Json]) -> Json:
    """A whole document stands where another was named."""
    if isinstance(document, dict):
        document["object"] = copy.deepcopy(chance.choice(pool))
    return document


_CHANGES: Final[tuple[Callable[[Json, random.Random, Sequence[Json]], Json], ...]] = (
    *(_replace, _replace, _replace, _remove, _wrap, _wrap, _transplant, _transplant, _rename, _embed),
)


def written(document: Json) -> bytes:
    return json.dumps(document).encode()
