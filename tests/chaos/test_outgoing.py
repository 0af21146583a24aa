"""Whatever mood other servers are in: each gets everything in the end, in order, and nobody waits for anybody else."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from aiohttp.abc import ResolveResult

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.jobs.deliveries import Letter
from fedishare.jobs.tools import Tools
from fedishare.net.storage import Storage
from fedishare.outbox.deliver import Courier
from tests.builders import FrozenClock, a_person
from tests.chaos.peers import MOODS, PATIENT, Chaos
from tests.net.peers import Asked, Names, a_client, a_peer, a_reply, some_trust
from tests.outbox.town import a_letter, parked, post, waiting

EACH: Final = 2
THINGS: Final = 3
LONGEST_FORM: Final = timedelta(days=1)


def hosts() -> Iterator[str]:
    for mood in MOODS:
        for number in range(EACH):
            yield f"{mood}-{number}.test"


async def write(tools: Tools, here: Here, *, to: str = "") -> list[Letter]:
    """Three things happen, each with a beginning, a middle and an end, all mixed."""
    anna = await a_person(tools.db, here)
    letters = [
        a_letter(here, by=anna, about=f"https://alder.test/posts/{thing}", type=kind)
        for kind in ("Create", "Update", "Delete")
        for thing in range(THINGS)
    ]
    for letter in letters:
        await post(tools.db, here, letter, *(f"http://{host}/inbox" for host in hosts() if host.startswith(to)))
    return letters


def refuse_disorder(chaos: Chaos, letters: list[Letter]) -> None:
    """Of what a server took twice, the first time counts."""
    for host, took in chaos.took.items():
        first = list(dict.fromkeys(took))
        for thing in {letter.about for letter in letters}:
            wanted = [letter.uri for letter in letters if letter.about == thing]
            came = [uri for uri in first if uri in wanted]
            assert came == wanted[: len(came)], f"{host} got {came}"


async def test_everybody_gets_everything_in_order_and_nobody_more_than_two_at_a_time(
    chaos: Chaos, tools: Tools, here: Here, clock: FrozenClock
) -> None:
    chaos.unknown = {f"unknown-{number}.test" for number in range(EACH)}
    letters = await write(tools, here)
    courier = Courier(tools)
    await courier.drain()
    at_once = {host for host in hosts() if len(set(chaos.took[host])) == len(letters)}

    for hours in (0.02, 1, 24):
        clock.tick(hours=hours)
        await courier.drain()
        refuse_disorder(chaos, letters)
    chaos.is_healed = True
    for _ in range(6):
        clock.tick(hours=26)
        await courier.drain()

    healthy = {f"{mood}-{number}.test" for mood in ("fine", "newer", "large") for number in range(EACH)}
    assert healthy <= at_once
    # A hole does not notice that nobody listens any more.
    assert max(most for host, most in chaos.most_at_once.items() if not host.startswith("hole")) == 2
    refuse_disorder(chaos, letters)
    complete = {host for host in hosts() if set(chaos.took[host]) == {letter.uri for letter in letters}}
    assert complete == {host for host in hosts() if host.partition("-")[0] in PATIENT}
    assert {host.partition("-")[0] for host, *_ in await tools.db.read(waiting)} == {"gone"}
    assert len(await tools.db.read(parked)) == len(letters) * EACH


async def test_servers_that_are_out_of_order_are_asked_seldom(
    chaos: Chaos, tools: Tools, here: Here, clock: FrozenClock
) -> None:
    await write(tools, here, to="broken")
    courier = Courier(tools)

    for _ in range(24 * 6):
        await courier.drain()
        clock.tick(minutes=10)

    # Two at first; then one at a time, ever more seldom, up to once an hour.
    assert all(20 <= asked <= 45 for asked in chaos.asked.values()), chaos.asked


async def test_a_clock_that_jumps_a_day_either_way_loses_and_disorders_nothing(
    chaos: Chaos, tools: Tools, here: Here, clock: FrozenClock
) -> None:
    letters = await write(tools, here)
    courier = Courier(tools)
    await courier.drain()

    for hours in (24, 0.2, -24, 0.2, -24, 30, 26, 26):
        clock.tick(hours=hours)
        await courier.drain()
        chaos.is_healed = hours == 30 or chaos.is_healed

    refuse_disorder(chaos, letters)
    complete = {host for host in hosts() if set(chaos.took[host]) == {letter.uri for letter in letters}}
    assert complete == {host for host in hosts() if host.partition("-")[0] in PATIENT}


@pytest.mark.parametrize("wrong", ["expired", "of another name"])
async def test_a_certificate_that_is_wrong_is_waited_for_until_it_is_renewed(
    db: Database, here: Here, storage: Storage, clock: FrozenClock, wrong: str
) -> None:
    """REL-19: for seven days, without a word said to whoever cannot prove who they are."""
    trust = some_trust()
    yesterday = datetime.now(UTC) - timedelta(days=1)
    certificate = trust.serve("oak.test", not_after=yesterday) if wrong == "expired" else trust.serve("elm.test")
    said: list[Asked] = []

    def take(asked: Asked) -> bytes:
        said.append(asked)
        return a_reply(status=202)

    async with a_peer(take, tls=certificate) as peer:
        road = Road(peer.port)
        client = a_client(resolver=road, own_origin=here.uris.origin, clock=clock, ca_file=trust.ca_file, seconds=2)
        async with client:
            tools = Tools(db, client, here, storage)
            anna = await a_person(db, here)
            await post(db, here, a_letter(here, by=anna), "https://oak.test/inbox")
            for _ in range(6):
                await Courier(tools).drain()
                clock.tick(days=1)
            before, [(_, tries, why)] = len(said), await db.read(waiting)

            trust.authority.issue_cert("oak.test").configure_cert(certificate)
            await Courier(tools).drain()

    assert (before, len(said), await db.read(waiting)) == (0, 1, [])
    assert (tries, why) == (6, "oak.test cannot prove who it is, so nothing was said to it.")


class Road(Names):
    """Every name leads to one port."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return await super().resolve(host, self._port, family)
