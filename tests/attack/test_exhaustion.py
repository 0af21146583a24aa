"""DOS-01 to DOS-29 (security.md 3.4): more than a node can use, over HTTP against a live one."""

import asyncio
import json
import ssl
import time
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Final

import pytest
import pytest_asyncio

from fedishare.ap import inboxes
from tests.attack import shots, world
from tests.attack.rig import Rig, often
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


class Idlers:
    """Connections that say nothing, or half a request, opened before all other rows."""

    def __init__(self, rig: Rig) -> None:
        self._task = asyncio.create_task(self._run(rig))

    async def _run(self, rig: Rig) -> list[asyncio.StreamReader]:
        trust = ssl.create_default_context(cafile=str(rig.town.ca_file))
        port, opened = rig.town.ports[rig.node.host], []
        for number in range(often(1_000, else_=20)):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust, server_hostname="us.test")
            writer.write(HEAD[: 20 * (number % 3)])
            opened.append((reader, writer))
        ends = [asyncio.create_task(reader.read()) for reader, _ in opened]
        await asyncio.wait(ends, timeout=60)
        for _, writer in opened:
            writer.close()
        return [reader for reader, _ in opened if not reader.at_eof()]

    async def left(self) -> int:
        return len(await self._task)


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def idlers(rig: Rig) -> AsyncIterator[Idlers]:
    begun = Idlers(rig)
    yield begun
    await begun.left()


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
        with rig.lean():
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
    for number in range(often(5_000, else_=100)):
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


# --- What a node is made to fetch ------------------------------------------------------------------------------------


def _bomb(mib: int) -> bytes:
    """So many megabytes of nothing, which gzip makes a thousand times smaller."""
    press = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = bytes(MEGABYTE)
    return b"".join(press.compress(block) for _ in range(mib)) + press.flush()


@pytest.mark.parametrize("coding", ["gzip", "br", "gzip, gzip", "deflate", "zstd"])
async def test_dos_06_a_document_that_swells_is_dropped(rig: Rig, coding: str) -> None:
    uri, bomb = f"https://evil.test/bombs/{world.number()}", _bomb(often(512, else_=128))
    headers = {"Content-Type": signing.ACTIVITY, "Content-Encoding": coding}
    rig.world.pages[uri] = world.Answer(200, headers, bomb)

    with rig.lean():
        async with rig.unmoved(fetches=lambda: [uri]):
            await rig.fire(rig.signed(rig.fay, world.activity("Announce", rig.fay, uri)))


async def test_dos_08_a_length_that_cannot_be_is_not_waited_for(rig: Rig) -> None:
    uri = f"https://evil.test/lengths/{world.number()}"
    padding = json.dumps({"@context": "x", "id": uri, "a": "a" * (2 * MEGABYTE)}).encode()
    rig.world.pages[uri] = world.Answer(200, {"Content-Type": signing.ACTIVITY}, padding)

    async with rig.unmoved(fetches=lambda: [uri]):
        await rig.fire(rig.signed(rig.fay, world.activity("Announce", rig.fay, uri)))


@pytest.mark.parametrize("kind", ["self", "pair", "endless", "query"])
async def test_dos_09_a_circle_of_redirects_ends_after_three(rig: Rig, kind: str) -> None:
    start = f"https://evil.test/round/{world.number()}"
    onward = {"self": start, "pair": f"{start}/b", "endless": f"{start}/1", "query": f"{start}?n=1"}[kind]
    rig.world.pages[start] = world.Answer(302, {"Location": onward})
    rig.world.pages[f"{start}/b"] = world.Answer(302, {"Location": start})
    for number in range(1, 60):
        rig.world.pages[f"{start}/{number}"] = world.Answer(302, {"Location": f"{start}/{number + 1}"})
        rig.world.pages[f"{start}?n={number}"] = world.Answer(302, {"Location": f"{start}?n={number + 1}#{number}"})
    heard = len(rig.world.log)

    await rig.fire(rig.signed(rig.fay, world.activity("Announce", rig.fay, start)))
    await rig.quiet()

    assert 1 <= len([line for line in rig.world.log[heard:] if "/round/" in line]) <= 4


async def test_dos_14_a_thousand_mentions_are_looked_up_by_nobody(rig: Rig) -> None:
    hosts = [f"m{number}.evil.test" for number in range(1_000)]
    mentions = [{"type": "Mention", "href": f"https://{host}/users/a", "name": f"@a@{host}"} for host in hosts]
    named = world.create(rig.fay, tag=mentions, cc=[f"https://{host}/users/a" for host in hosts])
    heard, looked = len(rig.world.log), len(rig.town.asked)

    async with rig.awake():
        await rig.accepted(rig.fay, named)

    assert len(rig.world.log) - heard <= 20
    assert len(rig.town.asked) - looked <= 20


