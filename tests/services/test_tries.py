"""Tries to sign in are counted for all processes of a node together."""

from fedishare.core.errors import TooMany
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.services import housekeeping, tries
from tests.builders import FrozenClock


async def test_tries_are_counted_by_account_and_by_line_and_come_back(
    db: Database, here: Here, clock: FrozenClock
) -> None:
    async def spend(at: str, by: str) -> int:
        try:
            await db.write(tries.spend, here, at=at, by=by)
        except TooMany as error:
            return error.retry_after or 0
        return 0

    spent = [await spend("1", f"192.0.2.{n}") for n in range(tries.BURST)]
    refused = await spend("1", "192.0.2.99")

    assert (spent, refused) == ([0] * tries.BURST, 13)
    # What was refused cost the line nothing, and other accounts go on.
    assert [await spend(f"other {n}", "192.0.2.99") for n in range(tries.BURST)] == [0] * tries.BURST
    assert await spend("yet another", "192.0.2.99") > 0
    clock.tick(seconds=12)
    assert (await spend("1", "192.0.2.50"), await spend("1", "192.0.2.51") > 0) == (0, True)
    clock.tick(hours=2)
    await db.write(housekeeping.sweep, here)
    assert [await spend("1", "192.0.2.1") for _ in range(tries.BURST)] == [0] * tries.BURST
