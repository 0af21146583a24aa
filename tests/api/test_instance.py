"""What apps ask of a node before they show the way in."""

from typing import Final

import pytest

from fedishare.api.endpoints import api_version, endpoints
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.services import nodes
from tests.api import golden
from tests.api.conftest import School
from tests.builders import a_person, a_post

# What some app cannot do without (client-api 4): a missing one keeps people from signing in.
NEEDED: Final = ("domain", "title", "version", "description", "registrations", "usage", "thumbnail", "languages")


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_the_node_says_what_it_is(school: School, db: Database, here: Here, version: str) -> None:
    ada, _ = await school.a_teacher()
    await a_post(db, here, by=ada)

    reply = await school.stranger.get(f"/api/{version}/instance")

    assert reply.headers["Cache-Control"] == "public, max-age=60"
    if version == "v2":  # Every node has a key of its own.
        assert reply.json["configuration"]["vapid"].pop("public_key")
    golden.same(f"instance_{version}", reply.json)


async def test_nothing_is_missing_that_some_app_insists_on(school: School) -> None:
    found = (await school.stranger.get("/api/v2/instance")).json

    assert set(NEEDED) <= set(found)
    assert found["thumbnail"]["url"].startswith("https://alder.test/static/")
    assert found["version"].startswith("4.5.0 (compatible; FediShare ")
    assert isinstance(found["configuration"]["accounts"]["max_featured_tags"], int)
    assert found["configuration"]["urls"]["streaming"] == "wss://alder.test"


def test_the_number_of_the_api_says_no_more_than_is_served() -> None:
    served = {(each.method, each.path) for each in endpoints()}

    assert (api_version() >= 2) is (("GET", "/api/v2/notifications") in served)
    assert api_version() < 7 or ("GET", "/api/v1/statuses/{id}/quotes") in served
    assert api_version() < 8 or ("GET", "/api/v1/profile") in served
    assert api_version() < 9


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/api/v1/instance/rules", []),
        ("/api/v1/instance/peers", []),
        ("/api/v1/instance/activity", []),
        ("/api/v1/instance/translation_languages", {}),
        ("/api/v1/custom_emojis", []),
        ("/api/v1/trends/tags", []),
    ],
)
async def test_what_is_not_kept_has_the_right_shape(school: School, path: str, answer: object) -> None:
    reply = await school.stranger.get(path)

    assert (reply.status, reply.json) == (200, answer)


async def test_the_node_tells_about_itself_in_words(school: School) -> None:
    found = (await school.stranger.get("/api/v1/instance/extended_description")).json

    assert set(found) == {"updated_at", "content"}
    assert found["updated_at"].endswith("Z")
    assert "Accounts are for staff" in found["content"]
    assert (await school.stranger.get("/api/v1/instance/terms_of_service")).status == 404
    assert {"code": "cy", "name": "Cymraeg"} in (await school.stranger.get("/api/v1/instance/languages")).json


async def test_blocked_servers_are_told_to_those_who_belong_here(school: School, db: Database, here: Here) -> None:
    _, phone = await school.a_teacher()
    await a_person(db, here, local=False, domain="bad.example")
    await db.write(nodes.block, here, domain="bad.example", reason="Spam about pupils")

    found = (await phone.get("/api/v1/instance/domain_blocks")).json

    assert [(each["domain"], each["severity"], each["comment"]) for each in found] == [("bad.example", "suspend", None)]
    assert len(found[0]["digest"]) == 64
    assert (await school.stranger.get("/api/v1/instance/domain_blocks")).status == 401


async def test_the_check_for_supervisors_answers_in_plain_text(school: School) -> None:
    async with school.client.get("/health") as answer:
        assert (answer.status, await answer.text()) == (200, "OK")


async def test_nodeinfo_and_host_meta_can_be_read_by_browser_apps(school: School) -> None:
    for path in ("/.well-known/nodeinfo", "/nodeinfo/2.0", "/nodeinfo/2.1", "/.well-known/host-meta"):
        async with school.client.get(path, headers={"Origin": "https://phanpy.example"}) as answer:
            assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
        asked = {"Origin": "https://phanpy.example", "Access-Control-Request-Method": "GET"}
        async with school.client.options(path, headers=asked) as answer:
            assert answer.status == 200
