"""Polls as other servers send them, votes in ours, and what must never count (mastodon.md 3.6, ORG-24)."""

from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import Connection, select

from fedishare.as2.node import CONTEXT
from fedishare.core.errors import Refused
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.notices import Notice
from fedishare.db.polls import Poll, PollOption, Vote
from fedishare.db.posts import Post
from fedishare.db.work import Job
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import NoticeKind
from fedishare.inbox import polls as ends
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import ClosePoll
from fedishare.services import follows, polls
from fedishare.services.drafts import PollDraft
from tests.builders import MONDAY, FrozenClock, Made, a_follow_row, a_person, a_post, a_teacher
from tests.inbox.elsewhere import Document, Elsewhere, a_note, an_activity, jobs, rows, send

ENDS: Final = "2026-09-08T08:30:00Z"


def an_option(name: str, votes: Any = 0) -> Document:
    return {"type": "Note", "name": name, "replies": {"type": "Collection", "totalItems": votes}}


def a_question(author: Made, *counts: Any, **over: Any) -> Document:
    names = ("Cake", "Pizza", "Soup")
    options = [an_option(name, votes) for name, votes in zip(names, counts or (0, 0), strict=False)]
    return a_note(author.uri, type="Question", oneOf=options, endTime=ENDS, votersCount=sum_of(counts)) | over


def sum_of(counts: tuple[Any, ...]) -> int:
    return sum(count for count in counts if isinstance(count, int))


async def ada_of(db: Database, here: Here) -> Made:
    return await a_person(db, here, local=False, username="ada")


async def standing(db: Database) -> list[tuple[Any, ...]]:
    return await rows(db, PollOption.position, PollOption.title, PollOption.votes)


async def a_poll(db: Database, here: Here, *, by: Made, multiple: bool = False, **over: Any) -> Made:
    """A poll of ours about cake and pizza, open for a day."""
    post = await a_post(db, here, by=by, kind="Question", **over)
    draft = PollDraft(options=("Cake", "Pizza"), lasts=timedelta(days=1), multiple=multiple)
    await db.write(polls.attach, here, post_id=post.id, draft=draft)
    return post


def a_vote(voter: Made, poll: Made, author: Made, name: str = "Cake", *, number: int = 1, **over: Any) -> Document:
    """As Mastodon sends it: `to` is a string, and there is no content."""
    note = {
        "id": f"{voter.uri}#votes/{number}",
        "type": "Note",
        "name": name,
        "attributedTo": voter.uri,
        "inReplyTo": poll.uri,
        "to": author.uri,
    } | over
    return {
        "@context": CONTEXT,
        "id": f"{voter.uri}#votes/{number}/activity",
        "type": "Create",
        "actor": voter.uri,
        "to": author.uri,
        "object": note,
    }


@pytest.mark.parametrize(
    ("over", "facts"),
    [
        pytest.param({}, (False, MONDAY + timedelta(days=1), None, 3), id="one-answer"),
        pytest.param(
            {"oneOf": None, "anyOf": [an_option("Cake", 1), an_option("Pizza", 2)]},
            (True, MONDAY + timedelta(days=1), None, 3),
            id="several-answers",
        ),
        pytest.param({"endTime": None, "votersCount": None}, (False, None, None, None), id="without-end"),
        pytest.param(
            {"closed": "2026-09-07T08:00:00Z"},
            (False, MONDAY + timedelta(days=1), MONDAY - timedelta(minutes=30), 3),
            id="closed-then",
        ),
        pytest.param({"closed": True}, (False, MONDAY + timedelta(days=1), MONDAY, 3), id="closed-somehow"),
        pytest.param({"closed": False}, (False, MONDAY + timedelta(days=1), None, 3), id="not-closed"),
        pytest.param(
            {"endTime": None, "closed": ENDS}, (False, MONDAY + timedelta(days=1), None, 3), id="will-be-closed"
        ),
    ],
)
async def test_a_question_is_kept_as_a_poll(
    tools: Tools, db: Database, here: Here, *, over: dict[str, Any], facts: tuple[Any, ...]
) -> None:
    ada = await ada_of(db, here)

    became = await send(tools, an_activity("Create", ada.uri, a_question(ada, 1, 2, **over)))

    assert became == "done: post"
    assert await rows(db, Poll.multiple, Poll.ends_at, Poll.closed_at, Poll.voters_count) == [facts]
    assert await standing(db) == [(0, "Cake", 1), (1, "Pizza", 2)]
    assert await rows(db, Post.content) == [("<p>Fractions go well with cake.</p>",)]


