"""Sharing a resource through an app, and changing one: with files that have arrived before (uploads, or tus)."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import msgspec
from aiohttp import web
from sqlalchemy import Connection

from fedishare.api import acting, fields
from fedishare.api.calls import Call, nothing
from fedishare.api.entities.resources import Resource
from fedishare.api.extensions import resources as showing
from fedishare.api.extensions.wording import NewResource, ResourceChange, ResourceWording
from fedishare.api.params import Params
from fedishare.api.routes import Routes
from fedishare.core.errors import Invalid
from fedishare.domain import files as kinds
from fedishare.domain.audience import Visibility
from fedishare.http import staging, traces
from fedishare.http.keys import DATABASE, TOOLS
from fedishare.inbox import named
from fedishare.queries import people as persons
from fedishare.queries import resources as reading
from fedishare.queries import rooms, uploaded
from fedishare.queries.cards import Card
from fedishare.queries.resources import ResourceRow
from fedishare.services import descriptions, handles, publishing, submissions, twins, uploads
from fedishare.services.descriptions import Description
from fedishare.services.drafts import Change, Draft
from fedishare.services.resources import ResourceDraft, UploadedFile
from fedishare.services.uploads import Staged

MEANT: Final = "If you mean it, send it once more with accept_doubts."

routes: Final = Routes()


@routes.runs("POST", "/api/fedishare/v1/resources", scope="write:statuses")
async def publish(request: web.Request, call: Call, asked: NewResource) -> Resource:
    """Share a resource. Its files can be shared once, so to send the same again is refused."""
    acting.refuse_reader(call)
    staged = await _files(request, call, asked.files, told=asked.told)
    people = await named.find(request.app[TOOLS], asked.text)
    return await request.app[DATABASE].write(_publish, call.anew(), asked, staged, people)


async def _files(
    request: web.Request, call: Call, keys: Sequence[str], *, told: Sequence[str], held: Mapping[str, int] | None = None
) -> list[Staged]:
    """The uploads with these keys, whole. Raises Invalid where one is not there, or tells what its owner has not seen.

    `held` are those that the resource has already.
    """
    wanted = [key for key in keys if key not in (held or {})]
    if len(wanted) != len(set(wanted)):
        raise Invalid("files: the same file is named twice.")
    staged = await request.app[DATABASE].read(uploads.several, owner_id=call.person, keys=wanted)
    if len(staged) < len(wanted):
        raise Invalid("files: one of them is not there, or no longer: send it again.")
    whole = [await _completed(request, call, each) for each in staged]
    unfinished = next((each for each in whole if not each.is_whole), None)
    if unfinished is not None:
        raise Invalid(f"files: {unfinished.name} has not arrived whole yet.")
    found = await traces.look(request, [each for each in whole if each.key not in told])
    telling = next((each.name for each in whole if each.key in found and found[each.key].tells), None)
    if telling is not None:
        raise Invalid(f"files: {telling} tells more than its owner may want to say. Show them, then name it in told.")
    return whole


async def _completed(request: web.Request, call: Call, staged: Staged) -> Staged:
    if staged.is_whole or staged.received < staged.size:
        return staged
    return await staging.complete(request, staged, owner_id=call.person)


def _description(asked: ResourceWording) -> Description:
    return Description(**{name: getattr(asked, name) for name in _DESCRIBED} | {"licence": asked.licence or None})


_DESCRIBED: Final = tuple(name for name in Description.__struct_fields__ if name != "licence")


def _publish(
    tx: Connection, call: Call, asked: NewResource, staged: Sequence[Staged], people: Mapping[str, int]
) -> Resource:
    description = _description(asked)
    _refuse_doubts(tx, call, description, is_meant=asked.accept_doubts)
    if not description.credit:
        description = msgspec.structs.replace(description, credit=_credit(tx, call))
    draft = _draft(tx, call, asked, description, staged)
    write = (
        partial(twins.once, write=partial(handles.publish, by_id=call.person)) if call.who.is_as_handle else twins.once
    )
    post_id = publishing.publish(
        tx,
        call.here,
        author_id=call.me,
        owner_id=call.person,
        draft=draft,
        people=people,
        files=[each.key for each in staged],
        write=write,
    )
    submissions.sign(tx, post_id=post_id, app_id=call.who.app_id)
    return showing.whole(tx, call, post_id)


def _refuse_doubts(tx: Connection, call: Call, said: Description, *, is_meant: bool) -> None:
    doubts = descriptions.doubts(
        tx, call.here, addresses=said.based_on, licence=said.licence or "", author_id=call.person
    )
    if doubts and not is_meant:
        raise Invalid(" ".join(["licence:", *doubts, MEANT]))


def _credit(tx: Connection, call: Call) -> str:
    who, settings = persons.by_id(tx, actor_id=call.person), call.settings
    return descriptions.default_credit(name=who.name, school=settings.name, school_owns=settings.school_owns)


def _draft(tx: Connection, call: Call, asked: NewResource, description: Description, staged: Sequence[Staged]) -> Draft:
    room_id, ids = fields.number(asked.room), Params({"ids": list(asked.media_ids)}).ids("ids")
    pictures = uploaded.several(tx, ids=ids, owner_id=call.person, other_id=call.me)
    if len(pictures) < len(asked.media_ids) or any(each.post_id is not None for each in pictures):
        raise Invalid("media_ids: one of them is not there, or already on a post.")
    said = {name: getattr(description, name) for name in description.__struct_fields__}
    return Draft(
        text=asked.text,
        visibility=_visibility(tx, call, asked.visibility, room_id),
        title=asked.title.strip() or kinds.title_of(staged[0].name),
        warning=asked.warning or None,
        language=asked.language or "en",
        sensitive=asked.sensitive,
        room=room_id,
        media=tuple(each.key for each in pictures),
        resource=ResourceDraft(**said, files=staging.as_files(staged)),
        quote_policy=asked.quote_policy,
        topic=asked.topic or None,
    )


def _visibility(tx: Connection, call: Call, chosen: Visibility, room_id: int | None) -> Visibility:
    """What goes into a private room is for its members, whatever was chosen."""
    lines = rooms.mine(tx, actor_id=call.me) if room_id is not None else []
    return Visibility.ROOM if any(line.is_private and line.face.id == room_id for line in lines) else chosen


@routes.runs("PUT", "/api/fedishare/v1/resources/{id}", scope="write:statuses")
async def change(request: web.Request, call: Call, asked: ResourceChange) -> Resource:
    """Change a resource of yours: that is its next version."""
    acting.refuse_reader(call)
    db = request.app[DATABASE]
    card, row = await db.read(_own, call)
    held = {staging.kept(file.id): file.id for file in row.files}
    staged = await _files(request, call, asked.files, told=asked.told, held=held)
    text = asked.text if "text" in call.params else card.source or ""
    people = await named.find(request.app[TOOLS], text)
    return await db.write(_change, call.anew(), asked, staged, people)


def _own(tx: Connection, call: Call) -> tuple[Card, ResourceRow]:
    """Raises NotFound for what is no resource, or not the asker's to change."""
    card = showing.seen(tx, call, call.id())
    row = reading.row(tx, post_id=card.id)
    if row is None or card.author.id != call.me:
        raise nothing()
    return card, row


