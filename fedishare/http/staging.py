"""Files before a resource holds them: what one that has arrived turns out to be."""

from collections.abc import AsyncIterator, Iterable
from functools import partial

from aiohttp import web

from fedishare.core.errors import FediShareError, Invalid, TooLarge, Unsupported
from fedishare.domain import contents
from fedishare.domain.kinds import FileState
from fedishare.http.keys import DATABASE, HERE, SETTINGS, STORAGE
from fedishare.net import photos
from fedishare.net.storage import Read, Stored
from fedishare.services import uploads
from fedishare.services.quotas import Quotas
from fedishare.services.resources import UploadedFile
from fedishare.services.uploads import Arrived, Staged
from fedishare.settings import Settings


def quotas(settings: Settings) -> Quotas:
    return Quotas(settings.max_person_bytes, settings.max_node_bytes)


def as_files(staged: Iterable[Staged]) -> tuple[UploadedFile, ...]:
    return tuple(
        UploadedFile(each.name, each.media_type, each.size, each.sha256, each.storage_key, each.state, each.has_macros)
        for each in staged
    )


def kept(file_id: int) -> str:
    """What is said of a file that the resource holds already. No key of an upload has a colon in it."""
    return f"file:{file_id}"


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
