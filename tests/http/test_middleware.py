"""What happens around every request, held against the answers it must give."""

import asyncio
import ipaddress
import logging
from datetime import timedelta
from unittest.mock import Mock

import pytest
from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage
from aiohttp.test_utils import make_mocked_request
from pytest_aiohttp.plugin import AiohttpClient, AiohttpServer
from yarl import URL

from fedishare import settings
from fedishare.app import entries
from fedishare.core.errors import (
    FediShareError,
    Gone,
    Invalid,
    NotFound,
    Refused,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unreachable,
    Unsupported,
)
from fedishare.domain.permissions import Role
from fedishare.http import assets, keys, noise
from fedishare.http.errors import status_of
from fedishare.http.keys import ANYBODY, VISITOR, Visitor
from fedishare.http.limits import Limits
from fedishare.http.middleware import (
    Handler,
    add_headers,
    client_address,
    local_path,
    refuse_control_characters,
    same_origin_only,
    say_what_went_wrong,
)
from fedishare.http.routes import Allow, Routes
from tests.builders import MONDAY, FrozenClock

ORIGIN = "https://alder.test"
routes = Routes()


@routes.get("/quiet")
async def quiet(_: web.Request) -> web.Response:
    return web.Response(text="in")


@routes.get("/open", allow=Allow.ANYONE)
async def wide_open(_: web.Request) -> web.Response:
    return web.Response(text="in")


@routes.post("/desk", allow=Allow.MODERATORS)
async def desk(_: web.Request) -> web.Response:
    return web.Response(text="in")


@routes.get("/broken", allow=Allow.ANYONE)
async def broken(_: web.Request) -> web.Response:
    raise RuntimeError("the secret is xyzzy")


@routes.get("/later", allow=Allow.ANYONE)
async def later(_: web.Request) -> web.Response:
    raise Unreachable("The disk is full.", retry_after=7)


async def answer(
    aiohttp_client: AiohttpClient,
    method: str,
    path: str | URL,
    *,
    visitor: Visitor = ANYBODY,
    headers: dict[str, str] | None = None,
) -> tuple[int, str, dict[str, str]]:
    @web.middleware
    async def arrive(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[VISITOR] = visitor
        return await handler(request)

    app = web.Application(middlewares=[say_what_went_wrong, refuse_control_characters, same_origin_only, arrive])
    app[keys.SETTINGS] = settings.load({"FEDISHARE_URL": ORIGIN})
    app[keys.CLOCK] = FrozenClock()
    app[keys.TEMPLATES] = assets.templates(app[keys.SETTINGS], assets.Static())
    app.on_response_prepare.append(add_headers)
    for entry in routes:
        app.router.add_route(entry.method, entry.path, entry.guarded())
    client = await aiohttp_client(app)
    async with client.request(method, path, headers=headers, allow_redirects=False) as got:
        return got.status, await got.text(), dict(got.headers)


MEMBER, MODERATOR = Visitor(1, 1, "a", "A", Role.MEMBER), Visitor(2, 2, "b", "B", Role.MODERATOR)


@pytest.mark.parametrize(
    ("visitor", "statuses"),
    [(ANYBODY, [303, 200, 401]), (MEMBER, [200, 200, 403]), (MODERATOR, [200, 200, 200])],
    ids=["anonymous", "member", "moderator"],
)
async def test_who_gets_in(aiohttp_client: AiohttpClient, visitor: Visitor, statuses: list[int]) -> None:
    asked = [("GET", "/quiet"), ("GET", "/open"), ("POST", "/desk")]

    got = [(await answer(aiohttp_client, method, path, visitor=visitor))[0] for method, path in asked]

    assert got == statuses


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": ORIGIN}, 200),
        ({"Origin": ORIGIN}, 200),
        ({}, 200),
    ],
)
async def test_a_form_from_another_site_is_turned_away(
    aiohttp_client: AiohttpClient, headers: dict[str, str], status: int
) -> None:
    assert (await answer(aiohttp_client, "POST", "/desk", visitor=MODERATOR, headers=headers))[0] == status


async def test_a_fault_of_ours_is_admitted_without_its_secret(aiohttp_client: AiohttpClient) -> None:
    status, text, headers = await answer(aiohttp_client, "GET", "/broken")

    assert status == 500
    assert "xyzzy" not in text
    assert "Something went wrong" in text
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")


