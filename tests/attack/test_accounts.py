"""AUTH-07 to AUTH-21 (security.md 3.9), as far as there is something to attack: sign-in, sessions and forms.

OAuth, second factors, passkeys, single sign-on and letters by mail are not there yet: `corpus` says so of each row.
"""

import asyncio
import re
import time
from typing import Any, Final

import aiohttp
import pytest
from yarl import URL

from fedishare.app import entries
from fedishare.core.errors import Invalid
from fedishare.http.limits import line
from fedishare.services import accounts, tries
from tests.attack import shots
from tests.attack.rig import Rig
from tests.attack.shots import Reply
from tests.live.nodes import PASSWORD
from tests.live.teachers import Page, number_of

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("attacked_database", ["sqlite"], indirect=True, scope="module"),
]

WRONG: Final = "wrong-horse"


async def post(rig: Rig, path: str, fields: Any, **headers: str) -> Page:
    """A form from no browser of anybody's."""
    async with rig.town.session() as session:
        url = URL(rig.node.url + path, encoded=True)
        async with session.post(url, data=fields, headers=headers, allow_redirects=False) as answer:
            return Page(answer.status, answer.headers.get("Location", ""), await answer.read(), dict(answer.headers))


def forget_tries(rig: Rig) -> None:
    """As if an hour had passed."""
    rig.clock.tick(hours=1)


NEXT: Final = (
    "//evil.test", "/\\evil.test", "https:evil.test", "https://evil.test/", "/web//evil.test/..//evil.test",
    "\\\\evil.test", "/%09/evil.test", "/\t/evil.test", "data:text/html,a", "javascript:a()", "/a\r\nSet-Cookie: x=1",
    "///evil.test", "http:///evil.test", "@evil.test", ".evil.test", " //evil.test", "/ /evil.test",
)  # fmt: skip


@pytest.mark.parametrize("onward", NEXT)
async def test_auth_07_nobody_is_sent_on_to_another_site(rig: Rig, onward: str) -> None:
    forget_tries(rig)
    answers = [
        await post(rig, "/sign-in", {"login": "anna", "password": PASSWORD, "next": onward}),
        await rig.ben.post("/follow", actor=str(rig.anna.id), next=onward),
    ]

    where = answers[0].path
    assert where.startswith("/")
    assert not re.match(r"/[/\\\t\r\n]", where)
    assert "\n" not in where
    assert answers[1].status < 500
    assert "Set-Cookie: x" not in repr(answers[0].headers)


async def test_auth_08_a_session_is_new_ends_at_sign_out_and_only_the_browser_has_it(rig: Rig) -> None:
    forget_tries(rig)
    planted = "a" * 43
    answer = await post(
        rig, "/sign-in", {"login": "anna", "password": PASSWORD, "next": "/"}, Cookie=f"__Host-fs={planted}"
    )
    cookie = answer.headers["Set-Cookie"]
    secret = re.findall(r"__Host-fs=([^;]+)", cookie)[0]

    held = await _settings(rig, f"__Host-fs={secret}")
    await post(rig, "/sign-out", {}, Cookie=f"__Host-fs={secret}")
    after = [await _settings(rig, f"__Host-fs={value}") for value in (secret, planted, "", "x" * 5000)]

    assert secret != planted
    assert {"httponly", "secure", "samesite=lax", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}
    assert "domain=" not in cookie.lower()
    assert held == 200
    assert set(after) <= {303, 400}


async def _settings(rig: Rig, cookie: str) -> int:
    async with rig.town.session() as session:
        headers = {"Cookie": cookie, "Accept": "text/html"}
        async with session.get(f"{rig.node.url}/settings", headers=headers, allow_redirects=False) as answer:
            return answer.status


async def test_auth_09_a_new_password_ends_every_session(rig: Rig) -> None:
    """By the form, and by the function that the command line calls."""
    forget_tries(rig)
    dora = await rig.node.enrol("dora", "Dora Dean")
    elsewhere = await post(rig, "/sign-in", {"login": "dora", "password": PASSWORD, "next": "/"})
    other = re.findall(r"(__Host-fs=[^;]+)", elsewhere.headers["Set-Cookie"])[0]
    before = await _settings(rig, other)

    account = await rig.node.one("SELECT id FROM account WHERE actor_id = :dora", dora=dora.id)
    hashed = await rig.node.one("SELECT password_hash FROM account WHERE actor_id = :dora", dora=dora.id)
    await rig.node.tools.db.write(
        accounts.change_password, rig.node.tools.here, account_id=account, password_hash=hashed
    )

    assert before == 200
    assert await _settings(rig, other) == 303
    assert (await dora.get("/settings")).path.startswith("/sign-in")


