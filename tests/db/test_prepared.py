"""The short way to SQLite gives what SQLAlchemy's long way gives, for every shape of statement we write."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, delete, event, func, select, update
from sqlalchemy.exc import IntegrityError, MultipleResultsFound, NoResultFound, StatementError

from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.engine import Database
from fedishare.db.people import Actor, ActorKey
from fedishare.db.work import Counter
from fedishare.domain.kinds import KeyKind, Kind
from tests.builders import MONDAY, a_person

ALL = select(Actor.id, Actor.uri, Actor.kind, Actor.local, Actor.created_at, Actor.fields, Actor.moved_at)
ONE = ALL.where(Actor.uri == bindparam("named"))
AMONG = select(Actor.username).where(Actor.username.in_(bindparam("names", expanding=True))).order_by(Actor.username)
PERSONS = select(func.count()).select_from(Actor).where(Actor.kind == Kind.PERSON, Actor.moved_at.is_(None))
COUNT = insert(Counter)
COUNT_ONCE = insert(Counter).on_conflict_do_nothing(index_elements=["name"]).returning(Counter.value)
RENAME = update(Actor).where(Actor.uri == bindparam("named")).values(name=bindparam("other"), moved_at=None)
SHOW_KEY = insert(ActorKey)
FORGET = delete(Counter).where(Counter.name.in_(bindparam("names", expanding=True)))


def long_way(tx: Connection, statement: Any, values: Any) -> list[tuple[Any, ...]]:
    """As SQLAlchemy alone answers: it takes over while anybody listens to it."""

    def note(*_: Any) -> None:
        pass

    event.listen(tx, "before_cursor_execute", note)
    return [tuple(row) for row in tx.execute(statement, values)]


def again(tx: Connection, statement: Any, values: Any, times: int = 4) -> list[list[tuple[Any, ...]]]:
    """What the statement answers each time; from the second time on it goes the short way."""
    return [[tuple(row) for row in tx.execute(statement, values)] for _ in range(times)]


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        (ALL, {}),
        (ONE, {"named": "https://alder.test/users/ada"}),
        (ONE, {"named": "nobody"}),
        (AMONG, {"names": ["ada", "ben", "nobody"]}),
        (AMONG, {"names": ("ada",)}),
        (AMONG, {"names": []}),
        (AMONG, {"names": [f"n{number}" for number in range(100)] + ["ada"]}),
        (PERSONS, {}),
        (PERSONS, None),
    ],
)
async def test_a_question_has_one_answer(db: Database, here: Here, statement: Any, values: Any) -> None:
    for name in ("ada", "ben"):
        await a_person(db, here, username=name, uri=f"https://alder.test/users/{name}", fields=[{"name": "n"}])

    short = await db.read(again, statement, values)
    expected = await db.read(long_way, statement, values)

    assert short == [expected] * 4


async def test_one_statement_takes_lists_of_any_length(db: Database, here: Here) -> None:
    for name in ("ada", "ben", "cleo"):
        await a_person(db, here, username=name)

    def ask(tx: Connection) -> list[list[str]]:
        lists: list[list[str]] = [["ada"], ["ada", "ben"], [], ["cleo", "ben", "ada"], ["ben"], []]
        return [list(tx.scalars(AMONG, {"names": names})) for names in lists]

    assert await db.read(ask) == [["ada"], ["ada", "ben"], [], ["ada", "ben", "cleo"], ["ben"], []]


async def test_rows_are_read_by_name_and_by_place(db: Database, here: Here) -> None:
    ada = await a_person(db, here, username="ada")

    def ask(tx: Connection) -> list[tuple[Any, ...]]:
        rows = [tx.execute(ONE, {"named": ada.uri}).one() for _ in range(3)]
        return [(row.id, row[1], row.kind, row.local, row.created_at, row.moved_at) for row in rows]

    assert await db.read(ask) == [(ada.id, ada.uri, Kind.PERSON, True, MONDAY, None)] * 3


async def test_what_is_written_is_there_with_its_defaults(db: Database, here: Here) -> None:
    ada = await a_person(db, here)

    def write(tx: Connection) -> None:
        for number in range(3):
            tx.execute(COUNT, {"name": f"single {number}", "value": number})
            tx.execute(COUNT, [{"name": f"{letter} {number}", "value": number} for letter in "ab"])
            key = {"actor_id": ada.id, "key_id": f"#{number}", "kind": KeyKind.RSA, "public": "", "private": None}
            tx.execute(SHOW_KEY, key | {"fetched_at": MONDAY})
            tx.execute(RENAME, {"named": ada.uri, "other": f"Ada {number}"})
        tx.execute(FORGET, {"names": ["a 0", "b 2"]})
        tx.execute(FORGET, {"names": ["single 1"]})

    await db.write(write)

    assert await db.read(lambda tx: tx.scalar(select(Actor.name).where(Actor.id == ada.id))) == "Ada 2"
    counted = await db.read(lambda tx: sorted(tx.scalars(select(Counter.name))))
    assert counted == ["a 1", "a 2", "b 0", "b 1", "single 0", "single 2"]
    keys = await db.read(
        lambda tx: tx.execute(select(ActorKey.key_id, ActorKey.fetched_at).where(ActorKey.public == "")).all()
    )
    assert sorted(map(tuple, keys)) == [(f"#{number}", MONDAY) for number in range(3)]


async def test_a_row_that_is_there_answers_nothing(db: Database) -> None:
    def write(tx: Connection) -> list[int | None]:
        return [tx.execute(COUNT_ONCE, {"name": name, "value": 7}).scalar() for name in ("x", "x", "y", "y", "z")]

    assert await db.write(write) == [7, None, 7, None, 7]


async def test_it_is_known_how_many_rows_were_changed(db: Database) -> None:
    def write(tx: Connection) -> list[int]:
        counts = []
        for _ in range(3):
            tx.execute(COUNT, [{"name": name, "value": 1} for name in "abc"])
            counts.append(tx.execute(FORGET, {"names": ["a", "b", "c", "d"]}).rowcount)
        return counts

    assert await db.write(write) == [3, 3, 3]


async def test_what_is_missing_or_wrong_is_said_as_ever(db: Database) -> None:
    def leave_out(tx: Connection) -> None:
        for _ in range(3):
            tx.execute(ONE, {"named": "x"})
        tx.execute(ONE, {"another": "x"})

    def no_zone(tx: Connection) -> None:
        moved = update(Actor).values(moved_at=bindparam("when"))
        for when in (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1)):  # noqa: DTZ001 -- the mistake
            tx.execute(moved, {"when": when})

    def twice(tx: Connection) -> None:
        for name in ("a", "b", "c", "a"):
            tx.execute(COUNT, {"name": name, "value": 1})

    for wrong, error in ((leave_out, StatementError), (no_zone, StatementError), (twice, IntegrityError)):
        with pytest.raises(error):
            await db.write(wrong)
    assert await db.read(lambda tx: tx.scalar(select(func.count()).select_from(Counter))) == 0


async def test_too_many_rows_and_none_are_told_apart(db: Database, here: Here) -> None:
    for name in ("ada", "ben"):
        await a_person(db, here, username=name)

    def two(tx: Connection) -> Any:
        return [tx.execute(ALL).first() for _ in range(3)] and tx.execute(ALL).one_or_none()

    def none(tx: Connection) -> Any:
        return [tx.execute(ONE, {"named": ""}).first() for _ in range(3)] and tx.execute(ONE, {"named": ""}).one()

    with pytest.raises(MultipleResultsFound):
        await db.read(two)
    with pytest.raises(NoResultFound):
        await db.read(none)
