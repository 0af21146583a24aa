"""Codes, what they are exchanged for, and how a token ends."""

import base64
from typing import Any

import pytest
from sqlalchemy import Connection

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.domain import scopes
from fedishare.queries import tokens
from fedishare.services import accounts, people
from tests.api.conftest import Phone, School
from tests.api.signing_in import (
    CHALLENGE,
    VERIFIER,
    a_code,
    an_app,
    exchange,
    signed_in,
)
from tests.builders import FrozenClock


async def test_a_code_that_comes_twice_ends_what_it_was_exchanged_for(school: School) -> None:
    app = await an_app(school)
    _, browser = await school.node.a_teacher()
    code = await a_code(browser, app)
    token = (await exchange(school, app, code)).json["access_token"]
    assert (await Phone(school.client, token).get("/oauth/userinfo")).status == 200

    again = await exchange(school, app, code)

    assert (again.status, again.json["error"]) == (400, "invalid_grant")
    assert (await Phone(school.client, token).get("/oauth/userinfo")).status == 401


@pytest.mark.parametrize(
    "over",
    [
        {"redirect_uri": "https://elk.example/other"},
        {"redirect_uri": ""},
        {"code_verifier": VERIFIER + "x"},
        {"code_verifier": ""},
        {"code_verifier": CHALLENGE},
        {"code": "made-up"},
        {"code": ""},
    ],
)
async def test_a_code_without_all_that_belongs_to_it_is_worth_nothing(school: School, over: dict[str, str]) -> None:
    app = await an_app(school)
    _, browser = await school.node.a_teacher()
    code = await a_code(browser, app, code_challenge=CHALLENGE, code_challenge_method="S256")

    refused = await exchange(school, app, **({"code": code, "code_verifier": VERIFIER} | over))

    assert (refused.status, refused.json["error"]) == (400, "invalid_grant")
    assert (await exchange(school, app, code, code_verifier=VERIFIER)).status == 200


async def test_a_verifier_that_nobody_asked_for_is_refused(school: School) -> None:
    app = await an_app(school)
    _, browser = await school.node.a_teacher()

    reply = await exchange(school, app, await a_code(browser, app), code_verifier=VERIFIER)

    assert (reply.status, reply.json["error"]) == (400, "invalid_grant")


async def test_a_code_is_for_the_app_that_asked(school: School) -> None:
    app, thief = await an_app(school), await an_app(school, client_name="Elk")
    _, browser = await school.node.a_teacher()
    code = await a_code(browser, app)

    stolen = await exchange(school, thief, code)

    assert (stolen.status, stolen.json["error"]) == (400, "invalid_grant")
    assert (await exchange(school, app, code)).status == 200


async def test_a_code_lives_for_a_minute(school: School, clock: FrozenClock) -> None:
    app = await an_app(school)
    _, browser = await school.node.a_teacher()
    code = await a_code(browser, app)
    clock.tick(seconds=60)

    assert (await exchange(school, app, code)).json["error"] == "invalid_grant"


async def test_codes_and_tokens_are_kept_as_hashes_only(school: School) -> None:
    app = await an_app(school)
    _, browser = await school.node.a_teacher()
    code = await a_code(browser, app)
    token = (await exchange(school, app, code)).json["access_token"]

    def everything(tx: Any) -> str:
        tables = ("app", "code", "token")
        return repr([tuple(row) for name in tables for row in tx.exec_driver_sql(f"SELECT * FROM {name}")])  # noqa: S608

    kept = await school.db.read(everything)

    assert not [secret for secret in (code, token, app["client_secret"]) if secret in kept]
    assert app["client_id"] in kept


async def test_an_app_may_have_a_token_for_itself(school: School) -> None:
    app = await an_app(school)
    sent = {"grant_type": "client_credentials", "scope": "read"}
    basic = base64.b64encode(f"{app['client_id']}:{app['client_secret']}".encode()).decode()

    with_header = await school.stranger.ask(
        "POST", "/oauth/token", data=sent, headers={"Authorization": f"Basic {basic}"}
    )
    in_body = await school.stranger.post(
        "/oauth/token", **sent, client_id=app["client_id"], client_secret=app["client_secret"]
    )

    phone = Phone(school.client, with_header.json["access_token"])
    assert (with_header.json["scope"], in_body.json["scope"]) == ("read", "read")
    assert (await phone.get("/api/v1/apps/verify_credentials")).json["name"] == "Elk"
    assert (await phone.get("/oauth/userinfo")).status == 422


@pytest.mark.parametrize(
    ("over", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "wrong"}, 401, "invalid_client"),
        ({"client_id": {"a": 1}}, 422, None),
        ({"grant_type": "password", "username": "ada", "password": "x"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"scope": "admin:read"}, 400, "invalid_scope"),
        ({"scope": "fly"}, 400, "invalid_scope"),
    ],
)
async def test_what_is_wrong_is_said_in_the_words_of_the_standard(
    school: School, over: dict[str, Any], status: int, error: str | None
) -> None:
    app = await an_app(school)
    sent = {"grant_type": "client_credentials", "client_id": app["client_id"], "client_secret": app["client_secret"]}

    reply = await school.stranger.post("/oauth/token", sent | over)

    assert reply.status == status
    assert error is None or (reply.json["error"], set(reply.json)) == (error, {"error", "error_description"})


