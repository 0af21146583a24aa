"""What a harvester may ask by OAI-PMH 2.0: its arguments, its dates, and the tokens with which it goes on."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

# The prefixes under which records can be had.
OAI_DC: Final = "oai_dc"
LOM: Final = "lom"
PREFIXES: Final = (OAI_DC, LOM)

FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST: Final = datetime(9000, 1, 1, tzinfo=UTC)
LARGEST_ID: Final = (1 << 63) - 1
LONGEST: Final = 2048

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SECOND: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_NUMBER: Final = re.compile(r"[0-9]{1,19}")
_BETWEEN: Final = "~"
_RESUMED_BY: Final = "resumptionToken"


class Fault(NamedTuple):
    """An error of the protocol (OAI-PMH 2.0, 3.6)."""

    code: str
    said: str


class Ask(NamedTuple):
    """What was asked for. `after` is the last record that was given already, and `given` how many they were."""

    verb: str
    prefix: str = ""
    set: str = ""
    since: str = ""
    until: str = ""
    identifier: str = ""
    after: int = 0
    given: int = 0


class Window(NamedTuple):
    """From the first moment up to, and without, the second."""

    since: datetime
    before: datetime


class Takes(NamedTuple):
    """The arguments of a verb: those it needs, those it may have, and whether a token stands for all of them."""

    must: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    goes_on: bool = False


_LIST: Final = Takes(frozenset({"metadataPrefix"}), frozenset({"from", "until", "set"}), goes_on=True)
VERBS: Final[Mapping[str, Takes]] = MappingProxyType(
    {
        "Identify": Takes(),
        "ListMetadataFormats": Takes(may=frozenset({"identifier"})),
        "ListSets": Takes(goes_on=True),
        "ListIdentifiers": _LIST,
        "ListRecords": _LIST,
        "GetRecord": Takes(must=frozenset({"identifier", "metadataPrefix"})),
    }
)
LISTS: Final = frozenset(verb for verb, takes in VERBS.items() if takes is _LIST)


def read(arguments: Sequence[tuple[str, str]]) -> Ask | Fault:
    """What was asked for, or what is wrong with it."""
    verbs = [value for name, value in arguments if name == "verb"]
    if len(verbs) != 1 or verbs[0] not in VERBS:
        return Fault("badVerb", "There has to be one verb, and it has to be one of " + ", ".join(VERBS) + ".")
    given = [(name, value) for name, value in arguments if name != "verb"]
    said = dict(given)
    fault = _misfit(verbs[0], [name for name, _ in given])
    if fault is not None:
        return fault
    if not all(map(_is_fit, said.values())):
        return Fault("badArgument", "An argument is too long, or holds characters that none can have.")
    if _RESUMED_BY in said:
        return _resumed(verbs[0], said[_RESUMED_BY])
    ask = Ask(
        verbs[0],
        prefix=said.get("metadataPrefix", ""),
        set=said.get("set", ""),
        since=said.get("from", ""),
        until=said.get("until", ""),
        identifier=said.get("identifier", ""),
    )
    if ("from" in said and not ask.since) or ("until" in said and not ask.until):
        return Fault("badArgument", "A date is written as 2026-09-07 or as 2026-09-07T08:30:00Z.")
    return _judged(ask, needs_prefix="metadataPrefix" in said)


def _misfit(verb: str, names: Sequence[str]) -> Fault | None:
    takes = VERBS[verb]
    if len(set(names)) != len(names):
        return Fault("badArgument", "An argument was given twice.")
    known = takes.must | takes.may | ({_RESUMED_BY} if takes.goes_on else frozenset())
    unknown = [name for name in names if name not in known]
    if unknown:
        return Fault("badArgument", f"{verb} takes no argument of another name than: {', '.join(sorted(known))}.")
    if _RESUMED_BY in names:
        return Fault("badArgument", "A resumptionToken stands for all other arguments.") if len(names) > 1 else None
    missing = sorted(takes.must - set(names))
    return Fault("badArgument", f"{verb} needs the argument {missing[0]}.") if missing else None


def _is_fit(value: str) -> bool:
    """Whether a database and a line of XML can hold it."""
    return len(value) <= LONGEST and value.isprintable()


def _judged(ask: Ask, *, needs_prefix: bool) -> Ask | Fault:
    if needs_prefix and ask.prefix not in PREFIXES:
        return Fault("cannotDisseminateFormat", f"Records can be had as {' and '.join(PREFIXES)}.")
    found = window(ask)
    return found if isinstance(found, Fault) else ask


def window(ask: Ask) -> Window | Fault:
    """The time that a list is asked for; both ends are within it (OAI-PMH 2.0, 2.7.1)."""
    if ask.since and ask.until and len(ask.since) != len(ask.until):
        return Fault("badArgument", "Both dates have to be written in the same way: to the day, or to the second.")
    since, until = _moment(ask.since), _moment(ask.until)
    if (ask.since and since is None) or (ask.until and until is None):
        return Fault("badArgument", "A date is written as 2026-09-07 or as 2026-09-07T08:30:00Z.")
    if since is not None and until is not None and since > until:
        return Fault("badArgument", "The first date comes after the second.")
    length = timedelta(days=1) if _DAY.fullmatch(ask.until) else timedelta(seconds=1)
    before = until + length if until is not None and until < LAST else LAST
    return Window(max(since or FIRST, FIRST), max(before, FIRST))


def _moment(text: str) -> datetime | None:
    if not (_DAY.fullmatch(text) or _SECOND.fullmatch(text)):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def token(ask: Ask, *, after: int, given: int) -> str:
    """What a harvester sends to go on after a record.

    It holds all that was asked, so nothing has to be remembered here and it is good for ever; and as
    records are listed by their ids, it leaves out and repeats nothing, whatever is written, edited
    or deleted in the meantime.
    """
    return _BETWEEN.join((ask.verb, ask.prefix, ask.set, ask.since, ask.until, str(after), str(given)))


def _resumed(verb: str, text: str) -> Ask | Fault:
    parts = text.split(_BETWEEN)
    wrong = Fault("badResumptionToken", "This resumptionToken is none of ours. Please begin the list anew.")
    if len(parts) != len(Ask._fields) - 1 or parts[0] != verb or verb not in LISTS:
        return wrong
    _, prefix, named, since, until, after, given = parts
    if not all(_NUMBER.fullmatch(number) and int(number) <= LARGEST_ID for number in (after, given)):
        return wrong
    ask = Ask(verb, prefix, named, since, until, after=int(after), given=int(given))
    return wrong if isinstance(_judged(ask, needs_prefix=True), Fault) else ask
