"""SEQ-01 to SEQ-08 (security.md 3.10): the wrong order, at the same time, and again, over HTTP against a live node."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from fedishare.services import threads
from tests.attack import shots, world
from tests.attack.rig import Rig
from tests.attack.shots import Shot
from tests.live.peers import Json

pytestmark = pytest.mark.asyncio(loop_scope="module")

COUNT: Final = "SELECT count(*) FROM post WHERE uri = :uri AND deleted_at IS NULL"
WORDS: Final = "SELECT content FROM post WHERE uri = :uri"


def when(**ago: float) -> str:
    return (datetime.now(UTC) - timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def update(rig: Rig, create: Json, words: str, *, updated: str) -> Json:
    note = create["object"] | {"content": f"<p>{words}</p>", "updated": updated}
    return world.activity("Update", rig.fay, note)


@pytest.mark.parametrize("form", ["address", "tombstone"])
async def test_seq_01_what_was_deleted_before_it_came_never_comes(rig: Rig, form: str) -> None:
    create = world.create(rig.fay)
    uri = create["object"]["id"]
    await rig.accepted(rig.fay, world.activity("Delete", rig.fay, uri if form == "address" else _tombstone(uri)))

    for late in (create, update(rig, create, "late", updated=when()), world.activity("Announce", rig.fay, uri)):
        async with rig.unmoved(tables=("post", "home", "notice", "reaction"), fetches=lambda: [uri]):
            await rig.fire(rig.signed(rig.fay, late))

    assert await rig.node.one(COUNT, uri=uri) == 0


def _tombstone(uri: str) -> Json:
    return {"type": "Tombstone", "id": uri}


async def test_seq_02_an_edit_that_comes_first_is_kept_and_what_it_replaced_is_not(rig: Rig) -> None:
    create = world.create(rig.fay, content="<p>old</p>", published=when(minutes=5))
    await rig.accepted(rig.fay, update(rig, create, "new", updated=when()))

    await rig.accepted(rig.fay, create)

    assert await rig.node.rows(WORDS, uri=create["object"]["id"]) == [("<p>new</p>",)]


async def test_seq_03_an_undo_that_overtakes_its_follow_wins(rig: Rig) -> None:
    villain = rig.world.stranger()
    follow = world.activity("Follow", villain, rig.anna.uri)
    await rig.accepted(villain, world.activity("Undo", villain, follow))

    await rig.accepted(villain, follow)

    followers = "SELECT count(*) FROM follow JOIN actor ON actor.id = follower_id WHERE actor.uri = :uri"
    assert await rig.node.one(followers, uri=villain.uri) == 0


@pytest.mark.parametrize("kind", ["Like", "Announce"])
async def test_seq_03_an_undo_that_overtakes_a_reaction_wins(rig: Rig, kind: str) -> None:
    reaction = world.activity(kind, rig.fay, rig.post)
    await rig.accepted(rig.fay, world.activity("Undo", rig.fay, reaction))

    async with rig.unmoved(tables=("reaction", "home", "notice")):
        await rig.fire(rig.signed(rig.fay, reaction))


async def test_seq_03_an_answer_to_what_was_never_asked_is_none(rig: Rig) -> None:
    """An Accept before our own Follow is written down: when the Follow comes, it still waits for its answer."""
    villain = rig.world.stranger()
    unsent = {"id": f"{rig.node.url}/activities/99", "type": "Follow", "actor": rig.ben.uri, "object": villain.uri}
    await rig.accepted(villain, world.activity("Accept", villain, unsent))

    await rig.ben.follow(f"{villain.name}@{villain.host}")
    await rig.quiet()

    state = (
        "SELECT state FROM follow JOIN actor ON actor.id = followee_id WHERE follower_id = :ben AND actor.uri = :uri"
    )
    assert await rig.node.one(state, ben=rig.ben.id, uri=villain.uri) == "requested"


async def test_seq_04_one_activity_at_many_doors_at_once_is_one(rig: Rig) -> None:
    create = world.create(rig.fay, tag=[{"type": "Mention", "name": "@anna", "href": rig.anna.uri}])
    likes = [world.activity("Like", rig.fay, rig.post)] * 5
    targets = ["/inbox", "/users/anna/inbox", "/users/ben/inbox"] * 4
    # Each is signed anew, as a server does that sends to every inbox by itself.
    storm: list[Shot] = [rig.signed(rig.fay, create, target=target) for target in targets]
    storm += [rig.signed(rig.fay, like, target=target) for like in likes for target in targets[:3]]

    replies = await rig.volley(storm)
    await rig.quiet()

    assert {reply.status for reply in replies} == {202}
    assert await rig.node.one(COUNT, uri=create["object"]["id"]) == 1
    told = "SELECT count(*) FROM notice JOIN post ON post.id = notice.post_id WHERE post.uri = :uri"
    assert await rig.node.one(told, uri=create["object"]["id"]) == 1
    liked = (
        "SELECT count(*) FROM reaction JOIN actor ON actor.id = actor_id"
        " WHERE actor.uri = :fay AND reaction.kind = 'like'"
    )
    assert await rig.node.one(liked, fay=rig.fay.uri) == 1


@pytest.mark.parametrize(
    "said", ["2099-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "yesterday", 7, None, ["a"]]
)
async def test_seq_05_no_post_is_older_than_the_network_or_younger_than_now(rig: Rig, said: Any) -> None:
    create = world.create(rig.fay, published=said)
    await rig.accepted(rig.fay, create)

    found = await rig.node.rows("SELECT published_at FROM post WHERE uri = :uri", uri=create["object"]["id"])

    assert len(found) == 1
    assert abs(_moment(found[0][0]) - rig.clock.now()) < timedelta(minutes=2)


def _moment(value: Any) -> datetime:
    """SQLite keeps times as text, or as numbers; PostgreSQL as what they are."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value / (1_000_000 if value > 1e14 else 1), UTC)
    found = datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


