"""Writing: a post, an answer, a teaching resource, an edit. One form for all of them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import Invalid, Refused, TooLarge
from fedishare.core.here import Here
from fedishare.domain import polls
from fedishare.domain.audience import Visibility
from fedishare.domain.permissions import Verb, may
from fedishare.http.keys import DATABASE, HERE, SETTINGS, VISITOR
from fedishare.http.pages import page
from fedishare.http.routes import Routes
from fedishare.queries import handles as running
from fedishare.queries import resources, room_left, timelines
from fedishare.queries.cards import Card
from fedishare.queries.resources import Preset
from fedishare.services import descriptions, handles, uploads
from fedishare.services.descriptions import Misfit
from fedishare.services.drafts import Change, PollDraft
from fedishare.services.resources import UploadedFile
from fedishare.services.saved import Seen
from fedishare.services.uploads import Staged
from fedishare.web import asked, choices, describe, drafting, forms, staging, traces, voices
from fedishare.web.drafting import PLACES, POLL_PLACES, Sent, Setting
from fedishare.web.staging import Line

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
        draft = drafting.draft_of(sent, default_credit=_default_credit(request))
        doubts = await unsure(request, sent) if draft.resource is not None else []
        if doubts and sent.form.text("warned") != sent.form.text("licence"):
            said = " ".join([*doubts, "If you mean it, share it once more."])
            return await show_again(request, sent, {"licence": said}, more={"warned": sent.form.text("licence")})
        people = await drafting.find_named(request, draft.text)
        onward = await voices.publish(request, choice, draft, people, sent=sent)
    except (Invalid, Refused) as error:
        return await show_again(request, sent, {_field_of(error): str(error)})
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


def _field_of(error: Exception) -> str:
    return error.field if isinstance(error, Misfit) else "text"


def _default_credit(request: web.Request) -> str:
    """Where a school owns what its staff make, it is named beside them; else the author's name says enough."""
    settings = request.app[SETTINGS]
    name = request[VISITOR].name or request[VISITOR].username
    return f"{name}, {settings.name}" if settings.school_owns else ""


async def _suggest(request: web.Request, sent: Sent) -> web.Response:
    """The form again, as it was filled in, with the licence that the three answers come to."""
    found = describe.suggested(sent.form)
    if found is None:
        return await show_again(request, sent, {"licence_help": "Answer all three questions, and a licence is chosen."})
    return await show_again(request, sent, {}, more={"licence": found.slug, "suggested": found.short})


@routes.get("/posts/{id}/edit")
async def ask_to_edit(request: web.Request) -> web.Response:
    post = await _own(request)
    values = {
        "text": post.source or "",
        "title": post.title or "",
        "warning": post.warning or "",
        "language": post.language or "en",
        "sensitive": "1" if post.sensitive and not post.warning else "",
        "quote_policy": str(post.quote_policy or ""),
    } | _poll_values(post)
    files = [staging.line_of(file) for file in post.resource.files] if post.resource is not None else []
    if post.resource is not None:
        row = await request.app[DATABASE].read(resources.row, post_id=post.id)
        values |= describe.values_of(row) if row is not None else {}
    return await _show_edit(request, post, values=values, errors={}, files=files)


@routes.post("/posts/{id}/edit")
async def edit(request: web.Request) -> web.Response:
    form, post, me = await forms.read(request), await _own(request), asked.me(request)
    staged = await drafting.files_of(request, form, me=me) if post.resource is not None else []
    shown = await traces.lines(request, form, staged)
    listed = _listed(form, post, staged, shown) if post.resource is not None and "upload" in form.lists else None
    files = [] if listed is None else [each.line for each in listed]
    is_described = post.resource is not None and describe.is_sent(form)
    if is_described and form.text("suggest"):
        return await _suggest_in_edit(request, form, post, files=files)
    change = Change(
        text=form.text("text"),
        title=form.text("title") or None,
        warning=form.text("warning") or None,
        language=choices.language(form.text("language")),
        sensitive=bool(form.text("sensitive")),
        poll=_changed_poll(form, post),
        quote_policy=choices.quote_policy(form.text("quote_policy")),
        files=None if listed is None else tuple(each.file for each in listed),
        resource=describe.description_of(form) if is_described else None,
        changed=form.text("changed"),
    )
    kept = len(files) - len(staged)
    wrong = form.errors | drafting.mistakes_of_files(staged, form.errors, kept=kept)
    wrong |= describe.mistakes(form) if is_described else {}
    if traces.is_wished(form):
        return await _show_edit(request, post, values=form.values, errors=form.errors, files=files)
    if wrong := wrong or await traces.untold(request, form, staged):
        status = 413 if any(isinstance(error, TooLarge) for error in form.refusals) else 422
        return await _show_edit(request, post, values=form.values, errors=wrong, files=files, status=status)
    try:
        if change.poll is not None:
            polls.options(change.poll.options)
    except Invalid as error:
        return await _show_edit(request, post, values=form.values, errors={"poll": str(error)}, files=files)
    try:
        named = await drafting.find_named(request, change.text)
        await request.app[DATABASE].write(
            _rewrite, request.app[HERE], post=post, me=me, change=change, people=named,
            files=[each.key for each in staged],
        )  # fmt: skip
    except Invalid as error:
        field = _field_of(error)
        if field == "text" and post.resource is not None:
            field = "title" if change.title is None else "files" if change.files == () else field
        return await _show_edit(request, post, values=form.values, errors={field: str(error)}, files=files)
    return asked.go(asked.path(request, post.uri))


