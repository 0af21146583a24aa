"""The client meets hostile servers; rows are named after the attack they try."""

import asyncio
import gzip
import re
import resource
import socket
import ssl
import sys
import threading
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from fedishare.core.errors import (
    FediShareError,
    Gone,
    Invalid,
    NotFound,
    Refused,
    TooLarge,
    Unreachable,
    Unsupported,
)
from fedishare.net import answers, signatures
from fedishare.net import resolver as net_resolver
from fedishare.net.addresses import Allowed
from fedishare.net.client import Client
from fedishare.net.resolver import Resolver
from fedishare.net.signatures import Request, Scheme
from tests.net.peers import (
    LOOPBACK,
    US,
    Asked,
    Names,
    StoppedClock,
    a_client,
    a_peer,
    a_redirect,
    a_reply,
    a_signer,
    some_trust,
)
from tests.net.test_addresses import CLOSED_IPV4, CLOSED_IPV6

OPENING = re.compile(
    r"ClientSession\(|aiohttp\.request\(|^(?:import|from) (?:httpx|requests|urllib3|urllib\.request|http\.client)",
    re.MULTILINE,
)
PACKAGE = Path(answers.__file__).parents[1]
ACTIVITY = "application/activity+json"
LD = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
SECRET = a_reply(b"the secret", headers=[("Content-Type", ACTIVITY)])


def a_document(body: bytes = b'{"id": "x"}', content_type: str = ACTIVITY, *, status: int = 200) -> bytes:
    return a_reply(body, status=status, headers=[("Content-Type", content_type)])


async def ask_every_way(client: Client, url: str) -> list[type[Exception]]:
    """The kinds of error that get, signed get, get_json, post and stream end in."""
    ends: list[type[Exception]] = []
    for ask in (
        lambda: client.get(url, accept="*/*"),
        lambda: client.get(url, accept="*/*", signer=a_signer()),
        lambda: client.get_json(url),
        lambda: client.post(url, body=b"{}", signer=a_signer()),
        lambda: _download(client, url, max_bytes=100),
    ):
        try:
            await ask()
        except FediShareError as error:
            ends.append(type(error))
    return ends


async def _download(client: Client, url: str, *, max_bytes: int) -> bytes:
    async with client.stream(url, max_bytes=max_bytes) as download:
        return b"".join([chunk async for chunk in download.chunks])


# Addresses: SSRF-01 to SSRF-04


@pytest.mark.parametrize(
    "host",
    [pytest.param(a, id=f"SSRF-01 {a}") for a in CLOSED_IPV4]
    + [pytest.param(f"[{a}]", id=f"SSRF-02 {a}") for a in CLOSED_IPV6 if "%" not in a],
)
async def test_a_literal_address_off_the_public_internet_is_refused(host: str) -> None:
    async with a_peer(SECRET) as peer, a_client(networks=[], resolver=Names()) as client:
        ends = await ask_every_way(client, f"http://{host}:{peer.port}/")

    assert ends == [Refused] * 5
    assert peer.connections == 0


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "127.0.0.1.",
        "\uff11\uff12\uff17.0.0.1",
        "[fe80::1%lo]",
        "127。0。0。1",
    ],
)
async def test_ssrf_01_odd_spellings_of_a_closed_address_are_refused(host: str) -> None:
    async with a_peer(SECRET) as peer, a_client(networks=[], resolver=Names()) as client:
        ends = await ask_every_way(client, f"http://{host}:{peer.port}/")

    assert len(ends) == 5
    assert set(ends) <= {Refused, Invalid}
    assert peer.connections == 0


@pytest.mark.parametrize("address", [LOOPBACK, "10.0.0.1", "::1", "::ffff:127.0.0.1", "fd00::1", "169.254.169.254"])
async def test_ssrf_03_a_name_for_a_closed_address_is_refused(address: str) -> None:
    names = Names({"evil.test": [[address]]})

    async with a_peer(SECRET) as peer, a_client(networks=[], resolver=names) as client:
        ends = await ask_every_way(client, f"http://evil.test:{peer.port}/")

    assert ends == [Refused] * 5
    assert peer.connections == 0


async def test_ssrf_03_all_of_several_closed_addresses_are_refused() -> None:
    names = Names({"evil.test": [[LOOPBACK, "127.0.0.2", "10.0.0.1"]]})

    async with a_peer(SECRET) as peer, a_client(networks=[], resolver=names) as client:
        with pytest.raises(Refused):
            await client.get(f"http://evil.test:{peer.port}/", accept="*/*")

    assert peer.connections == 0


