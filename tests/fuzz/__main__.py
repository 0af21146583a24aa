"""`python -m tests.fuzz`: as long as one likes, from a seed that it prints, or once more from a file that it wrote."""

import argparse
import asyncio
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from fedishare.db import schema
from tests.attack.rig import ShiftedClock
from tests.fuzz import bombardment, inputs
from tests.fuzz.bombardment import Range, Report, Wrong
from tests.live.nodes import LiveNode, log_plainly
from tests.live.town import Town

FOLDER: Final = Path(".fuzz")
ALLOWED: Final = "127.0.0.1/32"


@asynccontextmanager
async def a_range(folder: Path) -> AsyncIterator[Range]:
    """A node of its own, on an empty SQLite database, gone when it is over."""
    town, clock, url = Town(folder), ShiftedClock(), f"sqlite+aiosqlite:///{folder}/node.db"
    await schema.upgrade(url)
    made = Range(town, LiveNode(town, "us.test", database=url, folder=folder, clock=clock, allow=ALLOWED), clock)
    await made.set_up()
    try:
        yield made
    finally:
        await made.close()


async def run(*, seed: int, seconds: float, replay: Path | None) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        async with a_range(Path(folder)) as shot_at:
            if replay is not None:
                return await bombardment.again(shot_at, inputs.load(replay))
            return await bombardment.bombard(shot_at, seed=seed, seconds=seconds)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz the inbox of a running node.")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long (60)")
    parser.add_argument("--seed", type=int, help="where chance begins; another one each time if not given")
    parser.add_argument("--replay", type=Path, help="a file that an earlier run wrote: send that again")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else secrets.randbits(32)
    log_plainly()
    sys.stdout.write(f"seed {seed}\n")
    sys.stdout.flush()
    try:
        report = asyncio.run(run(seed=seed, seconds=given.seconds, replay=given.replay))
    except Wrong as wrong:
        kept = given.replay or bombardment.keep(FOLDER, wrong, seed=seed)
        sys.stdout.write(f"{wrong}\nAgain with: make fuzz REPLAY={kept}\n")
        return 1
    sys.stdout.write(f"{report.sent} requests, nothing went wrong; answers by status: {report.statuses}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
