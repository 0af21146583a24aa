"""Files that arrive in pieces, so that a broken connection costs nothing: the tus protocol, version 1.0.

https://tus.io/protocols/resumable-upload: core, creation, creation-with-upload, expiration, checksum, termination.
"""

import asyncio
import base64
import binascii
import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from email.utils import format_datetime
from functools import wraps
from http import HTTPStatus
from typing import Any, Final

from aiohttp import ClientError, web
from aiohttp.http import HttpProcessingError

from fedishare.core import json
from fedishare.core.errors import FediShareError, Invalid, NotFound, Outdated, Refused, TooLarge, Unsupported
from fedishare.domain import contents, files
from fedishare.domain.permissions import Verb, may
from fedishare.http import staging
from fedishare.http.errors import headers_of, problem, status_of
from fedishare.http.keys import CLOCK, DATABASE, HERE, LIMITS, SETTINGS, STORAGE, VISITOR
from fedishare.http.pages import page
from fedishare.http.routes import Allow, Handler, Routes
from fedishare.net import storage
from fedishare.net.parts import Part
from fedishare.services import uploads
from fedishare.services.uploads import Staged
from fedishare.web import asked, traces

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,creation-with-upload,expiration,checksum,termination"
DIGESTS: Final = ("sha1", "sha256")
PIECE: Final = "application/offset+octet-stream"
MISMATCH: Final = 460
BLOCK: Final = 256 << 10
# So much is lost at most when the power fails; after a broken connection nothing is.
SAFE_EVERY: Final = 4 << 20
GLANCE: Final = 2.0
LONGEST_SILENCE: Final = 60.0
LONGEST_METADATA: Final = 8 << 10
BEGUN_AT_ONCE: Final = 60
BEGUN_PER_MINUTE: Final = 60.0
LOST: Final = (OSError, ClientError, HttpProcessingError, web.RequestPayloadError)

routes: Final = Routes()


class _WrongDigest(Invalid):
    """What arrived is not what was sent."""


def _spoken(handler: Handler) -> Handler:
    """Answers as the protocol has it, also when something is wrong."""

    @wraps(handler)
    async def spoken(request: web.Request) -> web.StreamResponse:
        try:
            if request.method != "GET" and request.headers.get("Tus-Resumable") != VERSION:
                answer: web.StreamResponse = problem(
                    HTTPStatus.PRECONDITION_FAILED, f"This address speaks version {VERSION} of the tus protocol."
                )
                answer.headers["Tus-Version"] = VERSION
            else:
                answer = await handler(request)
        except _WrongDigest as error:
            body = json.dumps(
                {"type": "about:blank", "title": "Checksum Mismatch", "status": MISMATCH, "detail": str(error)}
            )
            answer = web.Response(status=MISMATCH, reason="Checksum Mismatch", body=body)
            answer.headers["Content-Type"] = "application/problem+json"
        except FediShareError as error:
            answer = problem(status_of(error), str(error), headers=headers_of(error))
        answer.headers["Tus-Resumable"] = VERSION
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return spoken


@routes.options("/uploads", allow=Allow.ANYONE)
async def tell(request: web.Request) -> web.Response:
    said = {
        "Tus-Resumable": VERSION,
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(request.app[SETTINGS].max_upload_bytes),
        "Tus-Checksum-Algorithm": ",".join(DIGESTS),
    }
    return web.Response(status=204, headers=said)


@routes.post("/uploads")
@_spoken
async def create(request: web.Request) -> web.Response:
    me, settings, store = asked.me(request), request.app[SETTINGS], request.app[STORAGE]
    if not may(request[VISITOR].role, Verb.UPLOAD):
        raise Refused("This account may read, but not share files.")
    now = request.app[CLOCK].now()
    request.app[LIMITS].take("uploads", str(me), now=now, burst=BEGUN_AT_ONCE, per_minute=BEGUN_PER_MINUTE)
    name, size = files.safe_name(_metadata(request).get("filename", "")), _number(request, "Upload-Length")
    if not size:
        raise Invalid(f"{name} is empty, so it was left out.")
    if size > settings.max_upload_bytes:
        raise uploads.too_large(name, settings.max_upload_bytes)
    if files.is_refused("", name):
        raise Unsupported(f"{name} was left out: {contents.PROGRAM}")
    await store.require_room(size)
    key = storage.new_key()
    await store.parts.begin(key)
    try:
        staged = await request.app[DATABASE].write(
            uploads.begin,
            request.app[HERE],
            owner_id=me,
            name=name,
            size=size,
            storage_key=key,
            quotas=staging.quotas(settings),
        )
    except FediShareError:
        await store.parts.drop(key)
        raise
    headers = {"Location": f"/uploads/{staged.key}", "Upload-Expires": _expires(staged)}
    if request.content_type == PIECE and request.can_read_body:
        headers |= await _take(request, staged, offset=0, me=me)
    return web.Response(status=201, headers=headers)


