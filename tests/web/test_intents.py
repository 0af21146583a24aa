"""Buttons on other servers lead to a page here on which the person decides (FEP-3b86)."""

from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest
from sqlalchemy import select

from fedishare.ap import wellknown
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.follows import Follow
from fedishare.db.reactions import Reaction
from tests.builders import a_person, a_post
from tests.web.conftest import Node

BACK = "https://birch.test/@bea/1?a=b"


async def rows(db: Database, column: object) -> list[object]:
    return await db.read(lambda tx: list(tx.scalars(select(column))))  # type: ignore[call-overload]  # any one column


@pytest.mark.parametrize("intent", wellknown.FIELDS)
async def test_every_intent_we_publish_leads_to_a_page_and_changes_nothing(
    node: Node, db: Database, here: Here, intent: str
) -> None:
    _, teacher = await node.a_teacher()
    bea = await a_person(db, here, local=False, username="bea")
    post = await a_post(db, here, by=bea)
    named = {"object": bea.uri if intent == "Follow" else post.uri, "content": "Look", "inReplyTo": post.uri}
    query = "&".join(f"{field}={quote(named.get(field, ''), safe='')}" for field in wellknown.FIELDS[intent])

    page = await teacher.get(f"/intents/{intent.lower()}?{query}")
    if page.status == 303:
        page = await teacher.get(page.location)

    assert page.status == 200
    assert page.root.all("main")
    assert (await rows(db, Follow.id), await rows(db, Reaction.id)) == ([], [])


@pytest.mark.parametrize("intent", wellknown.FIELDS)
async def test_whoever_is_not_signed_in_signs_in_first_and_comes_back(node: Node, intent: str) -> None:
    path = f"/intents/{intent.lower()}?object=https%3A%2F%2Fbirch.test%2F1"

    page = await node.stranger.get(path)

    asked = parse_qs(urlsplit(page.location).query)
    assert (page.status, asked) == (303, {"next": [unquote(path)]})


@pytest.mark.parametrize(("intent", "kind"), [("like", "like"), ("announce", "boost")])
async def test_one_press_does_it_and_shows_the_way_back(
    node: Node, db: Database, here: Here, intent: str, kind: str
) -> None:
    _, teacher = await node.a_teacher()
    post = await a_post(db, here, by=await a_person(db, here, local=False))
    page = (await teacher.get(f"/intents/{intent}?object={post.uri}&on-success={quote(BACK, safe='')}")).root
    [press] = [each for each in page.all("form") if each["action"].endswith(f"/posts/{post.id}/{kind}")]

    pressed = await teacher.post(
        press["action"].removeprefix("https://alder.test"), {"next": press.one("input")["value"]}
    )
    done = (await teacher.get(pressed.location)).root

    assert await rows(db, Reaction.kind) == [kind]
    link = next(each for each in done.one("main").all("a") if each["href"] == BACK)
    assert (link.text, link["rel"]) == (BACK, "nofollow noopener noreferrer")


async def test_a_follow_asks_first_and_shows_the_way_back(node: Node, db: Database, here: Here) -> None:
    me, teacher = await node.a_teacher()
    bea = await a_person(db, here, local=False)
    page = (await teacher.get(f"/intents/follow?object={bea.uri}&on-success=(close)&on-cancel={quote(BACK)}")).root
    [press] = [each for each in page.all("form") if each["action"] == "/follow"]

    pressed = await teacher.post("/follow", {field["name"]: field["value"] for field in press.all("input")})

    assert await rows(db, Follow.follower_id) == [me.id]
    assert "You can close this window." in (await teacher.get(pressed.location)).root.text
    assert any(each.text == "No, go back to birch.test" for each in page.all("a"))


@pytest.mark.parametrize("to", ["javascript:alert(1)", "{on-success}", "//evil.test", "/settings", "data:text/html,x"])
async def test_nobody_is_sent_where_no_plain_address_leads(node: Node, db: Database, here: Here, to: str) -> None:
    _, teacher = await node.a_teacher()
    bea = await a_person(db, here, local=False)
    query = f"on-success={quote(to, safe='')}&on-cancel={quote(to, safe='')}"

    pages = [
        await teacher.get(f"/intents/follow?object={bea.uri}&{query}"),
        await teacher.get(f"/intents/done?to={quote(to)}"),
    ]

    links = [link["href"] for page in pages for link in page.root.one("main").all("a")]
    assert [link for link in links if link == to and to != "/settings"] == []
    assert "go back to" not in pages[0].html


async def test_a_post_begun_elsewhere_is_in_the_form_and_nowhere_else(node: Node) -> None:
    _, teacher = await node.a_teacher()
    sent = "content=Look%20at%20this%3A%0Ahttps%3A%2F%2Fx.test&name=Title&summary=Warning&inReplyTo={inReplyTo}"

    page = await teacher.get((await teacher.get(f"/intents/create?{sent}")).location)

    assert page.root.one("textarea", name="text").raw.strip() == "Look at this:\nhttps://x.test"
    assert page.root.one("input", name="title")["value"] == "Title"
    assert page.root.one("input", name="warning")["value"] == "Warning"


async def test_an_answer_begun_elsewhere_answers_that_post(node: Node, db: Database, here: Here) -> None:
    _, teacher = await node.a_teacher()
    bea = await a_person(db, here, local=False, username="bea")
    post = await a_post(db, here, by=bea)

    where = (await teacher.get(f"/intents/create?content=Yes&inReplyTo={quote(post.uri, safe='')}")).location
    page = (await teacher.get(where)).root

    assert page.one("input", name="reply_to")["value"] == str(post.id)
    assert page.one("textarea", name="text").raw.strip() == "@bea@birch.test Yes"


async def test_what_is_shared_by_the_common_address_is_in_the_form(node: Node) -> None:
    _, teacher = await node.a_teacher()

    page = await teacher.get((await teacher.get("/share?text=Read%20this&url=https%3A%2F%2Fx.test%2F1")).location)

    assert page.root.one("textarea", name="text").raw.strip() == "Read this\n\nhttps://x.test/1"


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/intents/like?object={actor}", "This is not a post, so it can be neither liked nor boosted."),
        ("/intents/follow?object={post}", "This is a post. Only people and rooms can be followed."),
        ("/intents/follow?object=javascript:alert(1)", "This link names neither a person nor a post."),
        ("/intents/flag?object={post}", "This node does not know what that button is for."),
        ("/intents/create?inReplyTo={actor}", "This is not a post, so it cannot be answered."),
    ],
)
async def test_what_does_not_fit_is_said(node: Node, db: Database, here: Here, path: str, problem: str) -> None:
    _, teacher = await node.a_teacher()
    bea = await a_person(db, here, local=False)
    post = await a_post(db, here, by=bea)

    page = await teacher.get(path.format(actor=bea.uri, post=post.uri))

    assert (page.status, page.root.one("p", class_="error-summary").text) == (404, problem)
