"""Who is blocked is known without asking the database at each step, and not for longer than a moment."""

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.services import nodes
from fedishare.services.shunned import is_shunned
from tests.builders import FrozenClock


async def test_a_block_counts_at_once_and_so_does_its_end(db: Database, here: Here) -> None:
    before = await is_shunned(db, here.clock, "sub.evil.test")
    await db.write(nodes.block, here, domain="evil.test", reason="")
    during = [await is_shunned(db, here.clock, host) for host in ("sub.evil.test", "evil.test", "notevil.test")]
    await db.write(nodes.unblock, domain="evil.test")
    after = await is_shunned(db, here.clock, "sub.evil.test")

    assert (before, during, after) == (False, [True, True, False], False)


async def test_what_another_process_blocked_counts_a_moment_later(db: Database, here: Here, clock: FrozenClock) -> None:
    before = await is_shunned(db, here.clock, "evil.test")
    await db.write(nodes.block, here, domain="evil.test", reason="")
    db.ledger._changed.clear()  # noqa: SLF001 -- as if this process had not done it
    clock.tick(seconds=1)

    assert (before, await is_shunned(db, here.clock, "evil.test")) == (False, True)