async def test_seq_06_an_older_edit_that_comes_late_is_ignored(rig: Rig) -> None:
    create = world.create(rig.fay, content="<p>first</p>", published=when(minutes=9))
    await rig.accepted(rig.fay, create)
    await rig.accepted(rig.fay, update(rig, create, "third", updated=when(minutes=1)))

    await rig.accepted(rig.fay, update(rig, create, "second", updated=when(minutes=5)))
    await rig.accepted(rig.fay, update(rig, create, "from 2099", updated="2099-01-01T00:00:00Z"))
    await rig.accepted(rig.fay, update(rig, create, "after 2099", updated="2099-01-02T00:00:00Z"))

    words = await rig.node.one(WORDS, uri=create["object"]["id"])
    assert words in {"<p>from 2099</p>", "<p>after 2099</p>"}, "a time to come is now, and the next one is later"


async def test_seq_08_endless_edits_leave_a_short_history(rig: Rig) -> None:
    create = world.create(rig.fay, content="<p>0</p>", published=when(hours=5))
    await rig.accepted(rig.fay, create)
    edits = threads.MOST_REVISIONS + 20

    async with rig.awake():
        for number in range(edits):
            edit = update(rig, create, str(number), updated=when(minutes=edits - number))
            assert (await rig.fire(rig.signed(rig.fay, edit))).status == 202

    kept = "SELECT count(*) FROM revision JOIN post ON post.id = post_id WHERE uri = :uri"
    assert await rig.node.one(kept, uri=create["object"]["id"]) == threads.MOST_REVISIONS
    assert await rig.node.one(WORDS, uri=create["object"]["id"]) == f"<p>{edits - 1}</p>"


async def test_seq_08_a_flood_of_profiles_is_looked_up_a_few_times(rig: Rig) -> None:
    updates = [world.activity("Update", rig.fay, rig.world.described(rig.fay)) for _ in range(60)]
    heard = len(rig.world.log)

    replies = await rig.volley(rig.signed(rig.fay, one) for one in updates)
    await rig.quiet()

    assert {reply.status for reply in replies} == {202}
    asked = [line for line in rig.world.log[heard:] if line == f"GET {rig.fay.uri}"]
    assert 1 <= len(asked) <= 40


async def test_sig_17_what_was_captured_is_worth_nothing_at_another_door_or_later(rig: Rig) -> None:
    """SEQ-04's wicked sister: the captured bytes themselves, once more, elsewhere and after hours."""
    like = world.activity("Like", rig.mole, rig.post)
    shot = rig.signed(rig.mole, like)
    await rig.fire(shot)
    await rig.accepted(rig.mole, world.activity("Undo", rig.mole, like))

    async with rig.unmoved(tables=("reaction", "notice"), fetches=lambda: [rig.mole.uri]):
        again = await rig.fire(shot)
        elsewhere = await rig.fire(shot._replace(target="/users/anna/inbox"))
        rig.clock.tick(minutes=70)
        late = await rig.fire(shot)

    assert (again.status, elsewhere.status, late.status) == (202, 401, 401)
    rig.clock.tick(minutes=-70)
    assert (await rig.fire(rig.signed(rig.mole, shots.like(rig.mole.uri, number=world.number())))).status == 202
