"""Each strict reader notices what it would refuse, and lets pass what harms nobody."""

import copy
from collections.abc import Callable
from typing import Any, Final

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from sqlalchemy import create_engine

from fedishare.as2 import write
from fedishare.db.people import Actor
from fedishare.db.tables import METADATA
from fedishare.db.work import Activity
from fedishare.domain.kinds import Kind
from fedishare.outbox import objects
from tests.builders import MONDAY, add
from tests.strict import everybody, gancio, gotosocial, misskey, nodebb, piefed, pleroma, rules, wire
from tests.strict.catalogue import ACTORS, ANNA, AT, BEN, OUR_ROOM, POSTS, SAID, Document, wrapped
from tests.strict.test_peers import put

CREATE: Final = "Create: a note in a room"
EVENT: Final[Document] = {
    **objects.document(POSTS["a note in a room"], at=AT),
    "type": "Event",
    "name": "TeachMeet",
    "startTime": "2027-01-20T17:30:00Z",
    "attachment": [{"type": "Document", "mediaType": "image/png", "url": "https://alder.test/media/1"}],
    **dict.fromkeys(piefed.OF_AN_EVENT[1:]),
    "joinMode": "free",
}
PAGE: Final[Document] = {
    "@context": ["https://www.w3.org/ns/activitystreams"],
    "id": "https://alder.test/users/anna/outbox?page=true",
    "type": "OrderedCollectionPage",
    "partOf": "https://alder.test/users/anna/outbox",
    "orderedItems": [SAID[CREATE]],
}

Change = Callable[[Document], None]


def changed(document: Document, change: Change) -> Document:
    copied = copy.deepcopy(document)
    change(copied)
    return copied


@pytest.mark.parametrize(
    ("reader", "name", "change"),
    [
        (gotosocial, CREATE, put("actor", BEN.uri)),
        (gotosocial, CREATE, put("id", "https://elsewhere.test/1")),
        (gotosocial, CREATE, put("object.type", "Relationship")),
        (gotosocial, CREATE, put("object.attributedTo", None)),
        (gotosocial, CREATE, put("object.attachment", [{"type": "Image", "url": ["https://x.test"]}])),
        (gotosocial, "Announce", put("published", None)),
        (gotosocial, "Announce", put("object", {"id": "https://birch.test/1"})),
        (misskey, CREATE, put("id", None)),
        (misskey, CREATE, put("id", "https://elsewhere.test/1")),
        (misskey, CREATE, put("object.url", "https://www.alder.test/7")),
        (misskey, CREATE, put("object.url", "http://alder.test/posts/7")),
        (misskey, CREATE, put("object.attributedTo", BEN.uri)),
        (misskey, CREATE, put("object.attachment", ["https://alder.test/media/1"])),
        (misskey, CREATE, put("object.type", "Place")),
        (misskey, "Create: a reply", put("object.inReplyTo", ["https://birch.test/posts/1"])),
        (misskey, "Announce", put("published", "yesterday")),
        (pleroma, CREATE, put("cc", None)),
        (pleroma, CREATE, put("object.attachment", [{"type": "PropertyValue", "name": "x", "value": "y"}])),
        (pleroma, CREATE, put("object.attributedTo", BEN.uri)),
        (pleroma, CREATE, put("object.type", "Document")),
        (pleroma, CREATE, put("object.context", {"id": "https://alder.test/threads/7"})),
        (pleroma, "Announce", put("to", None)),
        (pleroma, "Announce", put("to", [BEN.uri])),
        (pleroma, "Add", put("target", None)),
        (nodebb, CREATE, put("object.attributedTo", [ANNA])),
        (nodebb, CREATE, put("object.attributedTo", BEN.uri)),
        (nodebb, CREATE, put("object.type", "Event")),
        (nodebb, CREATE, put("object.to", "https://www.w3.org/ns/activitystreams#Public")),
        (nodebb, CREATE, put("object.to", ["as:Public"])),
        (nodebb, CREATE, put("object.attachment", [{"type": "Link", "href": "https://x.test"}])),
        (nodebb, CREATE, put("object.tag", [{"type": "Mention", "href": BEN.uri}])),
        (nodebb, CREATE, put("id", "https://elsewhere.test/1")),
        (piefed, CREATE, put("id", None)),
        (piefed, CREATE, put("object.type", "Document")),
        (piefed, CREATE, put("object.attributedTo", [ANNA])),
        (piefed, CREATE, put("object.language", {"name": "English"})),
        (piefed, CREATE, put("object.source", {"content": "x"})),
        (piefed, "Create: a resource", put("object.licence", {"identifier": "CC-BY-4.0"})),
        (gancio, CREATE, put("actor", BEN.uri)),
        (gancio, CREATE, put("object.attachment", [{"type": "Image", "url": "https://x.test"}])),
        (gancio, CREATE, put("object.attachment", {"type": "Image"})),
        (gancio, CREATE, put("object.tag", [{"type": "Hashtag"}])),
    ],
)
def test_a_reader_notices_what_it_would_refuse(reader: Any, name: str, change: Change) -> None:
    assert reader.check_activity(SAID[name], ANNA) == []
    assert len(reader.check_activity(changed(SAID[name], change), ANNA)) >= 1


