"""Follow, Accept, Reject, Undo and Block, as other servers send them."""

from typing import Any

import pytest

from fedishare.core.errors import Refused
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.follows import Block, Follow
from fedishare.domain.kinds import FollowState, Kind
from fedishare.jobs.tools import Tools
from tests.builders import FrozenClock, Made, a_follow_row, a_person, a_room, add
from tests.inbox.elsewhere import an_activity, jobs, rows, send


async def follows(db: Database) -> list[tuple[Any, ...]]:
    return await rows(db, Follow.follower_id, Follow.followee_id, Follow.state)


@pytest.mark.parametrize(
    ("locked", "state", "answers"),
    [
        pytest.param(False, FollowState.ACCEPTED, 1, id="open-account-answers-at-once"),
        pytest.param(True, FollowState.REQUESTED, 0, id="locked-account-waits-for-its-owner"),
    ],
)
async def test_a_follow_is_recorded_and_answered(
    tools: Tools, db: Database, here: Here, *, locked: bool, state: FollowState, answers: int
) -> None:
    ben, ada = await a_person(db, here, locked=locked), await a_person(db, here, local=False)

    became = await send(tools, an_activity("Follow", ada.uri, ben.uri))

    assert became == f"done: follow {state.value}"
    assert await follows(db) == [(ada.id, ben.id, state)]
    assert (await db.read(jobs)).count("AnswerFollow") == answers


async def test_a_follow_with_a_new_id_is_answered_again_but_kept_once(tools: Tools, db: Database, here: Here) -> None:
    ben, ada = await a_person(db, here), await a_person(db, here, local=False)

    for _ in range(2):
        await send(tools, an_activity("Follow", ada.uri, ben.uri))

    assert await follows(db) == [(ada.id, ben.id, FollowState.ACCEPTED)]
    assert (await db.read(jobs)).count("AnswerFollow") == 2


async def test_the_same_follow_twice_at_once_is_answered_once(tools: Tools, db: Database, here: Here) -> None:
    ben, ada = await a_person(db, here), await a_person(db, here, local=False)
    follow = an_activity("Follow", ada.uri, ben.uri)

    await send(tools, follow)
    await send(tools, follow | {"summary": "signed anew"})

    assert (await db.read(jobs)).count("AnswerFollow") == 1


async def test_the_same_follow_counts_again_once_it_was_undone(tools: Tools, db: Database, here: Here) -> None:
    """Misskey derives the id from the two accounts, so that it never changes."""
    ben, ada = await a_person(db, here), await a_person(db, here, local=False)
    follow = an_activity("Follow", ada.uri, ben.uri, id="https://birch.test/follows/a/b")
    undo = an_activity("Undo", ada.uri, follow, id="https://birch.test/follows/a/b/undo")

    became = [await send(tools, activity | {"n": n}) for n, activity in enumerate([follow, undo, follow, undo, follow])]

    assert became == [*["done: follow accepted", "done: follow undone"] * 2, "done: follow accepted"]
    assert await follows(db) == [(ada.id, ben.id, FollowState.ACCEPTED)]


async def test_the_same_follow_is_answered_again_after_a_while(
    tools: Tools, db: Database, here: Here, clock: FrozenClock
) -> None:
    """The asker may still be waiting, because our first answer was lost."""
    ben, ada = await a_person(db, here), await a_person(db, here, local=False)
    follow = an_activity("Follow", ada.uri, ben.uri)

    await send(tools, follow)
    clock.tick(minutes=5)
    await send(tools, follow)

    assert (await db.read(jobs)).count("AnswerFollow") == 2


async def test_an_undo_that_comes_first_wins(tools: Tools, db: Database, here: Here) -> None:
    ben, ada = await a_person(db, here), await a_person(db, here, local=False)
    follow = an_activity("Follow", ada.uri, ben.uri)

    became = [await send(tools, an_activity("Undo", ada.uri, follow)), await send(tools, follow)]

    assert became == ["ignored: did not follow", "ignored: it was undone before it came"]
    assert await follows(db) == []


async def test_a_blocked_asker_is_told_no_and_nothing_is_kept(tools: Tools, db: Database, here: Here) -> None:
    ben, ada = await a_person(db, here), await a_person(db, here, local=False)
    await a_block(db, here, by=ben, of=ada)

    became = await send(tools, an_activity("Follow", ada.uri, ben.uri))

    assert became == "done: follow refused"
    assert (await follows(db), await db.read(jobs)) == ([], ["AnswerFollow"])


