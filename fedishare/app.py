"""Composition root of the web process: settings in, application out."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Final

from aiohttp import web
from aiohttp.abc import AbstractResolver

from fedishare import start, worker
from fedishare.ap import routes as ap_routes
from fedishare.ap.answers import negotiated
from fedishare.api import endpoints, openapi, ready
from fedishare.api import keys as api_keys
from fedishare.api import middleware as api_middleware
from fedishare.api.kept import Kept
from fedishare.api.misses import Misses
from fedishare.api.rates import Rates
from fedishare.api.standing import Watch
from fedishare.api.streaming import running as streams
from fedishare.core.clock import Clock, SystemClock
from fedishare.core.errors import NotFound
from fedishare.http import assets, keys, visitors
from fedishare.http.gallery import Gallery
from fedishare.http.kept import keep_ready
from fedishare.http.limits import Limits
from fedishare.http.middleware import (
    add_headers,
    know_the_sender,
    refuse_control_characters,
    same_origin_only,
    say_what_went_wrong,
)
from fedishare.http.routes import Allow, Entry, Routes
from fedishare.http.shelf import Shelf
from fedishare.settings import Settings
from fedishare.web import routes as web_routes

BODY_LIMIT: Final = 1 << 20
YEAR: Final = 31_536_000
OPENED_AT_ONCE: Final = 2

own: Final = Routes()


@own.get("/healthz", allow=Allow.ANYONE)
async def healthy(request: web.Request) -> web.Response:
    """Whether the node can read its database; for a proxy or a supervisor."""
    await request.app[keys.DATABASE].read(lambda tx: tx.exec_driver_sql("SELECT 1").scalar())
    return web.Response(text="ok\n")


@own.get("/static/{name:.+}", allow=Allow.ANYONE)
async def static(request: web.Request) -> web.Response:
    asset = request.app[keys.STATIC].find(request.match_info["name"])
    if asset is None:
        raise NotFound("There is no such file.")
    headers = {"Cache-Control": f"public, max-age={YEAR}, immutable", "Content-Type": asset.type}
    return web.Response(body=asset.body, headers=headers)


def entries() -> list[Entry]:
    """Every route of the node. Where a page and a document share an address, the Accept header decides."""
    pages = {(entry.method, entry.path): entry for routes in web_routes.ALL for entry in routes}
    documents = {(entry.method, entry.path): entry for routes in ap_routes.ALL for entry in routes}
    shared = pages.keys() & documents.keys()
    for key in shared:
        page, document = pages.pop(key), documents.pop(key)
        handler = negotiated(activitypub=document.guarded(), html=page.guarded())
        own_entry = Entry(page.method, page.path, handler, Allow.ANYONE)
        pages[key] = own_entry
    return [*own, *documents.values(), *pages.values()]


def build(
    settings: Settings, *, clock: Clock | None = None, resolver: AbstractResolver | None = None
) -> web.Application:
    """The application of one node. It opens its database, client and storage when it starts, and closes them after.

    `clock` and `resolver` are for tests.
    """
    app = web.Application(
        middlewares=[
            keep_ready,
            know_the_sender,
            say_what_went_wrong,
            api_middleware.answer_apps,
            ready.keep_answers,
            refuse_control_characters,
            same_origin_only,
            visitors.recognise,
        ],
        client_max_size=BODY_LIMIT,
    )
    app[keys.SETTINGS] = settings
    app[keys.CLOCK] = clock or SystemClock()
    app[keys.STATIC] = assets.Static()
    app[keys.TEMPLATES] = assets.templates(settings, app[keys.STATIC])
    app[keys.LIMITS] = Limits()
    app[keys.SHELF] = Shelf()
    app[keys.GALLERY] = Gallery()
    app[keys.DARKROOM] = asyncio.Semaphore(OPENED_AT_ONCE)
    app[api_keys.RATES] = Rates(calls=settings.app_requests)
    app[api_keys.MISSES] = Misses()
    app[ready.READY] = ready.Ready()
    app[api_keys.KEPT] = Kept(lambda: app[keys.DATABASE].ledger, api_version=endpoints.api_version())
    app[openapi.TOLD] = openapi.Told(endpoints.endpoints, origin=settings.url)
    app[api_keys.WATCH] = Watch(lambda: app[keys.DATABASE])
    app.on_response_prepare.append(add_headers)
    app.on_response_prepare.append(api_middleware.add_headers)
    app.cleanup_ctx.append(_tools(resolver))
    app.cleanup_ctx.append(_watch)
    streams.add_to(app)
    if settings.work_in_serve:
        app.cleanup_ctx.append(_work)
    for entry in entries():
        app.router.add_route(entry.method, entry.path, entry.guarded())
        if entry.method == "GET":
            app.router.add_route("HEAD", entry.path, entry.guarded())
    for endpoint in endpoints.endpoints():
        # Mastodon.py 2.3.3 asks for /api/v2/instance/ with a slash at the end, which Mastodon does not mind.
        for path in (endpoint.path, f"{endpoint.path}/"):
            app.router.add_route(endpoint.method, path, endpoint.serve)
            if endpoint.method == "GET":
                app.router.add_route("HEAD", path, endpoint.serve)
    return app


def _tools(resolver: AbstractResolver | None) -> Callable[[web.Application], AsyncIterator[None]]:
    async def opened(app: web.Application) -> AsyncIterator[None]:
        async with start.tools(app[keys.SETTINGS], clock=app[keys.CLOCK], resolver=resolver) as tools:
            app[keys.TOOLS] = tools
            app[keys.DATABASE], app[keys.CLIENT] = tools.db, tools.client
            app[keys.HERE], app[keys.STORAGE] = tools.here, tools.storage
            yield

    return opened


async def _watch(app: web.Application) -> AsyncIterator[None]:
    yield
    await app[api_keys.WATCH].close()


async def _work(app: web.Application) -> AsyncIterator[None]:
    task = asyncio.create_task(worker.keep_working(app[keys.TOOLS]))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