@pytest.mark.parametrize(
    ("reader", "change"),
    [
        (gotosocial, put("publicKey.owner", BEN.uri)),
        (gotosocial, put("publicKey.publicKeyPem", None)),
        (gotosocial, put("preferredUsername", None)),
        (misskey, put("preferredUsername", "anna.")),
        (misskey, put("preferredUsername", "a" * 129)),
        (misskey, put("name", ["Anna"])),
        (misskey, put("inbox", "https://elsewhere.test/inbox")),
        (misskey, put("publicKey.id", "https://elsewhere.test/key")),
        (pleroma, put("followers", None)),
        (pleroma, put("attachment", {})),
        (nodebb, put("inbox", None)),
        (nodebb, put("url", ["https://alder.test/@anna"])),
        (nodebb, put("icon", {"type": "Image", "href": "https://alder.test/a.png"})),
        (piefed, put("icon", "https://alder.test/a.png")),
        (piefed, put("attributedTo", None)),
        (gancio, put("publicKey", {})),
    ],
)
def test_a_reader_notices_an_actor_it_could_not_use(reader: Any, change: Change) -> None:
    assert reader.check_actor(ACTORS["Group"]) == []
    assert len(reader.check_actor(changed(ACTORS["Group"], change))) >= 1


@pytest.mark.parametrize("name", piefed.OF_AN_EVENT)
def test_piefed_loses_an_event_that_lacks_any_of_its_keys(name: str) -> None:
    assert piefed.check_object(EVENT) == []
    assert piefed.check_object(changed(EVENT, put(name, None))) == [f"an event without {name}"]


@pytest.mark.parametrize(
    "change",
    [
        put("name", None),
        put("startTime", None),
        put("attachment", [{"type": "Link", "href": "https://x.test", "mediaType": "text/html"}]),
        put("attachment", [{"type": "Image", "url": "https://x.test"}]),
    ],
)
def test_gancio_wants_a_picture_first_and_a_time(change: Change) -> None:
    assert gancio.check_object(EVENT) == []
    assert len(gancio.check_object(changed(EVENT, change))) >= 1


def test_misskey_takes_no_boost_older_than_its_post() -> None:
    boost, post = {"published": "2026-09-07T08:30:00Z"}, {"published": "2026-09-07T08:30:01Z"}

    assert misskey.check_boost(boost, post) == ["a boost older than the post"]
    assert misskey.check_boost(post, boost) == []


def test_piefed_reads_a_signature_that_names_its_algorithm_and_has_no_spaces() -> None:
    good = 'keyId="a",algorithm="rsa-sha256",headers="date",signature="x"'

    assert piefed.check_signature(good) == []
    assert len(piefed.check_signature(good.replace(",", ", "))) == 1
    assert len(piefed.check_signature('keyId="a",signature="x"')) == 1


# --- All of them together ---------------------------------------------------------------------------------------------


def test_who_never_reads_something_is_not_asked() -> None:
    event = write.with_context(write.NOTE, EVENT)
    inner = changed(SAID[CREATE], put("actor", "https://other.test/users/eve"))

    assert not [said for said in everybody.check(event) if said.startswith(("NodeBB", "Lemmy"))]
    assert everybody.check(wrapped(inner)) == []