@routes.get("/uploads/{key}")
@_spoken
async def show(request: web.Request) -> web.StreamResponse:
    """HEAD: how much has arrived. GET: the file as the form shows it."""
    me = asked.me(request)
    staged = await _own(request, me)
    if request.method == "HEAD":
        said = {"Upload-Offset": str(staged.received), "Upload-Length": str(staged.size)}
        name = base64.b64encode(staged.name.encode()).decode()
        return web.Response(headers=said | _when(staged) | {"Upload-Metadata": f"filename {name}"})
    if staged.received == staged.size and not staged.is_whole:
        staged = await staging.complete(request, staged, owner_id=me)
    return await page(
        request, "partials/_upload.html", file=(await traces.lines(request, None, [staged]))[0], place=0, places=0
    )


@routes.patch("/uploads/{key}")
@_spoken
async def add(request: web.Request) -> web.Response:
    return await _add(request)


@routes.post("/uploads/{key}")
@_spoken
async def in_disguise(request: web.Request) -> web.Response:
    """For networks that let no PATCH or DELETE through."""
    match request.headers.get("X-HTTP-Method-Override", ""):
        case "PATCH":
            return await _add(request)
        case "DELETE":
            return await _end(request)
        case _:
            raise Invalid("Say what to do with this upload: PATCH or DELETE.")


@routes.delete("/uploads/{key}")
@_spoken
async def end(request: web.Request) -> web.Response:
    return await _end(request)


async def _end(request: web.Request) -> web.Response:
    me = asked.me(request)
    staged = await _own(request, me)
    if staged.post_id is not None:
        raise Refused("A resource holds this file by now: take it out there.")
    await staging.give_up(request, staged, owner_id=me)
    return web.Response(status=204)


async def _add(request: web.Request) -> web.Response:
    if request.content_type != PIECE:
        raise Unsupported(f"A piece of a file is sent as {PIECE}.")
    offset, me = _number(request, "Upload-Offset"), asked.me(request)
    return web.Response(status=204, headers=await _take(request, await _own(request, me), offset=offset, me=me))


async def _own(request: web.Request, me: int) -> Staged:
    key = request.match_info["key"]
    return await request.app[DATABASE].read(uploads.own, request.app[HERE], owner_id=me, key=key)


async def _take(request: web.Request, staged: Staged, *, offset: int, me: int) -> dict[str, str]:
    """Add what the request brings. Answers with what to say of it; nobody else can add meanwhile."""
    database, here = request.app[DATABASE], request.app[HERE]
    if staged.is_whole:
        _require_same(offset, staged.received)
        return {"Upload-Offset": str(staged.received)}
    checked = _checksum(request)
    try:
        async with request.app[STORAGE].parts.adding(staged.storage_key) as part:
            staged = await database.read(uploads.own, here, owner_id=me, key=staged.key)
            _require_same(offset, staged.received)
            if offset + (request.content_length or 0) > staged.size:
                raise _too_long(staged)
            await part.begin_at(offset)
            await _Arrival(request, staged, part, checked).take_all()
    except NotFound:
        # Somebody else brought the rest meanwhile, and the part has become the file.
        _require_same(offset, (await database.read(uploads.own, here, owner_id=me, key=staged.key)).received)
        raise
    staged = await database.read(uploads.own, here, owner_id=me, key=staged.key)
    if staged.received == staged.size:
        staged = await staging.complete(request, staged, owner_id=me)
    return {"Upload-Offset": str(staged.received)} | _when(staged)


