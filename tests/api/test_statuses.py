"""Posts written and read through an app."""

import asyncio
from typing import Any, Final

import pytest
from sqlalchemy import Connection, select

from fedishare.db.notices import Notice
from fedishare.db.posts import Post
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import NoticeKind
from fedishare.services import handles
from tests.api.conftest import Phone, School
from tests.builders import (
    FrozenClock,
    Made,
    a_follow_row,
    a_post,
    a_resource,
    a_room,
    an_ed25519_pair,
    an_rsa_pair,
)

UNKNOWN: Final = 123456789


async def test_a_post_is_written_read_edited_and_deleted(school: School, clock: FrozenClock) -> None:
    _, phone = await school.a_teacher("ada")

    posted = await phone.post(
        "/api/v1/statuses", json={"status": "Hello #maths", "spoiler_text": "Hi", "language": "de"}
    )
    assert (posted.status, posted.json["content"][:9], posted.json["language"]) == (200, "<p>Hello ", "de")
    assert (posted.json["spoiler_text"], posted.json["tags"][0]["name"]) == ("Hi", "maths")
    path = f"/api/v1/statuses/{posted.json['id']}"
    assert (await phone.get(path)).json == posted.json
    assert (await phone.get(f"{path}/source")).json == {
        "id": posted.json["id"],
        "text": "Hello #maths",
        "spoiler_text": "Hi",
    }

    clock.tick(minutes=1)
    edited = await phone.put(path, json={"status": "Hello again"})
    assert (edited.json["content"], edited.json["spoiler_text"]) == ("<p>Hello again</p>", "")
    assert edited.json["edited_at"] == "2026-09-07T08:31:00.000Z"
    versions = (await phone.get(f"{path}/history")).json
    assert [(each["content"][:12], each["spoiler_text"], each["created_at"][14:16]) for each in versions] == [
        ("<p>Hello <a ", "Hi", "30"),
        ("<p>Hello aga", "", "31"),
    ]

    gone = await phone.delete(path)
    assert (gone.status, gone.json["text"], gone.json["id"]) == (200, "Hello again", posted.json["id"])
    assert (await phone.get(path)).status == 404


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("public", Visibility.PUBLIC),
        ("unlisted", Visibility.QUIET),
        ("private", Visibility.FOLLOWERS),
        ("direct", Visibility.MENTIONED),
    ],
)
async def test_an_audience_goes_out_and_comes_back_under_its_name(school: School, said: str, meant: Visibility) -> None:
    _, phone = await school.a_teacher("ada")
    await school.a_teacher("ben")

    posted = await phone.post("/api/v1/statuses", status="Look @ben", visibility=said)

    assert posted.json["visibility"] == said
    assert await school.db.read(_visibility, post_id=int(posted.json["id"])) is meant


def _visibility(tx: Connection, *, post_id: int) -> Visibility:
    return Visibility(tx.execute(select(Post.visibility).where(Post.id == post_id)).scalar_one())


async def test_whoever_names_their_staffroom_writes_into_it(school: School) -> None:
    ada, phone = await school.a_teacher("ada")
    ben, other = await school.a_teacher("ben")
    _, outside = await school.a_teacher("eve")
    room = await a_room(school.db, school.here, owner=ada, username="physics")
    for one in (ada, ben):
        await a_follow_row(school.db, school.here, by=one, of=room)

    open_post = (await phone.post("/api/v1/statuses", status="@physics hello", visibility="public")).json
    for_members = (await phone.post("/api/v1/statuses", status="@physics among us", visibility="private")).json

    assert (open_post["visibility"], open_post["mentions"][0]["acct"]) == ("public", "physics")
    assert (for_members["visibility"], for_members["mentions"][0]["acct"]) == ("private", "physics")
    assert (await other.get(f"/api/v1/statuses/{for_members['id']}")).status == 200
    assert (await outside.get(f"/api/v1/statuses/{for_members['id']}")).status == 404
    answer = await other.post("/api/v1/statuses", status="Yes", in_reply_to_id=for_members["id"], visibility="public")
    assert answer.json["visibility"] == "private"
    assert (await outside.get(f"/api/v1/statuses/{answer.json['id']}")).status == 404
    assert (await phone.post("/api/v1/statuses", status="@physics psst", visibility="direct")).status == 422


