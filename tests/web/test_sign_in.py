"""Signing in and out: sessions, cookies, where it leads, and how often one may try."""

from functools import cache
from typing import Final

import pytest

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.domain.permissions import Role
from fedishare.services import accounts
from fedishare.web import asked
from tests.builders import an_ed25519_pair, an_rsa_pair
from tests.web.conftest import COOKIE, Browser, Node, Page

PASSWORD: Final = "correct horse battery"
HASHED: Final = cache(accounts.hash_password)


@pytest.fixture
async def ada(db: Database, here: Here, node: Node) -> Browser:
    """Somebody with a real password, not signed in."""
    await db.write(
        accounts.add,
        here,
        username="ada",
        email="ada@alder.test",
        password_hash=HASHED(PASSWORD),
        role=Role.MEMBER,
        name="Ada Okafor",
        rsa=an_rsa_pair(),
        ed25519=an_ed25519_pair(),
    )
    return node.stranger


async def sign_in(browser: Browser, *, login: str = "ada", password: str = PASSWORD, onward: str = "/") -> Page:
    return await browser.post("/sign-in", {"login": login, "password": password, "next": onward})


async def test_a_name_a_handle_and_an_address_all_sign_in(ada: Browser) -> None:
    answers = [await sign_in(ada, login=login) for login in ("ADA", "@ada@alder.test", "Ada@Alder.test", "ada")]

    assert {(answer.status, answer.location) for answer in answers} == {(303, "/")}


async def test_the_cookie_is_for_this_host_alone_and_not_for_scripts(ada: Browser) -> None:
    answer = await sign_in(ada)

    cookie = answer.cookies[COOKIE]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (
        True,
        True,
        "Lax",
        "/",
        "",
    )
    ada.secret = cookie.value
    assert (await ada.get("/")).root.one("h1").text == "Home"


async def test_signing_in_leads_to_where_somebody_wanted_to_go(ada: Browser) -> None:
    answers = [await sign_in(ada, onward=onward) for onward in ("/@ada?show=talk#p1", "//evil.test", "")]

    assert [answer.location for answer in answers] == ["/@ada?show=talk#p1", "/", "/"]


@pytest.mark.parametrize(
    "onward",
    [
        "//evil.test",
        "/\\evil.test",
        "https:evil.test",
        "https://evil.test/",
        "/a\r\nSet-Cookie: x=y",
        "data:text/html,x",
        "javascript:alert(1)",
        "evil.test",
    ],
)
def test_no_other_site_is_a_place_to_go_next(onward: str) -> None:
    assert asked.go(onward).headers["Location"] == "/"


async def test_a_wrong_password_keeps_the_name_and_says_what_to_do(ada: Browser) -> None:
    answer = await sign_in(ada, password="wrong", onward="/rooms")

    page = answer.root
    assert answer.status == 422
    assert answer.errors == ["That name and that password do not fit together. Check both and try again."]
    assert page.one("input", name="login")["value"] == "ada"
    assert page.one("input", name="next")["value"] == "/rooms"
    assert page.one("input", name="password")["aria-describedby"] == "password-wrong"
    assert page.one("div", class_="error-summary").one("a")["href"] == "#password"
    assert COOKIE not in answer.cookies


async def test_an_unknown_name_gets_the_very_same_answer(ada: Browser) -> None:
    known, unknown = await sign_in(ada, password="wrong"), await sign_in(ada, login="nobody", password="wrong")

    assert unknown.status == known.status
    assert unknown.html.replace("nobody", "ada") == known.html


async def test_signing_in_replaces_what_the_browser_held_before(ada: Browser) -> None:
    ada.secret = "chosen-by-somebody-else"
    first = (await sign_in(ada)).cookies[COOKIE].value
    ada.secret = first
    second = (await sign_in(ada)).cookies[COOKIE].value

    assert len({first, second, "chosen-by-somebody-else"}) == 3
    assert (await ada.get("/settings")).status == 303


async def test_a_cookie_is_worth_nothing_after_signing_out(ada: Browser) -> None:
    ada.secret = (await sign_in(ada)).cookies[COOKIE].value

    answer = await ada.post("/sign-out")

    assert (answer.status, answer.location, answer.cookies[COOKIE].value) == (303, "/", "")
    assert (await ada.get("/settings")).location == "/sign-in?next=/settings"


async def test_guessing_is_stopped_and_says_for_how_long(ada: Browser) -> None:
    for _ in range(10):
        await sign_in(ada, login="nobody", password="guess")

    answer = await sign_in(ada)

    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.errors[0].startswith("Too many tries.")


async def test_who_is_signed_in_need_not_do_it_again(node: Node) -> None:
    _, teacher = await node.a_teacher()

    assert (await teacher.get("/sign-in?next=/rooms")).location == "/rooms"


async def test_a_new_password_ends_every_other_session(ada: Browser, node: Node) -> None:
    elsewhere = node.stranger
    elsewhere.secret = (await sign_in(ada)).cookies[COOKIE].value
    ada.secret = (await sign_in(ada)).cookies[COOKIE].value
    fields = {"part": "password", "current": PASSWORD, "password": "another long one"}

    answer = await ada.post("/settings", fields)

    assert answer.location == "/settings?saved=password"
    ada.secret = answer.cookies[COOKIE].value
    assert (await ada.get("/settings")).status == 200
    assert (await elsewhere.get("/settings")).status == 303


@pytest.mark.parametrize(
    ("current", "new", "said"),
    [
        ("wrong", "another long one", "This is not your password. Check it and try again."),
        (PASSWORD, "short", "The password must have at least 8 characters."),
    ],
)
async def test_a_password_is_changed_by_its_owner_only(ada: Browser, current: str, new: str, said: str) -> None:
    ada.secret = (await sign_in(ada)).cookies[COOKIE].value

    answer = await ada.post("/settings", {"part": "password", "current": current, "password": new})

    assert (answer.status, answer.errors) == (422, [said])
    assert (await ada.get("/settings")).status == 200
