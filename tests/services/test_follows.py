"""The life of a follow, on both sides of the border."""

from typing import Any

import pytest
from sqlalchemy import Connection, select

from fedishare.core.errors import Refused
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.follows import Block, Follow
from fedishare.db.nodes import Node
from fedishare.db.notices import Notice
from fedishare.db.work import Job
from fedishare.domain.kinds import FollowState
from fedishare.services import follows
from tests.builders import MONDAY, a_follow_row, a_person, a_room, a_teacher, add


def traces(tx: Connection) -> tuple[list[str], list[str], list[str]]:
    """The states of all follows, the kinds of all jobs, the kinds of all notices."""
    states = [state.value for state in tx.scalars(select(Follow.state).order_by(Follow.id))]
    notices = [kind.value for kind in tx.scalars(select(Notice.kind).order_by(Notice.id))]
    return states, list(tx.scalars(select(Job.kind).order_by(Job.id))), notices


CASES: list[Any] = [
    pytest.param(False, True, False, ["accepted"], ["LookUpNode", "AnswerFollow"], id="open-account-answers-at-once"),
    pytest.param(False, True, True, ["requested"], ["LookUpNode"], id="locked-account-waits-for-its-owner"),
    pytest.param(
        True, False, False, ["requested"], ["SendFollow", "FetchFeatured"], id="somebody-elsewhere-has-to-answer"
    ),
    pytest.param(True, True, False, ["accepted"], [], id="two-of-one-node-need-no-post"),
]


@pytest.mark.parametrize(("follower_is_ours", "followee_is_ours", "locked", "states", "jobs"), CASES)
async def test_a_follow_is_recorded_and_answered(
    db: Database,
    here: Here,
    *,
    follower_is_ours: bool,
    followee_is_ours: bool,
    locked: bool,
    states: list[str],
    jobs: list[str],
) -> None:
    followee = await a_person(db, here, local=followee_is_ours, locked=locked)
    follower = await a_person(db, here, local=follower_is_ours)

    await db.write(follows.request, here, follower_id=follower.id, followee_id=followee.id)

    assert (await db.read(traces))[:2] == (states, jobs)


async def test_a_repeated_follow_is_answered_again_but_kept_once(db: Database, here: Here) -> None:
    """Our first Accept may have been lost, and the asker is still waiting."""
    maths, ada = await a_person(db, here), await a_person(db, here, local=False)

    for uri in ("https://birch.test/follows/1", "https://birch.test/follows/2"):
        await db.write(follows.request, here, follower_id=ada.id, followee_id=maths.id, uri=uri)

    states, jobs, _ = await db.read(traces)
    assert (states, jobs) == (["accepted"], ["LookUpNode", "AnswerFollow", "AnswerFollow"])
    assert await db.read(lambda tx: tx.scalar(select(Follow.uri))) == "https://birch.test/follows/2"


async def test_a_blocked_asker_is_refused_and_nothing_is_kept(db: Database, here: Here) -> None:
    maths, ada = await a_person(db, here), await a_person(db, here, local=False)
    await db.write(follows.block, here, blocker_id=maths.id, blocked_id=ada.id)

    with pytest.raises(Refused):
        await db.write(follows.request, here, follower_id=ada.id, followee_id=maths.id, uri="https://birch.test/f")

    assert await db.read(traces) == ([], ["SendBlock"], [])


async def test_an_accept_settles_only_what_was_asked(db: Database, here: Here) -> None:
    ours, theirs = await a_person(db, here), await a_person(db, here, local=False)

    was_asked = await db.write(follows.accept, here, follower_id=ours.id, followee_id=theirs.id)

    assert was_asked is False
    assert await db.read(traces) == ([], [], [])


async def test_the_owner_of_a_locked_account_agrees(db: Database, here: Here) -> None:
    maths, ada = await a_person(db, here, locked=True), await a_person(db, here, local=False)
    await db.write(follows.request, here, follower_id=ada.id, followee_id=maths.id, uri="https://birch.test/f")

    await db.write(follows.accept, here, follower_id=ada.id, followee_id=maths.id)

    assert (await db.read(traces))[:2] == (["accepted"], ["LookUpNode", "AnswerFollow"])


async def test_a_block_ends_follows_both_ways(db: Database, here: Here) -> None:
    ours, theirs = await a_person(db, here), await a_person(db, here, local=False)
    await a_follow_row(db, here, by=ours, of=theirs)
    await a_follow_row(db, here, by=theirs, of=ours)

    await db.write(follows.block, here, blocker_id=theirs.id, blocked_id=ours.id, uri="https://birch.test/b")

    assert await db.read(traces) == ([], [], [])
    assert await db.read(lambda tx: list(tx.scalars(select(Block.blocker_id)))) == [theirs.id]


async def test_leaving_tells_the_other_server(db: Database, here: Here) -> None:
    ours, room = await a_person(db, here), await a_room(db, here, local=False)
    await a_follow_row(db, here, by=ours, of=room, state=FollowState.REQUESTED)

    await db.write(follows.undo, here, follower_id=ours.id, followee_id=room.id)

    assert await db.read(traces) == ([], ["SendUnfollow"], [])


async def test_stewards_are_told_who_joins_their_room(db: Database, here: Here) -> None:
    ada = await a_person(db, here, local=False)
    room = await a_room(db, here)

    await db.write(follows.request, here, follower_id=ada.id, followee_id=room.id, uri="https://birch.test/f")

    assert (await db.read(traces))[2] == []  # This room has no steward; it is nobody's business.


@pytest.mark.parametrize(("agrees", "notices"), [(True, ["follow"]), (False, [])])
async def test_an_answered_request_asks_nobody_any_more(
    db: Database, here: Here, *, agrees: bool, notices: list[str]
) -> None:
    maths, ada = await a_teacher(db, here, locked=True), await a_person(db, here, local=False)
    await db.write(follows.request, here, follower_id=ada.id, followee_id=maths.id, uri="https://birch.test/f")
    assert (await db.read(traces))[2] == ["follow_request"]

    answer = follows.accept if agrees else follows.reject
    await db.write(answer, here, follower_id=ada.id, followee_id=maths.id)

    assert (await db.read(traces))[2] == notices


async def test_a_server_that_said_what_it_runs_is_not_asked_for_each_follower(db: Database, here: Here) -> None:
    ben = await a_person(db, here)
    await db.write(add, Node, host="oak.test", checked_at=MONDAY)

    for host in ("oak.test", "birch.test"):
        ada = await a_person(db, here, local=False, host=host)
        await db.write(follows.request, here, follower_id=ada.id, followee_id=ben.id, uri=f"{ada.uri}#follow")

    assert await db.read(lambda tx: list(tx.scalars(select(Job.payload).where(Job.kind == "LookUpNode")))) == [
        b'{"type":"LookUpNode","host":"birch.test"}'
    ]