async def test_auth_14_an_account_is_guarded_however_it_is_spelled(rig: Rig) -> None:
    """Guessing comes from many places at once, and calls one account by all its names."""
    forget_tries(rig)
    names = ("ben", "@ben", "BEN", "ben@us.test", "@Ben@US.test", "ben@us.test.example", " ben ", "Ben@us.test.EXAMPLE")
    statuses = []
    with rig.clock.stopped():
        statuses = [await _guess(rig, names[n % len(names)], source=n) for n in range(2 * tries.BURST)]

    assert statuses[: tries.BURST] == [422] * tries.BURST
    assert set(statuses[tries.BURST :]) == {429}


async def _guess(rig: Rig, name: str, *, source: int, **headers: str) -> int:
    """One wrong password, with the count of the address it comes from wiped before."""
    rig.limits._buckets.pop(("sign in from", "127.0.0.1"), None)  # noqa: SLF001
    sent = {"X-Forwarded-For": f"198.51.100.{source}"} | headers
    return (await post(rig, "/sign-in", {"login": name, "password": WRONG, "next": "/"}, **sent)).status


DISGUISES: Final[tuple[dict[str, str], ...]] = (
    {"X-Forwarded-For": "198.51.100.{n}"},
    {"X-Real-IP": "198.51.100.{n}"},
    {"Forwarded": "for=198.51.100.{n}"},
    {"Client-IP": "198.51.100.{n}", "CF-Connecting-IP": "198.51.100.{n}", "True-Client-IP": "127.0.0.1"},
    {"X-Forwarded-For": "127.0.0.1, ::1, 198.51.100.{n}"},
    {"X-Forwarded-Host": "{n}.evil.test", "X-Original-URL": "/", "X-Rewrite-URL": "/"},
)


async def test_auth_14_no_header_makes_somebody_another(rig: Rig) -> None:
    forget_tries(rig)
    statuses = []
    with rig.clock.stopped():
        for number in range(tries.BURST + len(DISGUISES)):
            disguise = DISGUISES[number % len(DISGUISES)]
            headers = {name: value.format(n=number) for name, value in disguise.items()}
            form = {"login": f"nobody-{number}", "password": WRONG, "next": "/"}
            statuses.append((await post(rig, "/sign-in", form, **headers)).status)

    assert statuses == [422] * tries.BURST + [429] * len(DISGUISES)


@pytest.mark.parametrize("path", ["/sign-in.json", "/SIGN-IN", "//sign-in", "/sign-in/", "/sign-in?x=1", "/./sign-in"])
async def test_auth_14_no_other_path_signs_in(rig: Rig, path: str) -> None:
    """Whatever a path is spelled like, it is either the one that counts tries, or none."""
    forget_tries(rig)
    good = {"login": "anna", "password": PASSWORD, "next": "/"}
    answers = [await post(rig, path, good), await post(rig, path, b'{"login":"anna"}', Content_Type="application/json")]

    for answer in answers:
        assert "Set-Cookie" not in answer.headers or path == "/sign-in?x=1"
        assert answer.status < 500


@pytest.mark.parametrize(
    ("addresses", "lines"),
    [
        (["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:0DB8:1:2::1"], 1),
        (["2001:db8:1:2::1", "2001:db8:1:3::1"], 2),
        (["192.0.2.1", "::ffff:192.0.2.1"], 1),
        (["192.0.2.1", "192.0.2.2"], 2),
        (["unknown", ""], 2),
    ],
)
async def test_auth_14_whoever_has_an_ipv6_line_is_one(rig: Rig, addresses: list[str], lines: int) -> None:
    assert rig.node.url
    assert len({line(address) for address in addresses}) == lines


