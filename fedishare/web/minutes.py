"""Running a meeting: notes and decisions item by item, actions, and publishing the minutes.

It is all one form, so that no button on the page loses what was typed elsewhere on it.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import FediShareError, Invalid, Refused
from fedishare.core.here import Here
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
    clashes: Mapping[int, Clash] | None = None,
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
        clashes=clashes or {},
        digest=digest,
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
    """Save all notes that were changed; of two who write at once, the second sees both, and saves again."""
    meeting_id, form = asked.post_id(request), await forms.read(request)
    clashes = await _save(request, form)
    if clashes:
        return await _show(request, clashes=clashes, values=form.values, status=409)
    if form.text("headline"):
        return await _show(request, values=form.values)
    return asked.go(f"/meetings/{meeting_id}/notes#n{asked.whole(form.text('saved')) or meeting_id}")


async def _save(request: web.Request, form: Form) -> dict[int, Clash]:
    """Whatever else a button does, what was typed is kept first."""
    me, meeting_id = require_post(request), asked.post_id(request)
    items = [asked.whole(item) or meeting_id for item in form.lists.get("item", [])]
    said = {item: _notes(form, item, is_whole=item == meeting_id) for item in items}
    changed = {item: notes for item, notes in said.items() if form.text(f"was-{item}") != digest(notes)}
    return await request.app[DATABASE].write(
        _write_all, request.app[HERE], editor_id=me, meeting_id=meeting_id, changed=changed
    )


def _write_all(
    tx: Connection, here: Here, *, editor_id: int, meeting_id: int, changed: Mapping[int, Notes]
) -> dict[int, Clash]:
    clashes = {
        item: business.write(tx, here, editor_id=editor_id, meeting_id=meeting_id, item_id=item, said=notes)
        for item, notes in changed.items()
    }
    return {item: clash for item, clash in clashes.items() if clash is not None}


def _notes(form: Form, item: int, *, is_whole: bool) -> Notes:
    chosen = form.text("resource") if is_whole else ""
    links = "\n".join(line for line in (form.text(f"links-{item}"), chosen) if line)
    return Notes(
        version=asked.whole(form.text(f"version-{item}")) or 0,
        notes=form.text(f"notes-{item}"),
        decisions=form.text(f"decisions-{item}"),
        present=form.text(f"present-{item}"),
        apologies=form.text(f"apologies-{item}"),
        links=links,
        is_reached=bool(form.text(f"is_reached-{item}")),
    )


def digest(said: SheetRow | Notes) -> str:
    """What the form was shown with: notes that come back the same are nobody's work, and are left alone."""
    parts = (said.notes, said.decisions, said.present, said.apologies, said.links, str(bool(said.is_reached)))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


@routes.post("/meetings/{id}/actions")
async def act(request: web.Request) -> web.Response:
    me, meeting_id, form = require_post(request), asked.post_id(request), await forms.read(request)
    clashes = await _save(request, form)
    if clashes:
        return await _show(request, clashes=clashes, values=form.values, status=409)
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
    form = await forms.read(request)
    clashes = await _save(request, form)
    if clashes:
        return await _show(request, clashes=clashes, values=form.values, status=409)
    action_id = asked.whole(request.match_info["action"]) or 0
    await request.app[DATABASE].write(business.drop_action, actor_id=me, meeting_id=meeting_id, action_id=action_id)
    if form.text("headline"):
        return await _show(request, values=form.values)
    return asked.go(f"/meetings/{meeting_id}/notes#actions")


@routes.post("/meetings/{id}/publish")
async def publish(request: web.Request) -> web.Response:
    me, meeting_id = require_post(request), asked.post_id(request)
    form = await forms.read(request)
    clashes = await _save(request, form)
    if clashes:
        return await _show(request, clashes=clashes, values=form.values, status=409)
    if form.text("headline"):
        errors = {"headline": "Note this action first, or empty the line; then publish."}
        return await _show(request, values=form.values, errors=errors)
    try:
        await request.app[DATABASE].write(business.publish, request.app[HERE], author_id=me, meeting_id=meeting_id)
    except Invalid as error:
        return await _show(request, errors={"publish": str(error)})
    return asked.go(f"/meetings/{meeting_id}")
