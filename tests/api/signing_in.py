"""The steps in which an app comes by a token, each as an app and a browser would take it."""

import base64
import hashlib
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from fedishare.domain.kinds import Kind
from fedishare.services import handles, runners
from tests.api.conftest import Phone, Reply, School
from tests.builders import Made, an_ed25519_pair, an_rsa_pair
from tests.web.conftest import Browser, Page

BACK: Final = "https://elk.example/api/alder.test/oauth/https%3A%2F%2Felk.example"
VERIFIER: Final = "correct-horse-battery-staple-correct-horse-battery"
CHALLENGE: Final = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
OUT_OF_BAND: Final = "urn:ietf:wg:oauth:2.0:oob"


async def an_app(school: School, **over: Any) -> dict[str, Any]:
    sent = {"client_name": "Elk", "redirect_uris": BACK, "scopes": "read write follow push", "website": ""} | over
    reply = await school.stranger.post("/api/v1/apps", sent)
    assert reply.status == 200, reply.json
    app: dict[str, Any] = reply.json
    return app


def asked(app: dict[str, Any], **over: str) -> dict[str, str]:
    return {
        "response_type": "code",
        "client_id": app["client_id"],
        "redirect_uri": app["redirect_uris"][0],
        "scope": "read write",
        "state": "s t&ate",
    } | over


async def allow(browser: Browser, wish: dict[str, str], **over: str) -> Page:
    return await browser.post("/oauth/authorize", wish | {"answer": "allow"} | over)


def brought(page: Page) -> dict[str, str]:
    """What the app gets through the redirect."""
    assert page.status == 303, page.root.text
    return dict(parse_qsl(urlsplit(page.location).query))


async def exchange(school: School, app: dict[str, Any], code: str, **over: str) -> Reply:
    sent = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": app["client_id"],
        "client_secret": app["client_secret"],
        "redirect_uri": app["redirect_uris"][0],
    } | over
    return await school.stranger.post("/oauth/token", {key: value for key, value in sent.items() if value})


async def a_code(browser: Browser, app: dict[str, Any], **over: str) -> str:
    return brought(await allow(browser, asked(app, **over)))["code"]


async def a_handle(school: School, owner: Made, *, username: str = "maths", kind: Kind = Kind.PERSON) -> Made:
    handle_id = await school.db.write(
        handles.open_handle,
        school.here,
        owner_id=owner.id,
        username=username,
        name="Maths team",
        about="",
        rsa=an_rsa_pair(),
        ed25519=an_ed25519_pair(),
        kind=kind,
    )
    return Made(handle_id, f"https://alder.test/users/{username}")


async def runs_too(school: School, handle: Made, owner: Made, person: Made) -> None:
    await school.db.write(runners.invite, school.here, handle_id=handle.id, by_id=owner.id, actor_id=person.id)
    await school.db.write(runners.answer, school.here, handle_id=handle.id, actor_id=person.id, accepts=True)


async def signed_in(school: School, browser: Browser, app: dict[str, Any]) -> Phone:
    code = await a_code(browser, app)
    return Phone(school.client, (await exchange(school, app, code)).json["access_token"])