MORE: Final = {"role": "admin", "id": "1", "actor_type": "Service", "approved": "true", "locked": "", "kind": "Person"}


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/settings", {"part": "page", "name": "Ben Booth", "about": ""}),
        ("/compose", {"kind": "talk", "text": "mass", "visibility": "public", "language": "en"}),
        ("/rooms/new", {"name": "Mass", "username": "mass", "description": ""}),
        ("/report", {"actor": "1", "comment": "x"}),
    ],
)
async def test_auth_15_a_form_changes_what_it_asks_for_and_nothing_else(
    rig: Rig, path: str, fields: dict[str, str]
) -> None:
    others = {"author_id": str(rig.anna.id), "owner_id": str(rig.anna.id), "actor_id": str(rig.anna.id), "local": "0"}
    before = await rig.node.rows("SELECT id, actor_id, role, email, password_hash, disabled_at FROM account")
    facts = "SELECT id, uri, kind, username, local, suspended_at FROM actor WHERE username IN ('anna', 'ben')"
    actors = await rig.node.rows(facts)

    page = await rig.ben.post(path, **(MORE | others | fields))

    assert page.status < 500
    assert await rig.node.rows("SELECT id, actor_id, role, email, password_hash, disabled_at FROM account") == before
    assert await rig.node.rows(facts) == actors
    hers = await rig.node.one(
        "SELECT count(*) FROM post WHERE author_id = :anna AND content LIKE '%mass%'", anna=rig.anna.id
    )
    assert hers == 0


async def test_auth_16_nobody_uses_anothers_number(rig: Rig) -> None:
    """Every form with a number in its path, and every page of one's own, as somebody else."""
    post_ = number_of((await rig.anna.write("Anna's own")).path)
    private = number_of((await rig.anna.write("@mo Anna's own", visibility="mentioned")).path)
    paths = sorted(
        {(entry.method, entry.path) for entry in entries() if "{id}" in entry.path and entry.method == "POST"}
    )
    state = "SELECT content, deleted_at, edited_at FROM post WHERE id IN (:a, :b) ORDER BY id"
    before = await rig.node.rows(state, a=int(post_), b=int(private))
    found = {}
    for _, path in paths:
        for number in (private, post_) if path.endswith(("/delete", "/edit", "/resolve")) else (private,):
            fields = {"text": "mine now", "title": "mine", "language": "en"}
            page = await rig.ben.post(path.replace("{id}", number), **fields)
            nothing = await rig.ben.post(path.replace("{id}", "900000000000000001"), **fields)
            found[path, number == private] = page.status, nothing.status

    # What is hidden answers like what is not there, and nothing of hers has changed.
    assert {path: both for (path, is_private), both in found.items() if is_private and both[0] != both[1]} == {}
    assert {status for status, _ in found.values()} <= {200, 400, 403, 404}
    assert await rig.node.rows(state, a=int(post_), b=int(private)) == before


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://us.test.evil.test"},
        {"Origin": "http://us.test"},
        {"Origin": "https://us.test:8443"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://us.test"},
    ],
)
async def test_auth_17_a_form_of_another_site_does_nothing(rig: Rig, headers: dict[str, str]) -> None:
    session = rig.anna._session  # noqa: SLF001  # her own browser, led astray
    paths = sorted({entry.path for entry in entries() if entry.method == "POST" and not entry.path.endswith("/inbox")})
    kinds = ("application/x-www-form-urlencoded", "text/plain", "application/json", "multipart/form-data; boundary=x")

    async with rig.unmoved():
        statuses = set()
        for path in paths:
            kind = kinds[len(path) % len(kinds)]
            url = rig.node.url + re.sub(r"{[^}]+}", "1", path)
            sent = {"Content-Type": kind} | headers
            async with session.post(url, data=b'{"text":"a","x":"="}', headers=sent, allow_redirects=False) as answer:
                statuses.add(answer.status)

    assert statuses == {403}
    assert (await rig.anna.get("/settings")).path == "/settings"


async def test_auth_17_no_link_changes_anything(rig: Rig) -> None:
    posts = {entry.path for entry in entries() if entry.method == "POST"} - {
        entry.path for entry in entries() if entry.method == "GET"
    }

    async with rig.unmoved():
        statuses = {(await rig.anna.get(re.sub(r"{[^}]+}", "1", path))).status for path in sorted(posts)}

    assert statuses == {405}


