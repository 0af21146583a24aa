"""What the school tells everybody here: moderators write it, everybody reads it once."""

from datetime import timedelta
from types import MappingProxyType
from typing import Final

from aiohttp import web

from fedishare.core.errors import Invalid
from fedishare.core.here import Here
from fedishare.domain.permissions import Role
from fedishare.http.keys import DATABASE, HERE, VISITOR
from fedishare.http.pages import page
from fedishare.http.routes import Allow, Routes
from fedishare.queries import announcements as reading
from fedishare.services import announcements
from fedishare.web import asked, forms

LASTS: Final = MappingProxyType({"": None, "1": timedelta(days=1), "7": timedelta(days=7), "30": timedelta(days=30)})

routes: Final = Routes()


@routes.get("/announcements")
async def show(request: web.Request) -> web.Response:
    return await _list(request)


async def _list(
    request: web.Request, *, values: dict[str, str] | None = None, errors: dict[str, str] | None = None
) -> web.Response:
    me, now = asked.me(request), request.app[HERE].now()
    told = await request.app[DATABASE].read(reading.current, me=me, now=now, with_read=True)
    may_write = request[VISITOR].role is not Role.MEMBER
    return await page(
        request,
        "announcements.html",
        status=422 if errors else 200,
        told=told,
        may_write=may_write,
        values=values or {},
        errors=errors or {},
    )


@routes.post("/announcements", allow=Allow.MODERATORS)
async def announce(request: web.Request) -> web.Response:
    form = await forms.read(request)
    source, lasts = form.text("source"), LASTS.get(form.text("lasts"))
    here: Here = request.app[HERE]
    ends_at = here.now() + lasts if lasts is not None else None
    try:
        await request.app[DATABASE].write(
            announcements.announce, here, by_id=asked.me(request), source=source, ends_at=ends_at
        )
    except Invalid as error:
        return await _list(request, values={"source": source}, errors={"source": str(error)})
    return asked.go("/announcements")


@routes.post("/announcements/{id}/withdraw", allow=Allow.MODERATORS)
async def withdraw(request: web.Request) -> web.Response:
    await request.app[DATABASE].write(announcements.withdraw, announcement_id=asked.post_id(request))
    return asked.go("/announcements")


@routes.post("/announcements/{id}/read")
async def read(request: web.Request) -> web.Response:
    wanted = {"announcement_id": asked.post_id(request), "actor_id": asked.me(request)}
    await request.app[DATABASE].write(announcements.read, **wanted)
    return asked.go("/")
