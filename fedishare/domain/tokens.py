"""Words as a search compares them: the folding of texts, and what people type read as words, beginnings and phrases.

Both databases are given finished tokens and nothing else, so they find the same, and no character that somebody types
is an operator to either of them.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

MOST_ASKED: Final = 12
MOST_TOKENS: Final = 8000
# A tsvector holds a megabyte, places and all.
MOST_BYTES: Final = 400_000
# PostgreSQL keeps no more places of one word than this.
MOST_OF_ONE: Final = 255
LONGEST: Final = 64
# A word of this length also finds the longer ones that begin with it.
BEGINNING: Final = 3
# So far the text begins after the title, so that no phrase runs from one into the other.
GAP: Final = 10
_LETTERS: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\N{LATIN SMALL LETTER DOTLESS I}": "i"}
)
_QUOTES: Final = str.maketrans(dict.fromkeys("“”„«»", '"'))


class Wanted(NamedTuple):
    """Tokens that must stand beside each other; of the last its beginning will do where it `is_open`."""

    tokens: tuple[str, ...]
    is_open: bool


def fold(text: str) -> list[str]:
    """The words of a text in their order, without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold()).casefold().translate(_LETTERS)
    kept = (letter for letter in plain if not unicodedata.combining(letter))
    words = "".join(letter if letter.isalnum() else " " for letter in kept).split()
    return [word[:LONGEST] for word in words]


def entry(title: str, parts: Iterable[str]) -> tuple[str, str]:
    """A title and all the rest as they are kept: tokens with a space between them."""
    seen, room = Counter[str](), MOST_BYTES
    kept: tuple[list[str], list[str]] = ([], [])
    for place, words in enumerate((fold(title), [word for part in parts for word in fold(part)])):
        for word in words[:MOST_TOKENS]:
            seen[word] += 1
            room -= len(word.encode())
            if seen[word] <= MOST_OF_ONE and room > 0:
                kept[place].append(word)
    return " ".join(kept[0]), " ".join(kept[1])


def vector(title: str, body: str) -> str:
    """An entry in the form PostgreSQL reads a tsvector in; the words of the title weigh more."""
    places: dict[str, list[str]] = {}
    heading = title.split()
    for at, word in enumerate(heading, start=1):
        places.setdefault(word, []).append(f"{at}A")
    for at, word in enumerate(body.split(), start=len(heading) + GAP):
        places.setdefault(word, []).append(str(at))
    return " ".join(f"'{word}':{','.join(found)}" for word, found in places.items())


def asked(text: str) -> tuple[Wanted, ...]:
    """What somebody looks for. Words in quotation marks are a phrase; a star leaves the end of a word open."""
    found = []
    for at, piece in enumerate(text.translate(_QUOTES).split('"')):
        for part in [piece] if at % 2 else piece.split():
            tokens = tuple(fold(part))
            if tokens:
                is_open = not at % 2 and (part.endswith("*") or len(tokens[-1]) >= BEGINNING)
                found.append(Wanted(tokens, is_open))
    return tuple(dict.fromkeys(found))[:MOST_ASKED]


def match(wanted: Iterable[Wanted]) -> str:
    """The same for SQLite's FTS5."""
    return " AND ".join(f'"{" ".join(each.tokens)}"{"*" if each.is_open else ""}' for each in wanted)


def query(wanted: Iterable[Wanted]) -> str:
    """The same as a tsquery of PostgreSQL."""
    phrases = (" <-> ".join(f"'{word}'" for word in each.tokens) + (":*" if each.is_open else "") for each in wanted)
    return " & ".join(f"({phrase})" for phrase in phrases)
