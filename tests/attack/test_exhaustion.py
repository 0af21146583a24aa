"""DOS-01, 02, 03, 10 to 13 and 23 (security.md 3.4): more than a node can use, over HTTP against a live one."""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable
from typing import Final

import pytest
import pytest_asyncio

from tests.attack import shots, world
from tests.attack.rig import Rig
from tests.live import signing

pytestmark = pytest.mark.asyncio(loop_scope="module")

MEGABYTE: Final = 1 << 20
HEAD: Final = b"POST /inbox HTTP/1.1\r\nHost: us.test\r\nContent-Type: application/activity+json\r\n"


class Trickle:
    """A body that comes a byte at a time, begun before all other rows, because refusing it takes ten seconds."""

    def __init__(self, rig: Rig) -> None:
        self._task = asyncio.create_task(self._run(rig))

    async def _run(self, rig: Rig) -> tuple[float, int]:
        trust = ssl.create_default_context(cafile=str(rig.town.ca_file))
        port = rig.town.ports[rig.node.host]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust, server_hostname="us.test")
        begun = time.monotonic()
        writer.write(HEAD + b"Content-Length: 1000\r\n\r\n")
        answer = asyncio.create_task(reader.readline())
        while not answer.done() and time.monotonic() - begun < 30:
            writer.write(b"x")
            await asyncio.wait({answer}, timeout=0.5)
        status = int((await answer).split(b" ")[1])
        writer.close()
        return time.monotonic() - begun, status

    async def ended(self) -> tuple[float, int]:
        return await self._task


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def trickle(rig: Rig) -> AsyncIterator[Trickle]:
    begun = Trickle(rig)
    yield begun
    await begun.ended()


async def test_dos_01_a_body_that_says_it_is_too_long_is_not_read(rig: Rig) -> None:
    async with rig.unmoved():
        reply = await rig.fire(HEAD + f"Content-Length: {MEGABYTE + 1}\r\n\r\n".encode())

    assert reply.status == 413


async def test_dos_02_a_body_without_a_length_is_read_up_to_a_megabyte(rig: Rig) -> None:
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    trust = ssl.create_default_context(cafile=str(rig.town.ca_file))
    port = rig.town.ports[rig.node.host]
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust, server_hostname="us.test")
    writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    sent = 0
    answer = asyncio.create_task(reader.readline())
    try:
        while sent < 10 * MEGABYTE and not answer.done():
            writer.write(chunk)
            sent += 65_536
            await writer.drain()
            await asyncio.sleep(0)
        status = int((await answer).split(b" ")[1])
    finally:
        writer.close()

    assert status == 413


def _nested(opening: str, closing: str, depth: int) -> bytes:
    return (opening * depth + closing * depth).encode()


def _within(text: str) -> Callable[[Rig], bytes]:
    """An activity of Fay's with something odd in it, spelled as it is on the wire."""
    return lambda rig: json.dumps(world.create(rig.fay, content="HERE")).replace('"HERE"', text).encode()


BODIES: Final[dict[str, Callable[[Rig], bytes]]] = {
    "DOS-10-arrays": lambda _: _nested("[", "]", 100_000),
    "DOS-10-objects": lambda _: _nested('{"a":', "}", 100_000)[:-100_000] + b"1" + b"}" * 100_000,
    "DOS-10-open": lambda _: b"[" * MEGABYTE,
    "DOS-11-nan": _within("NaN"),
    "DOS-11-infinity": _within("-Infinity"),
    "DOS-11-1e999": _within("1e999"),
    "DOS-11-digits": _within("1" * 5_000),
    "DOS-11-float": _within("0." + "1" * 400 + "e5"),
    "DOS-12-surrogate": _within('"\\ud800"'),
    "DOS-12-nul": _within('"a\\u0000b"'),
    "DOS-12-latin": lambda rig: json.dumps(world.create(rig.fay, content="é"), ensure_ascii=False).encode("latin-1"),
    "DOS-12-utf16": lambda rig: json.dumps(world.create(rig.fay)).encode("utf-16"),
    "DOS-12-mark": lambda rig: b"\xef\xbb\xbf" + json.dumps(world.create(rig.fay)).encode(),
    "DOS-12-overlong": lambda rig: _within('"\x01"')(rig).replace(b"\\u0001", b"\x01").replace(b"\x01", b"\xc0\xaf"),
    "DOS-12-truncated": lambda rig: json.dumps(world.create(rig.fay)).encode()[:-2],
    "not-json": lambda _: b"hello",
    "not-an-object": lambda _: b'"hello"',
    "empty": lambda _: b"",
}


