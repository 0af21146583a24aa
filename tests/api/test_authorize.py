"""The page on which a teacher allows an app to act for them, and all that is tried on it."""

from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from fedishare.domain.kinds import Kind
from fedishare.domain.permissions import Role
from fedishare.services import runners
from tests.api.conftest import Phone, School
from tests.api.signing_in import (
    BACK,
    CHALLENGE,
    OUT_OF_BAND,
    VERIFIER,
    a_code,
    a_handle,
    allow,
    an_app,
    asked,
    brought,
    exchange,
    runs_too,
)
from tests.builders import Made
from tests.web.conftest import Browser


async def test_a_teacher_signs_in_and_then_reads_what_the_app_may_do(school: School) -> None:
    app = await an_app(school, website="https://elk.example/about")
    _, browser = await school.node.a_teacher("ada", name="Ada")
    path = f"/oauth/authorize?{urlencode(asked(app))}"

    sent_on = await school.node.stranger.get(path)
    page = await browser.get(path)

    onward = dict(parse_qsl(urlsplit(sent_on.location).query))["next"]
    assert (sent_on.status, sent_on.location.partition("?")[0]) == (303, "/sign-in")
    assert dict(parse_qsl(urlsplit(onward).query)) == asked(app)
    text = page.root.one("main").text
    assert "Let Elk act for you?" in text
    assert "elk.example" in text
    assert "Do everything that you can do here" in text
    assert "Read everything that you can read here" in text
    assert "It would act as Ada (@ada)." in text
    assert "Either way you go on to elk.example." in text
    assert not page.root.all("div", class_="error-summary")
    policy = page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self' https://elk.example;" in policy
    assert "Access-Control-Allow-Origin" not in page.headers
    assert page.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    ("role", "said"),
    [
        (Role.MEMBER, "You do not have them, so it will not either"),
        (Role.MODERATOR, "This app asks for your powers as a moderator"),
    ],
)
async def test_an_app_that_asks_for_the_powers_of_moderators_is_warned_of(
    school: School, role: Role, said: str
) -> None:
    app = await an_app(school, scopes="read admin:read admin:write")
    _, browser = await school.node.a_teacher(role=role)

    page = await browser.get(f"/oauth/authorize?{urlencode(asked(app, scope='read admin:write'))}")

    assert said in page.root.one("div", class_="error-summary").text


async def test_the_app_gets_a_code_with_its_state_and_exchanges_it_for_a_token(school: School) -> None:
    app = await an_app(school)
    person, browser = await school.node.a_teacher("ada")
    wish = asked(app, code_challenge=CHALLENGE, code_challenge_method="S256", scope="write read")

    redirect = await allow(browser, wish)
    found = brought(redirect)
    reply = await exchange(school, app, found["code"], code_verifier=VERIFIER)

    assert redirect.location.startswith(BACK + "?")
    assert {key: found[key] for key in ("state", "iss")} == {"state": "s t&ate", "iss": "https://alder.test"}
    assert reply.status == 200
    assert reply.headers["Cache-Control"] == "no-store"
    token = reply.json.pop("access_token")
    assert reply.json == {"scope": "write read", "created_at": 1788769800, "token_type": "Bearer"}
    info = await Phone(school.client, token).get("/oauth/userinfo")
    assert info.json == {
        "iss": "https://alder.test",
        "sub": person.uri,
        "name": info.json["name"],
        "preferred_username": "ada",
        "profile": "https://alder.test/@ada",
        "picture": info.json["picture"],
    }
    assert (await Phone(school.client, token).get("/api/v1/apps/verify_credentials")).json["name"] == "Elk"


