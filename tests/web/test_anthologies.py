"""Collections of resources: made, filled, sorted and deleted by their curators, and read and followed by everybody."""

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import delete, select, update

from fedishare.core.here import Here
from fedishare.core.uris import followers
from fedishare.db.engine import Database
from fedishare.db.people import Actor
from fedishare.db.posts import Home, Post
from fedishare.db.rooms import Steward
from fedishare.db.work import Activity
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import StewardRole
from fedishare.domain.permissions import Role
from fedishare.queries import anthologies
from fedishare.services import follows, nodes
from tests.builders import Made, a_person, a_post, a_resource, a_room, add
from tests.queries.test_timelines import count_statements
from tests.web.conftest import Browser, Node, Page

ATOM = "{http://www.w3.org/2005/Atom}"


async def a_collection(browser: Browser, **over: str) -> int:
    made = await browser.post("/curate/new", {"title": "Great fractions!", "about": "For Year 4."} | over)
    assert made.status == 303, made.errors
    return int(made.location.rpartition("/")[2])


async def put(browser: Browser, collection: int, post: Made, line: str = "") -> None:
    answer = await browser.post(f"/posts/{post.id}/collect", {"into": str(collection), "line": line})
    assert answer.status == 303, answer.errors


async def press(browser: Browser, collection: int, post: Made, act: str, line: str = "") -> Page:
    return await browser.post(f"/curate/{collection}/items", {"post": str(post.id), "act": act, "line": line})


def listed(page: Page) -> list[str]:
    """The titles on the page of a collection, in their order."""
    cards = page.root.one("ol", class_="collected").all("h2") if "collected" in page.html else []
    return [card.text for card in cards]


async def document(node: Node, path: str) -> dict[str, Any]:
    answer = await node.stranger.get(path, Accept="application/activity+json")
    assert answer.status == 200, answer.html
    found: dict[str, Any] = json.loads(answer.body)
    return found


async def sent(db: Database, by: int) -> list[tuple[str, dict[str, Any]]]:
    rows = await db.read(
        lambda tx: tx.execute(
            select(Activity.type, Activity.body).where(Activity.actor_id == by).order_by(Activity.id)
        ).all()
    )
    return [(row.type, json.loads(row.body)) for row in rows]


async def test_a_collection_is_made_filled_and_shown_in_its_order(node: Node, db: Database, here: Here) -> None:
    anna, browser = await node.a_teacher("anna", name="Anna")
    elsewhere = await a_person(db, here, local=False)
    first = await a_resource(db, here, by=anna, title="Fraction wall")
    second = await a_resource(db, here, by=elsewhere, title="Number line")

    collection = await a_collection(browser)
    await put(browser, collection, first, "Begin here")
    await put(browser, collection, second)

    page = await node.stranger.get("/@great-fractions")
    assert listed(page) == ["Fraction wall", "Number line"]
    assert "Begin here" in page.root.one("p", class_="why-this").text
    assert "curated by Anna" in page.root.one("main").text
    assert "For Year 4." in page.html
    assert "2 resources" in page.root.one("ul", class_="facts").text
    assert (
        "Great fractions!"
        in (await node.stranger.get("/@anna")).root.one("section", aria_labelledby="collections").text
    )
    on_resource = await node.stranger.get(f"/resources/{first.id}")
    assert "Great fractions!" in on_resource.root.one("section", aria_labelledby="collections").text
    assert "Great fractions!" in (await node.stranger.get("/collections")).html
    await a_collection(browser, title="Empty yet")
    assert "Empty yet" in (await browser.get("/@anna")).html
    assert "Empty yet" not in (await node.stranger.get("/@anna")).html


