"""Conversations as pages, likes and boosts, deleting, notices, search, reports."""

from datetime import timedelta
from urllib.parse import unquote

import pytest
from sqlalchemy import select, update

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.people import Actor
from fedishare.db.work import Job
from fedishare.domain.audience import Visibility
from fedishare.domain.permissions import Role
from tests.builders import a_person, a_post
from tests.web.builders import form
from tests.web.conftest import Node


async def test_a_conversation_is_read_from_its_root(node: Node, db: Database, here: Here) -> None:
    ada, bea = await a_person(db, here, name="Ada"), await a_person(db, here, local=False, name="Bea")
    root = await a_post(db, here, by=ada, title="Phonics", content="<p>Who knows?</p>")
    first = await a_post(db, here, by=bea, thread_id=root.id, in_reply_to_id=root.id, in_reply_to_uri=root.uri)
    second = await a_post(db, here, by=ada, thread_id=root.id, in_reply_to_id=first.id, in_reply_to_uri=first.uri)

    page = (await node.stranger.get(f"/posts/{second.id}")).root

    assert [each["id"] for each in page.all("article")] == [f"p{each.id}" for each in (root, first, second)]
    assert [each["id"] for each in page.all("article", class_="is-focus")] == [f"p{second.id}"]
    assert page.one("article", id=f"p{second.id}").one("p", class_="why").text == "in answer to Bea"
    assert (await node.stranger.get(f"/threads/{root.id}")).location == f"/posts/{root.id}"


async def test_hidden_answers_leave_no_gap_that_breaks(node: Node, db: Database, here: Here) -> None:
    ada = await a_person(db, here)
    root = await a_post(db, here, by=ada, visibility=Visibility.FOLLOWERS)
    answer = await a_post(db, here, by=ada, thread_id=root.id, in_reply_to_id=root.id, in_reply_to_uri=root.uri)

    page = (await node.stranger.get(f"/posts/{answer.id}")).root

    assert [each["id"] for each in page.all("article")] == [f"p{answer.id}"]


async def test_a_warning_hides_text_and_pictures_until_asked(node: Node) -> None:
    _, teacher = await node.a_teacher()

    path = (await teacher.post("/compose", form({"text": "The news", "warning": "Inspection"}))).location

    covered = (await node.stranger.get(path)).root.one("details", class_="warning")
    assert (covered.one("summary").text, covered.one("div", class_="prose").text) == ("Inspection", "The news")
    assert "open" not in covered.attributes


async def test_hostile_words_stay_words(node: Node, db: Database, here: Here) -> None:
    hostile = '"><script>alert(1)</script>\u202e<b>'
    _, teacher = await node.a_teacher()
    await a_person(db, here, local=False, username="eve", domain="birch.test", name=hostile)
    fields = {"text": "x", "title": hostile, "warning": hostile}

    path = (await teacher.post("/compose", form(fields))).location

    for address in (path, "/", "/@eve@birch.test", f"/search?q={'%22%3E%3Cscript'}", "/tags/%22%3E%3Cscript%3E"):
        answer = await teacher.get(address)
        assert "<script>alert" not in answer.html, address
        assert answer.root.one("main").text, address


@pytest.mark.parametrize("verb", ["like", "boost"])
async def test_a_press_gives_and_a_press_takes_back(node: Node, db: Database, here: Here, verb: str) -> None:
    author = await a_person(db, here)
    post = await a_post(db, here, by=author)
    _, teacher = await node.a_teacher()
    path = f"/posts/{post.id}"

    given = await teacher.post(f"{path}/{verb}", {"next": f"/rooms#p{post.id}"})
    pressed = (await teacher.get(path)).root.one("form", action=f"https://alder.test{path}/un{verb}").one("button")
    await teacher.post(f"{path}/{verb}")
    await teacher.post(f"{path}/un{verb}")
    released = (await teacher.get(path)).root.one("form", action=f"https://alder.test{path}/{verb}").one("button")

    assert given.location == f"/rooms#p{post.id}"
    assert (pressed["aria-pressed"], pressed.text[-1]) == ("true", "1")
    assert (released["aria-pressed"], released.text[-1].isdigit()) == ("false", False)


async def test_a_followers_post_cannot_be_boosted(node: Node) -> None:
    _, teacher = await node.a_teacher()
    path = (await teacher.post("/compose", form({"text": "Ours", "visibility": "followers"}))).location

    assert (await teacher.get(path)).root.all("form", action=f"https://alder.test{path}/boost") == []
    assert (await teacher.post(f"{path}/boost")).status == 403


async def test_deleting_asks_once_and_leaves_a_word(node: Node) -> None:
    _, teacher = await node.a_teacher()
    path = (await teacher.post("/compose", form({"text": "Oh no"}))).location

    asked = (await teacher.get(f"{path}/delete")).root
    still = await node.stranger.get(path)
    answer = await teacher.post(asked.one("form", action=f"{path}/delete")["action"])

    assert asked.one("h1").text == "Delete this post?"
    assert (still.status, answer.location) == (200, "/")
    gone = await node.stranger.get(path)
    assert (gone.status, gone.root.one("h1").text) == (410, "This post was deleted.")
    assert (await teacher.post(f"{path}/delete")).status == 410


