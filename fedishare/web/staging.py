"""Files before a resource holds them: what one that has arrived turns out to be, and how it stands in a form."""

from collections.abc import AsyncIterator, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final, NamedTuple

from aiohttp import web

from fedishare.core.errors import FediShareError, Invalid, TooLarge, Unsupported
from fedishare.domain import contents
from fedishare.domain.kinds import FileState
from fedishare.domain.traces import Kind, Traces, mention, sentence
from fedishare.http.keys import DATABASE, HERE, SETTINGS, STORAGE
from fedishare.net import photos
from fedishare.net.storage import Read, Stored
from fedishare.queries.resources import FileLine
from fedishare.services import uploads
from fedishare.services.quotas import Quotas
from fedishare.services.resources import UploadedFile
from fedishare.services.uploads import Arrived, Staged
from fedishare.settings import Settings

# Why a file stays as it is, and what its owner can do.
OBSTACLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        Kind.SIGNED: (
            "It is signed, and a clean copy would not be. Save one without a signature to have that taken out here."
        ),
        Kind.PAPER: (
            "This cannot be taken out of a PDF here. Save it anew from where it was made, without comments and with an "
            "empty author in its properties."
        ),
        Kind.OLD: (
            "Old Office files name whoever wrote them, and this cannot be taken out here. Save it as .docx, .pptx or "
            ".xlsx to have that done."
        ),
        Kind.UNREAD: "We could not look into this file. It may name people in its properties or comments.",
    }
)


class Line(NamedTuple):
    """A file in a form. `key` is what the form says of it when it is sent.

    `told` is what it tells of people, and `mentioned` what it does not show at once; `is_copy` whether it was made
    of another so as not to.
    """

    key: str
    name: str
    media_type: str
    size: int
    received: int
    is_whole: bool
    remarks: list[str]
    told: str = ""
    mentioned: str = ""
    obstacle: str = ""
    can_clean: bool = False
    as_it_is: bool = False
    is_copy: bool = False


def quotas(settings: Settings) -> Quotas:
    return Quotas(settings.max_person_bytes, settings.max_node_bytes)


def line(staged: Staged, traces: Traces | None = None, *, as_it_is: bool = False) -> Line:
    said = contents.remarks(staged.name, staged.media_type, has_macros=staged.has_macros) if staged.is_whole else []
    return Line(
        staged.key,
        staged.name,
        staged.media_type,
        staged.size,
        staged.received,
        staged.is_whole,
        said,
        told=sentence(traces) if traces is not None else "",
        mentioned=mention(traces) if traces is not None else "",
        obstacle=OBSTACLES.get(traces.obstacle or "", "") if traces is not None else "",
        can_clean=traces is not None and traces.can_clean,
        as_it_is=as_it_is,
        is_copy=staged.original_key is not None,
    )


def line_of(file: FileLine) -> Line:
    """A file that a resource holds already."""
    said = contents.remarks(file.name, file.media_type, has_macros=file.has_macros)
    return Line(kept(file.id), file.name, file.media_type, file.size, file.size, is_whole=True, remarks=said)


def kept(file_id: int) -> str:
    """What a form says of a file that the resource holds already. No key of an upload has a colon in it."""
    return f"file:{file_id}"


def as_files(staged: Iterable[Staged]) -> tuple[UploadedFile, ...]:
    return tuple(
        UploadedFile(each.name, each.media_type, each.size, each.sha256, each.storage_key, each.state, each.has_macros)
        for each in staged
    )


async def complete(request: web.Request, staged: Staged, *, owner_id: int) -> Staged:
    """Every byte is here: say what it is, and keep it. Raises Unsupported, and keeps nothing, for what is refused.

    What a crash left half done is done again.
    """
    database, storage = request.app[DATABASE], request.app[STORAGE]
    look = await storage.look(staged.storage_key, partial(contents.look, name=staged.name))
    why = contents.why_not(look, staged.name, allows_macros=request.app[SETTINGS].allows_macros)
    if why is not None:
        await give_up(request, staged, owner_id=owner_id)
        raise Unsupported(f"{staged.name} was left out: {why}")
    stored = await _without_traces(request, await storage.adopt(staged.storage_key), look.media_type)
    state = first_state(request.app[SETTINGS])
    arrived = Arrived(stored.size, stored.sha256, look.media_type, look.has_macros, state)
    here = request.app[HERE]
    await database.write(uploads.finish, here, key=staged.key, storage_key=staged.storage_key, arrived=arrived)
    return await database.read(uploads.own, here, owner_id=owner_id, key=staged.key)


def first_state(settings: Settings) -> FileState:
    """Where there is a virus scanner, a file waits for it."""
    return FileState.PENDING if settings.clamd else FileState.CLEAN


async def give_up(request: web.Request, staged: Staged, *, owner_id: int) -> None:
    await request.app[DATABASE].write(uploads.drop, request.app[HERE], owner_id=owner_id, keys=[staged.key])
    await request.app[STORAGE].parts.drop(staged.storage_key)


async def keep(request: web.Request, chunks: AsyncIterator[bytes], name: str, *, owner_id: int) -> str:
    """Keep a file that comes as a part of a form. Answers with its key; what is refused leaves nothing behind."""
    storage, settings = request.app[STORAGE], request.app[SETTINGS]
    try:
        stored = await storage.save(chunks, max_bytes=settings.max_upload_bytes)
    except TooLarge:
        raise uploads.too_large(name, settings.max_upload_bytes) from None
    try:
        look = await storage.look(stored.key, partial(contents.look, name=name))
        why = contents.why_not(look, name, allows_macros=settings.allows_macros)
        if why is not None:
            raise Invalid(f"{name} was left out: {why}")
        stored = await _without_traces(request, stored, look.media_type)
        return await request.app[DATABASE].write(
            uploads.add,
            request.app[HERE],
            owner_id=owner_id,
            name=name,
            storage_key=stored.key,
            arrived=Arrived(stored.size, stored.sha256, look.media_type, look.has_macros, first_state(settings)),
            quotas=quotas(settings),
        )
    except FediShareError:
        await storage.delete(stored.key)
        raise


async def _without_traces(request: web.Request, stored: Stored, media_type: str) -> Stored:
    """A photo is kept without the place where it was taken and whatever else a camera writes; all else as it came."""
    if media_type not in photos.KINDS or stored.size > photos.LARGEST:
        return stored
    storage = request.app[STORAGE]
    clean = await storage.look(stored.key, _bare)
    return stored if clean is None else await storage.replace(stored.key, clean)


def _bare(read: Read, size: int) -> bytes | None:
    """None where there is nothing to leave out. What we cannot read shows no place to anybody else either."""
    body = read(0, size)
    try:
        clean = photos.bare(body)
    except Invalid:
        return None
    return None if clean == body else clean