async def test_a_slash_at_the_end_of_an_address_does_not_matter(school: School) -> None:
    app = await an_app(school, redirect_uris=OUT_OF_BAND)
    _, browser = await school.node.a_teacher()
    query = urlencode(asked(app))

    pages = [await browser.get(f"/oauth/authorize{slash}?{query}") for slash in ("", "/")]
    code = await a_code(browser, app)
    said = {"grant_type": "authorization_code", "code": code, "redirect_uri": OUT_OF_BAND}
    token = await school.stranger.post(
        "/oauth/token/", said | {name: app[name] for name in ("client_id", "client_secret")}
    )
    wrong = await school.stranger.post("/oauth/token/", said)

    assert [page.status for page in pages] == [200, 200]
    assert pages[0].root.one("h1").text == pages[1].root.one("h1").text
    assert (token.status, wrong.status, set(wrong.json)) == (200, 401, {"error", "error_description"})


async def test_a_program_without_an_address_gets_its_code_from_the_page(school: School) -> None:
    app = await an_app(school, redirect_uris=OUT_OF_BAND)
    _, browser = await school.node.a_teacher()

    redirect = await allow(browser, asked(app))
    page = await browser.get(redirect.location)
    code = dict(parse_qsl(urlsplit(redirect.location).query))["code"]

    assert redirect.location.startswith("/oauth/authorize/native?code=")
    assert page.root.one("textarea", id="code").text == code
    assert (await exchange(school, app, code)).status == 200


async def test_a_teacher_may_say_no(school: School) -> None:
    app = await an_app(school)
    _, browser = await school.node.a_teacher()

    found = brought(await allow(browser, asked(app), answer="deny"))

    assert (found["error"], found["state"]) == ("access_denied", "s t&ate")


@pytest.mark.parametrize(
    ("over", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "read fly"}, "invalid_scope"),
        ({"scope": "admin:read"}, "invalid_scope"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": CHALLENGE}, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge_method": "S256"}, "invalid_request"),
    ],
)
async def test_what_the_app_asks_wrongly_comes_back_to_it_with_its_state(
    school: School, over: dict[str, str], error: str
) -> None:
    app = await an_app(school)
    _, browser = await school.node.a_teacher()
    wish = asked(app, **over)

    for answer in (await browser.get(f"/oauth/authorize?{urlencode(wish)}"), await allow(browser, wish)):
        found = brought(answer)
        assert (found["error"], found["state"]) == (error, "s t&ate")
        assert "code" not in found


@pytest.mark.parametrize(
    "address",
    [
        BACK + "/more",
        BACK + "?x=1",
        BACK + "#x",
        BACK.replace("elk", "ELK"),
        BACK.replace("elk.example", "elk.example:443"),
        BACK.replace("elk.example", "me@elk.example"),
        BACK.replace("/api/", "/api/../api/"),
        BACK.replace("https", "http"),
        BACK[:-1],
        BACK.replace("%3A", ":"),
        "https://evil.example/",
        "",
        OUT_OF_BAND,
    ],
)
async def test_nobody_is_sent_where_the_app_is_not_registered(school: School, address: str) -> None:
    """AUTH-02: the addresses are compared as they are written, and there is no redirect even with an error."""
    app = await an_app(school)
    _, browser = await school.node.a_teacher()

    for over in ({}, {"response_type": "token"}, {"scope": "fly"}):
        wish = asked(app, redirect_uri=address, **over)
        for answer in (await browser.get(f"/oauth/authorize?{urlencode(wish)}"), await allow(browser, wish)):
            assert (answer.status, "Location" in answer.headers) == (400, False)


@pytest.mark.parametrize("client", ["", "nobody", "x" * 5000, "1'"])
async def test_an_app_that_nobody_knows_is_a_page_in_words(school: School, client: str) -> None:
    _, browser = await school.node.a_teacher()
    wish = {"response_type": "code", "client_id": client, "redirect_uri": BACK}

    answer = await browser.get(f"/oauth/authorize?{urlencode(wish)}")

    assert (answer.status, "Location" in answer.headers) == (400, False)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "", "Origin": "https://evil.example"},
    ],
)
async def test_a_page_elsewhere_cannot_press_the_button(school: School, headers: dict[str, str]) -> None:
    app = await an_app(school)
    _, browser = await school.node.a_teacher()

    answer = await browser.post("/oauth/authorize", asked(app) | {"answer": "allow"}, **headers)

    assert answer.status == 403
    assert await school.db.read(lambda tx: tx.exec_driver_sql("SELECT count(*) FROM code").scalar()) == 0