def _change(
    tx: Connection, call: Call, asked: ResourceChange, staged: Sequence[Staged], people: Mapping[str, int]
) -> Resource:
    card, row = _own(tx, call)
    description = _described_anew(call.params, asked, row)
    _refuse_doubts(tx, call, description, is_meant=asked.accept_doubts)
    sent = call.params
    change = Change(
        text=asked.text if "text" in sent else card.source or "",
        title=asked.title.strip() or card.title,
        warning=(asked.warning if "warning" in sent else card.warning) or None,
        language=asked.language or card.language or "en",
        sensitive=asked.sensitive if "sensitive" in sent else card.sensitive,
        quote_policy=asked.quote_policy if "quote_policy" in sent else card.quote_policy,
        files=_in_order(asked.files, staged, row) if "files" in sent else None,
        resource=description,
        changed=asked.changed,
    )
    publishing.rewrite(
        tx,
        call.here,
        author_id=card.author.id,
        by_id=call.person,
        post_id=card.id,
        change=change,
        people=people,
        files=[each.key for each in staged],
    )
    return showing.whole(tx, call, card.id)


def _described_anew(sent: Params, asked: ResourceChange, row: ResourceRow) -> Description:
    """What it is described with, each part as it was unless something else was sent."""
    had: dict[str, Any] = {
        name: tuple(term.slug for term in getattr(row, name) if term.slug)
        for name in ("subjects", "levels", "types", "audiences", "features")
    }
    had |= {name: tuple(term.label for term in getattr(row, name)) for name in ("objectives", "keywords")}
    had |= {"minutes": row.minutes, "credit": row.credit, "based_on": tuple(basis.uri for basis in row.bases)}
    new = {name: getattr(asked, name) for name in _DESCRIBED if name in sent}
    return Description(**had | new, licence=asked.licence or row.licence)


def _in_order(keys: Sequence[str], staged: Sequence[Staged], row: ResourceRow) -> tuple[int | UploadedFile, ...]:
    """The files that it has from now on: those it keeps by their ids, and new ones."""
    held: dict[str, int | UploadedFile] = {staging.kept(file.id): file.id for file in row.files}
    new = dict(zip((each.key for each in staged), staging.as_files(staged), strict=True))
    every = held | new
    return tuple(every[key] for key in dict.fromkeys(keys))
