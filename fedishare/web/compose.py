"""Writing: a post, an answer, a teaching resource. One form for all of them, and for what `editing` changes."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from aiohttp import web

from fedishare.core.errors import Invalid, Refused, TooLarge
from fedishare.domain import polls
from fedishare.domain.audience import Visibility
from fedishare.domain.permissions import Verb, may
from fedishare.http.keys import DATABASE, HERE, SETTINGS, VISITOR
from fedishare.http.pages import page
from fedishare.http.routes import Routes
from fedishare.queries import room_left
from fedishare.queries.resources import Preset
from fedishare.services import descriptions
from fedishare.services.descriptions import Misfit
from fedishare.services.saved import Seen
from fedishare.web import asked, choices, describe, drafting, forms, traces, voices
from fedishare.web.drafting import PLACES, POLL_PLACES, Sent, Setting
from fedishare.web.filed import Line

LONGEST_GREETING: Final = 200
# What another server may have written for somebody, who reads it before it goes anywhere.
LONGEST_SAID: Final = 10_000

routes: Final = Routes()


class Place(NamedTuple):
    """Where a picture goes; `key` is empty while none is there."""

    number: int
    key: str
    alt: str
    focus: str = ""


class RoomLeft(NamedTuple):
    """How many bytes of files the visitor may add, and how many they may have; None for any number."""

    left: int | None
    most: int | None


@routes.get("/compose")
async def ask(request: web.Request) -> web.Response:
    parent_id, quoted_id = (asked.whole(request.query.get(name, "")) for name in ("reply_to", "quote"))
    setting = await request.app[DATABASE].read(
        drafting.look_round,
        me=asked.me(request),
        parent_id=parent_id,
        quoted_id=quoted_id,
        room_id=asked.whole(request.query.get("room", "")),
    )
    to = request.query.get("to", "").strip().removeprefix("@")[:LONGEST_GREETING]
    greeting = asked.greeting(setting.parent, asked.me(request)) if setting.parent else f"@{to} " if to else ""
    model = setting.parent or setting.quoted
    visibility = model.visibility if model else Visibility.MENTIONED if to else Visibility.PUBLIC
    said = {name: request.query.get(name, "")[:LONGEST_SAID] for name in ("text", "title", "warning")}
    values = {
        "kind": "resource" if request.query.get("kind") == "resource" and setting.parent is None else "talk",
        "text": greeting + said["text"],
        "title": said["title"] if setting.parent is None else "",
        "warning": said["warning"],
        "visibility": visibility,
        "room": request.query.get("room", ""),
        "purpose": request.query.get("purpose", ""),
        "as": request.query.get("as", ""),
    } | describe.fresh(setting.preset)
    return await _show(request, setting, values=values)


@routes.post("/compose")
async def send(request: web.Request) -> web.Response:
    me = asked.me(request)
    if not may(request[VISITOR].role, Verb.POST):
        raise Refused("This account may read, but not write.")
    sent = await drafting.receive(request, await forms.read(request), me=me)
    if sent.form.text("suggest"):
        return await _suggest(request, sent)
    if traces.is_wished(sent.form):
        return await show_again(request, sent, sent.form.errors)
    errors = drafting.mistakes(sent)
    choice = await voices.chosen(request, sent.form, errors)
    if errors := errors or await traces.untold(request, sent.form, sent.files):
        return await show_again(request, sent, errors)
    try:
        name, settings = request[VISITOR].name or request[VISITOR].username, request.app[SETTINGS]
        credit = descriptions.default_credit(name=name, school=settings.name, school_owns=settings.school_owns)
        draft = drafting.draft_of(sent, default_credit=credit)
        doubts = await unsure(request, sent) if draft.resource is not None else []
        if doubts and sent.form.text("warned") != sent.form.text("licence"):
            said = " ".join([*doubts, "If you mean it, share it once more."])
            return await show_again(request, sent, {"licence": said}, more={"warned": sent.form.text("licence")})
        people = await drafting.find_named(request, draft.text)
        onward = await voices.publish(request, choice, draft, people, sent=sent)
    except (Invalid, Refused) as error:
        return await show_again(request, sent, {field_of(error): str(error)})
    return asked.go(onward)


async def unsure(request: web.Request, sent: Sent) -> list[str]:
    """What the licences of its sources have against the chosen one, short of forbidding it."""
    return await request.app[DATABASE].read(
        descriptions.doubts,
        request.app[HERE],
        addresses=sent.form.text("based_on").split(),
        licence=sent.form.text("licence"),
        author_id=asked.me(request),
    )


def field_of(error: Exception) -> str:
    return error.field if isinstance(error, Misfit) else "text"


async def _suggest(request: web.Request, sent: Sent) -> web.Response:
    """The form again, as it was filled in, with the licence that the three answers come to."""
    found = describe.suggested(sent.form)
    if found is None:
        return await show_again(request, sent, {"licence_help": "Answer all three questions, and a licence is chosen."})
    return await show_again(request, sent, {}, more={"licence": found.slug, "suggested": found.short})


async def show_again(
    request: web.Request,
    sent: Sent,
    errors: Mapping[str, str],
    *,
    said: str = "",
    seen: Seen | None = None,
    more: Mapping[str, str] | None = None,
) -> web.Response:
    """The form as it was sent, or kept as the draft `seen`, with what is wrong beside each field.

    `more` is what we filled in.
    """
    pictures = [
        Place(number, sent.keys.get(number, ""), sent.form.text(f"alt_{number}"), sent.form.text(f"focus_{number}"))
        for number in PLACES
    ]
    status = 413 if any(isinstance(error, TooLarge) for error in sent.form.refusals) else 422 if errors else 200
    values = sent.form.values | {"kind": "resource" if sent.is_resource else "talk"} | dict(more or {})
    seen = seen or sent.seen
    if seen is not None:
        values |= {"draft": str(seen.id), "draft_version": str(seen.version)}
    files = await traces.lines(request, sent.form, sent.files)
    return await _show(
        request, sent.setting, values=values, errors=errors, files=files, pictures=pictures, status=status, said=said
    )


async def _show(
    request: web.Request,
    setting: Setting,
    *,
    values: Mapping[str, str],
    errors: Mapping[str, str] | None = None,
    files: Sequence[Line] = (),
    pictures: Sequence[Place] | None = None,
    status: int = 200,
    said: str = "",
) -> web.Response:
    parent = setting.parent
    shown = parent or setting.quoted
    back = asked.path(request, asked.address(request, shown)) if shown is not None else "/"
    return await page(
        request,
        "compose.html",
        status=status,
        parent=parent,
        quoted=setting.quoted if parent is None else None,
        is_poll=True,
        rooms=[(line.face.id, f"{line.face.name} (@{line.face.full_handle})") for line in setting.rooms],
        private_room=next(
            (each.face for each in setting.rooms if each.is_private and str(each.face.id) == str(values.get("room"))),
            None,
        ),
        topics=[(label, label) for label in setting.topics],
        purposes=choices.PURPOSES,
        has_private_rooms=any(line.is_private for line in setting.rooms),
        audiences=setting.audiences,
        kept_files=files,
        said=said,
        room_left=await space_left(request),
        pictures=pictures or [Place(number, "", "") for number in PLACES],
        values=complete(values),
        errors=errors or {},
        editing=False,
        is_resource=False,
        is_more_open=describe.is_open(values, errors or {}),
        action="/compose",
        back=back,
        **await voices.on_form(request),
        **lists(request, setting.preset),
    )


async def space_left(request: web.Request) -> RoomLeft:
    most = request.app[SETTINGS].max_person_bytes
    if most is None:
        return RoomLeft(None, None)
    used = await request.app[DATABASE].read(room_left.used_by, owner_id=asked.me(request))
    # Nobody has to read of room that will last for years.
    return RoomLeft(max(0, most - used), most) if used * 2 > most else RoomLeft(None, None)


def complete(values: Mapping[str, str]) -> dict[str, str]:
    """Every field of the form, so that a template may ask for any."""
    values = describe.complete(values)
    empty = dict.fromkeys(
        (
            "changed",
            "edited",
            "warned",
            "draft",
            "draft_version",
            "edit",
            "kind",
            "title",
            "text",
            "warning",
            "sensitive",
            "licence",
            "room",
            "visibility",
        ),
        "",
    )
    empty |= dict.fromkeys(("purpose", "topic"), "")
    empty |= dict.fromkeys((*(f"poll_{place}" for place in POLL_PLACES), "poll_several", "quote_policy"), "")
    empty |= dict.fromkeys(("as", "byline", "due_day", "due_time"), "")
    return (
        empty
        | {"language": "en", "poll_lasts": choices.USUAL_LENGTH}
        | {name: str(value) for name, value in values.items()}
    )


def lists(request: web.Request, preset: Preset) -> dict[str, Any]:
    return describe.lists(request.app[SETTINGS], preset) | {
        "languages": choices.LANGUAGES,
        "focus_labels": choices.FOCUS_LABELS,
        "quote_policies": choices.QUOTE_POLICIES,
        "poll_lengths": choices.POLL_LENGTHS,
        "poll_places": POLL_PLACES,
        "longest_option": polls.LONGEST_OPTION,
        "max_upload": request.app[SETTINGS].max_upload_bytes,
    }
