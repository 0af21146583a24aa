"""Finding out who is here: WebFinger, host-meta, NodeInfo."""

import json as stdlib_json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from fedishare.ap import wellknown
from fedishare.core.errors import Invalid, NotFound
from fedishare.core.here import Here
from fedishare.core.uris import Uris
from fedishare.db.engine import Database
from fedishare.db.people import Actor
from fedishare.domain.audience import Visibility
from fedishare.net.webfinger import ACTOR_TYPES
from tests.ap.conftest import Peer
from tests.ap.test_published import change
from tests.builders import MONDAY, FrozenClock, Made, a_person, a_post, a_room

SCHEMAS: Final = Path(__file__).parents[3] / "shared" / "schemas" / "nodeinfo"
FINGER: Final = "/.well-known/webfinger"


async def ask(peer: Peer, resource: str, more: str = "") -> Any:
    return await peer.get(f"{FINGER}?resource={resource}{more}", accept="application/jrd+json, application/json")


ANNA: Final = (
    "acct:anna@alder.test",
    "acct:Anna@ALDER.test",
    "ACCT:anna@alder.test",
    "acct%3Aanna%40alder.test",
    "acct:@anna@alder.test",
    "anna@alder.test",
    "acct:anna@alder.test:443",
    "https://alder.test/users/anna",
    "HTTPS://Alder.Test/users/anna",
    "https://alder.test/@anna",
    "https://alder.test/@ANNA",
)
NODE: Final = (
    "acct:alder.test@alder.test",
    "https://alder.test",
    "https://alder.test/",
    "https://alder.test/actor",
)
NOT_FOUND: Final = {
    "acct:nobody@alder.test": 404,
    "acct:anna@birch.test": 404,
    "acct:anna@alder.test.birch.test": 404,
    "https://birch.test/users/anna": 404,
    "http://alder.test/users/anna": 404,
    "https://alder.test/users/nobody": 404,
    "": 400,
    "acct:anna": 400,
    "acct:@alder.test": 400,
    "acct:a@b@alder.test": 400,
    "mailto:anna@alder.test": 400,
    "https:anna": 400,
    "a" * 5000: 400,
    "acct:anna@alder.test&resource=acct:ben@alder.test": 400,
}


async def test_a_person_is_found_however_they_are_asked_for(peer: Peer, db: Database, here: Here) -> None:
    anna = await a_person(db, here, username="anna")

    answers = [await ask(peer, resource) for resource in ANNA]

    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert answers[0].headers["Content-Type"] == "application/jrd+json"
    assert answers[0].headers["Access-Control-Allow-Origin"] == "*"
    assert answers[0].json["subject"] == "acct:anna@alder.test"
    assert answers[0].json["aliases"] == ["https://alder.test/@anna", anna.uri]
    assert answers[0].json["links"][0] == {"rel": "self", "type": ACTOR_TYPES[0], "href": anna.uri}


async def test_the_node_itself_is_found(peer: Peer, node: Made) -> None:
    answers = [await ask(peer, resource) for resource in NODE]

    links = {link["rel"]: link.get("href") for link in answers[0].json["links"]}
    assert len({(answer.status, answer.body) for answer in answers}) == 1
    assert answers[0].json["subject"] == "acct:alder.test@alder.test"
    assert links["self"] == links["https://www.w3.org/ns/activitystreams#Service"] == node.uri


async def test_a_room_is_found(peer: Peer, db: Database, here: Here) -> None:
    room = await a_room(db, here, username="maths")

    answer = await ask(peer, "acct:maths@alder.test")

    assert answer.json["links"][0]["href"] == room.uri


