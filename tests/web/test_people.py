"""Pages of people, schools and rooms; following, joining, blocking; the home timeline."""

import pytest
from sqlalchemy import select

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.posts import Home
from fedishare.db.resources import Resource
from fedishare.db.rooms import Pin
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import FollowState, Kind
from fedishare.domain.terms import Term, TermKind
from fedishare.queries import people
from tests.builders import a_follow_row, a_person, a_post, a_room, add, add_terms
from tests.web.builders import form
from tests.web.conftest import Element, Node


def said(page: Element) -> list[str]:
    return [card.one("div", class_="prose").text for card in page.all("article")]


def titles(page: Element) -> list[str]:
    return [card.one("h2").text for card in page.all("article")]


async def test_a_page_of_ours_and_one_from_elsewhere(node: Node, db: Database, here: Here) -> None:
    await a_person(db, here, username="ada", name="Ada <Okafor>", summary="<p>Year 4</p>")
    bea = await a_person(db, here, local=False, username="bea", domain="birch.test", kind=Kind.ORGANISATION)
    await a_post(db, here, by=bea, title="From Birch")

    ours, theirs = (await node.stranger.get("/@Ada")).root, (await node.stranger.get("/@bea@birch.test")).root

    assert (ours.one("h1").text, ours.one("div", class_="prose").text) == ("Ada <Okafor>", "Year 4")
    assert theirs.one("link", rel="alternate", type="application/activity+json")["href"] == bea.uri
    assert titles(theirs) == ["From Birch"]
    assert "school" in theirs.one("main").text


async def test_a_page_that_stands_ready_shows_what_is_so_now_and_to_each_their_own(node: Node) -> None:
    _, teacher = await node.a_teacher("ada")
    await teacher.post("/compose", form({"text": "First"}))

    before = [said((await node.stranger.get("/@ada")).root) for _ in range(2)]
    await teacher.post("/compose", form({"text": "Second"}))
    after = [said((await node.stranger.get("/@ada")).root) for _ in range(2)]
    own = (await teacher.get("/@ada")).root

    assert (before, after) == ([["First"]] * 2, [["Second", "First"]] * 2)
    assert [len(own.all("a", href=address)) for address in ("/sign-in", "/notices")] == [0, 1]
    assert len((await node.stranger.get("/@ada")).root.all("a", href="/sign-in")) == 1


async def test_following_and_thinking_again(node: Node, db: Database, here: Here) -> None:
    mine, teacher = await node.a_teacher()
    other = await a_person(db, here, username="bea")
    form = (await teacher.get("/@bea")).root.one("form", action="/follow")
    fields = {field["name"]: field["value"] for field in form.all("input")}

    followed = await teacher.post("/follow", fields)
    relation = await db.read(people.relation, viewer=mine.id, other=other.id)
    back = await teacher.post("/unfollow", fields)

    assert (followed.location, back.location) == ("/@bea", "/@bea")
    assert relation.following is FollowState.ACCEPTED
    assert (await db.read(people.relation, viewer=mine.id, other=other.id)).following is None


async def test_who_approves_followers_is_asked_first(node: Node, db: Database) -> None:
    ada, teacher = await node.a_teacher("ada", locked=True)
    bea, colleague = await node.a_teacher("bea")
    cy, other = await node.a_teacher("cy")
    await colleague.post("/follow", {"actor": str(ada.id)})
    await other.post("/follow", {"actor": str(ada.id)})

    waiting = (await colleague.get("/@ada")).root
    asked = (await teacher.get("/notices")).root
    await teacher.post("/requests/accept", {"actor": str(bea.id)})
    await teacher.post("/requests/reject", {"actor": str(cy.id)})

    assert waiting.one("form", action="/unfollow").one("button").text == "Take back your request"
    assert len(asked.all("form", action="/requests/accept")) == 2
    assert (await db.read(people.relation, viewer=bea.id, other=ada.id)).following is FollowState.ACCEPTED
    assert (await db.read(people.relation, viewer=cy.id, other=ada.id)).following is None


async def test_a_request_is_agreed_to_by_the_one_who_was_asked_only(node: Node, db: Database, here: Here) -> None:
    ada = await a_person(db, here, locked=True)
    bea, colleague = await node.a_teacher()
    await colleague.post("/follow", {"actor": str(ada.id)})

    await colleague.post("/requests/accept", {"actor": str(bea.id)})

    assert (await db.read(people.relation, viewer=bea.id, other=ada.id)).following is FollowState.REQUESTED


