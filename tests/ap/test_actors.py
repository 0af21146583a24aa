"""Actors at their addresses, for servers and for people."""

from typing import Final

import pytest

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.people import Actor
from fedishare.domain.kinds import Kind
from tests.ap.conftest import ACTIVITY, Peer
from tests.ap.test_published import change
from tests.builders import MONDAY, Made, a_person, a_room

HOME: Final = "https://alder.test"
BROWSER: Final = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


async def test_each_kind_of_actor_has_a_document_for_unsigned_readers(
    peer: Peer, db: Database, here: Here, node: Made
) -> None:
    anna = await a_person(db, here, username="anna")
    maths = await a_room(db, here, username="maths")
    school = await a_person(db, here, username="school", kind=Kind.ORGANISATION)

    paths = ["/users/anna", "/groups/maths", "/organisations/school", "/actor"]
    answers = [await peer.get(path) for path in paths]

    assert [(one.json["id"], one.json["type"]) for one in answers] == [
        (anna.uri, "Person"),
        (maths.uri, "Group"),
        (school.uri, "Organization"),
        (node.uri, "Application"),
    ]
    assert {one.headers["Content-Type"] for one in answers} == {ACTIVITY}
    assert all(one.json["publicKey"]["owner"] == one.json["id"] for one in answers)


@pytest.mark.usefixtures("node")
@pytest.mark.parametrize("path", ["/groups/maths", "/users/anna", "/actor"])
async def test_every_collection_that_an_actor_names_is_there(peer: Peer, db: Database, here: Here, path: str) -> None:
    await a_room(db, here, username="maths")
    await a_person(db, here, username="anna")

    document = (await peer.get(path)).json
    collections = ("outbox", "followers", "following", "featured", "moderators")
    named = [document[name] for name in collections if name in document]
    answers = [await peer.get(uri.removeprefix(HOME)) for uri in named]

    assert [(answer.status, answer.json["id"]) for answer in answers] == [(200, uri) for uri in named]


async def test_the_front_page_is_the_node_for_servers(peer: Peer, node: Made) -> None:
    answer = await peer.get("/")

    assert answer.json["id"] == node.uri


async def test_people_are_led_to_the_page(peer: Peer) -> None:
    pages = {"/users/anna": f"{HOME}/@anna", "/groups/maths": f"{HOME}/@maths", "/actor": f"{HOME}/"}

    answers = {path: await peer.get(path, accept=BROWSER) for path in pages}

    assert {path: answer.headers["Location"] for path, answer in answers.items()} == pages
    assert {(answer.status, answer.headers["Vary"]) for answer in answers.values()} == {(302, "Accept, Signature")}


async def test_servers_are_led_from_the_page_to_the_document(peer: Peer, db: Database, here: Here) -> None:
    anna = await a_person(db, here, username="anna")

    answers = [await peer.get(path) for path in ("/@Anna", "/@nobody", "/@anna@birch.test")]

    assert [(one.status, one.headers.get("Location")) for one in answers] == [(302, anna.uri), (404, None), (404, None)]


async def test_a_deleted_person_leaves_a_tombstone(peer: Peer, db: Database, here: Here) -> None:
    anna = await a_person(db, here, username="anna")
    await db.write(change, Actor, anna, deleted_at=MONDAY)

    answer = await peer.get("/users/anna")

    assert (answer.status, answer.json["type"], answer.json["id"]) == (410, "Tombstone", anna.uri)
    assert [(await peer.get(f"/users/anna/{box}")).status for box in ("outbox", "followers", "featured")] == [410] * 3


async def test_an_actor_has_one_address(peer: Peer, db: Database, here: Here) -> None:
    await a_person(db, here, username="anna")
    await a_room(db, here, username="maths")
    await a_person(db, here, username="ben", local=False)

    paths = ("/users/nobody", "/users/maths", "/groups/anna", "/users/ben", "/users/Anna")
    answers = [await peer.get(path) for path in paths]

    assert len({(answer.status, answer.body) for answer in answers}) == 1
    assert answers[0].status == 404