@pytest.mark.parametrize("count", [-1, 10**9, 1.5, "many", None, True])
async def test_a_number_of_votes_that_cannot_be_is_none(tools: Tools, db: Database, here: Here, count: Any) -> None:
    ada = await ada_of(db, here)

    await send(tools, an_activity("Create", ada.uri, a_question(ada, count, 2)))

    assert await standing(db) == [(0, "Cake", 0), (1, "Pizza", 2)]


async def test_answers_are_text_and_as_many_as_we_show(tools: Tools, db: Database, here: Here) -> None:
    ada = await ada_of(db, here)
    options = [an_option("<b>Cake</b>\u202e"), an_option("  "), *(an_option(f"Nr {n}") for n in range(60))]

    await send(tools, an_activity("Create", ada.uri, a_question(ada, oneOf=options)))

    kept = await standing(db)
    assert kept[:3] == [(0, "<b>Cake</b>", 0), (1, "(2)", 0), (2, "Nr 0", 0)]
    assert len(kept) == 50


@pytest.mark.parametrize("options", [None, [], "Cake", [{"type": "Note"}], [None, 7]])
async def test_a_question_without_answers_is_a_post(tools: Tools, db: Database, here: Here, options: Any) -> None:
    ada = await ada_of(db, here)

    became = await send(tools, an_activity("Create", ada.uri, a_question(ada, oneOf=options)))

    assert (became, await rows(db, Poll.post_id)) == ("done: post", [])


async def test_a_poll_without_a_text_is_shown(tools: Tools, db: Database, here: Here) -> None:
    ada = await ada_of(db, here)

    assert await send(tools, an_activity("Create", ada.uri, a_question(ada, 0, 0, content=None))) == "done: post"


async def test_an_update_without_a_newer_date_brings_the_count_and_no_words(
    tools: Tools, db: Database, here: Here
) -> None:
    ada = await ada_of(db, here)
    await send(tools, an_activity("Create", ada.uri, a_question(ada, 1, 2)))

    became = await send(tools, an_activity("Update", ada.uri, a_question(ada, 4, 5, content="<p>Other words</p>")))
    again = await send(tools, an_activity("Update", ada.uri, a_question(ada, 4, 5)))

    assert (became, again) == ("done: edit", "ignored: what we have is as new")
    assert await standing(db) == [(0, "Cake", 4), (1, "Pizza", 5)]
    assert await rows(db, Post.content, Post.edited_at) == [("<p>Fractions go well with cake.</p>", None)]
    assert await rows(db, Poll.voters_count) == [(9,)]


@pytest.mark.parametrize(
    "over",
    [
        pytest.param({"oneOf": [an_option("Cake", 9), an_option("Bribe", 9)]}, id="other-answers"),
        pytest.param({"oneOf": [an_option("Pizza", 9), an_option("Cake", 9)]}, id="another-order"),
        pytest.param({"oneOf": [an_option("Cake", 9)]}, id="fewer-answers"),
        pytest.param({"oneOf": None, "anyOf": [an_option("Cake", 9), an_option("Pizza", 9)]}, id="another-kind"),
        pytest.param({"oneOf": [an_option("Cake", -1), an_option("Pizza", 9)]}, id="a-negative-number"),
        pytest.param({"oneOf": [an_option("Cake", 10**9), an_option("Pizza", 9)]}, id="a-huge-number"),
        pytest.param({"type": "Note"}, id="no-question-any-more"),
    ],
)
async def test_a_count_that_does_not_fit_changes_nothing(
    tools: Tools, db: Database, here: Here, over: dict[str, Any]
) -> None:
    ada = await ada_of(db, here)
    await send(tools, an_activity("Create", ada.uri, a_question(ada, 1, 2)))

    became = await send(tools, an_activity("Update", ada.uri, a_question(ada, **over)))

    assert became == "ignored: what we have is as new"
    assert await standing(db) == [(0, "Cake", 1), (1, "Pizza", 2)]


async def test_nobody_counts_the_votes_of_somebody_elses_poll(tools: Tools, db: Database, here: Here) -> None:
    ada = await ada_of(db, here)
    eve = await a_person(db, here, local=False, username="eve")
    await send(tools, an_activity("Create", ada.uri, a_question(ada, 1, 2)))

    with pytest.raises(Refused):
        await send(tools, an_activity("Update", eve.uri, a_question(ada, 99, 0)), by=eve)

    assert await standing(db) == [(0, "Cake", 1), (1, "Pizza", 2)]


