"""An app signs somebody in through the page of the node, on a phone."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Request, Route

from tests.api.open_node import exchange, register, who_is
from tests.browser.conftest import LONG_NAME, LONG_WORD, PASSWORD, NewPage, Node, at_home
from tests.browser.test_looks import TOO_FAINT, TOO_WIDE

BACK = "https://elk.example/signed-in"
OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"


@pytest.mark.parametrize("scripts", [True, False])
def test_somebody_allows_an_app_on_a_phone(new_page: NewPage, node: Node, scripts: bool) -> None:
    app = register(node.address, "Elk", BACK, "read write follow push admin:read")
    page = new_page(java_script_enabled=scripts)
    reached: list[str] = []

    def arrive(route: Route, request: Request) -> None:
        reached.append(request.url)
        route.fulfill(status=200, content_type="text/html", body="<h1>Back in the app</h1>")

    page.route("https://elk.example/**", arrive)
    asked = {"response_type": "code", "client_id": app["client_id"], "redirect_uri": BACK, "state": "abc"}
    page.goto(f"/oauth/authorize?{urlencode(asked | {'scope': 'read write follow push admin:read'})}")
    page.get_by_label("Your name here, or your email address").fill("anna")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()

    assert page.get_by_role("heading", level=1).inner_text() == "Let Elk act for you?"
    assert page.get_by_text("More than most apps need").is_visible()
    if scripts:
        assert page.evaluate(TOO_WIDE) == 0
        assert page.evaluate(TOO_FAINT)["faint"] == []
    page.get_by_role("button", name="Allow", exact=True).click()
    page.wait_for_url("https://elk.example/**")

    told = parse_qs(urlsplit(reached[0]).query)
    assert (told["state"], told["iss"], len(told["code"][0]) > 20) == (["abc"], [node.address], True)
    page.goto("/settings/apps")
    assert page.get_by_text("No app acts for you.").is_visible()


def test_somebody_lets_a_program_act_as_a_handle_and_copies_a_code(new_page: NewPage, node: Node) -> None:
    about = {"name": f"Maths team {LONG_WORD}", "username": "maths-team", "about": "All of us."}
    assert at_home(node, "ben").post("/handles/new", **about).status == 200
    app = register(node.address, "toot - a CLI client", OUT_OF_BAND, "read write follow")
    asked = {"response_type": "code", "client_id": app["client_id"], "redirect_uri": OUT_OF_BAND}
    page = new_page()
    page.goto(f"/oauth/authorize/?{urlencode(asked | {'scope': 'read write follow'})}")
    page.get_by_label("Your name here, or your email address").fill("ben")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()

    choice = page.get_by_role("group", name="As whom?")
    assert choice.get_by_role("radio").count() == 2
    assert choice.get_by_role("radio", name=LONG_NAME).is_checked()
    assert page.get_by_text("You then get a code, which you copy into the app.").is_visible()
    assert page.get_by_text("More than most apps need").count() == 0
    assert (page.evaluate(TOO_WIDE), page.evaluate(TOO_FAINT)["faint"]) == (0, [])
    choice.get_by_text("Maths team").click()
    page.get_by_role("button", name="Allow", exact=True).click()

    page.get_by_role("heading", level=1, name="A code for your app").wait_for()
    assert (page.evaluate(TOO_WIDE), page.evaluate(TOO_FAINT)["faint"]) == (0, [])
    shown = page.get_by_label("The code")
    # All of it is in sight, so that nobody copies a part.
    assert shown.evaluate(
        "field => [field.scrollWidth <= field.clientWidth, field.scrollHeight <= field.clientHeight]"
    ) == [
        True,
        True,
    ]
    code = shown.input_value()
    token = exchange(node.address, app, code, OUT_OF_BAND)
    assert who_is(node.address, token)["username"] == "maths-team"