def test_what_a_room_passes_on_of_its_own_people_is_judged_like_all_we_say() -> None:
    inner = changed(SAID[CREATE], put("object.sensitive", None))

    assert any("sensitive" in said for said in everybody.check(wrapped(inner)))


def test_a_vote_is_for_one_alone() -> None:
    vote = SAID["Create: a vote"]

    assert everybody.check(vote) == []
    for change in (put("object.cc", [ANNA]), put("object.to", [BEN.uri])):
        said = "everybody: object: a vote is for one alone, named by one string"
        assert everybody.check(changed(vote, change)) == [said]


@pytest.mark.parametrize(
    "change",
    [
        put("partOf", None),
        put("orderedItems", {}),
        put("next", "https://elsewhere.test/2"),
        put("orderedItems", [changed(SAID[CREATE], put("object.sensitive", None))]),
        put("@context", None),
    ],
)
def test_a_page_is_judged_with_what_it_holds(change: Change) -> None:
    assert everybody.check(PAGE) == []
    assert len(everybody.check(changed(PAGE, change))) >= 1


@pytest.mark.parametrize("kind", ["Teleport", None, ["Note", "Page"]])
def test_a_kind_that_nobody_has_a_rule_for_is_noticed(kind: Any) -> None:
    assert len(everybody.check(SAID["Like"] | {"type": kind})) == 1


# --- The edge of every test -------------------------------------------------------------------------------------------


def test_a_bad_activity_that_was_only_stored_is_noticed() -> None:
    engine = create_engine("sqlite://")
    METADATA.create_all(engine)
    bad = SAID["Like"] | {"id": "https://alder.test/activities/2#x"}
    anna = {"id": 1, "uri": ANNA, "kind": Kind.PERSON, "username": "anna", "domain": "alder.test", "host": "alder.test"}
    anna |= {"handle_key": "anna@alder.test", "local": True, "name": "Anna", "url": ANNA, "inbox": f"{ANNA}/inbox"}
    row = {"id": 1, "uri": "u", "variant": "", "actor_id": 1, "type": "Like", "object_uri": "o", "public": True}

    with engine.begin() as tx:
        add(tx, Actor, created_at=MONDAY, fetched_at=MONDAY, **anna)
        add(tx, Activity, body=write.body(bad), local=True, created_at=MONDAY, **row)
        wire.look_through(tx)
    engine.dispose()

    assert any("has an id that can be asked for" in said for said in wire.offences())


def test_a_delivery_is_noticed_by_its_headers_and_its_body() -> None:
    good = write.body(SAID["Like"])
    kind = {"content-type": "application/activity+json"}
    signed = {"signature": 'keyId="a",algorithm="rsa-sha256",signature="x"'} | kind

    wire.delivered(signed, good)
    assert wire.offences() == []
    wire.delivered(signed | {"content-type": "application/json"}, good)
    wire.delivered(kind, good)
    wire.delivered(signed, write.body(SAID["Like"] | {"actor": BEN.uri}))
    assert len(wire.offences()) >= 3


@pytest.mark.parametrize(
    ("path", "content_type"),
    [("/posts/8", "application/activity+json"), ("/posts/7", 'application/ld+json; profile="https://x.test"')],
)
async def test_an_answer_is_noticed_by_its_address_and_its_type(path: str, content_type: str) -> None:
    body = write.body(objects.document(POSTS["a note in a room"], at=AT))
    good = {"Content-Type": "application/activity+json"}

    wire.served("/posts/7", status=200, headers=good, body=body)
    assert wire.offences() == []
    wire.served(path, status=200, headers={"Content-Type": content_type}, body=body)
    assert len(wire.offences()) >= 1


async def test_every_answer_of_a_watched_application_is_looked_at() -> None:
    app = wire.watch(web.Application())
    app.on_response_prepare.freeze()
    answer = web.Response(body=b'{"type":"Note"}', headers={"Content-Type": "application/activity+json"})

    await app.on_response_prepare.send(make_mocked_request("GET", "/posts/7", app=app), answer)

    assert any("rule 4" in said for said in wire.offences())


def test_rooms_are_judged_by_what_their_own_host_says() -> None:
    boost = wrapped({}) | {"object": "https://alder.test/posts/7"}

    assert everybody.check(boost) == []
    assert rules.check(boost | {"id": "https://elsewhere.test/1"}) != []
    assert OUR_ROOM.uri in str(boost)
