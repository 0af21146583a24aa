"""Meetings of a room: the list of them, calling one, its page with the agenda, and adding to it."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import FediShareError, Invalid, Refused
from fedishare.domain.permissions import Verb, may
from fedishare.http.keys import DATABASE, HERE, TOOLS, VISITOR
from fedishare.http.pages import page
from fedishare.http.routes import Allow, Routes
from fedishare.inbox import resolve
from fedishare.queries import meetings
from fedishare.queries.cards import Face
from fedishare.queries.meetings import ItemLine, MeetingLine, MinutesView
from fedishare.services import meetings as business
from fedishare.services import rooms as room_services
from fedishare.services.meetings import Call
from fedishare.web import asked, forms
from fedishare.web.forms import Form

FIELDS: Final = ("title", "day", "time", "place", "note", "secretary", "is_cancelled")

routes: Final = Routes()


class Hall(NamedTuple):
    """The meetings of a room. `parked` is what waits for a meeting that nobody has called."""

    room: Face
    planned: list[MeetingLine]
    past: list[MeetingLine]
    parked: list[ItemLine]
    is_member: bool
    may_run: bool


class Table(NamedTuple):
    """One meeting as its page shows it."""

    meeting: MeetingLine
    room: Face
    secretary: Face | None
    agenda: list[ItemLine]
    minutes: MinutesView | None
    is_member: bool
    may_run: bool


def require_post(request: web.Request) -> int:
    """The visitor's own actor. Raises Refused for somebody who may only read."""
    if not may(request[VISITOR].role, Verb.POST):
        raise Refused("This account may read, but not write.")
    return asked.me(request)


@routes.get("/rooms/{id}/meetings", allow=Allow.ANYONE)
async def show_all(request: web.Request) -> web.Response:
    return await _show_all(request)


async def _show_all(
    request: web.Request, values: dict[str, str] | None = None, errors: dict[str, str] | None = None
) -> web.Response:
    hall = await request.app[DATABASE].read(_hall, room_id=asked.post_id(request), viewer=request[VISITOR].actor_id)
    return await page(
        request,
        "meetings.html",
        status=422 if errors else 200,
        **hall._asdict(),
        values=values or {},
        errors=errors or {},
    )


def _hall(tx: Connection, *, room_id: int, viewer: int | None) -> Hall:
    planned = meetings.planned(tx, room_id=room_id, viewer=viewer)
    return Hall(
        meetings.hall(tx, room_id=room_id).face,
        planned,
        meetings.past(tx, room_id=room_id, viewer=viewer),
        [] if planned else meetings.parked(tx, room_id=room_id, viewer=viewer),
        viewer is not None and room_services.is_member(tx, room_id=room_id, actor_id=viewer),
        viewer is not None and business.may_call(tx, room_id=room_id, actor_id=viewer),
    )


@routes.get("/rooms/{id}/meetings/new")
async def ask(request: web.Request) -> web.Response:
    hall = await request.app[DATABASE].read(_hall, room_id=asked.post_id(request), viewer=asked.me(request))
    if not hall.may_run:
        raise Refused("Only those who look after the room, or its secretary, can call a meeting.")
    return await _form(request, room=hall.room, meeting=None, values=dict.fromkeys(FIELDS, ""), errors={})


async def _form(
    request: web.Request, *, room: Face, meeting: MeetingLine | None, values: dict[str, str], errors: dict[str, str]
) -> web.Response:
    return await page(
        request,
        "meeting_form.html",
        status=422 if errors else 200,
        room=room,
        meeting=meeting,
        values=dict.fromkeys(FIELDS, "") | values,
        errors=errors,
    )


@routes.post("/rooms/{id}/meetings/new")
async def call(request: web.Request) -> web.Response:
    me, room_id, form = require_post(request), asked.post_id(request), await forms.read(request)

    async def save(said: Call) -> int:
        return await request.app[DATABASE].write(
            business.call, request.app[HERE], author_id=me, room_id=room_id, asked=said
        )

    errors, said = await _said(request, form)
    if said is not None:
        try:
            return asked.go(f"/meetings/{await save(said)}")
        except Invalid as error:
            errors["day"] = str(error)
    hall = await request.app[DATABASE].read(_hall, room_id=room_id, viewer=me)
    return await _form(request, room=hall.room, meeting=None, values=form.values, errors=errors)


async def _said(request: web.Request, form: Form) -> tuple[dict[str, str], Call | None]:
    """What was typed, or what is wrong with it, by field."""
    errors: dict[str, str] = {}
    if not form.text("title"):
        errors["title"] = "Give the meeting a name, such as Spring term meeting."
    if not form.text("day"):
        errors["day"] = "Say on which day it is."
    if not form.text("time"):
        errors["time"] = "Say when it begins, such as 16:00."
    secretary = None
    if form.text("secretary"):
        try:
            secretary = await find_person(request, form.text("secretary"))
        except FediShareError as error:
            errors["secretary"] = str(error)
    if errors:
        return errors, None
    return {}, Call(
        title=form.text("title"),
        starts=f"{form.text('day')}T{form.text('time')}",
        place=form.text("place"),
        note=form.text("note"),
        secretary_id=secretary or asked.me(request),
        is_cancelled=bool(form.text("is_cancelled")),
    )


