"""Days and times of the clock on the wall, as people say them. As text they are ISO 8601, without a zone."""

from datetime import UTC, date, datetime

from fedishare.core.errors import Invalid


def day(moment: datetime) -> str:
    """The day of a moment: 3 March 2027."""
    return f"{moment.day} {moment:%B %Y}"


def spoken(text: str) -> str:
    """A day, and a time if there is one, as it is said: Friday 12 March 2027, 16:00."""
    found = datetime.fromisoformat(text)
    said = f"{found:%A} {found.day} {found:%B %Y}"
    return f"{said}, {found:%H:%M}" if "T" in text else said


def read_day(text: str) -> str | None:
    """A day as a form gives it; nothing where nothing was given. Raises Invalid."""
    if not text:
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise Invalid("Write the day as year-month-day, such as 2027-01-31.") from None


def read_time(text: str) -> str:
    """A day and a time as a form gives them, or another server. Raises Invalid."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Invalid("Write day and time like 2027-01-31 16:00.") from None
    return found.replace(tzinfo=None).isoformat(timespec="minutes")


def today(now: datetime) -> str:
    return now.astimezone(UTC).date().isoformat()
