"""From a form that somebody filled in to a draft: what is wrong with it, whom it names, what it becomes."""

import asyncio
from collections.abc import Mapping
from typing import Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import FediShareError, Invalid, NotFound
from fedishare.core.here import Here
from fedishare.domain import markup, polls, vocabularies
from fedishare.domain.audience import Visibility
from fedishare.http.keys import DATABASE, HERE, TOOLS
from fedishare.inbox import resolve
from fedishare.queries import pages, people, rooms, timelines
from fedishare.queries.cards import Card
from fedishare.queries.rooms import RoomLine
from fedishare.services import media, posts
from fedishare.services.drafts import Draft, PollDraft
from fedishare.services.resources import ResourceDraft, UploadedFile
from fedishare.web import asked, choices, forms
from fedishare.web.choices import Audience
from fedishare.web.forms import Form

PLACES: Final = range(1, media.MOST + 1)
POLL_PLACES: Final = range(1, polls.MOST_OPTIONS + 1)
MOST_LOOK_UPS: Final = 10
LOOK_UP_SECONDS: Final = 15.0


class Setting(NamedTuple):
    """What the form needs to know besides what was typed. `loose` are pictures that are on no post yet."""

    parent: Card | None
    quoted: Card | None
    rooms: list[RoomLine]
    followers: int
    loose: list[pages.Loose]

    @property
    def audiences(self) -> list[Audience]:
        return choices.audiences(self.parent, followers=self.followers)


class Sent(NamedTuple):
    """A form that came in, with its pictures by their place and its files."""

    form: Form
    setting: Setting
    keys: dict[int, str]
    files: list[UploadedFile]

    @property
    def is_resource(self) -> bool:
        """Whoever adds files means to share a resource, whatever the button said."""
        return self.setting.parent is None and (self.form.text("kind") == "resource" or bool(self.files))


def look_round(
    tx: Connection, *, me: int, parent_id: int | None, quoted_id: int | None = None, keys: tuple[str, ...] = ()
) -> Setting:
    return Setting(
        timelines.card(tx, post_id=parent_id, viewer=me) if parent_id is not None else None,
        timelines.card(tx, post_id=quoted_id, viewer=me) if quoted_id is not None else None,
        rooms.mine(tx, actor_id=me),
        people.by_id(tx, actor_id=me).followers_count,
        pages.loose_pictures(tx, keys=keys, owner=me),
    )


async def receive(request: web.Request, form: Form, *, me: int) -> Sent:
    """Keep what came with the form, so that nothing has to be sent twice."""
    keys = {
        number: form.text(f"picture_key_{number}")
        for number in PLACES
        if form.text(f"picture_key_{number}") and not form.text(f"drop_{number}")
    }
    setting = await request.app[DATABASE].read(
        look_round,
        me=me,
        parent_id=asked.whole(form.text("reply_to")),
        quoted_id=asked.whole(form.text("quote")),
        keys=tuple(keys.values()),
    )
    known = {loose.key for loose in setting.loose}
    if set(keys.values()) - known:
        form.errors["pictures"] = "A picture that was here before is gone: please add it again."
    keys = {number: key for number, key in keys.items() if key in known}
    if keys or form.pictures:
        keys |= await request.app[DATABASE].write(_keep_pictures, request.app[HERE], form, keys, me=me)
    files = [*forms.kept(request, form), *form.files]
    return Sent(form, setting, dict(sorted(keys.items())), files)


def _keep_pictures(tx: Connection, here: Here, form: Form, keys: Mapping[int, str], *, me: int) -> dict[int, str]:
    """Rows for the new pictures, and today's words for all of them."""
    for number, key in keys.items():
        media.describe(tx, owner_id=me, key=key, alt=form.text(f"alt_{number}"), focal=_focal(form, number))
    return {
        number: media.add(
            tx, here, owner_id=me, upload=upload, alt=form.text(f"alt_{number}"), focal=_focal(form, number)
        )
        for number, upload in form.pictures.items()
        if number not in keys
    }


def _focal(form: Form, number: int) -> tuple[float, float] | None:
    """Which part of a picture must stay in sight when another server cuts it to fit."""
    return choices.FOCAL_POINTS.get(form.text(f"focus_{number}"))


