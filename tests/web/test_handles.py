"""A handle that several people run: opened, shared, posted as, looked after, and closed to whoever was removed."""

import pytest
from sqlalchemy import Connection, select

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.handles import Deed
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.domain.kinds import Kind
from fedishare.domain.permissions import Role
from tests.builders import a_person, a_post
from tests.web.builders import form, png
from tests.web.conftest import Browser, Node, Page

OPEN = {"name": "Hants Primary SLT", "username": "hantsprimslt", "about": "Deputies."}


async def a_handle(owner: Browser, **over: str) -> int:
    opened = await owner.post("/handles/new", OPEN | over)
    assert opened.status == 303, opened.html
    return int(opened.location.rpartition("/")[2])


async def runs_too(owner: Browser, handle: int, username: str, browser: Browser) -> None:
    asked = await owner.post(f"/handles/{handle}/people", {"act": "invite", "handle": f"@{username}"})
    assert asked.status == 303, asked.errors
    agreed = await browser.post(f"/handles/{handle}/answer", {"act": "accept"})
    assert agreed.status == 303


def authors(tx: Connection) -> list[tuple[str, str]]:
    rows = tx.execute(select(Actor.username, Post.content).join(Post, Post.author_id == Actor.id).order_by(Post.id))
    return [(row.username, row.content) for row in rows]


def deeds(tx: Connection) -> list[tuple[str, str]]:
    return [(row.by_handle, str(row.kind)) for row in tx.execute(select(Deed.by_handle, Deed.kind).order_by(Deed.id))]


async def test_several_people_post_as_one_account_and_only_they_see_who_it_was(node: Node, db: Database) -> None:
    _, anna = await node.a_teacher("anna")
    _, ben = await node.a_teacher("ben")
    _, other = await node.a_teacher("olga")
    handle = await a_handle(anna)
    await runs_too(anna, handle, "ben", ben)

    for browser, text in ((anna, "Welcome back"), (ben, "A first question")):
        posted = await browser.post("/compose", form({"text": text, "as": str(handle)}))
        assert posted.status == 303, posted.errors

    assert await db.read(authors) == [
        ("hantsprimslt", "<p>Welcome back</p>"),
        ("hantsprimslt", "<p>A first question</p>"),
    ]
    log = (await anna.get(f"/handles/{handle}")).root.one("section", aria_labelledby="log").text
    assert "@ben@alder.test posted: A first question" in log
    assert "@anna@alder.test posted: Welcome back" in log
    public = (await node.stranger.get("/@hantsprimslt")).html
    assert "A first question" in public
    assert "ben" not in public
    assert "anna" not in public
    hidden, absent = await other.get(f"/handles/{handle}"), await other.get("/handles/1")
    assert (hidden.status, hidden.body) == (404, absent.body)
    assert (await other.get(f"/handles/{handle}/notices")).status == 404


async def test_the_form_says_as_whom_and_the_name_goes_under_the_text_where_it_is_wished(
    node: Node, db: Database
) -> None:
    _, anna = await node.a_teacher("anna", name="Anna O'Hara-Abbott *Head*")
    handle = await a_handle(anna)

    shown = await anna.get(f"/compose?as={handle}")
    await anna.post("/compose", form({"text": "Hello", "as": str(handle), "byline": "1"}))

    chosen = [option for option in shown.root.one("select", id="as").all("option") if "selected" in option.attributes]
    assert [option["value"] for option in chosen] == [str(handle)]
    assert await db.read(authors) == [("hantsprimslt", "<p>Hello</p><p>— Anna O'Hara-Abbott Head</p>")]


async def test_whoever_does_not_run_it_cannot_post_as_it(node: Node, db: Database) -> None:
    _, anna = await node.a_teacher("anna")
    _, other = await node.a_teacher("olga")
    handle = await a_handle(anna)

    answer = await other.post("/compose", form({"text": "Me, too", "as": str(handle)}))

    assert answer.status == 422
    assert answer.errors == ["You do not run this handle, or no longer. Choose as whom you post."]
    assert "Me, too" in answer.html
    assert await db.read(authors) == []


async def test_somebody_who_is_removed_can_do_nothing_more_as_it(node: Node, db: Database, here: Here) -> None:
    _, anna = await node.a_teacher("anna")
    benedict, ben = await node.a_teacher("ben")
    handle = await a_handle(anna)
    await runs_too(anna, handle, "ben", ben)
    post = await a_post(db, here, by=await a_person(db, here))
    await ben.post("/compose", form({"text": "Of ours", "as": str(handle)}))
    own = await db.read(lambda tx: tx.scalar(select(Post.id).where(Post.author_id == handle)))

    await anna.post(f"/handles/{handle}/people", {"act": "remove", "actor": str(benedict.id)})

    tries = [
        await ben.post("/compose", form({"text": "Again", "as": str(handle)})),
        await ben.post(f"/posts/{post.id}/as", {"handle": str(handle), "act": "boost"}),
        await ben.post(f"/posts/{own}/edit", {"text": "Changed", "language": "en"}),
        await ben.post(f"/posts/{own}/delete"),
        await ben.get(f"/handles/{handle}"),
        await ben.post(f"/handles/{handle}/profile", {"name": "Mine", "about": ""}),
        await ben.post(f"/handles/{handle}/follow", {"follow": "@anna"}),
        await ben.post(f"/handles/{handle}/answer", {"act": "accept"}),
    ]
    assert [answer.status for answer in tries] == [422, 403, 403, 403, 404, 403, 404, 404]
    assert [row for row in await db.read(authors) if row[0] == "hantsprimslt"] == [("hantsprimslt", "<p>Of ours</p>")]
    assert "You do not run this handle any more." in (await ben.get("/notices")).html