class _Arrival:
    """One request's bytes on their way to the disk. At no time is more of them in memory than a block."""

    def __init__(self, request: web.Request, staged: Staged, part: Part, checked: tuple[str, bytes] | None) -> None:
        self._request = request
        self._staged = staged
        self._part = part
        self._wanted = checked[1] if checked else None
        self._digest: Any = hashlib.new(checked[0], usedforsecurity=False) if checked else None
        self._offset = self._safe = staged.received

    async def take_all(self) -> None:
        """Raises what is wrong. Whatever was right until then is kept, and acknowledged by the next answer."""
        try:
            async with aclosing(self._blocks()) as blocks:
                async for block in blocks:
                    await self._take(block)
        except LOST as error:
            if self._digest is None:
                await self._make_safe()
            raise Outdated("The connection broke off. What arrived is kept: go on from there.") from error
        except FediShareError:
            if self._digest is None:
                await self._make_safe()
            raise
        if self._digest is not None and self._digest.digest() != self._wanted:
            raise _WrongDigest("What arrived is not what was sent. Please send this piece again.")
        await self._make_safe()

    async def _take(self, block: bytes) -> None:
        if self._offset + len(block) > self._staged.size:
            raise _too_long(self._staged)
        if self._offset == 0:
            await self._refuse_programs(block)
        await self._part.write(block)
        self._offset += len(block)
        if self._digest is not None:
            self._digest.update(block)
        elif self._offset - self._safe >= SAFE_EVERY:
            await self._make_safe()

    async def _refuse_programs(self, head: bytes) -> None:
        """What cannot be shared need not arrive whole."""
        name = self._staged.name
        if files.is_refused(files.detect(head[: contents.HEAD], name), name):
            await staging.give_up(self._request, self._staged, owner_id=asked.me(self._request))
            raise Unsupported(f"{name} was left out: {contents.PROGRAM}")

    async def _make_safe(self) -> None:
        if self._offset > self._safe:
            await self._part.sync()
            self._safe = self._offset
            key, here = self._staged.key, self._request.app[HERE]
            await self._request.app[DATABASE].write(uploads.note, here, key=key, received=self._safe)

    async def _blocks(self) -> AsyncGenerator[bytes]:
        """What comes in, in pieces worth a journey to the disk; also what came before the connection broke."""
        waiting = bytearray()
        try:
            while chunk := await self._chunk():
                waiting += chunk
                while len(waiting) >= BLOCK:
                    block = bytes(waiting[:BLOCK])
                    del waiting[:BLOCK]
                    yield block
        except LOST:
            if waiting:
                yield bytes(waiting)
            raise
        if waiting:
            yield bytes(waiting)

    async def _chunk(self) -> bytes:
        """Whatever is there next. Gives up on somebody silent, and sooner if they are waiting elsewhere to go on."""
        silent = 0.0
        while True:
            try:
                return await asyncio.wait_for(self._request.content.readany(), GLANCE)
            except TimeoutError:
                silent += GLANCE
                if silent >= LONGEST_SILENCE or self._part.is_wanted():
                    raise ConnectionResetError("nothing more comes") from None


def _require_same(offset: int, received: int) -> None:
    if offset != received:
        raise Outdated(f"{received} bytes of this file are here: go on from there.")


def _too_long(staged: Staged) -> Invalid:
    return TooLarge(f"{staged.name} was announced with {staged.size} bytes, and this is more.")


def _when(staged: Staged) -> dict[str, str]:
    return {} if staged.is_whole else {"Upload-Expires": _expires(staged)}


def _expires(staged: Staged) -> str:
    return format_datetime(staged.expires_at, usegmt=True)


def _number(request: web.Request, header: str) -> int:
    found = asked.whole(request.headers.get(header, ""))
    if found is None:
        raise Invalid(f"{header} has to be a whole number.")
    return found


def _metadata(request: web.Request) -> dict[str, str]:
    """What the sender says of the file: words with their values in base64, separated by commas."""
    said = request.headers.get("Upload-Metadata", "")[:LONGEST_METADATA]
    pairs = [pair.strip().partition(" ") for pair in said.split(",") if pair.strip()]
    try:
        return {key: base64.b64decode(value, validate=True).decode(errors="replace") for key, _, value in pairs}
    except binascii.Error:
        raise Invalid("Upload-Metadata has to be words with their values in base64.") from None


def _checksum(request: web.Request) -> tuple[str, bytes] | None:
    said = request.headers.get("Upload-Checksum")
    if said is None:
        return None
    name, _, value = said.partition(" ")
    if name not in DIGESTS:
        raise Invalid(f"Checksums are read in {' and '.join(DIGESTS)} only.")
    try:
        return name, base64.b64decode(value, validate=True)
    except binascii.Error:
        raise Invalid("Upload-Checksum has to be the name of an algorithm and a value in base64.") from None