@pytest.mark.parametrize("name", BODIES)
async def test_a_body_that_is_no_json_we_take_is_refused_quickly(rig: Rig, name: str) -> None:
    body = BODIES[name](rig)
    begun = time.monotonic()

    async with rig.unmoved():
        reply = await rig.fire(rig.signed(rig.fay, body=body))

    assert reply.status == 400, reply
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("field", ["to", "cc", "tag", "attachment"])
async def test_dos_13_endless_lists_are_cut_or_refused(rig: Rig, field: str) -> None:
    endless = ["https://x"] * 80_000 if field in {"to", "cc"} else [{"a": 1}] * 100_000
    create = world.create(rig.fay, **{field: endless})
    body = json.dumps(create, separators=(",", ":")).encode()
    assert len(body) < MEGABYTE

    async with rig.awake():
        reply = await rig.fire(rig.signed(rig.fay, body=body))
        await rig.quiet()

    assert reply.status in {202, 400}
    kept = await rig.node.rows(
        "SELECT addressed_to, addressed_cc FROM post WHERE uri = :uri", uri=create["object"]["id"]
    )
    assert all(len(json.dumps(row)) < 100_000 for row in kept)


async def test_dos_23_farewells_of_strangers_cost_nothing(rig: Rig) -> None:
    host = f"s{world.number()}.evil.test"
    storm = []
    for number in range(100):
        uri = f"https://{host}/users/u{number}"
        farewell = world.activity("Delete", rig.mallory, uri) | {"actor": uri, "id": f"{uri}#delete"}
        key = rig.mallory.key._replace(key_id=f"{uri}#main-key")
        storm.append(shots.cavage(key, farewell, at=rig.clock.now(), parameters={"signature": '"YWFhYQ=="'}))
    received = await rig.node.one("SELECT count(*) FROM received")

    async with rig.unmoved():
        replies = await rig.volley(shot for shot in storm for _ in range(3))

    assert {reply.status for reply in replies} == {202}
    assert await rig.node.one("SELECT count(*) FROM received") == received


async def test_the_node_still_answers_everybody(rig: Rig) -> None:
    await rig.accepted(rig.fay, world.create(rig.fay, content="<p>Still here</p>"))

    await rig.anna.wait_for("/", "Still here")
    async with rig.town.session() as session, session.get(f"{rig.node.url}/healthz") as answer:
        assert (answer.status, signing.ACTIVITY in answer.headers["Content-Type"]) == (200, False)


async def test_dos_03_a_body_that_only_trickles_is_not_waited_for(trickle: Trickle) -> None:
    seconds, status = await trickle.ended()

    assert seconds < 25, "ten seconds, and some more on a machine that has other things to do"
    assert status in {400, 408}


ODD: Final = "a\0b"
ASKED: Final = (
    "/search?q={}",
    "/@{}",
    "/@{}@evil.test",
    "/@vera@good.test{}",
    "/tags/{}",
    "/users/{}",
    "/groups/{}/outbox",
    "/posts/{}",
    "/resources/1/files/{}",
    "/activities/{}",
    "/media/{}",
    "/static/{}",
    "/compose?to={}",
    "/authorize_interaction?uri={}",
    "/.well-known/webfinger?resource=acct:{}@us.test",
    "/.well-known/webfinger?resource={}",
    "/sign-in?next={}",
)


@pytest.mark.parametrize("path", ASKED)
@pytest.mark.parametrize("accept", ["text/html", signing.ACTIVITY])
async def test_dos_12_a_nul_in_an_address_breaks_nothing(rig: Rig, path: str, accept: str) -> None:
    """PostgreSQL stores no NUL and says so with an exception."""
    page = await rig.anna.get(path.format("a%00b"), Accept=accept)

    assert page.status < 500


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        pytest.param("/compose", {"kind": "talk", "text": ODD, "visibility": "public", "language": "en"}, id="text"),
        pytest.param("/compose", {"kind": "talk", "text": "a", "title": ODD, "visibility": "public"}, id="title"),
        pytest.param("/compose", {"kind": "talk", "text": "a", "warning": ODD, "visibility": "public"}, id="warning"),
        pytest.param("/compose", {"kind": "talk", "text": "a", "language": ODD, "visibility": ODD}, id="choices"),
        pytest.param(
            "/compose", {"kind": "talk", "text": "@a\0b@evil.test hello", "visibility": "public"}, id="mention"
        ),
        pytest.param("/rooms/new", {"name": ODD, "username": "a", "description": ODD}, id="room"),
        pytest.param("/rooms/new", {"name": "A", "username": ODD, "description": ""}, id="room-username"),
        pytest.param("/settings", {"part": "page", "name": ODD, "about": ODD}, id="settings"),
        pytest.param("/sign-in", {"login": ODD, "password": ODD, "next": "/"}, id="sign-in"),
        pytest.param("/report", {"actor": "1", "comment": ODD}, id="report"),
        pytest.param("/follow", {"actor": ODD}, id="follow"),
    ],
)
async def test_dos_12_a_nul_in_a_form_breaks_nothing(rig: Rig, path: str, fields: dict[str, str]) -> None:
    plain = await rig.ben.post(path, **fields)
    in_parts = await rig.ben.upload(path, fields, [])

    assert max(plain.status, in_parts.status) < 500