@pytest.mark.parametrize(
    ("password", "tried", "fits"),
    [
        ("x" * 128, "x" * 128, True),
        ("x" * 128, "x" * 129, False),
        ("x" * 128, "x" * 1_000_000, False),
        ("long enough and then some more, up to a hundred", "long enough and then some more, up to a hundre", False),
        ("cafe\u0301-au-lait", "cafe\u0301-au-lait", True),
        ("caf\u00e9-au-lait", "cafe\u0301-au-lait", False),
        ("\U0001f511" * 40, "\U0001f511" * 40, True),
    ],
)
async def test_auth_18_a_password_is_taken_exactly(rig: Rig, password: str, tried: str, fits: bool) -> None:
    assert rig.node.url
    login = accounts.Login(1, 1, accounts.hash_password(password))

    assert accounts.fits(tried, login) is fits


@pytest.mark.parametrize("password", ["x" * 7, "x" * 129, "x" * 1_000_000, "abcd\0efgh"])
async def test_auth_18_a_password_that_cannot_be_kept_exactly_is_refused(rig: Rig, password: str) -> None:
    assert rig.node.url
    with pytest.raises(Invalid):
        accounts.hash_password(password)


async def test_auth_19_a_secret_in_an_address_opens_nothing(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    forget_tries(rig)
    answer = await post(rig, "/sign-in", {"login": "anna", "password": PASSWORD, "next": "/"})
    secret = re.findall(r"__Host-fs=([^;]+)", answer.headers["Set-Cookie"])[0]
    capsys.readouterr()

    for name in ("__Host-fs", "access_token", "token", "fs", "session"):
        page = await _bare_get(rig, f"/settings?{name}={secret}")
        assert page.status == 303
        header = await _bare_get(rig, "/settings", Authorization=f"Bearer {secret}")
        assert header.status == 303
    told = capsys.readouterr()
    assert secret not in told.out + told.err


async def _bare_get(rig: Rig, path: str, **headers: str) -> Page:
    url = rig.node.url + path
    async with rig.town.session() as session, session.get(url, headers=headers, allow_redirects=False) as answer:
        return Page(answer.status, "", await answer.read(), dict(answer.headers))


@pytest.mark.parametrize("accept", ["text/html", "application/activity+json", "application/jrd+json"])
@pytest.mark.parametrize(
    "path", ["/", "/sign-in", "/@anna", "/about", "/users/anna", "/nodeinfo/2.1", "/.well-known/host-meta"]
)
async def test_auth_20_the_node_knows_its_own_name(rig: Rig, path: str, accept: str) -> None:
    """Whatever Host or X-Forwarded-Host a request names, no address in an answer is made of it."""
    lines = (
        (("Host", "evil.example")),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "gopher"),
        ("Accept", accept),
    )
    reply: Reply = await rig.fire(shots.Shot(path, tuple(lines), b"", "GET"))

    assert reply.status < 500
    assert b"evil.example" not in reply.body
    assert "evil.example" not in repr(reply.headers)
    assert b"gopher" not in reply.body


async def test_dos_29_a_rush_of_sign_ins_waits_in_a_short_line(rig: Rig) -> None:
    """A hash takes 64 MB: two at a time, a few that wait, and the rest come again."""
    forget_tries(rig)
    limits = rig.limits

    async def rush(number: int) -> tuple[int, str]:
        limits._buckets.pop(("sign in from", "127.0.0.1"), None)  # noqa: SLF001  # each from another address
        try:
            page = await post(rig, "/sign-in", {"login": f"rush-{number}", "password": WRONG, "next": "/"})
        except aiohttp.ClientError as error:
            return 0, str(error)
        return page.status, page.headers.get("Retry-After", "")

    begun = time.monotonic()
    answers = await asyncio.gather(*(rush(number) for number in range(30)))

    statuses = [status for status, _ in answers]
    assert set(statuses) <= {422, 429, 503}
    assert 1 <= statuses.count(422) <= 29
    assert all(retry for status, retry in answers if status in {429, 503})
    assert time.monotonic() - begun < 60
