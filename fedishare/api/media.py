"""Pictures on their way to a post: taken in at once where they are small, else written anew by a job meanwhile.

What they are is seen in their bytes, whatever their name or the app says.
"""

from typing import Final

import msgspec
from aiohttp import web
from sqlalchemy import Connection

from fedishare.api import posting, wishes
from fedishare.api.calls import Answer, Call, nothing
from fedishare.api.entities import media as entities
from fedishare.api.entities.media import MediaAttachment
from fedishare.api.params import Sent
from fedishare.api.rates import Rate
from fedishare.api.routes import Routes
from fedishare.core.errors import Invalid, Refused
from fedishare.domain import files
from fedishare.domain.kinds import MediaState
from fedishare.domain.permissions import Verb, may
from fedishare.http import darkroom
from fedishare.http.keys import DATABASE, STORAGE
from fedishare.net import pictures
from fedishare.queries import uploaded
from fedishare.queries.uploaded import Uploaded
from fedishare.services import media
from fedishare.services.media import Upload

# What is larger takes a while: the app gets its answer at once, and asks again.
AT_ONCE: Final = 1 << 20
HEAD: Final = 4 << 10
TAKEN: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})

routes: Final = Routes()


class Arrived(msgspec.Struct, frozen=True):
    """What came in, on the disk."""

    upload: Upload
    is_raw: bool
    thumb: Upload | None
    alt: str
    focal: tuple[float, float] | None


@routes.runs("POST", "/api/v2/media", scope="write:media", rate=Rate.UPLOADS, most_bytes=pictures.MAX_BYTES)
async def upload(request: web.Request, call: Call) -> Answer:
    """202 while it is being processed."""
    return await _take(request, call, at_once=AT_ONCE)


@routes.runs("POST", "/api/v1/media", scope="write:media", rate=Rate.UPLOADS, most_bytes=pictures.MAX_BYTES)
async def upload_and_wait(request: web.Request, call: Call) -> Answer:
    return await _take(request, call, at_once=pictures.MAX_BYTES)


async def _take(request: web.Request, call: Call, *, at_once: int) -> Answer:
    if not may(call.who.role, Verb.UPLOAD):
        raise Refused("This account may read, but not write.")
    sent, alt = call.params.files.get("file"), call.params.text("description")
    if sent is None or not sent.size:
        raise Invalid("Validation failed: File can't be blank")
    if len(alt) > media.LONGEST_ALT:
        raise Invalid(f"Validation failed: Description is too long (maximum is {media.LONGEST_ALT} characters)")
    focal, body, thumb = wishes.focus(call.params), _picture(sent), call.params.files.get("thumbnail")
    is_raw = sent.size > at_once
    arrived = Arrived(
        upload=await (_as_it_is if is_raw else _anew)(request, body),
        is_raw=is_raw,
        thumb=await _anew(request, _picture(thumb)) if thumb is not None and thumb.size else None,
        alt=alt,
        focal=focal,
    )
    row = await request.app[DATABASE].write(_keep, call, arrived)
    return Answer(entities.uploaded(call, row), status=202 if is_raw else 200)


def _picture(sent: Sent) -> bytes:
    """Its bytes. Raises Invalid for what no picture begins like."""
    body = sent.body.read()
    if files.detect(body[:HEAD], "picture") not in TAKEN:
        raise Invalid(
            "Validation failed: File is no picture. Posts here carry pictures as JPEG, PNG, GIF or WebP; "
            "other files are shared as a resource, with a licence, on this node's own pages"
        )
    return body


async def _anew(request: web.Request, body: bytes) -> Upload:
    clean = await darkroom.cleaned(body)
    stored = await request.app[STORAGE].save_bytes(clean.body)
    return Upload(stored.key, clean.media_type, stored.size, clean.width, clean.height, clean.blurhash)


async def _as_it_is(request: web.Request, body: bytes) -> Upload:
    """Nobody is given this; a job makes a picture of it."""
    stored = await request.app[STORAGE].save_bytes(body)
    return Upload(stored.key, files.detect(body[:HEAD], "picture"), stored.size)


def _keep(tx: Connection, call: Call, arrived: Arrived) -> Uploaded:
    media_id = media.receive(
        tx,
        call.here,
        owner_id=call.person,
        upload=arrived.upload,
        is_raw=arrived.is_raw,
        alt=arrived.alt,
        focal=arrived.focal,
    )
    if arrived.thumb is not None:
        media.add_thumb(tx, call.here, owner_id=call.person, media_id=media_id, upload=arrived.thumb)
    return _own(tx, call, media_id)


def _own(tx: Connection, call: Call, media_id: int) -> Uploaded:
    found = uploaded.one(tx, media_id=media_id, owner_id=call.person, other_id=call.me)
    if found is None:
        raise nothing()
    return found


@routes.reads("GET", "/api/v1/media/{id}", scope="write:media")
def show(tx: Connection, call: Call) -> Answer | MediaAttachment:
    """206 until it can be seen."""
    row = _own(tx, call, call.id())
    if row.state is MediaState.FAILED:
        raise Invalid(row.problem)
    return Answer(entities.uploaded(call, row), status=200 if row.is_ready else 206)


@routes.runs("PUT", "/api/v1/media/{id}", scope="write:media", most_bytes=pictures.MAX_BYTES)
async def change(request: web.Request, call: Call) -> MediaAttachment:
    """Other words for it, or another point to keep in sight."""
    sent = call.params.files.get("thumbnail")
    await request.app[DATABASE].read(_loose, call)
    thumb = await _anew(request, _picture(sent)) if sent is not None and sent.size else None
    return await request.app[DATABASE].write(_change, call, thumb)


def _loose(tx: Connection, call: Call) -> Uploaded:
    """Of what a post carries, the post is edited instead."""
    row = _own(tx, call, call.id())
    if row.post_id is not None:
        raise nothing()
    return row


def _change(tx: Connection, call: Call, thumb: Upload | None) -> MediaAttachment:
    posting.describe(tx, call, _loose(tx, call), call.params)
    if thumb is not None:
        media.add_thumb(tx, call.here, owner_id=call.person, media_id=call.id(), upload=thumb)
    return entities.uploaded(call, _own(tx, call, call.id()))


@routes.writes("DELETE", "/api/v1/media/{id}", scope="write:media")
def delete(tx: Connection, call: Call) -> None:
    """Only what no post carries."""
    row = _own(tx, call, call.id())
    if row.post_id is not None:
        raise Invalid("Media attachment is currently used by a status")
    media.drop(tx, call.here, keys=tuple(key for key in (row.key, row.thumb_key) if key))
