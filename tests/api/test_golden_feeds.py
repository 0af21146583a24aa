"""Filters, lists, notices, conversations, searches and reports: each entity whole, as it was last agreed to.

People and posts in them are golden elsewhere, and stand here by a word.
"""

from typing import Any

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.domain.kinds import NoticeKind
from fedishare.domain.permissions import Role
from fedishare.services import reports
from tests.api import golden
from tests.api.conftest import School
from tests.api.shapes import assert_fits
from tests.api.test_conversations import Letters
from tests.api.test_filters import SNAKES
from tests.api.test_notifications import Told
from tests.builders import a_follow_row, a_person, a_post


def brief(value: Any) -> Any:
    """Without what is golden elsewhere, and without numbers that a database counts up."""
    if isinstance(value, list):
        return [brief(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "acct" in value and "note" in value:
        return f"the account of {value['acct']}"
    if "spoiler_text" in value:
        return f"the post {value['content']}"
    return {key: brief(each) for key, each in value.items()}


def same(name: str, entity: str, answer: Any, **over: Any) -> None:
    assert_fits(entity, answer)
    golden.same(name, brief(answer) | over)


async def test_filters_and_lists_are_as_they_were_agreed_to(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher("ada")
    post = await a_post(db, here, by=me, content="<p>A snake</p>")
    made = (await phone.post("/api/v2/filters", json=SNAKES)).json
    await phone.post(f"/api/v2/filters/{made['id']}/statuses", status_id=post.id)

    same("filter", "Filter", (await phone.get(f"/api/v2/filters/{made['id']}")).json)
    same("filter_v1", "V1Filter", (await phone.get("/api/v1/filters")).json[0])
    same("filter_result", "FilterResult", (await phone.get(f"/api/v1/statuses/{post.id}")).json["filtered"][0])
    same("list", "List", (await phone.post("/api/v1/lists", title="Maths")).json)


async def test_notices_are_as_they_were_agreed_to(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher("ada")
    ben = await a_person(db, here, local=False, username="ben", name="Ben")
    told = Told(db, here, me)
    post = await a_post(db, here, by=me, content="<p>Hello</p>")
    await told(NoticeKind.RULING, by=ben, post=post, line="Be kind.")
    await told(NoticeKind.USED, by=ben, post=post, line="With Year 4")
    used, ruling = (await phone.get("/api/v1/notifications")).json

    same("notification", "Notification", used, id="1", group_key="ungrouped-1")
    warning = brief(ruling["moderation_warning"]) | {"id": "1"}
    ruled = {"id": "1", "group_key": "ungrouped-1", "moderation_warning": warning}
    same("notification_ruling", "Notification", ruling, **ruled)
    grouped = (await phone.get("/api/v2/notifications", types=["favourite"])).json
    (group,) = grouped["notification_groups"]
    numbers = {"page_min_id": "1", "page_max_id": "1", "most_recent_notification_id": 1, "group_key": "ungrouped-1"}
    same("notifications_grouped", "GroupedNotificationsResults", grouped, notification_groups=[group | numbers])
    policy = await phone.patch("/api/v2/notifications/policy", for_not_following="filter")
    same("notification_policy", "NotificationPolicy", policy.json)
    same("notification_policy_v1", "V1NotificationPolicy", (await phone.get("/api/v1/notifications/policy")).json)
    same("notification_request", "NotificationRequest", (await phone.get("/api/v1/notifications/requests")).json[0])


async def test_conversations_and_searches_are_as_they_were_agreed_to(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher("ada", name="Ada")
    ben = await a_person(db, here, local=False, username="ben", name="Ben")
    await a_follow_row(db, here, by=me, of=ben)
    await Letters(db, here)(me, ben)

    same("conversation", "Conversation", (await phone.get("/api/v1/conversations")).json[0])
    same("search", "Search", (await phone.get("/api/v2/search", q="hello")).json)
    same("search_people", "Search", (await phone.get("/api/v2/search", q="ben")).json)


async def test_what_moderators_read_is_as_it_was_agreed_to(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher("ada", role=Role.MODERATOR)
    eve, _ = await school.a_teacher("eve")
    asked: dict[str, Any] = {"reporter_id": me.id, "target_id": eve.id, "posts": (), "comment": "Rude"}
    filed = await db.write(reports.file, here, **asked)

    form = {"account_id": eve.id, "comment": "Rude", "category": "legal"}
    same("report", "Report", (await phone.post("/api/v1/reports", **form)).json)
    account = (await phone.get(f"/api/v1/admin/accounts/{eve.id}")).json
    same("admin_account", "AdminAccount", account, email="eve@alder.test")
    report = (await phone.get(f"/api/v1/admin/reports/{filed}")).json
    people = {"account": "an account as above", "target_account": "an account as above"}
    same("admin_report", "AdminReport", report, **people)
    blocked = await phone.post("/api/v1/admin/domain_blocks", domain="evil.test", private_comment="Spam")
    same("admin_domain_block", "AdminDomainBlock", blocked.json)