async def test_a_key_posts_once_for_an_hour(school: School, clock: FrozenClock) -> None:
    _, phone = await school.a_teacher("ada")
    _, other = await school.a_teacher("ben")

    async def send(by: Phone, key: str) -> Any:
        sent = await by.ask("POST", "/api/v1/statuses", json={"status": "Once"}, headers={"Idempotency-Key": key})
        assert sent.status == 200
        return sent.json["id"]

    both = await asyncio.gather(send(phone, "k"), send(phone, "k"))
    assert both[0] == both[1] == await send(phone, "k")
    assert both[0] not in {await send(phone, "other"), await send(other, "k")}
    clock.tick(minutes=61)
    assert await send(phone, "k") != both[0]


async def test_a_key_counts_for_what_waits_too(school: School) -> None:
    _, phone = await school.a_teacher("ada")
    said = {"status": "Later", "scheduled_at": "2026-09-07T12:00:00Z"}

    first = await phone.ask("POST", "/api/v1/statuses", json=said, headers={"Idempotency-Key": "k"})
    second = await phone.ask("POST", "/api/v1/statuses", json=said, headers={"Idempotency-Key": "k"})

    assert first.json == second.json
    assert len((await phone.get("/api/v1/scheduled_statuses")).json) == 1


async def test_a_post_that_waits_is_listed_moved_and_taken_back(school: School) -> None:
    _, phone = await school.a_teacher("ada")
    _, other = await school.a_teacher("ben")
    soon = await phone.post("/api/v1/statuses", json={"status": "Soon", "scheduled_at": "2026-09-07T08:34:59Z"})
    assert soon.status == 422

    kept = await phone.post(
        "/api/v1/statuses",
        json={
            "status": "Later",
            "visibility": "unlisted",
            "scheduled_at": "2026-09-07T12:00:00.000Z",
            "poll": {"options": ["a", "b"], "expires_in": 3600},
        },
    )
    assert kept.json["scheduled_at"] == "2026-09-07T12:00:00.000Z"
    assert kept.json["params"]["poll"] == {
        "options": ["a", "b"], "expires_in": "3600", "multiple": False, "hide_totals": False,
    }  # fmt: skip
    assert (kept.json["params"]["text"], kept.json["params"]["visibility"]) == ("Later", "unlisted")
    path = f"/api/v1/scheduled_statuses/{kept.json['id']}"
    assert (await phone.get(path)).json == kept.json == (await phone.get("/api/v1/scheduled_statuses")).json[0]
    assert {(await other.ask(method, path, json={"scheduled_at": "2026-09-08T12:00:00Z"})).status
            for method in ("GET", "PUT", "DELETE")} == {404}  # fmt: skip

    moved = await phone.put(path, json={"scheduled_at": "2026-09-08T12:00:00Z"})
    assert moved.json["scheduled_at"] == "2026-09-08T12:00:00.000Z"
    assert (await phone.delete(path)).json == {}
    assert (await phone.get(path)).status == 404