class Listed(NamedTuple):
    """A file of a resource that is edited: as the form shows it, and as it is meant."""

    line: Line
    file: int | UploadedFile


def _listed(form: forms.Form, post: Card, staged: Sequence[Staged], shown: Sequence[Line]) -> list[Listed]:
    """The files of the resource and new ones, in the order that the form gives them."""
    had = {staging.kept(file.id): file for file in post.resource.files} if post.resource is not None else {}
    new = {each.key: Listed(line, staging.as_files([each])[0]) for each, line in zip(staged, shown, strict=True)}
    found = []
    for key in [*drafting.in_order(form), *form.files]:
        if key in had:
            found.append(Listed(staging.line_of(had[key]), had[key].id))
        elif key in new:
            found.append(new[key])
    return found


async def _suggest_in_edit(
    request: web.Request, form: forms.Form, post: Card, *, files: Sequence[Line]
) -> web.Response:
    found = describe.suggested(form)
    if found is None:
        errors = {"licence_help": "Answer all three questions, and a licence is chosen."}
        return await _show_edit(request, post, values=form.values, errors=errors, files=files)
    values = form.values | {"licence": found.slug, "suggested": found.short}
    return await _show_edit(request, post, values=values, errors={}, files=files)


def _rewrite(
    tx: Connection,
    here: Here,
    *,
    post: Card,
    me: int,
    change: Change,
    people: Mapping[str, int],
    files: Sequence[str],
) -> None:
    """By its author, or by whoever runs the handle that is its author."""
    if post.author.id == me:
        drafting.rewrite(tx, here, editor_id=me, post_id=post.id, change=change, people=people, files=files)
        return
    handles.edit(tx, here, handle_id=post.author.id, by_id=me, post_id=post.id, change=change, people=people)
    uploads.take(tx, here, owner_id=me, keys=files, post_id=post.id)


def _poll_values(post: Card) -> dict[str, str]:
    if post.poll is None:
        return {}
    titles = {f"poll_{place}": choice.title for place, choice in enumerate(post.poll.choices, start=1)}
    return titles | {"poll_several": "1" if post.poll.multiple else ""}


def _changed_poll(form: forms.Form, post: Card) -> PollDraft | None:
    """A poll stays one: without answers its author is told what is missing."""
    if post.poll is None:
        return None
    return drafting.poll_of(form) or PollDraft(options=(), lasts=choices.poll_length(""))


async def _own(request: web.Request) -> Card:
    """The post in the address, if it is the visitor's own, or that of a handle of ours which they run."""
    return await request.app[DATABASE].read(_readable, post_id=asked.post_id(request), me=asked.me(request))


def _readable(tx: Connection, *, post_id: int, me: int) -> Card:
    post = timelines.card(tx, post_id=post_id, viewer=me)
    if post.author.id != me and not (post.local and running.is_active(tx, handle_id=post.author.id, actor_id=me)):
        raise Refused("Only its author can edit a post.")
    return post


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
        room_left=await _room_left(request),
        pictures=pictures or [Place(number, "", "") for number in PLACES],
        values=_complete(values),
        errors=errors or {},
        editing=False,
        is_resource=False,
        is_more_open=describe.is_open(values, errors or {}),
        action="/compose",
        back=back,
        **await voices.on_form(request),
        **_lists(request, setting.preset),
    )


async def _show_edit(
    request: web.Request,
    post: Card,
    *,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    files: Sequence[Line] = (),
    status: int = 422,
) -> web.Response:
    preset = await request.app[DATABASE].read(resources.preset, actor_id=asked.me(request))
    return await page(
        request,
        "compose.html",
        status=status if errors else 200,
        parent=None,
        quoted=None,
        is_poll=post.poll is not None,
        rooms=[],
        private_room=None,
        topics=[],
        purposes=(),
        has_private_rooms=False,
        audiences=[],
        kept_files=files,
        said="",
        room_left=await _room_left(request),
        pictures=[],
        values=_complete(values),
        errors=errors,
        editing=True,
        is_resource=post.resource is not None,
        is_answer=post.in_reply_to_uri is not None,
        is_more_open=describe.is_open(values, errors),
        action=f"/posts/{post.id}/edit",
        back=asked.path(request, post.uri),
        speaker=post.author if post.author.id != request[VISITOR].actor_id else None,
        **_lists(request, preset),
    )


async def _room_left(request: web.Request) -> RoomLeft:
    most = request.app[SETTINGS].max_person_bytes
    if most is None:
        return RoomLeft(None, None)
    used = await request.app[DATABASE].read(room_left.used_by, owner_id=asked.me(request))
    return RoomLeft(max(0, most - used), most)


def _complete(values: Mapping[str, str]) -> dict[str, str]:
    """Every field of the form, so that a template may ask for any."""
    values = describe.complete(values)
    empty = dict.fromkeys(
        (
            "changed",
            "warned",
            "draft",
            "draft_version",
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


def _lists(request: web.Request, preset: Preset) -> dict[str, Any]:
    return describe.lists(request.app[SETTINGS], preset) | {
        "languages": choices.LANGUAGES,
        "focus_labels": choices.FOCUS_LABELS,
        "quote_policies": choices.QUOTE_POLICIES,
        "poll_lengths": choices.POLL_LENGTHS,
        "poll_places": POLL_PLACES,
        "longest_option": polls.LONGEST_OPTION,
        "max_upload": request.app[SETTINGS].max_upload_bytes,
    }
