"""What rests on a token hears of its end, however it ended."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import Connection, func, select, update

from fedishare.api.keys import WATCH
from fedishare.core.here import Here
from fedishare.db.accounts import Account, Token
from fedishare.db.engine import Database
from fedishare.services import people, runners, tokens
from tests.api.conftest import School
from tests.api.signing_in import a_handle, runs_too
from tests.builders import Made

Change = Callable[[Database, Here, int, Made], Awaitable[None]]


async def give_back(db: Database, here: Here, token_id: int, _person: Made) -> None:
    await db.write(tokens.end, token_id=token_id, now=here.now())


async def freeze(db: Database, here: Here, _token_id: int, person: Made) -> None:
    def close(tx: Connection) -> None:
        tx.execute(update(Account).where(Account.id == person.id).values(disabled_at=here.now()))

    await db.write(close)


async def delete(db: Database, here: Here, _token_id: int, person: Made) -> None:
    await db.write(people.remove, actor_id=person.id, here=here)


async def token_of(school: School) -> int:
    """The one that was given last."""
    return await school.db.read(lambda tx: tx.execute(select(func.max(Token.id))).scalar_one())


@pytest.mark.parametrize("change", [give_back, freeze, delete])
@pytest.mark.parametrize("by_this_process", [True, False])
async def test_the_end_of_a_token_is_heard_of(
    school: School, here: Here, change: Change, by_this_process: bool
) -> None:
    person, _ = await school.a_teacher()
    token_id = await token_of(school)
    watch = school.client.app[WATCH]

    async with watch.over(token_id) as ended, watch.over(token_id) as also:
        before = ended.is_set()
        await change(school.own_db if by_this_process else school.db, here, token_id, person)
        await asyncio.wait_for(asyncio.gather(ended.wait(), also.wait()), 30)

    assert before is False


async def test_another_token_goes_on(school: School, here: Here) -> None:
    await school.a_teacher()
    first = await token_of(school)
    await school.a_teacher()
    second = await token_of(school)
    watch = school.client.app[WATCH]

    async with watch.over(first) as ended, watch.over(second) as goes_on:
        await school.db.write(tokens.end, token_id=first, now=here.now())
        await asyncio.wait_for(ended.wait(), 30)

        assert not goes_on.is_set()


async def test_whoever_stops_running_a_handle_is_heard_of(school: School, here: Here) -> None:
    owner, _ = await school.a_teacher()
    ben, _ = await school.a_teacher()
    handle = await a_handle(school, owner)
    await runs_too(school, handle, owner, ben)
    await school.phone(ben, acts_as=handle)
    token_id = await token_of(school)

    async with school.client.app[WATCH].over(token_id) as ended:
        await school.db.write(runners.remove, here, handle_id=handle.id, by_id=owner.id, actor_id=ben.id)
        await asyncio.wait_for(ended.wait(), 30)

    assert ended.is_set()
