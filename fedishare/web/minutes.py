"""Running a meeting: notes and decisions item by item, actions, and publishing the minutes."""

from typing import Any, Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import FediShareError, Invalid, Refused
from fedishare.domain import days
from fedishare.http.keys import DATABASE, HERE
from fedishare.http.pages import page
from fedishare.http.routes import Routes
from fedishare.queries import meetings
from fedishare.queries.cards import Face
from fedishare.queries.meetings import DraftLine, ItemLine, MeetingLine, SheetRow
from fedishare.services import meetings as business
from fedishare.services.meetings import Clash, Notes
from fedishare.web import asked, forms
from fedishare.web.forms import Form
from fedishare.web.meetings import find_person, require_post

routes: Final = Routes()


class Desk(NamedTuple):
    """What whoever runs a meeting has before them."""

    meeting: MeetingLine
    room: Face
    items: list[ItemLine]
    sheets: dict[int, SheetRow]
    drafts: list[DraftLine]
    resources: list[tuple[str, str]]
    is_theirs: bool


@routes.get("/meetings/{id}/notes")
async def show(request: web.Request) -> web.Response:
    return await _show(request)


async def _show(
    request: web.Request,
    *,
    clash: Clash | None = None,
    clashing: int = 0,
    values: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> web.Response:
    desk = await request.app[DATABASE].read(_desk, meeting_id=asked.post_id(request), viewer=asked.me(request))
    return await page(
        request,
        "meeting_notes.html",
        status=422 if errors else status,
        **desk._asdict(),
        empty=SheetRow(0, "", "", "", "", "", is_reached=False, version=0, editor=None),
        clash=clash,
        clashing=clashing,
        values=values or {},
        errors=errors or {},
    )


def _desk(tx: Connection, *, meeting_id: int, viewer: int) -> Desk:
    """A fixed number of statements, whatever is on the agenda."""
    line = meetings.meeting(tx, meeting_id=meeting_id, viewer=viewer)
    if not business.may_run(tx, line, actor_id=viewer):
        raise Refused("Only those who look after the room, or the secretary of the meeting, can do this.")
    out = meetings.minutes(tx, post_id=line.minutes_id, viewer=viewer) if line.minutes_id is not None else None
    return Desk(
        line,
        meetings.hall(tx, room_id=line.room_id).face,
        business.items(tx, line, viewer=viewer),
        meetings.sheets(tx, meeting_id=line.id),
        meetings.drafts(tx, meeting_id=line.id),
        meetings.resources(tx, room_id=line.room_id, viewer=viewer),
        out is None or out.author.id == viewer,
    )


@routes.post("/meetings/{id}/notes")
async def write(request: web.Request) -> web.Response:
    """Save the notes on one item; of two who write at once, the second sees both, and saves again."""
    me, meeting_id, form = require_post(request), asked.post_id(request), await forms.read(request)
    item_id = asked.whole(form.text("item")) or meeting_id
    clash = await request.app[DATABASE].write(
        business.write, request.app[HERE], editor_id=me, meeting_id=meeting_id, item_id=item_id, said=_notes(form)
    )
    if clash is not None:
        return await _show(request, clash=clash, clashing=item_id, status=409)
    return asked.go(f"/meetings/{meeting_id}/notes#n{item_id}")


def _notes(form: Form) -> Notes:
    chosen = form.text("resource")
    links = "\n".join(line for line in (form.text("links"), chosen) if line)
    return Notes(
        version=asked.whole(form.text("version")) or 0,
        notes=form.text("notes"),
        decisions=form.text("decisions"),
        present=form.text("present"),
        apologies=form.text("apologies"),
        links=links,
        is_reached=bool(form.text("is_reached")),
    )


@routes.post("/meetings/{id}/actions")
async def act(request: web.Request) -> web.Response:
    me, meeting_id, form = require_post(request), asked.post_id(request), await forms.read(request)
    errors: dict[str, str] = {}
    owner, due = me, None
    try:
        owner = await find_person(request, form.text("owner")) if form.text("owner") else me
    except FediShareError as error:
        errors["owner"] = str(error)
    try:
        due = days.read_day(form.text("due"))
    except Invalid as error:
        errors["due"] = str(error)
    if not form.text("headline"):
        errors["headline"] = "Say what is to be done."
    if errors:
        return await _show(request, values=form.values, errors=errors)
    said: dict[str, Any] = {"headline": form.text("headline"), "owner_id": owner, "due": due}
    await request.app[DATABASE].write(
        business.add_action, request.app[HERE], actor_id=me, meeting_id=meeting_id, **said
    )
    return asked.go(f"/meetings/{meeting_id}/notes#actions")


@routes.post("/meetings/{id}/actions/{action}/drop")
async def drop(request: web.Request) -> web.Response:
    me, meeting_id = require_post(request), asked.post_id(request)
    action_id = asked.whole(request.match_info["action"]) or 0
    await request.app[DATABASE].write(business.drop_action, actor_id=me, meeting_id=meeting_id, action_id=action_id)
    return asked.go(f"/meetings/{meeting_id}/notes#actions")


@routes.post("/meetings/{id}/publish")
async def publish(request: web.Request) -> web.Response:
    me, meeting_id = require_post(request), asked.post_id(request)
    await forms.read(request)
    try:
        await request.app[DATABASE].write(business.publish, request.app[HERE], author_id=me, meeting_id=meeting_id)
    except Invalid as error:
        return await _show(request, errors={"publish": str(error)})
    return asked.go(f"/meetings/{meeting_id}")
