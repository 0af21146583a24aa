"""A node that answers only servers that sign: everything is closed, but what servers need to get to know each other."""

from pathlib import Path
from typing import Final

import pytest
from pytest_aiohttp.plugin import AiohttpClient

from fedishare.ap import routes
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.nodes import BlockedDomain
from fedishare.db.people import Actor
from fedishare.jobs.tools import Tools
from fedishare.services import invitations
from fedishare.settings import load
from tests.ap.conftest import ORIGIN, Peer, a_peer_of
from tests.ap.test_published import change
from tests.builders import MONDAY, Made, a_person, a_post, a_resource, a_room, add

OPEN: Final = {
    "/",
    "/actor",
    "/.well-known/webfinger",
    "/.well-known/host-meta",
    "/.well-known/host-meta.json",
    "/.well-known/nodeinfo",
    "/nodeinfo/{version}",
    "/robots.txt",
}


@pytest.fixture
async def closed(own_tools: Tools, tmp_path: Path, aiohttp_client: AiohttpClient) -> Peer:
    """A peer before a node with FEDISHARE_FETCHES=signed."""
    said = {"URL": ORIGIN, "DATA": str(tmp_path), "FETCHES": "signed", "NAME": "Alder Primary"}
    settings = load({f"FEDISHARE_{name}": value for name, value in said.items()})
    return await a_peer_of(own_tools, settings, aiohttp_client)


class Place:
    def __init__(self, anna: Made, room: Made, post: Made, resource: Made, secret: str) -> None:
        self.names = {"name": anna.uri.rpartition("/")[2], "handle": anna.uri.rpartition("/")[2], "version": "2.1"}
        self.names |= {"secret": secret}
        self.room, self.post, self.resource = room, post, resource

    def fill(self, path: str) -> str:
        """A route with something behind it."""
        made = self.resource if path.startswith("/resources") else self.post
        names = self.names | {"id": str(made.id)}
        if path.startswith("/groups"):
            names["name"] = self.room.uri.rpartition("/")[2]
        return path.format(**names)


@pytest.fixture
async def place(db: Database, here: Here, node: Made) -> Place:
    anna, room = await a_person(db, here), await a_room(db, here)
    assert node
    secret = await db.write(invitations.make_link, here, room_id=room.id, by_id=anna.id)
    return Place(anna, room, await a_post(db, here, by=anna), await a_resource(db, here, by=anna), secret)


ALL: Final = [entry.path for one in routes.ALL for entry in one if entry.method == "GET"]


@pytest.mark.parametrize("path", ALL)
async def test_only_what_servers_meet_by_is_open_to_the_unsigned(
    closed: Peer, peer: Peer, place: Place, *, path: str
) -> None:
    filled = place.fill(path)

    answer, usual = await closed.get(filled), await peer.get(filled)

    if path in OPEN:
        assert answer.all == usual.all
        return
    assert (answer.status, answer.headers["Content-Type"]) == (401, "application/problem+json")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.json["detail"] == "This node answers only servers that sign their requests."


@pytest.mark.parametrize("path", ["/users/{name}", "/groups/{name}/outbox", "/posts/{id}", "/posts/{id}/replies"])
async def test_whoever_signs_reads_the_same_and_no_cache_keeps_it(
    closed: Peer, peer: Peer, place: Place, db: Database, here: Here, *, path: str
) -> None:
    filled, bea = place.fill(path), await a_person(db, here, local=False)

    answer, usual = await closed.get(filled, by=bea), await peer.get(filled)

    assert (answer.status, answer.body) == (200, usual.body)
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Vary"] == "Accept, Signature"


async def test_what_one_server_was_given_is_kept_ready_for_no_other(
    closed: Peer, place: Place, db: Database, here: Here
) -> None:
    bea = await a_person(db, here, local=False)

    answers = [(await closed.get(place.fill("/posts/{id}"), by=who)).status for who in (bea, None, bea)]

    assert answers == [200, 401, 200]


async def test_a_blocked_server_is_refused_and_asked_for_no_key(
    closed: Peer, place: Place, db: Database, here: Here
) -> None:
    eve = await a_person(db, here, local=False, domain="sub.evil.test")
    await db.write(add, BlockedDomain, domain="evil.test", reason="", created_at=MONDAY)

    answers = [
        await closed.get(place.fill("/posts/{id}"), by=who) for who in (eve, Made(0, "https://evil.test/users/x"))
    ]

    assert [(answer.status, answer.json["detail"]) for answer in answers] == [
        (403, "This node has nothing to do with your server.")
    ] * 2


async def test_who_is_not_welcome_or_signs_wrongly_gets_nothing(
    closed: Peer, place: Place, db: Database, here: Here
) -> None:
    bea, gone = [await a_person(db, here, local=False) for _ in "12"]
    await db.write(change, Actor, gone, suspended_at=MONDAY)
    path = place.fill("/posts/{id}")

    suspended = await closed.get(path, by=gone)
    forged = await closed.get(path, Signature=f'keyId="{bea.uri}#main-key",headers="host date",signature="AAAA"')
    stale = await closed.get(path, by=bea, Date="Mon, 01 Jan 2024 00:00:00 GMT")

    assert [answer.status for answer in (suspended, forged, stale)] == [403, 401, 401]


async def test_what_is_for_some_stays_for_some(closed: Peer, db: Database, here: Here) -> None:
    anna, ben, cleo = await a_person(db, here), *[await a_person(db, here, local=False) for _ in "12"]
    post = await a_post(db, here, by=anna, visibility="mentioned", addressed_to=[ben.uri], addressed_cc=[])
    path = f"/posts/{post.id}"

    answers = [await closed.get(path, by=who) for who in (ben, cleo)]
    never = await closed.get("/posts/77", by=cleo)

    assert [answer.status for answer in answers] == [200, 404]
    assert answers[1].all == never.all
