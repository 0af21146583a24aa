"""Reports over the API: what is kept of them, and who is told."""

from typing import Any

import pytest

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.domain.audience import Visibility
from fedishare.domain.permissions import Role
from fedishare.queries import notices, pages
from tests.api.conftest import School
from tests.api.shapes import assert_fits
from tests.builders import a_person, a_post


async def test_a_report_is_kept_with_its_reason_and_the_moderators_are_told(
    school: School, db: Database, here: Here
) -> None:
    _, phone = await school.a_teacher()
    moderator, _ = await school.a_teacher(role=Role.MODERATOR)
    rude = await a_person(db, here, local=False)
    post = await a_post(db, here, by=rude)

    form = {"account_id": rude.id, "status_ids": [post.id], "comment": "Rude", "category": "spam", "forward": "true"}
    reply = await phone.post("/api/v1/reports", **form)

    assert reply.status == 200
    assert_fits("Report", reply.json)
    assert reply.json.pop("target_account")["id"] == str(rude.id)
    assert reply.json == {
        "id": reply.json["id"],
        "action_taken": False,
        "action_taken_at": None,
        "category": "spam",
        "comment": "Rude",
        "forwarded": True,
        "created_at": "2026-09-07T08:30:00.000Z",
        "status_ids": [str(post.id)],
        "rule_ids": [],
    }
    (line,) = await db.read(pages.reports)
    assert (line.category, list(line.posts), line.forwarded) == ("spam", [post.uri], True)
    assert [told.kind for told in await db.read(notices.recent, recipient=moderator.id, now=here.now())] == ["report"]


async def test_whoever_names_rules_says_that_they_were_broken(school: School, db: Database, here: Here) -> None:
    _, phone = await school.a_teacher()
    rude = await a_person(db, here)

    reply = await phone.post("/api/v1/reports", json={"account_id": str(rude.id), "rule_ids": [2, "3"]})

    assert (reply.json["category"], reply.json["rule_ids"]) == ("violation", ["2", "3"])


async def test_only_posts_of_whoever_is_reported_that_one_can_see_can_be_named(
    school: School, db: Database, here: Here
) -> None:
    _, phone = await school.a_teacher()
    rude, other = await a_person(db, here), await a_person(db, here)
    hidden = await a_post(db, here, by=rude, visibility=Visibility.MENTIONED)
    somebody_elses = await a_post(db, here, by=other)

    replies = [
        await phone.post("/api/v1/reports", account_id=rude.id, status_ids=[named])
        for named in (hidden.id, somebody_elses.id, 5)
    ]

    assert {(reply.status, reply.error) for reply in replies} == {(404, "Record not found")}
    assert await db.read(pages.reports) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param({"account_id": None}, 404, id="nobody"),
        pytest.param({"account_id": "7"}, 404, id="nobody-known"),
        pytest.param({"account_id": {"a": 1}}, 422, id="an-object"),
        pytest.param({"account_id": "-1"}, 404, id="no-id"),
        pytest.param({"category": "boredom"}, 422, id="an-unknown-category"),
        pytest.param({"comment": "x" * 5001}, 422, id="a-long-comment"),
        pytest.param({"status_ids": [[1]]}, 422, id="posts-within-posts"),
        pytest.param({"forward": "perhaps"}, 422, id="neither-yes-nor-no"),
    ],
)
async def test_what_cannot_be_a_report_is_refused(
    school: School, db: Database, here: Here, body: dict[str, Any], status: int
) -> None:
    _, phone = await school.a_teacher()
    rude = await a_person(db, here)

    reply = await phone.post("/api/v1/reports", json={"account_id": str(rude.id)} | body)

    assert (reply.status, set(reply.json)) == (status, {"error"})
    assert await db.read(pages.reports) == []


async def test_nobody_reports_themselves(school: School) -> None:
    me, phone = await school.a_teacher()

    assert (await phone.post("/api/v1/reports", account_id=me.id)).status == 422