async def test_a_server_gets_problem_details_and_a_person_gets_a_page(aiohttp_client: AiohttpClient) -> None:
    machine = await answer(aiohttp_client, "GET", "/later", headers={"Accept": "application/activity+json"})
    person = await answer(aiohttp_client, "GET", "/later", headers={"Accept": "text/html"})

    assert (machine[0], machine[2]["Content-Type"], machine[2]["Retry-After"]) == (503, "application/problem+json", "7")
    assert (person[0], person[2]["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert "The disk is full." in person[1]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound, 404),
        (Gone, 410),
        (Refused, 403),
        (Unauthenticated, 401),
        (TooMany, 429),
        (Invalid, 400),
        (TooLarge, 413),
        (Unsupported, 415),
        (Unreachable, 503),
    ],
)
def test_every_error_has_its_status(error: type[FediShareError], status: int) -> None:
    assert status_of(error("said")) == status


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil.example", "https:evil", "https://evil.example/", "/a\r\nSet-Cookie: x", "data:x", ""],
)
def test_nobody_is_sent_elsewhere(target: str) -> None:
    """AUTH-07."""
    assert local_path(target) == "/"


def test_a_path_of_ours_is_kept() -> None:
    assert local_path("/@anna?show=all") == "/@anna?show=all"


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "8.8.8.8, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "198.51.100.1, 127.0.0.2", "198.51.100.1"),
        ("127.0.0.1", "", "127.0.0.1"),
    ],
)
def test_only_a_trusted_proxy_is_believed(peer: str, forwarded: str, address: str) -> None:
    """AUTH-14."""
    transport = Mock(**{"get_extra_info.return_value": (peer, 1)})
    request = make_mocked_request("GET", "/", headers={"X-Forwarded-For": forwarded}, transport=transport)

    assert client_address(request, (ipaddress.ip_network("127.0.0.0/8"),)) == address


def test_a_bucket_empties_and_fills_again() -> None:
    limits = Limits()
    for _ in range(3):
        limits.take("sign-in", "10.0.0.1", now=MONDAY, burst=3, per_minute=6)

    with pytest.raises(TooMany) as refused:
        limits.take("sign-in", "10.0.0.1", now=MONDAY, burst=3, per_minute=6)
    limits.take("sign-in", "10.0.0.2", now=MONDAY, burst=3, per_minute=6)
    limits.take("sign-in", "10.0.0.1", now=MONDAY + timedelta(seconds=10), burst=3, per_minute=6)

    assert refused.value.retry_after == 11


def test_no_route_changes_anything_by_get_or_for_strangers_unless_listed() -> None:
    """Silence is closed: what a stranger may POST is said here, and nothing else. OAI-PMH asks by POST, too."""
    open_posts = {entry.path for entry in entries() if entry.method == "POST" and entry.allow is Allow.ANYONE}

    assert {path for path in open_posts if not path.endswith("/inbox")} == {"/oai", "/sign-in", "/sign-out"}


@pytest.mark.parametrize("path", ["/open?q=a%00b", "/open?a%0d%0ab=c", "/o%00pen", "/open%0d%0aSet-Cookie:x"])
async def test_an_address_with_control_characters_is_refused(aiohttp_client: AiohttpClient, path: str) -> None:
    assert (await answer(aiohttp_client, "GET", URL(path, encoded=True)))[0] == 400


async def test_who_hangs_up_leaves_no_trace_in_the_log(
    aiohttp_server: AiohttpServer, caplog: pytest.LogCaptureFixture
) -> None:
    read = asyncio.Event()

    async def reading(request: web.Request) -> web.Response:
        read.set()
        await request.read()
        return web.Response()

    app = web.Application(middlewares=[say_what_went_wrong])
    app.router.add_post("/inbox", reading)
    server = await aiohttp_server(app)

    _, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(b"POST /inbox HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
    await read.wait()
    writer.close()
    await writer.wait_closed()
    await server.close()

    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_what_is_no_http_is_left_out_of_the_log_and_what_went_wrong_here_is_not() -> None:
    noise.quieten()
    server = logging.getLogger(noise.SERVER)

    def kept(error: Exception) -> bool:
        record = server.makeRecord(server.name, logging.ERROR, "", 0, "", (), (type(error), error, None))
        return bool(server.filter(record))

    assert not kept(BadHttpMessage("Invalid header value char"))
    assert kept(ValueError("ours"))
