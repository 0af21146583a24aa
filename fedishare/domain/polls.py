"""What a poll may be like, and how its numbers are read."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from fedishare.core.errors import Invalid
from fedishare.domain import html

FEWEST_OPTIONS: Final = 2
MOST_OPTIONS: Final = 4
LONGEST_OPTION: Final = 50
SHORTEST: Final = timedelta(minutes=5)
LONGEST: Final = timedelta(days=31)
# A number that nobody can mean (ORG-24).
MOST_VOTES: Final = 100_000_000


def options(written: Sequence[str]) -> tuple[str, ...]:
    """The answers of a new poll as they will be shown. Raises Invalid for what its author can put right."""
    titles = tuple(title for each in written if (title := html.text(each, limit=LONGEST_OPTION + 1)))
    if len(titles) < FEWEST_OPTIONS:
        raise Invalid("A poll needs at least two answers to choose from.")
    if len(titles) > MOST_OPTIONS:
        raise Invalid(f"A poll may have up to {MOST_OPTIONS} answers.")
    if any(len(title) > LONGEST_OPTION for title in titles):
        raise Invalid(f"An answer may have up to {LONGEST_OPTION} characters.")
    if len({title.casefold() for title in titles}) < len(titles):
        raise Invalid("Two of the answers are the same.")
    return titles


def length(lasts: timedelta) -> timedelta:
    """How long a new poll is open. Raises Invalid."""
    if not SHORTEST <= lasts <= LONGEST:
        raise Invalid("A poll is open for five minutes to one month.")
    return lasts


def is_believable(count: int | None) -> bool:
    """Whether so many people may have voted, as another server says (ORG-24)."""
    return count is not None and 0 <= count <= MOST_VOTES


def percent(votes: int, *, of: int) -> int:
    """How many in a hundred, to the nearest whole one."""
    return min(100, (200 * votes + of) // (2 * of)) if of > 0 else 0