async def test_dos_15_an_endless_thread_over_endless_servers_ends(rig: Rig) -> None:
    """Each post answers one on another server, whose author is new, too."""
    authors = [rig.world.stranger() for _ in range(40)]
    notes = [world.note(author) for author in authors]
    for note, above in zip(notes, [*notes[1:], notes[0]], strict=True):
        rig.world.publish(note | {"inReplyTo": above["id"]})
    heard = len(rig.world.log)

    for _ in range(3):
        await rig.accepted(rig.fay, world.create(rig.fay, inReplyTo=notes[0]["id"]))

    asked = [line for line in rig.world.log[heard:] if "/notes/" in line]
    assert len(asked) <= 20
    assert len(asked) == len(set(asked)), "no address is asked twice"
    assert len(rig.world.log) - heard <= 80


async def test_dos_17_a_boost_of_a_boost_of_a_boost_is_none(rig: Rig) -> None:
    links = [f"https://evil.test/boosts/{world.number()}" for _ in range(12)]
    for link, onward in zip(links, [*links[1:], links[0]], strict=True):
        rig.world.publish(world.activity("Announce", rig.fay, onward) | {"id": link})
    heard = len(rig.world.log)

    async with rig.unmoved(tables=("post", "reaction"), fetches=lambda: links):
        await rig.fire(rig.signed(rig.fay, world.activity("Announce", rig.fay, links[0])))

    assert len(rig.world.log) - heard <= 4


async def test_dos_21_an_endless_profile_is_cut_or_refused(rig: Rig) -> None:
    field = {"type": "PropertyValue", "name": "n" * 5_000, "value": "v" * 5_000}
    wide = {"name": "n" * 100_000, "summary": "<p>s</p>" * 50_000, "alsoKnownAs": ["https://evil.test/a"] * 300}
    villain = rig.world.stranger(attachment=[field] * 30, **wide)

    async with rig.awake():
        reply = await rig.fire(rig.signed(villain, shots.like(villain.uri, number=world.number())))
        await rig.quiet()

    kept = await rig.node.rows("SELECT name, summary, fields FROM actor WHERE uri = :uri", uri=villain.uri)
    assert reply.status in {202, 401}
    for name, summary, fields in kept:
        assert len(name) <= 2_048
        assert len(summary.encode()) <= 64 << 10
        assert len(json.dumps(fields)) <= 50 * 2 * 2_100


# --- What a node is asked for ----------------------------------------------------------------------------------------

VALUES: Final = ("1000000000", "-1", "1e9", "9" * 40, "x", "%00", "NaN", "1" * 5_000, "\u0661", "1;2", "")
NAMES: Final = ("limit", "offset", "page", "max_id", "min_id", "since_id", "before", "cursor", "q", "said", "reply_to")


@pytest.mark.parametrize(
    "path",
    ["/", "/search", "/notices", "/@anna", "/@anna/followers", "/tags/a", "/users/anna/outbox", "/users/anna/followers",
     "/compose", "/rooms", "/reports", "/.well-known/webfinger"],
)  # fmt: skip
async def test_dos_26_a_number_that_is_none_breaks_nothing(rig: Rig, path: str) -> None:
    wrong = {}
    for name in NAMES:
        query = f"{path}?{name}={VALUES[len(path + name) % len(VALUES)]}&{name}=1&page=true"
        for accept in ("text/html", signing.ACTIVITY):
            page = await rig.anna.get(query, Accept=accept)
            if page.status >= 500 or len(page.body) > MEGABYTE:
                wrong[query] = page.status
    long = await rig.anna.get(f"{path}?q={'a' * 7_000}")

    assert wrong == {}
    assert long.status < 500


# --- Too much at once ------------------------------------------------------------------------------------------------


async def test_dos_05_one_loud_server_silences_nobody(rig: Rig) -> None:
    loud = [rig.signed(rig.fay, world.create(rig.fay)) for _ in range(often(1_000, else_=120))]
    soft = [rig.signed(rig.vera, world.create(rig.vera)) for _ in range(10)]

    noise = asyncio.create_task(rig.volley(loud))
    heard = [await rig.fire(shot) for shot in soft]
    replies = await noise
    await rig.quiet()

    assert [reply.status for reply in heard] == [202] * len(soft)
    assert {reply.status for reply in replies} <= {202, 429, 503}
    assert all("retry-after" in reply.headers for reply in replies if reply.status != 202)


async def test_dos_05_more_bodies_than_fit_into_the_memory_have_to_come_again(rig: Rig) -> None:
    """The bound itself, filled by hand: a sender hears when to come again, and nothing of it stays behind."""
    limits = rig.limits
    with limits.holding("inbox bytes", most=inboxes.MOST_HELD) as hold:
        hold(inboxes.MOST_HELD - 10)
        full = await rig.fire(rig.signed(rig.fay, world.create(rig.fay)))
    after = await rig.fire(rig.signed(rig.fay, world.create(rig.fay)))

    assert (full.status, after.status) == (503, 202)
    assert int(full.headers["retry-after"]) > 0


async def test_dos_04_idle_connections_are_closed_and_keep_nobody_out(rig: Rig, idlers: Idlers) -> None:
    assert (await rig.fire(rig.signed(rig.fay, world.create(rig.fay)))).status == 202

    assert await idlers.left() == 0