async def test_an_app_is_asked_about_every_time(school: School) -> None:
    """AUTH-05: what was allowed once allows nothing more the next time."""
    app = await an_app(school)
    _, browser = await school.node.a_teacher()
    await exchange(school, app, await a_code(browser, app))

    answer = await browser.get(f"/oauth/authorize?{urlencode(asked(app))}")

    assert answer.status == 200
    assert answer.root.one("button", value="allow").text == "Allow"


async def test_an_app_may_ask_for_a_new_sign_in(school: School) -> None:
    app = await an_app(school)
    _, browser = await school.node.a_teacher()

    answer = await browser.get(f"/oauth/authorize?{urlencode(asked(app, force_login='true'))}")
    form = await browser.get(answer.location)

    onward = form.root.one("input", name="next")["value"]
    assert dict(parse_qsl(urlsplit(onward).query)) == asked(app)
    assert form.root.one("input", id="password")["type"] == "password"


class AsHandle(NamedTuple):
    """A handle and its owner; somebody else who runs it, with their phone, which acts as it, and their browser."""

    handle: Made
    owner: Made
    person: Made
    phone: Phone
    browser: Browser


@pytest.fixture
async def as_handle(school: School) -> AsHandle:
    """A phone that acts as a handle."""
    app = await an_app(school)
    owner, _ = await school.node.a_teacher("ada")
    person, browser = await school.node.a_teacher("ben")
    handle = await a_handle(school, owner)
    await runs_too(school, handle, owner, person)
    page = await browser.get(f"/oauth/authorize?{urlencode(asked(app))}")
    choices = [each["value"] for each in page.root.all("input", type="radio", name="acts_as")]
    assert choices == [str(person.id), str(handle.id)]
    code = brought(await allow(browser, asked(app), acts_as=str(handle.id)))["code"]
    token = (await exchange(school, app, code)).json["access_token"]
    return AsHandle(handle, owner, person, Phone(school.client, token), browser)


async def test_an_app_acts_as_the_handle_that_was_chosen(
    as_handle: AsHandle,
) -> None:
    info = (await as_handle.phone.get("/oauth/userinfo")).json
    listed = (await as_handle.browser.get("/settings/apps")).root.one("main").text

    assert info["preferred_username"] == "maths"
    assert "It acts as Maths team (@maths)." in listed


async def test_whoever_stops_running_a_handle_acts_as_it_no_longer(school: School, as_handle: AsHandle) -> None:
    handle, owner, person, phone, _ = as_handle
    assert (await phone.get("/oauth/userinfo")).status == 200

    await school.db.write(runners.remove, school.here, handle_id=handle.id, by_id=owner.id, actor_id=person.id)
    removed = await phone.get("/oauth/userinfo")
    await runs_too(school, handle, owner, person)

    assert (removed.status, removed.error) == (401, "The access token is invalid")
    assert (await phone.get("/oauth/userinfo")).status == 401


async def test_nobody_lets_an_app_act_as_a_handle_of_others(school: School) -> None:
    app = await an_app(school)
    owner, _ = await school.node.a_teacher()
    _, browser = await school.node.a_teacher()
    handle = await a_handle(school, owner)
    other, _ = await school.node.a_teacher()

    for actor in (handle.id, other.id, 999):
        assert (await allow(browser, asked(app), acts_as=str(actor))).status == 403


async def test_a_school_may_be_chosen_by_who_runs_it(school: School) -> None:
    app = await an_app(school)
    owner, browser = await school.node.a_teacher()
    made = await a_handle(school, owner, username="alder", kind=Kind.ORGANISATION)

    page = await browser.get(f"/oauth/authorize?{urlencode(asked(app))}")
    code = brought(await allow(browser, asked(app), acts_as=str(made.id)))["code"]
    token = (await exchange(school, app, code)).json["access_token"]

    assert "The school, @alder" in page.root.text
    assert (await Phone(school.client, token).get("/oauth/userinfo")).json["preferred_username"] == "alder"
