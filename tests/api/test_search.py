"""Searching over the API: people, posts and hashtags, and what an address or a handle stands for."""

from typing import Any

import pytest

from fedishare.api import search
from fedishare.core.here import Here
from fedishare.db.base import Base
from fedishare.db.bookmarks import Bookmark
from fedishare.db.engine import Database
from fedishare.db.posts import Mention, PostTag
from fedishare.db.reactions import Reaction
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import ReactionKind
from fedishare.services import follows, library
from tests.api.conftest import Phone, School
from tests.api.shapes import assert_fits
from tests.api.test_status_entity import Desk
from tests.builders import Made, a_follow_row, a_person, a_post, a_resource, add
from tests.queries.test_timelines import count_statements

EMPTY: dict[str, list[Any]] = {"accounts": [], "statuses": [], "hashtags": []}


async def found(phone: Phone, words: str, **asked: Any) -> dict[str, list[str]]:
    reply = await phone.get("/api/v2/search", q=words, **asked)
    assert reply.status == 200, reply.json
    assert_fits("Search", reply.json)
    ids = {kind: [one["id"] for one in reply.json[kind]] for kind in ("accounts", "statuses")}
    return ids | {"hashtags": [one["name"] for one in reply.json["hashtags"]]}


async def tagged(db: Database, post: Made, label: str) -> None:
    await db.write(add, PostTag, name=label.lower(), label=label, post_id=post.id)


