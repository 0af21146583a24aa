"""People of ours who move away, or are moved to."""

from typing import Any

import pytest
from sqlalchemy import Connection, select

from fedishare.core.errors import Invalid, Refused
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.follows import Block, Follow, Mute
from fedishare.db.people import Actor
from fedishare.db.work import Job
from fedishare.services import follows, moves, mutes, people
from tests.builders import MONDAY, FrozenClock, Made, a_follow_row, a_person


def rows(tx: Connection, *columns: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in tx.execute(select(*columns))]


async def a_pair(db: Database, here: Here, **over: Any) -> tuple[Made, Made]:
    """Anna here, and her new account, which names the old one."""
    anna = await a_person(db, here)
    return anna, await a_person(db, here, local=False, **({"also_known_as": [anna.uri]} | over))


async def test_leaving_says_where_to_and_takes_followers_along(db: Database, here: Here) -> None:
    anna, new = await a_pair(db, here)
    bob, ada = await a_person(db, here), await a_person(db, here, local=False)
    for follower in (bob, ada):
        await a_follow_row(db, here, by=follower, of=anna)

    carried = await db.write(moves.leave, here, actor_id=anna.id, target_id=new.id)

    assert carried == 1
    assert (anna.id, new.uri, MONDAY) in await db.read(rows, Actor.id, Actor.moved_to, Actor.moved_at)
    pairs = await db.read(rows, Follow.follower_id, Follow.followee_id)
    assert sorted(pairs) == sorted([(ada.id, anna.id), (bob.id, new.id)])
    assert ("SendMove",) in await db.read(rows, Job.kind)


@pytest.mark.parametrize(
    ("over", "said"),
    [
        pytest.param({"also_known_as": []}, "does not name this one", id="not-named"),
        pytest.param({"moved_to": "https://cedar.test/users/a"}, "moved on", id="moved-on"),
        pytest.param({"deleted_at": MONDAY}, "gone", id="gone"),
    ],
)
async def test_nobody_moves_where_the_new_account_does_not_agree(
    db: Database, here: Here, *, over: dict[str, Any], said: str
) -> None:
    anna, new = await a_pair(db, here, **over)

    with pytest.raises(Invalid, match=said):
        await db.write(moves.leave, here, actor_id=anna.id, target_id=new.id)

    assert (anna.id, None) in await db.read(rows, Actor.id, Actor.moved_to)


async def test_an_account_moves_once_in_a_month(db: Database, here: Here, clock: FrozenClock) -> None:
    anna, new = await a_pair(db, here)
    await db.write(moves.leave, here, actor_id=anna.id, target_id=new.id)
    await db.write(moves.come_back, here, actor_id=anna.id)
    clock.tick(days=29)

    with pytest.raises(Invalid, match="30 days"):
        await db.write(moves.leave, here, actor_id=anna.id, target_id=new.id)

    clock.tick(days=2)
    assert await db.write(moves.leave, here, actor_id=anna.id, target_id=new.id) == 0


async def test_nobody_new_follows_whoever_has_moved(db: Database, here: Here) -> None:
    anna, new = await a_pair(db, here)
    await db.write(moves.leave, here, actor_id=anna.id, target_id=new.id)
    ada = await a_person(db, here, local=False)

    with pytest.raises(Refused, match="moved"):
        await db.write(follows.request, here, follower_id=ada.id, followee_id=anna.id, uri="https://birch.test/1")


async def test_other_accounts_are_named_and_forgotten(db: Database, here: Here) -> None:
    anna = await a_person(db, here)
    old = [await a_person(db, here, local=False) for _ in range(2)]

    for other in (*old, old[0]):
        await db.write(moves.know_as, here, actor_id=anna.id, other_id=other.id)
    named = dict(await db.read(rows, Actor.id, Actor.also_known_as))[anna.id]
    await db.write(moves.forget, here, actor_id=anna.id, uri=old[1].uri)

    assert named == [old[1].uri, old[0].uri]
    assert dict(await db.read(rows, Actor.id, Actor.also_known_as))[anna.id] == [old[0].uri]
    assert (await db.read(rows, Job.kind)).count(("PublishActor",)) == 4


async def test_blocks_and_mutes_go_along(db: Database, here: Here) -> None:
    old, new = [await a_person(db, here, local=False) for _ in range(2)]
    anna, bob = [await a_person(db, here) for _ in range(2)]
    await a_follow_row(db, here, by=anna, of=old)
    await db.write(mutes.mute, here, muter_id=anna.id, muted_id=old.id)
    await db.write(follows.block, here, blocker_id=bob.id, blocked_id=old.id)

    await db.write(people.move, old_id=old.id, new_id=new.id, here=here)

    assert (bob.id, new.id) in await db.read(rows, Block.blocker_id, Block.blocked_id)
    assert (anna.id, new.id) in await db.read(rows, Mute.muter_id, Mute.muted_id)


async def test_one_who_blocked_the_new_account_keeps_nobody_from_it(db: Database, here: Here) -> None:
    old, new = [await a_person(db, here, local=False) for _ in range(2)]
    anna, bob = [await a_person(db, here) for _ in range(2)]
    for follower in (anna, bob):
        await a_follow_row(db, here, by=follower, of=old)
    await db.write(follows.block, here, blocker_id=anna.id, blocked_id=new.id)

    await db.write(people.move, old_id=old.id, new_id=new.id, here=here)

    assert await db.read(rows, Follow.follower_id, Follow.followee_id) == [(bob.id, new.id)]
