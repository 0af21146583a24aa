"""Moderators block a server, people block and mute people, and reports go where they should."""

import pytest
from sqlalchemy import select

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.follows import Block, Mute
from fedishare.db.nodes import BlockedDomain
from fedishare.db.notices import Notice
from fedishare.db.posts import Home
from fedishare.db.reports import Report
from fedishare.db.work import Job
from fedishare.domain.kinds import NoticeKind
from fedishare.domain.permissions import Role
from fedishare.services import notices, reports
from tests.builders import a_follow_row, a_person, a_post, add
from tests.web.conftest import Node


async def test_a_server_is_blocked_after_being_told_what_follows(node: Node, db: Database, here: Here) -> None:
    anna, moderator = await node.a_teacher(role=Role.MODERATOR)
    eve = await a_person(db, here, local=False, domain="evil.test")
    await a_follow_row(db, here, by=anna, of=eve)
    fields = {"domain": "Evil.test", "reason": "Spam"}

    asks = (await moderator.post("/servers/block", fields)).root
    before = await db.read(lambda tx: tx.scalars(select(BlockedDomain.domain)).all())
    done = await moderator.post("/servers/block", fields | {"sure": "1"})

    assert asks.one("h1").text == "Block evil.test?"
    assert "1 by people here of people there, and 0 by people there" in asks.one("main").text
    assert (before, done.location) == ([], "/servers?said=blocked")
    listed = (await moderator.get("/servers")).root
    assert [line.text for line in listed.one("ul", class_="lines").all("strong")] == ["evil.test"]
    await moderator.post("/servers/unblock", {"domain": "evil.test"})
    assert "No server is blocked." in (await moderator.get("/servers?said=unblocked")).root.one("main").text


@pytest.mark.parametrize(
    ("domain", "said"),
    [("", "A server has a name"), ("alder.test", "cannot block itself"), ("a b", "A server has a name")],
)
async def test_what_is_no_server_is_said_beside_the_field(node: Node, *, domain: str, said: str) -> None:
    _, moderator = await node.a_teacher(role=Role.ADMIN)

    answers = [await moderator.post("/servers/block", {"domain": domain, "sure": sure}) for sure in ("", "1")]

    assert answers[1].status == 422
    assert said in answers[1].errors[0]


async def test_only_moderators_see_and_block_servers(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()

    answers = [await teacher.get("/servers"), await teacher.post("/servers/block", {"domain": "a.test", "sure": "1"})]

    assert [answer.status for answer in answers] == [403, 403]
    assert "/servers" not in (await teacher.get("/settings")).html
    assert await db.read(lambda tx: tx.scalars(select(BlockedDomain.domain)).all()) == []


async def test_whoever_blocks_is_told_first_what_it_means(node: Node, db: Database, here: Here) -> None:
    _, teacher = await node.a_teacher()
    bea = await a_person(db, here, local=False, name="Bea", domain="birch.test")

    page = (await teacher.get(f"/block?actor={bea.id}")).root
    await teacher.post("/block", {"actor": str(bea.id)})
    kept = (await teacher.get("/settings/blocks")).root

    assert page.one("h1").text == "Block Bea?"
    assert "birch.test is told" in page.one("main").text
    assert [form["action"] for form in kept.one("main").all("form")] == ["/unblock", "/settings/blocks/host"]
    assert len(await db.read(lambda tx: tx.scalars(select(Block.id)).all())) == 1
    assert (await teacher.get("/block?actor=1")).status == 404


async def test_somebody_muted_comes_up_neither_at_home_nor_in_notices(node: Node, db: Database, here: Here) -> None:
    anna, teacher = await node.a_teacher()
    bea, ben = await a_person(db, here, name="Bea"), await a_person(db, here, name="Ben")
    for person in (bea, ben):
        await a_follow_row(db, here, by=anna, of=person)
    await teacher.post("/mute", {"actor": str(bea.id)})
    for person in (bea, ben):
        post = await a_post(db, here, by=person)
        await db.write(add, Home, reader_id=anna.id, entry_id=post.id, post_id=post.id)
        await db.write(
            notices.tell, here, recipient_id=anna.id, kind=NoticeKind.MENTION, actor_id=person.id, cause=post.uri
        )

    home = (await teacher.get("/")).root
    profile = (await teacher.get(f"/@{bea.uri.rpartition('/')[2]}")).root

    assert [each.one("a", class_="name").text for each in home.all("article")] == ["Ben"]
    assert await db.read(lambda tx: tx.scalars(select(Notice.actor_id)).all()) == [ben.id]
    assert profile.one("form", action="/unmute").one("button").text == "Unmute"
    await teacher.post("/unmute", {"actor": str(bea.id)})
    assert len((await teacher.get("/")).root.all("article")) == 2
    assert await db.read(lambda tx: tx.scalars(select(Mute.muted_id)).all()) == []


@pytest.mark.parametrize(("forward", "kinds"), [("1", ["SendReport"]), ("", [])])
async def test_a_report_goes_to_the_other_server_if_the_reporter_wishes_so(
    node: Node, db: Database, here: Here, *, forward: str, kinds: list[str]
) -> None:
    _, teacher = await node.a_teacher()
    eve = await a_person(db, here, local=False, domain="birch.test")
    post = await a_post(db, here, by=eve)

    asks = (await teacher.get(f"/report?post={post.id}")).root
    await teacher.post("/report", {"post": str(post.id), "comment": "Rude", "forward": forward})

    assert asks.one("input", name="forward")["type"] == "checkbox"
    assert [kind for kind in await db.read(lambda tx: tx.scalars(select(Job.kind)).all()) if "Report" in kind] == kinds
    assert await db.read(lambda tx: tx.scalars(select(Report.forwarded)).all()) == [bool(forward)]


async def test_moderators_see_which_reports_came_in_from_elsewhere_and_which_were_sent_on(
    node: Node, db: Database, here: Here
) -> None:
    anna, moderator = await node.a_teacher(role=Role.MODERATOR)
    server = await a_person(db, here, local=False, domain="birch.test")
    eve = await a_person(db, here, local=False, domain="evil.test")
    uri = "https://birch.test/flags/1"
    await db.write(reports.file, here, reporter_id=server.id, target_id=anna.id, uri=uri, posts=(), comment="Rude")
    await db.write(reports.file, here, reporter_id=anna.id, target_id=eve.id, forward=True, posts=(), comment="Rude")

    page = (await moderator.get("/reports")).root

    assert [chip.text for chip in page.one("main").all("span", class_="chip")] == [
        "sent on to evil.test",
        "came in from birch.test",
    ]
