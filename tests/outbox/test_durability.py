"""Nothing that should arrive is lost, nothing overtakes, and no server and no delivery holds up the others for good."""

import asyncio
from datetime import timedelta
from typing import Final, NamedTuple

import pytest
from sqlalchemy import Connection, select, update

from fedishare.core.here import Here
from fedishare.core.ids import Ids
from fedishare.db.engine import Database
from fedishare.db.nodes import Node
from fedishare.db.people import Actor, ActorKey
from fedishare.db.work import Delivery, Job
from fedishare.domain.kinds import Kind
from fedishare.jobs import deliveries, drops
from fedishare.jobs.deliveries import LEASE, Results, Wanted
from fedishare.jobs.queue import MOST_LOST
from fedishare.jobs.tools import Tools
from fedishare.outbox import deliver
from fedishare.outbox.deliver import Courier
from fedishare.queries import backlog
from fedishare.services import nodes as services
from fedishare.worker import Worker
from tests.builders import FrozenClock, Made, a_person, add
from tests.net.peers import a_reply
from tests.outbox.town import Town, a_letter, parked, post, waiting

POST: Final = "https://alder.test/posts/7"
EVERYTHING: Final = Wanted(64, 16, 2, {}, frozenset(), frozenset())


class End(NamedTuple):
    """The last word about a thing."""

    type: str
    names_it: bool = False
    by_another: bool = False


def inbox(host: str) -> str:
    return f"http://{host}/inbox"


async def claimed(db: Database, here: Here, wanted: Wanted = EVERYTHING) -> list[str]:
    """The inboxes of what is claimed now."""
    claim = await db.write(deliveries.claim, now=here.now(), wanted=wanted)
    return [delivery.inbox for delivery in claim.deliveries]


async def for_days(tools: Tools, clock: FrozenClock, days: int) -> None:
    for _ in range(days * 4):
        await Courier(tools).drain()
        clock.tick(hours=6)


async def hear(tools: Tools, host: str, *, stale: timedelta = timedelta()) -> None:
    now = tools.here.now()
    await tools.db.write(services.hear, host=host, now=now, stale=now - stale)


# --- Servers that are gone for long ------------------------------------------------------------------------------


async def test_the_first_word_from_a_server_brings_it_all_that_was_parked_in_order(
    town: Town, tools: Tools, here: Here, clock: FrozenClock
) -> None:
    anna = await a_person(tools.db, here)
    town.always("oak.test", 503)
    create, change = (a_letter(here, by=anna, about="the post") for _ in range(2))
    await post(tools.db, here, create, inbox("oak.test"))
    await for_days(tools, clock, 5)
    await post(tools.db, here, change, inbox("oak.test"))
    await for_days(tools, clock, 10)
    given_up = await tools.db.read(parked)
    town.got.clear()
    del town.says["oak.test"]

    await hear(tools, "oak.test")
    await Courier(tools).drain()

    assert [host for host, _ in given_up] == ["oak.test", "oak.test"]
    assert town.got_by("oak.test") == [create.uri, change.uri]
    assert await tools.db.read(waiting) == []


async def test_what_an_inbox_refused_is_not_brought_again(
    town: Town, tools: Tools, here: Here, clock: FrozenClock
) -> None:
    anna = await a_person(tools.db, here)
    town.always("oak.test", 403)
    await post(tools.db, here, a_letter(here, by=anna), inbox("oak.test"))
    await Courier(tools).drain()
    await tools.db.write(add, Node, host="oak.test", failures=9, failing_since=clock.now(), speaks_rfc9421=False)

    await hear(tools, "oak.test")

    assert await Courier(tools).drain() == 0
    assert await tools.db.read(parked) == [("oak.test", "answered with status 403")]


async def test_a_server_that_talks_and_takes_nothing_is_not_asked_at_each_of_its_words(
    town: Town, tools: Tools, here: Here, clock: FrozenClock
) -> None:
    anna = await a_person(tools.db, here)
    town.always("oak.test", 503)
    for _ in range(20):
        await post(tools.db, here, a_letter(here, by=anna), inbox("oak.test"))

    for _ in range(60):
        await Courier(tools).drain()
        clock.tick(minutes=1)
        await hear(tools, "oak.test", stale=timedelta(hours=1))

    assert len(town.got) <= 40
    assert len(await tools.db.read(waiting)) == 20


