"""How long something takes: whole minutes, to and from ISO 8601, and as people say it."""

import re
from typing import Final

MINUTES_OF: Final = {"weeks": 7 * 24 * 60, "days": 24 * 60, "hours": 60, "minutes": 1}
# A unit of work may last a term; what is longer is a slip.
MOST_MINUTES: Final = 100_000
_ISO: Final = re.compile(
    r"P(?:(?P<weeks>[0-9]{1,4})W)?(?:(?P<days>[0-9]{1,4})D)?"
    r"(?:T(?:(?P<hours>[0-9]{1,5})H)?(?:(?P<minutes>[0-9]{1,6})M)?(?:[0-9]{1,6}(?:[.,][0-9]{1,6})?S)?)?"
)


def minutes_of(text: str) -> int | None:
    """The minutes of an ISO 8601 duration without years and months; seconds are passed over. None for all else."""
    found = _ISO.fullmatch(text.strip().upper())
    if found is None:
        return None
    total = sum(int(found[unit]) * length for unit, length in MINUTES_OF.items() if found[unit])
    return total if 0 < total <= MOST_MINUTES else None


def iso(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return f"PT{f'{hours}H' if hours else ''}{f'{rest}M' if rest or not hours else ''}"


def in_words(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    spoken = (
        f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in ((hours, "hour"), (rest, "minute")) if count
    )
    return " ".join(spoken)