async def test_an_edit_with_other_answers_drops_the_votes(tools: Tools, db: Database, here: Here) -> None:
    ada, anna = await ada_of(db, here), await a_teacher(db, here)
    await send(tools, an_activity("Create", ada.uri, a_question(ada, 1, 2)))
    [(poll_id,)] = await rows(db, Poll.post_id)
    await db.write(polls.vote, here, actor_id=anna.id, post_id=poll_id, choices=[0])
    edit = a_question(ada, updated="2026-09-07T08:20:00Z", oneOf=[an_option("Tea", 3), an_option("Milk", 0)])

    became = await send(tools, an_activity("Update", ada.uri, edit))

    assert became == "done: edit"
    assert await standing(db) == [(0, "Tea", 3), (1, "Milk", 0)]
    assert await rows(db, Vote.id) == []


async def test_an_edit_with_the_same_answers_keeps_the_votes(tools: Tools, db: Database, here: Here) -> None:
    ada, anna = await ada_of(db, here), await a_teacher(db, here)
    await send(tools, an_activity("Create", ada.uri, a_question(ada, 1, 2)))
    [(poll_id,)] = await rows(db, Poll.post_id)
    await db.write(polls.vote, here, actor_id=anna.id, post_id=poll_id, choices=[0])

    await send(tools, an_activity("Update", ada.uri, a_question(ada, 2, 2, updated="2026-09-07T08:20:00Z")))

    assert await standing(db) == [(0, "Cake", 2), (1, "Pizza", 2)]
    assert await rows(db, Vote.actor_id, Vote.position) == [(anna.id, 0)]


async def test_an_edit_may_take_the_poll_away_and_bring_it_back(tools: Tools, db: Database, here: Here) -> None:
    ada = await ada_of(db, here)
    await send(tools, an_activity("Create", ada.uri, a_question(ada, 1, 2)))

    await send(tools, an_activity("Update", ada.uri, a_note(ada.uri, updated="2026-09-07T08:10:00Z")))
    without = await standing(db)
    await send(tools, an_activity("Update", ada.uri, a_question(ada, 5, 6, updated="2026-09-07T08:20:00Z")))

    assert (without, await standing(db)) == ([], [(0, "Cake", 5), (1, "Pizza", 6)])


async def test_a_deleted_poll_leaves_nothing_and_does_not_come_back(tools: Tools, db: Database, here: Here) -> None:
    ada, anna = await ada_of(db, here), await a_teacher(db, here)
    question = a_question(ada, 1, 2)
    await send(tools, an_activity("Create", ada.uri, question))
    [(poll_id,)] = await rows(db, Poll.post_id)
    await db.write(polls.vote, here, actor_id=anna.id, post_id=poll_id, choices=[0])

    await send(tools, an_activity("Delete", ada.uri, {"id": question["id"], "type": "Tombstone"}))
    became = await send(tools, an_activity("Create", ada.uri, question))

    assert became == "ignored: it was deleted, not welcome, or is for nobody here"
    assert (await rows(db, Poll.post_id), await standing(db), await rows(db, Vote.id)) == ([], [], [])


@pytest.mark.parametrize("over", [{}, {"content": "<br>", "summary": ""}], ids=["as-mastodon-votes", "as-snac-votes"])
async def test_a_vote_counts_and_is_neither_shown_nor_told(
    tools: Tools, db: Database, here: Here, *, over: dict[str, Any]
) -> None:
    anna, ada = await a_teacher(db, here), await ada_of(db, here)
    poll = await a_poll(db, here, by=anna)

    became = await send(tools, a_vote(ada, poll, anna, **over))

    assert became == "done: vote"
    assert await standing(db) == [(0, "Cake", 1), (1, "Pizza", 0)]
    assert await rows(db, Vote.actor_id, Vote.position) == [(ada.id, 0)]
    assert await rows(db, Poll.voters_count) == [(1,)]
    assert await rows(db, Post.uri) == [(poll.uri,)]
    assert await rows(db, Notice.id) == []


async def test_votes_are_told_together_some_minutes_later(tools: Tools, db: Database, here: Here) -> None:
    anna = await a_teacher(db, here)
    poll = await a_poll(db, here, by=anna)

    for number in range(3):
        voter = await a_person(db, here, local=False)
        await send(tools, a_vote(voter, poll, anna, number=number))

    def planned(tx: Connection) -> list[Any]:
        return list(tx.scalars(select(Job.due_at).where(Job.kind == "TallyPoll")))

    assert await db.read(planned) == [MONDAY + timedelta(minutes=3)]


