"""One address, several faces: what each is, who gets it, and that nobody else can tell whether there is one."""

import json
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.posts import Post
from fedishare.domain.audience import Visibility
from tests.ap.conftest import ORIGIN, Answer, Peer
from tests.ap.test_published import change
from tests.builders import MONDAY, Made, a_person, a_resource
from tests.outbox.test_described import mistakes

SUFFIXES: Final = (".amb.json", ".lom.xml", ".dc.xml", ".bib")
PROFILE: Final = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'


async def shared(db: Database, here: Here, **over: Any) -> Made:
    uri = here.uris.resource(here.ids.new())
    return await a_resource(db, here, by=await a_person(db, here), uri=uri, url=uri, **over)


@pytest.fixture
async def wall(db: Database, here: Here, node: Made) -> Made:
    assert node
    return await shared(db, here, title="Wall <1/2> & more")


async def ask(
    peer: Peer, post: Made, suffix: str = "", *, accept: str = "*/*", by: Made | None = None, known: str = ""
) -> Answer:
    return await peer.get(post.uri.removeprefix(ORIGIN) + suffix, accept=accept, by=by, If_None_Match=known)


@pytest.mark.parametrize(
    ("accept", "is_amb"),
    [
        ("application/ld+json", True),
        ("application/ld+json, */*;q=0.1", True),
        ('application/ld+json; profile="http://www.w3.org/ns/json-ld#compacted"', True),
        (PROFILE, False),
        ("application/activity+json, application/ld+json", False),
        (f"{PROFILE}, application/ld+json", False),
        ("application/activity+json", False),
    ],
)
async def test_json_ld_that_says_nothing_of_activitystreams_is_amb(
    peer: Peer, wall: Made, accept: str, *, is_amb: bool
) -> None:
    answer = await ask(peer, wall, accept=accept)

    document = json.loads(answer.body)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == ("application/ld+json" if is_amb else "application/activity+json")
    assert document["type"] == (["LearningResource"] if is_amb else "Note")
    assert answer.headers["Vary"] == "Accept, Signature"


async def test_the_amb_document_is_valid_and_the_same_by_both_ways(peer: Peer, wall: Made) -> None:
    by_suffix, by_accept = await ask(peer, wall, ".amb.json"), await ask(peer, wall, accept="application/ld+json")

    assert by_suffix.body == by_accept.body
    assert mistakes(json.loads(by_suffix.body)) == []
    assert json.loads(by_suffix.body)["id"] == wall.uri


async def test_the_other_faces_are_what_they_say(peer: Peer, wall: Made) -> None:
    lom, dublin, bibtex = [await ask(peer, wall, suffix) for suffix in SUFFIXES[1:]]

    roots = [ET.fromstring(each.body) for each in (lom, dublin)]  # noqa: S314 -- they are ours
    assert [root.tag.rpartition("}")[2] for root in roots] == ["lom", "metadata"]
    assert all("Wall <1/2> & more" in [each.text for each in root.iter()] for root in roots)
    assert [each.headers["Content-Type"] for each in (lom, dublin)] == ["application/xml; charset=utf-8"] * 2
    assert bibtex.headers["Content-Type"] == "application/x-bibtex; charset=utf-8"
    assert r"title = {{Wall <1/2> \& more}}" in bibtex.body.decode()


@pytest.mark.parametrize("suffix", SUFFIXES)
async def test_what_is_known_already_is_not_sent_again(peer: Peer, wall: Made, suffix: str) -> None:
    first = await ask(peer, wall, suffix)

    again = await ask(peer, wall, suffix, known=first.headers["ETag"])

    assert first.headers["Cache-Control"] == "public, max-age=180"
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("visibility", [Visibility.FOLLOWERS, Visibility.ROOM, Visibility.MENTIONED])
@pytest.mark.parametrize("suffix", ["", *SUFFIXES])
async def test_a_private_resource_has_no_face_for_strangers(
    peer: Peer, db: Database, here: Here, suffix: str, visibility: Visibility
) -> None:
    ben = await a_person(db, here, local=False)
    secret = await shared(db, here, visibility=visibility, addressed_to=[ben.uri], addressed_cc=[])
    accept = "application/ld+json"

    hidden = await ask(peer, secret, suffix, accept=accept)
    meant = await ask(peer, secret, suffix, accept=accept, by=ben)
    never = await peer.get(f"/resources/77{suffix}", accept=accept)

    assert hidden.all == never.all
    assert hidden.status == 404
    assert (meant.status, meant.headers["Cache-Control"]) == (200, "private, no-store")
    assert "Access-Control-Allow-Origin" not in meant.headers


@pytest.mark.parametrize("suffix", SUFFIXES)
async def test_a_deleted_resource_is_gone_with_every_face(peer: Peer, db: Database, wall: Made, suffix: str) -> None:
    await db.write(change, Post, wall, deleted_at=MONDAY)

    assert (await ask(peer, wall, suffix)).status == 410