async def test_who_has_moved_away_cannot_be_followed_here_any_more(tools: Tools, db: Database, here: Here) -> None:
    ben, ada = await a_person(db, here, moved_to="https://elm.test/ben"), await a_person(db, here, local=False)

    assert await send(tools, an_activity("Follow", ada.uri, ben.uri)) == "done: follow refused"
    assert await follows(db) == []


async def test_an_undoing_that_comes_before_its_block_keeps_it_from_counting(
    tools: Tools, db: Database, here: Here
) -> None:
    ben, ada = await a_person(db, here), await a_person(db, here, local=False)
    block = an_activity("Block", ada.uri, ben.uri)

    became = [await send(tools, an_activity("Undo", ada.uri, block)), await send(tools, block)]

    assert became == ["ignored: blocked nobody here", "ignored: it was undone before it came"]
    assert await rows(db, Block.id) == []


async def a_block(db: Database, here: Here, *, by: Made, of: Made) -> str:
    uri = f"{by.uri}#block"
    values = {"id": here.ids.new(), "uri": uri, "blocker_id": by.id, "blocked_id": of.id, "created_at": here.now()}
    await db.write(add, Block, **values)
    return uri


@pytest.mark.parametrize("kind", ["Follow", "Join", "Leave", "Block", "Like"])
async def test_what_is_about_nobody_here_changes_nothing(tools: Tools, db: Database, here: Here, kind: str) -> None:
    ada, elsewhere = await a_person(db, here, local=False), await a_person(db, here, local=False)

    became = [await send(tools, an_activity(kind, ada.uri, target)) for target in (elsewhere.uri, here.uris.node)]

    assert [text.partition(":")[0] for text in became] == ["ignored", "ignored"] or kind == "Block"
    assert await follows(db) == []


@pytest.mark.parametrize(
    "wrapped",
    [pytest.param(True, id="with-the-follow-inside"), pytest.param(False, id="by-id")],
)
async def test_an_undone_follow_ends(tools: Tools, db: Database, here: Here, wrapped: bool) -> None:
    ben, ada = await a_person(db, here), await a_person(db, here, local=False)
    follow = an_activity("Follow", ada.uri, ben.uri)
    await send(tools, follow)

    became = await send(tools, an_activity("Undo", ada.uri, follow if wrapped else follow["id"]))

    assert became == "done: follow undone"
    assert await follows(db) == []


async def test_nobody_undoes_what_another_did(tools: Tools, db: Database, here: Here) -> None:
    ben, ada, eve = await a_person(db, here), *[await a_person(db, here, local=False) for _ in "12"]
    follow = await a_follow_row(db, here, by=ada, of=ben)

    with pytest.raises(Refused):
        await send(tools, an_activity("Undo", eve.uri, an_activity("Follow", ada.uri, ben.uri, id=follow.uri)))
    by_id = await send(tools, an_activity("Undo", eve.uri, follow.uri))

    assert by_id == "ignored: there was nothing to undo"
    assert await follows(db) == [(ada.id, ben.id, FollowState.ACCEPTED)]


async def test_a_room_is_joined_and_left(tools: Tools, db: Database, here: Here) -> None:
    room, ada = await a_room(db, here), await a_person(db, here, local=False)

    joined = await send(tools, an_activity("Join", ada.uri, room.uri))
    members = await follows(db)
    left = await send(tools, an_activity("Leave", ada.uri, room.uri))

    assert (joined, left) == ("done: follow accepted", "done: follow undone")
    assert members == [(ada.id, room.id, FollowState.ACCEPTED)]
    assert await follows(db) == []


async def test_a_person_cannot_be_joined(tools: Tools, db: Database, here: Here) -> None:
    ben, ada = await a_person(db, here), await a_person(db, here, local=False)

    assert await send(tools, an_activity("Join", ada.uri, ben.uri)) == "ignored: there is no such room here"


async def test_the_node_itself_is_not_followed(tools: Tools, db: Database, here: Here) -> None:
    ada = await a_person(db, here, local=False)

    assert await send(tools, an_activity("Follow", ada.uri, here.uris.node)) == "ignored: follows nobody here"


