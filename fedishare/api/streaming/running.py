"""Puts streams into the application: one hub, which watches while it runs and takes its leave before it stops."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from aiohttp import web

from fedishare.api.calls import Call
from fedishare.api.kept import Moment
from fedishare.api.keys import KEPT
from fedishare.api.params import Params
from fedishare.api.streaming.hub import Hub
from fedishare.api.streaming.keys import HUB
from fedishare.http.keys import DATABASE, HERE, SETTINGS, STATIC


def add_to(app: web.Application) -> None:
    app[HUB] = Hub(lambda: app[DATABASE], lambda: _nobodys_call(app))
    app.on_shutdown.append(_take_leave)
    app.cleanup_ctx.append(_watch)


async def _take_leave(app: web.Application) -> None:
    """Before the server stops: it waits for whoever is being answered, and a stream is never done by itself."""
    app[HUB].close()


async def _watch(app: web.Application) -> AsyncIterator[None]:
    task = asyncio.create_task(app[HUB].watch())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _nobodys_call(app: web.Application) -> Call:
    here = app[HERE]
    return Call(
        params=Params({}),
        at="",
        path={},
        here=here,
        settings=app[SETTINGS],
        kept=app[KEPT],
        moment=Moment(here.now(), app[DATABASE].ledger.commits),
        address="",
        static=app[STATIC],
    )
