"""SSRF-01 to SSRF-14 (security.md 3.3): where a live node can be made to send requests, by every way in."""

import asyncio
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import pytest
import pytest_asyncio
import trustme

from tests.attack import shots, world
from tests.attack.rig import Rig
from tests.attack.world import Answer, Villain
from tests.live.town import LOOPBACK

# Where requests may go is no matter of the database.
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("attacked_database", ["sqlite"], indirect=True, scope="module"),
]

BESIDE: Final = "127.0.0.2"
AT_ONCE: Final = 8
_connections: Final[list[tuple[str, int]]] = []
_is_recorded: Final[list[bool]] = []


def _record(event: str, arguments: tuple[Any, ...]) -> None:
    """Every attempt of this process to connect a socket. Such a hook stays for good, and does nothing unasked."""
    if event == "socket.connect" and _is_recorded and isinstance(arguments[1], tuple):
        _connections.append((str(arguments[1][0]), int(arguments[1][1])))


@pytest.fixture(scope="module", autouse=True)
def _hook() -> None:
    sys.addaudithook(_record)


class Trap(NamedTuple):
    """A port on an address that is private to the node: nobody may ever knock."""

    port: int
    knocks: list[str]

    @property
    def url(self) -> str:
        return f"https://{BESIDE}:{self.port}/secret"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def trap() -> AsyncIterator[Trap]:
    knocks: list[str] = []

    async def knocked(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        knocks.append("somebody knocked")
        writer.close()

    server = await asyncio.start_server(knocked, BESIDE, 0)
    yield Trap(server.sockets[0].getsockname()[1], knocks)
    server.close()
    await server.wait_closed()


@asynccontextmanager
async def only_in_town(rig: Rig, trap: Trap) -> AsyncIterator[None]:
    """What happens inside connects to nothing but the servers of the town."""
    heard = len(trap.knocks)
    _connections.clear()
    _is_recorded.append(True)
    try:
        yield
        await rig.quiet()
    finally:
        _is_recorded.clear()
    ports = set(rig.town.ports.values())
    strays = [where for where in _connections if where[0] != LOOPBACK or where[1] not in ports]
    assert strays == []
    assert len(trap.knocks) == heard


# --- The ways in (SSRF-07) ------------------------------------------------------------------------------------------

Entry = Callable[[Rig, str], Awaitable[int]]


async def _key_id(rig: Rig, target: str) -> int:
    key = rig.mallory.key._replace(key_id=target)
    return (
        await rig.fire(shots.cavage(key, shots.like(rig.mallory.uri, number=world.number()), at=rig.clock.now()))
    ).status


async def _actor(rig: Rig, target: str) -> int:
    key = rig.mallory.key._replace(key_id=f"{target}#main-key")
    like = shots.like(target, number=world.number()) | {"id": f"{target}/likes/{world.number()}"}
    return (await rig.fire(shots.cavage(key, like, at=rig.clock.now()))).status


async def _by_fay(rig: Rig, activity: dict[str, Any]) -> int:
    return (await rig.fire(rig.signed(rig.fay, activity))).status


async def _object(rig: Rig, target: str) -> int:
    return await _by_fay(rig, world.activity("Create", rig.fay, target))


async def _announced(rig: Rig, target: str) -> int:
    return await _by_fay(rig, world.activity("Announce", rig.fay, target))


async def _passed_on(rig: Rig, target: str) -> int:
    inner = {"id": f"{target}/activity", "type": "Create", "actor": f"{target}/actor", "to": [], "object": target}
    return await _by_fay(rig, world.activity("Announce", rig.fay, inner))


async def _answered(rig: Rig, target: str) -> int:
    return await _by_fay(rig, world.create(rig.fay, inReplyTo=target, context=target))


async def _linked(rig: Rig, target: str) -> int:
    """Pictures, files, collections, links and contexts: none is fetched because somebody sent it."""
    things = {
        "attachment": [{"type": "Document", "mediaType": "image/png", "url": target, "name": "a"}],
        "image": {"type": "Image", "url": target},
        "replies": target,
        "likes": target,
        "content": f'<p><a href="{target}">a</a><img src="{target}"></p>',
        "tag": [
            {"type": "Emoji", "name": ":a:", "icon": {"type": "Image", "url": target}},
            {"type": "Mention", "href": target, "name": "@a@b"},
        ],
    }
    create = world.create(rig.fay, **things)
    create["@context"] = ["https://www.w3.org/ns/activitystreams", target]
    return await _by_fay(rig, create)


async def _moved(rig: Rig, target: str) -> int:
    return await _by_fay(rig, world.activity("Move", rig.fay, rig.fay.uri, target=target))


async def _pinned(rig: Rig, target: str) -> int:
    return await _by_fay(rig, world.activity("Add", rig.fay, target, target=rig.fay.featured))


async def _profile(rig: Rig, target: str) -> int:
    """A new actor whose addresses all lead there: it is refused, or loses them."""
    villain = rig.world.stranger(
        icon={"type": "Image", "url": target},
        image={"type": "Image", "url": target},
        endpoints={"sharedInbox": target},
        movedTo=target,
        alsoKnownAs=[target],
        following=target,
    )
    return await _followed_by(rig, villain)


async def _inbox(rig: Rig, target: str) -> int:
    """Somebody asks to follow, and wants the answer delivered there."""
    return await _followed_by(rig, rig.world.stranger(inbox=target))


async def _followed_by(rig: Rig, villain: Villain) -> int:
    follow = world.activity("Follow", villain, rig.anna.uri)
    return (await rig.fire(rig.signed(villain, follow))).status


async def _node_info(rig: Rig, target: str) -> int:
    villain = rig.world.stranger()
    links = {"links": [{"rel": "http://nodeinfo.diaspora.software/ns/schema/2.1", "href": target}]}
    rig.world.publish(links | {"id": f"{villain.origin}/.well-known/nodeinfo"}, Content_Type="application/json")
    return await _followed_by(rig, villain)


async def _search(rig: Rig, target: str) -> int:
    return (await rig.anna.get(f"/search?q={quote(target, safe='')}")).status


async def _handle(rig: Rig, target: str) -> int:
    authority = target.partition("://")[2].partition("/")[0]
    return (await rig.anna.get(f"/search?q={quote(f'@somebody@{authority}', safe='')}")).status


async def _finger(rig: Rig, target: str) -> int:
    """WebFinger that leads there."""
    villain = rig.world.stranger()
    rig.world.handles[f"stranger@{villain.host}"] = target
    return (await rig.anna.get(f"/search?q=@stranger@{villain.host}")).status


async def _download(rig: Rig, target: str) -> int:
    """A file of somebody's resource, which the node fetches when one of its people asks for it."""
    uri = f"{rig.fay.origin}/notes/{world.number()}"
    encoding = {"type": "schema:MediaObject", "schema:contentUrl": target, "schema:encodingFormat": "application/pdf"}
    entity = {
        "id": uri,
        "type": ["schema:LearningResource"],
        "schema:name": "A",
        "schema:encoding": [encoding | {"schema:name": "a.pdf", "schema:contentSize": "4", "schema:sha256": "0" * 64}],
    }
    await _by_fay(rig, world.create(rig.fay, id=uri, name="A", **{"schema:mainEntity": entity}))
    number = await rig.node.one("SELECT id FROM post WHERE uri = :uri", uri=uri)
    names = await rig.node.rows("SELECT name FROM resource_file WHERE post_id = :id", id=number)
    statuses = [(await rig.anna.get(f"/resources/{number}/files/{name}")).status for (name,) in names]
    return max(statuses, default=404)


ENTRIES: Final[dict[str, Entry]] = {
    "key": _key_id,
    "actor": _actor,
    "object": _object,
    "announced": _announced,
    "passed-on": _passed_on,
    "in-reply-to": _answered,
    "linked": _linked,
    "moved": _moved,
    "pinned": _pinned,
    "profile": _profile,
    "inbox": _inbox,
    "nodeinfo": _node_info,
    "search": _search,
    "handle": _handle,
    "webfinger": _finger,
    "download": _download,
}
# 503 says "later" to another server, and to a person who looked for somebody that the server could not be asked.
ANSWERS: Final = frozenset({200, 202, 303, 400, 401, 403, 404, 410, 422, 429, 503})

LITERALS: Final = (
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.2", "169.254.169.254", "172.16.0.1", "192.0.0.1"),  # noqa: S104  # nothing binds to it
    *("192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1"),
    *("240.0.0.1", "255.255.255.255", "2130706434", "0x7f000002", "0177.0.0.2", "127.2"),
)
SIXES: Final = (
    *("::", "::1", "::ffff:127.0.0.2", "::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1"),
    *("100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "5f00::1", "fc00::1", "fe80::1", "fec0::1"),
    *("ff02::1", "fe80::1%25lo"),
)
PORTS: Final = (22, 25, 110, 143, 3306, 5432, 6379, 9200, 11211, 0, 65536)
WORDS: Final = (
    "https://evil.test\r\nX-Evil:1/",
    "https://evil.test/a\r\nHost: us.test",
    "https://evil.test/a b",
    "https://evil.test/a\tb",
    "https://evil.test/a\0b",
    "https://evil.test\\@127.0.0.2/",
    "https://evil.test@127.0.0.2/",
    "https://127.0.0.2#@evil.test/",
    "https://127.0.0.2%2f@evil.test/",
    "file:///etc/passwd",
    "gopher://127.0.0.2/",
    "ftp://127.0.0.2/",
    "data:application/activity+json,{}",
    "//127.0.0.2/",
    "https:///127.0.0.2/",
    "https://[::1/",
)
NAMES: Final = (
    *(f"printer.{zone}" for zone in ("local", "internal", "lan", "home.arpa", "onion", "i2p", "invalid")),
    *("printer", "a" * 64 + ".test", ".".join(["a" * 60] * 5), "_", "xn--a"),
)


def _targets() -> dict[str, str]:
    targets = {f"SSRF-01-{literal}": f"https://{literal}/secret" for literal in LITERALS}
    targets |= {f"SSRF-02-{literal}": f"https://[{literal}]/secret" for literal in SIXES}
    targets |= {f"SSRF-08-{port}": f"https://{BESIDE}:{port}/secret" for port in PORTS}
    targets |= {f"SSRF-09-{number}": word for number, word in enumerate(WORDS)}
    targets |= {f"SSRF-10-{name[:20]}": f"https://{name}/secret" for name in NAMES}
    return targets | {"SSRF-11": "https://us.test/users/anna"}


@pytest.mark.parametrize("entry", ENTRIES)
async def test_ssrf_07_no_way_in_leads_to_a_private_address(rig: Rig, trap: Trap, entry: str) -> None:
    """SSRF-01, 02, 08 to 11: a table of addresses through one way in."""
    # What was refused is remembered by name for a while; no row must be refused for that reason.
    rig.clock.tick(minutes=20)
    gate = asyncio.Semaphore(AT_ONCE)

    async def knock(name: str, target: str) -> str | None:
        async with gate:
            status = await ENTRIES[entry](rig, target)
        return None if status in ANSWERS else f"{name} was answered {status}"

    async with only_in_town(rig, trap):
        wrong = await asyncio.gather(*(knock(name, target) for name, target in _targets().items()))

    assert [said for said in wrong if said] == []


@pytest.mark.parametrize("entry", ENTRIES)
async def test_ssrf_03_a_name_may_not_lead_to_a_private_address(rig: Rig, trap: Trap, entry: str) -> None:
    name = f"n{world.number()}.evil.test"
    rig.town.places[name] = [(BESIDE, trap.port)]

    async with only_in_town(rig, trap):
        status = await ENTRIES[entry](rig, f"https://{name}/secret")

    assert status in ANSWERS


@pytest.mark.parametrize("entry", ["key", "announced", "in-reply-to", "search", "webfinger", "download"])
async def test_ssrf_04_a_name_that_changes_its_mind_gets_nowhere(rig: Rig, trap: Trap, entry: str) -> None:
    """The first answer leads to town, where a redirect to another path makes the node ask again."""
    name = f"n{world.number()}.evil.test"
    rig.town.places[name] = [(LOOPBACK, rig.town.ports["evil.test"]), (BESIDE, trap.port)]
    rig.world.pages[f"https://{name}/secret"] = Answer(
        302, {"Location": f"https://{name}/again", "Connection": "close"}
    )

    async with only_in_town(rig, trap):
        status = await ENTRIES[entry](rig, f"https://{name}/secret")

    assert status in ANSWERS


async def test_ssrf_04_a_delivery_that_changes_its_mind_gets_nowhere(rig: Rig, trap: Trap) -> None:
    """The inbox is where it should be while the actor is looked up, and elsewhere when the answer is delivered."""
    villain = rig.world.stranger()
    rig.clock.tick(minutes=5)
    await rig.accepted(villain, shots.like(villain.uri, number=world.number()))
    await rig.node.tools.client.close()
    await rig.node.tools.client.open()
    rig.town.places[villain.host] = [(BESIDE, trap.port)]

    async with only_in_town(rig, trap):
        await _followed_by(rig, villain)

    error = "SELECT error FROM delivery WHERE host = :host"
    await rig.node.wait_for(error, host=villain.host, what="the delivery has failed")


@pytest.mark.parametrize(
    ("status", "entry"), list(product((301, 302, 303, 307, 308), ("key", "announced", "search", "download")))
)
async def test_ssrf_05_a_redirect_may_not_lead_to_a_private_address(
    rig: Rig, trap: Trap, status: int, entry: str
) -> None:
    start = f"https://r{world.number()}.evil.test/start"
    rig.world.pages[start] = Answer(status, {"Location": trap.url})
    heard = len(rig.world.log)

    async with only_in_town(rig, trap):
        answered = await ENTRIES[entry](rig, start)

    assert answered in ANSWERS
    assert f"GET {start}" in rig.world.log[heard:], "the first step was taken, or this shows nothing"


@pytest.mark.parametrize(
    "onward",
    [
        pytest.param({"Location": "http://evil.test/plain"}, id="SSRF-06-http"),
        pytest.param({"Location": "file:///etc/passwd"}, id="SSRF-06-file"),
        pytest.param({"Location": "data:application/activity+json,{}"}, id="SSRF-06-data"),
        pytest.param({"Location": "gopher://127.0.0.2/"}, id="SSRF-06-gopher"),
        pytest.param({"Location": "ftp://127.0.0.2/"}, id="SSRF-06-ftp"),
        pytest.param({}, id="SSRF-06-missing"),
        pytest.param({"Location": ""}, id="SSRF-06-empty"),
    ],
)
async def test_ssrf_06_a_redirect_keeps_to_https(rig: Rig, trap: Trap, onward: dict[str, str]) -> None:
    start = f"https://r{world.number()}.evil.test/start"
    rig.world.pages[start] = Answer(302, onward)

    async with rig.unmoved(fetches=lambda: [start]), only_in_town(rig, trap):
        await _announced(rig, start)


async def test_ssrf_06_a_relative_redirect_is_fine(rig: Rig) -> None:
    """The control: the rows above are refused for where they lead."""
    truth = world.note(rig.fay)
    start = f"https://evil.test/start/{world.number()}"
    rig.world.publish(truth)
    rig.world.pages[start] = Answer(302, {"Location": truth["id"].removeprefix("https://evil.test")})

    await _announced(rig, start)
    await rig.quiet()

    assert await rig.node.one("SELECT count(*) FROM post WHERE uri = :uri", uri=truth["id"]) == 1


@pytest.mark.parametrize("fault", ["another-name", "expired", "self-signed"])
async def test_ssrf_12_a_server_that_cannot_prove_its_name_gets_nothing(rig: Rig, fault: str) -> None:
    host, heard = f"t{world.number()}.evil.test", []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    match fault:
        case "another-name":
            context = rig.town.certificate("other.evil.test")
        case "expired":
            yesterday = datetime.now(UTC) - timedelta(days=1)
            rig.town.authority.issue_cert(host, not_after=yesterday).configure_cert(context)
        case _:
            trustme.CA().issue_cert(host).configure_cert(context)

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(100))
        writer.close()

    server = await asyncio.start_server(listen, LOOPBACK, 0, ssl=context)
    rig.town.places[host] = [(LOOPBACK, server.sockets[0].getsockname()[1])]
    status = await _key_id(rig, f"https://{host}/users/a#main-key")
    server.close()
    await server.wait_closed()

    assert (status, b"".join(heard)) == (503, b"")


async def test_ssrf_13_a_proxy_in_the_environment_is_not_used(
    rig: Rig, trap: Trap, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://{BESIDE}:{trap.port}")

    async with only_in_town(rig, trap):
        assert await _announced(rig, world.note(rig.vera)["id"]) == 202


async def test_ssrf_14_nothing_of_ours_fetches_what_anybody_asks_for(rig: Rig, trap: Trap) -> None:
    """There is no proxy for other people's pictures, and files of others are not fetched for strangers."""
    async with only_in_town(rig, trap):
        await _download(rig, "https://evil.test/a.pdf")
    heard = len(rig.world.log)
    number, name = (await rig.node.rows("SELECT post_id, name FROM resource_file ORDER BY id DESC LIMIT 1"))[0]
    async with rig.town.session() as stranger:
        for path in (
            f"/resources/{number}/files/{name}",
            "/media/https://evil.test/a.png",
            "/proxy?url=https://evil.test/",
        ):
            async with stranger.get(rig.node.url + path, allow_redirects=False) as answer:
                assert answer.status in {303, 400, 404}
    assert rig.world.log[heard:] == []


@pytest.mark.usefixtures("rig")
async def test_the_recorder_sees_a_connection() -> None:
    """Or an empty list would mean nothing."""
    _connections.clear()
    _is_recorded.append(True)
    with closing(socket.socket()) as probe:
        probe.settimeout(0.1)
        with pytest.raises(OSError):  # noqa: PT011  # whatever the machine answers
            probe.connect((BESIDE, 1))
    _is_recorded.clear()

    assert _connections == [(BESIDE, 1)]