async def test_a_handle_answers_likes_boosts_and_edits_in_its_own_name(node: Node, db: Database, here: Here) -> None:
    _, anna = await node.a_teacher("anna")
    handle = await a_handle(anna)
    post = await a_post(db, here, by=await a_person(db, here, username="mia"))

    for act in ("like", "boost"):
        assert (await anna.post(f"/posts/{post.id}/as", {"handle": str(handle), "act": act})).status == 303
    answered = await anna.post("/compose", form({"text": "Well said", "reply_to": str(post.id), "as": str(handle)}))
    await anna.post(f"{answered.location}/edit", {"text": "Very well said", "language": "en"})

    page = await anna.get(f"/posts/{post.id}/as")
    assert "Take the like back" in page.html
    assert "Take the boost back" in page.html
    assert ("hantsprimslt", "<p>Very well said</p>") in await db.read(authors)
    assert await db.read(deeds) == [("anna@alder.test", kind) for kind in ("like", "boost", "post", "edit")]


async def test_pictures_that_somebody_uploads_for_a_handle_are_the_handles(node: Node) -> None:
    _, anna = await node.a_teacher("anna")
    handle = await a_handle(anna)

    posted = await anna.post("/compose", form({"text": "Look", "as": str(handle)}, [("picture_1", "wall.png", png())]))

    assert posted.status == 303, posted.errors
    assert len((await node.stranger.get(posted.location)).root.all("figure")) == 1


async def test_what_is_said_to_a_handle_is_read_by_all_who_run_it(node: Node) -> None:
    _, anna = await node.a_teacher("anna")
    _, ben = await node.a_teacher("ben")
    _, other = await node.a_teacher("olga")
    handle = await a_handle(anna)
    await runs_too(anna, handle, "ben", ben)

    await other.post("/compose", form({"text": "@hantsprimslt when do you meet?", "visibility": "mentioned"}))

    assert "Notices (1)" in (await ben.get("/handles")).root.one("main").text
    assert "when do you meet?" in (await ben.get(f"/handles/{handle}/notices")).html
    assert "Notices (1)" not in (await anna.get("/handles")).root.one("main").text
    assert "when do you meet?" not in (await anna.get("/notices")).html


async def test_the_owner_chooses_an_heir_and_may_leave_then(node: Node) -> None:
    _, anna = await node.a_teacher("anna")
    benedict, ben = await node.a_teacher("ben")
    handle = await a_handle(anna)
    await runs_too(anna, handle, "ben", ben)

    too_early = await anna.post(f"/handles/{handle}/answer", {"act": "leave"})
    await anna.post(f"/handles/{handle}/people", {"act": "owner", "actor": str(benedict.id)})
    left = await anna.post(f"/handles/{handle}/answer", {"act": "leave"})

    assert (too_early.status, left.status) == (400, 303)
    assert (await anna.get(f"/handles/{handle}")).status == 404
    assert "owner" in (await ben.get(f"/handles/{handle}")).root.one("section", aria_labelledby="people").text


async def test_only_the_owner_chooses_who_runs_it_and_an_admin_never_sees_the_log(node: Node) -> None:
    annas, anna = await node.a_teacher("anna")
    _, ben = await node.a_teacher("ben")
    _, admin = await node.a_teacher("ida", role=Role.ADMIN)
    handle = await a_handle(anna)
    await runs_too(anna, handle, "ben", ben)
    await ben.post("/compose", form({"text": "Hush", "as": str(handle)}))

    refused = await ben.post(f"/handles/{handle}/people", {"act": "remove", "actor": str(annas.id)})
    seen = await admin.get(f"/handles/{handle}")
    posted = await admin.post("/compose", form({"text": "As you", "as": str(handle)}))

    assert (refused.status, seen.status, posted.status) == (403, 200, 422)
    assert "Hush" not in seen.html
    assert not seen.root.all("section", aria_labelledby="log")


@pytest.mark.parametrize(
    ("handle", "said"),
    [
        ("", "Write the handle of somebody"),
        ("@nobody", "@nobody@alder.test was not found"),
        ("@anna", "They run this handle already"),
        ("@hantsprimslt", "Only people can run a handle"),
        ("@slt", "Only people can run a handle"),
    ],
)
async def test_nobody_can_be_asked_twice_or_who_is_no_person(
    node: Node, db: Database, here: Here, handle: str, said: str
) -> None:
    _, anna = await node.a_teacher("anna")
    await a_person(db, here, kind=Kind.GROUP, username="slt")
    number = await a_handle(anna)

    answer: Page = await anna.post(f"/handles/{number}/people", {"act": "invite", "handle": handle})

    assert answer.status == 422
    assert answer.errors[0].startswith(said)


async def test_a_name_that_is_taken_loses_nothing_that_was_typed(node: Node) -> None:
    _, anna = await node.a_teacher("anna")

    answer = await anna.post("/handles/new", OPEN | {"username": "anna"})

    assert answer.status == 422
    assert answer.errors == ["The name anna is taken on this node. Please choose another."]
    assert "Deputies." in answer.html
