"""Ids sort by time and are never given twice, whatever the clock does."""

from concurrent.futures import ThreadPoolExecutor

from fedishare.core.ids import Ids
from tests.builders import FrozenClock


def test_ids_grow_even_when_the_clock_steps_back() -> None:
    clock = FrozenClock()
    ids = Ids(clock, worker=1)

    minted = [ids.new()]
    clock.tick(seconds=-3600)
    minted += [ids.new() for _ in range(5000)]
    clock.tick(seconds=7200)
    minted.append(ids.new())

    assert minted == sorted(set(minted))
    assert minted[-1] < 2**63


def test_two_workers_never_mint_the_same() -> None:
    clock = FrozenClock()
    one, other = Ids(clock, worker=1), Ids(clock, worker=2)

    assert not {one.new() for _ in range(2000)} & {other.new() for _ in range(2000)}


def test_threads_never_get_the_same() -> None:
    ids = Ids(FrozenClock(), worker=1)
    with ThreadPoolExecutor(4) as pool:
        minted = list(pool.map(lambda _: ids.new(), range(4000)))

    assert len(set(minted)) == len(minted)