@pytest.mark.parametrize(
    "header", ["Basic", "Basic !!!", "Basic " + base64.b64encode(b"\xff\xfe").decode(), "Basic eA=="]
)
async def test_a_broken_header_is_no_client(school: School, header: str) -> None:
    reply = await school.stranger.ask(
        "POST", "/oauth/token", data={"grant_type": "client_credentials"}, headers={"Authorization": header}
    )

    assert (reply.status, reply.json["error"]) == (401, "invalid_client")
    assert reply.headers["WWW-Authenticate"].startswith("Basic")


async def test_an_app_gives_its_token_back_and_may_do_so_twice(school: School) -> None:
    app, other = await an_app(school), await an_app(school)
    _, browser = await school.node.a_teacher()
    phone = await signed_in(school, browser, app)

    def sent(app: dict[str, Any], **over: str) -> dict[str, str]:
        return {"client_id": app["client_id"], "client_secret": app["client_secret"], "token": phone.token or ""} | over

    others = await school.stranger.post("/oauth/revoke", sent(other))
    unproved = await school.stranger.post("/oauth/revoke", sent(app, client_secret="wrong"))
    still = await phone.get("/oauth/userinfo")
    first, second = [await school.stranger.post("/oauth/revoke", sent(app)) for _ in range(2)]

    assert [(each.status, each.json["error"]) for each in (others, unproved)] == [(403, "unauthorized_client")] * 2
    assert still.status == 200
    assert [(each.status, each.json) for each in (first, second)] == [(200, {})] * 2
    assert (await phone.get("/oauth/userinfo")).status == 401


async def test_a_teacher_sees_which_apps_act_for_them_and_removes_one(school: School, clock: FrozenClock) -> None:
    app = await an_app(school, client_name="Tusky")
    _, browser = await school.node.a_teacher()
    _, other = await school.node.a_teacher()
    phone = await signed_in(school, browser, app)
    await phone.get("/oauth/userinfo")
    clock.tick(hours=3)

    page = await browser.get("/settings/apps")
    token = page.root.one("main").one("input", name="token")["value"]
    await other.post("/settings/apps/remove", {"token": token})
    untouched = await phone.get("/oauth/userinfo")
    await browser.post("/settings/apps/remove", {"token": token})

    assert "Tusky" in page.root.text
    assert "Last used: 3 h." in page.root.text
    assert "Read everything that you can read here" in page.root.text
    assert untouched.status == 200
    assert (await phone.get("/oauth/userinfo")).status == 401
    assert "No app acts for you." in (await browser.get("/settings/apps")).root.text
    assert (await other.post("/settings/apps/remove", {"token": "x"})).status == 400


async def test_a_new_password_ends_every_token(school: School, db: Database, here: Here) -> None:
    """AUTH-09."""
    person, browser = await school.node.a_teacher()
    phone = await signed_in(school, browser, await an_app(school))
    code = await a_code(browser, app := await an_app(school))

    await db.write(accounts.change_password, here, account_id=person.id, password_hash="new")

    assert (await phone.get("/oauth/userinfo")).status == 401
    assert (await exchange(school, app, code)).json["error"] == "invalid_grant"


async def test_whoever_is_deleted_has_no_app_any_more(school: School, db: Database, here: Here) -> None:
    person, browser = await school.node.a_teacher()
    phone = await signed_in(school, browser, await an_app(school))

    await db.write(people.remove, actor_id=person.id, here=here)

    assert (await phone.get("/oauth/userinfo")).status == 401


async def test_the_metadata_name_every_address_and_every_scope(school: School) -> None:
    reply = await school.stranger.get("/.well-known/oauth-authorization-server")

    found = reply.json
    assert found["issuer"] == "https://alder.test"
    assert found["token_endpoint"] == "https://alder.test/oauth/token"
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["scopes_supported"] == list(scopes.ALL)
    assert reply.headers["Access-Control-Allow-Origin"] == "*"


async def test_a_token_is_looked_up_by_keys_alone(school: School) -> None:
    """Whatever has grown meanwhile: no table is read through for it."""

    def plan(tx: Connection) -> list[str]:
        if tx.dialect.name != "sqlite":  # PostgreSQL reads an empty table through whatever indices there are.
            return []
        written = str(tokens.BEARER.compile(dialect=tx.dialect))
        asked = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {written}", ("",) * written.count("?"))
        return [row[3] for row in asked]

    steps = await school.db.read(plan)

    assert [step for step in steps if not step.startswith("SEARCH")] == []
