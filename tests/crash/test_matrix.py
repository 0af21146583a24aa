"""The node is killed at every named point there is, and after the restart the day ends as any other (REL-01, REL-02).

A few points in every run of the tests; all of them with `make crash`.
"""

import os
import re
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final, NamedTuple

import pytest
import pytest_asyncio

from fedishare.cli.browser import Browser
from fedishare.core import crash
from tests import postgres
from tests.crash.story import Day, End, Neighbour
from tests.live.nodes import PASSWORD
from tests.live.processes import Process

pytestmark = pytest.mark.timeout(300)
in_one_loop: Final = pytest.mark.asyncio(loop_scope="module")

NEIGHBOURS: Final = 3
# Where the first time is while the node gets ready, with nothing yet to lose.
LATER: Final = {"database.before-commit": 8, "database.after-commit": 8, "delivery.settled": 4, "job.enqueued": 2}
# One of each kind: taken in, put off, done but not ticked off, about to be sent, sent but not ticked off.
SOME: Final = ("inbox.applied", "later.fetched", "job.done", "delivery.begun", "delivery.answered")
SOME_ON_POSTGRES: Final = ("inbox.committed", "later.applied", "job.forgotten", "delivery.leased", "delivery.removed")
IS_ALL: Final = os.environ.get("FEDISHARE_TEST_CRASHES") == "all"
CODE: Final = Path(crash.__file__).parents[1]


class Setting(NamedTuple):
    """A day that is about to begin: the folder and the database as it was the evening before, and how it should end."""

    folder: Path
    port: int
    neighbours: list[Neighbour]
    browser: Browser
    copy: Callable[[Path], str]
    expected: End


def crashes() -> list[str]:
    return [f"{name}:{LATER.get(name, 1)}" for name in sorted(crash.POINTS) if IS_ALL or name in SOME]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def neighbours() -> AsyncIterator[list[Neighbour]]:
    started = [Neighbour(number) for number in range(NEIGHBOURS)]
    for host in started:
        await host.start()
    yield started
    for host in started:
        await host.close()


async def evening(tmp: Path, neighbours: list[Neighbour], database: str | None) -> tuple[Process, Browser]:
    """The node as it is before the day, at rest."""
    process = Process(tmp, database=database)
    process.run("account", "add", "anna", "--email", "anna@n.example", "--password", PASSWORD, "--role", "admin")
    browser = Browser(process.url)
    await process.start()
    try:
        await Day(process, neighbours, browser).prepare()
    finally:
        process.stop()
    return process, browser


async def a_day(setting: Setting, folder: Path, *, crash_at: str = "") -> tuple[Day, End]:
    shutil.copytree(setting.folder, folder, dirs_exist_ok=True)
    process = Process(folder, port=setting.port, database=setting.copy(folder))
    for host in setting.neighbours:
        host.got.clear()
        host.notes.clear()
    day = Day(process, setting.neighbours, setting.browser)
    try:
        await process.start(**{crash.VARIABLE: crash_at})
        await day.live()
        return day, await day.ended()
    finally:
        process.kill()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def on_sqlite(tmp_path_factory: pytest.TempPathFactory, neighbours: list[Neighbour]) -> Setting:
    folder = tmp_path_factory.mktemp("evening")
    process, browser = await evening(folder, neighbours, None)

    def copy(to: Path) -> str:
        return f"sqlite+aiosqlite:///{to / 'fedishare.db'}"

    setting = Setting(folder, process.port, neighbours, browser, copy, End([], []))
    _, expected = await a_day(setting, tmp_path_factory.mktemp("day"))
    return setting._replace(expected=expected)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def on_postgres(tmp_path_factory: pytest.TempPathFactory, neighbours: list[Neighbour]) -> AsyncIterator[Setting]:
    server = postgres.running()
    if server is None:
        pytest.skip(postgres.NOT_FOUND)
    names = [f"evening_{os.getpid()}"]
    server.create(names[0])
    folder = tmp_path_factory.mktemp("evening")
    process, browser = await evening(folder, neighbours, server.url(names[0]))

    def copy(_: Path) -> str:
        names.append(f"day_{os.getpid()}_{len(names)}")
        server.create(names[-1], template=names[0])
        return server.url(names[-1])

    setting = Setting(folder, process.port, neighbours, browser, copy, End([], []))
    _, expected = await a_day(setting, tmp_path_factory.mktemp("day"))
    yield setting._replace(expected=expected)
    for name in names:
        server.drop(name)


def test_every_point_stands_at_exactly_one_place_of_the_code_and_there_are_forty() -> None:
    code = "".join(path.read_text() for path in sorted(CODE.rglob("*.py")))

    named = re.findall(r'crash\.point\("([^"]+)"\)', code)

    assert sorted(named) == sorted(crash.POINTS)
    assert len(crash.POINTS) >= 40


@in_one_loop
async def test_the_day_is_worth_the_trouble(on_sqlite: Setting) -> None:
    """It ends with everything done, or comparing with it would show little."""
    oak, elm, ash = (host.origin for host in on_sqlite.neighbours)
    state, got = on_sqlite.expected
    from_here = ["Create Delete ", "Create Update Edited today"]

    assert got == [
        *(f"0 {line}" for line in from_here),
        *(f"1 {line}" for line in from_here),
        f"2 Accept {ash}/users/p/Follow/0",
        *(f"2 {line}" for line in from_here),
    ]
    assert [line for line in state if line.startswith(("notice", "reaction", "given up"))] == [
        f"notice follow {oak}/users/p None",
        f"notice follow {elm}/users/c None",
        f"notice follow {elm}/users/p None",
        f"notice follow {ash}/users/p None",
        f"notice like {oak}/users/p The first of many",
        f"notice like {elm}/users/p The first of many",
        f"notice mention {oak}/users/p {oak}/notes/news",
        f"notice mention {oak}/users/p {oak}/notes/reply",
        f"reaction like {oak}/users/p The first of many",
    ]
    # The end of the post that is gone has come to Elm, so its beginning is not kept for the inbox that takes nothing.
    assert [line.split()[1] for line in state if line.startswith("parked")] == [
        *("Accept", "Create", "Create", "Delete", "Update")
    ]


@in_one_loop
@pytest.mark.parametrize("point", crashes())
async def test_a_node_that_is_killed_ends_the_day_as_any_other(on_sqlite: Setting, tmp_path: Path, point: str) -> None:
    day, end = await a_day(on_sqlite, tmp_path, crash_at=point)

    assert day.crashes == 1, f"{point} was never reached"
    assert end == on_sqlite.expected


@in_one_loop
@pytest.mark.parametrize("point", SOME_ON_POSTGRES if IS_ALL else SOME_ON_POSTGRES[-1:])
async def test_so_does_one_on_postgresql(on_postgres: Setting, tmp_path: Path, point: str) -> None:
    day, end = await a_day(on_postgres, tmp_path, crash_at=point)

    assert day.crashes == 1, f"{point} was never reached"
    assert end == on_postgres.expected
