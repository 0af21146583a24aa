"""Pages that everybody sees alike stand ready for those who have not signed in."""

from typing import NamedTuple

import jinja2
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient

from fedishare.db.engine import Database
from fedishare.http.kept import keep_ready
from fedishare.http.keys import ANYBODY, CLOCK, DATABASE, SHELF, TEMPLATES, VISITOR, Visitor
from fedishare.http.middleware import Handler
from fedishare.http.pages import page, shared_page
from fedishare.http.shelf import Shelf
from tests.builders import FrozenClock


class Made(NamedTuple):
    client: TestClient[web.Request, web.Application]
    templates: list[str]


@pytest.fixture
async def made(aiohttp_client: AiohttpClient, db: Database, clock: FrozenClock) -> Made:
    """An application with two pages, which notes each time that one is made, and takes every cookie for a session."""
    templates: list[str] = []

    @web.middleware
    async def recognise(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[VISITOR] = Visitor(account_id=1) if request.cookies else ANYBODY
        return await handler(request)

    async def shared(request: web.Request) -> web.Response:
        templates.append(request.path)
        return await shared_page(request, "it", status=int(request.query.get("status", "200")))

    async def single(request: web.Request) -> web.Response:
        templates.append(request.path)
        return await page(request, "it")

    app = web.Application(middlewares=[keep_ready, recognise])
    app[DATABASE], app[SHELF], app[CLOCK] = db, Shelf(), clock
    app[TEMPLATES] = jinja2.Environment(loader=jinja2.DictLoader({"it": "Good morning"}), autoescape=True)
    app.router.add_get("/shared", shared)
    app.router.add_get("/single", single)
    return Made(await aiohttp_client(app), templates)


@pytest.mark.parametrize(
    ("path", "headers", "times"),
    [
        pytest.param("/shared", {}, 1, id="for-strangers-once"),
        pytest.param("/shared", {"Cookie": "fs=1"}, 3, id="for-people-each-time"),
        pytest.param("/shared?status=422", {}, 3, id="what-went-wrong-each-time"),
        pytest.param("/single", {}, 3, id="what-nobody-called-shared-each-time"),
    ],
)
async def test_a_page_is_made_as_often_as_it_may_differ(
    made: Made, path: str, headers: dict[str, str], times: int
) -> None:
    said = [await (await made.client.get(path, headers=headers)).text() for _ in range(3)]

    assert (said, len(made.templates)) == (["Good morning"] * 3, times)


async def test_what_stands_ready_tells_no_cache_on_the_way_to_keep_it(made: Made) -> None:
    heads = [(await made.client.get("/shared")).headers for _ in range(2)]

    assert ["Cache-Control" in head for head in heads] == [False, False]