async def test_notices_are_new_once(node: Node) -> None:
    _, teacher = await node.a_teacher("ada")
    _, colleague = await node.a_teacher("bea", name="Bea")
    path = (await teacher.post("/compose", form({"text": "A question"}))).location
    fields = {"text": "@ada an answer", "reply_to": path.rpartition("/")[2]}
    await colleague.post("/compose", form(fields))

    ahead = (await teacher.get("/notices", Sec_Purpose="prefetch")).root
    first, second = (await teacher.get("/notices")).root, (await teacher.get("/notices")).root

    assert len(ahead.all("li", class_="new")) == 1
    assert first.one("li", class_="new").one("a", class_="name").text == "Bea"
    assert second.all("li", class_="new") == []
    assert len(second.all("li", class_="notice")) == 1


async def test_search_finds_people_here_by_name_and_topics_by_sign(node: Node, db: Database, here: Here) -> None:
    _, teacher = await node.a_teacher()
    await a_person(db, here, local=False, username="bea", domain="birch.test", name="Beatrice Marsh")

    by_name = (await teacher.get("/search?q=marsh")).root
    nothing = (await teacher.get("/search?q=zzz")).root

    assert [each.text for each in by_name.all("a", class_="name")] == ["Beatrice Marsh"]
    assert nothing.one("div", class_="empty").one("h2").text == "Nothing found"
    assert (await teacher.get("/search?q=@bea@birch.test")).location == "/@bea@birch.test"
    assert (await teacher.get("/search?q=%23KS2maths")).location == "/tags/ks2maths"


async def test_search_finds_a_post_by_its_address_and_says_why_it_cannot(node: Node, db: Database, here: Here) -> None:
    _, teacher = await node.a_teacher()
    bea = await a_person(db, here, local=False)
    post = await a_post(db, here, by=bea)

    found = await teacher.get(f"/search?q={post.uri}")
    refused = await teacher.get("/search?q=http://127.0.0.1:9/nobody")

    assert found.location == f"/posts/{post.id}"
    assert (refused.status, refused.root.one("p", class_="error-summary").text != "") == (200, True)
    assert refused.root.one("input", id="q")["value"] == "http://127.0.0.1:9/nobody"


async def test_who_comes_from_another_server_can_follow_or_answer(node: Node, db: Database, here: Here) -> None:
    _, teacher = await node.a_teacher()
    bea = await a_person(db, here, local=False, username="bea", domain="birch.test")
    post = await a_post(db, here, by=bea)

    person = (await teacher.get("/authorize_interaction?uri=acct:bea@birch.test")).root
    thing = (await teacher.get(f"/authorize_interaction?uri={post.uri}")).root
    nothing = await teacher.get("/authorize_interaction?uri=javascript:alert(1)")

    assert person.one("form", action="/follow").one("button").text == "Follow"
    assert thing.one("main").all("a", href=f"/compose?reply_to={post.id}")
    assert (nothing.status, nothing.root.one("p", role="alert").text) == (
        404,
        "This link names neither a person nor a post.",
    )


async def test_a_report_reaches_the_moderators_and_is_settled(node: Node, db: Database, here: Here) -> None:
    author = await a_person(db, here, name="Eve")
    post = await a_post(db, here, by=author, content="<p>Buy pills</p>")
    _, teacher = await node.a_teacher()
    _, moderator = await node.a_teacher(role=Role.MODERATOR)

    asked = (await teacher.get(f"/report?post={post.id}")).root
    fields = {field["name"]: field["value"] for field in asked.one("form", action="/report").all("input")}
    empty = await teacher.post("/report", fields | {"comment": " "})
    sent = await teacher.post("/report", fields | {"comment": "Advertising"})

    assert "Buy pills" in asked.one("blockquote").text
    assert empty.errors == ["Say in a few words what is wrong, so that a moderator can act."]
    assert sent.root.one("h1").text == "Thank you"
    listed = (await moderator.get("/reports")).root.one("li", class_="card")
    assert ("Advertising" in listed.text, "Eve" in listed.text) == (True, True)
    assert f"/search?q={post.uri}" in [unquote(link["href"]) for link in listed.all("a")]
    await moderator.post(listed.one("form", method="post")["action"])
    assert (await moderator.get("/reports")).root.one("li", class_="card").all("form") == []


async def test_history_is_for_those_who_may_see_the_post(node: Node) -> None:
    _, teacher = await node.a_teacher()
    path = (await teacher.post("/compose", form({"text": "A", "visibility": "followers"}))).location
    await teacher.post(f"{path}/edit", form({"text": "B"}))

    assert (await teacher.get(f"{path}/history")).status == 200
    assert (await node.stranger.get(f"{path}/history")).status == 404


async def test_who_was_suspended_has_no_page(node: Node, db: Database, here: Here) -> None:
    eve = await a_person(db, here, username="eve")
    post = await a_post(db, here, by=eve)
    await db.write(lambda tx: tx.execute(update(Actor).values(suspended_at=here.now())))

    assert [(await node.stranger.get(path)).status for path in ("/@eve", f"/posts/{post.id}")] == [404, 404]


@pytest.mark.parametrize(
    ("is_signed_in", "asked"),
    [pytest.param(True, 1, id="by-somebody-of-ours"), pytest.param(False, 0, id="by-a-stranger")],
)
async def test_opening_a_conversation_of_others_has_the_rest_of_it_looked_for_once(
    node: Node, db: Database, here: Here, *, is_signed_in: bool, asked: int
) -> None:
    bea = await a_person(db, here, local=False)
    root = await a_post(db, here, by=bea, published_at=here.now() - timedelta(hours=1))
    _, teacher = await node.a_teacher()
    browser = teacher if is_signed_in else node.stranger

    for _ in range(2):
        assert (await browser.get(f"/posts/{root.id}")).status == 200

    kinds = await db.read(lambda tx: list(tx.scalars(select(Job.kind))))
    assert kinds.count("CrawlThread") == asked
