"""POST to an inbox over HTTP: what is answered, and how much of a body is read."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pytest_aiohttp.plugin import AiohttpClient

from fedishare.ap import inboxes
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.http.keys import LIMITS, SETTINGS, TOOLS
from fedishare.http.limits import Limits
from fedishare.http.middleware import say_what_went_wrong
from fedishare.jobs.tools import Tools
from fedishare.net.signatures import Request
from fedishare.settings import load
from tests.builders import MONDAY, a_person, a_room
from tests.inbox.elsewhere import ACTIVITY, a_letter, an_activity, outcomes

Peer = TestClient[web.Request, None]
SLOW = 0.3


@pytest.fixture
async def peer(tools: Tools, aiohttp_client: AiohttpClient) -> Peer:
    app = web.Application(middlewares=[say_what_went_wrong])
    app[TOOLS] = tools
    app[LIMITS] = Limits()
    app[SETTINGS] = load({"FEDISHARE_URL": tools.here.uris.origin})
    for entry in inboxes.routes:
        app.router.add_route(entry.method, entry.path, entry.guarded())
    server = TestServer(app)
    await server.start_server(auto_decompress=False)
    return await aiohttp_client(server)


async def put(peer: Peer, letter: Request, **headers: str) -> int:
    sent = dict(letter.headers) | {name.replace("_", "-"): value for name, value in headers.items()}
    async with peer.post(letter.target, data=letter.body, headers=sent) as answer:
        if answer.status == 202:
            assert await answer.read() == b""
        else:
            assert answer.content_type == "application/problem+json"
        return answer.status


async def test_a_letter_to_any_inbox_is_answered_with_202(tools: Tools, db: Database, here: Here, peer: Peer) -> None:
    ada, ben, room = await a_person(db, here, local=False), await a_person(db, here), await a_room(db, here)
    places = ["/inbox", *(f"{uri.removeprefix(here.uris.origin)}/inbox" for uri in (ben.uri, room.uri, here.uris.node))]
    follows = [an_activity("Follow", ada.uri, ben.uri) for _ in places]

    answers = [
        await put(peer, a_letter(tools, follow, by=ada.uri, target=target))
        for follow, target in zip(follows, places, strict=True)
    ]

    assert answers == [202] * 4
    assert len(await db.read(outcomes)) == 4


async def test_an_inbox_of_nobody_is_not_there_and_one_of_the_dead_is_gone(
    tools: Tools, db: Database, here: Here, peer: Peer
) -> None:
    ada = await a_person(db, here, local=False)
    await a_person(db, here, username="gone", deleted_at=MONDAY)
    follow = an_activity("Follow", ada.uri, here.uris.node)

    answers = [
        await put(peer, a_letter(tools, follow, by=ada.uri, target=f"/users/{name}/inbox"))
        for name in ("nobody", "gone")
    ]

    assert answers == [404, 410]


async def test_what_is_refused_is_said_in_the_status(tools: Tools, db: Database, here: Here, peer: Peer) -> None:
    ada = await a_person(db, here, local=False)
    letter = a_letter(tools, an_activity("Follow", ada.uri, here.uris.node), by=ada.uri)

    answers = [
        await put(peer, letter, Content_Type="application/json"),
        await put(peer, letter, Content_Encoding="gzip"),
        await put(peer, letter._replace(headers=(("Content-Type", ACTIVITY),))),
        await put(peer, a_letter(tools, b"{", by=ada.uri)),
        await put(peer, a_letter(tools, an_activity("Like", ada.uri, ada.uri, id="https://cedar.test/1"), by=ada.uri)),
    ]

    assert answers == [415, 415, 401, 400, 403]


async def test_an_inbox_is_not_read(peer: Peer) -> None:
    async with peer.get("/inbox", headers={"Accept": ACTIVITY}) as answer:
        assert answer.status == 405


async def test_dos_01_a_long_body_is_refused_before_it_is_read(peer: Peer) -> None:
    assert await talk(peer, f"Content-Length: {(1 << 20) + 1}\r\n\r\n") == "413"


async def test_dos_02_a_body_without_a_length_is_cut_at_a_megabyte(peer: Peer) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * (64 << 10)

    async with peer.post("/inbox", data=chunks(), headers={"Content-Type": ACTIVITY}) as answer:
        assert answer.status == 413


async def test_dos_03_a_body_that_trickles_is_given_up(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inboxes, "BODY_SECONDS", SLOW)
    begun = time.monotonic()

    status = await talk(peer, "Content-Length: 100\r\n\r\n{")

    assert status == "400"
    assert time.monotonic() - begun < 10 * SLOW


async def test_sig_09_the_target_is_a_path(tools: Tools, db: Database, here: Here, peer: Peer) -> None:
    ada = await a_person(db, here, local=False)
    letter = a_letter(tools, an_activity("Follow", ada.uri, here.uris.node), by=ada.uri)
    head = "".join(f"{name}: {value}\r\n" for name, value in letter.headers)
    body = letter.body.decode()

    answers = [
        await talk(peer, f"{head}Content-Length: {len(body)}\r\n\r\n{body}", target=target)
        for target in ("https://evil.test/inbox", "https://alder.test/inbox", "/inbox")
    ]

    assert answers == ["400", "400", "202"]


async def talk(peer: Peer, rest: str, *, target: str = "/inbox") -> str:
    """The status of the answer to raw bytes, which may end too early."""
    reader, writer = await asyncio.open_connection(peer.host, peer.port)
    host = "" if "Host:" in rest else "Host: alder.test\r\n"
    writer.write(f"POST {target} HTTP/1.1\r\n{host}{rest}".encode())
    await writer.drain()
    status = (await reader.readline()).decode().split(" ")[1]
    writer.close()
    await writer.wait_closed()
    return status
