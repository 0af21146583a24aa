"""Events: the meetings of rooms.

What other servers send as an event is a post here, with its day and place in its text; nothing else is known of it.
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta
from sqlalchemy import Connection

from fedishare.api import acting, fields
from fedishare.api.calls import Call, nothing
from fedishare.api.entities import events as entities
from fedishare.api.entities.events import Event, EventSummary
from fedishare.api.extensions.rooms import inside
from fedishare.api.fields import Id
from fedishare.api.routes import Routes, Token
from fedishare.core.errors import NotFound
from fedishare.domain.papers import LONGEST_HEADLINE, LONGEST_NOTES
from fedishare.queries import meetings
from fedishare.queries.meetings import MeetingLine
from fedishare.services import meetings as business
from fedishare.services.meetings import Call as Called

TIME: Final = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$"

routes: Final = Routes()


@routes.reads("GET", "/api/fedishare/v1/events", scope="read:statuses")
def show_coming(tx: Connection, call: Call) -> list[EventSummary]:
    """The meetings to come of all rooms that you are in, the next one first."""
    return entities.summaries(tx, call, meetings.coming(tx, viewer=call.me))


class EventChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Which meetings."""

    show: Annotated[
        Literal["coming", "past"],
        Meta(description="Those to come, the next one first; or those over or called off, the last one first."),
    ] = "coming"


@routes.reads("GET", "/api/fedishare/v1/rooms/{id}/events", scope="read:statuses", token=Token.MAYBE)
def show_of_room(tx: Connection, call: Call, asked: EventChoice) -> list[EventSummary]:
    """The meetings of a room."""
    room_id = inside(tx, call).who.id
    found = meetings.planned if asked.show == "coming" else meetings.past
    return entities.summaries(tx, call, found(tx, room_id=room_id, viewer=call.viewer))


@routes.reads("GET", "/api/fedishare/v1/events/{id}", scope="read:statuses", token=Token.MAYBE)
def show(tx: Connection, call: Call) -> Event:
    """One meeting, with its agenda and its minutes."""
    return _whole(tx, call, call.id())


def _whole(tx: Connection, call: Call, meeting_id: int) -> Event:
    line, viewer = _line(tx, call, meeting_id), call.viewer
    told = meetings.minutes(tx, post_id=line.minutes_id, viewer=viewer) if line.minutes_id is not None else None
    return entities.event(
        tx,
        call,
        line,
        agenda=meetings.agenda(tx, line, viewer=viewer) if line.is_open else [],
        minutes=told,
        secretary=meetings.by_uri(tx, line.secretary_uri),
    )


def _line(tx: Connection, call: Call, meeting_id: int) -> MeetingLine:
    try:
        return meetings.meeting(tx, meeting_id=meeting_id, viewer=call.viewer)
    except NotFound:
        raise nothing() from None


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A meeting that is to be called."""

    title: Annotated[str, Meta(min_length=1, max_length=LONGEST_HEADLINE)]
    starts: Annotated[
        str, Meta(pattern=TIME, description="The time on the wall at its place.", examples=["2026-09-14T16:00"])
    ]
    place: Annotated[str, Meta(max_length=LONGEST_HEADLINE, description="A room, or the address of a call.")] = ""
    note: Annotated[str, Meta(max_length=LONGEST_NOTES)] = ""
    secretary_id: Annotated[Id, Meta(description="Who takes the minutes.")] | None = None


@routes.writes("POST", "/api/fedishare/v1/rooms/{id}/events", scope="write:statuses")
def create(tx: Connection, call: Call, asked: NewEvent) -> Event:
    """Call a meeting of a room that you look after. Its members are told."""
    call, me = call.anew(), acting.me(tx, call)
    acting.refuse_reader(call)
    room_id = inside(tx, call).who.id
    said = Called(
        title=asked.title,
        starts=asked.starts,
        place=asked.place,
        note=asked.note,
        secretary_id=fields.number(asked.secretary_id),
    )
    return _whole(tx, call, business.call(tx, call.here, author_id=me, room_id=room_id, asked=said))


class NewAgendaItem(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be discussed."""

    headline: Annotated[str, Meta(min_length=1, max_length=LONGEST_HEADLINE)]
    details: Annotated[str, Meta(max_length=LONGEST_NOTES)] = ""


@routes.writes("POST", "/api/fedishare/v1/events/{id}/agenda", scope="write:statuses")
def add_item(tx: Connection, call: Call, asked: NewAgendaItem) -> Event:
    """Put something on the agenda of a meeting. Any member of the room may."""
    call, me = call.anew(), acting.me(tx, call)
    acting.refuse_reader(call)
    line = _line(tx, call, call.id())
    business.add_item(
        tx,
        call.here,
        author_id=me,
        room_id=line.room_id,
        meeting_id=line.id,
        headline=asked.headline,
        details=asked.details,
    )
    return _whole(tx, call, line.id)
