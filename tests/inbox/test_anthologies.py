"""Collections of resources elsewhere: what is believed of them, and what is kept."""

import asyncio
from typing import Any, Final

import pytest
from sqlalchemy import select

from fedishare.as2.node import CONTEXT
from fedishare.core.here import Here
from fedishare.db.anthologies import Anthology, AnthologyItem
from fedishare.db.engine import Database
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.rooms import Pin
from fedishare.domain.audience import Visibility
from fedishare.inbox import featured, resolve
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import FetchFeatured
from fedishare.services import follows
from tests.builders import Made, a_person, a_post, a_resource
from tests.inbox.elsewhere import Document, Elsewhere, a_note, an_activity, an_actor, rows, send
from tests.net.peers import Asked, a_reply

FRACTIONS: Final = "https://birch.test/collections/fractions"
ITEMS: Final = f"{FRACTIONS}/items"
CURATOR: Final = "https://birch.test/users/ada"


def a_collection(uri: str = FRACTIONS, **over: Any) -> Document:
    entity = {"id": f"{uri}/items", "type": "schema:Collection"}
    told = {"type": "Service", "attributedTo": CURATOR, "streams": [f"{uri}/items"], "schema:mainEntity": entity}
    return an_actor(uri, **told | over)


def a_resource_there(elsewhere: Elsewhere, author: str, *, number: int, **over: Any) -> str:
    """A resource on its author's server, which shows it to whoever asks."""
    uri = f"{author}/posts/{number}"
    entity = {"type": ["schema:LearningResource"], "id": uri, "schema:name": "Fraction wall"}
    elsewhere.say(uri, a_note(author, number=number, name="Fraction wall", **{"schema:mainEntity": entity}, **over))
    return uri


async def followed(tools: Tools, here: Here, elsewhere: Elsewhere, **over: Any) -> Made:
    """A collection at birch.test that somebody here follows."""
    elsewhere.settle(an_actor(CURATOR))
    elsewhere.settle(a_collection(**over))
    elsewhere.say(ITEMS, {"@context": CONTEXT, "id": ITEMS, "type": "OrderedCollection", "orderedItems": []})
    actor_id = await resolve.actor(tools, FRACTIONS)
    reader = await a_person(tools.db, here)
    await tools.db.write(follows.request, here, follower_id=reader.id, followee_id=actor_id)
    await tools.db.write(follows.accept, here, follower_id=reader.id, followee_id=actor_id)
    return Made(actor_id, FRACTIONS)


async def kept(db: Database) -> list[tuple[str, str]]:
    """What is in collections here, in order, with the lines."""
    statement = (
        select(Post.uri, AnthologyItem.line)
        .join(Post, Post.id == AnthologyItem.post_id)
        .order_by(AnthologyItem.anthology_id, AnthologyItem.position)
    )
    return [(row.uri, row.line) for row in await db.read(lambda tx: tx.execute(statement).all())]


def an_add(uri: str, **over: Any) -> Document:
    return an_activity("Add", FRACTIONS, uri, target=ITEMS, **over)


