"""The papers of a meeting told to machines, as the `schema:mainEntity` of posts. Their text says the same to people."""

from typing import Final

from fedishare.as2.write import Document
from fedishare.core.json import Json
from fedishare.domain.papers import (
    ActionPaper,
    ItemPaper,
    Left,
    MeetingPaper,
    MinutesPaper,
    OrderPaper,
    Paper,
    Part,
    ReportPaper,
)

CANCELLED: Final = "schema:EventCancelled"
COMPLETED: Final = "schema:CompletedActionStatus"
POTENTIAL: Final = "schema:PotentialActionStatus"


def entity(paper: Paper) -> Document:
    match paper:
        case MeetingPaper():
            return _meeting(paper)
        case ItemPaper():
            told: Document = {"type": "schema:ListItem", "schema:name": paper.headline}
            return told | {"schema:isPartOf": paper.meeting} if paper.meeting else told
        case OrderPaper():
            return _order(paper)
        case MinutesPaper():
            return _minutes(paper)
        case ReportPaper():
            return {"type": "schema:UpdateAction", "schema:object": paper.action, "schema:actionStatus": COMPLETED}


def _meeting(paper: MeetingPaper) -> Document:
    told: Document = {"type": "schema:BusinessEvent", "schema:startDate": paper.starts}
    if paper.place:
        told["schema:location"] = paper.place
    if paper.note:
        told["schema:description"] = paper.note
    if paper.secretary:
        told["schema:organizer"] = paper.secretary
    return told | {"schema:eventStatus": CANCELLED} if paper.is_cancelled else told


def _order(paper: OrderPaper) -> Document:
    items: list[Json] = [
        {"type": "schema:ListItem", "schema:position": place, "schema:item": uri}
        for place, uri in enumerate(paper.items, start=1)
    ]
    return {"type": "schema:ItemList", "schema:about": paper.meeting, "schema:itemListElement": items}


def _minutes(paper: MinutesPaper) -> Document:
    record = paper.record
    people = [("present", name) for name in record.present] + [("apologies", name) for name in record.apologies]
    told: Document = {
        "type": "schema:Report",
        "schema:about": paper.meeting,
        "schema:attendee": [
            {"type": "schema:Role", "schema:roleName": role, "schema:name": name} for role, name in people
        ],
        "schema:result": list(record.decisions),
        "schema:hasPart": [_part(part) for part in record.parts],
        "schema:nextItem": [_left(left) for left in record.left],
        "schema:potentialAction": [_action(action) for action in paper.actions],
        "schema:citation": [
            {"type": "schema:CreativeWork", "schema:url": link.url, "schema:name": link.name} for link in record.links
        ],
    }
    return told | {"schema:description": record.notes} if record.notes else told


def _part(part: Part) -> Document:
    told: Document = {
        "type": "schema:ListItem",
        "schema:name": part.headline,
        "schema:description": part.notes,
        "schema:result": list(part.decisions),
    }
    return told | {"schema:item": part.item} if part.item else told


def _left(left: Left) -> Document:
    told: Document = {"type": "schema:ListItem", "schema:name": left.headline}
    return told | {"schema:item": left.item} if left.item else told


def _action(action: ActionPaper) -> Document:
    told: Document = {
        "type": "schema:PlanAction",
        "id": action.uri,
        "schema:name": action.headline,
        "schema:agent": {"type": "schema:Person", "id": action.owner, "schema:name": action.owner_name},
        "schema:actionStatus": COMPLETED if action.is_done else POTENTIAL,
    }
    return told | {"schema:endTime": action.due} if action.due else told
