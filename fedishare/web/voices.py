"""As whom somebody writes, and when: themselves or a handle that they run, now or at a time they choose."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import Invalid
from fedishare.core.here import Here
from fedishare.domain import markup
from fedishare.domain.audience import Visibility
from fedishare.http.keys import DATABASE, HERE, VISITOR
from fedishare.queries import handles as running
from fedishare.queries import offers as waiting
from fedishare.queries.cards import Card, Face, faces
from fedishare.services import handles, offers, publishing, saved, scheduled, twins
from fedishare.services.drafts import Draft
from fedishare.services.offers import Wish
from fedishare.services.saved import Seen
from fedishare.web import asked, moments
from fedishare.web.drafting import Sent
from fedishare.web.forms import Form

ELSEWHERE: Final = (
    "A handle of another server publishes words. Pictures, files, polls, quotes and rooms cannot travel there yet: "
    "leave them out, or share this as yourself."
)


class Offered(NamedTuple):
    """What a form offers: the handles that the visitor runs, and their zone."""

    voices: list[Face]
    zone: str | None


class Choice(NamedTuple):
    """What was chosen: `voice` is None for the visitor themselves, `due` for now."""

    voice: Face | None
    due: datetime | None
    has_byline: bool


def look(tx: Connection, *, me: int, runs: int) -> Offered:
    return Offered(running.voices(tx, actor_id=me) if runs else [], waiting.time_zone(tx, actor_id=me))


async def offered(request: web.Request) -> Offered:
    me, runs = asked.me(request), request[VISITOR].runs
    return await request.app[DATABASE].read(look, me=me, runs=runs)


async def on_form(request: web.Request) -> dict[str, Any]:
    """What the template of a form needs to ask as whom and when."""
    found = await offered(request)
    return {"voices": found.voices, "zone": _label(moments.zone(found.zone))}


def _label(zone: ZoneInfo) -> str:
    return zone.key.rpartition("/")[2].replace("_", " ")


async def chosen(request: web.Request, form: Form, errors: dict[str, str]) -> Choice:
    """What the form says; what is wrong with it is noted beside its field."""
    found, voice, due = await offered(request), None, None
    wanted = form.text("as")
    if wanted:
        voice = next((face for face in found.voices if str(face.id) == wanted), None)
        if voice is None:
            errors["as"] = f"{handles.NOT_YOURS} Choose as whom you post."
    try:
        due = moments.read(form.text("due_day"), form.text("due_time"), at=moments.zone(found.zone))
        if due is not None and due <= request.app[HERE].now():
            errors["due_day"] = "This time has passed already: choose a later one."
    except Invalid as error:
        errors["due_day"] = str(error)
    return Choice(voice, due, bool(form.text("byline")))


async def publish(request: web.Request, choice: Choice, draft: Draft, people: Mapping[str, int], *, sent: Sent) -> str:
    """Post it, or keep it for its time, or ask the handle's server to. Answers where to go next."""
    parent, seen, files = sent.setting.parent, sent.seen, [staged.key for staged in sent.files]
    me, db, here = asked.me(request), request.app[DATABASE], request.app[HERE]
    voice = choice.voice
    if voice is not None and not voice.local:
        offered_by = partial(_offer, me=me, choice=choice, parent=parent)
        await db.write(offered_by, here, draft=draft, people=people, seen=seen)
        return "/scheduled?sent=1"
    author_id = voice.id if voice is not None else me
    has_byline = choice.has_byline and voice is not None
    if choice.due is not None:
        keep = partial(_keep, by_id=me, due=choice.due, has_byline=has_byline)
        await db.write(publishing.publish, here, author_id=author_id, draft=draft, people=people, seen=seen,
                       owner_id=me, write=keep)  # fmt: skip
        return "/scheduled?kept=1"
    if voice is None:
        post_id = await db.write(
            publishing.publish, here, author_id=me, draft=draft, people=people, files=files, seen=seen, write=twins.once
        )
    else:
        write = partial(twins.once, write=partial(handles.publish, by_id=me, has_byline=has_byline))
        post_id = await db.write(
            publishing.publish, here, author_id=author_id, draft=draft, people=people, files=files, seen=seen,
            owner_id=me, write=write,
        )  # fmt: skip
        if draft.visibility in {Visibility.FOLLOWERS, Visibility.MENTIONED}:
            return f"/handles/{author_id}"  # Whoever wrote it in the name of a handle is not among its readers.
    return f"/resources/{post_id}" if draft.resource is not None else f"/posts/{post_id}"


def _keep(
    tx: Connection,
    here: Here,
    *,
    author_id: int,
    draft: Draft,
    people: Mapping[str, int],  # noqa: ARG001 -- they are looked up anew when its time comes
    by_id: int,
    due: datetime,
    has_byline: bool,
) -> int:
    return scheduled.add(tx, here, author_id=author_id, by_id=by_id, draft=draft, due=due, has_byline=has_byline)


def _offer(
    tx: Connection,
    here: Here,
    *,
    me: int,
    choice: Choice,
    draft: Draft,
    people: Mapping[str, int],
    parent: Card | None,
    seen: Seen | None,
) -> int:
    if choice.voice is None or draft.media or draft.resource or draft.poll or draft.quote or draft.room:
        raise Invalid(ELSEWHERE)
    named = faces(tx, list(people.values()))
    wish = Wish(
        text=in_full(draft.text, {handle: named[found].full_handle for handle, found in people.items()}),
        title=draft.title if parent is None else None,
        warning=draft.warning,
        language=draft.language,
        sensitive=draft.sensitive,
        visibility=draft.visibility,
        post_uri=parent.uri if parent is not None else None,
        mentions=tuple((face.full_handle, face.uri) for face in named.values()),
    )
    if seen is not None:
        saved.published(tx, owner_id=me, seen=seen)
    return offers.make(
        tx, here, handle_id=choice.voice.id, by_id=me, wish=wish, due=choice.due, has_byline=choice.has_byline
    )


def in_full(text: str, names: Mapping[str, str]) -> str:
    """A text for another server, on which our short handles would be its own people's."""
    for handle in markup.find_mentions(text):
        full = names.get(handle)
        if full is not None and "@" not in handle:
            text = re.sub(rf"(?<![\w@/])@{re.escape(handle)}(?![\w@-]|\.\w)", f"@{full}", text, flags=re.IGNORECASE)
    return text
