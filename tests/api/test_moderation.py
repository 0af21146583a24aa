"""What moderators and administrators do from an app: whose right it is, what follows, and the log of it."""

from typing import Any

from fedishare.api.endpoints import endpoints
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.domain.permissions import Role
from fedishare.queries import decisions
from fedishare.services import reports
from tests.api.conftest import School
from tests.api.shapes import assert_fits
from tests.builders import Made, a_person, a_post

ACCOUNTS = "/api/v1/admin/accounts"
REPORTS = "/api/v1/admin/reports"
BLOCKS = "/api/v1/admin/domain_blocks"


async def log(db: Database) -> list[tuple[str, str, str]]:
    return [(line.kind, line.by, line.about) for line in await db.read(decisions.recent)]


async def a_report(db: Database, here: Here, *, of: Made, by: Made, posts: tuple[str, ...] = ()) -> int:
    asked: dict[str, Any] = {"reporter_id": by.id, "target_id": of.id, "posts": posts, "comment": "Rude"}
    return await db.write(reports.file, here, **asked)


def paths() -> list[tuple[str, str]]:
    admin = [each for each in endpoints() if "/admin/" in each.path]
    return [(each.method, each.path.replace("{id}", "1")) for each in admin]


async def test_members_and_handles_may_do_nothing_of_it(school: School, db: Database, here: Here) -> None:
    _, member = await school.a_teacher()
    admin, _ = await school.a_teacher(role=Role.ADMIN)
    other = await a_person(db, here)
    as_other = await school.phone(admin, acts_as=other)

    replies = [await member.ask(method, path) for method, path in paths()]

    assert {(reply.status, reply.error) for reply in replies} == {(403, "This action is not allowed")}
    # A token that acts as somebody whom its person does not run opens nothing at all.
    assert (await as_other.get(ACCOUNTS)).status == 401


async def test_for_moderators_every_endpoint_answers_and_never_breaks(school: School) -> None:
    _, phone = await school.a_teacher(role=Role.ADMIN)

    found = {(method, path): (await phone.ask(method, path)).status for method, path in paths()}

    assert {key: status for key, status in found.items() if status not in {200, 404, 422}} == {}