async def test_its_document_says_what_it_is_who_curates_it_and_where_its_items_are(
    node: Node, db: Database, here: Here
) -> None:
    anna, browser = await node.a_teacher("anna")
    wall = await a_resource(db, here, by=anna)
    collection = await a_collection(browser)
    await put(browser, collection, wall, "Begin <here>")

    actor = await document(node, "/collections/great-fractions")
    items = await document(node, "/collections/great-fractions/items")
    page = await document(node, "/collections/great-fractions/items?page=true")

    uri = "https://alder.test/collections/great-fractions"
    assert (actor["id"], actor["type"], actor["attributedTo"]) == (uri, "Service", anna.uri)
    assert actor["schema:mainEntity"]["id"] == f"{uri}/items"
    assert (items["type"], items["attributedTo"], items["totalItems"]) == ("OrderedCollection", uri, 1)
    assert items["first"] == f"{uri}/items?page=true"
    assert page["orderedItems"] == [{"type": "Link", "href": wall.uri, "name": "Begin <here>"}]
    assert "next" not in page


async def test_its_items_come_in_pages(node: Node, db: Database, here: Here) -> None:
    anna, browser = await node.a_teacher("anna")
    collection = await a_collection(browser)
    made = [await a_resource(db, here, by=anna, title=f"Number {n}") for n in range(42)]
    for resource in made:
        await put(browser, collection, resource)

    page = await document(node, "/collections/great-fractions/items?page=true")
    rest = await document(node, page["next"].removeprefix("https://alder.test"))

    assert page["orderedItems"] + rest["orderedItems"] == [resource.uri for resource in made]
    assert "next" not in rest
    shown = await node.stranger.get("/@great-fractions")
    onward = shown.root.one("nav", class_="pager").one("a")["href"].removeprefix("https://alder.test")
    assert listed(shown) + listed(await node.stranger.get(onward)) == [f"Number {n}" for n in range(42)]


async def test_followers_elsewhere_get_a_boost_and_an_add_then_their_undoing(
    node: Node, db: Database, here: Here
) -> None:
    anna, browser = await node.a_teacher("anna")
    wall = await a_resource(db, here, by=anna)
    collection = await a_collection(browser)
    await put(browser, collection, wall, "Begin here")
    await node.work()
    await press(browser, collection, wall, "remove")
    await node.work()

    told = await sent(db, collection)

    assert sorted(kind for kind, _ in told) == ["Add", "Announce", "Remove", "Undo"]
    said = dict(told)
    uri = "https://alder.test/collections/great-fractions"
    assert said["Announce"]["object"] == wall.uri
    assert (said["Add"]["object"], said["Add"]["target"]) == (wall.uri, f"{uri}/items")
    assert said["Add"]["content"] == "Begin here"
    assert said["Undo"]["object"]["id"] == said["Announce"]["id"]
    assert (said["Remove"]["object"], said["Remove"]["target"]) == (wall.uri, f"{uri}/items")
    assert listed(await node.stranger.get("/@great-fractions")) == []


async def test_another_order_and_other_lines_are_told_by_what_moved(node: Node, db: Database, here: Here) -> None:
    anna, browser = await node.a_teacher("anna")
    walls = [await a_resource(db, here, by=anna, title=f"Number {n}") for n in range(3)]
    collection = await a_collection(browser)
    for wall in walls:
        await put(browser, collection, wall)

    await press(browser, collection, walls[2], "up", "Now second")
    assert listed(await node.stranger.get("/@great-fractions")) == ["Number 0", "Number 2", "Number 1"]
    await press(browser, collection, walls[1], "first")
    assert listed(await node.stranger.get("/@great-fractions")) == ["Number 1", "Number 0", "Number 2"]
    await press(browser, collection, walls[1], "down")
    await node.work()

    assert listed(await node.stranger.get("/@great-fractions")) == ["Number 0", "Number 1", "Number 2"]
    told = [said for kind, said in await sent(db, collection) if kind == "Add"]
    places = [(said["schema:position"], said.get("schema:previousItem", {}).get("id"), said["object"]) for said in told]
    first, second, third = (wall.uri for wall in walls)
    assert places == [
        (1, None, first),
        (2, first, second),
        (3, second, third),
        (3, second, third),
        (2, first, third),
        (1, None, second),
        (2, first, second),
    ]
    assert [said.get("content") for said in told] == [None, None, None, "Now second", "Now second", None, None]


