"""Who gets a document and who a page, and the headers both come with."""

from http import HTTPStatus

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from fedishare.ap import answers
from fedishare.core.errors import NotFound, Unreachable
from fedishare.http.routes import Handler

PROFILE = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        pytest.param("application/activity+json, application/ld+json", True, id="mastodon-documents"),
        pytest.param(f"{PROFILE}, application/activity+json", True, id="mastodon-objects"),
        pytest.param(f"{PROFILE}, application/activity+json, text/html;q=0.1", True, id="mastodon-pasted-address"),
        pytest.param("application/activity+json", True, id="lemmy"),
        pytest.param(f"application/activity+json, {PROFILE}", True, id="misskey"),
        pytest.param(PROFILE, True, id="pleroma"),
        pytest.param('application/ld+json;profile="https://www.w3.org/ns/activitystreams"', True, id="no-space"),
        pytest.param("application/ld+json; profile=https://www.w3.org/ns/activitystreams", True, id="no-quotes"),
        pytest.param('application/ld+json; profile="a, b;q=0"', True, id="comma-and-semicolon-in-quotes"),
        pytest.param("Application/Activity+JSON;Q=0.5", True, id="upper-case"),
        pytest.param("application/activity+json, text/html", True, id="both-alike"),
        pytest.param("text/html, application/activity+json;q=0.9", False, id="rather-a-page"),
        pytest.param("text/html;q=0.8, application/ld+json;q=0.9", True, id="rather-a-document"),
        pytest.param("application/activity+json;q=0", False, id="anything-but-a-document"),
        pytest.param("application/activity+json;q=much", False, id="unreadable-quality"),
        pytest.param("application/activity+json;q=nan", False, id="not-a-number"),
        pytest.param(BROWSER, False, id="browser"),
        pytest.param("*/*", False, id="curl"),
        pytest.param("application/*", False, id="any-application"),
        pytest.param("", False, id="absent"),
        pytest.param("application/json", False, id="plain-json"),
        pytest.param("application/jrd+json", False, id="webfinger"),
        pytest.param('application/ld+json; profile="unclosed', True, id="unclosed-quotes"),
        pytest.param(",;,q=1,;=", False, id="rubbish"),
    ],
)
def test_a_document_goes_to_those_who_ask_for_one(accept: str, *, expected: bool) -> None:
    assert answers.wants_activitypub(accept) is expected


def test_an_endless_accept_header_is_read_in_passing() -> None:
    assert answers.wants_activitypub('"' * 8000 + ",a" * 4000) is False


async def _served(handler: Handler) -> TestClient[web.Request, web.Application]:
    app = web.Application()
    app.router.add_get("/thing", handler)
    app.router.add_get("/things/{id}", handler)
    client = TestClient(TestServer(app))
    await client.start_server()
    return client


async def _a_document(_: web.Request) -> web.StreamResponse:
    return answers.document(b'{"id":"x"}', public=True)


async def _a_secret(_: web.Request) -> web.StreamResponse:
    return answers.document(b'{"id":"x"}', public=False)


async def test_the_content_type_leaves_as_it_was_written() -> None:
    async with await _served(answers.open_machine(_a_document)) as client:
        answer = await client.get("/thing")

        assert answer.headers["Content-Type"] == "application/activity+json"
        assert await answer.read() == b'{"id":"x"}'


async def test_a_public_document_may_be_kept_for_three_minutes() -> None:
    async with await _served(answers.open_machine(_a_document)) as client:
        answer = await client.get("/thing")

        assert (answer.headers["Cache-Control"], answer.headers["Vary"]) == ("public, max-age=180", "Accept, Signature")


async def test_a_document_for_some_stays_in_no_cache() -> None:
    async with await _served(answers.open_machine(_a_secret)) as client:
        answer = await client.get("/thing")

        assert (answer.headers["Cache-Control"], answer.headers["Vary"]) == ("private, no-store", "Accept, Signature")


async def test_who_has_a_document_gets_no_second_copy() -> None:
    async with await _served(answers.open_machine(_a_document)) as client:
        first = await client.get("/thing")
        again = await client.get("/thing", headers={"If-None-Match": f'"other", {first.headers["ETag"]}'})
        other = await client.get("/thing", headers={"If-None-Match": '"other"'})

        assert (again.status, await again.read()) == (HTTPStatus.NOT_MODIFIED, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
        assert other.status == HTTPStatus.OK


async def test_head_says_what_get_would() -> None:
    async with await _served(answers.open_machine(_a_document)) as client:
        got, asked = await client.get("/thing"), await client.head("/thing")

        assert (asked.status, await asked.read()) == (got.status, b"")
        for name in ("Content-Type", "Content-Length", "ETag", "Vary", "Cache-Control"):
            assert asked.headers[name] == got.headers[name]


async def test_errors_are_problem_details() -> None:
    async def busy(_: web.Request) -> web.StreamResponse:
        raise Unreachable("Busy.", retry_after=7)

    async with await _served(answers.open_machine(busy)) as client:
        answer = await client.get("/thing")

        assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert (answer.headers["Retry-After"], answer.headers["Cache-Control"]) == ("7", "private, no-store")
        assert await answer.json(content_type=None) == {
            "type": "about:blank",
            "title": "Service Unavailable",
            "status": 503,
            "detail": "Busy.",
        }


async def _a_page(_: web.Request) -> web.StreamResponse:
    return web.Response(text="<p>page</p>", content_type="text/html", headers={"Vary": "Cookie"})


@pytest.mark.parametrize(
    ("accept", "kind", "vary"),
    [
        pytest.param("application/activity+json", "application/activity+json", "Accept, Signature", id="server"),
        pytest.param(BROWSER, "text/html", "Accept, Cookie", id="person"),
    ],
)
async def test_one_address_has_a_face_for_each(accept: str, kind: str, vary: str) -> None:
    async with await _served(answers.negotiated(activitypub=_a_document, html=_a_page)) as client:
        answer = await client.get("/thing", headers={"Accept": accept})

        assert (answer.content_type, answer.headers["Vary"]) == (kind, vary)


async def test_a_redirect_for_people_varies_too() -> None:
    async def away(_: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("/elsewhere")

    async with await _served(answers.negotiated(activitypub=_a_document, html=away)) as client:
        answer = await client.get("/thing", headers={"Accept": BROWSER}, allow_redirects=False)

        assert (answer.status, answer.headers["Vary"]) == (HTTPStatus.FOUND, "Accept")


@pytest.mark.parametrize("text", ["0", "01", "-1", "1.json", "٣", "9223372036854775808", "9" * 40, "x", "1%20"])
async def test_what_we_would_never_mint_is_nothing(text: str) -> None:
    async def keyed(request: web.Request) -> web.StreamResponse:
        return web.json_response(answers.key(request))

    async with await _served(answers.open_machine(keyed)) as client:
        assert (await client.get(f"/things/{text}")).status == HTTPStatus.NOT_FOUND


async def test_an_id_is_read_up_to_the_largest() -> None:
    async def keyed(request: web.Request) -> web.StreamResponse:
        return web.json_response(answers.key(request))

    async with await _served(answers.open_machine(keyed)) as client:
        answer = await client.get(f"/things/{answers.LARGEST_ID}")

        assert await answer.json() == answers.LARGEST_ID


def test_what_is_not_there_and_what_is_not_shown_are_one_error() -> None:
    one, other = answers.refusal(answers.nothing()), answers.refusal(NotFound("There is nothing here."))

    assert (one.body, one.headers) == (other.body, other.headers)