async def test_the_same_vote_twice_counts_once(tools: Tools, db: Database, here: Here) -> None:
    anna, ada = await a_teacher(db, here), await ada_of(db, here)
    poll = await a_poll(db, here, by=anna, multiple=True)
    first = a_vote(ada, poll, anna)

    became = [
        await send(tools, first | {"id": f"{ada.uri}#a1"}),
        await send(tools, first | {"id": f"{ada.uri}#a2"}),
        await send(tools, a_vote(ada, poll, anna, number=2)),
    ]

    assert became == ["done: vote", "ignored: has voted before", "ignored: has voted before"]
    assert await standing(db) == [(0, "Cake", 1), (1, "Pizza", 0)]


@pytest.mark.parametrize(
    ("multiple", "became", "counts", "voters"),
    [
        pytest.param(False, "ignored: has voted before", [1, 0], 1, id="one-answer"),
        pytest.param(True, "done: vote", [1, 1], 1, id="several-answers"),
    ],
)
async def test_a_second_answer_counts_only_where_several_may_be_chosen(
    tools: Tools, db: Database, here: Here, *, multiple: bool, became: str, counts: list[int], voters: int
) -> None:
    anna, ada = await a_teacher(db, here), await ada_of(db, here)
    poll = await a_poll(db, here, by=anna, multiple=multiple)
    await send(tools, a_vote(ada, poll, anna, "Cake"))

    second = await send(tools, a_vote(ada, poll, anna, "Pizza", number=2))

    assert second == became
    assert [votes for _, _, votes in await standing(db)] == counts
    assert await rows(db, Poll.voters_count) == [(voters,)]


async def test_a_vote_after_the_end_does_not_count(tools: Tools, db: Database, here: Here, clock: FrozenClock) -> None:
    anna, ada = await a_teacher(db, here), await ada_of(db, here)
    poll = await a_poll(db, here, by=anna)
    clock.tick(days=1)

    became = await send(tools, a_vote(ada, poll, anna))

    assert became == "ignored: the poll has ended"
    assert await standing(db) == [(0, "Cake", 0), (1, "Pizza", 0)]


@pytest.mark.parametrize("name", ["Soup", "cake", "", "Cake\u200b and more"])
async def test_a_vote_for_no_answer_does_not_count_and_is_no_post(
    tools: Tools, db: Database, here: Here, name: str
) -> None:
    anna, ada = await a_teacher(db, here), await ada_of(db, here)
    poll = await a_poll(db, here, by=anna)

    became = await send(tools, a_vote(ada, poll, anna, name))

    assert became.startswith("ignored")
    assert await standing(db) == [(0, "Cake", 0), (1, "Pizza", 0)]
    assert await rows(db, Post.uri) == [(poll.uri,)]


async def test_only_those_who_may_see_a_poll_vote_in_it(tools: Tools, db: Database, here: Here) -> None:
    anna, ada = await a_teacher(db, here), await ada_of(db, here)
    eve = await a_person(db, here, local=False, username="eve")
    await a_follow_row(db, here, by=ada, of=anna)
    poll = await a_poll(db, here, by=anna, visibility=Visibility.FOLLOWERS, addressed_to=[f"{anna.uri}/followers"])

    became = [await send(tools, a_vote(who, poll, anna), by=who) for who in (ada, eve)]

    assert became == ["done: vote", "ignored: there is no such poll here"]
    assert await rows(db, Vote.actor_id) == [(ada.id,)]


async def test_whoever_is_blocked_does_not_vote(tools: Tools, db: Database, here: Here) -> None:
    anna, ada = await a_teacher(db, here), await ada_of(db, here)
    poll = await a_poll(db, here, by=anna)
    await db.write(follows.block, here, blocker_id=anna.id, blocked_id=ada.id, uri=None)

    assert await send(tools, a_vote(ada, poll, anna)) == "ignored: there is no such poll here"
    assert await rows(db, Vote.id) == []


@pytest.mark.parametrize(
    "over",
    [
        pytest.param({"attributedTo": "https://birch.test/users/somebody"}, id="in-another-name"),
        pytest.param({"id": "https://alder.test/posts/1"}, id="under-our-address"),
    ],
)
async def test_nobody_votes_for_somebody_else(tools: Tools, db: Database, here: Here, over: dict[str, Any]) -> None:
    anna, ada = await a_teacher(db, here), await ada_of(db, here)
    poll = await a_poll(db, here, by=anna)

    with pytest.raises(Refused):
        await send(tools, a_vote(ada, poll, anna, **over))

    assert await rows(db, Vote.id) == []


