"""What a file says of people besides what it is for: who wrote it, what was remarked, where it lay.

A trace is kept as one text, its kind before its value, such as `author:Jane Doe` or `comments:3`.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

CANNOT: Final = "We cannot make a clean copy of this file. You can take the names out in the program that made it."
LONGEST: Final = 80
MOST_NAMES: Final = 5


class Kind(StrEnum):
    """Those that have a number for their value are `COUNTED`; those that a clean copy leaves out are `REMOVABLE`."""

    AUTHOR = "author"
    SAVED_BY = "saved_by"
    MANAGER = "manager"
    COMPANY = "company"
    COMMENTS = "comments"
    CHANGES = "changes"
    BY = "by"
    PRINTER = "printer"
    TEMPLATE = "template"
    FOLDER = "folder"
    PROPERTIES = "properties"
    VERSIONS = "versions"
    ATTACHED = "attached"
    SLIDES = "slides"
    SHEETS = "sheets"
    NOTES = "notes"
    UNSEEN = "unseen"
    EMBEDDED = "embedded"
    SIGNED = "signed"
    OLD = "old"
    PAPER = "paper"
    UNREAD = "unread"


# What belongs to the lesson is only mentioned: it stays in a clean copy too.
HINTS: Final = frozenset((Kind.SLIDES, Kind.SHEETS, Kind.NOTES, Kind.UNSEEN, Kind.EMBEDDED, Kind.SIGNED))
# Why there can be no clean copy of a file.
OBSTACLES: Final = frozenset((Kind.SIGNED, Kind.OLD, Kind.PAPER, Kind.UNREAD))
COUNTED: Final = frozenset((
    Kind.COMMENTS,
    Kind.CHANGES,
    Kind.PRINTER,
    Kind.PROPERTIES,
    Kind.VERSIONS,
    Kind.ATTACHED,
    Kind.SLIDES,
    Kind.SHEETS,
    Kind.NOTES,
    Kind.UNSEEN,
    Kind.EMBEDDED,
))  # fmt: skip
REMOVABLE: Final = frozenset(Kind) - HINTS - OBSTACLES


_HELD: Final[Mapping[str, tuple[str, str]]] = {
    Kind.COMMENTS: ("1 comment", "{} comments"),
    Kind.CHANGES: ("1 tracked change", "{} tracked changes"),
    Kind.VERSIONS: ("1 older version of itself inside", "{} older versions of itself inside"),
    Kind.ATTACHED: ("1 file attached", "{} files attached"),
    Kind.PROPERTIES: ("1 property that somebody added", "{} properties that somebody added"),
}
_MENTIONED: Final[Mapping[str, tuple[str, str]]] = {
    Kind.SLIDES: ("1 hidden slide", "{} hidden slides"),
    Kind.SHEETS: ("1 hidden sheet", "{} hidden sheets"),
    Kind.NOTES: ("speaker notes on 1 slide", "speaker notes on {} slides"),
    Kind.UNSEEN: ("hidden text in 1 place", "hidden text in {} places"),
    Kind.EMBEDDED: ("1 whole file inside it, such as the table behind a chart", "{} whole files inside it"),
}


class Traces(NamedTuple):
    """What was found in a file, for a page to put into words. `names` are those under comments and changes."""

    said: Mapping[str, str]
    counts: Mapping[str, int]
    names: tuple[str, ...]
    hints: Mapping[str, int]
    can_clean: bool
    obstacle: str | None

    @property
    def tells(self) -> bool:
        """Whether there is anything in it that its author may not want to hand out."""
        return bool(self.said or self.counts)


class Found(NamedTuple):
    """What was found, and what has to become of the parts to be rid of it."""

    traces: list[str]
    changed: dict[str, bytes]
    gone: set[str]


def named(kind: Kind, *values: str) -> list[str]:
    """A trace for each value that says anything, cut to what a page can show."""
    shown = (" ".join(value.split())[:LONGEST] for value in values)
    return [f"{kind}:{value}" for value in dict.fromkeys(filter(None, shown))]


def counted(kind: Kind, count: int) -> list[str]:
    return [f"{kind}:{count}"] if count > 0 else []


def remaining(traces: Iterable[str]) -> list[str]:
    """Those that a clean copy must not have."""
    return [trace for trace in traces if _kind_of(trace) in REMOVABLE]


def read(traces: Sequence[str]) -> Traces:
    """The traces of a file; one of a kind that nobody knows any more is left out."""
    pairs = [(kind, trace.partition(":")[2]) for trace in traces if (kind := _kind_of(trace)) is not None]
    counts = {str(kind): int(value) for kind, value in pairs if kind in COUNTED and value.isdecimal()}
    said = {
        str(kind): value for kind, value in pairs if kind in REMOVABLE and kind not in COUNTED and kind is not Kind.BY
    }
    obstacle = next((kind for kind, _ in pairs if kind in OBSTACLES), None)
    found = {kind: count for kind, count in counts.items() if kind not in HINTS}
    return Traces(
        said,
        found,
        tuple(value for kind, value in pairs if kind is Kind.BY)[:MOST_NAMES],
        {kind: count for kind, count in counts.items() if kind in HINTS},
        can_clean=obstacle is None and bool(said or found),
        obstacle=obstacle,
    )


def sentence(found: Traces) -> str:
    """What a file tells, in one sentence; empty where it tells nothing."""
    said, counts = found.said, found.counts
    names = _listed(f"{said[kind]} as {kind}" for kind in (Kind.AUTHOR, Kind.COMPANY, Kind.MANAGER) if kind in said)
    holds = _listed(_counted(counts[kind], *_HELD[kind]) for kind in _HELD if kind in counts)
    by = f" by {_listed(found.names)}" if found.names and {Kind.COMMENTS, Kind.CHANGES} & set(counts) else ""
    clauses = (
        names and f"names {names}",
        said.get(Kind.SAVED_BY, "") and f"was last saved by {said[Kind.SAVED_BY]}",
        holds and f"has {holds}{by}",
        said.get(Kind.TEMPLATE, "") and f"was made from the template {said[Kind.TEMPLATE]}",
        said.get(Kind.FOLDER, "") and f"tells that it lay in {said[Kind.FOLDER]}",
        counts.get(Kind.PRINTER, 0) and "keeps the settings of a printer",
    )
    told = [str(clause) for clause in clauses if clause]
    return f"This file {', and '.join(filter(None, (', '.join(told[:-1]), told[-1])))}." if told else ""


def mention(found: Traces) -> str:
    """What belongs to the lesson perhaps, and is not seen at first; empty where there is nothing."""
    holds = _listed(_counted(found.hints[kind], *_MENTIONED[kind]) for kind in _MENTIONED if kind in found.hints)
    return f"It has {holds}. That stays in it, because it may belong to the lesson." if holds else ""


def _counted(count: int, one: str, many: str) -> str:
    return one if count == 1 else many.format(count)


def _listed(parts: Iterable[str]) -> str:
    *first, last = [*parts] or [""]
    return f"{', '.join(first)} and {last}" if first else last


def _kind_of(trace: str) -> Kind | None:
    kind = trace.partition(":")[0]
    return Kind(kind) if kind in set(Kind) else None
