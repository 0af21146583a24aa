"""Notices over the API: how each kind shows, pages of them, groups, and what is held back."""

from typing import Any, Final

import pytest
from sqlalchemy import Connection

from fedishare.api import notification_groups, notifications
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import NoticeKind
from fedishare.domain.notices import TYPES
from fedishare.domain.permissions import Role
from fedishare.services import follows, reports
from fedishare.services import notices as services
from tests.api.conftest import School
from tests.api.shapes import assert_fits
from tests.api.test_status_entity import Desk
from tests.builders import MONDAY, FrozenClock, Made, a_follow_row, a_person, a_post, a_room
from tests.queries.test_timelines import count_statements

ABOUT_A_POST: Final = [kind for kind, word in TYPES.items() if word not in {"follow", "follow_request", "admin.report"}]


class Told:
    """Somebody who is told things, and others who do them."""

    def __init__(self, db: Database, here: Here, recipient: Made) -> None:
        self.db = db
        self.here = here
        self.recipient = recipient
        self._causes = 0

    async def __call__(self, kind: NoticeKind, *, by: Made, post: Made | None = None, line: str = "") -> None:
        self._causes += 1
        post_id, cause = post.id if post else None, f"cause {self._causes}"
        told: dict[str, Any] = {"kind": kind, "actor_id": by.id, "cause": cause, "post_id": post_id, "line": line}
        await self.db.write(services.spread, self.here, ears=[self.recipient.id], **told)


@pytest.mark.parametrize("kind", ABOUT_A_POST)
async def test_each_kind_about_a_post_shows_as_a_type_apps_know(
    school: School, db: Database, here: Here, kind: NoticeKind
) -> None:
    me, phone = await school.a_teacher()
    other = await a_person(db, here, local=False, name="Ada")
    post = await a_post(db, here, by=me)
    await Told(db, here, me)(kind, by=other, post=post, line="Well done")

    (shown,) = (await phone.get("/api/v1/notifications")).json

    assert_fits("Notification", shown)
    assert shown["type"] == TYPES[kind]
    assert shown["account"]["id"] == str(other.id)
    assert int(shown["id"]) < 2**31
    assert (await phone.get(f"/api/v1/notifications/{shown['id']}")).json == shown
    if kind is NoticeKind.RULING:
        warned = shown["moderation_warning"]
        assert (warned["action"], warned["text"], warned["status_ids"]) == ("none", "Well done", [str(post.id)])
    else:
        assert shown["status"]["id"] == str(post.id)
    if kind is NoticeKind.USED:
        assert shown["fallback"] == {"title": "Ada used your resource", "summary": "Well done"}


@pytest.mark.parametrize("kind", [NoticeKind.FOLLOW, NoticeKind.FOLLOW_REQUEST, NoticeKind.INVITATION])
async def test_kinds_about_a_person_show_the_person(school: School, db: Database, here: Here, kind: NoticeKind) -> None:
    me, phone = await school.a_teacher()
    other = await (a_room if kind is NoticeKind.INVITATION else a_person)(db, here)
    await Told(db, here, me)(kind, by=other)

    (shown,) = (await phone.get("/api/v1/notifications")).json

    assert_fits("Notification", shown)
    assert (shown["type"], shown["account"]["id"]) == (TYPES[kind], str(other.id))
    assert "status" not in shown


