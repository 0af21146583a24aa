"""What files on their way into a resource say of people: told before they are shared, and taken out of a copy."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from aiohttp import web

from fedishare.core.errors import FediShareError, Invalid, NotFound
from fedishare.domain import contents
from fedishare.domain.traces import CANNOT
from fedishare.http import staging
from fedishare.http import traces as http_traces
from fedishare.http.keys import DARKROOM, DATABASE, HERE, SETTINGS, STORAGE
from fedishare.jobs import darkroom
from fedishare.services import uploads
from fedishare.services.uploads import Arrived, Staged
from fedishare.web import filed
from fedishare.web.filed import Line
from fedishare.web.forms import Form

# The buttons beside a file: the form comes back, with what was wished for done.
WISHES: Final = ("clean", "original", "keep")
LOOK_AGAIN: Final = (
    "says more than you may want to hand out: look at what stands beside it. Make a clean copy, or share it once more "
    "to keep it as it is."
)


def is_wished(form: Form) -> bool:
    return any(form.text(wish) for wish in WISHES)


def kept(form: Form) -> set[str]:
    """The keys of the files whose owner wants them as they are."""
    return {*form.lists.get("as_it_is", []), *form.lists.get("keep", [])}


async def lines(request: web.Request, form: Form | None, staged: Sequence[Staged]) -> list[Line]:
    """The files as the form shows them."""
    traces = await http_traces.look(request, staged)
    as_they_are = kept(form) if form is not None else set()
    return [filed.line(each, traces.get(each.key), as_it_is=each.key in as_they_are) for each in staged]


async def untold(request: web.Request, form: Form, staged: Sequence[Staged]) -> dict[str, str]:
    """What to say of files whose owner has not seen yet what they tell; that stands beside them in the form."""
    seen = {*kept(form), *form.lists.get("told", [])}
    new = [each for each in staged if each.key not in seen]
    traces = await http_traces.look(request, new)
    names = [each.name for each in new if each.key in traces and traces[each.key].tells]
    return {"files": " ".join(f"{name} {LOOK_AGAIN}" for name in names[:3])} if names else {}


async def exchange(request: web.Request, form: Form, staged: Sequence[Staged], *, me: int) -> list[Staged]:
    """The files of a form after what was wished for: a clean copy in the place of one, or the original once more."""
    changed = [await _exchanged(request, form, each, me=me) for each in staged]
    instead = {old.key: new.key for old, new in zip(staged, changed, strict=True)}
    if "upload" in form.lists:
        form.lists["upload"] = [instead.get(key, key) for key in form.lists.get("upload", [])]
    form.files[:] = [instead.get(key, key) for key in form.files]
    for old, new in instead.items():
        form.values[f"place_{new}"] = form.text(f"place_{old}")
    return changed


async def _exchanged(request: web.Request, form: Form, staged: Staged, *, me: int) -> Staged:
    try:
        if form.text("clean") == staged.key:
            return await _clean(request, staged, me=me)
        if form.text("original") == staged.key and staged.original_key is not None:
            return await request.app[DATABASE].read(
                uploads.own, request.app[HERE], owner_id=me, key=staged.original_key
            )
    except NotFound:
        form.errors["files"] = f"The original of {staged.name} is no longer here: add it again."
    except FediShareError as error:
        form.errors["files"] = f"{staged.name}: {error}"
    return staged


async def _clean(request: web.Request, staged: Staged, *, me: int) -> Staged:
    """The clean copy of a file, made if it was not before. Raises Invalid where there can be none."""
    database, storage, here = request.app[DATABASE], request.app[STORAGE], request.app[HERE]
    if staged.original_key is not None:
        return staged
    made = await database.read(uploads.copy_of, owner_id=me, key=staged.key)
    if made is not None:
        return made
    settings = request.app[SETTINGS]
    await storage.require_room(staged.size)
    async with request.app[DARKROOM]:
        blocks = darkroom.cleaned(storage.path(staged.storage_key), staged.media_type)
        stored = await storage.save(blocks, max_bytes=settings.max_upload_bytes + (1 << 20))
    try:
        seen = await storage.look(stored.key, partial(contents.look, name=staged.name))
        if (seen.media_type, seen.danger) != (staged.media_type, None):
            raise Invalid(CANNOT)
        arrived = Arrived(stored.size, stored.sha256, seen.media_type, seen.has_macros, staging.first_state(settings))
        key = await database.write(
            uploads.add, here, owner_id=me, name=staged.name, storage_key=stored.key, arrived=arrived,
            quotas=staging.quotas(settings), original_key=staged.key,
        )  # fmt: skip
    except FediShareError:
        await storage.delete(stored.key)
        raise
    return await database.read(uploads.own, here, owner_id=me, key=key)