async def find_person(request: web.Request, handle: str) -> int:
    """Somebody by handle, wherever they are. Raises Invalid with what to type."""
    found = await resolve.find(request.app[TOOLS], handle if handle.startswith("@") else f"@{handle}")
    if found.kind != "actor":
        raise Invalid("This is not the handle of a person.")
    return found.id


@routes.get("/meetings/{id}", allow=Allow.ANYONE)
async def show(request: web.Request) -> web.Response:
    return await _show(request)


async def _show(
    request: web.Request, values: dict[str, str] | None = None, errors: dict[str, str] | None = None
) -> web.Response:
    table = await look(request)
    return await page(
        request,
        "meeting.html",
        status=422 if errors else 200,
        **table._asdict(),
        values=values or {},
        errors=errors or {},
    )


async def look(request: web.Request) -> Table:
    return await request.app[DATABASE].read(_table, meeting_id=asked.post_id(request), viewer=request[VISITOR].actor_id)


def _table(tx: Connection, *, meeting_id: int, viewer: int | None) -> Table:
    """A fixed number of statements, whatever is on the agenda."""
    line = meetings.meeting(tx, meeting_id=meeting_id, viewer=viewer)
    minutes = meetings.minutes(tx, post_id=line.minutes_id, viewer=viewer) if line.minutes_id is not None else None
    return Table(
        line,
        meetings.hall(tx, room_id=line.room_id).face,
        meetings.by_uri(tx, line.secretary_uri),
        meetings.agenda(tx, line, viewer=viewer) if line.is_open else [],
        minutes,
        viewer is not None and room_services.is_member(tx, room_id=line.room_id, actor_id=viewer),
        viewer is not None and business.may_run(tx, line, actor_id=viewer),
    )


@routes.get("/meetings/{id}/edit")
async def ask_again(request: web.Request) -> web.Response:
    table = await look(request)
    day, _, time = table.meeting.starts.partition("T")
    values = {
        "title": table.meeting.title,
        "day": day,
        "time": time,
        "place": table.meeting.place,
        "note": table.meeting.note,
        "secretary": f"@{table.secretary.full_handle}" if table.secretary is not None else "",
        "is_cancelled": "1" if table.meeting.is_cancelled else "",
    }
    return await _form(request, room=table.room, meeting=table.meeting, values=values, errors={})


@routes.post("/meetings/{id}/edit")
async def change(request: web.Request) -> web.Response:
    me, meeting_id, form = require_post(request), asked.post_id(request), await forms.read(request)
    errors, said = await _said(request, form)
    if said is not None:
        try:
            await request.app[DATABASE].write(
                business.change, request.app[HERE], author_id=me, meeting_id=meeting_id, asked=said
            )
            return asked.go(f"/meetings/{meeting_id}")
        except Invalid as error:
            errors["day"] = str(error)
    table = await look(request)
    return await _form(request, room=table.room, meeting=table.meeting, values=form.values, errors=errors)


@routes.post("/rooms/{id}/agenda")
async def park(request: web.Request) -> web.Response:
    """Something for a meeting that nobody has called yet."""
    room_id = asked.post_id(request)
    return await _add(request, room_id=room_id, meeting_id=None, back=f"/rooms/{room_id}/meetings", again=_show_all)


@routes.post("/meetings/{id}/agenda")
async def add(request: web.Request) -> web.Response:
    meeting_id = asked.post_id(request)
    return await _add(request, room_id=0, meeting_id=meeting_id, back=f"/meetings/{meeting_id}#agenda", again=_show)


async def _add(
    request: web.Request, *, room_id: int, meeting_id: int | None, back: str, again: Callable[..., Any]
) -> web.Response:
    me, form = require_post(request), await forms.read(request)
    try:
        await request.app[DATABASE].write(
            business.add_item,
            request.app[HERE],
            author_id=me,
            room_id=room_id,
            meeting_id=meeting_id,
            headline=form.text("headline"),
            details=form.text("details"),
        )
    except Invalid as error:
        shown: web.Response = await again(request, form.values, {"headline": str(error)})
        return shown
    return asked.go(back)


@routes.post("/meetings/{id}/order")
async def order(request: web.Request) -> web.Response:
    me, meeting_id, form = require_post(request), asked.post_id(request), await forms.read(request)
    await request.app[DATABASE].write(
        business.move,
        actor_id=me,
        meeting_id=meeting_id,
        item_id=asked.whole(form.text("item")) or 0,
        up=form.text("way") == "up",
    )
    return asked.go(f"/meetings/{meeting_id}#agenda")


@routes.post("/meetings/{id}/send-agenda")
async def send_agenda(request: web.Request) -> web.Response:
    me, meeting_id = require_post(request), asked.post_id(request)
    await forms.read(request)
    await request.app[DATABASE].write(business.send_agenda, request.app[HERE], author_id=me, meeting_id=meeting_id)
    return asked.go(f"/meetings/{meeting_id}#agenda")