async def test_blocking_ends_it_both_ways(node: Node, db: Database) -> None:
    ada, teacher = await node.a_teacher("ada")
    bea, colleague = await node.a_teacher("bea")
    await colleague.post("/follow", {"actor": str(ada.id)})

    await teacher.post("/block", {"actor": str(bea.id), "next": "/@bea"})

    page = (await teacher.get("/@bea")).root
    assert page.one("form", action="/unblock").one("button").text == "Unblock"
    assert (await db.read(people.relation, viewer=bea.id, other=ada.id)).following is None
    assert (await colleague.post("/follow", {"actor": str(ada.id)})).status == 403
    await teacher.post("/unblock", {"actor": str(bea.id)})
    assert (await colleague.post("/follow", {"actor": str(ada.id)})).status == 303


@pytest.mark.parametrize(("actor", "status"), [("", 400), ("x", 400), ("77", 404)])
async def test_nobody_is_followed_by_a_broken_form(node: Node, actor: str, status: int) -> None:
    _, teacher = await node.a_teacher()

    assert (await teacher.post("/follow", {"actor": actor})).status == status


async def test_a_room_shows_resources_of_one_level_or_talk(node: Node, db: Database, here: Here) -> None:
    ada = await a_person(db, here)
    room = await a_room(db, here, username="slt", name="Primary SLT", owner=ada)
    for title, level in (("Talk", None), ("Year 4", "england:year-4"), ("Year 6", "england:year-6")):
        post = await a_post(db, here, by=ada, title=title, room_id=room.id)
        if level:
            await db.write(add, Resource, post_id=post.id, description="", licence_label="", version=1)
            await db.write(add_terms, post.id, [Term(TermKind.LEVEL, level, "")])

    shown = {
        query: titles((await node.stranger.get(f"/@slt{query}")).root)
        for query in ("", "?show=resources", "?show=talk", "?show=resources&level=england:year-4", "?show=x&level=y")
    }

    assert shown == {
        "": ["Year 6", "Year 4", "Talk"],
        "?show=resources": ["Year 6", "Year 4"],
        "?show=talk": ["Talk"],
        "?show=resources&level=england:year-4": ["Year 4"],
        "?show=x&level=y": ["Year 6", "Year 4", "Talk"],
    }
    page = (await node.stranger.get("/@slt?show=resources&level=england:year-4")).root
    assert page.one("nav", class_="tabs").one("a", aria_current="page").text == "Resources"
    assert [each["value"] for each in page.all("option") if "selected" in each.attributes] == ["england:year-4"]


async def test_a_member_may_write_to_the_room_and_leave_it(node: Node, db: Database, here: Here) -> None:
    person, teacher = await node.a_teacher()
    room = await a_room(db, here, username="slt")

    before = (await teacher.get("/@slt")).root
    await teacher.post("/follow", {"actor": str(room.id)})
    after = (await teacher.get("/@slt")).root

    assert (
        before.one("form", action="/follow").one("button").text,
        before.all("a", href=f"/compose?room={room.id}"),
    ) == (
        "Join the room",
        [],
    )
    assert after.one("form", action="/unfollow").one("button").text == "Leave the room"
    assert after.one("a", href=f"/compose?room={room.id}").text == "Write to the room"
    assert [each.text for each in (await teacher.get("/@slt/followers")).root.all("a", class_="name")] == [
        (await db.read(people.by_id, actor_id=person.id)).name
    ]


async def test_a_room_is_opened_and_its_short_name_explained(node: Node) -> None:
    _, teacher = await node.a_teacher()

    wrong = await teacher.post("/rooms/new", {"name": "", "username": "Primary SLT!", "description": "For **us**"})
    opened = await teacher.post("/rooms/new", {"name": "SLT", "username": "primary-slt", "description": "For **us**"})
    taken = await teacher.post("/rooms/new", {"name": "SLT", "username": "Primary-SLT"})

    assert (wrong.status, len(wrong.errors)) == (422, 2)
    assert wrong.root.one("textarea", name="description").text == "For **us**"
    assert wrong.root.one("input", name="username")["value"] == "Primary SLT!"
    assert opened.location == "/@primary-slt"
    page = (await teacher.get(opened.location)).root
    assert (page.one("h1").text, page.one("strong").text) == ("SLT", "us")
    assert page.one("form", action="/unfollow").one("button").text == "Leave the room"
    assert taken.errors == ["The name Primary-SLT is taken on this node. Please choose another."]
    assert [each.text for each in (await node.stranger.get("/rooms")).root.all("a", class_="name")] == ["SLT"]