async def test_a_server_that_has_been_silent_for_a_week_is_asked_once_a_day(
    town: Town, tools: Tools, here: Here, clock: FrozenClock
) -> None:
    anna = await a_person(tools.db, here)
    town.always("oak.test", 503)
    await post(tools.db, here, a_letter(here, by=anna), inbox("oak.test"))
    await for_days(tools, clock, 7)
    town.got.clear()

    for _ in range(3 * 24):
        await post(tools.db, here, a_letter(here, by=anna), inbox("oak.test"))
        await Courier(tools).drain()
        clock.tick(hours=1)

    assert 2 <= len(town.got) <= 5


async def test_a_follow_is_tried_at_once_even_where_the_server_was_silent(
    town: Town, tools: Tools, here: Here, clock: FrozenClock
) -> None:
    anna = await a_person(tools.db, here)
    town.always("oak.test", 503)
    await post(tools.db, here, a_letter(here, by=anna), inbox("oak.test"))
    await for_days(tools, clock, 9)
    await Courier(tools).drain()
    del town.says["oak.test"]
    town.got.clear()
    follow = a_letter(here, by=anna, type="Follow")

    await post(tools.db, here, follow, inbox("oak.test"))
    await Courier(tools).drain()

    assert town.got_by("oak.test")[0] == follow.uri
    assert await tools.db.read(waiting) == []


async def test_a_server_that_fails_is_asked_with_one_delivery_whether_it_is_well(
    town: Town, tools: Tools, here: Here, clock: FrozenClock
) -> None:
    anna = await a_person(tools.db, here)
    for _ in range(6):
        await post(tools.db, here, a_letter(here, by=anna), inbox("oak.test"))
    town.always("oak.test", 503)
    await Courier(tools).drain()
    at_first = len(town.got)
    town.got.clear()

    clock.tick(hours=1)
    await Courier(tools).drain()

    assert (at_first, len(town.got)) == (2, 1)


async def test_the_breaker_holds_in_the_next_process_too(
    town: Town, tools: Tools, here: Here, clock: FrozenClock
) -> None:
    anna = await a_person(tools.db, here)
    town.always("oak.test", 503)
    await post(tools.db, here, a_letter(here, by=anna), inbox("oak.test"))
    for _ in range(4):
        await Courier(tools).drain()
        clock.tick(minutes=3)
    tried = len(town.got)

    await post(tools.db, here, a_letter(here, by=anna), inbox("oak.test"))

    assert await Courier(tools).drain() + len(town.got) - tried <= 2


# --- Order -------------------------------------------------------------------------------------------------------


async def test_a_clock_that_is_set_back_turns_no_order_round(
    town: Town, tools: Tools, here: Here, clock: FrozenClock
) -> None:
    anna = await a_person(tools.db, here)
    town.always("oak.test", 503)
    create, end = (a_letter(here, by=anna, about="the post") for _ in range(2))
    await post(tools.db, here, create, inbox("oak.test"))
    await Courier(tools).drain()

    clock.tick(hours=-3)
    # After a restart, and by a process with a smaller number.
    restarted = here._replace(ids=Ids(clock, worker=0))
    await post(tools.db, restarted, end, inbox("oak.test"))
    del town.says["oak.test"]
    town.got.clear()
    clock.tick(hours=7)
    await Courier(tools).drain()

    assert town.got_by("oak.test") == [create.uri, end.uri]


async def test_what_is_sent_anew_goes_behind_what_was_said_since(town: Town, tools: Tools, here: Here) -> None:
    anna = await a_person(tools.db, here)
    accept, reject = (a_letter(here, by=anna, about="anna ben") for _ in range(2))
    for letter in (accept, reject):
        await post(tools.db, here, letter, inbox("oak.test"))

    await tools.db.write(deliveries.send_off, here, accept, inboxes=[inbox("oak.test")], again=True)
    await Courier(tools).drain()

    assert town.got_by("oak.test") == [reject.uri, accept.uri]


