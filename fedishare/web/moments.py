"""Times as people write and read them: in their own zone, which they choose once."""

from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from fedishare.core.errors import Invalid

USUAL: Final = "Europe/London"
# Zones that bear the name of a place; the others are old spellings and technical ones.
CONTINENTS: Final = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


def zones() -> list[tuple[str, str]]:
    """What to choose from, as pairs of value and label; those that this machine knows."""
    known = sorted(name for name in available_timezones() if name.partition("/")[0] in CONTINENTS)
    return [(name, name.replace("_", " ").replace("/", ": ")) for name in known]


def refuse_unknown(name: str) -> None:
    """Raises Invalid for what is not in `zones`. Nothing chosen is fine."""
    if name and (name.partition("/")[0] not in CONTINENTS or name not in available_timezones()):
        raise Invalid("Choose a time zone from the list.")


def zone(name: str | None) -> ZoneInfo:
    """The zone of this name. A machine without time zone data knows UTC alone."""
    for wanted in (name, USUAL, "UTC"):
        try:
            return ZoneInfo(wanted or USUAL)
        except (ZoneInfoNotFoundError, ValueError):
            continue
    raise Invalid("This machine knows no time zones: its administrator has to install the package tzdata.")


def read(day: str, hour: str, *, at: ZoneInfo) -> datetime | None:
    """The moment that somebody wrote as a date and a time; None where they wrote neither. Raises Invalid.

    An hour that clocks show twice means the first time, and one that they skip the moment after.
    """
    if not day and not hour:
        return None
    if not day or not hour:
        raise Invalid("Say both the day and the time.")
    try:
        clock = time.fromisoformat(hour)
        local = datetime.combine(date.fromisoformat(day), clock, tzinfo=at)
    except ValueError:
        raise Invalid("Write the day like 2026-09-07 and the time like 15:30.") from None
    if clock.tzinfo is not None:
        raise Invalid("Write the time like 15:30.")
    return local.astimezone(UTC)


def tell(moment: datetime, *, at: ZoneInfo) -> str:
    local = moment.astimezone(at)
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M} ({at.key.rpartition('/')[2].replace('_', ' ')} time)"


def fields(moment: datetime, *, at: ZoneInfo) -> dict[str, str]:
    """The values of the two fields of a form."""
    local = moment.astimezone(at)
    return {"due_day": f"{local:%Y-%m-%d}", "due_time": f"{local:%H:%M}"}
