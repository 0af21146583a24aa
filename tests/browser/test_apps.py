"""An app signs somebody in through the page of the node, on a phone."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Request, Route

from tests.api.open_node import register
from tests.browser.conftest import PASSWORD, NewPage, Node
from tests.browser.test_looks import TOO_FAINT, TOO_WIDE

BACK = "https://elk.example/signed-in"


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