@pytest.mark.parametrize(
    ("answer", "became", "left"),
    [
        pytest.param("Accept", "done: follow accepted", [FollowState.ACCEPTED], id="accept"),
        pytest.param("Reject", "done: follow rejected", [], id="reject"),
    ],
)
@pytest.mark.parametrize("shape", ["id", "object", "object-without-our-id"])
async def test_an_answer_counts_in_every_shape(
    tools: Tools, db: Database, here: Here, *, answer: str, became: str, left: list[FollowState], shape: str
) -> None:
    ben, ada = await a_person(db, here), await a_person(db, here, local=False)
    asked = await a_follow_row(db, here, by=ben, of=ada, state=FollowState.REQUESTED)
    follow = {"type": "Follow", "id": asked.uri, "actor": ben.uri, "object": ada.uri}
    target = {"id": asked.uri, "object": follow, "object-without-our-id": {**follow, "id": f"{ada.uri}#lost"}}[shape]

    said = await send(tools, an_activity(answer, ada.uri, target))

    assert said == became
    assert [state for _, _, state in await follows(db)] == left


async def test_a_rejection_of_an_accepted_follow_ends_it(tools: Tools, db: Database, here: Here) -> None:
    ben, ada = await a_person(db, here), await a_person(db, here, local=False)
    asked = await a_follow_row(db, here, by=ben, of=ada)

    await send(tools, an_activity("Accept", ada.uri, asked.uri, id=f"{ada.uri}#accepts/follows/"))
    became = await send(tools, an_activity("Reject", ada.uri, asked.uri, id=f"{ada.uri}#accepts/follows/"))

    assert became == "done: follow rejected"
    assert await follows(db) == []


async def test_an_accept_taken_back_ends_the_follow(tools: Tools, db: Database, here: Here) -> None:
    ben, ada = await a_person(db, here), await a_person(db, here, local=False)
    asked = await a_follow_row(db, here, by=ben, of=ada)
    follow = {"type": "Follow", "id": asked.uri, "actor": ben.uri, "object": ada.uri}

    became = await send(tools, an_activity("Undo", ada.uri, an_activity("Accept", ada.uri, follow)))

    assert became == "done: follow rejected"
    assert await follows(db) == []


@pytest.mark.parametrize("answer", ["Accept", "Reject"])
async def test_only_the_one_who_was_asked_can_answer(tools: Tools, db: Database, here: Here, answer: str) -> None:
    ben, ada, eve = await a_person(db, here), *[await a_person(db, here, local=False) for _ in "12"]
    asked = await a_follow_row(db, here, by=ben, of=ada, state=FollowState.REQUESTED)
    follow = {"type": "Follow", "id": asked.uri, "actor": ben.uri, "object": ada.uri}

    became = [await send(tools, an_activity(answer, eve.uri, target)) for target in (asked.uri, follow)]

    assert became == ["ignored: nobody here asked"] * 2
    assert await follows(db) == [(ben.id, ada.id, FollowState.REQUESTED)]


async def test_an_answer_to_what_was_never_asked_is_ignored(tools: Tools, db: Database, here: Here) -> None:
    ben, ada = await a_person(db, here), await a_person(db, here, local=False)
    follow = {"type": "Follow", "id": here.uris.activity(7), "actor": ben.uri, "object": ada.uri}

    became = await send(tools, an_activity("Accept", ada.uri, follow))

    assert became == "ignored: nobody here asked"
    assert await follows(db) == []


async def test_a_block_ends_follows_both_ways_and_can_be_undone(tools: Tools, db: Database, here: Here) -> None:
    ben, ada = await a_person(db, here), await a_person(db, here, local=False)
    await a_follow_row(db, here, by=ben, of=ada)
    await a_follow_row(db, here, by=ada, of=ben)
    block = an_activity("Block", ada.uri, ben.uri)

    became = [await send(tools, block)]
    left, blocked = await follows(db), await rows(db, Block.blocker_id, Block.blocked_id)
    became += [await send(tools, an_activity("Undo", ada.uri, target)) for target in (block, block["id"])]

    assert became == ["done: block", "done: block undone", "ignored: there was nothing to undo"]
    assert (left, blocked) == ([], [(ada.id, ben.id)])
    assert await rows(db, Block.blocker_id) == []


async def test_a_deleted_person_is_not_followed(tools: Tools, db: Database, here: Here) -> None:
    gone = await a_person(db, here, deleted_at=here.now())
    ada = await a_person(db, here, local=False, kind=Kind.SERVICE)

    assert await send(tools, an_activity("Follow", ada.uri, gone.uri)) == "ignored: follows nobody here"
