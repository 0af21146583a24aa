"""The papers of a meeting as other servers send them, in the `schema:mainEntity` of a post: read, cut and cleaned.

That somebody says so makes it none of a room's business yet: services.papers looks at who they are.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from fedishare.as2.node import EVERYBODY, Node, is_address
from fedishare.core.errors import Invalid
from fedishare.domain import days, markup
from fedishare.domain.papers import (
    LONGEST_HEADLINE,
    LONGEST_NOTES,
    MOST_ACTIONS,
    MOST_ITEMS,
    MOST_LINKS,
    MOST_NAMES,
    ActionPaper,
    ItemPaper,
    Left,
    Link,
    MeetingPaper,
    MinutesPaper,
    OrderPaper,
    Paper,
    Part,
    Record,
    ReportPaper,
)

CANCELLED: Final = "schema:EventCancelled"
COMPLETED: Final = "schema:CompletedActionStatus"
APOLOGIES: Final = "apologies"


def read(entity: Node) -> Paper | None:
    """What a post is in the business of a meeting; nothing on any doubt."""
    reader = READERS.get(entity.type)
    try:
        return reader(entity) if reader is not None else None
    except Invalid:
        return None


def _meeting(entity: Node) -> MeetingPaper:
    return MeetingPaper(
        starts=days.read_time(entity.text("schema:startDate", most=LONGEST_HEADLINE) or ""),
        place=_line(entity, "schema:location"),
        note=_notes(entity),
        secretary=_ref(entity, "schema:organizer"),
        is_cancelled=entity.text("schema:eventStatus") == CANCELLED,
    )


def _item(entity: Node) -> ItemPaper | None:
    headline = _line(entity, "schema:name")
    return ItemPaper(headline=headline, meeting=_ref(entity, "schema:isPartOf")) if headline else None


def _order(entity: Node) -> OrderPaper | None:
    meeting = _ref(entity, "schema:about")
    items = tuple(
        uri for item in entity.nodes("schema:itemListElement", most=MOST_ITEMS) if (uri := _ref(item, "schema:item"))
    )
    return OrderPaper(meeting=meeting, items=items) if meeting else None


def _minutes(entity: Node) -> MinutesPaper | None:
    meeting = _ref(entity, "schema:about")
    if meeting is None:
        return None
    people = [
        (_line(item, "schema:roleName"), _line(item, "schema:name"))
        for item in entity.nodes("schema:attendee", most=MOST_NAMES)
    ]
    record = Record(
        present=tuple(name for role, name in people if name and role != APOLOGIES),
        apologies=tuple(name for role, name in people if name and role == APOLOGIES),
        notes=_notes(entity),
        decisions=_decisions(entity),
        parts=tuple(
            Part(
                headline=_line(item, "schema:name"),
                item=_ref(item, "schema:item"),
                notes=_notes(item),
                decisions=_decisions(item),
            )
            for item in entity.nodes("schema:hasPart", most=MOST_ITEMS)
        ),
        left=tuple(
            Left(headline=_line(item, "schema:name"), item=_ref(item, "schema:item"))
            for item in entity.nodes("schema:nextItem", most=MOST_ITEMS)
        ),
        links=tuple(
            Link(url=url, name=_line(item, "schema:name"))
            for item in entity.nodes("schema:citation", most=MOST_LINKS)
            if (url := markup.safe_url(item.text("schema:url") or ""))
        ),
    )
    return MinutesPaper(meeting=meeting, record=record, actions=tuple(_actions(entity)))


def _actions(entity: Node) -> Iterator[ActionPaper]:
    for item in entity.nodes("schema:potentialAction", most=MOST_ACTIONS):
        uri, owner = item.data.get("id"), item.node("schema:agent")
        owner_uri = owner.data.get("id") if owner is not None else None
        headline = _line(item, "schema:name")
        if not (isinstance(uri, str) and is_address(uri) and isinstance(owner_uri, str) and is_address(owner_uri)):
            continue
        if headline and owner is not None:
            yield ActionPaper(
                uri=uri,
                headline=headline,
                owner=owner_uri,
                owner_name=_line(owner, "schema:name"),
                due=_due(item),
                is_done=item.text("schema:actionStatus") == COMPLETED,
            )


def _due(item: Node) -> str | None:
    try:
        return days.read_day(item.text("schema:endTime", most=LONGEST_HEADLINE) or "")
    except Invalid:
        return None


def _report(entity: Node) -> ReportPaper | None:
    action = _ref(entity, "schema:object")
    return ReportPaper(action=action) if action and entity.text("schema:actionStatus") == COMPLETED else None


READERS: Final[Mapping[str, Callable[[Node], Paper | None]]] = MappingProxyType(
    {
        "schema:BusinessEvent": _meeting,
        "schema:ListItem": _item,
        "schema:ItemList": _order,
        "schema:Report": _minutes,
        "schema:UpdateAction": _report,
    }
)


def _decisions(item: Node) -> tuple[str, ...]:
    said = item.strings("schema:result", most=MOST_ITEMS)
    return tuple(line for text in said if (line := markup.text(text, limit=LONGEST_HEADLINE * 5)))


def _notes(item: Node) -> str:
    """Plain text in lines: it is shown as it is, and never taken for markup."""
    said = (item.text("schema:description") or "")[:LONGEST_NOTES].splitlines()
    return "\n".join(markup.text(line, limit=LONGEST_NOTES) for line in said).strip()


def _line(item: Node, term: str) -> str:
    return markup.text(item.text(term) or "", limit=LONGEST_HEADLINE)


def _ref(item: Node, term: str) -> str | None:
    found = item.ref(term)
    return found if found != EVERYBODY else None