async def test_the_answer_says_how_to_act_from_another_server(peer: Peer, db: Database, here: Here) -> None:
    await a_person(db, here, username="anna", icon_url="https://alder.test/media/a.png")

    links = (await ask(peer, "acct:anna@alder.test")).json["links"]

    templates = {link["rel"]: link["template"] for link in links if "template" in link}
    interact, intents = "https://alder.test/authorize_interaction?uri=", "https://alder.test/intents"
    acted = "object={object}&on-success={on-success}&on-cancel={on-cancel}"
    assert templates == {
        "http://ostatus.org/schema/1.0/subscribe": f"{interact}{{uri}}",
        "https://w3id.org/fep/3b86/Object": f"{intents}/object?object={{object}}",
        "https://w3id.org/fep/3b86/Follow": f"{intents}/follow?{acted}",
        "https://w3id.org/fep/3b86/Announce": f"{intents}/announce?{acted}",
        "https://w3id.org/fep/3b86/Like": f"{intents}/like?{acted}",
        "https://w3id.org/fep/3b86/Create": (
            f"{intents}/create?name={{name}}&summary={{summary}}&content={{content}}&inReplyTo={{inReplyTo}}"
        ),
    }
    assert links[-1] == {
        "rel": "http://webfinger.net/rel/avatar",
        "href": "https://alder.test/media/a.png",
        "type": "image/png",
    }


async def test_only_the_links_asked_for_are_given(peer: Peer, db: Database, here: Here) -> None:
    await a_person(db, here, username="anna")

    answer = await ask(peer, "acct:anna@alder.test", "&rel=self&rel=unheard-of")

    assert [link["rel"] for link in answer.json["links"]] == ["self"]


async def test_what_cannot_be_found_is_said_with_a_status(peer: Peer, db: Database, here: Here) -> None:
    await a_person(db, here, username="anna")

    answers = {resource: await ask(peer, resource) for resource in NOT_FOUND}

    assert {resource: answer.status for resource, answer in answers.items()} == NOT_FOUND
    assert {answer.headers["Access-Control-Allow-Origin"] for answer in answers.values()} == {"*"}


async def test_a_question_about_nothing_is_malformed(peer: Peer) -> None:
    assert (await peer.get(FINGER)).status == 400


async def test_a_deleted_person_is_gone_and_a_suspended_one_stays_named(peer: Peer, db: Database, here: Here) -> None:
    anna, ben = [await a_person(db, here, username=name) for name in ("anna", "ben")]
    await db.write(change, Actor, anna, deleted_at=MONDAY)
    await db.write(change, Actor, ben, suspended_at=MONDAY)

    assert [(await ask(peer, f"acct:{name}@alder.test")).status for name in ("anna", "ben")] == [410, 200]


@pytest.mark.parametrize(
    "resource",
    [
        "acct:anna@cornerstone.localhost:8101",
        "acct:anna@cornerstone.localhost",
        "http://cornerstone.localhost:8101/@anna",
    ],
)
def test_a_handle_may_carry_a_port_or_leave_it_out(resource: str) -> None:
    named = wellknown.named(resource, Uris("http://cornerstone.localhost:8101"))

    assert named == (None, "anna@cornerstone.localhost:8101")


def test_another_port_is_another_node() -> None:
    with pytest.raises(NotFound):
        wellknown.named("acct:anna@cornerstone.localhost:8102", Uris("http://cornerstone.localhost:8101"))


def test_what_is_neither_handle_nor_address_is_invalid() -> None:
    with pytest.raises(Invalid):
        wellknown.named("urn:isbn:1", Uris("https://alder.test"))


async def test_host_meta_points_to_webfinger(peer: Peer) -> None:
    xml, plain = await peer.get("/.well-known/host-meta"), await peer.get("/.well-known/host-meta.json")

    template = "https://alder.test/.well-known/webfinger?resource={uri}"
    assert xml.headers["Content-Type"] == "application/xrd+xml; charset=utf-8"
    assert f'<Link rel="lrdd" template="{template}"/>' in xml.body.decode()
    assert plain.json["links"] == [{"rel": "lrdd", "type": "application/jrd+json", "template": template}]


async def test_nodeinfo_names_its_documents_and_the_node(peer: Peer) -> None:
    answer = await peer.get("/.well-known/nodeinfo")

    assert answer.json == {
        "links": [
            {"rel": "http://nodeinfo.diaspora.software/ns/schema/2.1", "href": "https://alder.test/nodeinfo/2.1"},
            {"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": "https://alder.test/nodeinfo/2.0"},
            {"rel": "https://www.w3.org/ns/activitystreams#Application", "href": "https://alder.test/actor"},
        ]
    }