def mistakes(sent: Sent) -> dict[str, str]:
    """What is wrong, by field; the deeper checks are the services' own."""
    form, errors = sent.form, dict(sent.form.errors)
    if _visibility(sent) is None:
        errors["visibility"] = "Choose who can see this."
    if sent.is_resource:
        if not form.text("title"):
            errors["title"] = "Give the resource a title, so that colleagues can find it."
        if not sent.files:
            errors.setdefault("files", "Add at least one file: that is what colleagues come for.")
        if vocabularies.licence(form.text("licence")) is None:
            errors["licence"] = "Choose what colleagues may do with it."
    elif not form.text("text") and not sent.keys:
        errors["text"] = "Write something first, or add a picture."
    if poll_options(form):
        errors |= _mistakes_of_poll(sent)
    return errors


def _mistakes_of_poll(sent: Sent) -> dict[str, str]:
    if sent.is_resource:
        return {"poll": "A resource cannot have a poll: empty its answers, or share words and pictures instead."}
    if sent.setting.quoted is not None:
        return {"poll": "A poll cannot quote another post: empty its answers, or write two posts."}
    try:
        polls.options(poll_options(sent.form))
    except Invalid as error:
        return {"poll": str(error)}
    return {} if sent.form.text("text") else {"text": "Say what the poll is about."}


def poll_options(form: Form) -> tuple[str, ...]:
    """The answers of a poll that were filled in."""
    return tuple(text for number in POLL_PLACES if (text := form.text(f"poll_{number}")))


def poll_of(form: Form) -> PollDraft | None:
    options = poll_options(form)
    if not options:
        return None
    lasts, multiple = choices.poll_length(form.text("poll_lasts")), bool(form.text("poll_several"))
    return PollDraft(options=options, lasts=lasts, multiple=multiple)


def draft_of(sent: Sent) -> Draft:
    form, parent = sent.form, sent.setting.parent
    return Draft(
        text=form.text("text"),
        visibility=_visibility(sent) or Visibility.MENTIONED,
        title=form.text("title") or None,
        warning=form.text("warning") or None,
        language=choices.language(form.text("language")),
        sensitive=bool(form.text("sensitive")),
        in_reply_to=parent.id if parent is not None else None,
        room=asked.whole(form.text("room")) if parent is None else None,
        media=tuple(sent.keys.values()),
        resource=_resource(sent) if sent.is_resource else None,
        poll=poll_of(form),
        quote=sent.setting.quoted.id if sent.setting.quoted is not None else None,
        quote_policy=choices.quote_policy(form.text("quote_policy")),
    )


def _resource(sent: Sent) -> ResourceDraft:
    form = sent.form
    return ResourceDraft(
        subject=form.text("subject") or None,
        level=form.text("level") or None,
        type=form.text("type") or None,
        licence=form.text("licence") or None,
        files=tuple(sent.files),
    )


def _visibility(sent: Sent) -> Visibility | None:
    """What was chosen, if it was offered: an answer never reaches further than what it answers (VIS-13)."""
    chosen = sent.form.text("visibility")
    return next((choice.value for choice in sent.setting.audiences if choice.value == chosen), None)


async def find_named(request: web.Request, text: str) -> dict[str, int]:
    """The actors whom a text names. Those we have not met are looked for; who is not found stays plain text."""
    handles = markup.find_mentions(text)
    known = await request.app[DATABASE].read(people.known_handles, request.app[HERE], handles=handles)
    unknown = [handle for handle in handles if handle not in known and "@" in handle][:MOST_LOOK_UPS]
    found = await asyncio.gather(*(_look_up(request, handle) for handle in unknown))
    return known | {handle: actor_id for handle, actor_id in zip(unknown, found, strict=True) if actor_id is not None}


async def _look_up(request: web.Request, handle: str) -> int | None:
    try:
        async with asyncio.timeout(LOOK_UP_SECONDS):
            found = await resolve.find(request.app[TOOLS], f"@{handle}")
    except (FediShareError, TimeoutError):
        return None
    return found.id if found.kind == "actor" else None


def publish(tx: Connection, here: Here, *, author_id: int, draft: Draft, people: Mapping[str, int]) -> int:
    """Publish a draft once. Raises Invalid or Refused with what its author can do."""
    if draft.resource and pages.is_shared(tx, storage_keys=[file.storage_key for file in draft.resource.files]):
        raise Invalid("These files have been shared already: look at your page before you send them again.")
    if draft.visibility is Visibility.MENTIONED and draft.in_reply_to is None and not people:
        raise Invalid("Nobody would see this: name at least one person, such as @name@school.example.")
    try:
        return posts.publish(tx, here, author_id=author_id, draft=draft, people=people)
    except NotFound as error:
        raise Invalid(str(error)) from error