@pytest.mark.parametrize(
    ("visibility", "whom"),
    [(Visibility.FOLLOWERS, "followers of its author"), (Visibility.MENTIONED, "people it names")],
)
async def test_what_is_not_for_everybody_cannot_be_put_in(
    node: Node, db: Database, here: Here, visibility: Visibility, whom: str
) -> None:
    anna, browser = await node.a_teacher("anna")
    mine = await a_resource(
        db, here, by=anna, visibility=visibility, addressed_to=[followers(anna.uri)], addressed_cc=[]
    )
    collection = await a_collection(browser)

    asked = await browser.get(f"/posts/{mine.id}/collect")
    answer = await browser.post(f"/posts/{mine.id}/collect", {"into": str(collection)})

    assert "This resource is not for everybody." in asked.html
    assert answer.status == 422
    assert whom in answer.html or "not for everybody" in answer.html
    assert f"/posts/{mine.id}/collect" not in (await browser.get(f"/resources/{mine.id}")).html
    assert listed(await browser.get("/@great-fractions")) == []


async def test_what_somebody_may_not_see_is_as_if_it_were_not_there(node: Node, db: Database, here: Here) -> None:
    _, browser = await node.a_teacher("anna")
    other = await a_person(db, here)
    hidden = await a_resource(db, here, by=other, visibility=Visibility.FOLLOWERS, addressed_to=[followers(other.uri)])
    collection = await a_collection(browser)

    answer = await browser.post(f"/posts/{hidden.id}/collect", {"into": str(collection)})
    absent = await browser.post("/posts/1/collect", {"into": str(collection)})

    assert (answer.status, answer.body) == (404, absent.body)


