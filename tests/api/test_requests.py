"""What is true of every request: JSON whatever happens, browsers from anywhere, limits, and hostile bodies."""

import pytest
from sqlalchemy import Connection, update

from fedishare.api.keys import MISSES
from fedishare.api.misses import Miss
from fedishare.core.here import Here
from fedishare.db.accounts import Account
from fedishare.db.engine import Database
from tests.api.conftest import School
from tests.builders import FrozenClock


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/", 404),
        ("DELETE", "/api/v1/custom_emojis", 405),
        ("GET", "/api/v1/custom_emojis?%00=1", 400),
        ("GET", "/api/v9/" + "x" * 3000, 404),
    ],
)
async def test_whatever_goes_wrong_is_said_in_json(school: School, method: str, path: str, status: int) -> None:
    reply = await school.stranger.ask(method, path)

    assert (reply.status, set(reply.json)) == (status, {"error"})
    assert reply.headers["Access-Control-Allow-Origin"] == "*"


async def test_an_error_of_our_own_is_said_in_json_too(school: School) -> None:
    """A broken node is played by a database that is gone."""
    _, phone = await school.a_teacher()
    await school.db.write(lambda tx: tx.exec_driver_sql("ALTER TABLE token RENAME TO token_away"))
    try:
        reply = await phone.get("/api/v1/announcements")
    finally:
        await school.db.write(lambda tx: tx.exec_driver_sql("ALTER TABLE token_away RENAME TO token"))

    assert (reply.status, set(reply.json)) == (500, {"error"})
    assert "token" not in reply.error


async def test_a_browser_app_of_any_site_may_ask(school: School) -> None:
    asked = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
        "Sec-Fetch-Site": "cross-site",
    }
    reply = await school.stranger.ask("OPTIONS", "/api/v1/accounts/update_credentials", headers=asked)

    assert reply.status == 200
    assert reply.json == {}
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in reply.headers
    assert reply.headers["Access-Control-Allow-Headers"] == "authorization,content-type,idempotency-key"
    assert "PATCH" in reply.headers["Access-Control-Allow-Methods"]
    answered = await school.stranger.ask("GET", "/api/v1/custom_emojis", headers={"Origin": "https://app.example"})
    assert answered.headers["Access-Control-Allow-Origin"] == "*"
    assert "Link" in answered.headers["Access-Control-Expose-Headers"]
    assert answered.headers["Vary"] == "Authorization"


async def test_a_session_of_a_browser_is_nothing_to_the_api(school: School) -> None:
    _, browser, _ = await school.both()
    cookie = {"Cookie": f"__Host-fs={browser.secret}"}

    reply = await school.stranger.ask("GET", "/api/v1/announcements", headers=cookie)

    assert (reply.status, reply.error) == (401, "The access token is invalid")


async def test_a_token_in_the_address_is_ignored(school: School) -> None:
    _, phone = await school.a_teacher()

    reply = await school.stranger.get("/api/v1/announcements", access_token=phone.token)

    assert reply.status == 401


async def test_requests_are_counted_and_too_many_are_refused(school: School, clock: FrozenClock) -> None:
    _, phone = await school.a_teacher()
    _, other = await school.a_teacher()

    replies = [await phone.get("/api/v1/announcements") for _ in range(301)]

    assert [replies[0].headers[f"X-RateLimit-{name}"] for name in ("Limit", "Remaining")] == ["300", "299"]
    assert replies[0].headers["X-RateLimit-Reset"] == "2026-09-07T08:35:00.000Z"
    assert [reply.status for reply in replies[298:]] == [200, 200, 429]
    assert replies[300].headers["Retry-After"] == "301"
    assert (await other.get("/api/v1/announcements")).status == 200
    clock.tick(minutes=5)
    assert (await phone.get("/api/v1/announcements")).status == 200


async def test_made_up_tokens_do_not_get_around_the_limit(school: School) -> None:
    phone, statuses = school.stranger, set()
    for number in range(302):
        phone.token = f"made-up-{number}"
        statuses.add((await phone.get("/api/v1/announcements")).status)

    assert statuses == {401, 429}


async def test_what_is_missing_is_counted_by_app(school: School) -> None:
    for number in (1, 2):
        await school.stranger.ask("GET", f"/api/v7/things/{number}/parts", headers={"User-Agent": "Tusky/27"})

    counts = school.client.app[MISSES].counts

    assert counts == {Miss("Tusky/27", "GET", "/api/v7/things/:id/parts"): 2}


async def test_a_closed_account_is_told_so(school: School, db: Database, here: Here) -> None:
    person, phone = await school.a_teacher()

    def close(tx: Connection) -> None:
        tx.execute(update(Account).where(Account.id == person.id).values(disabled_at=here.now()))

    await db.write(close)
    reply = await phone.get("/api/v1/announcements")

    assert (reply.status, reply.error) == (403, "Your login is currently disabled")