async def test_ssrf_04_a_name_that_changes_its_mind_is_refused() -> None:
    # 127.0.0.2 plays the public address, 127.0.0.1 the private one.
    names = Names({"evil.test": [["127.0.0.2"], [LOOPBACK]]})
    async with a_peer(SECRET) as private, a_client(networks=["127.0.0.2/32"], resolver=names) as client:
        url = f"http://evil.test:{private.port}/"
        with pytest.raises(Unreachable):
            await client.get(url, accept="*/*")
        # The DNS cache is per port, so another port asks again, and is told the private address.
        with pytest.raises(Refused):
            await client.get(f"http://evil.test:{private.port - 1}/", accept="*/*")

    assert names.asked == ["evil.test", "evil.test"]
    assert private.connections == 0


async def test_one_open_address_beside_a_closed_one_is_used() -> None:
    names = Names({"peer.test": [["10.0.0.1", LOOPBACK]]})

    async with a_peer(a_document()) as peer, a_client(resolver=names) as client:
        answer = await client.get(f"http://peer.test:{peer.port}/", accept="*/*")

    assert answer.status == 200


# Redirects: SSRF-05, SSRF-06, DOS-09, ORG-13


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("to", ["http://10.0.0.1/", "http://[::1]:1/", "http://private.test/", "http://0.0.0.0/"])
@pytest.mark.parametrize("is_signed", [True, False])
async def test_ssrf_05_a_redirect_to_a_closed_address_is_refused(status: int, to: str, is_signed: bool) -> None:
    names = Names({"private.test": [["192.168.0.1"]]})

    async with a_peer(a_redirect(to, status=status)) as peer, a_client(resolver=names) as client:
        with pytest.raises(Refused):
            await client.get(f"http://peer.test:{peer.port}/", accept="*/*", signer=a_signer() if is_signed else None)

    assert len(peer.asked) == 1


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("file:///etc/passwd", Invalid),
        ("data:text/plain,x", Invalid),
        ("gopher://127.0.0.1/", Invalid),
        ("ftp://127.0.0.1/", Invalid),
        ("javascript:alert(1)", Invalid),
        ("http://a b/", Invalid),
        ("http://us.example@127.0.0.1/", Invalid),
        ("http://127.0.0.1:0/", Invalid),
        ("", Invalid),
        ("https://peer.test/", Refused),
    ],
)
async def test_ssrf_06_a_redirect_to_another_scheme_is_refused(to: str, expected: type[Exception]) -> None:
    async with a_peer(a_redirect(to)) as peer, a_client(resolver=Names()) as client:
        with pytest.raises(expected):
            await client.get(f"http://peer.test:{peer.port}/", accept="*/*")

    assert len(peer.asked) == 1


async def test_ssrf_06_a_redirect_from_https_to_http_is_refused() -> None:
    trust = some_trust()
    async with a_peer(SECRET) as plain:
        way_down = a_redirect(f"http://peer.test:{plain.port}/")
        async with (
            a_peer(way_down, tls=trust.serve("peer.test")) as peer,
            a_client(resolver=Names(), ca_file=trust.ca_file) as client,
        ):
            with pytest.raises(Refused):
                await client.get(f"https://peer.test:{peer.port}/", accept="*/*")

    assert (len(peer.asked), plain.connections) == (1, 0)


async def test_ssrf_06_a_redirect_to_another_port_is_refused() -> None:
    async with a_peer(lambda _: a_redirect("https://8.8.8.8:8443/")) as peer, a_client() as client:
        with pytest.raises(Refused):
            await client.get(f"http://peer.localhost:{peer.port}/", accept="*/*")


@pytest.mark.parametrize("named", [[], [("Location", "/a"), ("Location", "/b")]])
async def test_ssrf_06_a_redirect_must_say_once_where_to(named: list[tuple[str, str]]) -> None:
    async with a_peer(a_reply(status=302, headers=named)) as peer, a_client() as client:
        with pytest.raises(Invalid):
            await client.get(f"http://peer.localhost:{peer.port}/", accept="*/*")

    assert len(peer.asked) == 1


async def test_ssrf_06_a_relative_redirect_is_followed_and_signed_again() -> None:
    def answering(asked: Asked) -> bytes:
        return a_document() if asked.target == "/b?c=%2F" else a_redirect("b?c=%2F")

    async with a_peer(answering) as peer, a_client() as client:
        answer, document = await client.get_json(f"http://peer.localhost:{peer.port}/a", signer=a_signer())

    assert (answer.url, document) == (f"http://peer.localhost:{peer.port}/b?c=%2F", {"id": "x"})
    first, second = peer.asked
    assert first.headers["signature"] != second.headers["signature"]
    assert all(_is_signed_by_us(asked, "GET", peer.port) for asked in peer.asked)


