"""The rig itself: each of the things that it watches is seen when it happens."""

import asyncio
import time

import pytest
from sqlalchemy import Connection, text

from tests.attack import shots, world
from tests.attack.rig import LONGEST_STALL, MOST_GROWTH, Rig

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("attacked_database", ["sqlite"], indirect=True, scope="module"),
]


async def test_a_change_of_state_is_seen(rig: Rig) -> None:
    def rename(tx: Connection) -> None:
        tx.execute(text("UPDATE actor SET name = 'Somebody else' WHERE username = 'anna'"))

    with pytest.raises(AssertionError, match="something changed"):
        async with rig.unmoved():
            await rig.node.tools.db.write(rename)


async def test_a_request_to_others_is_seen(rig: Rig) -> None:
    villain = rig.world.stranger()

    with pytest.raises(AssertionError, match="other servers were asked"):
        async with rig.unmoved(tables=("post",)):
            await rig.fire(rig.signed(villain, shots.like(villain.uri, number=world.number())))


async def test_a_long_step_is_seen(rig: Rig) -> None:
    async def think_hard() -> None:
        until = time.thread_time() + LONGEST_STALL + 0.1
        while time.thread_time() < until:
            pass

    async def watched() -> None:
        async with rig.awake():
            await asyncio.create_task(think_hard())
            await asyncio.sleep(0)

    with pytest.raises(AssertionError, match="held up the event loop"):
        await watched()


async def test_much_memory_is_seen_though_it_is_given_back(rig: Rig) -> None:
    assert rig.node.url
    with pytest.raises(AssertionError, match="MiB more"):  # noqa: SIM117  # the inner one is what raises
        with rig.lean():
            assert sum(bytes(4 * MOST_GROWTH << 20).translate(bytes(range(256)))[:9]) == 0


async def test_a_failing_page_is_seen(rig: Rig) -> None:
    """No row of the corpus may be answered with a failure of our own."""
    rig.replies.append(shots.Reply(500, {}, b""))

    with pytest.raises(AssertionError, match="failed"):
        async with rig.unmoved():
            rig.replies.append(shots.Reply(500, {}, b""))
