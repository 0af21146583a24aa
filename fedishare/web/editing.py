"""Changing what was written: the form of a post as it is, and what becomes of it."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import Invalid, NotFound, Refused, TooLarge
from fedishare.core.here import Here
from fedishare.domain import polls
from fedishare.http import staging
from fedishare.http.keys import DATABASE, HERE, VISITOR
from fedishare.http.pages import page
from fedishare.http.routes import Routes
from fedishare.queries import drafts, resources, timelines
from fedishare.queries import handles as running
from fedishare.queries.cards import Card
from fedishare.queries.drafts import Draft
from fedishare.services import posts, publishing, saved
from fedishare.services.drafts import Change, PollDraft
from fedishare.services.resources import UploadedFile
from fedishare.services.uploads import Staged
from fedishare.web import asked, choices, compose, describe, drafting, filed, forms, traces
from fedishare.web.filed import Line

CHANGED: Final = (
    "This was changed in another tab, or by somebody else, after you opened it. Your words are below and not saved "
    "yet: open its page in another tab, take over what you want to keep, and save again."
)
CHANGED_BESIDE: Final = (
    "The files, or what is said of them, were changed in another tab, or by somebody else, after you opened this. "
    "Nothing of yours is saved yet: open its page in another tab, see what is new there, and save again."
)
FOUND: Final = "This is what you typed last time and did not save. What is published has not changed."
OVERTAKEN: Final = "What is published was changed after you had begun: what you save takes the place of that."
SAID: Final = {
    "saved": "Saved as a draft. What is published has not changed.",
    "changed": saved.CHANGED,
    "gone": saved.GONE,
}

routes: Final = Routes()


@routes.get("/posts/{id}/edit")
async def ask_to_edit(request: web.Request) -> web.Response:
    post = await _own(request)
    draft = await _draft(request, post)
    if draft is not None:
        return await _go_on(request, post, draft)
    values = {
        "text": post.source or "",
        "title": post.title or "",
        "warning": post.warning or "",
        "language": post.language or "en",
        "sensitive": "1" if post.sensitive and not post.warning else "",
        "quote_policy": str(post.quote_policy or ""),
        "edited": _stamp(post),
    } | _poll_values(post)
    files = [filed.line_of(file) for file in post.resource.files] if post.resource is not None else []
    if post.resource is not None:
        row = await request.app[DATABASE].read(resources.row, post_id=post.id)
        values |= describe.values_of(row) if row is not None else {}
    return await _show_edit(request, post, values=values, errors={}, files=files)


async def _draft(request: web.Request, post: Card) -> Draft | None:
    """What the visitor typed last to change this post, unless they want to begin anew."""
    if request.query.get("fresh"):
        return None
    me, chosen = asked.me(request), asked.whole(request.query.get("draft", ""))
    if chosen is None:
        return await request.app[DATABASE].read(drafts.of_post, owner_id=me, post_id=post.id)
    draft = await request.app[DATABASE].read(drafts.one, owner_id=me, draft_id=chosen)
    return draft if draft.post_id == post.id else None


async def _go_on(request: web.Request, post: Card, draft: Draft) -> web.Response:
    """The form as it was left, with what its author should know."""
    form = forms.of_fields(draft.fields)
    staged = await drafting.files_of(request, form, me=asked.me(request)) if post.resource is not None else []
    listed = _listed(form, post, staged, await traces.lines(request, form, staged))
    values = form.values | {"draft": str(draft.id), "draft_version": str(draft.version)}
    said = SAID.get(request.query.get("said", ""), FOUND)
    if form.text("edited") != _stamp(post):
        said, values["edited"] = OVERTAKEN, _stamp(post)
    files = [each.line for each in listed]
    return await _show_edit(request, post, values=values, errors=form.errors, files=files, said=said)


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
    wrong |= _mistakes_of_poll(change) | (describe.mistakes(form) if is_described else {})
    if traces.is_wished(form):
        return await _show_edit(request, post, values=form.values, errors=form.errors, files=files)
    if wrong := wrong or await traces.untold(request, form, staged):
        status = 413 if any(isinstance(error, TooLarge) for error in form.refusals) else 422
        return await _show_edit(request, post, values=form.values, errors=wrong, files=files, status=status)
    try:
        named = await drafting.find_named(request, change.text)
        now = await request.app[DATABASE].write(
            _rewrite, request.app[HERE], post_id=post.id, me=me, change=change, people=named,
            files=[each.key for each in staged], form=form,
        )  # fmt: skip
    except Invalid as error:
        field = compose.field_of(error)
        if field == "text" and post.resource is not None:
            field = "title" if change.title is None else "files" if change.files == () else field
        return await _show_edit(request, post, values=form.values, errors={field: str(error)}, files=files)
    return asked.go(asked.path(request, post.uri)) if now is None else await _overtaken(request, form, now, files=files)


def _mistakes_of_poll(change: Change) -> dict[str, str]:
    try:
        if change.poll is not None:
            polls.options(change.poll.options)
    except Invalid as error:
        return {"poll": str(error)}
    return {}


def _stamp(post: Card) -> str:
    """Which version of a post a form began with."""
    return (post.edited_at or post.published_at).isoformat()


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
            found.append(Listed(filed.line_of(had[key]), had[key].id))
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
    post_id: int,
    me: int,
    change: Change,
    people: Mapping[str, int],
    files: Sequence[str],
    form: forms.Form,
) -> Card | None:
    """By its author, or by whoever runs the handle that is its author. Then it is no draft any more.

    Where it was changed since the form was opened nothing is saved, and the answer is how it stands now.
    """
    posts.hold(tx, post_id=post_id)
    now = _readable(tx, post_id=post_id, me=me)
    if form.text("edited") not in {"", _stamp(now)} and not _is_said(tx, now, change, form):
        return now
    if (seen := drafting.seen_of(form)) is not None:
        saved.published(tx, owner_id=me, seen=seen)
    publishing.rewrite(
        tx, here, author_id=now.author.id, by_id=me, post_id=post_id, change=change, people=people, files=files
    )
    return None


def _is_said(tx: Connection, now: Card, change: Change, form: forms.Form) -> bool:
    """Whether a post says already what it is to be changed to: an impatient finger sends the same twice."""
    if (change.text, change.title) != (now.source, now.title):
        return False
    if any(name in form.values and said != had for name, said, had in _beside(now, change)):
        return False
    if change.files is not None and (now.resource is None or change.files != tuple(f.id for f in now.resource.files)):
        return False
    row = resources.row(tx, post_id=now.id) if change.resource is not None else None
    return row is None or describe.is_same(form, row)


def _beside(now: Card, change: Change) -> tuple[tuple[str, object, object], ...]:
    return (
        ("warning", change.warning, now.warning),
        ("language", change.language, now.language),
        ("quote_policy", change.quote_policy, now.quote_policy),
    )


async def _overtaken(request: web.Request, form: forms.Form, now: Card, *, files: Sequence[Line]) -> web.Response:
    """Nothing is saved: the form as it was typed, beside what is published now."""
    values, theirs = form.values | {"edited": _stamp(now)}, {}
    if form.text("text") != (now.source or ""):
        theirs["text"] = now.source or ""
    if now.title is not None and form.text("title") != now.title:
        theirs["title"] = now.title
    errors = {"text": CHANGED if theirs else CHANGED_BESIDE}
    return await _show_edit(request, now, values=values, errors=errors, theirs=theirs, files=files, status=409)


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


async def may_edit(request: web.Request, post_id: int) -> bool:
    try:
        await request.app[DATABASE].read(_readable, post_id=post_id, me=asked.me(request))
    except (NotFound, Refused):
        return False
    return True


async def _own(request: web.Request) -> Card:
    """The post in the address, if it is the visitor's own, or that of a handle of ours which they run."""
    return await request.app[DATABASE].read(_readable, post_id=asked.post_id(request), me=asked.me(request))


def _readable(tx: Connection, *, post_id: int, me: int) -> Card:
    post = timelines.card(tx, post_id=post_id, viewer=me)
    if post.author.id != me and not (post.local and running.is_active(tx, handle_id=post.author.id, actor_id=me)):
        raise Refused("Only its author can edit a post.")
    return post


async def _show_edit(
    request: web.Request,
    post: Card,
    *,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    files: Sequence[Line] = (),
    theirs: Mapping[str, str] | None = None,
    status: int = 422,
    said: str = "",
) -> web.Response:
    values = dict(values) | {"edit": str(post.id)}
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
        said=said,
        theirs=theirs or {},
        room_left=await compose.space_left(request),
        pictures=[],
        values=compose.complete(values),
        errors=errors,
        editing=True,
        is_resource=post.resource is not None,
        is_answer=post.in_reply_to_uri is not None,
        is_more_open=describe.is_open(values, errors),
        action=f"/posts/{post.id}/edit",
        back=asked.path(request, post.uri),
        speaker=post.author if post.author.id != request[VISITOR].actor_id else None,
        **compose.lists(request, preset),
    )