async def test_org_13_the_answer_says_which_host_it_came_from() -> None:
    async with a_peer(a_document()) as other:
        way_over = a_redirect(f"http://other.localhost:{other.port}/a")
        async with a_peer(way_over) as peer, a_client() as client:
            answer, _ = await client.get_json(f"http://peer.localhost:{peer.port}/a")

    assert answer.url == f"http://other.localhost:{other.port}/a"


def _redirecting(kind: str) -> object:
    def answering(asked: Asked) -> bytes:
        port = asked.host.rpartition(":")[2]
        other = "b" if asked.host.startswith("a.") else "a"
        number = int(re.sub(r"\D", "", asked.target) or 0)
        return a_redirect(
            {
                "self": asked.target,
                "pair": f"http://{other}.localhost:{port}/",
                "query": f"/?{number + 1}",
                "fragment": f"/#{number + 1}",
                "path": f"/{number + 1}",
            }[kind]
        )

    return answering


@pytest.mark.parametrize("kind", ["self", "pair", "query", "fragment", "path"])
async def test_dos_09_at_most_three_redirects_are_followed(kind: str) -> None:
    answering = _redirecting(kind)
    assert callable(answering)

    async with a_peer(answering) as peer, a_client() as client:
        with pytest.raises(Invalid, match="circles"):
            await client.get(f"http://a.localhost:{peer.port}/", accept="*/*")

    assert len(peer.asked) == 4


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_delivery_is_never_redirected(status: int) -> None:
    async with a_peer(a_redirect("/elsewhere", status=status)) as peer, a_client() as client:
        answer = await client.post(f"http://peer.localhost:{peer.port}/inbox", body=b"{}", signer=a_signer())

    assert (answer.status, len(peer.asked)) == (status, 1)


# The one client: SSRF-07, SSRF-13


def test_ssrf_07_only_the_client_opens_sessions() -> None:
    opening = {
        path.relative_to(PACKAGE).as_posix(): set(OPENING.findall(path.read_text())) for path in PACKAGE.rglob("*.py")
    }

    assert {name: ways for name, ways in opening.items() if ways} == {
        "net/client.py": {"ClientSession("},
        # The demo's browser, which never leaves this machine: see the next test.
        "cli/browser.py": {"import http.client"},
    }


def test_ssrf_07_the_browser_of_the_demo_knows_loopback_only() -> None:
    text = (PACKAGE / "cli" / "browser.py").read_text()

    assert re.findall(r"HTTPS?Connection\(([^,)]*)", text) == ["LOOPBACK"]
    assert 'LOOPBACK: Final = "127.0.0.1"' in text


async def test_ssrf_13_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_peer(SECRET) as proxy, a_peer(a_document()) as peer:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        async with a_client() as client:
            _, document = await client.get_json(f"http://peer.localhost:{peer.port}/")

    assert (document, proxy.connections) == ({"id": "x"}, 0)


# Ports, names, characters: SSRF-08 to SSRF-11


@pytest.mark.parametrize("port", [1, 22, 25, 80, 110, 143, 3306, 5432, 6379, 8443, 9200, 11211, 65535])
async def test_ssrf_08_other_ports_than_443_are_refused(port: int) -> None:
    async with a_client(networks=[]) as client:
        ends = await ask_every_way(client, f"https://8.8.8.8:{port}/")
        ends += await ask_every_way(client, f"https://peer.example:{port}/")

    assert ends == [Refused] * 10


@pytest.mark.parametrize("port", [0, 65536])
async def test_ssrf_08_ports_that_do_not_exist_are_refused(port: int) -> None:
    async with a_client(networks=[]) as client:
        assert await ask_every_way(client, f"https://8.8.8.8:{port}/") == [Invalid] * 5


@pytest.mark.parametrize("url", ["http://8.8.8.8/", "http://8.8.8.8:443/", "http://peer.example/"])
async def test_ssrf_08_plain_http_is_refused(url: str) -> None:
    async with a_client() as client:
        assert await ask_every_way(client, url) == [Refused] * 5


