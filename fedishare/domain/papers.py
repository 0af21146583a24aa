"""The papers of a meeting: what its posts are besides a text, and that text, which every server shows.

Pure. A paper is told to machines in `schema:mainEntity`; the Markdown made here says the same to people.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

import msgspec

from fedishare.domain import days

LONGEST_HEADLINE: Final = 200
LONGEST_NOTES: Final = 10_000
MOST_ITEMS: Final = 200
MOST_ACTIONS: Final = 200
MOST_NAMES: Final = 300
MOST_LINKS: Final = 50
# What would begin a list, a heading or a quotation at the start of a line, or make words bold inside it.
_MARKS: Final = re.compile(r"([\\`*_\[\]<>~])")


class MeetingPaper(msgspec.Struct, frozen=True, kw_only=True):
    """A meeting is called. `starts` is a time of the clock on the wall; `secretary` the address of who runs it."""

    starts: str
    place: str = ""
    note: str = ""
    secretary: str | None = None
    is_cancelled: bool = False


class ItemPaper(msgspec.Struct, frozen=True, kw_only=True):
    """Something for the agenda of a meeting, or without one, of the next."""

    headline: str
    meeting: str | None = None


class OrderPaper(msgspec.Struct, frozen=True, kw_only=True):
    """The agenda, sent round: the addresses of its items."""

    meeting: str
    items: tuple[str, ...]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What was said and decided about one item. `item` is its address."""

    headline: str
    item: str | None = None
    notes: str = ""
    decisions: tuple[str, ...] = ()


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """An item that was not reached."""

    headline: str
    item: str | None = None


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the minutes point to."""

    url: str
    name: str = ""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What the minutes tell besides the actions."""

    present: tuple[str, ...] = ()
    apologies: tuple[str, ...] = ()
    notes: str = ""
    decisions: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    left: tuple[Left, ...] = ()
    links: tuple[Link, ...] = ()


class ActionPaper(msgspec.Struct, frozen=True, kw_only=True):
    """Something that somebody has to do, until the end of the day `due`. `handle` is how a text names them."""

    uri: str
    headline: str
    owner: str
    owner_name: str = ""
    due: str | None = None
    is_done: bool = False


class MinutesPaper(msgspec.Struct, frozen=True, kw_only=True):
    meeting: str
    record: Record
    actions: tuple[ActionPaper, ...] = ()


class ReportPaper(msgspec.Struct, frozen=True, kw_only=True):
    """The owner of an action has done it."""

    action: str


Paper: TypeAlias = MeetingPaper | ItemPaper | OrderPaper | MinutesPaper | ReportPaper


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An action as the minutes word it, with the handle of its owner."""

    headline: str
    handle: str
    due: str | None = None
    is_done: bool = False


def lines(text: str) -> tuple[str, ...]:
    """The lines of a field in which each line is one thing, without marks of a list that people put before them."""
    stripped = (line.strip().lstrip("-*\u2022").strip() for line in text.splitlines())
    return tuple(line for line in stripped if line)


def links(text: str) -> tuple[Link, ...]:
    """One link a line: an address, and a name before or after it."""
    found = []
    for line in lines(text)[:MOST_LINKS]:
        words = line.split()
        url = next((word for word in words if word.startswith(("https://", "http://"))), None)
        if url is not None:
            found.append(Link(url=url, name=" ".join(word for word in words if word != url).strip(" :-")))
    return tuple(found)


def meeting_text(paper: MeetingPaper, *, secretary: str | None) -> str:
    """`secretary` is a handle."""
    place = f" · {_plain(paper.place)}" if paper.place else ""
    when = f"**{days.spoken(paper.starts)}**{place}"
    if paper.is_cancelled:
        return f"**Cancelled.** This meeting will not take place: {days.spoken(paper.starts)}{place}"
    told = [when, paper.note]
    if secretary:
        told.append(f"Secretary: @{secretary}")
    told.append(
        "Something for the agenda? Add it on the page of the meeting, or answer this post and ask the secretary."
    )
    return _paragraphs(told)


def item_text(paper: ItemPaper, details: str) -> str:
    return _paragraphs([f"For the agenda: **{_plain(paper.headline)}**", details])


def order_text(headlines: Iterable[str], *, starts: str) -> str:
    listed = "\n".join(f"{number}. {_plain(line)}" for number, line in enumerate(headlines, start=1))
    return _paragraphs([f"The agenda for {days.spoken(starts)}:", listed])


def report_text(headline: str) -> str:
    return f"Done: **{_plain(headline)}**"


def minutes_text(record: Record, actions: Iterable[Told], *, starts: str, place: str) -> str:
    """Decisions and actions first, for that is what most people look for; then item by item."""
    told = [f"Meeting of {days.spoken(starts)}{f' · {_plain(place)}' if place else ''}"]
    told += [f"**{word}:** {_plain(', '.join(names))}" for word, names in _people(record) if names]
    decisions = [*record.decisions, *(said for part in record.parts for said in part.decisions)]
    told += _listed("Decisions", (_plain(said) for said in decisions))
    told += _listed("Actions", map(_action, actions))
    for number, part in enumerate(record.parts, start=1):
        told += [f"### {number}. {_plain(part.headline)}", part.notes]
        told += [f"**Decided:** {_plain(said)}" for said in part.decisions]
    told += [f"### Also\n\n{record.notes}"] if record.notes else []
    told += _listed("Not reached: on the agenda of the next meeting", (_plain(left.headline) for left in record.left))
    told += _listed("Papers", (f"[{_plain(link.name or link.url)}]({link.url})" for link in record.links))
    return _paragraphs(told)


def _people(record: Record) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "Present", record.present
    yield "Apologies", record.apologies


def _action(told: Told) -> str:
    due = f", by {days.spoken(told.due)}" if told.due else ""
    done = " (done)" if told.is_done else ""
    return f"**{_plain(told.headline)}**: @{told.handle}{due}{done}"


def _listed(heading: str, things: Iterable[str]) -> list[str]:
    bullets = _bullets(things)
    return [f"### {heading}", bullets] if bullets else []


def _bullets(things: Iterable[str]) -> str:
    return "\n".join(f"- {thing}" for thing in things)


def _paragraphs(told: Iterable[str]) -> str:
    return "\n\n".join(part.strip() for part in told if part.strip())


def _plain(text: str) -> str:
    """One line that means what it says: nothing in it is taken for a mark of Markdown."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))