async def test_only_resources_are_put_in_once_and_not_without_end(
    node: Node, db: Database, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fedishare.services.anthologies.MOST", 1)
    anna, browser = await node.a_teacher("anna")
    wall, line = await a_resource(db, here, by=anna), await a_resource(db, here, by=anna)
    talk = await a_post(db, here, by=anna)
    collection = await a_collection(browser)
    await put(browser, collection, wall)

    tries = [
        await browser.post(f"/posts/{each.id}/collect", {"into": str(collection), "line": "Kept"})
        for each in (talk, wall, line)
    ]

    assert [answer.status for answer in tries] == [422, 422, 422]
    assert [answer.errors[0].partition(".")[0].partition(",")[0] for answer in tries] == [
        "Only teaching resources can be put into a collection",
        "It is in this collection already",
        "A collection holds up to 1 resources",
    ]
    assert all('value="Kept"' in answer.html for answer in tries)


async def test_too_long_a_line_is_shown_again_with_what_to_do(node: Node, db: Database, here: Here) -> None:
    anna, browser = await node.a_teacher("anna")
    wall = await a_resource(db, here, by=anna)
    collection = await a_collection(browser)
    await put(browser, collection, wall)

    answer = await press(browser, collection, wall, "save", "x" * 301)

    assert answer.errors == ["Please say it in under 300 characters."]
    assert "x" * 301 in answer.html


async def test_nobody_but_its_curator_can_change_it(node: Node, db: Database, here: Here) -> None:
    anna, browser = await node.a_teacher("anna")
    _, other = await node.a_teacher("olga")
    wall = await a_resource(db, here, by=anna)
    collection = await a_collection(browser)
    await put(browser, collection, wall)

    tries = [
        await other.get(f"/curate/{collection}"),
        await other.post(f"/curate/{collection}", {"title": "Mine"}),
        await other.post(f"/posts/{wall.id}/collect", {"into": str(collection)}),
        await press(other, collection, wall, "remove"),
        await press(other, collection, wall, "save", "Mine"),
        await press(other, collection, wall, "up"),
        await other.get(f"/curate/{collection}/delete"),
        await other.post(f"/curate/{collection}/delete"),
        await other.post("/curate/new", {"title": "Hers", "curator": str(anna.id)}),
    ]

    assert [answer.status for answer in tries] == [403] * 9
    page = await node.stranger.get("/@great-fractions")
    assert listed(page) == ["Fraction wall"]
    assert "why-this" not in page.html
    assert (await node.stranger.post(f"/curate/{collection}/delete")).status == 401
    assert (await node.stranger.get("/@great-fractions")).status == 200


async def test_whoever_looks_after_a_room_curates_for_it_until_they_no_longer_do(
    node: Node, db: Database, here: Here
) -> None:
    olga, owner = await node.a_teacher("olga")
    ben, moderator = await node.a_teacher("ben")
    room = await a_room(db, here, owner=olga, username="maths", name="Maths room")
    await db.write(add, Steward, room_id=room.id, actor_id=ben.id, role=StewardRole.MODERATOR)
    wall = await a_resource(db, here, by=olga)
    collection = await a_collection(moderator, curator=str(room.id))
    await put(moderator, collection, wall)

    assert "curated by Maths room" in (await node.stranger.get("/@great-fractions")).root.one("main").text
    assert "Great fractions!" in (await node.stranger.get("/@maths")).html
    assert f"/curate/new?curator={room.id}" in (await owner.get("/@maths")).html
    _, admin = await node.a_teacher(role=Role.ADMIN)
    assert f"/curate/new?curator={room.id}" not in (await admin.get("/@maths")).html
    assert (await owner.get(f"/curate/{collection}")).status == 200
    await db.write(lambda tx: tx.execute(delete(Steward).where(Steward.actor_id == ben.id)))

    assert (await press(moderator, collection, wall, "remove")).status == 403
    assert (await moderator.get(f"/curate/{collection}")).status == 403
    assert (
        "Great fractions!" not in (await moderator.get("/collections")).root.one("section", aria_labelledby="mine").text
    )
    assert listed(await node.stranger.get("/@great-fractions")) == ["Fraction wall"]


async def test_a_private_room_curates_nothing_and_one_that_became_private_is_not_named(
    node: Node, db: Database, here: Here
) -> None:
    olga, owner = await node.a_teacher("olga")
    room = await a_room(db, here, owner=olga, username="maths", name="Maths room", discoverable=True)
    secret = await a_room(db, here, owner=olga, username="slt", locked=True, discoverable=False)
    await a_collection(owner, curator=str(room.id))

    refused = await owner.post("/curate/new", {"title": "Secret", "curator": str(secret.id)})
    await db.write(_make_private, room.id)

    assert refused.errors == ["A private room cannot curate a collection, because everybody can read a collection."]
    assert "Maths room" not in (await node.stranger.get("/@great-fractions")).html
    assert "attributedTo" not in await document(node, "/collections/great-fractions")
    assert "Maths room" not in (await node.stranger.get("/collections")).html


def _make_private(tx: Any, room_id: int) -> None:
    tx.execute(update(Actor).where(Actor.id == room_id).values(locked=True, discoverable=False))


async def test_followers_hear_of_what_is_new_and_its_author_of_where_it_is(
    node: Node, db: Database, here: Here
) -> None:
    _, browser = await node.a_teacher("anna")
    ben, reader = await node.a_teacher("ben")
    mia, author = await node.a_teacher("mia")
    wall = await a_resource(db, here, by=mia)
    collection = await a_collection(browser)
    await reader.post("/follow", {"actor": str(collection)})

    await put(browser, collection, wall)
    await put_again(browser, collection, wall)

    assert (await reader.get("/notices")).html.count("has a new resource") == 1
    told = (await author.get("/notices")).html
    assert "Your resource is in the collection" in told
    assert "boosted your post" not in told
    assert "has a new resource" not in (await browser.get("/notices")).html
    home = await db.read(lambda tx: tx.execute(select(Home.reader_id, Home.booster_id)).all())
    assert (ben.id, collection) in home


async def put_again(browser: Browser, collection: int, post: Made) -> None:
    await press(browser, collection, post, "remove")
    await put(browser, collection, post)


async def test_a_deleted_resource_is_in_no_collection_any_more_and_followers_are_told(
    node: Node, db: Database, here: Here
) -> None:
    anna, browser = await node.a_teacher("anna")
    wall = await a_resource(db, here, by=anna)
    collection = await a_collection(browser)
    await put(browser, collection, wall)
    await node.work()

    await browser.post(f"/posts/{wall.id}/delete", {"sure": "1"})
    await node.work()

    assert listed(await node.stranger.get("/@great-fractions")) == []
    items = await document(node, "/collections/great-fractions/items")
    assert items["totalItems"] == 0
    told = [kind for kind, _ in await sent(db, collection)]
    assert sorted(told) == ["Add", "Announce", "Remove", "Undo"]


async def test_a_deleted_collection_is_gone_for_everybody(node: Node, db: Database, here: Here) -> None:
    anna, browser = await node.a_teacher("anna")
    ben, reader = await node.a_teacher("ben")
    wall = await a_resource(db, here, by=anna)
    collection = await a_collection(browser)
    await reader.post("/follow", {"actor": str(collection)})
    await put(browser, collection, wall)
    await node.work()

    asked = await browser.get(f"/curate/{collection}/delete")
    await browser.post(f"/curate/{collection}/delete", {"sure": "1"})
    await node.work()

    assert "Delete the collection Great fractions!?" in asked.html
    assert (await node.stranger.get("/@great-fractions")).status == 410
    gone = await node.stranger.get("/collections/great-fractions", Accept="application/activity+json")
    assert (gone.status, json.loads(gone.body)["type"]) == (410, "Tombstone")
    assert (
        await node.stranger.get("/collections/great-fractions/items", Accept="application/activity+json")
    ).status == 410
    assert (await node.stranger.get("/@great-fractions.atom")).status == 404
    kind, said = (await sent(db, collection))[-1]
    assert (kind, said["object"]) == ("Delete", "https://alder.test/collections/great-fractions")
    told = (await reader.get("/notices")).html
    assert "A collection that you followed was deleted" in told
    assert "Great fractions!" in told
    assert "Great fractions!" not in (await browser.get(f"/resources/{wall.id}")).html
    homes = await db.read(lambda tx: tx.execute(select(Home.booster_id).where(Home.reader_id == ben.id)).all())
    assert homes == []
    again = await browser.post("/curate/new", {"title": "Another", "username": "great-fractions"})
    assert again.status == 422


async def test_a_moderator_of_the_node_can_delete_a_collection_and_do_nothing_else_with_it(
    node: Node, db: Database, here: Here
) -> None:
    anna, browser = await node.a_teacher("anna")
    _, moderator = await node.a_teacher("mod", role=Role.MODERATOR)
    wall = await a_resource(db, here, by=anna)
    collection = await a_collection(browser)
    await put(browser, collection, wall)

    assert (await press(moderator, collection, wall, "remove")).status == 403
    assert (await moderator.post(f"/curate/{collection}/delete", {"sure": "1"})).status == 303

    assert (await node.stranger.get("/@great-fractions")).status == 410


async def test_who_was_blocked_by_the_curator_does_not_follow_and_whose_resource_it_is_goes(
    node: Node, db: Database, here: Here
) -> None:
    anna, browser = await node.a_teacher("anna")
    ben, reader = await node.a_teacher("ben")
    wall = await a_resource(db, here, by=ben)
    collection = await a_collection(browser)
    await reader.post("/follow", {"actor": str(collection)})
    await put(browser, collection, wall)

    await db.write(follows.block, here, blocker_id=ben.id, blocked_id=anna.id)

    assert listed(await node.stranger.get("/@great-fractions")) == []
    assert "0 followers" in (await node.stranger.get("/@great-fractions")).root.one("ul", class_="facts").text
    assert (await reader.post("/follow", {"actor": str(collection)})).status == 403
    assert (await browser.post(f"/posts/{wall.id}/collect", {"into": str(collection)})).status == 404


async def test_its_feed_has_the_files_of_what_is_in_it(node: Node, db: Database, here: Here) -> None:
    anna, browser = await node.a_teacher("anna")
    wall = await a_resource(db, here, by=anna, title="Fraction wall", visibility=Visibility.QUIET)
    collection = await a_collection(browser)
    await put(browser, collection, wall)

    feed = ET.fromstring((await node.stranger.get("/@great-fractions.atom")).body)  # noqa: S314 -- our own

    assert feed.findtext(f"{ATOM}title") == "Great fractions!"
    assert [entry.findtext(f"{ATOM}title") for entry in feed.findall(f"{ATOM}entry")] == ["Fraction wall"]
    links = feed.findall(f"{ATOM}entry/{ATOM}link[@rel='enclosure']")
    assert [link.get("title") for link in links] == ["wall.pdf"]


@pytest.mark.parametrize("indexable", [True, False])
async def test_search_engines_are_told_of_it_where_they_are_told_of_its_curator(node: Node, indexable: bool) -> None:
    _, browser = await node.a_teacher("anna", indexable=indexable)
    await a_collection(browser)

    site = (await node.stranger.get("/sitemap.xml")).html
    part = [line for line in site.replace("<", "\n<").splitlines() if "people-" in line]
    listed_there = "".join([(await node.stranger.get(p.partition("alder.test")[2].strip())).html for p in part])
    page = (await node.stranger.get("/@great-fractions")).html

    assert ("/@great-fractions" in listed_there) is indexable
    assert ('content="noindex"' in page) is not indexable


async def test_a_resource_says_to_machines_which_collections_it_is_part_of(
    node: Node, db: Database, here: Here
) -> None:
    anna, browser = await node.a_teacher("anna")
    wall = await a_resource(db, here, by=anna)
    await db.write(_as_resource, wall.id)
    collection = await a_collection(browser)
    await put(browser, collection, wall)

    note = await document(node, f"/resources/{wall.id}")
    amb = json.loads((await node.stranger.get(f"/resources/{wall.id}.amb.json")).body)
    lom = (await node.stranger.get(f"/resources/{wall.id}.lom.xml")).html
    dublin = (await node.stranger.get(f"/resources/{wall.id}.dc.xml")).html

    uri = "https://alder.test/collections/great-fractions"
    part = {"type": ["schema:Collection"], "id": uri, "schema:name": "Great fractions!"}
    assert note["schema:mainEntity"]["schema:isPartOf"] == [part]
    assert amb["isPartOf"] == [{"type": ["Collection"], "id": uri, "name": "Great fractions!"}]
    assert f"<entry>{uri}</entry>" in lom
    assert "<value>ispartof</value>" in lom
    assert f"<dcterms:isPartOf>{uri}</dcterms:isPartOf>" in dublin


def _as_resource(tx: Any, post_id: int) -> None:
    uri = f"https://alder.test/resources/{post_id}"
    tx.execute(update(Post).where(Post.id == post_id).values(uri=uri, url=uri))


async def test_short_names_are_made_from_titles_and_stay_different(node: Node) -> None:
    _, browser = await node.a_teacher("anna")

    for title in ("Éasy Maths: 1", "Easy maths 1", "数学"):
        await a_collection(browser, title=title)

    for name in ("easy-maths-1", "easy-maths-1-2", "collection"):
        assert (await node.stranger.get(f"/@{name}")).status == 200, name


async def test_mistakes_in_the_form_say_what_to_do_and_lose_nothing(node: Node) -> None:
    _, browser = await node.a_teacher("anna")

    answer = await browser.post("/curate/new", {"title": "", "about": "Kept words", "username": "no spaces"})

    assert answer.status == 422
    assert [error.partition(" ")[0] for error in answer.errors] == ["Give", "A"]
    assert "Kept words" in answer.html


async def test_a_new_collection_can_be_made_for_a_resource(node: Node, db: Database, here: Here) -> None:
    anna, browser = await node.a_teacher("anna")
    wall = await a_resource(db, here, by=anna)

    offered = await browser.get(f"/posts/{wall.id}/collect")
    made = await browser.post("/curate/new", {"title": "Walls", "post": str(wall.id)})
    chosen = await browser.get(made.location)

    assert f"/curate/new?post={wall.id}" in offered.html
    assert made.location.startswith(f"/posts/{wall.id}/collect?into=")
    assert "checked" in chosen.root.one("input", name="into").attributes


async def test_a_handle_curates_too_and_its_log_says_who(node: Node) -> None:
    _, browser = await node.a_teacher("anna")
    opened = await browser.post("/handles/new", {"name": "Hants SLT", "username": "hantsslt", "about": ""})
    handle = opened.location.rpartition("/")[2]

    await a_collection(browser, curator=handle)

    assert "curated by Hants SLT" in (await node.stranger.get("/@great-fractions")).root.one("main").text
    assert (
        "curated: made a collection"
        in (await browser.get(f"/handles/{handle}")).root.one("section", aria_labelledby="log").text
    )


async def _shut(db: Database, post: Made) -> None:
    values = {"visibility": Visibility.FOLLOWERS}
    await db.write(lambda tx: tx.execute(update(Post).where(Post.id == post.id).values(**values)))


async def _block_server(db: Database, here: Here) -> None:
    await db.write(nodes.block, here, domain="birch.test", reason="")


@pytest.mark.parametrize("how", ["shut", "blocked"])
async def test_what_is_no_longer_for_everybody_is_nowhere_in_it(node: Node, db: Database, here: Here, how: str) -> None:
    _, browser = await node.a_teacher("anna")
    author = await a_person(db, here, local=False)
    wall = await a_resource(db, here, by=author, title="Fraction wall")
    collection = await a_collection(browser)
    await put(browser, collection, wall, "Begin here")

    await (_shut(db, wall) if how == "shut" else _block_server(db, here))

    pages = ["/@great-fractions", "/collections", "/@great-fractions.atom", "/@anna"]
    shown = [(await node.stranger.get(path)).html for path in pages]
    shown.append((await browser.get(f"/curate/{collection}")).html)
    assert [page for page in shown if "Fraction wall" in page or "Begin here" in page or "1 resource" in page] == []
    items = await document(node, "/collections/great-fractions/items")
    page = await document(node, "/collections/great-fractions/items?page=true")
    assert (items["totalItems"], page["orderedItems"]) == (0, [])


async def test_pages_take_the_same_number_of_statements_for_any_number_of_resources(
    node: Node, db: Database, here: Here
) -> None:
    anna, browser = await node.a_teacher("anna")
    collections = [await a_collection(browser) for _ in range(3)]
    for number, collection in enumerate(collections, start=1):
        for _ in range(number):
            await put(browser, collection, await a_resource(db, here, by=anna))

    async def costs(query: Any, **values: Any) -> int:
        return await db.read(count_statements, query, values)

    one, _, three = collections
    shelves = [await costs(anthologies.shelf, anthology_id=each, viewer=anna.id) for each in (one, three)]
    entries = [await costs(anthologies.entries, anthology_id=each) for each in (one, three)]
    lists = [await costs(query) for query in (anthologies.public,)]
    lists += [await costs(anthologies.mine, actor_id=anna.id), await costs(anthologies.of_curator, uri=anna.uri)]

    assert shelves[0] == shelves[1]
    assert (entries, lists) == ([1, 1], [1, 1, 1])


async def test_curators_are_told_who_follows_their_collection(node: Node, db: Database, here: Here) -> None:
    _, anna = await node.a_teacher("anna", name="Anna")
    _, ben = await node.a_teacher("ben", name="Ben Bright")
    far = await a_person(db, here, local=False, name="Far Away")
    own = await a_collection(anna)
    handle = (await anna.post("/handles/new", {"name": "Hants", "username": "hants", "about": ""})).location
    shared = await a_collection(anna, title="Of us all", curator=handle.rpartition("/")[2])

    await ben.post("/follow", {"actor": str(own), "next": "/"})
    for collection in (own, shared):
        await db.write(follows.request, here, follower_id=far.id, followee_id=collection, uri=f"{far.uri}#{collection}")
    await anna.post("/follow", {"actor": str(own), "next": "/"})

    told = (await anna.get("/notices")).root.text, (await anna.get(f"{handle}/notices")).root.text
    assert "Ben Bright follows the collection Great fractions! now" in told[0]
    assert "Far Away follows the collection Great fractions! now" in told[0]
    assert ("Of us all" in told[0], "Far Away follows the collection Of us all now" in told[1]) == (False, True)
    assert "Anna follows" not in told[0]