@pytest.mark.parametrize(
    "tail",
    ["a\r\nX: y", "a\nb", "a\rb", "a b", "a\tb", "a\x00b", "?a\r\nb", "?a b", "\\b", "a\u0085b"],
)
async def test_ssrf_09_characters_that_split_requests_are_refused(tail: str) -> None:
    async with a_peer(SECRET) as peer, a_client() as client:
        ends = await ask_every_way(client, f"http://peer.localhost:{peer.port}/{tail}")
        ends += await ask_every_way(client, f"http://peer.localhost{tail}:{peer.port}/")

    assert ends == [Invalid] * 10
    assert peer.connections == 0


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/%0d%0aX:%20y", "/%0d%0aX:%20y"),
        ("/a?b=%0d%0a&c=%2F", "/a?b=%0d%0a&c=%2F"),
        ("/%61/../b", "/%61/../b"),
        ("/ü?ü", "/%C3%BC?%C3%BC"),
        ("?q", "/?q"),
        ("/a#b", "/a"),
        ('/"<>', "/%22%3C%3E"),
    ],
)
async def test_ssrf_09_what_is_signed_is_what_is_sent(path: str, target: str) -> None:
    async with a_peer(a_document()) as peer, a_client() as client:
        url = f"http://peer.localhost:{peer.port}{path}"
        await client.get(url, accept="*/*", signer=a_signer())
        await client.post(url, body=b"{}", signer=a_signer(), scheme=Scheme.RFC9421)

    get, post = peer.asked
    assert (get.line, post.line) == (f"GET {target} HTTP/1.1", f"POST {target} HTTP/1.1")
    assert "x" not in get.headers
    assert _is_signed_by_us(get, "GET", peer.port)
    assert _is_signed_by_us(post, "POST", peer.port)


def _is_signed_by_us(asked: Asked, method: str, port: int) -> bool:
    origin = f"http://peer.localhost:{port}"
    request = Request(method, asked.target, tuple(asked.headers.items()), asked.body, origin)
    claim = signatures.read(request, now=datetime.now(UTC))
    key = load_pem_private_key(a_signer().private_pem, password=None).public_key()
    assert claim.key_id == f"{US}/actor#main-key"
    return signatures.verify(claim, key)  # type: ignore[arg-type]  # the key is RSA


@pytest.mark.parametrize(
    "host",
    [
        "printer.local",
        "db.internal",
        "nas.lan",
        "nas.home.arpa",
        "abc.onion",
        "abc.i2p",
        "a.test",
        "a.invalid",
        "single",
        "school.localhost",
        "localhost",
    ],
)
async def test_ssrf_10_names_off_the_public_internet_are_refused(host: str) -> None:
    async with a_client(networks=[]) as client:
        assert await ask_every_way(client, f"https://{host}/") == [Refused] * 5


@pytest.mark.parametrize(
    "host",
    [
        "_.example",
        "xn--a.example",
        "a" * 64 + ".example",
        ".".join(["a" * 49] * 5) + ".abcd",
        "a@b.example",
        "a%2eb.example",
    ],
)
async def test_ssrf_10_names_that_are_none_are_refused(host: str) -> None:
    async with a_client(networks=[]) as client:
        assert await ask_every_way(client, f"https://{host}/") == [Invalid] * 5


@pytest.mark.parametrize("host", ["us.test", "US.TEST", "us.test.", "\uff55\uff53.test", "us。test"])
async def test_ssrf_11_we_do_not_ask_ourselves(host: str) -> None:
    async with a_peer(SECRET) as peer, a_client(resolver=Names(), own_origin="https://us.test") as client:
        ends = await ask_every_way(client, f"http://{host}:{peer.port}/")

    assert ends == [Refused] * 5
    assert peer.connections == 0


async def test_ssrf_11_nodes_on_one_machine_are_told_apart_by_their_ports() -> None:
    async with (
        a_peer(a_document()) as peer,
        a_peer(SECRET) as ours,
        a_client(own_origin=f"http://school.localhost:{ours.port}") as client,
    ):
        await client.get(f"http://school.localhost:{peer.port}/", accept="*/*")
        with pytest.raises(Refused):
            await client.get(f"http://school.localhost:{ours.port}/", accept="*/*")

    assert (peer.connections, ours.connections) == (1, 0)


async def test_local_names_and_opened_addresses_may_use_http_and_any_port() -> None:
    async with a_peer(a_document()) as peer, a_client() as client:
        for host in ("localhost", "school.localhost", "127.0.0.1", "[::ffff:127.0.0.1]"):
            answer = await client.get(f"http://{host}:{peer.port}/", accept="*/*")
            assert answer.status == 200


# Certificates, the row SSRF-12