async def test_likes_boosts_bookmarks_and_their_undo(school: School) -> None:
    ada, _ = await school.a_teacher("ada")
    _, phone = await school.a_teacher("ben")
    post = await a_post(school.db, school.here, by=ada)
    path = f"/api/v1/statuses/{post.id}"

    for act, field in (("favourite", "favourited"), ("bookmark", "bookmarked"), ("mute", "muted")):
        for _ in range(2):  # Twice is once.
            assert (await phone.post(f"{path}/{act}")).json[field] is True
        assert (await phone.get(path)).json[field] is True
        if act != "mute":
            assert [each["id"] for each in (await phone.get(f"/api/v1/{act}s")).json] == [str(post.id)]
        assert (await phone.post(f"{path}/un{act}")).json[field] is False
    boost = (await phone.post(f"{path}/reblog")).json
    assert (boost["reblog"]["id"], boost["id"] != str(post.id)) == (str(post.id), True)
    assert (await phone.post(f"{path}/reblog")).json["id"] == boost["id"]
    assert (await phone.get(f"/api/v1/statuses/{boost['id']}")).json["reblog"]["reblogs_count"] == 1
    assert [each["acct"] for each in (await phone.get(f"{path}/reblogged_by")).json] == ["ben"]
    undone = (await phone.post(f"{path}/unreblog")).json
    assert (undone["id"], undone["reblogged"], undone["reblogs_count"]) == (str(post.id), False, 0)
    assert (await phone.get(f"/api/v1/statuses/{boost['id']}")).status == 404


async def test_deleting_a_boost_takes_it_back(school: School) -> None:
    ada, _ = await school.a_teacher("ada")
    _, phone = await school.a_teacher("ben")
    _, other = await school.a_teacher("eve")
    post = await a_post(school.db, school.here, by=ada)
    boost = (await phone.post(f"/api/v1/statuses/{post.id}/reblog")).json

    assert (await other.delete(f"/api/v1/statuses/{boost['id']}")).status == 404
    assert (await phone.delete(f"/api/v1/statuses/{boost['id']}")).status == 200
    assert (await phone.get(f"/api/v1/statuses/{post.id}")).json["reblogs_count"] == 0


async def test_only_ones_own_are_pinned(school: School) -> None:
    ada, phone = await school.a_teacher("ada")
    _, other = await school.a_teacher("ben")
    post = await a_post(school.db, school.here, by=ada)
    path = f"/api/v1/statuses/{post.id}"

    assert (await phone.post(f"{path}/pin")).json["pinned"] is True
    assert (await phone.post(f"{path}/unpin")).json["pinned"] is False
    assert (await other.post(f"{path}/pin")).status == 422


async def test_whoever_mutes_a_conversation_hears_no_more_of_it(school: School) -> None:
    ada, phone = await school.a_teacher("ada")
    _, other = await school.a_teacher("ben")
    post = await a_post(school.db, school.here, by=ada)

    await phone.post(f"/api/v1/statuses/{post.id}/mute")
    answer = (await other.post("/api/v1/statuses", status="No", in_reply_to_id=post.id)).json
    await other.post(f"/api/v1/statuses/{post.id}/favourite")
    assert await school.db.read(_notices, of=ada.id) == []

    await phone.post(f"/api/v1/statuses/{answer['id']}/unmute")
    await other.post("/api/v1/statuses", status="Yes", in_reply_to_id=post.id)
    assert await school.db.read(_notices, of=ada.id) == [NoticeKind.REPLY]


def _notices(tx: Connection, *, of: int) -> list[NoticeKind]:
    return list(tx.scalars(select(Notice.kind).where(Notice.recipient_id == of)))


async def test_a_conversation_is_told_from_its_beginning(school: School, clock: FrozenClock) -> None:
    _, phone = await school.a_teacher("ada")

    async def say(text: str, to: str | None = None) -> str:
        clock.tick(seconds=1)
        return str((await phone.post("/api/v1/statuses", json={"status": text, "in_reply_to_id": to})).json["id"])

    root = await say("root")
    one = await say("one", root)
    two = await say("two", root)
    under_one = await say("under one", one)
    under_that = await say("under that", under_one)

    around = (await phone.get(f"/api/v1/statuses/{root}/context")).json
    assert [each["id"] for each in around["descendants"]] == [one, under_one, under_that, two]
    around = (await school.stranger.get(f"/api/v1/statuses/{under_that}/context")).json
    assert [each["id"] for each in around["ancestors"]] == [root, one, under_one]