async def test_home_is_read_a_page_at_a_time(node: Node, db: Database, here: Here) -> None:
    me, teacher = await node.a_teacher()
    for number in range(25):
        post = await a_post(db, here, by=me, title=f"Post {number}")
        await db.write(add, Home, reader_id=me.id, entry_id=post.id, post_id=post.id)

    first = (await teacher.get("/")).root
    second = (await teacher.get(first.one("a", rel="next")["href"])).root

    assert titles(first) == [f"Post {number}" for number in range(24, 4, -1)]
    assert titles(second) == [f"Post {number}" for number in range(4, -1, -1)]
    assert second.all("a", rel="next") == []


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "1.5"])
async def test_an_odd_page_key_means_the_first_page(node: Node, db: Database, here: Here, before: str) -> None:
    me, teacher = await node.a_teacher()
    post = await a_post(db, here, by=me, title="The only one")
    await db.write(add, Home, reader_id=me.id, entry_id=post.id, post_id=post.id)

    assert titles((await teacher.get(f"/?before={before}")).root) == ["The only one"]


async def test_somebody_new_is_told_where_to_begin(node: Node) -> None:
    _, teacher = await node.a_teacher()

    assert (await teacher.get("/")).root.one("div", class_="empty").one("h2").text == "It is still quiet here"


async def test_a_visitor_sees_rooms_and_what_was_shared_lately(node: Node, db: Database, here: Here) -> None:
    ada = await a_person(db, here)
    await a_room(db, here, name="Primary SLT")
    await a_post(db, here, by=ada, title="Public")
    await a_follow_row(db, here, by=ada, of=await a_person(db, here))

    page = (await node.stranger.get("/")).root

    assert page.one("h1").text == "Alder Primary"
    assert titles(page) == ["Public"]
    assert "Primary SLT" in page.one("ul", class_="lines").text


async def test_a_page_is_changed_and_shown_changed(node: Node) -> None:
    _, teacher = await node.a_teacher("ada")

    wrong = await teacher.post("/settings", {"part": "page", "name": " ", "about": "Year **4**", "locked": "1"})
    saved = await teacher.post("/settings", {"part": "page", "name": "Ada O.", "about": "Year **4**", "locked": "1"})

    assert (wrong.status, wrong.errors) == (422, ["Please give a name that people can read."])
    assert wrong.root.one("textarea", name="about").text == "Year **4**"
    assert (await teacher.get(saved.location)).root.one("p", role="status").text == "Your page is saved."
    page = (await node.stranger.get("/@ada")).root
    assert (page.one("h1").text, page.one("div", class_="prose").text) == ("Ada O.", "Year 4")
    assert "approves followers" in page.one("main").text


async def test_a_pinned_post_stands_first_until_it_is_taken_down(node: Node, db: Database, here: Here) -> None:
    anna, browser = await node.a_teacher("anna")
    old, new = await a_post(db, here, by=anna), await a_post(db, here, by=anna)

    asks = (await browser.get(f"/posts/{old.id}/pin")).root
    assert asks.one("h1").text == "Show this post first on your page?"
    assert (await browser.post(f"/posts/{old.id}/pin")).location == "/@anna"
    shown = (await node.stranger.get("/@anna")).root
    ids = [each["id"] for each in shown.all("article")]
    assert (await browser.get(f"/posts/{old.id}/pin")).root.one("h1").text == "Take this post down from your page?"
    await browser.post(f"/posts/{old.id}/unpin")

    assert ids == [f"p{old.id}", f"p{new.id}"]
    assert shown.all("h2")[0].text == "Pinned"
    assert "Pinned" not in (await node.stranger.get("/@anna")).html


async def test_nobody_pins_what_is_anothers_or_not_for_everybody(node: Node, db: Database, here: Here) -> None:
    anna, browser = await node.a_teacher()
    theirs = await a_post(db, here, by=await a_person(db, here))
    private = await a_post(db, here, by=anna, visibility=Visibility.FOLLOWERS)

    assert [(await browser.post(f"/posts/{post.id}/pin")).status for post in (theirs, private)] == [403, 403]
    assert await db.read(lambda tx: tx.scalars(select(Pin.post_id)).all()) == []


async def test_search_engines_are_asked_to_stay_away_until_somebody_agrees(
    node: Node, db: Database, here: Here
) -> None:
    ada, teacher = await node.a_teacher("ada")
    post = await a_post(db, here, by=ada)
    paths = ("/@ada", f"/posts/{post.id}")

    before = [(await node.stranger.get(path)).root.all("meta", name="robots") for path in paths]
    saved = await teacher.post("/settings", {"part": "page", "name": "Ada", "about": "", "indexable": "1"})
    settings = (await teacher.get("/settings")).root
    after = [(await node.stranger.get(path)).root.all("meta", name="robots") for path in paths]

    assert [[each["content"] for each in found] for found in before] == [["noindex"], ["noindex"]]
    assert saved.status == 303
    assert "checked" in settings.one("input", name="indexable").attributes
    assert after == [[], []]
