"""What somebody would rather not read: words to look for in posts, where they count, and what becomes of the post."""

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple


class FilterContext(StrEnum):
    """Where a post is met."""

    HOME = "home"
    NOTIFICATIONS = "notifications"
    PUBLIC = "public"
    THREAD = "thread"
    ACCOUNT = "account"


class FilterAction(StrEnum):
    WARN = "warn"
    HIDE = "hide"
    BLUR = "blur"


class Phrase(NamedTuple):
    """A keyword made ready: as it was written, folded, and with its ends where only whole words count."""

    said: str
    folded: str
    whole: re.Pattern[str] | None


_WORD: Final = re.compile(r"\w")


def fold(text: str) -> str:
    """The form in which texts and keywords are compared."""
    return unicodedata.normalize("NFKC", text).casefold()


def phrase(keyword: str, *, whole_word: bool) -> Phrase:
    """An end that is no letter needs no border: "#" before a word is one by itself."""
    folded = fold(keyword)
    if not whole_word or not folded:
        return Phrase(keyword, folded, None)
    first = r"(?<!\w)" if _WORD.match(folded[0]) else ""
    last = r"(?!\w)" if _WORD.match(folded[-1]) else ""
    return Phrase(keyword, folded, re.compile(f"{first}{re.escape(folded)}{last}"))


def found(phrases: Iterable[Phrase], folded: str) -> tuple[str, ...]:
    """Which keywords stand in a folded text.

    Looking for the letters first is as fast as can be, and most texts have none of them.
    """
    return tuple(
        each.said
        for each in phrases
        if each.folded and each.folded in folded and (each.whole is None or each.whole.search(folded))
    )