async def test_a_stranger_is_shown_a_part_of_a_long_conversation(school: School) -> None:
    ada, phone = await school.a_teacher("ada")
    last = root = await a_post(school.db, school.here, by=ada)
    for _ in range(45):
        last = await a_post(
            school.db, school.here, by=ada, in_reply_to_id=last.id, in_reply_to_uri=last.uri, thread_id=root.id
        )

    seen = (await school.stranger.get(f"/api/v1/statuses/{last.id}/context")).json
    assert len(seen["ancestors"]) == 40
    below = (await school.stranger.get(f"/api/v1/statuses/{root.id}/context")).json
    assert len(below["descendants"]) == 20
    assert len((await phone.get(f"/api/v1/statuses/{last.id}/context")).json["ancestors"]) == 45
    assert len((await phone.get(f"/api/v1/statuses/{root.id}/context")).json["descendants"]) == 45


async def test_a_poll_is_asked_voted_in_and_seen_by_each_in_their_way(school: School, clock: FrozenClock) -> None:
    _, phone = await school.a_teacher("ada")
    _, other = await school.a_teacher("ben")
    # Mastodon.py says "False" within JSON (decision C9).
    said = {"status": "Tea?", "sensitive": "False", "poll": {"options": ["Yes", "No"], "expires_in": 3600}}

    posted = (await phone.post("/api/v1/statuses", json=said)).json
    poll = posted["poll"]
    assert (poll["voted"], poll["own_votes"], poll["expires_at"]) == (True, [], "2026-09-07T09:30:00.000Z")
    path = f"/api/v1/polls/{poll['id']}"
    before = (await other.get(path)).json
    assert (before["voted"], [each["votes_count"] for each in before["options"]]) == (False, [0, 0])
    after = (await other.post(f"{path}/votes", json={"choices": [1]})).json
    assert (after["voted"], after["own_votes"], after["votes_count"], after["voters_count"]) == (True, [1], 1, 1)
    assert (await other.post(f"{path}/votes", json={"choices": [0]})).status == 422
    assert (await phone.post(f"{path}/votes", json={"choices": [0]})).status == 422
    stranger = (await school.stranger.get(path)).json
    assert "voted" not in stranger
    seen = (await other.get(f"/api/v1/statuses/{posted['id']}")).json
    assert seen["poll"] == after
    clock.tick(hours=2)
    assert (await other.get(path)).json["expired"] is True


async def test_an_edit_without_its_poll_ends_it(school: School) -> None:
    _, phone = await school.a_teacher("ada")
    said = {"status": "Tea?", "poll": {"options": ["Yes", "No"], "expires_in": 3600}}
    posted = (await phone.post("/api/v1/statuses", json=said)).json

    same = await phone.put(f"/api/v1/statuses/{posted['id']}", json=said | {"status": "Tea now?"})
    assert [each["title"] for each in same.json["poll"]["options"]] == ["Yes", "No"]
    edited = await phone.put(f"/api/v1/statuses/{posted['id']}", json={"status": "Tea."})
    assert edited.json["poll"] is None


async def test_a_quote_shows_what_its_author_allows_and_can_be_taken_back(school: School) -> None:
    ada, phone = await school.a_teacher("ada")
    _, other = await school.a_teacher("ben")
    post = await a_post(school.db, school.here, by=ada)

    quoting = (await other.post("/api/v1/statuses", status="See", quoted_status_id=post.id)).json
    assert (quoting["quote"]["state"], quoting["quote"]["quoted_status"]["id"]) == ("accepted", str(post.id))
    chain = (await phone.post("/api/v1/statuses", status="And", quoted_status_id=quoting["id"])).json
    assert chain["quote"]["quoted_status"]["quote"] == {"state": "accepted", "quoted_status_id": str(post.id)}
    path = f"/api/v1/statuses/{post.id}"
    assert [each["id"] for each in (await phone.get(f"{path}/quotes")).json] == [quoting["id"]]
    assert (await phone.get(path)).json["quotes_count"] == 1

    assert (await other.post(f"{path}/quotes/{quoting['id']}/revoke")).status == 404
    revoked = await phone.post(f"{path}/quotes/{quoting['id']}/revoke")
    assert (revoked.status, revoked.json["quote"]) == (200, {"state": "revoked", "quoted_status": None})
    assert (await phone.get(f"{path}/quotes")).json == []

    closed = await phone.ask("PUT", f"{path}/interaction_policy", json={"quote_approval_policy": "nobody"})
    assert closed.json["quote_approval"] == {"automatic": [], "manual": [], "current_user": "automatic"}
    assert (await other.get(path)).json["quote_approval"]["current_user"] == "denied"
    assert (await other.post("/api/v1/statuses", status="See", quoted_status_id=post.id)).status == 403