async def test_a_trusted_certificate_is_accepted() -> None:
    trust = some_trust()
    async with (
        a_peer(a_document(), tls=trust.serve("peer.test")) as peer,
        a_client(resolver=Names(), ca_file=trust.ca_file) as client,
    ):
        _, document = await client.get_json(f"https://peer.test:{peer.port}/")

    assert document == {"id": "x"}


def _tls(kind: str) -> ssl.SSLContext:
    trust = some_trust()
    match kind:
        case "other name":
            return trust.serve("other.test")
        case "expired":
            return trust.serve("peer.test", not_after=datetime.now(UTC) - timedelta(days=1))
        case _:
            context = trust.serve("peer.test")
            context.set_ciphers("ALL:@SECLEVEL=0")
            with pytest.deprecated_call():
                context.minimum_version = ssl.TLSVersion.TLSv1
            with pytest.deprecated_call():
                context.maximum_version = ssl.TLSVersion.TLSv1_1
            return context


@pytest.mark.parametrize("kind", ["other name", "expired", "TLS 1.1"])
async def test_ssrf_12_a_doubtful_certificate_is_not_spoken_to(kind: str) -> None:
    async with (
        a_peer(SECRET, tls=_tls(kind)) as peer,
        a_client(resolver=Names(), ca_file=some_trust().ca_file) as client,
    ):
        ends = await ask_every_way(client, f"https://peer.test:{peer.port}/")

    assert ends == [Unreachable] * 5
    assert peer.asked == []


async def test_ssrf_12_a_certificate_of_nobody_is_not_spoken_to() -> None:
    async with (
        a_peer(SECRET, tls=some_trust().serve("peer.test")) as peer,
        a_client(resolver=Names()) as client,
    ):
        with pytest.raises(Unreachable):
            await client.get(f"https://peer.test:{peer.port}/", accept="*/*")

    assert peer.asked == []


# Exhaustion: DOS-06 to DOS-08


async def test_dos_06_a_compressed_bomb_ends_at_the_limit() -> None:
    press = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = bytes(1 << 20)
    bomb = b"".join([press.compress(block) for _ in range(64)]) + press.flush()
    reply = a_reply(bomb, headers=[("Content-Type", ACTIVITY), ("Content-Encoding", "gzip")])

    async with a_peer(reply) as peer, a_client() as client:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(TooLarge):
            await client.get_json(f"http://peer.localhost:{peer.port}/")
        with pytest.raises(TooLarge):
            await _download(client, f"http://peer.localhost:{peer.port}/", max_bytes=1 << 20)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before

    assert grown * (1 if sys.platform == "darwin" else 1024) < 16 << 20


async def test_gzip_is_undone_and_is_all_we_ask_for() -> None:
    reply = a_reply(gzip.compress(b'{"id": "x"}'), headers=[("Content-Type", ACTIVITY), ("Content-Encoding", "gzip")])

    async with a_peer(reply) as peer, a_client() as client:
        _, document = await client.get_json(f"http://peer.localhost:{peer.port}/")

    assert document == {"id": "x"}
    assert peer.asked[0].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize("coding", ["gzip, gzip", "br", "zstd", "deflate", "x-unknown"])
async def test_dos_06_other_codings_are_not_read(coding: str) -> None:
    twice = gzip.compress(gzip.compress(b'{"id": "x"}'))
    reply = a_reply(twice, headers=[("Content-Type", ACTIVITY), ("Content-Encoding", coding)])

    async with a_peer(reply) as peer, a_client() as client:
        # The parser itself gives up on those it has no library for.
        with pytest.raises((Unsupported, Unreachable)):
            await client.get_json(f"http://peer.localhost:{peer.port}/")


@pytest.mark.parametrize("piece", [b"x", b"HTTP"])
async def test_dos_07_a_dripping_answer_ends_in_time(piece: bytes) -> None:
    async def dripping() -> AsyncIterator[bytes]:
        yield b"" if piece == b"HTTP" else b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n"
        for _ in range(1000):
            yield piece
            await asyncio.sleep(0.02)

    async with a_peer(lambda _: dripping()) as peer, a_client(seconds=0.2) as client:
        async with asyncio.timeout(2):
            ends = await ask_every_way(client, f"http://peer.localhost:{peer.port}/")

    assert set(ends) == {Unreachable}
    assert len(ends) == 5


