"""Blocking whole servers, and dealing with them again."""

from typing import Any

import pytest
from sqlalchemy import Connection, select

from fedishare.core.errors import FediShareError, Invalid, Refused
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.follows import Follow
from fedishare.db.nodes import BlockedDomain
from fedishare.db.people import Actor
from fedishare.db.work import Delivery
from fedishare.jobs import deliveries
from fedishare.queries import known, nodes, timelines
from fedishare.queries.nodes import Ties
from fedishare.services import nodes as services_nodes
from fedishare.services.nodes import Blocked
from tests.builders import MONDAY, FrozenClock, a_follow_row, a_person, a_post
from tests.outbox.town import a_letter


def rows(tx: Connection, *columns: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in tx.execute(select(*columns))]


async def test_a_blocked_server_is_gone_from_sight_with_all_below_it(db: Database, here: Here) -> None:
    anna = await a_person(db, here)
    hosts = ("evil.test", "sub.evil.test", "evil.test:8443", "notevil.test", "evil.test.birch.test")
    people = [await a_person(db, here, local=False, domain=host) for host in hosts]
    posts = [await a_post(db, here, by=person) for person in people]
    for person in people:
        await a_follow_row(db, here, by=anna, of=person)
        await a_follow_row(db, here, by=person, of=anna)
    inboxes = [f"https://{host}/inbox" for host in hosts]
    await db.write(deliveries.send_off, here, a_letter(here, by=anna), inboxes=inboxes)
    ties = await db.read(nodes.ties, domain="evil.test")

    done = await db.write(services_nodes.block, here, domain=" @eve@Evil.test ", reason="Spam")

    assert (ties, done) == (Ties(3, 3, 3), Blocked("evil.test", follows=6, people=3))
    assert await db.read(known.is_blocked, hosts=["sub.evil.test"])
    assert {follower for follower, _ in await db.read(rows, Follow.follower_id, Follow.followee_id)} == {
        anna.id, *(person.id for person in people[3:]),
    }  # fmt: skip
    assert sorted(host for (host,) in await db.read(rows, Delivery.host)) == ["evil.test.birch.test", "notevil.test"]
    shown = [await db.read(timelines.author, actor_id=person.id, viewer=anna.id) for person in people]
    assert [len(cards) for cards in shown] == [0, 0, 0, 1, 1]
    assert len(posts) == 5


async def test_unblocking_shows_again_whom_the_block_had_hidden_and_nobody_else(
    db: Database, here: Here, clock: FrozenClock
) -> None:
    hidden = await a_person(db, here, local=False, domain="evil.test")
    banned = await a_person(db, here, local=False, domain="evil.test", suspended_at=MONDAY)
    clock.tick(hours=1)
    await db.write(services_nodes.block, here, domain="evil.test", reason="")

    undone = [await db.write(services_nodes.unblock, domain="evil.test") for _ in range(2)]

    suspended = dict(await db.read(rows, Actor.id, Actor.suspended_at))
    assert undone == [True, False]
    assert (suspended[hidden.id], suspended[banned.id]) == (None, MONDAY)
    assert await db.read(rows, BlockedDomain.domain) == []


@pytest.mark.parametrize(
    ("domain", "error"),
    [
        pytest.param("alder.test", Refused, id="ourselves"),
        pytest.param("test", Invalid, id="no-server"),
        pytest.param("", Invalid, id="nothing"),
        pytest.param("a b.test", Invalid, id="no-name"),
        pytest.param("taken.test", Invalid, id="twice"),
    ],
)
async def test_some_things_cannot_be_blocked(
    db: Database, here: Here, *, domain: str, error: type[FediShareError]
) -> None:
    await db.write(services_nodes.block, here, domain="taken.test", reason="")

    with pytest.raises(error):
        await db.write(services_nodes.block, here, domain=domain, reason="")

    assert await db.read(rows, BlockedDomain.domain) == [("taken.test",)]
