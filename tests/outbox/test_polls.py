"""Polls as they are sent: the Question, its counts, and our votes in the polls of others (mastodon.md 3.6)."""

from datetime import timedelta
from typing import Any

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.polls import Poll, PollOption
from fedishare.domain.audience import PUBLIC_IRI, Visibility
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import PublishAgain, PublishPost, SendVotes
from fedishare.outbox import polls as outbox_polls
from fedishare.outbox import publish
from fedishare.services import polls, posts
from fedishare.services.drafts import Draft, PollDraft
from tests.builders import MONDAY, FrozenClock, Made, a_follow_row, a_person, a_post, a_teacher, add
from tests.inbox.elsewhere import rows
from tests.outbox.town import bodies, sent


async def our_poll(db: Database, here: Here, *, multiple: bool = False) -> tuple[Made, Made]:
    """A poll by Anna, whom Ben follows from birch.test."""
    anna, ben = await a_teacher(db, here), await a_person(db, here, local=False)
    await a_follow_row(db, here, by=ben, of=anna)
    draft = Draft(
        text="Lunch?",
        visibility=Visibility.PUBLIC,
        poll=PollDraft(options=("Cake", "Pizza"), lasts=timedelta(days=1), multiple=multiple),
    )
    post_id = await db.write(posts.publish, here, author_id=anna.id, draft=draft, people={})
    return anna, Made(post_id, here.uris.post(post_id))


async def receive(db: Database, here: Here, poll: Made, *, name: str = "Cake", domain: str = "cedar.test") -> Made:
    voter = await a_person(db, here, local=False, domain=domain)
    uri = f"{voter.uri}#v"
    refusal = await db.write(polls.receive_vote, here, actor_id=voter.id, poll_uri=poll.uri, name=name, uri=uri)
    assert refusal is None
    return voter


def counts(question: dict[str, Any]) -> list[tuple[str, int]]:
    options = question.get("oneOf") or question["anyOf"]
    return [(option["name"], option["replies"]["totalItems"]) for option in options]


async def test_a_poll_goes_out_as_a_question(desk: Tools, db: Database, here: Here) -> None:
    _, poll = await our_poll(db, here)

    await publish.publish_post(desk, PublishPost(poll.id))

    [create] = await db.read(bodies)
    question = create["object"]
    assert (create["type"], question["type"], question["id"]) == ("Create", "Question", poll.uri)
    assert question["oneOf"] == [
        {"type": "Note", "name": name, "replies": {"type": "Collection", "totalItems": 0}} for name in ("Cake", "Pizza")
    ]
    assert "anyOf" not in question
    assert (question["endTime"], question["votersCount"]) == ("2026-09-08T08:30:00Z", 0)
    assert "closed" not in question
    assert create["@context"][-1]["votersCount"] == "http://joinmastodon.org/ns#votersCount"


async def test_a_poll_with_several_answers_says_any_of(desk: Tools, db: Database, here: Here) -> None:
    _, poll = await our_poll(db, here, multiple=True)

    await publish.publish_post(desk, PublishPost(poll.id))

    [create] = await db.read(bodies)
    assert "oneOf" not in create["object"]
    assert counts(create["object"]) == [("Cake", 0), ("Pizza", 0)]


async def test_the_count_goes_to_followers_and_voters_and_is_no_edit(desk: Tools, db: Database, here: Here) -> None:
    _, poll = await our_poll(db, here)
    await receive(db, here, poll)

    for _ in range(2):
        await publish.publish_again(desk, PublishAgain(poll.id))

    [(kind, _, inboxes)] = await db.read(sent)
    [update] = await db.read(bodies)
    assert (kind, inboxes) == ("Update", ["https://birch.test/inbox", "https://cedar.test/inbox"])
    assert counts(update["object"]) == [("Cake", 1), ("Pizza", 0)]
    assert update["object"]["votersCount"] == 1
    assert "updated" not in update["object"]
    assert update["to"] == [PUBLIC_IRI]


async def test_votes_that_come_while_a_count_is_sent_are_told_the_next_time(
    desk: Tools, db: Database, here: Here
) -> None:
    _, poll = await our_poll(db, here)
    await receive(db, here, poll)
    planned = await rows(db, Poll.is_planned)

    await db.write(polls.tally, here, post_id=poll.id)
    await publish.publish_again(desk, PublishAgain(poll.id))
    between = await rows(db, Poll.is_planned)
    await receive(db, here, poll, name="Pizza")
    await publish.publish_again(desk, PublishAgain(poll.id))

    assert (planned, between) == ([(True,)], [(False,)])
    assert [counts(update["object"]) for update in await db.read(bodies)] == [
        [("Cake", 1), ("Pizza", 0)],
        [("Cake", 1), ("Pizza", 1)],
    ]


async def test_the_last_count_says_that_it_is_over(desk: Tools, db: Database, here: Here, clock: FrozenClock) -> None:
    _, poll = await our_poll(db, here)
    clock.tick(days=2)
    await db.write(polls.close, here, post_id=poll.id)

    await publish.publish_again(desk, PublishAgain(poll.id))

    [update] = await db.read(bodies)
    assert update["object"]["closed"] == "2026-09-08T08:30:00Z"


async def test_a_deleted_poll_is_counted_no_more(desk: Tools, db: Database, here: Here) -> None:
    anna, poll = await our_poll(db, here)
    await receive(db, here, poll)
    await db.write(posts.delete, here, by_id=anna.id, post_id=poll.id)

    await publish.publish_again(desk, PublishAgain(poll.id))

    assert await db.read(bodies) == []


async def test_each_answer_we_choose_goes_to_the_author_alone(desk: Tools, db: Database, here: Here) -> None:
    anna, ben = await a_teacher(db, here), await a_person(db, here, local=False)
    fan = await a_person(db, here, local=False, domain="cedar.test")
    await a_follow_row(db, here, by=fan, of=anna)
    poll = await a_post(db, here, by=ben, kind="Question")
    facts = {"multiple": True, "ends_at": None, "closed_at": None, "voters_count": None}
    await db.write(add, Poll, post_id=poll.id, **facts)
    for place, name in enumerate(("Cake ", "Pizza", "Soup")):
        await db.write(add, PollOption, post_id=poll.id, position=place, name=name, title=name.strip(), votes=0)
    await db.write(polls.vote, here, actor_id=anna.id, post_id=poll.id, choices=[0, 2])

    for _ in range(2):
        await outbox_polls.send_votes(desk, SendVotes(poll.id, anna.id))

    found = await db.read(bodies)
    assert [inboxes for _, _, inboxes in await db.read(sent)] == [[f"{ben.uri}/inbox"]] * 2
    assert [each["object"]["name"] for each in found] == ["Cake ", "Soup"]
    assert len({each["object"]["id"] for each in found} | {each["id"] for each in found}) == 4
    vote = found[0]["object"]
    assert {name: vote[name] for name in vote if name not in {"id", "name"}} == {
        "type": "Note",
        "attributedTo": anna.uri,
        "inReplyTo": poll.uri,
        "published": f"{MONDAY:%Y-%m-%dT%H:%M:%SZ}",
        "to": ben.uri,
    }
    assert (found[0]["to"], found[0]["cc"]) == ([ben.uri], [])
