"""What waits for its time: the list, and changing or taking back what is one's own. And the settings behind it."""

from typing import Any, Final, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import Invalid, Refused
from fedishare.core.here import Here
from fedishare.domain.kinds import OfferState
from fedishare.http.keys import DATABASE, HERE
from fedishare.http.pages import page
from fedishare.http.routes import Routes
from fedishare.queries import offers as waiting
from fedishare.queries import schools
from fedishare.queries.cards import Face
from fedishare.queries.offers import OfferLine, ScheduledLine
from fedishare.queries.schools import Belonging
from fedishare.services import accounts, offers, scheduled
from fedishare.services import schools as school_services
from fedishare.services.drafts import Draft
from fedishare.web import asked, forms, moments
from fedishare.web.forms import Form

SAID: Final = {
    "kept": "It waits for its time. Until then you can change it or take it back.",
    "sent": "The server of the handle was asked to publish it. Its answer shows here.",
    "saved": "Saved.",
    "gone": "It was taken back and will not be posted.",
}

routes: Final = Routes()


class Waiting(NamedTuple):
    lines: list[ScheduledLine]
    offered: list[OfferLine]
    zone: str | None


class Kept(NamedTuple):
    """A scheduled post as its keeper changes it."""

    draft: Draft
    line: ScheduledLine
    zone: str | None


class Usual(NamedTuple):
    zone: str | None
    schools: list[Face]
    belonging: Belonging | None


@routes.get("/scheduled")
async def show(request: web.Request) -> web.Response:
    found = await request.app[DATABASE].read(_waiting, me=asked.me(request))
    zone = moments.zone(found.zone)
    said = next((text for name, text in SAID.items() if name in request.query), "")
    lines = [_shown(line, zone) for line in found.lines]
    offered = [_offered(line, zone) for line in found.offered]
    return await page(request, "scheduled.html", lines=lines, offered=offered, said=said)


def _waiting(tx: Connection, *, me: int) -> Waiting:
    return Waiting(
        waiting.waiting(tx, actor_id=me), waiting.offered(tx, actor_id=me), waiting.time_zone(tx, actor_id=me)
    )


def _shown(line: ScheduledLine, zone: ZoneInfo) -> dict[str, Any]:
    draft = msgspec.json.decode(line.draft, type=Draft)
    is_own_voice = line.author.id == line.writer.id
    return {
        "line": line,
        "text": draft.title or draft.text,
        "when": moments.tell(line.due_at, at=zone),
        "pictures": len(draft.media),
        "files": len(draft.resource.files) if draft.resource is not None else 0,
        "voice": None if is_own_voice else line.author,
    }


def _offered(line: OfferLine, zone: ZoneInfo) -> dict[str, Any]:
    wish = msgspec.json.decode(line.wish, type=offers.Wish)
    return {
        "line": line,
        "act": wish.act,
        "text": wish.title or wish.text,
        "when": moments.tell(line.due_at, at=zone) if line.due_at is not None else "",
        "waits": line.state is OfferState.SENT,
    }


@routes.get("/scheduled/{id}/edit")
async def ask(request: web.Request) -> web.Response:
    kept = await request.app[DATABASE].read(_kept, scheduled_id=_id(request), me=asked.me(request))
    values = {
        "title": kept.draft.title or "",
        "text": kept.draft.text,
        "warning": kept.draft.warning or "",
    } | moments.fields(kept.line.due_at, at=moments.zone(kept.zone))
    return await _show_form(request, kept, values, {})


def _kept(tx: Connection, *, scheduled_id: int, me: int) -> Kept:
    line = waiting.kept(tx, scheduled_id=scheduled_id, actor_id=me)
    return Kept(msgspec.json.decode(line.draft, type=Draft), line, waiting.time_zone(tx, actor_id=me))


async def _show_form(request: web.Request, kept: Kept, values: dict[str, str], errors: dict[str, str]) -> web.Response:
    zone = moments.zone(kept.zone)
    return await page(
        request,
        "scheduled_edit.html",
        status=422 if errors else 200,
        kept=kept,
        voice=kept.line.author if kept.line.author.id != asked.me(request) else None,
        when=moments.tell(kept.line.due_at, at=zone),
        zone=zone.key.rpartition("/")[2].replace("_", " "),
        values=values,
        errors=errors,
    )


