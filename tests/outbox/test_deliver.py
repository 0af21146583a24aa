"""Deliveries: each arrives once or says why not, in order, and nobody's trouble holds up anybody else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.nodes import BlockedDomain, Node
from fedishare.db.work import Delivery
from fedishare.jobs import deliveries
from fedishare.jobs.tools import Tools
from fedishare.net import keys
from fedishare.net.signatures import Request, read, verify
from fedishare.outbox.deliver import Courier
from tests.builders import FrozenClock, a_person, add, an_rsa_pair
from tests.net.peers import Asked, Said, a_reply
from tests.outbox.town import ACCEPTED, Town, a_letter, nodes, parked, post, silent, waiting


def inbox(host: str) -> str:
    return f"http://{host}/inbox"


async def settled(tools: Tools, *, within: float = 30.0) -> None:
    """Wait until nothing is left to deliver."""
    deadline = asyncio.get_running_loop().time() + within
    while await tools.db.read(waiting):
        assert asyncio.get_running_loop().time() < deadline, "deliveries are still waiting"
        await asyncio.sleep(0.01)


class Running:
    """A courier at work in the background."""

    def __init__(self, tools: Tools) -> None:
        self.courier = Courier(tools)

    async def __aenter__(self) -> Courier:
        self._task = asyncio.create_task(self.courier.run())
        return self.courier

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


async def test_a_delivery_is_signed_by_its_sender_and_leaves_nothing_behind(
    town: Town, tools: Tools, here: Here
) -> None:
    anna = await a_person(tools.db, here)
    letter = a_letter(here, by=anna)
    await post(tools.db, here, letter, inbox("oak.test"))

    tried = await Courier(tools).drain()

    asked = town.asked[0]
    signed = Request("POST", asked.target, tuple(asked.headers.items()), asked.body, "http://oak.test")
    claim = read(signed, now=here.now())
    assert (tried, asked.body, asked.headers["content-type"]) == (1, letter.body, "application/activity+json")
    assert (claim.key_id, verify(claim, keys.public_rsa(an_rsa_pair().public))) == (f"{anna.uri}#main-key", True)
    assert await tools.db.read(waiting) == []


async def test_each_inbox_gets_an_activity_once_however_often_it_is_sent_off(
    town: Town, tools: Tools, here: Here
) -> None:
    anna = await a_person(tools.db, here)
    letter = a_letter(here, by=anna)
    courier = Courier(tools)

    await post(tools.db, here, letter, inbox("oak.test"), inbox("elm.test"), inbox("oak.test"))
    await courier.drain()
    await post(tools.db, here, letter, inbox("oak.test"), inbox("elm.test"))
    await courier.drain()

    assert sorted(town.got) == [("elm.test", letter.uri), ("oak.test", letter.uri)]


async def test_nothing_is_sent_to_ourselves_to_blocked_domains_or_to_what_is_no_address(
    db: Database, here: Here
) -> None:
    anna = await a_person(db, here)
    await db.write(add, BlockedDomain, domain="bad.test", reason="spam", created_at=here.now())
    letter = a_letter(here, by=anna)

    await post(
        db,
        here,
        letter,
        "https://alder.test/inbox",
        "https://deep.bad.test/inbox",
        "https://bad.test:8443/inbox",
        "https://notbad.test/inbox",
        "nonsense",
    )

    assert await db.read(waiting) == [("notbad.test", 0, None)]


async def test_what_is_about_one_thing_arrives_in_order_even_when_the_first_try_fails(
    town: Town, tools: Tools, here: Here, clock: FrozenClock
) -> None:
    anna = await a_person(tools.db, here)
    create, change, end, other = (a_letter(here, by=anna, about="the post") for _ in range(4))
    for letter in (create, change, end):
        await post(tools.db, here, letter, inbox("oak.test"))
    await post(tools.db, here, other._replace(about="another post"), inbox("oak.test"))
    courier = Courier(tools)
    town.says["oak.test"] = lambda asked: a_reply(status=503 if create.uri.encode() in asked.body else 202)

    await courier.drain()
    first = town.got_by("oak.test")
    clock.tick(hours=2)
    del town.says["oak.test"]
    await courier.drain()

    assert set(first) == {create.uri, other.uri}
    assert town.got_by("oak.test")[2:] == [create.uri, change.uri, end.uri]


async def test_a_failing_server_is_left_alone_and_gets_everything_once_it_is_back(
    town: Town, tools: Tools, here: Here, clock: FrozenClock
) -> None:
    anna = await a_person(tools.db, here)
    courier = Courier(tools)
    town.always("oak.test", 500)
    letters = [a_letter(here, by=anna) for _ in range(5)]
    for letter in letters:
        await post(tools.db, here, letter, inbox("oak.test"))
    await courier.drain()
    tries_at_once = len(town.got)
    del town.says["oak.test"]

    clock.tick(hours=1, minutes=13)
    await courier.drain()

    assert tries_at_once == 2
    assert sorted(town.got_by("oak.test")[2:]) == sorted(letter.uri for letter in letters)
    assert await tools.db.read(nodes) == [("oak.test", 0, False)]


async def test_a_peer_that_was_down_for_almost_a_week_still_gets_it(
    town: Town, tools: Tools, here: Here, clock: FrozenClock
) -> None:
    anna = await a_person(tools.db, here)
    letter = a_letter(here, by=anna)
    await post(tools.db, here, letter, inbox("oak.test"))
    town.always("oak.test", 503)
    courier, back = Courier(tools), clock.now() + timedelta(days=6, hours=23)
    while clock.now() < back:
        await courier.drain()
        clock.tick(hours=3)
    tries = len(town.got)

    del town.says["oak.test"]
    for _ in range(10):
        clock.tick(hours=3)
        await courier.drain()

    assert 10 < tries < 20
    assert await tools.db.read(waiting) == []


async def test_what_cannot_be_delivered_for_eight_days_is_parked_with_its_reason(
    town: Town, tools: Tools, here: Here, clock: FrozenClock
) -> None:
    anna = await a_person(tools.db, here)
    await post(tools.db, here, a_letter(here, by=anna), inbox("oak.test"))
    town.always("oak.test", 500)
    courier = Courier(tools)

    for _ in range(10 * 4):
        await courier.drain()
        clock.tick(hours=6)

    [(host, why)] = await tools.db.read(parked)
    assert (host, str(why).endswith("answered with status 500")) == ("oak.test", True)


@pytest.mark.parametrize("status", [404, 410, 403, 413])
async def test_a_final_answer_parks_the_delivery_and_lets_the_next_one_go(
    town: Town, tools: Tools, here: Here, status: int
) -> None:
    anna = await a_person(tools.db, here)
    first, second = a_letter(here, by=anna, about="one"), a_letter(here, by=anna, about="one")
    for letter in (first, second):
        await post(tools.db, here, letter, inbox("oak.test"))
    town.says["oak.test"] = lambda asked: a_reply(status=status if first.uri.encode() in asked.body else 202)

    await Courier(tools).drain()

    assert town.got_by("oak.test") == [first.uri, second.uri]
    assert await tools.db.read(parked) == [("oak.test", f"answered with status {status}")]


async def test_a_server_that_asks_for_patience_gets_it_for_everything(
    town: Town, tools: Tools, here: Here, clock: FrozenClock
) -> None:
    anna = await a_person(tools.db, here)
    courier = Courier(tools)
    town.always("oak.test", 429, ("Retry-After", "600"))
    await post(tools.db, here, a_letter(here, by=anna), inbox("oak.test"))
    await courier.drain()
    await post(tools.db, here, a_letter(here, by=anna), inbox("oak.test"))
    clock.tick(seconds=590)

    during = await courier.drain()
    clock.tick(seconds=20)
    after = await courier.drain()

    assert (during, after) == (0, 2)


@pytest.mark.parametrize("status", [400, 401])
async def test_a_server_that_wants_the_newer_signature_gets_it_at_once_and_is_remembered(
    town: Town, tools: Tools, here: Here, status: int
) -> None:
    anna = await a_person(tools.db, here)
    town.says["oak.test"] = lambda asked: a_reply(status=202 if "signature-input" in asked.headers else status)
    courier = Courier(tools)
    await post(tools.db, here, a_letter(here, by=anna), inbox("oak.test"))

    await courier.drain()
    knocks = ["signature-input" in asked.headers for asked in town.asked]
    await post(tools.db, here, a_letter(here, by=anna), inbox("oak.test"))
    await courier.drain()

    assert knocks == [False, True]
    assert ["signature-input" in asked.headers for asked in town.asked] == [False, True, True]
    assert await tools.db.read(nodes) == [("oak.test", 0, True)]
    assert await tools.db.read(waiting) == []


async def test_a_server_that_refuses_both_signatures_is_asked_again_later(town: Town, tools: Tools, here: Here) -> None:
    anna = await a_person(tools.db, here)
    town.always("oak.test", 401)
    await post(tools.db, here, a_letter(here, by=anna), inbox("oak.test"))

    await Courier(tools).drain()

    assert len(town.asked) == 2
    assert await tools.db.read(waiting) == [("oak.test", 1, "answered with status 401")]
    assert await tools.db.read(nodes) == []


async def test_a_killed_process_leaves_a_lease_and_after_it_another_one_delivers(
    town: Town, tools: Tools, here: Here, clock: FrozenClock
) -> None:
    anna = await a_person(tools.db, here)
    letter = a_letter(here, by=anna)
    await post(tools.db, here, letter, inbox("oak.test"))
    wanted = deliveries.Wanted(9, 9, 2, {}, frozenset(), frozenset())
    await tools.db.write(deliveries.claim, now=here.now(), wanted=wanted)

    before = await Courier(tools).drain()
    clock.tick(seconds=61)
    after = await Courier(tools).drain()

    assert (before, after) == (0, 1)
    assert town.got == [("oak.test", letter.uri)]


async def test_two_couriers_share_the_work_and_nothing_goes_out_twice(town: Town, tools: Tools, here: Here) -> None:
    anna = await a_person(tools.db, here)
    letters = [a_letter(here, by=anna) for _ in range(10)]
    for letter in letters:
        await post(tools.db, here, letter, *(inbox(f"h{n}.test") for n in range(5)))

    await asyncio.gather(*(Courier(tools).drain() for _ in range(3)))
    await Courier(tools).drain()

    assert sorted(town.got) == sorted((f"h{n}.test", letter.uri) for letter in letters for n in range(5))


async def test_a_running_courier_hears_the_bell(
    town: Town, tools: Tools, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It does not look by itself before the test has long been given up.
    monkeypatch.setattr("fedishare.outbox.deliver.IDLE", 3600.0)
    anna = await a_person(tools.db, here)

    async with Running(tools):
        await asyncio.sleep(0.02)
        letter = a_letter(here, by=anna)
        await post(tools.db, here, letter, inbox("oak.test"))
        await town.until(1)
        await settled(tools)

    assert town.got == [("oak.test", letter.uri)]


async def test_hanging_servers_delay_nobody_else(town: Town, tools: Tools, here: Here) -> None:
    anna = await a_person(tools.db, here)
    for n in range(20):
        town.says[f"dead{n}.test"] = silent(30)
    letter = a_letter(here, by=anna)
    hosts = [f"dead{n}.test" for n in range(20)] + [f"well{n}.test" for n in range(60)]

    async with Running(tools):
        await post(tools.db, here, letter, *map(inbox, hosts))
        await town.until(60, by="well")
        tries = {host: tries for host, tries, _ in await tools.db.read(waiting)}

    # Nobody had to wait for a second round of those.
    assert {host: tries.get(host) in {0, 1} for host in hosts[:20]} == dict.fromkeys(hosts[:20], True)


async def test_no_server_gets_more_than_two_at_a_time(town: Town, tools: Tools, here: Here) -> None:
    anna = await a_person(tools.db, here)
    most, now = 0, 0
    both = asyncio.Event()

    def says(_: Asked) -> Said:
        async def held() -> AsyncIterator[bytes]:
            nonlocal most, now
            now += 1
            most = max(most, now)
            if now == 2:
                both.set()
            await both.wait()
            await asyncio.sleep(0.02)  # In which a third one would come, were it under way.
            now -= 1
            yield ACCEPTED

        return held()

    town.says["oak.test"] = says
    for _ in range(8):
        await post(tools.db, here, a_letter(here, by=anna), inbox("oak.test"))

    async with Running(tools):
        await settled(tools)

    assert most == 2


async def test_what_was_under_way_at_the_end_is_handed_back(town: Town, tools: Tools, here: Here) -> None:
    anna = await a_person(tools.db, here)
    town.says["oak.test"] = silent(30)
    await post(tools.db, here, a_letter(here, by=anna), inbox("oak.test"))

    async with Running(tools):
        await town.until(1)

    def leases(tx: Connection) -> list[Any]:
        return list(tx.scalars(select(Delivery.leased_until)))

    assert await tools.db.read(leases) == [None]


async def test_stopping_ends_the_run(tools: Tools) -> None:
    courier = Courier(tools)
    task = asyncio.create_task(courier.run())
    await asyncio.sleep(0.01)

    courier.stop()

    await asyncio.wait_for(task, 2)


async def test_a_sender_without_a_key_parks_the_delivery(town: Town, tools: Tools, here: Here) -> None:
    stranger = await a_person(tools.db, here, local=False)
    await post(tools.db, here, a_letter(here, by=stranger, uri=f"{stranger.uri}/likes/1"), inbox("oak.test"))

    await Courier(tools).drain()

    assert town.got == []
    assert await tools.db.read(parked) == [("oak.test", "the sender has no key any more")]


async def test_a_server_that_is_heard_from_is_tried_at_once(
    town: Town, tools: Tools, here: Here, clock: FrozenClock
) -> None:
    anna = await a_person(tools.db, here)
    town.always("oak.test", 503)
    courier = Courier(tools)
    await post(tools.db, here, a_letter(here, by=anna), inbox("oak.test"))
    for hours in (1, 1, 1, 2, 0):
        await courier.drain()
        clock.tick(hours=hours)
    del town.says["oak.test"]

    waited = await courier.drain()
    await tools.db.write(deliveries.recover, host="oak.test", now=here.now())
    tried = await courier.drain()

    assert (waited, tried) == (0, 1)


async def test_a_busy_server_does_not_hide_the_others_behind_its_backlog(db: Database, here: Here) -> None:
    anna = await a_person(db, here)
    letter = a_letter(here, by=anna)
    await post(db, here, letter, *(f"http://oak.test/{n}" for n in range(deliveries.LOOK + 10)))
    await post(db, here, a_letter(here, by=anna), inbox("elm.test"))
    wanted = deliveries.Wanted(64, 16, 2, {}, frozenset(), frozenset())

    def spread(tx: Connection) -> None:
        # All about different things, so that order holds none of them back.
        tx.execute(update(Delivery).values(object_uri=Delivery.inbox))

    await db.write(spread)

    claimed = await db.write(deliveries.claim, now=here.now(), wanted=wanted)

    assert sorted(delivery.host for delivery in claimed.deliveries) == ["elm.test", "oak.test", "oak.test"]


async def test_servers_in_trouble_get_a_quarter_of_the_places_at_most(db: Database, here: Here) -> None:
    anna = await a_person(db, here)
    for n in range(30):
        await db.write(add, Node, host=f"ill{n}.test", failures=3, speaks_rfc9421=False)
    await post(db, here, a_letter(here, by=anna), *(inbox(f"ill{n}.test") for n in range(30)), inbox("oak.test"))
    wanted = deliveries.Wanted(64, 16, 2, {}, frozenset(), frozenset())

    claimed = await db.write(deliveries.claim, now=here.now(), wanted=wanted)

    hosts = [delivery.host for delivery in claimed.deliveries]
    assert (hosts[0], len(hosts)) == ("oak.test", 17)


async def test_one_delivery_that_a_server_cannot_digest_keeps_its_tries_for_the_week(
    town: Town, tools: Tools, here: Here, clock: FrozenClock
) -> None:
    anna = await a_person(tools.db, here)
    poison = a_letter(here, by=anna)
    town.says["oak.test"] = lambda asked: a_reply(status=500 if poison.uri.encode() in asked.body else 202)
    await post(tools.db, here, poison, inbox("oak.test"))
    courier = Courier(tools)

    for _ in range(20):
        await post(tools.db, here, a_letter(here, by=anna), inbox("oak.test"))
        await courier.drain()
        clock.tick(minutes=1)

    [(_, tries, _)] = await tools.db.read(waiting)
    assert len(town.got_by("oak.test")) - tries == 20
    assert tries < 6