@pytest.mark.parametrize(
    ("last", "is_void"),
    [
        pytest.param(End("Delete"), True, id="deleted"),
        pytest.param(End("Update"), False, id="edited"),
        pytest.param(End("Undo", names_it=True), True, id="undone"),
        pytest.param(End("Undo"), False, id="something-else-undone"),
        pytest.param(End("Delete", by_another=True), False, id="by-somebody-else"),
    ],
)
async def test_what_was_parked_is_void_once_its_end_has_arrived(
    town: Town, tools: Tools, here: Here, *, last: End, is_void: bool
) -> None:
    """Or the admin's retry, or a word from the server, would bring it back to life."""
    anna, ben = await a_person(tools.db, here), await a_person(tools.db, here)
    first = a_letter(here, by=anna, about=POST)
    town.says["oak.test"] = lambda asked: a_reply(status=403 if first.uri.encode() in asked.body else 202)
    await post(tools.db, here, first, inbox("oak.test"))
    await Courier(tools).drain()
    by = ben if last.by_another else anna
    object_uri = first.uri if last.names_it else POST

    await post(
        tools.db, here, a_letter(here, by=by, about=POST, type=last.type, object_uri=object_uri), inbox("oak.test")
    )
    await Courier(tools).drain()

    assert [host for host, _ in await tools.db.read(parked)] == [] if is_void else ["oak.test"]
    assert (await tools.db.read(backlog.dropped)).deliveries == is_void


# --- Leases ------------------------------------------------------------------------------------------------------


async def test_no_host_gets_more_than_two_at_a_time_from_all_processes_together(db: Database, here: Here) -> None:
    anna = await a_person(db, here)
    for _ in range(6):
        await post(db, here, a_letter(here, by=anna), inbox("oak.test"), inbox("elm.test"))

    both = await asyncio.gather(claimed(db, here), claimed(db, here), claimed(db, here))

    assert sorted(both[0] + both[1] + both[2]) == [inbox("elm.test")] * 2 + [inbox("oak.test")] * 2


