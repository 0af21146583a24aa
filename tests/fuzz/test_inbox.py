"""A short bombardment in every run of the tests, always the same one; `make fuzz` goes on for as long as one likes."""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

from fedishare.inbox import receive
from tests.attack.rig import LONGEST_STALL
from tests.fuzz import bombardment, inputs
from tests.fuzz.__main__ import FOLDER, a_range
from tests.fuzz.bombardment import Range, Wrong
from tests.live.nodes import log_plainly

SEED: Final = 20260907
SECONDS: Final = 6.0
MOST: Final = 640


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shot_at(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Range]:
    log_plainly()
    async with a_range(tmp_path_factory.mktemp("range")) as made:
        yield made


@pytest.mark.asyncio(loop_scope="module")
async def test_the_inbox_stands_whatever_comes(shot_at: Range) -> None:
    try:
        report = await bombardment.bombard(shot_at, seed=SEED, seconds=SECONDS, most=MOST)
    except Wrong as wrong:
        kept = bombardment.keep(FOLDER, wrong, seed=SEED)
        raise AssertionError(f"seed {SEED}: {wrong}\nAgain with: make fuzz REPLAY={kept}") from wrong

    assert report.statuses[202] > report.sent / 5, report


def test_a_seed_and_a_number_give_the_same_input_again() -> None:
    first, again, other = inputs.make(7, 3), inputs.make(7, 3), inputs.make(8, 3)

    assert first == again
    assert first != other


def test_what_went_wrong_is_kept_and_comes_out_of_its_file_as_it_was(tmp_path: Path) -> None:
    batch = [inputs.make(7, number) for number in range(40)]

    file = inputs.save(tmp_path / "new", batch, seed=7, why="a trace")

    assert inputs.load(file) == batch
    assert json.loads(file.read_text())["why"] == "a trace"


async def broken(*_: object, **__: object) -> None:
    raise ValueError("broken on purpose")


async def stalled(*_: object, **__: object) -> None:
    until = time.thread_time() + LONGEST_STALL * 1.2
    while time.thread_time() < until:
        pass


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("fault", [broken, stalled])
async def test_a_fault_is_found_and_found_again(
    shot_at: Range, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Callable[..., Awaitable[None]]
) -> None:
    """The target itself: a node that breaks, or stands still, does not get through."""
    monkeypatch.setattr(receive, "receive", fault)
    monkeypatch.setattr(bombardment, "BATCH", 1)

    with pytest.raises(Wrong) as found:
        await bombardment.bombard(shot_at, seed=SEED, seconds=SECONDS, most=64)
    file = bombardment.keep(tmp_path / "kept", found.value, seed=SEED)
    with pytest.raises(Wrong):
        await bombardment.again(shot_at, inputs.load(file))