async def test_what_apps_have_no_word_for_is_left_to_the_pages(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher()
    told = Told(db, here, me)
    for kind in set(NoticeKind) - TYPES.keys():
        await told(kind, by=await a_person(db, here))

    assert (await phone.get("/api/v1/notifications")).json == []
    assert (await phone.get("/api/v1/notifications/unread_count")).json == {"count": 0}


async def test_moderators_are_told_of_reports(school: School, db: Database, here: Here) -> None:
    _, phone = await school.a_teacher(role=Role.MODERATOR)
    anna, eve = await a_person(db, here), await a_person(db, here)
    await db.write(reports.file, here, reporter_id=anna.id, target_id=eve.id, posts=(), comment="Rude")

    (shown,) = (await phone.get("/api/v1/notifications")).json

    assert_fits("Notification", shown)
    assert (shown["type"], shown["report"]["comment"]) == ("admin.report", "Rude")
    assert shown["report"]["target_account"]["id"] == str(eve.id)
    (group,) = (await phone.get("/api/v2/notifications")).json["notification_groups"]
    assert group["report"] == shown["report"]


async def test_notices_are_paged_and_chosen(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher()
    ada, ben = await a_person(db, here), await a_person(db, here)
    post, told = await a_post(db, here, by=me), Told(db, here, me)
    for by, kind in ((ada, NoticeKind.LIKE), (ben, NoticeKind.BOOST), (ada, NoticeKind.MENTION)):
        await told(kind, by=by, post=post)

    async def types(**asked: Any) -> list[str]:
        return [one["type"] for one in (await phone.get("/api/v1/notifications", **asked)).json]

    first = await phone.get("/api/v1/notifications", limit=2)
    assert [one["type"] for one in first.json] == ["mention", "reblog"]
    assert [one["type"] for one in (await phone.get(first.links["next"])).json] == ["favourite"]
    assert (await phone.get(first.links["prev"])).json == []
    oldest = (await phone.get(first.links["next"])).json[0]["id"]
    assert await types(min_id=oldest, limit=1) == ["reblog"]
    assert await types(since_id=oldest, limit=1) == ["mention"]
    assert await types(types=["favourite", "reblog"]) == ["reblog", "favourite"]
    assert await types(exclude_types=["favourite"]) == ["mention", "reblog"]
    assert await types(types=["nonsense"]) == []
    assert await types(account_id=ada.id) == ["mention", "favourite"]
    assert [await types(account_id=7), await types(account_id="x")] == [[], []]


async def test_a_notice_is_dismissed_and_all_are_cleared(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher()
    _, other = await school.a_teacher()
    ada, told = await a_person(db, here), Told(db, here, me)
    for _ in range(3):
        await told(NoticeKind.FOLLOW, by=ada)
    await told(NoticeKind.HANDLE, by=ada)
    last = (await phone.get("/api/v1/notifications")).json[0]["id"]

    strangers = [
        await other.get(f"/api/v1/notifications/{last}"),
        await other.post(f"/api/v1/notifications/{last}/dismiss"),
        await other.get(f"/api/v2/notifications/ungrouped-{last}"),
        await other.post(f"/api/v2/notifications/ungrouped-{last}/dismiss"),
        await other.post("/api/v1/notifications/dismiss", id=last),
    ]

    assert {(reply.status, reply.error) for reply in strangers} == {(404, "Record not found")}
    assert (await phone.get("/api/v1/notifications/unread_count")).json == {"count": 3}
    assert (await phone.post(f"/api/v1/notifications/{last}/dismiss")).json == {}
    assert (await phone.get(f"/api/v1/notifications/{last}")).status == 404
    assert len((await phone.get("/api/v1/notifications")).json) == 2
    assert (await phone.post("/api/v1/notifications/clear")).json == {}
    assert (await phone.get("/api/v1/notifications")).json == []
    # What no app shows, no app clears away.
    assert [line.kind for line in await db.read(_lines, me)] == [NoticeKind.HANDLE]


def _lines(tx: Connection, me: Made) -> Any:
    from fedishare.queries import notices  # noqa: PLC0415 -- its name is that of the services above

    return notices.recent(tx, recipient=me.id, now=MONDAY)


async def test_nothing_is_told_of_what_is_not_for_them_any_more(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher()
    ada, ben = await a_person(db, here), await a_person(db, here)
    told = Told(db, here, me)
    await told(NoticeKind.ROOM_POST, by=ada, post=await a_post(db, here, by=ada, visibility=Visibility.MENTIONED))
    await told(NoticeKind.MENTION, by=ada, post=await a_post(db, here, by=ada, deleted_at=here.now()))
    await told(NoticeKind.FOLLOW, by=ben)
    await db.write(follows.block, here, blocker_id=me.id, blocked_id=ben.id)

    assert (await phone.get("/api/v1/notifications")).json == []
    assert (await phone.get("/api/v2/notifications")).json["notification_groups"] == []


async def test_likes_of_one_post_are_told_as_one(school: School, db: Database, here: Here, clock: FrozenClock) -> None:
    me, phone = await school.a_teacher()
    people = [await a_person(db, here, local=False) for _ in range(3)]
    first, second = await a_post(db, here, by=me), await a_post(db, here, by=me)
    told = Told(db, here, me)
    for person in people:
        await told(NoticeKind.LIKE, by=person, post=first)
    await told(NoticeKind.MENTION, by=people[0], post=second)
    await told(NoticeKind.LIKE, by=people[1], post=second)
    clock.tick(hours=12)
    await told(NoticeKind.LIKE, by=people[2], post=second)

    reply = await phone.get("/api/v2/notifications")

    assert_fits("GroupedNotificationsResults", reply.json)
    groups = reply.json["notification_groups"]
    assert [(one["type"], one["notifications_count"], one["status_id"]) for one in groups] == [
        ("favourite", 1, str(second.id)),
        ("favourite", 1, str(second.id)),
        ("mention", 1, str(second.id)),
        ("favourite", 3, str(first.id)),
    ]
    together = groups[3]
    assert together["sample_account_ids"] == [str(person.id) for person in reversed(people)]
    assert isinstance(together["most_recent_notification_id"], int)
    assert together["page_max_id"] == str(together["most_recent_notification_id"])
    assert int(together["page_max_id"]) - int(together["page_min_id"]) == 2
    assert {one["id"] for one in reply.json["accounts"]} == {str(person.id) for person in people}
    assert {one["id"] for one in reply.json["statuses"]} == {str(first.id), str(second.id)}
    alone = await phone.get(f"/api/v2/notifications/{together['group_key']}")
    assert alone.json["notification_groups"] == [together]
    accounts = await phone.get(f"/api/v2/notifications/{together['group_key']}/accounts", limit=2)
    assert [one["id"] for one in accounts.json] == together["sample_account_ids"][:2]
    rest = await phone.get(accounts.links["next"])
    assert [one["id"] for one in rest.json] == together["sample_account_ids"][2:]
    assert (await phone.get("/api/v2/notifications/unread_count")).json == {"count": 4}
    assert (await phone.get("/api/v1/notifications/unread_count")).json == {"count": 6}
    assert (await phone.post(f"/api/v2/notifications/{together['group_key']}/dismiss")).json == {}
    left = (await phone.get("/api/v2/notifications")).json["notification_groups"]
    assert left == groups[:3]


async def test_groups_are_paged_and_apps_say_what_they_group(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher()
    people = [await a_person(db, here, local=False) for _ in range(3)]
    posts = [await a_post(db, here, by=me) for _ in range(3)]
    told = Told(db, here, me)
    for post in posts:
        for person in people:
            await told(NoticeKind.LIKE, by=person, post=post)

    async def shown(path: str = "/api/v2/notifications", **asked: Any) -> list[tuple[str, int]]:
        groups = (await phone.get(path, **asked)).json["notification_groups"]
        return [(one["status_id"], one["notifications_count"]) for one in groups]

    first = await phone.get("/api/v2/notifications", limit=2)
    newest = [(str(post.id), 3) for post in reversed(posts)]
    assert await shown(limit=2) == newest[:2]
    assert await shown(first.links["next"]) == newest[2:]
    second = await phone.get(first.links["next"])
    assert await shown(second.links["prev"]) == newest[:2]
    apart = (await phone.get("/api/v2/notifications", grouped_types=["reblog"])).json["notification_groups"]
    assert [one["notifications_count"] for one in apart] == [1] * 9
    assert {one["group_key"].split("-")[0] for one in apart} == {"ungrouped"}
    partly = (await phone.get("/api/v2/notifications", expand_accounts="partial_avatars")).json
    assert_fits("GroupedNotificationsResults", partly)
    assert [one["id"] for one in partly["accounts"]] == [str(people[2].id)]
    assert {one["id"] for one in partly["partial_accounts"]} == {str(people[0].id), str(people[1].id)}


@pytest.mark.parametrize(
    "key",
    ["favourite", "favourite-1", "favourite-1-2-3", "follow-99999999999999999999", "ungrouped-x", "mention-1-1", "-"],
)
async def test_a_key_that_names_no_group_is_not_found(school: School, key: str) -> None:
    _, phone = await school.a_teacher()

    replies = [
        await phone.get(f"/api/v2/notifications/{key}"),
        await phone.get(f"/api/v2/notifications/{key}/accounts"),
        await phone.post(f"/api/v2/notifications/{key}/dismiss"),
    ]

    assert {(reply.status, reply.error) for reply in replies} == {(404, "Record not found")}


async def test_notices_from_strangers_are_held_back_until_they_are_accepted(
    school: School, db: Database, here: Here, clock: FrozenClock
) -> None:
    me, phone = await school.a_teacher()
    friend, stranger = await a_person(db, here), await a_person(db, here)
    await a_follow_row(db, here, by=me, of=friend)
    told = Told(db, here, me)
    said = await a_post(db, here, by=stranger)
    await told(NoticeKind.MENTION, by=friend, post=await a_post(db, here, by=friend))
    await told(NoticeKind.MENTION, by=stranger, post=said)
    clock.tick(minutes=1)
    await told(NoticeKind.FOLLOW, by=stranger)
    # What moderators decide is never held back.
    await told(NoticeKind.RULING, by=stranger)

    policy = await phone.patch("/api/v2/notifications/policy", json={"for_not_following": "filter"})

    async def shown(**asked: Any) -> list[str]:
        return [one["type"] for one in (await phone.get("/api/v1/notifications", **asked)).json]

    assert_fits("NotificationPolicy", policy.json)
    assert policy.json["for_not_following"] == "filter"
    assert policy.json["summary"] == {"pending_requests_count": 1, "pending_notifications_count": 2}
    assert await shown() == ["moderation_warning", "mention"]
    assert await shown(include_filtered="true") == ["moderation_warning", "follow", "mention", "mention"]
    held = (await phone.get("/api/v1/notifications", include_filtered="true")).json
    assert [one.get("filtered") for one in held] == [None, True, True, None]
    (request,) = (await phone.get("/api/v1/notifications/requests")).json
    assert_fits("NotificationRequest", request)
    assert (request["id"], request["notifications_count"]) == (str(stranger.id), "2")
    assert request["last_status"]["id"] == str(said.id)
    assert (request["created_at"], request["updated_at"]) == ("2026-09-07T08:30:00.000Z", "2026-09-07T08:31:00.000Z")
    assert (await phone.get(f"/api/v1/notifications/requests/{stranger.id}")).json == request
    assert (await phone.post(f"/api/v1/notifications/requests/{friend.id}/accept")).status == 404
    assert (await phone.post(f"/api/v1/notifications/requests/{stranger.id}/accept")).json == {}
    assert (await phone.get("/api/v1/notifications/requests/merged")).json == {"merged": True}
    assert await shown() == ["moderation_warning", "follow", "mention", "mention"]
    assert (await phone.get("/api/v1/notifications/requests")).json == []


async def test_what_is_held_back_can_be_dismissed_or_never_shown(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher()
    strangers = [await a_person(db, here) for _ in range(3)]
    told = Told(db, here, me)
    for stranger in strangers:
        await told(NoticeKind.FOLLOW, by=stranger)
    await phone.put("/api/v1/notifications/policy", json={"filter_not_following": "true"})

    requests = await phone.get("/api/v1/notifications/requests", limit=2)

    newest = [str(stranger.id) for stranger in reversed(strangers)]
    assert [one["id"] for one in requests.json] == newest[:2]
    assert [one["id"] for one in (await phone.get(requests.links["next"])).json] == newest[2:]
    assert (await phone.post("/api/v1/notifications/requests/dismiss", id=newest[:2])).json == {}
    assert [one["id"] for one in (await phone.get("/api/v1/notifications/requests")).json] == newest[2:]
    first = (await phone.get("/api/v1/notifications/policy")).json
    assert_fits("V1NotificationPolicy", first)
    assert (first["filter_not_following"], first["filter_new_accounts"]) == (True, False)
    await phone.patch("/api/v2/notifications/policy", for_not_following="drop")
    assert (await phone.get("/api/v1/notifications/requests")).json == []
    assert (await phone.get("/api/v1/notifications", include_filtered="1")).json == []
    refused = await phone.patch("/api/v2/notifications/policy", for_new_accounts="perhaps")
    assert (refused.status, set(refused.json)) == (422, {"error"})


@pytest.mark.parametrize(
    ("part", "held"),
    [
        ("for_not_following", ["stranger", "follower"]),
        ("for_not_followers", ["stranger", "friend"]),
        ("for_new_accounts", ["stranger", "follower"]),
        ("for_private_mentions", ["stranger", "follower"]),
        ("for_limited_accounts", []),
    ],
)
async def test_each_part_of_the_policy_is_about_somebody_else(
    school: School, db: Database, here: Here, part: str, held: list[str]
) -> None:
    me, phone = await school.a_teacher()
    people = {name: await a_person(db, here) for name in ("stranger", "follower", "friend")}
    await a_follow_row(db, here, by=people["follower"], of=me)
    await a_follow_row(db, here, by=me, of=people["friend"])
    told = Told(db, here, me)
    for person in people.values():
        post = await a_post(db, here, by=person, visibility=Visibility.MENTIONED)
        await told(NoticeKind.MENTION, by=person, post=post)

    await phone.patch("/api/v2/notifications/policy", json={part: "filter"})

    names = {str(person.id): name for name, person in people.items()}
    asking = [names[one["id"]] for one in (await phone.get("/api/v1/notifications/requests")).json]
    assert sorted(asking) == sorted(held)


@pytest.mark.parametrize("many", [1, 3])
async def test_a_page_of_notices_takes_as_many_statements_for_one_as_for_three(
    school: School, db: Database, here: Here, many: int
) -> None:
    me, _ = await school.a_teacher()
    told = Told(db, here, me)
    for _ in range(many):
        person = await a_person(db, here)
        await told(NoticeKind.MENTION, by=person, post=await a_post(db, here, by=person))
        await told(NoticeKind.FOLLOW, by=person)
    call = Desk(school).call(me)

    asked = [
        await db.read(count_statements, page, {"call": call})
        for page in (notifications.show_all, notification_groups.show_all)
    ]

    # The second finds the posts and the people ready.
    assert asked == [9, 2]