async def test_dos_07_redirects_do_not_buy_time() -> None:
    async def slowly() -> AsyncIterator[bytes]:
        await asyncio.sleep(0.15)
        yield a_redirect("/")

    async with a_peer(lambda _: slowly()) as peer, a_client(seconds=0.25) as client:
        with pytest.raises(Unreachable):
            await client.get(f"http://peer.localhost:{peer.port}/", accept="*/*")

    assert len(peer.asked) == 2


async def test_dos_08_a_length_over_the_limit_ends_before_the_body() -> None:
    reply = a_reply(b"{", length=99_000_000_000, headers=[("Content-Type", ACTIVITY)])

    async with a_peer(reply) as peer, a_client() as client:
        async with asyncio.timeout(2):
            with pytest.raises(TooLarge):
                await client.get_json(f"http://peer.localhost:{peer.port}/")
            with pytest.raises(TooLarge):
                await _download(client, f"http://peer.localhost:{peer.port}/", max_bytes=1000)


async def test_a_body_without_a_length_ends_at_the_limit() -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        while True:
            yield b"1000\r\n" + bytes(0x1000) + b"\r\n"

    async with a_peer(lambda _: endless()) as peer, a_client() as client:
        with pytest.raises(TooLarge):
            await client.get(f"http://peer.localhost:{peer.port}/", accept="*/*", max_bytes=10_000)


@pytest.mark.parametrize(
    "head",
    [
        pytest.param("X: " + "a" * 9000, id="long header"),
        pytest.param("\r\n".join(f"X{i}: a" for i in range(200)), id="many headers"),
        pytest.param("Content-Length: 5\r\nContent-Length: 6", id="two lengths"),
    ],
)
async def test_headers_beyond_measure_end_the_talk(head: str) -> None:
    async with a_peer(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\nhello".encode()) as peer, a_client() as client:
        with pytest.raises(Unreachable):
            await client.get(f"http://peer.localhost:{peer.port}/", accept="*/*")


async def test_one_host_gets_two_connections_and_keeps_them() -> None:
    async with a_peer(a_document()) as peer, a_client() as client:
        url = f"http://peer.localhost:{peer.port}/inbox"
        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(client.post(url, body=b"{}", signer=a_signer()))
        await client.get_json(url)

    assert (peer.connections, len(peer.asked)) == (2, 9)


async def test_nobody_listening_is_unreachable() -> None:
    async with a_peer(SECRET) as peer:
        port = peer.port

    async with a_client() as client:
        assert await ask_every_way(client, f"http://peer.localhost:{port}/") == [Unreachable] * 5


async def test_cookies_are_neither_kept_nor_sent() -> None:
    async with a_peer(a_reply(headers=[("Set-Cookie", "a=b; Path=/")])) as peer, a_client() as client:
        for _ in range(2):
            await client.get(f"http://peer.localhost:{peer.port}/", accept="*/*")

    assert ["cookie" in asked.headers for asked in peer.asked] == [False, False]


# Documents: ORG-14, ORG-15 and statuses


@pytest.mark.parametrize(
    "content_type",
    [
        ACTIVITY,
        "Application/Activity+JSON",
        f"{ACTIVITY}; charset=utf-8",
        f"{ACTIVITY} ; charset=utf-8",
        LD,
        f"{LD}; charset=utf-8",
        'application/ld+json; charset=utf-8; profile="https://www.w3.org/ns/activitystreams"',
        'application/ld+json;profile="https://www.w3.org/ns/activitystreams https://example.org/more"',
    ],
)
async def test_a_document_of_the_right_type_is_read(content_type: str) -> None:
    async with a_peer(a_document(content_type=content_type)) as peer, a_client() as client:
        _, document = await client.get_json(f"http://peer.localhost:{peer.port}/")

    assert document == {"id": "x"}
    assert peer.asked[0].headers["accept"] == f"{ACTIVITY}, {LD}"


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "text/html",
        "application/json",
        "application/octet-stream",
        "image/png",
        "application/ld+json",
        'application/ld+json; profile="https://example.org/other"',
        'application/ld+json; profile="https://www.w3.org/ns/activitystreamsx"',
        'application/ld+json; x="; profile=https://www.w3.org/ns/activitystreams"',
        "text/html; x=application/activity+json",
        'text/html; profile="https://www.w3.org/ns/activitystreams"',
        f"text/html, {ACTIVITY}",
        f"{ACTIVITY}, text/html",
        f"{ACTIVITY}x",
        f"{ACTIVITY}; charset",
        f"{ACTIVITY}; a=b; a=c",
    ],
)
async def test_org_14_a_document_of_another_type_is_rejected(content_type: str) -> None:
    async with a_peer(a_document(content_type=content_type)) as peer, a_client() as client:
        with pytest.raises(Unsupported):
            await client.get_json(f"http://peer.localhost:{peer.port}/")