@pytest.mark.parametrize("version", ["2.0", "2.1"])
async def test_nodeinfo_fits_its_schema(peer: Peer, version: str) -> None:
    if not SCHEMAS.exists():
        pytest.skip("the schemas of NodeInfo are not beside this checkout (../shared/schemas)")
    schema = stdlib_json.loads((SCHEMAS / version / "schema.json").read_text())

    answer = await peer.get(f"/nodeinfo/{version}")

    kind = f'application/json; profile="http://nodeinfo.diaspora.software/ns/schema/{version}#"'
    assert (answer.headers["Content-Type"], answer.headers["Access-Control-Allow-Origin"]) == (kind, "*")
    assert list(faults(answer.json, schema)) == []


async def test_nodeinfo_speaks_to_apps_for_mastodon(peer: Peer) -> None:
    answer = await peer.get("/nodeinfo/2.0")

    assert answer.json["software"]["name"] == "fedishare"
    assert re.fullmatch(r"\d+\.\d+\.\d+", answer.json["software"]["version"])
    assert answer.json["metadata"]["upstream"] == {"name": "mastodon"}
    assert answer.json["metadata"]["nodeName"] == "Alder Primary"


async def test_there_are_no_other_versions(peer: Peer) -> None:
    assert (await peer.get("/nodeinfo/1.0")).status == 404


async def test_private_posts_are_not_counted_and_counts_are_kept_for_a_minute(
    peer: Peer, db: Database, here: Here, clock: FrozenClock
) -> None:
    anna = await a_person(db, here)
    await a_post(db, here, by=anna)
    await a_post(db, here, by=anna, in_reply_to_uri="https://birch.test/1")
    await a_post(db, here, by=anna, visibility=Visibility.MENTIONED)
    await a_post(db, here, by=anna, deleted_at=MONDAY)

    first = (await peer.get("/nodeinfo/2.0")).json["usage"]
    await a_post(db, here, by=anna)
    clock.tick(seconds=59)
    kept = (await peer.get("/nodeinfo/2.0")).json["usage"]
    clock.tick(seconds=1)
    fresh = (await peer.get("/nodeinfo/2.0")).json["usage"]

    assert [(usage["localPosts"], usage["localComments"]) for usage in (first, kept, fresh)] == [
        (1, 1),
        (1, 1),
        (2, 1),
    ]


async def test_crawlers_are_told_what_is_not_for_them(peer: Peer) -> None:
    answer = await peer.get("/robots.txt", accept="*/*")

    assert answer.body.decode().startswith("User-agent: *\nDisallow: /")


def faults(value: Any, schema: dict[str, Any], at: str = "$") -> list[str]:
    """What is wrong with `value` by the few words of JSON Schema that NodeInfo uses."""
    kinds: dict[str, type | tuple[type, ...]] = {"object": dict, "array": list, "string": str, "boolean": bool}
    found: list[str] = []
    kind = schema.get("type")
    if kind == "integer" and (not isinstance(value, int) or isinstance(value, bool) or value < schema["minimum"]):
        return [f"{at} is not a number from {schema['minimum']}"]
    if kind in kinds and not isinstance(value, kinds[kind]):
        return [f"{at} is not a {kind}"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at} may not be {value!r}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{at} does not look right")
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            found.append(f"{at} is too short")
        found += [fault for n, item in enumerate(value) for fault in faults(item, schema["items"], f"{at}[{n}]")]
    if isinstance(value, dict):
        known = schema.get("properties", {})
        found += [f"{at}.{name} is missing" for name in schema.get("required", []) if name not in value]
        if schema.get("additionalProperties") is False:
            found += [f"{at}.{name} is unknown" for name in value if name not in known]
        for name in value.keys() & known.keys():
            found += faults(value[name], known[name], f"{at}.{name}")
    return found