@routes.post("/scheduled/{id}/edit")
async def save(request: web.Request) -> web.Response:
    form, me, scheduled_id = await forms.read(request), asked.me(request), _id(request)
    kept = await request.app[DATABASE].read(_kept, scheduled_id=scheduled_id, me=me)
    draft = msgspec.structs.replace(
        kept.draft,
        title=form.text("title") or None,
        text=form.text("text"),
        warning=form.text("warning") or None,
    )
    errors = _mistakes(form, draft)
    try:
        due = moments.read(form.text("due_day"), form.text("due_time"), at=moments.zone(kept.zone))
        if due is None:
            errors["due_day"] = "Say when it is to be posted: both the day and the time."
        elif not errors:
            await request.app[DATABASE].write(
                scheduled.change, request.app[HERE], scheduled_id=scheduled_id, by_id=me, draft=draft, due=due
            )
    except (Invalid, Refused) as error:
        errors["due_day"] = str(error)
    if errors:
        return await _show_form(request, kept, form.values, errors)
    return asked.go("/scheduled?saved=1")


def _mistakes(form: Form, draft: Draft) -> dict[str, str]:
    if draft.resource is not None and not form.text("title"):
        return {"title": "Give the resource a title, so that colleagues can find it."}
    if not form.text("text") and not draft.media and draft.resource is None:
        return {"text": "Write something first."}
    return {}


@routes.get("/scheduled/{id}/cancel")
async def ask_to_cancel(request: web.Request) -> web.Response:
    kept = await request.app[DATABASE].read(_kept, scheduled_id=_id(request), me=asked.me(request))
    return await page(
        request,
        "confirm.html",
        post=None,
        heading="Take this scheduled post back?",
        message=f"It will not be posted: {(kept.draft.title or kept.draft.text)[:200]}",
        verb="Take it back",
        action=f"/scheduled/{kept.line.id}/cancel",
        back="/scheduled",
    )


@routes.post("/scheduled/{id}/cancel")
async def cancel(request: web.Request) -> web.Response:
    await request.app[DATABASE].write(_cancel, scheduled_id=_id(request), me=asked.me(request))
    return asked.go("/scheduled?gone=1")


def _cancel(tx: Connection, *, scheduled_id: int, me: int) -> None:
    scheduled.cancel(tx, scheduled_id=scheduled_id, by_id=me)


@routes.post("/offers/{id}/withdraw")
async def withdraw(request: web.Request) -> web.Response:
    """Take back what waits at a handle's server; with `again`, to write it anew."""
    form = await forms.read(request)
    wish = await request.app[DATABASE].write(
        offers.withdraw, request.app[HERE], offer_id=_id(request), by_id=asked.me(request)
    )
    if not form.text("again"):
        return asked.go("/scheduled?gone=1")
    handle = asked.whole(form.text("handle")) or ""
    return asked.go(f"/compose?{urlencode({'as': handle, 'text': wish.text, 'title': wish.title or ''})}")


@routes.get("/settings/usual")
async def ask_usual(request: web.Request) -> web.Response:
    found = await request.app[DATABASE].read(_usual, me=asked.me(request))
    values = {
        "time_zone": moments.zone(found.zone).key,
        "school": str(found.belonging.school_id) if found.belonging is not None else "",
        "listed": "1" if found.belonging is not None and found.belonging.listed else "",
    }
    return await _show_usual(request, found, values, saved="saved" in request.query)


def _usual(tx: Connection, *, me: int) -> Usual:
    return Usual(waiting.time_zone(tx, actor_id=me), schools.all_of_them(tx), schools.belonging(tx, actor_id=me))


async def _show_usual(
    request: web.Request,
    found: Usual,
    values: dict[str, str],
    errors: dict[str, str] | None = None,
    *,
    saved: bool = False,
) -> web.Response:
    return await page(
        request,
        "usual.html",
        status=422 if errors else 200,
        zones=moments.zones(),
        schools=[(face.id, f"{face.name} (@{face.full_handle})") for face in found.schools],
        values=values,
        errors=errors or {},
        saved=SAID["saved"] if saved else "",
    )


@routes.post("/settings/usual")
async def save_usual(request: web.Request) -> web.Response:
    form, me = await forms.read(request), asked.me(request)
    zone = form.text("time_zone")
    try:
        moments.refuse_unknown(zone)
        await request.app[DATABASE].write(_save_usual, request.app[HERE], me=me, zone=zone or None, form=form)
    except Invalid as error:
        found = await request.app[DATABASE].read(_usual, me=me)
        field = "time_zone" if "zone" in str(error) else "school"
        return await _show_usual(request, found, form.values, {field: str(error)})
    return asked.go("/settings/usual?saved=1")


def _save_usual(tx: Connection, here: Here, *, me: int, zone: str | None, form: Form) -> None:
    accounts.set_time_zone(tx, actor_id=me, zone=zone)
    school = asked.whole(form.text("school"))
    school_services.belong(tx, here, actor_id=me, school_id=school, listed=bool(form.text("listed")))


def _id(request: web.Request) -> int:
    found = asked.whole(request.match_info["id"])
    return found if found is not None else 0
