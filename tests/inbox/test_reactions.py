"""Likes and boosts from elsewhere, and the undoing of them."""

import pytest

from fedishare.core.errors import Refused
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.posts import Post
from fedishare.db.reactions import Reaction
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import ReactionKind
from fedishare.jobs.tools import Tools
from tests.builders import a_follow_row, a_person, a_post, a_room
from tests.inbox.elsewhere import Elsewhere, a_note, an_activity, an_actor, jobs, rows, send


@pytest.mark.parametrize(
    ("kind", "over"),
    [
        pytest.param("Like", {}, id="like"),
        pytest.param("Like", {"content": ":heart:", "_misskey_reaction": ":heart:"}, id="misskey"),
        pytest.param("EmojiReact", {"content": "🎂"}, id="emoji"),
    ],
)
async def test_a_like_counts_once_and_can_be_undone(
    tools: Tools, db: Database, here: Here, *, kind: str, over: dict[str, str]
) -> None:
    ada, ben = await a_person(db, here, local=False), await a_person(db, here)
    post = await a_post(db, here, by=ben)
    likes = [an_activity(kind, ada.uri, post.uri, **over) for _ in range(2)]

    became = [await send(tools, like) for like in likes]
    counted = await rows(db, Post.likes_count)
    became += [await send(tools, an_activity("Undo", ada.uri, likes[0]))]

    assert became == ["done: like", "ignored: the like is known", "done: like undone"]
    assert (counted, await rows(db, Post.likes_count)) == ([(1,)], [(0,)])


@pytest.mark.parametrize("known_id", [pytest.param(True, id="by-id"), pytest.param(False, id="by-what-was-liked")])
async def test_an_undo_finds_the_like(tools: Tools, db: Database, here: Here, known_id: bool) -> None:
    ada, ben = await a_person(db, here, local=False), await a_person(db, here)
    post = await a_post(db, here, by=ben)
    like = an_activity("Like", ada.uri, post.uri)
    await send(tools, like)
    target = like["id"] if known_id else {"type": "Like", "actor": ada.uri, "object": post.uri}

    became = await send(tools, an_activity("Undo", ada.uri, target))

    assert became == "done: like undone"


async def test_nobody_undoes_anothers_like(tools: Tools, db: Database, here: Here) -> None:
    ada, eve, ben = *[await a_person(db, here, local=False) for _ in "12"], await a_person(db, here)
    post = await a_post(db, here, by=ben)
    like = an_activity("Like", ada.uri, post.uri)
    await send(tools, like)

    by_id = await send(tools, an_activity("Undo", eve.uri, like["id"]))
    with pytest.raises(Refused):
        await send(tools, an_activity("Undo", eve.uri, like))

    assert by_id == "ignored: there was nothing to undo"
    assert await rows(db, Post.likes_count) == [(1,)]


@pytest.mark.parametrize("kind", ["Like", "Announce"])
async def test_an_undo_that_comes_first_wins(tools: Tools, db: Database, here: Here, kind: str) -> None:
    ada, ben = await a_person(db, here, local=False), await a_person(db, here)
    post = await a_post(db, here, by=ben)
    reaction = an_activity(kind, ada.uri, post.uri)

    became = [await send(tools, an_activity("Undo", ada.uri, reaction)), await send(tools, reaction)]

    assert became == ["ignored: there was nothing to undo", "ignored: it was undone before it came"]
    assert await rows(db, Reaction.uri) == []


@pytest.mark.parametrize("kind", ["Like", "Announce"])
@pytest.mark.parametrize("visibility", [Visibility.FOLLOWERS, Visibility.MENTIONED])
async def test_what_the_sender_may_not_see_or_spread_is_left_alone(
    tools: Tools, db: Database, here: Here, *, kind: str, visibility: Visibility
) -> None:
    eve, ben = await a_person(db, here, local=False), await a_person(db, here)
    post = await a_post(db, here, by=ben, visibility=visibility)

    real, none = an_activity(kind, eve.uri, post.uri), an_activity(kind, eve.uri, f"{post.uri}0")

    # The answer does not tell, either, whether there is such a post.
    became = [await send(tools, real), await send(tools, none)]

    assert became[0] == became[1]
    assert became[0].startswith("ignored")
    assert await rows(db, Reaction.uri) == []


async def test_a_like_in_a_room_of_ours_is_passed_on(tools: Tools, db: Database, here: Here) -> None:
    ada, ben, room = await a_person(db, here, local=False), await a_person(db, here), await a_room(db, here)
    post = await a_post(db, here, by=ben, room_id=room.id)
    like = an_activity("Like", ada.uri, post.uri)

    await send(tools, like)
    await send(tools, an_activity("Undo", ada.uri, like))

    assert await db.read(jobs) == ["Distribute", "Distribute"]


async def test_a_boost_is_kept_and_undone(tools: Tools, db: Database, here: Here) -> None:
    ada, ben = await a_person(db, here, local=False), await a_person(db, here)
    post = await a_post(db, here, by=ben)
    boost = an_activity("Announce", ada.uri, post.uri, published="2026-09-07T08:00:00Z")

    became = [await send(tools, boost)]
    kept = await rows(db, Reaction.kind, Reaction.actor_id, Reaction.post_id)
    became += [await send(tools, an_activity("Undo", ada.uri, boost))]

    assert became == ["done: boost", "done: boost undone"]
    assert kept == [(ReactionKind.BOOST, ada.id, post.id)]
    assert await rows(db, Reaction.uri) == []


async def test_a_boost_of_an_unknown_post_fetches_it_by_its_address_alone(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    ada, ben = await a_person(db, here, local=False), await a_person(db, here)
    await a_follow_row(db, here, by=ben, of=ada)
    carl = elsewhere.settle(an_actor("https://cedar.test/users/carl"))
    note = a_note(carl)
    elsewhere.say(note["id"], note)

    became = await send(tools, an_activity("Announce", ada.uri, note | {"content": "<p>Forged</p>"}))

    assert became == "done: boost"
    assert await rows(db, Post.uri, Post.content) == [(note["id"], note["content"])]


async def test_nothing_is_fetched_for_a_boost_by_a_stranger(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    ada = await a_person(db, here, local=False)

    became = await send(tools, an_activity("Announce", ada.uri, "https://cedar.test/notes/1"))

    assert became.startswith("ignored: nobody here follows")
    assert elsewhere.asked == []


async def test_a_boost_waits_while_the_post_cannot_be_reached(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    ada, ben = await a_person(db, here, local=False), await a_person(db, here)
    await a_follow_row(db, here, by=ben, of=ada)
    elsewhere.fail("https://cedar.test/notes/1", 503)

    became = [await send(tools, an_activity("Announce", ada.uri, "https://cedar.test/notes/1"))]
    became += [await send(tools, an_activity("Announce", ada.uri, "https://cedar.test/notes/2"))]

    assert became == ["waiting", "ignored: cedar.test has no such thing."]