async def test_org_14_a_document_with_two_types_is_rejected() -> None:
    reply = a_reply(b"{}", headers=[("Content-Type", ACTIVITY), ("Content-Type", "text/html")])

    async with a_peer(reply) as peer, a_client() as client:
        with pytest.raises(Unsupported):
            await client.get_json(f"http://peer.localhost:{peer.port}/")


async def test_org_15_links_in_pages_are_not_followed() -> None:
    page = f'<link rel="alternate" type="{ACTIVITY}" href="http://evil.localhost/">'.encode()
    reply = a_reply(page, headers=[("Content-Type", "text/html"), ("Link", "</b>; rel=alternate")])

    async with a_peer(reply) as peer, a_client() as client:
        with pytest.raises(Invalid):
            await client.get_json(f"http://peer.localhost:{peer.port}/")

    assert len(peer.asked) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'"x"', b"null", b"{", b'{"id": 1, "id": 2}', b'{"a": NaN}', b"\xef\xbb\xbf{}", b"[" * 100_000],
)
async def test_a_document_has_to_be_one_json_object(body: bytes) -> None:
    async with a_peer(a_document(body)) as peer, a_client() as client:
        with pytest.raises(Invalid):
            await client.get_json(f"http://peer.localhost:{peer.port}/")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (201, Invalid),
        (204, Invalid),
        (300, Invalid),
        (304, Invalid),
        (400, Invalid),
        (401, Refused),
        (403, Refused),
        (404, NotFound),
        (406, Invalid),
        (408, Unreachable),
        (410, Gone),
        (429, Unreachable),
        (500, Unreachable),
        (503, Unreachable),
    ],
)
async def test_the_status_of_a_document_says_what_went_wrong(status: int, expected: type[Exception]) -> None:
    body = b"" if status in {204, 304} else b"{}"
    async with a_peer(a_document(body, status=status)) as peer, a_client() as client:
        url = f"http://peer.localhost:{peer.port}/"
        with pytest.raises(expected) as caught:
            await client.get_json(url)
        answer = await client.get(url, accept="*/*")

    assert type(caught.value) is expected
    assert answer.status == status


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 60),
        ({"retry-after": "120"}, 120),
        ({"retry-after": "0"}, 1),
        ({"retry-after": "-5"}, 60),
        ({"retry-after": "99999999"}, 86400),
        ({"retry-after": "٣"}, 60),
        ({"retry-after": "Mon, 02 Nov 2026 09:05:00 GMT"}, 300),
        ({"retry-after": "Mon, 02 Nov 2020 09:05:00 GMT"}, 1),
        ({"retry-after": "soon"}, 60),
        ({"retry-after": "1.5"}, 2),
        ({"retry-after": "2026-11-02T09:05:00Z"}, 300),
        ({"retry-after": "Monday, 02-Nov-26 09:05:00 GMT"}, 300),
        ({"retry-after": "Mon Nov  2 09:05:00 2026"}, 300),
        ({"x-ratelimit-reset": "2026-11-02T09:10:00.5Z"}, 601),
        ({"x-ratelimit-reset": "90"}, 90),
        ({"x-ratelimit-reset": "1793610600"}, 600),
        ({"x-ratelimit-reset": "1793610600", "retry-after": "7"}, 7),
        ({"x-ratelimit-reset": "later"}, 60),
    ],
)
def test_how_long_to_wait_is_read_from_the_answer(headers: dict[str, str], seconds: int) -> None:
    assert answers.retry_after(headers, now=StoppedClock().now()) == seconds


async def test_a_busy_server_says_when_to_come_back() -> None:
    reply = a_reply(status=429, headers=[("Retry-After", "77")])

    async with a_peer(reply) as peer, a_client() as client:
        with pytest.raises(Unreachable) as caught:
            await client.get_json(f"http://peer.localhost:{peer.port}/")

    assert caught.value.retry_after == 77


# Deliveries and downloads


@pytest.mark.parametrize("scheme", list(Scheme))
async def test_a_delivery_arrives_signed(scheme: Scheme) -> None:
    async with a_peer(a_reply(b"thanks", status=202)) as peer, a_client() as client:
        answer = await client.post(
            f"http://peer.localhost:{peer.port}/inbox?a=%2F", body=b'{"id": "x"}', signer=a_signer(), scheme=scheme
        )

    (asked,) = peer.asked
    assert (answer.status, answer.body) == (202, b"thanks")
    assert (asked.body, asked.headers["content-type"]) == (b'{"id": "x"}', ACTIVITY)
    assert asked.headers["user-agent"] == "FediShare/test (+https://us.example)"
    assert _is_signed_by_us(asked, "POST", peer.port)


