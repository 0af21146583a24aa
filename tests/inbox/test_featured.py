"""What somebody elsewhere has pinned, read when they are first met here."""

from typing import Any, Final

import pytest

from fedishare.as2.node import CONTEXT
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.people import FeaturedTag
from fedishare.db.posts import Post
from fedishare.db.rooms import Pin
from fedishare.inbox import featured, resolve
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import FetchFeatured
from fedishare.services import follows
from tests.builders import Made, a_person, a_post, add
from tests.inbox.elsewhere import Document, Elsewhere, a_note, an_activity, an_actor, jobs, rows, send

ADA: Final = "https://birch.test/users/ada"
FEATURED: Final = f"{ADA}/featured"


def a_list(*items: Any) -> Document:
    return {"@context": CONTEXT, "id": FEATURED, "type": "OrderedCollection", "orderedItems": [*items]}


async def ada_with(tools: Tools, here: Here, elsewhere: Elsewhere, *items: Any) -> Made:
    elsewhere.settle(an_actor(ADA))
    ada = await a_person(tools.db, here, local=False, uri=ADA, username="ada")
    elsewhere.say(FEATURED, a_list(*items))
    return ada


def a_pinned(elsewhere: Elsewhere, number: int, **over: Any) -> Document:
    note = a_note(ADA, number=number, **over)
    elsewhere.say(str(note["id"]), note)
    return note


async def pinned(db: Database) -> list[str]:
    uris = dict(await rows(db, Post.id, Post.uri))
    return [uris[post] for (post,) in await rows(db, Pin.post_id)]


async def test_what_is_pinned_elsewhere_is_shown_here(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    first, second = a_pinned(elsewhere, 1), a_pinned(elsewhere, 2)
    ada = await ada_with(tools, here, elsewhere, first["id"], second | {"content": "forged"})

    await featured.fetch(tools, FetchFeatured(ada.id))

    assert await pinned(db) == [first["id"], second["id"]]
    assert ("forged",) not in await rows(db, Post.content)


async def test_what_is_pinned_no_more_is_taken_down(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    still = a_pinned(elsewhere, 1)
    ada = await ada_with(tools, here, elsewhere, still["id"], f"{ADA}/posts/gone")
    old = await a_post(db, here, by=ada)
    await db.write(add, Pin, actor_id=ada.id, post_id=old.id)

    await featured.fetch(tools, FetchFeatured(ada.id))

    assert await pinned(db) == [still["id"]]


@pytest.mark.parametrize(
    "uri", [pytest.param("https://cedar.test/posts/1", id="elsewhere"), pytest.param(f"{ADA}x/posts/1", id="anothers")]
)
async def test_nobody_pins_anothers_post_by_a_list(
    tools: Tools, db: Database, here: Here, *, elsewhere: Elsewhere, uri: str
) -> None:
    author = uri.rpartition("/posts/")[0]
    elsewhere.settle(an_actor(author))
    elsewhere.say(uri, a_note(author) | {"id": uri})
    ada = await ada_with(tools, here, elsewhere, uri)

    await featured.fetch(tools, FetchFeatured(ada.id))

    assert await pinned(db) == []


async def test_a_list_that_is_gone_changes_nothing(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    ada = await ada_with(tools, here, elsewhere)
    elsewhere.fail(FEATURED, 404)
    post = await a_post(db, here, by=ada)
    await db.write(add, Pin, actor_id=ada.id, post_id=post.id)

    await featured.fetch(tools, FetchFeatured(ada.id))

    assert await pinned(db) == [post.uri]


async def test_the_list_is_looked_at_once_when_somebody_is_found_or_followed(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    elsewhere.settle(an_actor(ADA))
    anna = await a_person(db, here)
    found = await resolve.find(tools, ADA)
    await db.write(follows.request, here, follower_id=anna.id, followee_id=found.id)
    elsewhere.say(FEATURED, a_list())

    for _ in range(2):
        await featured.fetch(tools, FetchFeatured(found.id))

    assert (await db.read(jobs)).count("FetchFeatured") == 2
    assert elsewhere.asked.count(FEATURED) == 1


async def test_hashtags_are_shown_and_hidden(tools: Tools, db: Database, here: Here) -> None:
    ada = await a_person(db, here, local=False, uri=ADA, username="ada")
    tag = {"type": "Hashtag", "href": "https://birch.test/tags/maths", "name": "#Maths"}

    became = [await send(tools, an_activity("Add", ADA, tag, target=FEATURED))]
    shown = await rows(db, FeaturedTag.actor_id, FeaturedTag.name, FeaturedTag.label)
    became += [await send(tools, an_activity("Remove", ADA, tag, target=FEATURED))]

    assert became == ["done: tag", "done: tag taken down"]
    assert (shown, await rows(db, FeaturedTag.name)) == ([(ada.id, "maths", "Maths")], [])