async def test_what_a_collection_adds_is_fetched_and_kept_in_its_place(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    await followed(tools, here, elsewhere)
    elsewhere.settle(an_actor("https://cedar.test/users/cleo"))
    walls = [a_resource_there(elsewhere, CURATOR, number=n) for n in (1, 2)]
    line = a_resource_there(elsewhere, "https://cedar.test/users/cleo", number=3)

    for wall in walls:
        assert await send(tools, an_add(wall)) == "done: resource in a collection"
    # Something else that stands before it is not here.
    first = {"schema:position": 3, "schema:previousItem": {"id": walls[0]}, "content": "Why <b>this</b> &amp; that"}
    await send(tools, an_add(line, **first))

    assert await kept(db) == [(walls[0], ""), (line, "Why this & that"), (walls[1], "")]


async def test_a_repeated_add_gives_another_line_and_place_and_keeps_it_once(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    await followed(tools, here, elsewhere)
    walls = [a_resource_there(elsewhere, CURATOR, number=n) for n in (1, 2, 3)]
    for wall in walls:
        await send(tools, an_add(wall, content="Old"))

    # What stands before it is not here, so the number counts.
    behind = {"schema:previousItem": {"id": f"{CURATOR}/posts/9"}, "schema:position": 1}
    await send(tools, an_add(walls[2], content="New", **behind))
    await send(tools, an_add(walls[1], content="Last", **{"schema:position": 99}))

    assert await kept(db) == [(walls[2], "New"), (walls[0], "Old"), (walls[1], "Last")]


async def test_what_is_removed_goes_and_a_repeat_changes_nothing(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    await followed(tools, here, elsewhere)
    wall = a_resource_there(elsewhere, CURATOR, number=1)
    await send(tools, an_add(wall))

    first = await send(tools, an_activity("Remove", FRACTIONS, wall, target=ITEMS))
    again = await send(tools, an_activity("Remove", FRACTIONS, wall, target=ITEMS))

    assert (first, again) == ("done: resource out of a collection", "ignored: it was not in the collection")
    assert await kept(db) == []


@pytest.mark.parametrize("kind", ["Add", "Remove"])
async def test_nobody_changes_the_list_of_another_collection(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere, kind: str
) -> None:
    await followed(tools, here, elsewhere)
    wall, other = (a_resource_there(elsewhere, CURATOR, number=n) for n in (1, 2))
    await send(tools, an_add(wall))
    evil = "https://evil.test/collections/fractions"
    elsewhere.settle(a_collection(evil, attributedTo="https://evil.test/users/e"))
    about = other if kind == "Add" else wall

    for sender in (evil, CURATOR):
        assert "done" not in await send(tools, an_activity(kind, sender, about, target=ITEMS))

    assert await kept(db) == [(wall, "")]


@pytest.mark.parametrize("kind", ["Add", "Remove"])
@pytest.mark.parametrize("target", [f"{FRACTIONS}-2/items", "https://evil.test/collections/fractions/items", FRACTIONS])
async def test_a_collection_changes_no_list_but_its_own(
    tools: Tools, db: Database, here: Here, *, elsewhere: Elsewhere, kind: str, target: str
) -> None:
    """Followed and believed as it is: what it says of another list is no word about its own either."""
    await followed(tools, here, elsewhere)
    wall, other = (a_resource_there(elsewhere, CURATOR, number=n) for n in (1, 2))
    await send(tools, an_add(wall))
    await resolve.post(tools, other)

    became = await send(tools, an_activity(kind, FRACTIONS, other if kind == "Add" else wall, target=target))

    assert "collection" not in became
    assert await kept(db) == [(wall, "")]


@pytest.mark.parametrize(
    "over",
    [
        pytest.param({"schema:mainEntity": {"id": "https://cedar.test/items", "type": "schema:Collection"}}, id="list"),
        pytest.param({"schema:mainEntity": {"id": ITEMS, "type": "schema:Person"}}, id="something-else"),
        pytest.param({"type": "Person"}, id="a-person"),
    ],
)
async def test_an_actor_is_no_collection_if_its_list_is_elsewhere_or_none(
    tools: Tools, db: Database, elsewhere: Elsewhere, over: Document
) -> None:
    elsewhere.settle(a_collection(**over))

    await resolve.actor(tools, FRACTIONS)

    assert await rows(db, Anthology.actor_id) == []


async def test_a_curator_on_another_server_is_not_believed(tools: Tools, db: Database, elsewhere: Elsewhere) -> None:
    elsewhere.settle(a_collection(attributedTo="https://cedar.test/users/cleo"))

    await resolve.actor(tools, FRACTIONS)

    assert await rows(db, Anthology.items_uri, Anthology.curator_uri) == [(ITEMS, None)]


async def test_only_resources_for_everybody_are_kept(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    await followed(tools, here, elsewhere)
    mine = await a_person(db, here)
    secret = await a_resource(
        db, here, by=mine, visibility=Visibility.FOLLOWERS, addressed_to=[f"{mine.uri}/followers"]
    )
    talk = await a_post(db, here, by=mine)

    known = await send(tools, an_add(secret.uri))
    await send(tools, an_add(talk.uri))

    # The answer is the same as for what is not there.
    assert known == await send(tools, an_add(f"{here.uris.origin}/posts/1"))
    assert await kept(db) == []


async def test_nothing_is_fetched_for_a_collection_that_nobody_here_follows(
    tools: Tools, db: Database, elsewhere: Elsewhere
) -> None:
    elsewhere.settle(a_collection())
    await resolve.actor(tools, FRACTIONS)
    wall = a_resource_there(elsewhere, CURATOR, number=1)

    await send(tools, an_add(wall))

    assert wall not in elsewhere.asked
    assert await kept(db) == []


async def test_the_whole_list_is_read_when_a_collection_is_first_met(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    actor = await followed(tools, here, elsewhere)
    walls = [a_resource_there(elsewhere, CURATOR, number=n) for n in (1, 2)]
    old = await a_resource(db, here, by=await a_person(db, here))
    await send(tools, an_add(old.uri))
    page = {"type": "OrderedCollectionPage", "partOf": ITEMS}
    link = {"type": "Link", "href": walls[1], "name": "Why <this>"}
    listed = [f"{CURATOR}/posts/gone", link]
    elsewhere.say(ITEMS, {"@context": CONTEXT, "id": ITEMS, "type": "OrderedCollection", "first": f"{ITEMS}?page=1"})
    first = {"@context": CONTEXT, "id": f"{ITEMS}?page=1", "orderedItems": listed, "next": f"{ITEMS}?page=2", **page}
    elsewhere.say(f"{ITEMS}?page=1", first)
    elsewhere.say(f"{ITEMS}?page=2", {"@context": CONTEXT, "id": f"{ITEMS}?page=2", "orderedItems": [walls[0]], **page})

    await featured.fetch(tools, FetchFeatured(actor.id))

    assert await kept(db) == [(walls[1], "Why <this>"), (walls[0], "")]


async def test_a_long_list_is_read_to_what_a_collection_holds_though_the_time_is_up_half_way(
    tools: Tools, db: Database, here: Here, *, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("inbox.anthologies", "services.collected"):
        monkeypatch.setattr(f"fedishare.{module}.MOST", 24)
    actor = await followed(tools, here, elsewhere)
    walls = [a_resource_there(elsewhere, CURATOR, number=number) for number in range(1, 26)]
    pages = [walls[start : start + 5] for start in range(0, 25, 5)]
    named = [ITEMS, *(f"{ITEMS}?page={number}" for number in range(1, len(pages)))]
    for number, items in enumerate(pages):
        page = {"@context": CONTEXT, "id": named[number], "type": "OrderedCollectionPage", "orderedItems": items}
        elsewhere.say(named[number], page | ({"next": named[number + 1]} if number + 1 < len(pages) else {}))
    work = asyncio.create_task(featured.fetch(tools, FetchFeatured(actor.id)))

    def end(_: Asked) -> bytes:
        work.cancel()
        return a_reply(status=500)

    elsewhere.say(walls[19], end)
    with pytest.raises(asyncio.CancelledError):
        await work
    a_resource_there(elsewhere, CURATOR, number=20)
    await featured.fetch(tools, FetchFeatured(actor.id))

    assert await kept(db) == [(wall, "") for wall in walls[:24]]
    assert max(elsewhere.asked.count(wall) for wall in walls[:16]) == 1


async def test_a_collection_that_says_farewell_is_kept_no_longer(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    await followed(tools, here, elsewhere)
    await send(tools, an_add(a_resource_there(elsewhere, CURATOR, number=1)))

    assert await send(tools, an_activity("Delete", FRACTIONS, FRACTIONS)) == "done: farewell"

    assert await kept(db) == []
    assert await rows(db, Anthology.actor_id) == []
    gone = await db.read(lambda tx: tx.scalar(select(Actor.deleted_at).where(Actor.uri == FRACTIONS)))
    assert gone is not None


async def test_a_bot_that_is_no_collection_pins_its_own_posts_as_before(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    bot = await a_person(db, here, local=False, uri=CURATOR, username="ada")
    elsewhere.settle(an_actor(CURATOR, type="Service"))
    await resolve.actor(tools, CURATOR, fresh=True)
    post = await a_post(db, here, by=bot)

    assert await send(tools, an_activity("Add", CURATOR, post.uri, target=f"{CURATOR}/featured")) == "done: pin"

    assert await rows(db, Pin.post_id) == [(post.id,)]