async def test_a_long_answer_to_a_delivery_is_cut_off() -> None:
    async with a_peer(a_reply(bytes(200_000), status=202)) as peer, a_client() as client:
        answer = await client.post(f"http://peer.localhost:{peer.port}/inbox", body=b"{}", signer=a_signer())

    assert (answer.status, len(answer.body)) == (202, 64 << 10)


async def test_a_file_arrives_in_chunks() -> None:
    body = bytes(range(256)) * 1000
    reply = a_reply(body, headers=[("Content-Type", "image/png"), ("X-Twice", "a"), ("X-Twice", "b")])

    async with a_peer(reply) as peer, a_client() as client:
        url = f"http://peer.localhost:{peer.port}/file"
        async with client.stream(url, max_bytes=len(body)) as download:
            received = b"".join([chunk async for chunk in download.chunks])

    assert (download.status, download.url, download.content_type) == (200, url, "image/png")
    assert download.headers["x-twice"] == "a, b"
    assert received == body


async def test_a_file_over_the_limit_is_refused() -> None:
    async with a_peer(a_reply(bytes(1001))) as peer, a_client() as client:
        with pytest.raises(TooLarge):
            await _download(client, f"http://peer.localhost:{peer.port}/", max_bytes=1000)


async def test_a_file_that_breaks_off_is_unreachable() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield a_reply(b"half", length=8)
        raise ConnectionResetError

    async with a_peer(lambda _: broken()) as peer, a_client() as client:
        with pytest.raises(Unreachable):
            await _download(client, f"http://peer.localhost:{peer.port}/", max_bytes=1000)


async def test_a_client_that_is_not_open_asks_nobody() -> None:
    async with a_peer(SECRET) as peer:
        ends = await ask_every_way(a_client(), f"http://peer.localhost:{peer.port}/")

    assert ends == [Unreachable] * 5
    assert peer.connections == 0


# Names


async def test_a_dead_name_is_remembered_for_a_minute() -> None:
    clock = StoppedClock()
    resolver = Resolver(allowed=Allowed(), clock=clock)
    # No resolver takes a label this long, so this fails at once and asks no name server.
    name = "a" * 64 + ".invalid"

    for seconds, message in [(0, "does not resolve"), (59, "a moment ago"), (1, "does not resolve")]:
        clock.moment += timedelta(seconds=seconds)
        with pytest.raises(OSError, match=message):
            await resolver.resolve(name, 443)
    await resolver.close()


async def test_names_that_hang_hold_up_only_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: hanging.wait(5) and [])
    monkeypatch.setattr(net_resolver, "SECONDS", 0.1)
    resolver = Resolver(allowed=Allowed(), clock=StoppedClock())
    names = [f"n{i}.example" for i in range(net_resolver.THREADS + 1)]

    asking = asyncio.gather(*(resolver.resolve(name, 443) for name in names), return_exceptions=True)
    async with asyncio.timeout(1):
        assert await asyncio.get_running_loop().run_in_executor(None, lambda: "free") == "free"
        first = [str(error) for error in await asking]
        again = [
            str(error)
            for error in await asyncio.gather(*(resolver.resolve(name, 443) for name in names), return_exceptions=True)
        ]
    hanging.set()
    await resolver.close()

    assert first == [f"{name} does not resolve" for name in names]
    # The last one never got a thread, so nothing is known about it.
    assert again == [f"{name} did not resolve a moment ago" for name in names[:-1]] + first[-1:]


async def test_local_names_are_this_machine_without_asking_anybody() -> None:
    resolver = Resolver(allowed=Allowed(), clock=StoppedClock())

    found = await resolver.resolve("school.localhost", 8000)
    await resolver.close()

    assert [(address["host"], address["port"]) for address in found] == [("127.0.0.1", 8000)]


async def test_a_name_that_does_not_resolve_is_unreachable() -> None:
    class Nothing(Names):
        async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[aiohttp.abc.ResolveResult]:
            raise OSError(f"{host} does not resolve to anything at {port} or {family}")

    async with a_client(resolver=Nothing()) as client:
        assert await ask_every_way(client, "https://nowhere.test/") == [Unreachable] * 5