async def test_a_vote_in_a_poll_elsewhere_is_not_ours_to_count(tools: Tools, db: Database, here: Here) -> None:
    ada, anna = await ada_of(db, here), await a_teacher(db, here)
    await send(tools, an_activity("Create", ada.uri, a_question(ada, 1, 2)))
    bob = await a_person(db, here, local=False, username="bob")
    theirs = Made(0, str(a_question(ada)["id"]))

    became = await send(tools, a_vote(bob, theirs, anna))

    assert became == "ignored: there is no such poll here"
    assert await standing(db) == [(0, "Cake", 1), (1, "Pizza", 2)]


async def test_an_answer_with_words_is_an_answer_and_no_vote(tools: Tools, db: Database, here: Here) -> None:
    anna, ada = await a_teacher(db, here), await ada_of(db, here)
    poll = await a_poll(db, here, by=anna)

    became = await send(tools, a_vote(ada, poll, anna, id=f"{ada.uri}/posts/9", content="<p>Cake!</p>"))

    assert became == "done: post"
    assert await standing(db) == [(0, "Cake", 0), (1, "Pizza", 0)]


async def test_a_vote_cannot_be_changed(tools: Tools, db: Database, here: Here) -> None:
    anna, ada = await a_teacher(db, here), await ada_of(db, here)
    poll = await a_poll(db, here, by=anna)
    await send(tools, a_vote(ada, poll, anna))
    change = a_vote(ada, poll, anna, "Pizza")["object"]

    became = await send(tools, an_activity("Update", ada.uri, change))

    assert became == "ignored: a vote stays as it was cast"
    assert await standing(db) == [(0, "Cake", 1), (1, "Pizza", 0)]


async def test_at_its_end_a_poll_of_ours_is_closed_once_and_those_who_took_part_are_told(
    tools: Tools, db: Database, here: Here, clock: FrozenClock
) -> None:
    anna, ben, cem = [await a_teacher(db, here) for _ in range(3)]
    poll = await a_poll(db, here, by=anna)
    await db.write(polls.vote, here, actor_id=ben.id, post_id=poll.id, choices=[1])
    clock.tick(days=1)

    for _ in range(2):
        await ends.close(tools, ClosePoll(poll.id))

    told = await rows(db, Notice.recipient_id, Notice.kind, Notice.post_id)
    assert sorted(told) == sorted((who.id, NoticeKind.POLL, poll.id) for who in (anna, ben))
    assert cem.id not in {recipient for recipient, *_ in told}
    assert await rows(db, Poll.closed_at) == [(MONDAY + timedelta(days=1),)]
    assert [(await db.read(jobs)).count(kind) for kind in ("TallyPoll", "PublishAgain")] == [1, 1]


async def test_a_poll_whose_end_was_put_off_waits_for_it(
    tools: Tools, db: Database, here: Here, clock: FrozenClock
) -> None:
    anna = await a_teacher(db, here)
    poll = await a_poll(db, here, by=anna)
    clock.tick(hours=1)

    await ends.close(tools, ClosePoll(poll.id))

    assert await rows(db, Poll.closed_at) == [(None,)]
    assert (await db.read(jobs)).count("ClosePoll") == 2


async def test_the_last_count_of_a_poll_elsewhere_is_fetched_before_its_voters_are_told(
    tools: Tools, db: Database, here: Here, clock: FrozenClock, elsewhere: Elsewhere
) -> None:
    ada, anna = await ada_of(db, here), await a_teacher(db, here)
    await send(tools, an_activity("Create", ada.uri, a_question(ada, 1, 2)))
    [(poll_id,)] = await rows(db, Poll.post_id)
    await db.write(polls.vote, here, actor_id=anna.id, post_id=poll_id, choices=[0])
    clock.tick(days=2)
    elsewhere.say(str(a_question(ada)["id"]), a_question(ada, 7, 8, closed=ENDS))

    await ends.close(tools, ClosePoll(poll_id))

    assert await standing(db) == [(0, "Cake", 7), (1, "Pizza", 8)]
    assert await rows(db, Notice.recipient_id, Notice.kind) == [(anna.id, NoticeKind.POLL)]


async def test_a_poll_elsewhere_that_cannot_be_asked_any_more_ends_all_the_same(
    tools: Tools, db: Database, here: Here, clock: FrozenClock, elsewhere: Elsewhere
) -> None:
    ada, anna = await ada_of(db, here), await a_teacher(db, here)
    await send(tools, an_activity("Create", ada.uri, a_question(ada, 1, 2)))
    [(poll_id,)] = await rows(db, Poll.post_id)
    await db.write(polls.vote, here, actor_id=anna.id, post_id=poll_id, choices=[0])
    clock.tick(days=2)
    elsewhere.fail(str(a_question(ada)["id"]), 503)

    await ends.close(tools, ClosePoll(poll_id))

    assert await rows(db, Notice.recipient_id) == [(anna.id,)]
