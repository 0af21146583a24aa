"""From a form that somebody filled in to a draft: what is wrong with it, whom it names, what it becomes."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import Invalid
from fedishare.core.here import Here
from fedishare.domain import files, polls
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import PostKind
from fedishare.http import staging
from fedishare.http.keys import DATABASE, HERE, TOOLS
from fedishare.inbox import named
from fedishare.queries import pages, people, resources, rooms, timelines
from fedishare.queries.cards import Card
from fedishare.queries.resources import Preset
from fedishare.queries.rooms import RoomLine
from fedishare.services import media, saved, uploads
from fedishare.services.drafts import Draft, PollDraft
from fedishare.services.resources import MOST_FILES, ResourceDraft
from fedishare.services.saved import Seen
from fedishare.services.uploads import Staged
from fedishare.web import asked, choices, describe, traces
from fedishare.web.choices import Audience
from fedishare.web.forms import Form

PLACES: Final = range(1, media.MOST + 1)
POLL_PLACES: Final = range(1, polls.MOST_OPTIONS + 1)
# What a form says of itself, and what was done with it.
PASSING: Final = re.compile(
    r"draft|draft_version|warned|upload|drop_upload|place_.*|picture_key_\d|drop_\d|save_draft|clean|original|keep|told"
)
# More than a resource may have, so that whoever added too many can choose.
MOST_LISTED: Final = MOST_FILES * 3


class Setting(NamedTuple):
    """What the form needs to know besides what was typed. `loose` are pictures that are on no post yet."""

    parent: Card | None
    quoted: Card | None
    rooms: list[RoomLine]
    followers: int
    loose: list[pages.Loose]
    preset: Preset = Preset()
    topics: tuple[str, ...] = ()

    @property
    def audiences(self) -> list[Audience]:
        return choices.audiences(self.parent, followers=self.followers)


class Sent(NamedTuple):
    """A form that came in, with its pictures by their place and its files."""

    form: Form
    setting: Setting
    keys: dict[int, str]
    files: list[Staged]

    @property
    def is_resource(self) -> bool:
        """Whoever adds files means to share a resource, whatever the button said."""
        return self.setting.parent is None and (self.form.text("kind") == "resource" or bool(self.files))

    @property
    def seen(self) -> Seen | None:
        return seen_of(self.form)


def seen_of(form: Form) -> Seen | None:
    """The draft that a form was filled from, if it was."""
    draft_id, version = (asked.whole(form.text(name)) for name in ("draft", "draft_version"))
    return Seen(draft_id, version or 0) if draft_id is not None else None


def look_round(
    tx: Connection,
    *,
    me: int,
    parent_id: int | None,
    quoted_id: int | None = None,
    keys: tuple[str, ...] = (),
    room_id: int | None = None,
) -> Setting:
    return Setting(
        timelines.card(tx, post_id=parent_id, viewer=me) if parent_id is not None else None,
        timelines.card(tx, post_id=quoted_id, viewer=me) if quoted_id is not None else None,
        rooms.mine(tx, actor_id=me),
        people.by_id(tx, actor_id=me).followers_count,
        pages.loose_pictures(tx, keys=keys, owner=me),
        resources.preset(tx, actor_id=me),
        tuple(rooms.topics(tx, room_id=room_id)) if room_id is not None else (),
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
        room_id=asked.whole(form.text("room")),
        keys=tuple(keys.values()),
    )
    known = {loose.key for loose in setting.loose}
    if set(keys.values()) - known:
        form.errors["pictures"] = "A picture that was here before is gone: please add it again."
    keys = {number: key for number, key in keys.items() if key in known}
    if keys or form.pictures:
        keys |= await request.app[DATABASE].write(_keep_pictures, request.app[HERE], form, keys, me=me)
    return Sent(form, setting, dict(sorted(keys.items())), await files_of(request, form, me=me))


async def files_of(request: web.Request, form: Form, *, me: int) -> list[Staged]:
    """The files that a form speaks of, in the order that it gives them, and then those that came with it."""
    wanted = [*in_order(form), *form.files]
    found = await request.app[DATABASE].read(uploads.several, owner_id=me, keys=wanted) if wanted else []
    if {key for key in wanted if ":" not in key} - {staged.key for staged in found}:
        form.errors["files"] = " ".join(
            said
            for said in (form.errors.get("files"), "A file that was here before is gone: please add it again.")
            if said
        )
    whole = []
    for staged in found:
        try:
            is_ready = staged.received == staged.size and not staged.is_whole
            whole.append(await staging.complete(request, staged, owner_id=me) if is_ready else staged)
        except Invalid as error:
            form.errors["files"] = str(error)
    return await traces.exchange(request, form, whole, me=me)


def in_order(form: Form) -> list[str]:
    """What a form lists as its files, without those to leave out. Each may have been given another place."""
    dropped = set(form.lists.get("drop_upload", []))
    listed = list(dict.fromkeys(filter(None, form.lists.get("upload", []))))[:MOST_LISTED]

    def place(number: int) -> tuple[int, int, int]:
        chosen = asked.whole(form.text(f"place_{listed[number]}")) or number + 1
        # Of two in one place, the one that was moved up comes first, and the one that was moved down last.
        return chosen, (chosen > number + 1) - (chosen < number + 1), number

    return [listed[number] for number in sorted(range(len(listed)), key=place) if listed[number] not in dropped]


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
        if not _title(sent):
            errors["title"] = "Give the resource a title, so that colleagues can find it."
        if not sent.files:
            errors.setdefault("files", "Add at least one file: that is what colleagues come for.")
        errors |= mistakes_of_files(sent.files, errors)
        errors |= describe.mistakes(form)
    elif not form.text("text") and not sent.keys:
        errors["text"] = "Write something first, or add a picture."
    if poll_options(form):
        errors |= _mistakes_of_poll(sent)
    return errors


def _title(sent: Sent) -> str:
    """Somebody in a hurry need not think of a title for a resource: its first file has a name."""
    said = sent.form.text("title")
    return said or (files.title_of(sent.files[0].name) if sent.is_resource and sent.files else "")


def mistakes_of_files(staged: Sequence[Staged], errors: Mapping[str, str], *, kept: int = 0) -> dict[str, str]:
    """What is wrong with the files of a form, beside what is known to be."""
    partial = next((each for each in staged if not each.is_whole), None)
    said = [errors.get("files")]
    if partial is not None:
        said.append(
            f"{partial.name} has not arrived whole yet: choose it once more and it goes on where it stopped, "
            "or leave it out."
        )
    if len(staged) + kept > MOST_FILES:
        said.append(f"A resource may have up to {MOST_FILES} files: leave some out.")
    together = " ".join(filter(None, said))
    return {"files": together} if together else {}


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


def draft_of(sent: Sent, *, default_credit: str = "") -> Draft:
    form, parent = sent.form, sent.setting.parent
    return Draft(
        text=form.text("text"),
        visibility=_visibility(sent) or Visibility.MENTIONED,
        title=_title(sent) or None,
        warning=form.text("warning") or None,
        language=choices.language(form.text("language")),
        sensitive=bool(form.text("sensitive")),
        in_reply_to=parent.id if parent is not None else None,
        room=asked.whole(form.text("room")) if parent is None else None,
        media=tuple(sent.keys.values()),
        resource=_resource(sent, default_credit) if sent.is_resource else None,
        poll=poll_of(form),
        quote=sent.setting.quoted.id if sent.setting.quoted is not None else None,
        quote_policy=choices.quote_policy(form.text("quote_policy")),
        purpose=_purpose(form),
        topic=form.text("topic") or None,
    )


def _purpose(form: Form) -> PostKind:
    said = form.text("purpose")
    return PostKind(said) if said in set(PostKind) else PostKind.NOTE


def _resource(sent: Sent, default_credit: str) -> ResourceDraft:
    said = describe.description_of(sent.form, default_credit=default_credit)
    described = {name: getattr(said, name) for name in said.__struct_fields__}
    return ResourceDraft(**described, files=staging.as_files(sent.files))


def _visibility(sent: Sent) -> Visibility | None:
    """What was chosen, if it was offered: an answer never reaches further than what it answers (VIS-13).

    What goes into a private room is for its members, whatever was chosen.
    """
    room_id = asked.whole(sent.form.text("room")) if sent.setting.parent is None else None
    if room_id is not None and any(line.is_private and line.face.id == room_id for line in sent.setting.rooms):
        return Visibility.ROOM
    chosen = sent.form.text("visibility")
    return next((choice.value for choice in sent.setting.audiences if choice.value == chosen), None)


async def find_named(request: web.Request, text: str) -> dict[str, int]:
    """The actors whom a text names. Those we have not met are looked for; who is not found stays plain text."""
    return await named.find(request.app[TOOLS], text)


async def keep_draft(request: web.Request, sent: Sent, *, me: int) -> saved.Saved:
    """Keep the form on the server as it is. Raises Invalid where that cannot be."""
    return await request.app[DATABASE].write(
        saved.save,
        request.app[HERE],
        owner_id=me,
        seen=sent.seen,
        fields=_lasting(sent),
        files=[staged.key for staged in sent.files],
        pictures=list(sent.keys.values()),
        post_id=asked.whole(sent.form.text("edit")),
    )


def _lasting(sent: Sent) -> dict[str, list[str]]:
    """The fields of a form that mean the same when it is opened again, whoever thought of them."""
    said = {name: values for name, values in sent.form.lists.items() if not PASSING.fullmatch(name)}
    pictures = {f"picture_key_{number}": [key] for number, key in sent.keys.items()}
    # A resource that is changed has files already, which stay in their places.
    files = [*in_order(sent.form), *sent.form.files] if sent.form.text("edit") else [each.key for each in sent.files]
    return said | pictures | ({"upload": files} if files or "upload" in sent.form.lists else {})
