"""The table of endpoints: what each declares is what it asks for, whoever comes with whatever token."""

import re
from typing import Final

import pytest

from fedishare import app
from fedishare.api.endpoints import endpoints
from fedishare.api.routes import Door, Endpoint, Routes, Token
from fedishare.api.streaming.routes import HEALTH, Stream
from fedishare.domain import scopes
from fedishare.domain.permissions import Role
from fedishare.http.errors import is_for_apps
from fedishare.settings import Settings
from tests.api.conftest import School, on_one_database

ALL: Final = endpoints()
# Open to anybody who asks, with no token and no look at one.
OPEN: Final = {(each.method, each.path) for each in ALL if each.token is Token.NONE}


INSTANCE: Final = (
    "",
    "/activity",
    "/extended_description",
    "/languages",
    "/peers",
    "/privacy_policy",
    "/rules",
    "/terms_of_service",
    "/translation_languages",
)


def address(endpoint: Endpoint) -> str:
    return re.sub(r"{[^}]+}", "1", endpoint.path)


def test_no_two_endpoints_share_an_address() -> None:
    declared = [(each.method, each.path) for each in ALL]

    assert len(declared) == len(set(declared))


def test_an_endpoint_without_a_scope_cannot_be_declared() -> None:
    routes = Routes()

    with pytest.raises(TypeError):
        routes.reads("GET", "/api/v1/open")  # type: ignore[call-arg]  # this is what is refused

    assert routes == []


def test_every_endpoint_declares_scopes_that_exist_or_is_known_to_be_open() -> None:
    """An endpoint that asks for none has to stand in one of the lists below, by name."""
    assert {name for each in ALL for name in each.scopes} <= scopes.KNOWN
    without = {(each.method, each.path, each.token) for each in ALL if not each.scopes}

    assert without == {
        *((*key, Token.NONE) for key in FOR_ANYBODY),
        *((*key, Token.MAYBE) for key in FOR_ANYBODY_AS_WHO_THEY_ARE),
        *((*key, token) for key, token in FOR_WHOEVER_SIGNED_IN.items()),
    }


# With no look at a token: what a node says of itself, and the ways to get a token.
FOR_ANYBODY: Final = frozenset(
    {
        *(("GET", f"/api/v1/instance{part}") for part in INSTANCE),
        ("GET", "/api/v1/trends/links"),
        *(("GET", path) for path in ("/api/v2/instance", "/api/v1/custom_emojis", "/api/v1/directory", *HEALTH)),
        ("GET", "/.well-known/oauth-authorization-server"),
        *(("POST", path) for path in ("/api/v1/apps", "/oauth/token", "/oauth/revoke")),
        *(("GET", f"/api/fedishare/v1/{name}") for name in ("openapi.json", "vocabularies")),
    }
)
FOR_ANYBODY_AS_WHO_THEY_ARE: Final = frozenset(
    {
        *(("GET", f"/api/v1/timelines/{name}") for name in ("public", "tag/{name}", "link")),
        *(("GET", f"/api/v1/trends{part}") for part in ("", "/tags", "/statuses")),
    }
)
# A token is enough to say whose it is.
FOR_WHOEVER_SIGNED_IN: Final = {
    ("GET", "/api/v1/instance/domain_blocks"): Token.USER,
    ("GET", "/api/v1/apps/verify_credentials"): Token.APP,
}


def test_whatever_the_application_serves_to_apps_stands_in_the_table(settings: Settings) -> None:
    served = {
        (route.method, route.resource.canonical.removesuffix("/"))
        for route in app.build(settings).router.routes()
        if route.resource is not None and is_for_apps(route.resource.canonical) and route.method != "HEAD"
    }

    assert served == {(each.method, each.path) for each in ALL if is_for_apps(each.path)}


def test_what_changes_something_does_so_in_one_write_or_on_its_own() -> None:
    assert [each for each in ALL if each.method != "GET" and each.door is Door.READ] == []


@on_one_database
async def test_without_a_token_only_what_is_open_answers(school: School) -> None:
    closed = [each for each in ALL if each.token in {Token.APP, Token.USER}]

    found = {(each.method, each.path): await school.stranger.ask(each.method, address(each)) for each in closed}

    assert {key: (reply.status, reply.error) for key, reply in found.items()} == {
        (each.method, each.path): (401, "The access token is invalid") for each in closed
    }


@on_one_database
async def test_a_token_that_nobody_was_given_opens_nothing(school: School) -> None:
    asking = [each for each in ALL if each.token is not Token.NONE]
    school.node.change(app_requests=None)
    phone = school.stranger
    phone.token = "made-up"

    found = {(each.method, each.path): (await phone.ask(each.method, address(each))).status for each in asking}

    assert set(found.values()) == {401}


@on_one_database
async def test_every_scope_but_the_right_ones_is_refused(school: School) -> None:
    """Each endpoint is asked with a token that holds every scope there is, but for those that it asks for."""
    person, _ = await school.a_teacher()
    wrong = {}
    for each in [each for each in ALL if each.scopes]:
        fitting = {broad for broad, held in scopes.HOLDS.items() if {broad, *held} & set(each.scopes)}
        others = " ".join(name for name in scopes.ALL if name not in fitting | set(each.scopes))
        phone = await school.phone(person, scopes=others)
        reply = await phone.ask(each.method, address(each))
        if (reply.status, reply.json) != (403, {"error": "This action is outside the authorized scopes"}):
            wrong[each.method, each.path] = (reply.status, reply.json)

    assert wrong == {}


@on_one_database
async def test_an_app_by_itself_is_no_person(school: School) -> None:
    phone = await school.phone(None)
    theirs = [each for each in ALL if each.token is Token.USER]

    found = {(each.method, each.path): await phone.ask(each.method, address(each)) for each in theirs[:200]}

    expected = (422, "This method requires an authenticated user")
    assert {key: (reply.status, reply.error) for key, reply in found.items()} == dict.fromkeys(found, expected)


async def test_with_the_right_scope_every_endpoint_answers_and_never_breaks(school: School) -> None:
    """Nothing of what is asked for exists, so most say so; none says more, and none fails."""
    person, _ = await school.a_teacher(role=Role.ADMIN)
    odd = {}
    for each in [each for each in ALL if not isinstance(each, Stream) and each.path not in HEALTH]:
        phone = await school.phone(person, scopes=" ".join(each.scopes) or "read")
        reply = await phone.ask(each.method, address(each))
        if reply.status in {401, 403, 405} or reply.status >= 500:
            odd[each.method, each.path] = (reply.status, reply.json)

    assert {key: value for key, value in odd.items() if key[1] not in ASKS_FOR_MORE} == {}


@on_one_database
async def test_each_of_several_scopes_is_enough(school: School) -> None:
    person, _ = await school.a_teacher()
    several = [(each, name) for each in ALL if len(each.scopes) > 1 for name in each.scopes]

    found = {}
    for each, name in several:
        phone = await school.phone(person, scopes=name)
        if not isinstance(each, Stream):
            found[each.path, name] = (await phone.ask(each.method, address(each))).status

    assert several != []
    assert {key: status for key, status in found.items() if status in {401, 403}} == {}


# For more than a token: an app says who it is, too.
ASKS_FOR_MORE: Final = frozenset({"/oauth/token", "/oauth/revoke"})