async def test_what_is_quoted_is_hidden_from_whom_it_is_not_for(school: School) -> None:
    _, phone = await school.a_teacher("ada")
    _, other = await school.a_teacher("ben")
    secret = (await phone.post("/api/v1/statuses", status="Secret", visibility="private")).json
    mine = (
        await phone.post("/api/v1/statuses", status="Me @ben", visibility="private", quoted_status_id=secret["id"])
    ).json

    assert mine["quote"]["quoted_status"]["id"] == secret["id"]
    seen = (await other.get(f"/api/v1/statuses/{mine['id']}")).json
    assert seen["quote"] == {"state": "unauthorized", "quoted_status": None}


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"status": "   "},
        {"status": "x" * 10_001},
        {"status": "x", "spoiler_text": "x" * 501},
        {"status": "x", "visibility": "everybody"},
        {"status": "x", "media_ids": ["1"]},
        {"status": "x", "media_ids": ["1; drop table"]},
        {"status": "x", "media_ids": ["1", "2", "3", "4", "5"]},
        {"status": "x", "media_ids": {"a": {"b": "c"}}},
        {"status": {"a": "b"}},
        {"status": "x", "poll": {"options": ["a"], "expires_in": 3600}},
        {"status": "x", "poll": {"options": ["a", "a"], "expires_in": 3600}},
        {"status": "x", "poll": {"options": ["a", "b"], "expires_in": 1}},
        {"status": "x", "poll": {"options": ["a", "b"], "expires_in": 10**18}},
        {"status": "x", "poll": {"options": ["a", "b"]}},
        {"status": "x", "poll": "yes"},
        {"status": "x", "language": "<b>"},
        {"status": "x", "scheduled_at": "tomorrow"},
        {"status": "x", "scheduled_at": "9999-12-31T23:59:59-23:59"},
        {"status": "x", "scheduled_at": "2020-01-01T00:00:00Z"},
        {"status": "x", "quote_approval_policy": "friends"},
        {"status": "@ada x", "allowed_mentions": [1]},
        {"status": "x", "sensitive": "perhaps"},
    ],
)
async def test_what_cannot_be_posted_is_refused_with_words(school: School, said: Any) -> None:
    await school.a_teacher("ada")
    _, phone = await school.a_teacher("ben")

    answer = await phone.post("/api/v1/statuses", json=said)

    assert (answer.status, bool(answer.error)) == (422, True)


@pytest.mark.parametrize("to", [str(UNKNOWN), "-1", "a", "9" * 30, "1e3"])
async def test_what_answers_nothing_is_not_posted(school: School, to: str) -> None:
    _, phone = await school.a_teacher("ada")

    assert (await phone.post("/api/v1/statuses", json={"status": "x", "in_reply_to_id": to})).status == 404
    assert (await phone.post("/api/v1/statuses", json={"status": "x", "quoted_status_id": to})).status == 404


ON_ONE: Final = [
    ("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/context"), ("GET", "/history"), ("GET", "/source"),
    ("GET", "/card"), ("GET", "/reblogged_by"), ("GET", "/favourited_by"), ("GET", "/quotes"),
    ("POST", "/favourite"), ("POST", "/unfavourite"), ("POST", "/reblog"), ("POST", "/unreblog"),
    ("POST", "/bookmark"), ("POST", "/unbookmark"), ("POST", "/mute"), ("POST", "/unmute"), ("POST", "/pin"),
    ("POST", "/unpin"), ("POST", "/translate"), ("PUT", "/interaction_policy"),
]  # fmt: skip