async def test_people_are_found_by_name_and_by_handle(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher()
    ada = await a_person(db, here, username="ada", name="Ada Byron")
    elsewhere = await a_person(db, here, local=False, username="ada", name="Ada of Birch")
    await a_follow_row(db, here, by=me, of=elsewhere)

    assert (await found(phone, "ada"))["accounts"] == [str(ada.id), str(elsewhere.id)]
    assert (await found(phone, "byron"))["accounts"] == [str(ada.id)]
    assert (await found(phone, "@ada@birch.test"))["accounts"] == [str(elsewhere.id)]
    assert (await found(phone, "@ada@alder.test"))["accounts"] == [str(ada.id)]
    assert (await found(phone, "ada", following="true"))["accounts"] == [str(elsewhere.id)]
    assert (await found(phone, "ada", type="accounts", limit=1, offset=1))["accounts"] == [str(elsewhere.id)]
    assert (await found(phone, "ada", type="statuses"))["accounts"] == []


async def test_whoever_is_blocked_is_still_found_by_who_blocked_them(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher()
    foe = await a_person(db, here, local=False, username="foe")
    await db.write(follows.block, here, blocker_id=me.id, blocked_id=foe.id)

    assert (await found(phone, "@foe@birch.test", resolve="true"))["accounts"] == [str(foe.id)]
    assert (await found(phone, "foe"))["accounts"] == [str(foe.id)]


async def test_an_address_is_of_the_one_thing_it_names(school: School, db: Database, here: Here) -> None:
    _, phone = await school.a_teacher()
    ada = await a_person(db, here, username="ada")
    theirs = await a_person(db, here, local=False)
    post, remote = await a_post(db, here, by=ada), await a_post(db, here, by=theirs)
    hidden = await a_post(db, here, by=theirs, visibility=Visibility.MENTIONED)

    for asked in ({}, {"resolve": "true"}):
        assert await found(phone, "https://alder.test/@ada", **asked) == EMPTY | {"accounts": [str(ada.id)]}
        assert await found(phone, ada.uri, **asked) == EMPTY | {"accounts": [str(ada.id)]}
        assert await found(phone, post.uri, **asked) == EMPTY | {"statuses": [str(post.id)]}
        assert await found(phone, remote.uri, **asked) == EMPTY | {"statuses": [str(remote.id)]}
        assert await found(phone, hidden.uri, **asked) == EMPTY
        assert await found(phone, "https://alder.test/nothing", **asked) == EMPTY
    assert await found(phone, post.uri, type="accounts") == EMPTY


async def test_posts_that_one_has_to_do_with_are_found_and_others_are_not(
    school: School, db: Database, here: Here
) -> None:
    me, phone = await school.a_teacher()
    ada = await a_person(db, here)
    said = {"content": "<p>A lesson on volcanoes</p>", "source": "A lesson on volcanoes"}
    own = await a_post(db, here, by=me, **said)
    liked, kept, named, other, hidden = [await a_post(db, here, by=ada, **said) for _ in range(5)]
    rows: list[tuple[type[Base], dict[str, Any]]] = [
        (
            Reaction,
            {"id": here.ids.new(), "uri": "u", "kind": ReactionKind.LIKE, "actor_id": me.id, "post_id": liked.id},
        ),
        (Bookmark, {"id": here.ids.new(), "actor_id": me.id, "post_id": kept.id}),
    ]
    for table, row in rows:
        await db.write(add, table, created_at=here.now(), **row)
    await db.write(add, Mention, post_id=named.id, actor_id=me.id)
    secret = await a_post(db, here, by=ada, visibility=Visibility.FOLLOWERS, **said)
    await db.write(add, Bookmark, id=here.ids.new(), actor_id=me.id, post_id=secret.id, created_at=here.now())

    assert (await found(phone, "Volcanoes lesson"))["statuses"] == [str(one.id) for one in (named, kept, liked, own)]
    assert (await found(phone, "volcanoes", account_id=ada.id))["statuses"] == [
        str(one.id) for one in (named, kept, liked)
    ]
    assert (await found(phone, "volcanoes", type="statuses", limit=1, offset=1))["statuses"] == [str(kept.id)]
    assert (await found(phone, "volcanoes", max_id=kept.id))["statuses"] == [str(liked.id), str(own.id)]
    assert (await found(phone, "volcanoes", account_id="x"))["statuses"] == []
    assert [(await found(phone, words))["statuses"] for words in ("100%", "l_sson", "volcanoes rivers")] == [[]] * 3
    assert {other.id, hidden.id}.isdisjoint({named.id, kept.id, liked.id, own.id})
    assert (await found(school.stranger, "volcanoes"))["statuses"] == []


async def test_resources_of_the_library_are_found_by_everybody_whom_they_are_for(
    school: School, db: Database, here: Here
) -> None:
    _, phone = await school.a_teacher()
    ada = await a_person(db, here)
    wall = await a_resource(db, here, by=ada)
    draft = await a_resource(db, here, by=ada, visibility=Visibility.FOLLOWERS)
    for each in (wall, draft):
        await db.write(library.keep, post_id=each.id)

    assert (await found(phone, "fraction wall"))["statuses"] == [str(wall.id)]
    assert (await found(school.stranger, "fraction"))["statuses"] == [str(wall.id)]


async def test_hashtags_are_found_by_how_they_begin(school: School, db: Database, here: Here) -> None:
    _, phone = await school.a_teacher()
    ada = await a_person(db, here)
    for label in ("Maths", "MathsChat", "MathsChat", "Music"):
        await tagged(db, await a_post(db, here, by=ada), label)
    await tagged(db, await a_post(db, here, by=ada, visibility=Visibility.ROOM), "MathsSecret")
    await phone.post("/api/v1/tags/maths/follow")

    reply = await phone.get("/api/v2/search", q="#maths")

    assert [(one["name"], one["following"]) for one in reply.json["hashtags"]] == [
        ("Maths", True),
        ("MathsChat", False),
    ]
    assert (await found(phone, "maths", type="hashtags", limit=1, offset=1))["hashtags"] == ["MathsChat"]
    assert (await phone.get("/api/v1/search", q="maths")).json["hashtags"] == ["Maths", "MathsChat"]


async def test_strangers_find_whoever_wants_to_be_found_and_ask_nobody_elsewhere(
    school: School, db: Database, here: Here
) -> None:
    shy = await a_person(db, here, username="shy", discoverable=False)
    known = await a_person(db, here, username="show", discoverable=True)

    assert (await found(school.stranger, "sh"))["accounts"] == [str(known.id)]
    assert (await found(school.stranger, "@shy@alder.test"))["accounts"] == [str(shy.id)]
    refused = [
        await school.stranger.get("/api/v2/search", q="sh", resolve="true"),
        await school.stranger.get("/api/v2/search", q="sh", type="accounts", offset=1),
        await school.stranger.get("/api/v1/search", q="sh"),
    ]
    assert [reply.status for reply in refused] == [401] * 3


@pytest.mark.parametrize(
    "asked",
    [
        {"q": ""},
        {"q": "%"},
        {"q": "'; --"},
        {"q": '"'},
        {"q": "x" * 5000},
        {"q": "#"},
        {"q": "@"},
        {"q": "@@"},
        {"q": "@a@b", "resolve": "1"},
        {"q": "https://", "resolve": "1"},
        {"q": "https://[::1", "resolve": "1"},
        {"q": "https://alder.test/@" + "x" * 400, "resolve": "1"},
        {"q": "acct:x@y", "resolve": "1"},
        {"q": "a", "type": "nonsense"},
        {"q": "a", "type": "statuses", "offset": 10**18},
        {"q": "a \\ _ % \N{LATIN SMALL LETTER E WITH ACUTE} 漢字 " * 20},
        {"q": "\N{COMBINING ACUTE ACCENT}\u202e"},
    ],
)
async def test_whatever_is_looked_for_nothing_breaks(school: School, asked: dict[str, Any]) -> None:
    _, phone = await school.a_teacher()

    assert (await phone.get("/api/v2/search", **asked)).json == EMPTY


async def test_what_cannot_be_a_search_is_said_so(school: School) -> None:
    _, phone = await school.a_teacher()

    replies = [await phone.get("/api/v2/search"), await phone.get("/api/v2/search", q="a", limit=-1)]

    assert [reply.status for reply in replies] == [400, 400]


@pytest.mark.parametrize("many", [1, 3])
async def test_a_search_takes_as_many_statements_for_one_as_for_three(
    school: School, db: Database, here: Here, many: int
) -> None:
    me, _ = await school.a_teacher()
    for number in range(many):
        post = await a_post(db, here, by=await a_person(db, here, name=f"Volcano {number}"), source="volcano")
        await tagged(db, post, f"volcano{number}")
        await a_post(db, here, by=me, source="volcano")
    wish = search.Wish("volcano", frozenset(search.TYPES), 20, 0)
    call = Desk(school).call(me)

    asked = [await db.read(count_statements, search.look, {"call": call, "wish": wish, "met": None}) for _ in range(2)]

    assert asked == [15, 7]
