"""Files on their way into a resource. Large ones may also come in pieces by the tus protocol, at /uploads."""

from collections.abc import AsyncIterator
from typing import IO, Final

from aiohttp import web

from fedishare.api.calls import Call, nothing
from fedishare.api.entities import uploads as entities
from fedishare.api.entities.uploads import Upload
from fedishare.api.rates import Rate
from fedishare.api.routes import Routes
from fedishare.core.errors import Invalid, NotFound, Refused
from fedishare.domain import contents, files
from fedishare.domain.permissions import Verb, may
from fedishare.http import staging, traces
from fedishare.http.keys import DATABASE, HERE, STORAGE
from fedishare.services import uploads
from fedishare.services.uploads import Staged
from fedishare.settings import Settings

CHUNK: Final = 256 << 10

routes: Final = Routes()


def _most(settings: Settings) -> int:
    return settings.max_upload_bytes


@routes.runs("POST", "/api/fedishare/v1/uploads", scope="write:media", rate=Rate.UPLOADS, most_bytes=_most)
async def add(request: web.Request, call: Call) -> Upload:
    """Send a file, as the part `file` of a form, before the resource that it is for is published."""
    if not may(call.who.role, Verb.UPLOAD):
        raise Refused("This account may read, but not share files.")
    sent = call.params.files.get("file")
    name = files.safe_name(sent.name if sent is not None else "")
    if sent is None or not sent.size:
        raise Invalid("file: it is missing, or empty.")
    if files.is_refused("", name):
        raise Invalid(f"{name} was left out: {contents.PROGRAM}")
    await request.app[STORAGE].require_room(sent.size)
    key = await staging.keep(request, _chunks(sent.body), name, owner_id=call.person)
    return await _shown(request, call, key)


async def _chunks(body: IO[bytes]) -> AsyncIterator[bytes]:
    while chunk := body.read(CHUNK):
        yield chunk


@routes.runs("GET", "/api/fedishare/v1/uploads/{key}", scope="write:media")
async def show(request: web.Request, call: Call) -> Upload:
    """How much of a file has arrived, and what it turned out to be."""
    return await _shown(request, call, call.path["key"])


async def _shown(request: web.Request, call: Call, key: str) -> Upload:
    staged = await _own(request, call, key)
    if staged.received == staged.size and not staged.is_whole:
        staged = await staging.complete(request, staged, owner_id=call.person)
    return entities.upload(staged, (await traces.look(request, [staged])).get(staged.key))


async def _own(request: web.Request, call: Call, key: str) -> Staged:
    try:
        return await request.app[DATABASE].read(uploads.own, request.app[HERE], owner_id=call.person, key=key)
    except NotFound:
        raise nothing() from None


@routes.runs("DELETE", "/api/fedishare/v1/uploads/{key}", scope="write:media")
async def remove(request: web.Request, call: Call) -> None:
    """Give up a file that no resource holds."""
    staged = await _own(request, call, call.path["key"])
    if staged.post_id is not None:
        raise Invalid("A resource holds this file by now: take it out there.")
    await staging.give_up(request, staged, owner_id=call.person)
