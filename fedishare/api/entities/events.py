"""What is going on in rooms: their meetings, with agenda and minutes."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection

from fedishare.api.calls import Call, stamp, stamp_or_none
from fedishare.api.entities import accounts
from fedishare.api.entities.accounts import Account
from fedishare.domain.audience import Visibility
from fedishare.domain.papers import Record
from fedishare.queries.cards import Face
from fedishare.queries.meetings import ActionLine, ItemLine, MeetingLine, MinutesView


class EventSummary(msgspec.Struct, frozen=True, kw_only=True):
    """An event as lists show it. Its `id` is also that of its status.

    `starts` is the time on the wall at its place, as ISO 8601 without a zone. `content` is HTML.
    """

    id: str
    uri: str
    kind: Literal["meeting"] = "meeting"
    title: str
    content: str
    starts: str
    place: str
    note: str
    is_cancelled: bool
    is_over: bool
    visibility: Visibility
    room: Account
    account: Account
    minutes_id: str | None


class Item(msgspec.Struct, frozen=True):
    """Something on the agenda. Its `id` is that of its status."""

    id: str
    headline: str
    content: str
    account: Account


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody has to do, until the end of the day `due`."""

    id: str
    headline: str
    owner: str
    owner_account: Account | None
    due: str | None
    is_done: bool


class Minutes(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a meeting. Their `id` is that of their status."""

    id: str
    account: Account
    created_at: str
    edited_at: str | None
    record: Record
    actions: tuple[Action, ...]


class Event(EventSummary, frozen=True, kw_only=True):
    """One event with all that belongs to it."""

    secretary: Account | None
    agenda: tuple[Item, ...]
    minutes: Minutes | None


def summaries(tx: Connection, call: Call, lines: Iterable[MeetingLine]) -> list[EventSummary]:
    kept = list(lines)
    people = accounts.many(tx, call, dict.fromkeys(key for line in kept for key in (line.room_id, line.author_id)))
    return [EventSummary(**_plain(line, people)) for line in kept]


def event(
    tx: Connection,
    call: Call,
    line: MeetingLine,
    *,
    agenda: list[ItemLine],
    minutes: MinutesView | None,
    secretary: Face | None,
) -> Event:
    told = minutes.actions if minutes is not None else []
    faces = [item.author for item in agenda] + [action.owner for action in told if action.owner is not None]
    faces += [face for face in (secretary, minutes.author if minutes is not None else None) if face is not None]
    people = accounts.many(tx, call, dict.fromkeys((line.room_id, line.author_id, *(face.id for face in faces))))
    return Event(
        **_plain(line, people),
        secretary=people[secretary.id] if secretary is not None else None,
        agenda=tuple(Item(str(item.id), item.headline, item.content, people[item.author.id]) for item in agenda),
        minutes=_minutes(minutes, people) if minutes is not None else None,
    )


def _plain(line: MeetingLine, people: Mapping[int, Account]) -> dict[str, Any]:
    return {
        "id": str(line.id),
        "uri": line.uri,
        "title": line.title,
        "content": line.content,
        "starts": line.starts,
        "place": line.place,
        "note": line.note,
        "is_cancelled": line.is_cancelled,
        "is_over": line.minutes_id is not None,
        "visibility": line.visibility,
        "room": people[line.room_id],
        "account": people[line.author_id],
        "minutes_id": str(line.minutes_id) if line.minutes_id is not None else None,
    }


def _minutes(view: MinutesView, people: Mapping[int, Account]) -> Minutes:
    return Minutes(
        id=str(view.id),
        account=people[view.author.id],
        created_at=stamp(view.published_at),
        edited_at=stamp_or_none(view.edited_at),
        record=view.record,
        actions=tuple(_action(line, people) for line in view.actions),
    )


def _action(line: ActionLine, people: Mapping[int, Account]) -> Action:
    return Action(
        id=str(line.id),
        headline=line.headline,
        owner=line.owner_name,
        owner_account=people[line.owner.id] if line.owner is not None else None,
        due=line.due,
        is_done=line.is_done,
    )