async def test_a_private_post_answers_as_one_that_is_not_there(school: School) -> None:
    ada, mine = await school.a_teacher("ada")
    _, phone = await school.a_teacher("eve")
    secret = await a_post(school.db, school.here, by=ada, visibility=Visibility.FOLLOWERS)
    said = {"status": "x", "quote_approval_policy": "nobody"}

    for method, rest in ON_ONE:
        found = await phone.ask(method, f"/api/v1/statuses/{secret.id}{rest}", json=said)
        unknown = await phone.ask(method, f"/api/v1/statuses/{UNKNOWN}{rest}", json=said)
        assert (method, rest, found.status, found.json) == (method, rest, 404, unknown.json)
        assert unknown.status == 404
    for path in (f"/api/v1/polls/{secret.id}", f"/api/v1/polls/{UNKNOWN}"):
        assert (await phone.get(path)).status == 404
        assert (await phone.post(f"{path}/votes", json={"choices": [0]})).status == 404
    assert (await phone.get("/api/v1/statuses", id=[secret.id, UNKNOWN])).json == []
    assert (await mine.get("/api/v1/statuses", id=[secret.id, UNKNOWN])).json[0]["id"] == str(secret.id)


async def test_nobody_changes_what_is_not_theirs(school: School) -> None:
    ada, _ = await school.a_teacher("ada")
    _, phone = await school.a_teacher("eve")
    post = await a_post(school.db, school.here, by=ada)
    path = f"/api/v1/statuses/{post.id}"

    assert (await phone.put(path, json={"status": "Mine"})).status == 404
    assert (await phone.delete(path)).status == 404
    assert (
        await phone.ask("PUT", f"{path}/interaction_policy", json={"quote_approval_policy": "nobody"})
    ).status == 404
    assert (await phone.get(f"{path}/source")).json["text"] == f"Post {post.id}"


async def test_translation_is_not_here(school: School) -> None:
    ada, phone = await school.a_teacher("ada")
    post = await a_post(school.db, school.here, by=ada)

    assert (await phone.post(f"/api/v1/statuses/{post.id}/translate")).status == 503


async def test_the_card_of_a_resource(school: School) -> None:
    ada, phone = await school.a_teacher("ada")
    resource, post = await a_resource(school.db, school.here, by=ada), await a_post(school.db, school.here, by=ada)

    assert (await phone.get(f"/api/v1/statuses/{resource.id}/card")).json["title"] == "Fraction wall"
    assert (await phone.get(f"/api/v1/statuses/{post.id}/card")).json == {}


async def test_a_post_says_with_which_app_it_was_written(school: School) -> None:
    _, phone = await school.a_teacher("ada")

    assert (await phone.post("/api/v1/statuses", status="x")).json["application"] is None


async def test_the_school_s_handle_speaks_through_an_app(school: School) -> None:
    ada, _ = await school.a_teacher("ada")
    handle = await _a_handle(school, ada)
    phone = await school.phone(ada, acts_as=handle)

    posted = (await phone.post("/api/v1/statuses", status="We are closed")).json

    assert posted["account"]["acct"] == "office"
    path = f"/api/v1/statuses/{posted['id']}"
    assert (await phone.put(path, json={"status": "We are open"})).json["content"] == "<p>We are open</p>"
    assert (await phone.post(f"{path}/favourite")).json["favourited"] is True
    assert (await phone.post(f"{path}/pin")).json["pinned"] is True
    assert (await phone.delete(path)).json["text"] == "We are open"


async def _a_handle(school: School, owner: Made) -> Made:
    handle_id = await school.db.write(
        handles.open_handle, school.here, owner_id=owner.id, username="office", name="Office", about="",
        rsa=an_rsa_pair(1), ed25519=an_ed25519_pair(1),
    )  # fmt: skip
    return Made(handle_id, "")
