"""Forms as they arrive: fields as text, and files that go to the disk while they come in.

A mistake in one part never loses the rest: what is wrong is noted under the name of its field,
and the form can be shown again as it was filled in.
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

import msgspec
from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http import HttpProcessingError

from fedishare.core.errors import FediShareError, Invalid, TooLarge, Unreachable
from fedishare.domain import contents, files
from fedishare.domain.permissions import Verb, may
from fedishare.http import darkroom, staging
from fedishare.http.keys import STORAGE, VISITOR
from fedishare.net import pictures
from fedishare.services.media import Upload
from fedishare.services.resources import MOST_FILES

MOST_PARTS: Final = 200
LONGEST_FIELD: Final = 128 << 10
CHUNK: Final = 64 << 10
# What is read past its limit and thrown away, so that a browser hears the answer instead of a broken connection.
READ_ON: Final = 64 << 20
PICTURE: Final = re.compile(r"picture_([1-4])", re.ASCII)


class Form(msgspec.Struct, frozen=True):
    """What somebody sent: `pictures` by their place, `errors` by their field; `refusals` are those of files.

    `files` are the keys of the uploads that came with it.
    """

    values: dict[str, str]
    lists: dict[str, list[str]]
    pictures: dict[int, Upload]
    files: list[str]
    errors: dict[str, str]
    refusals: list[FediShareError]

    def text(self, name: str) -> str:
        return self.values.get(name, "").replace("\r\n", "\n").strip()


def of_fields(fields: Mapping[str, Sequence[str]]) -> Form:
    """A form that was kept, as if it had just been sent."""
    values = {name: said[-1] for name, said in fields.items() if said}
    return Form(values, {name: list(said) for name, said in fields.items()}, {}, [], {}, [])


async def read(request: web.Request) -> Form:
    """The whole form. Raises TooLarge only for what no page of ours can have sent."""
    form = Form({}, {}, {}, [], {}, [])
    if request.content_type.startswith("multipart/"):
        await _read_parts(request, await request.multipart(), form)
        return form
    for name, value in (await request.post()).items():
        if isinstance(value, str):
            _note(form, name, value)
    return form


async def _read_parts(request: web.Request, reader: MultipartReader, form: Form) -> None:
    count = 0
    while True:
        try:
            part = await reader.next()
        except (ValueError, HttpProcessingError) as error:
            raise Invalid("This form arrived broken. Please go back and send it again.") from error
        if part is None:
            return
        count += 1
        if count > MOST_PARTS or not isinstance(part, BodyPartReader):
            raise TooLarge("This form has more parts than any page here asks for.")
        await _read_part(request, part, form)


async def _read_part(request: web.Request, part: BodyPartReader, form: Form) -> None:
    name = part.name or ""
    if part.filename is None:
        _note(form, name, (await _bytes(part, LONGEST_FIELD)).decode(errors="replace"))
        return
    field = "files" if name == "files" else "pictures"
    place = PICTURE.fullmatch(name)
    try:
        if name == "files":
            await _keep_file(request, part, form)
        elif place:
            await _keep_picture(request, part, form, int(place[1]))
        else:
            await _bytes(part, 0)
    except (Invalid, Unreachable) as error:
        form.refusals.append(error)
        form.errors[field] = " ".join(said for said in (form.errors.get(field), str(error)) if said)
        await _pass_over(part)


def _note(form: Form, name: str, value: str) -> None:
    cleaned = value.replace("\0", "")
    form.values[name] = cleaned
    form.lists.setdefault(name, []).append(cleaned)


async def _keep_file(request: web.Request, part: BodyPartReader, form: Form) -> None:
    name = files.safe_name(part.filename or "")
    head = await _beginning(part)
    if not head and not (part.filename or "").strip():
        return  # The browser sends an empty part where nothing was chosen.
    if not head:
        raise Invalid(f"{name} is empty, so it was left out.")
    if len(form.files) >= MOST_FILES:
        raise Invalid(f"A resource may have up to {MOST_FILES} files; {name} was left out.")
    if files.is_refused(files.detect(head, name), name):
        raise Invalid(f"{name} was left out: {contents.PROGRAM}")
    me = request[VISITOR].actor_id
    if me is None or not may(request[VISITOR].role, Verb.UPLOAD):
        raise Invalid(f"{name} was left out: sign in to share files.")
    form.files.append(await staging.keep(request, _chunks(part, head), name, owner_id=me))


async def _keep_picture(request: web.Request, part: BodyPartReader, form: Form, place: int) -> None:
    body = await _bytes(part, pictures.MAX_BYTES)
    if not body or not request[VISITOR].is_signed_in:
        return
    clean = await darkroom.cleaned(body)
    stored = await request.app[STORAGE].save_bytes(clean.body)
    form.pictures[place] = Upload(stored.key, clean.media_type, stored.size, clean.width, clean.height, clean.blurhash)


async def _beginning(part: BodyPartReader) -> bytes:
    """Enough of a file to tell what it is."""
    head = bytearray()
    while len(head) < CHUNK and (chunk := await part.read_chunk(CHUNK)):
        head += chunk
    return bytes(head)


async def _chunks(part: BodyPartReader, head: bytes) -> AsyncIterator[bytes]:
    yield head
    while chunk := await part.read_chunk(CHUNK):
        yield chunk


async def _bytes(part: BodyPartReader, limit: int) -> bytes:
    """All of a part. Raises TooLarge over `limit`, with the rest unread."""
    body = bytearray()
    while chunk := await part.read_chunk(CHUNK):
        body += chunk
        if len(body) > limit:
            raise TooLarge(f"This is larger than {_amount(limit)}.")
    return bytes(body)


def _amount(limit: int) -> str:
    return f"{limit >> 20} MB" if limit >> 20 else f"{limit >> 10} KB"


async def _pass_over(part: BodyPartReader) -> None:
    left = READ_ON
    while chunk := await part.read_chunk(CHUNK):
        left -= len(chunk)
        if left < 0:
            raise TooLarge("This is far more than this node takes at once.")
