"""What does not go out, and what to do about it: for administrators."""

from typing import Final

import structlog
from aiohttp import web

from fedishare.core.errors import Invalid, NotFound
from fedishare.http.keys import DATABASE, HERE, VISITOR
from fedishare.http.pages import page
from fedishare.http.routes import Allow, Routes
from fedishare.jobs.drops import Dropped
from fedishare.queries import backlog
from fedishare.services import backlog as services
from fedishare.web import asked, forms

log: Final = structlog.get_logger()
routes: Final = Routes()

PAGE: Final = "/deliveries"
NOTHING: Final = "Nothing waits there any more."


@routes.get(PAGE, allow=Allow.ADMINS)
async def show(request: web.Request) -> web.Response:
    found = await request.app[DATABASE].read(backlog.backlog)
    return await page(request, "deliveries.html", **found._asdict())


@routes.get(f"{PAGE}/drop", allow=Allow.ADMINS)
async def ask(request: web.Request) -> web.Response:
    host, kind = request.query.get("host", ""), request.query.get("kind", "")
    if kind:
        job = await request.app[DATABASE].read(backlog.of_kind, kind=kind)
        if job is None:
            raise NotFound(NOTHING)
        heading, message = f"Drop {_many(job.parked, 'job')}?", f"They are “{kind}” jobs, and will never be done."
        return await _confirm(request, heading=heading, message=message, fields={"kind": kind})
    found = await request.app[DATABASE].read(backlog.of_host, host=host)
    parked_only = request.query.get("what") == "parked"
    if found is None:
        raise NotFound(NOTHING)
    many = _many(found.parked if parked_only else found.parked + found.waiting, "delivery")
    message = f"{host} will never get them. What people wrote here stays as it is."
    fields = {"host": host, "what": "parked" if parked_only else "all"}
    return await _confirm(request, heading=f"Drop {many}?", message=message, fields=fields)


async def _confirm(request: web.Request, *, heading: str, message: str, fields: dict[str, str]) -> web.Response:
    return await page(
        request,
        "confirm.html",
        post=None,
        heading=heading,
        message=message,
        verb="Drop them",
        action=f"{PAGE}/drop",
        back=PAGE,
        fields=fields,
    )


@routes.post(f"{PAGE}/retry", allow=Allow.ADMINS)
async def retry(request: web.Request) -> web.Response:
    form = await forms.read(request)
    now, host, kind = request.app[HERE].now(), form.text("host"), form.text("kind")
    if kind:
        many = await request.app[DATABASE].write(services.retry_jobs, kind=kind, now=now)
    else:
        many = await request.app[DATABASE].write(services.retry, host=host, now=now)
    log.info("tried again by hand", what=kind or host, count=many, by=request[VISITOR].username)
    return asked.go(PAGE)


@routes.post(f"{PAGE}/drop", allow=Allow.ADMINS)
async def drop(request: web.Request) -> web.Response:
    form = await forms.read(request)
    host, kind = form.text("host"), form.text("kind")
    if form.text("sure") != "1":
        raise Invalid("Please say on the page before that you are sure.")
    if kind:
        gone = await request.app[DATABASE].write(services.drop_jobs, kind=kind)
    else:
        parked_only = form.text("what") != "all"
        gone = await request.app[DATABASE].write(services.drop, host=host, parked_only=parked_only)
    _report(gone, by=request[VISITOR].username or "")
    return asked.go(PAGE)


def _report(gone: list[Dropped], *, by: str) -> None:
    for one in gone:
        log.warning("dropped by hand", what=one.what, detail=one.detail, by=by)


def _many(count: int, noun: str) -> str:
    plural = {"delivery": "deliveries", "job": "jobs"}[noun]
    return f"{count} {noun if count == 1 else plural}"
