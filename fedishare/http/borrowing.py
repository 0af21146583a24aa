"""Files of resources as they are given out: from our disk, or brought from their author's node when somebody asks."""

import hashlib

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import Gone, Invalid, Unreachable
from fedishare.core.here import Here
from fedishare.domain.kinds import FileState
from fedishare.http import downloads, staging
from fedishare.http.keys import CLIENT, DATABASE, HERE, SETTINGS, STORAGE, TOOLS
from fedishare.inbox import documents
from fedishare.net import clamd
from fedishare.net.storage import Stored
from fedishare.queries import pages
from fedishare.queries.pages import StoredFile
from fedishare.services import quotas, resources


def require_clean(file: StoredFile) -> None:
    """What is being looked at, and what was found to be bad, is given to nobody."""
    if file.state is FileState.PENDING:
        raise Unreachable("This file is being checked. Please try again in a minute.", retry_after=60)
    if file.state is FileState.REFUSED:
        raise Gone("This file was found to be damaged or harmful, and is not given out. Please tell its author.")


async def give(request: web.Request, file: StoredFile) -> web.StreamResponse:
    """Send a file to somebody who may have it, fetched first where only its author's node has it."""
    key = await bring(request, file)
    headers = downloads.headers(media_type=file.media_type, visibility=file.visibility)
    headers["Content-Disposition"] = downloads.attachment(file.name)
    return await downloads.send(request, request.app[STORAGE].path(key), etag=file.sha256, headers=headers)


async def bring(request: web.Request, file: StoredFile) -> str:
    """The storage key of a file that may be given out; one from elsewhere is fetched the first time."""
    require_clean(file)
    return file.storage_key or await _fetch(request, file)


async def _fetch(request: web.Request, file: StoredFile) -> str:
    """Bring the bytes here, compare their fingerprint, and keep them. Answers with their storage key."""
    storage, database = request.app[STORAGE], request.app[DATABASE]
    await database.read(quotas.require_of_node, staging.quotas(request.app[SETTINGS]), name=file.name, size=file.size)
    limit, signer = request.app[SETTINGS].max_upload_bytes, await documents.signer(request.app[TOOLS])
    # Signed, for what only some may have is given to the nodes of those alone.
    async with request.app[CLIENT].stream(file.url, max_bytes=limit, signer=signer) as found:
        if found.status != 200:  # noqa: PLR2004 -- OK
            raise Unreachable("The server that has this file did not give it to us. Please try again later.")
        stored = await storage.save(found.chunks, max_bytes=limit)
    if not _is_same(stored, file):
        await storage.delete(stored.key)
        raise Invalid("This file is not the one its author described, so it was thrown away. Please tell the author.")
    await _scan(request, file, stored)
    kept = await database.write(_keep, request.app[HERE], file_id=file.id, storage_key=stored.key)
    if kept != stored.key:  # Somebody else asked at the same moment and was quicker.
        await storage.delete(stored.key)
    return kept


async def _scan(request: web.Request, file: StoredFile, stored: Stored) -> None:
    """Where there is a virus scanner, it looks at what comes from elsewhere before anybody here gets it."""
    address, storage = request.app[SETTINGS].clamd, request.app[STORAGE]
    if address is None:
        return
    try:
        harm = await clamd.scan(address, storage.path(stored.key))
    except Unreachable:
        await storage.delete(stored.key)
        raise Unreachable("This file cannot be checked for viruses now. Try again later.", retry_after=60) from None
    if harm is not None:
        await storage.delete(stored.key)
        raise Invalid(f"{file.name} was found to be harmful ({harm}), so it was thrown away. Please tell its author.")


def _is_same(stored: Stored, file: StoredFile) -> bool:
    if len(file.sha256) == hashlib.sha256().digest_size * 2:
        return stored.sha256 == file.sha256.lower()
    return not file.size or stored.size == file.size


def _keep(tx: Connection, here: Here, *, file_id: int, storage_key: str) -> str:
    former = pages.storage_key(tx, file_id=file_id)
    if former is not None:
        return former
    resources.keep_file(tx, here, file_id=file_id, storage_key=storage_key)
    return storage_key