async def test_accounts_are_listed_and_chosen(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher("ada", role=Role.MODERATOR)
    member, _ = await school.a_teacher("ben")
    remote = await a_person(db, here, local=False, username="eve")

    async def shown(path: str = "/api/v2/admin/accounts", **asked: Any) -> list[int]:
        return [int(one["id"]) for one in (await phone.get(path, **asked)).json]

    one = (await phone.get(f"{ACCOUNTS}/{member.id}")).json
    assert_fits("AdminAccount", one)
    assert (one["username"], one["domain"], one["email"]) == ("ben", None, f"{member.id}@alder.test")
    assert (one["role"]["id"], one["suspended"], one["disabled"]) == ("-99", False, False)
    assert await shown() == [remote.id, member.id, me.id]
    first = await phone.get("/api/v2/admin/accounts", limit=2)
    assert await shown(first.links["next"]) == [me.id]
    assert await shown(origin="local") == [member.id, me.id]
    assert await shown(ACCOUNTS, remote="true") == [remote.id]
    assert await shown(permissions="staff") == [me.id]
    assert await shown(username="EV") == [remote.id]
    assert await shown(by_domain="birch.test") == [remote.id]
    assert await shown(email=f"{member.id}@") == [member.id]
    assert [await shown(status="pending"), await shown(ip="127.0.0.1"), await shown(username="%")] == [[], [], []]


async def test_an_admin_switches_accounts_off_and_on(school: School, db: Database) -> None:
    _, admin = await school.a_teacher("ada", role=Role.ADMIN)
    member, theirs = await school.a_teacher("ben")
    path = f"{ACCOUNTS}/{member.id}"

    assert (await admin.post(f"{path}/action", type="disable", text="Left")).json == {}
    refused = await theirs.get("/api/v1/lists")
    assert (refused.status, refused.error) == (403, "Your login is currently disabled")
    assert [one["id"] for one in (await admin.get(ACCOUNTS, disabled="true")).json] == [str(member.id)]
    assert (await admin.post(f"{path}/enable")).json["disabled"] is False
    assert (await theirs.get("/api/v1/lists")).status == 200
    assert await log(db) == [("enable", "ada", "@ben"), ("disable", "ada", "@ben")]


async def test_whoever_is_suspended_is_not_shown_until_brought_back(school: School, db: Database, here: Here) -> None:
    moderator, phone = await school.a_teacher("ada", role=Role.MODERATOR)
    eve = await a_person(db, here, local=False, username="eve")
    post = await a_post(db, here, by=eve)
    report = await a_report(db, here, of=eve, by=moderator, posts=(post.uri,))
    path = f"{ACCOUNTS}/{eve.id}"

    assert (await phone.post(f"{path}/action", type="suspend", report_id=report)).json == {}
    assert (await phone.get(f"/api/v1/accounts/{eve.id}")).status == 404
    assert (await phone.get(path)).json["suspended"] is True
    assert (await phone.get(f"{REPORTS}/{report}")).json["action_taken"] is True
    assert (await phone.post(f"{path}/unsuspend")).json["suspended"] is False
    assert (await phone.get(f"/api/v1/accounts/{eve.id}")).status == 200
    assert await log(db) == [
        ("unsuspend", "ada", "@eve@birch.test"),
        ("resolve", "ada", f"report {report}"),
        ("suspend", "ada", "@eve@birch.test"),
    ]


async def test_one_of_ours_is_suspended_on_the_page_and_deleted_for_good_from_an_app(
    school: School, db: Database
) -> None:
    _, browser, boss = await school.both("ada", role=Role.ADMIN)
    ben, theirs = await school.a_teacher("ben")
    page = f"/accounts/{ben.id}"

    early = await boss.delete(f"{ACCOUNTS}/{ben.id}")
    await browser.post(page, {"kind": "suspend", "line": "Rude"})
    assert (early.status, (await theirs.get("/api/v1/lists")).status) == (403, 403)
    assert "@ben" in (await browser.get("/accounts")).root.text
    assert "Bring back" in (await browser.get(page)).root.text
    await browser.post(page, {"kind": "unsuspend"})
    assert (await theirs.get("/api/v1/lists")).status == 200
    await browser.post(page, {"kind": "suspend"})
    assert (await browser.post(page, {"kind": "delete"})).status == 422
    former = await boss.delete(f"{ACCOUNTS}/{ben.id}")

    assert (former.status, former.json["suspended"]) == (200, True)
    assert (await boss.get(f"{ACCOUNTS}/{ben.id}")).status == 404
    assert [kind for kind, _, _ in await log(db)] == ["delete", "suspend", "unsuspend", "suspend"]


async def test_a_moderator_has_no_say_over_accounts_of_the_node_and_nobody_over_their_own(
    school: School, db: Database
) -> None:
    me, moderator = await school.a_teacher("ada", role=Role.MODERATOR)
    admin, boss = await school.a_teacher("ben", role=Role.ADMIN)
    member, _ = await school.a_teacher("cora")

    replies = [
        await moderator.post(f"{ACCOUNTS}/{member.id}/action", type="suspend"),
        await moderator.post(f"{ACCOUNTS}/{admin.id}/action", type="disable"),
        await moderator.post(f"{ACCOUNTS}/{member.id}/enable"),
        await moderator.post(f"{ACCOUNTS}/{me.id}/action", type="none"),
        await boss.post(f"{ACCOUNTS}/{admin.id}/action", type="suspend"),
        await boss.post(f"{ACCOUNTS}/{member.id}/approve"),
        await boss.delete(f"{ACCOUNTS}/{member.id}"),
    ]

    assert {reply.status for reply in replies} == {403}
    assert await log(db) == []
    # What this node cannot do, it does not pretend to have done.
    assert (await boss.post(f"{ACCOUNTS}/{member.id}/action", type="silence")).status == 422
    assert (await moderator.post(f"{ACCOUNTS}/{member.id}/action", type="none", text="Be kind")).json == {}
    assert await log(db) == [("warn", "ada", "@cora")]


async def test_reports_are_listed_assigned_settled_and_taken_up_again(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher("ada", role=Role.MODERATOR)
    eve = await a_person(db, here, local=False)
    post = await a_post(db, here, by=eve)
    first = await a_report(db, here, of=eve, by=me, posts=(post.uri,))
    second = await a_report(db, here, of=me, by=eve)

    async def shown(**asked: Any) -> list[int]:
        return [int(one["id"]) for one in (await phone.get(REPORTS, **asked)).json]

    one = (await phone.get(f"{REPORTS}/{first}")).json
    # The address of somebody elsewhere is not known here, which the description has no word for.
    assert_fits("AdminReport", one | {"target_account": one["account"]})
    assert ([each["id"] for each in one["statuses"]], one["assigned_account"]) == ([str(post.id)], None)
    assert (await shown(), await shown(limit=1), await shown(max_id=second)) == ([second, first], [second], [first])
    assert await shown(target_account_id=eve.id) == [first]
    assert await shown(account_id=eve.id) == [second]
    path = f"{REPORTS}/{first}"
    assert (await phone.post(f"{path}/assign_to_self")).json["assigned_account"]["id"] == str(me.id)
    assert (await phone.post(f"{path}/unassign")).json["assigned_account"] is None
    assert (await phone.put(path, json={"category": "spam"})).json["category"] == "spam"
    assert (await phone.put(path, json={"category": "boredom"})).status == 422
    settled = (await phone.post(f"{path}/resolve")).json
    assert (settled["action_taken"], settled["action_taken_by_account"]["id"]) == (True, str(me.id))
    assert (await shown(), await shown(resolved="true")) == ([second], [first])
    assert (await phone.post(f"{path}/reopen")).json["action_taken"] is False
    assert await log(db) == [("reopen", "ada", f"report {first}"), ("resolve", "ada", f"report {first}")]


async def test_servers_are_blocked_and_unblocked(school: School, db: Database, here: Here) -> None:
    _, phone = await school.a_teacher("ada", role=Role.MODERATOR)
    await a_person(db, here, local=False, domain="evil.test")

    made = await phone.post(BLOCKS, domain="Evil.test", severity="suspend", private_comment="Spam")

    assert_fits("AdminDomainBlock", made.json)
    assert (made.json["domain"], made.json["private_comment"]) == ("evil.test", "Spam")
    path = f"{BLOCKS}/{made.json['id']}"
    assert (await phone.get(path)).json == made.json
    assert (await phone.get(BLOCKS)).json == [made.json]
    assert (await phone.put(path, json={"private_comment": "Lies"})).json["private_comment"] == "Lies"
    refused = [
        await phone.post(BLOCKS, domain="evil.test"),
        await phone.post(BLOCKS, domain="alder.test"),
        await phone.post(BLOCKS, domain=""),
        await phone.post(BLOCKS, domain="oak.test", severity="silence"),
        await phone.post("/api/v1/admin/domain_allows", domain="oak.test"),
    ]
    assert [reply.status for reply in refused] == [422, 403, 422, 422, 422]
    assert (await phone.delete(path)).json["domain"] == "evil.test"
    assert [(await phone.get(path)).status, (await phone.get(BLOCKS)).json] == [404, []]
    assert await log(db) == [("unblock_server", "ada", "evil.test"), ("block_server", "ada", "evil.test")]


async def test_what_is_done_on_the_pages_stands_in_the_same_log(school: School, db: Database, here: Here) -> None:
    me, browser, _ = await school.both("ada", role=Role.MODERATOR)
    eve = await a_person(db, here, local=False)
    report = await a_report(db, here, of=eve, by=me)

    await browser.post(f"/reports/{report}/resolve")
    await browser.post("/servers/block", {"domain": "evil.test", "reason": "Spam", "sure": "1"})
    await browser.post("/servers/unblock", {"domain": "evil.test"})
    page = await browser.get("/reports")

    assert [kind for kind, _, _ in await log(db)] == ["unblock_server", "block_server", "resolve"]
    lines = [line.text for line in page.root.one("section", aria_labelledby="log").all("li")]
    assert [line.split(" · ")[0] for line in lines] == [
        "unblocked evil.test",
        "blocked evil.test: Spam",
        f"settled report {report}",
    ]


async def test_a_page_of_reports_takes_as_many_statements_for_one_as_for_three(
    school: School, db: Database, here: Here
) -> None:
    me, phone = await school.a_teacher(role=Role.MODERATOR)

    async def asked(many: int) -> int:
        # Whose token it is, and who is named, is known from then on.
        for _ in range(2):
            assert len((await phone.get(REPORTS)).json) == many
        with school.counting() as said:
            await phone.get(REPORTS)
        return len(said)

    await a_report(db, here, of=await a_person(db, here), by=me)
    for_one = await asked(1)
    for _ in range(2):
        await a_report(db, here, of=await a_person(db, here), by=me)

    assert await asked(3) == for_one
