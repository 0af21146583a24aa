"""Apps that register themselves."""

from typing import Any

import pytest
from aiohttp import FormData

from tests.api.conftest import School
from tests.api.signing_in import BACK, OUT_OF_BAND, an_app


async def test_an_app_registers_and_is_given_what_it_needs(school: School) -> None:
    app = await an_app(school, website="https://elk.example")

    secrets = (app.pop("client_id"), app.pop("client_secret"), app.pop("id"), app.pop("vapid_key"))
    assert all(secrets)
    assert app == {
        "name": "Elk",
        "website": "https://elk.example",
        "scopes": ["read", "write", "follow", "push"],
        "redirect_uri": BACK,
        "redirect_uris": [BACK],
        "client_secret_expires_at": 0,
    }


@pytest.mark.parametrize(
    "given",
    [
        ["https://a.example/x", "app://b"],
        "https://a.example/x\napp://b",
        "https://a.example/x\r\napp://b",
    ],
)
async def test_several_redirect_uris_come_in_several_shapes(school: School, given: Any) -> None:
    assert (await an_app(school, redirect_uris=given))["redirect_uris"] == ["https://a.example/x", "app://b"]


async def test_an_app_may_register_with_a_form(school: School) -> None:
    form = {"client_name": "Tusky", "redirect_uris": "oauth2redirect://com.keylesspalace.tusky/", "scopes": "read"}

    urlencoded = await school.stranger.post("/api/v1/apps", **form)
    multipart = await school.stranger.ask("POST", "/api/v1/apps", data=_multipart(form))

    assert [reply.json["redirect_uri"] for reply in (urlencoded, multipart)] == [form["redirect_uris"]] * 2


def _multipart(form: dict[str, str]) -> Any:
    data = FormData(default_to_multipart=True)
    for name, value in form.items():
        data.add_field(name, value)
    return data


@pytest.mark.parametrize(
    "address",
    [
        "mastodon-android-auth://callback",
        "com.tapbots.Ivory.10217:/request_token",
        "mastodon://joinmastodon.org/oauth",
        "http://localhost:4180/oauth?x=1",
        OUT_OF_BAND,
    ],
)
async def test_addresses_of_programs_are_taken_as_they_are(school: School, address: str) -> None:
    assert (await an_app(school, redirect_uris=address))["redirect_uris"] == [address]


@pytest.mark.parametrize(
    "over",
    [
        {"redirect_uris": "javascript:alert(1)"},
        {"redirect_uris": "JavaScript:alert(1)"},
        {"redirect_uris": "data:text/html,x"},
        {"redirect_uris": "vbscript:x"},
        {"redirect_uris": "/relative"},
        {"redirect_uris": "https://a.example/#fragment"},
        {"redirect_uris": "https://bücher.example/"},
        {"redirect_uris": ""},
        {"redirect_uris": []},
        {"redirect_uris": {"a": {"b": 1}}},
        {"redirect_uris": "https://a.example/" + "x" * 3000},
        {"client_name": ""},
        {"client_name": ["a", {}]},
        {"scopes": "read fly"},
        {"scopes": "read " * 2000},
    ],
)
async def test_what_cannot_be_an_app_is_refused_in_words(school: School, over: dict[str, Any]) -> None:
    reply = await school.stranger.post("/api/v1/apps", {"client_name": "X", "redirect_uris": "app://x"} | over)

    assert (reply.status, set(reply.json)) == (422, {"error"})


async def test_the_name_of_an_app_is_shortened_and_made_plain(school: School) -> None:
    app = await an_app(school, client_name="Elk\u202e\u0007" + "x" * 10_000, website="javascript:alert(1)")

    assert app["name"].startswith("Elk")
    assert len(app["name"]) <= 100
    assert app["name"].isprintable()
    assert app["website"] is None
