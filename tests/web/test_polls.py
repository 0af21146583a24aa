"""Polls and quotes as people make, answer and see them, without scripts."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, update

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.polls import Poll, PollOption, Vote
from fedishare.db.posts import Post
from fedishare.db.quotes import Quote, Stamp
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import QuotePolicy, QuoteState
from fedishare.services import polls
from fedishare.services.drafts import PollDraft
from tests.builders import MONDAY, FrozenClock, Made, a_person, a_post, add
from tests.inbox.elsewhere import rows
from tests.web.builders import PDF, RESOURCE, form
from tests.web.conftest import Element, Node

POLL = {"text": "Lunch on Friday?", "poll_1": "Cake", "poll_2": "Pizza & more", "poll_lasts": "3600"}


async def a_poll(db: Database, here: Here, *, by: Made, multiple: bool = False) -> Made:
    post = await a_post(db, here, by=by, kind="Question")
    draft = PollDraft(options=("Cake", "Pizza"), lasts=timedelta(days=1), multiple=multiple)
    await db.write(polls.attach, here, post_id=post.id, draft=draft)
    return post


async def test_a_poll_is_written_and_shown(node: Node, db: Database, clock: FrozenClock) -> None:
    _, teacher = await node.a_teacher()
    _, colleague = await node.a_teacher()

    sent = await teacher.post("/compose", form(POLL | {"poll_several": "1"}))

    page = await colleague.get(sent.location)
    assert sent.status == 303
    assert await rows(db, Post.kind, Post.source) == [("Question", "Lunch on Friday?")]
    assert await rows(db, Poll.multiple, Poll.ends_at) == [(True, clock.now() + timedelta(hours=1))]
    assert [label.text for label in ballot(page.root).all("label")] == ["Cake", "Pizza & more"]
    assert "0 people voted · open until 7 September 2026, 09:30 UTC" in page.root.text


def for_followers(tx: Connection) -> None:
    tx.execute(update(Post).values(visibility=Visibility.FOLLOWERS))


def ballot(root: Element) -> Element:
    return next(form for form in root.all("form") if form["action"].endswith("/vote"))


@pytest.mark.parametrize(
    ("over", "errors"),
    [
        pytest.param({"poll_2": ""}, ["A poll needs at least two answers to choose from."], id="one-answer"),
        pytest.param({"poll_2": "cake"}, ["Two of the answers are the same."], id="the-same-twice"),
        pytest.param({"poll_2": "x" * 51}, ["An answer may have up to 50 characters."], id="too-long"),
        pytest.param({"text": ""}, ["Say what the poll is about."], id="no-question"),
    ],
)
async def test_what_is_wrong_with_a_poll_stands_beside_it_and_nothing_is_lost(
    node: Node, db: Database, over: dict[str, str], errors: list[str]
) -> None:
    _, teacher = await node.a_teacher()

    again = await teacher.post("/compose", form(POLL | over))

    assert (again.status, await rows(db, Post.id)) == (422, [])
    assert again.errors == errors
    assert again.root.one("input", name="poll_1")["value"] == "Cake"
    assert again.root.one("details", id="poll").attributes.get("open", "no") is None


async def test_a_resource_has_no_poll(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()

    again = await teacher.post("/compose", form(RESOURCE | POLL, [("files", "wall.pdf", PDF)]))

    assert again.status == 422
    assert again.errors == ["A resource cannot have a poll: empty its answers, or share words and pictures instead."]
    assert await rows(db, Post.id) == []


@pytest.mark.parametrize("multiple", [False, True])
async def test_voting_shows_how_it_stands_in_words(node: Node, db: Database, here: Here, *, multiple: bool) -> None:
    anna, _ = await node.a_teacher()
    ben, colleague = await node.a_teacher()
    poll = await a_poll(db, here, by=anna, multiple=multiple)
    before = await colleague.get(f"/posts/{poll.id}")

    voted = await colleague.post(f"/posts/{poll.id}/vote", {"choice": "1", "next": f"/posts/{poll.id}#p{poll.id}"})

    after = await colleague.get(voted.location)
    kind = "checkbox" if multiple else "radio"
    assert [box["type"] for box in ballot(before.root).all("input", name="choice")] == [kind, kind]
    assert (voted.status, voted.location) == (303, f"/posts/{poll.id}#p{poll.id}")
    assert await rows(db, Vote.actor_id, Vote.position) == [(ben.id, 1)]
    lines = [line.text for line in after.root.all("span", class_="poll-line")]
    assert lines == ["Cake 0 % 0 votes", "Pizza (your vote) 100 % 1 vote"]
    assert not [each for each in after.root.all("form") if each["action"].endswith("/vote")]


@pytest.mark.parametrize(
    ("choices", "status", "said"),
    [
        pytest.param([], 400, "Choose an answer first.", id="nothing"),
        pytest.param(["0", "1"], 400, "Choose one answer only.", id="two"),
        pytest.param(["2"], 400, "Choose one of the answers that are there.", id="no-such-answer"),
        pytest.param(["cake"], 400, "Choose one of the answers that are there.", id="a-word"),
    ],
)
async def test_a_vote_that_cannot_count_says_why(
    node: Node, db: Database, here: Here, *, choices: list[str], status: int, said: str
) -> None:
    anna, _ = await node.a_teacher()
    _, colleague = await node.a_teacher()
    poll = await a_poll(db, here, by=anna)
    fields: Any = [("choice", choice) for choice in choices] or {}

    answer = await colleague.post(f"/posts/{poll.id}/vote", fields)

    assert (answer.status, said in answer.root.text) == (status, True)
    assert await rows(db, Vote.id) == []


async def test_nobody_votes_twice_or_late_or_in_a_poll_of_their_own(
    node: Node, db: Database, here: Here, clock: FrozenClock
) -> None:
    anna, teacher = await node.a_teacher()
    _, colleague = await node.a_teacher()
    _, late = await node.a_teacher()
    poll = await a_poll(db, here, by=anna)
    path = f"/posts/{poll.id}/vote"

    own = await teacher.post(path, {"choice": "0"})
    first, second = [await colleague.post(path, {"choice": "0"}) for _ in range(2)]
    clock.tick(days=2)
    over = await late.post(path, {"choice": "0"})

    assert [answer.status for answer in (own, first, second, over)] == [403, 303, 403, 403]
    assert await rows(db, PollOption.position, PollOption.votes) == [(0, 1), (1, 0)]
    assert "This poll has ended." in (await late.get(f"/posts/{poll.id}")).root.text


async def test_a_poll_that_one_may_not_see_is_not_there(node: Node, db: Database, here: Here) -> None:
    anna, _ = await node.a_teacher()
    _, colleague = await node.a_teacher()
    poll = await a_poll(db, here, by=anna)
    await db.write(for_followers)

    assert (await colleague.post(f"/posts/{poll.id}/vote", {"choice": "0"})).status == 404


async def test_strangers_see_the_results_and_no_ballot(node: Node, db: Database, here: Here) -> None:
    anna, _ = await node.a_teacher()
    poll = await a_poll(db, here, by=anna)

    page = await node.stranger.get(f"/posts/{poll.id}")

    assert len(page.root.all("span", class_="poll-line")) == 2
    assert not [each for each in page.root.all("form") if each["action"].endswith("/vote")]


async def test_editing_the_words_keeps_the_votes_and_editing_the_answers_drops_them(
    node: Node, db: Database, here: Here
) -> None:
    anna, teacher = await node.a_teacher()
    _, colleague = await node.a_teacher()
    poll = await a_poll(db, here, by=anna)
    await colleague.post(f"/posts/{poll.id}/vote", {"choice": "0"})
    shown = await teacher.get(f"/posts/{poll.id}/edit")
    fields = {"poll_1": "Cake", "poll_2": "Pizza", "poll_lasts": "86400"}

    await teacher.post(f"/posts/{poll.id}/edit", form(fields | {"text": "Other words"}))
    kept = await rows(db, PollOption.title, PollOption.votes)
    await teacher.post(f"/posts/{poll.id}/edit", form(fields | {"text": "Other words", "poll_2": "Soup"}))

    assert [shown.root.one("input", name=f"poll_{place}")["value"] for place in (1, 2)] == ["Cake", "Pizza"]
    assert kept == [("Cake", 1), ("Pizza", 0)]
    assert await rows(db, PollOption.title, PollOption.votes) == [("Cake", 0), ("Soup", 0)]
    assert await rows(db, Vote.id) == []


async def test_a_poll_without_answers_cannot_be_saved(node: Node, db: Database, here: Here) -> None:
    anna, teacher = await node.a_teacher()
    poll = await a_poll(db, here, by=anna)

    again = await teacher.post(f"/posts/{poll.id}/edit", form({"text": "Words"}))

    assert (again.status, again.errors) == (422, ["A poll needs at least two answers to choose from."])


async def test_quoting_a_colleague_shows_their_post_and_tells_them(node: Node, db: Database, here: Here) -> None:
    anna, teacher = await node.a_teacher(name="Anna")
    _, colleague = await node.a_teacher()
    post = await a_post(db, here, by=anna, content="<p>Fractions first</p>")
    asked = await colleague.get(f"/compose?quote={post.id}")
    quote = asked.root.one("input", name="quote")["value"]

    sent = await colleague.post("/compose", form({"text": "I agree", "quote": quote}))

    page = await colleague.get(sent.location)
    shown = page.root.one("blockquote", class_="quoted")
    assert "Fractions first" in shown.text
    assert shown.one("a", class_="open")["href"] == post.uri
    assert [row[1:] for row in await rows(db, Quote.post_id, Quote.state)] == [(QuoteState.ACCEPTED,)]
    assert "quoted you" in (await teacher.get("/notices")).root.text


async def test_who_is_quoted_withdraws_and_it_is_a_link(node: Node, db: Database, here: Here) -> None:
    anna, teacher = await node.a_teacher(name="Anna")
    _, colleague = await node.a_teacher()
    post = await a_post(db, here, by=anna, content="<p>Fractions first</p>")
    sent = await colleague.post("/compose", form({"text": "I agree", "quote": str(post.id)}))
    listed = await teacher.get(f"/posts/{post.id}/quotes")
    button = next(each for each in listed.root.all("form") if each["action"].startswith("/stamps/"))
    [(stamp_id,)] = await rows(db, Stamp.id)

    by_others = await colleague.post(button["action"], {})
    withdrawn = await teacher.post(button["action"], {"next": f"/posts/{post.id}/quotes"})

    page = await colleague.get(sent.location)
    assert button["action"] == f"/stamps/{stamp_id}/withdraw"
    assert (by_others.status, withdrawn.status) == (404, 303)
    assert page.root.all("blockquote", class_="quoted") == []
    assert page.root.one("p", class_="quote-line").one("a")["href"] == post.uri
    assert "Its author no longer wants to be quoted here." in page.root.text
    assert "withdrawn" in (await teacher.get(withdrawn.location)).root.text


async def test_who_quotes_a_post_is_for_its_author(node: Node, db: Database, here: Here) -> None:
    anna, _ = await node.a_teacher()
    _, colleague = await node.a_teacher()
    post = await a_post(db, here, by=anna)

    assert (await colleague.get(f"/posts/{post.id}/quotes")).status == 404


@pytest.mark.parametrize(
    ("over", "fields", "said"),
    [
        pytest.param(
            {"quote_policy": QuotePolicy.NOBODY}, {}, "Its author does not let you quote this post.", id="nobody"
        ),
        pytest.param(
            {"quote_policy": QuotePolicy.FOLLOWERS}, {}, "Its author does not let you quote this post.", id="followers"
        ),
        pytest.param(
            {},
            {"visibility": "followers"},
            "Its author is asked, and sees your post: to quote somebody else, let everyone see it.",
            id="not-for-everybody",
        ),
        pytest.param(
            {},
            {"poll_1": "a", "poll_2": "b"},
            "A poll cannot quote another post: empty its answers, or write two posts.",
            id="with-a-poll",
        ),
    ],
)
async def test_a_quote_that_cannot_be_says_why(
    node: Node, db: Database, here: Here, *, over: dict[str, Any], fields: dict[str, str], said: str
) -> None:
    anna, _ = await node.a_teacher()
    _, colleague = await node.a_teacher()
    post = await a_post(db, here, by=anna, **over)

    again = await colleague.post("/compose", form({"text": "See", "quote": str(post.id)} | fields))

    assert (again.status, said in again.root.text) == (422, True)
    assert await rows(db, Quote.post_id) == []
    assert again.root.one("input", name="quote")["value"] == str(post.id)


async def test_what_one_may_not_see_cannot_be_quoted(node: Node, db: Database, here: Here) -> None:
    anna, _ = await node.a_teacher()
    _, colleague = await node.a_teacher()
    post = await a_post(db, here, by=anna, visibility=Visibility.FOLLOWERS)

    assert (await colleague.get(f"/compose?quote={post.id}")).status == 404
    assert (await colleague.post("/compose", form({"text": "See", "quote": str(post.id)}))).status == 404


async def test_ones_own_post_for_followers_is_quoted_for_followers_only(node: Node, db: Database, here: Here) -> None:
    anna, teacher = await node.a_teacher()
    post = await a_post(db, here, by=anna, visibility=Visibility.FOLLOWERS)
    fields = {"text": "As I said", "quote": str(post.id)}

    wider = await teacher.post("/compose", form(fields))
    same = await teacher.post("/compose", form(fields | {"visibility": "followers"}))

    assert (wider.status, same.status) == (422, 303)
    assert [row[1:] for row in await rows(db, Quote.post_id, Quote.state)] == [(QuoteState.ACCEPTED,)]


async def test_the_line_for_other_servers_goes_where_the_quote_is_shown(node: Node, db: Database, here: Here) -> None:
    ada = await a_person(db, here, local=False)
    quoted = await a_post(db, here, by=ada, content="<p>The first</p>")
    line = f'<p class="quote-inline">RE: <a href="{quoted.uri}">{quoted.uri}</a></p>'
    _, teacher = await node.a_teacher()
    found = {}
    for state in (QuoteState.ACCEPTED, QuoteState.PENDING):
        post = await a_post(db, here, by=ada, content=f"{line}<p>Look</p>")
        values = {"post_id": post.id, "quoted_uri": quoted.uri, "state": state, "created_at": MONDAY}
        await db.write(add, Quote, **values)
        page = (await teacher.get(f"/posts/{post.id}")).root
        found[state] = (page.raw.count("RE:"), len(page.all("blockquote", class_="quoted")))

    assert found == {QuoteState.ACCEPTED: (0, 1), QuoteState.PENDING: (1, 0)}


async def test_quote_is_offered_only_where_it_may_be(node: Node, db: Database, here: Here) -> None:
    ada = await a_person(db, here, local=False)
    _, teacher = await node.a_teacher()
    offered = {}
    for policy in (None, QuotePolicy.PUBLIC, QuotePolicy.FOLLOWERS, QuotePolicy.MANUAL, QuotePolicy.NOBODY):
        post = await a_post(db, here, by=ada, quote_policy=policy)
        page = (await teacher.get(f"/posts/{post.id}")).root
        offered[policy] = bool(page.all("a", href=f"/compose?quote={post.id}"))

    assert [policy for policy, is_offered in offered.items() if is_offered] == [
        QuotePolicy.PUBLIC,
        QuotePolicy.FOLLOWERS,
        QuotePolicy.MANUAL,
    ]


async def test_who_may_quote_is_chosen_and_changed_without_an_edit(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()
    sent = await teacher.post("/compose", form({"text": "Words", "quote_policy": "nobody"}))
    first = await rows(db, Post.quote_policy)

    await teacher.post(f"{sent.location}/edit", form({"text": "Words", "quote_policy": ""}))

    assert (first, await rows(db, Post.quote_policy)) == ([(QuotePolicy.NOBODY,)], [(None,)])
    assert await rows(db, Post.edited_at) == [(None,)]


async def test_a_stamp_is_served_until_it_is_withdrawn(node: Node, db: Database, here: Here) -> None:
    anna, teacher = await node.a_teacher()
    _, colleague = await node.a_teacher()
    post = await a_post(db, here, by=anna)
    sent = await colleague.post("/compose", form({"text": "I agree", "quote": str(post.id)}))
    [(stamp_id, uri)] = await rows(db, Stamp.id, Stamp.uri)
    wish = {"Accept": "application/activity+json"}

    served = await node.stranger.get(f"/stamps/{stamp_id}", **wish)
    await teacher.post(f"/stamps/{stamp_id}/withdraw", {})
    gone = await node.stranger.get(f"/stamps/{stamp_id}", **wish)

    assert uri == f"https://alder.test/stamps/{stamp_id}"
    assert served.headers["Content-Type"] == "application/activity+json"
    assert f'"interactingObject":"https://alder.test{sent.location}"' in served.html
    assert f'"interactionTarget":"{post.uri}"' in served.html
    assert gone.status == 404