async def test_what_waited_too_long_for_its_turn_is_given_back_unsent(
    town: Town, tools: Tools, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = await a_person(tools.db, here)
    await post(tools.db, here, a_letter(here, by=anna), inbox("oak.test"))
    late = Courier(tools)

    with monkeypatch.context() as patched:
        patched.setattr(deliver, "FRESH", -1.0)
        await late._pass()  # noqa: SLF001 -- one look, as `run` would take it
    unsent = len(town.got)
    await late.drain()

    assert (unsent, len(town.got)) == (0, 1)


async def test_a_delivery_that_ends_the_process_is_sent_alone_and_then_never_again(
    db: Database, here: Here, clock: FrozenClock
) -> None:
    anna = await a_person(db, here)
    hosts = [f"h{n}.test" for n in range(4)]
    await post(db, here, a_letter(here, by=anna), *map(inbox, hosts))
    taken = []
    for _ in range(2 + 3 * len(hosts)):
        taken.append(len(await claimed(db, here)))
        clock.tick(seconds=LEASE.total_seconds() + 1)

    assert taken[:3] == [4, 4, 1]
    assert sorted(await db.read(parked)) == [
        (host, f"the process ended {MOST_LOST} times while this was being sent") for host in hosts
    ]


async def test_a_result_for_what_was_dropped_meanwhile_touches_nothing_new(db: Database, here: Here) -> None:
    anna = await a_person(db, here)
    await post(db, here, a_letter(here, by=anna), inbox("oak.test"))
    claim = await db.write(deliveries.claim, now=here.now(), wanted=EVERYTHING)
    await db.write(drops.deliveries, [claim.deliveries[0].id])
    await post(db, here, a_letter(here, by=anna), inbox("elm.test"))

    await db.write(deliveries.settle, Results(arrived=[claim.deliveries[0].id]), now=here.now())

    assert await db.read(waiting) == [("elm.test", 0, None)]


async def test_a_delivery_that_breaks_our_own_code_is_tried_five_times(
    town: Town, tools: Tools, here: Here, clock: FrozenClock
) -> None:
    anna, ben = await a_person(tools.db, here), await a_person(tools.db, here)
    await post(tools.db, here, a_letter(here, by=anna), inbox("oak.test"))

    def break_key(tx: Connection) -> None:
        tx.execute(update(ActorKey).where(ActorKey.actor_id == anna.id).values(private=b"no key"))

    await tools.db.write(break_key)
    letters = []
    for _ in range(6):
        letters.append(a_letter(here, by=ben))
        await post(tools.db, here, letters[-1], inbox("oak.test"))
        await Courier(tools).drain()
        clock.tick(days=1)

    assert sorted(town.got_by("oak.test")) == sorted(letter.uri for letter in letters)
    assert [host for host, _ in await tools.db.read(parked)] == ["oak.test"]


async def test_a_reason_with_a_nul_holds_up_nobody(tools: Tools, here: Here) -> None:
    anna = await a_person(tools.db, here)
    await post(tools.db, here, a_letter(here, by=anna), inbox("oak.test"))
    claim = await tools.db.write(deliveries.claim, now=here.now(), wanted=EVERYTHING)
    number, now = claim.deliveries[0].id, here.now()

    results = Results(parked=[deliveries.Parked(number, 1, "a\0b", is_refused=False)])
    await tools.db.write(deliveries.settle, results, now=now)

    assert await tools.db.read(parked) == [("oak.test", "a b")]


# --- Inboxes that are gone ---------------------------------------------------------------------------------------


@pytest.fixture
async def introduced(tools: Tools) -> None:
    """The node's own actor, which signs what nobody asks for."""
    await a_person(tools.db, tools.here, kind=Kind.NODE, uri=tools.here.uris.node)


async def a_reader(tools: Tools, host: str, name: str) -> Made:
    uri = f"http://{host}/users/{name}"
    made = await a_person(
        tools.db, tools.here, local=False, domain=host, uri=uri, username=name, inbox=f"{uri}/inbox", shared_inbox=None
    )
    old = tools.here.now() - timedelta(days=3)

    def age(tx: Connection) -> None:
        tx.execute(update(Actor).where(Actor.id == made.id).values(fetched_at=old))

    await tools.db.write(age)
    return made


@pytest.mark.usefixtures("introduced")
@pytest.mark.parametrize(
    ("inbox_says", "actor_says", "is_gone"),
    [(410, 410, True), (404, 410, True), (410, 404, False), (404, 404, False)],
)
async def test_who_reads_at_an_inbox_that_is_gone_is_asked_after_once_and_let_go_if_gone(
    town: Town, tools: Tools, here: Here, *, inbox_says: int, actor_says: int, is_gone: bool
) -> None:
    anna, vera = await a_person(tools.db, here), await a_reader(tools, "oak.test", "vera")
    town.says["oak.test"] = lambda asked: a_reply(status=inbox_says if asked.body else actor_says)
    for _ in range(2):
        await post(tools.db, here, a_letter(here, by=anna), f"{vera.uri}/inbox")
        await Courier(tools).drain()
        await Worker(tools).drain()

    deleted = await tools.db.read(lambda tx: tx.scalar(select(Actor.deleted_at).where(Actor.id == vera.id)))
    assert (deleted is not None) is is_gone
    assert [asked.line.partition(" ")[0] for asked in town.asked].count("GET") == 1
    assert await tools.db.read(lambda tx: tx.scalars(select(Job.kind)).all()) == []


async def test_an_inbox_that_refuses_is_not_gone(town: Town, tools: Tools, here: Here) -> None:
    anna = await a_person(tools.db, here)
    town.always("oak.test", 403)
    await post(tools.db, here, a_letter(here, by=anna), inbox("oak.test"))

    await Courier(tools).drain()

    assert await tools.db.read(lambda tx: tx.scalars(select(Job.kind)).all()) == []


async def test_a_lease_is_counted_in_no_hands_once_it_has_run_out(db: Database, here: Here, clock: FrozenClock) -> None:
    anna = await a_person(db, here)
    for _ in range(4):
        await post(db, here, a_letter(here, by=anna), inbox("oak.test"))
    before = await claimed(db, here)
    clock.tick(seconds=LEASE.total_seconds() + 1)

    assert (len(before), len(await claimed(db, here))) == (2, 2)
    leased = select(Delivery.id).where(Delivery.leased_until > here.now())
    assert len(await db.read(lambda tx: tx.scalars(leased).all())) == 2
