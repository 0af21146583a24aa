"""Lists over the API: whose they are, who is on them, what they show, and rooms among them."""

from typing import Any

import pytest
from sqlalchemy import Connection, select

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.follows import Mute
from fedishare.db.lists import ListMember
from fedishare.db.posts import Home
from fedishare.db.reactions import Reaction
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import ReactionKind
from fedishare.queries import lists
from fedishare.services import follows, timelines
from tests.api.conftest import Phone, School
from tests.api.shapes import assert_fits
from tests.builders import Made, a_follow_row, a_person, a_post, a_room, add
from tests.queries.test_timelines import count_statements


async def a_list(phone: Phone, *members: Made, **over: Any) -> int:
    made = await phone.post("/api/v1/lists", json={"title": "Maths"} | over)
    if members:
        await phone.post(f"/api/v1/lists/{made.json['id']}/accounts", account_ids=[one.id for one in members])
    return int(made.json["id"])


async def timeline(db: Database, list_id: int, owner: Made, **over: Any) -> list[int] | None:
    asked = {"before": lists.NEWEST, "above": 0, "limit": 20} | over
    return await db.read(lists.timeline, list_id=list_id, owner_id=owner.id, **asked)


async def a_boost(db: Database, here: Here, *, by: Made, of: Made) -> int:
    boost = here.ids.new()
    row = {"id": boost, "uri": f"{by.uri}#boost-{boost}", "kind": ReactionKind.BOOST, "actor_id": by.id}
    await db.write(add, Reaction, post_id=of.id, created_at=here.now(), **row)
    return boost


async def test_a_list_is_made_shown_changed_and_removed(school: School) -> None:
    _, phone = await school.a_teacher()

    made = await phone.post("/api/v1/lists", title=" Maths ")

    assert_fits("List", made.json)
    assert made.json == {"id": made.json["id"], "title": "Maths", "replies_policy": "list", "exclusive": False}
    path = f"/api/v1/lists/{made.json['id']}"
    assert (await phone.get(path)).json == made.json
    changed = (await phone.put(path, json={"replies_policy": "none", "exclusive": "true"})).json
    assert changed == made.json | {"replies_policy": "none", "exclusive": True}
    assert (await phone.get("/api/v1/lists")).json == [changed]
    assert (await phone.delete(path)).json == {}
    assert [(await phone.get(path)).status, (await phone.get("/api/v1/lists")).json] == [404, []]


async def test_those_on_a_list_are_followed_and_shown_page_by_page(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher()
    friends = [await a_person(db, here, local=False) for _ in range(3)]
    for friend in friends:
        await a_follow_row(db, here, by=me, of=friend)
    stranger = await a_person(db, here)
    list_id = await a_list(phone, *friends)
    path = f"/api/v1/lists/{list_id}/accounts"

    refused = await phone.post(path, account_ids=[stranger.id])
    first = await phone.get(path, limit=2)
    second = await phone.get(first.links["next"])
    back = await phone.get(first.links["prev"])

    assert (refused.status, refused.error) == (404, "Record not found")
    newest = [str(friend.id) for friend in reversed(friends)]
    assert [one["id"] for one in first.json] == newest[:2]
    assert [one["id"] for one in second.json] == newest[2:]
    assert back.json == []
    assert [one["id"] for one in (await phone.get(path, limit=0)).json] == newest
    upward = (await phone.get(second.links["prev"])).json
    assert [one["id"] for one in upward] == newest[:2]
    assert [one["title"] for one in (await phone.get(f"/api/v1/accounts/{friends[0].id}/lists")).json] == ["Maths"]
    assert (await phone.get(f"/api/v1/accounts/{stranger.id}/lists")).json == []
    assert (await phone.ask("DELETE", path, json={"account_ids": [str(friends[2].id)]})).json == {}
    assert (await phone.delete(path, **{"account_ids[]": friends[1].id})).json == {}
    assert [one["id"] for one in (await phone.get(path)).json] == [str(friends[0].id)]


async def test_whoever_is_not_followed_any_more_is_off_the_list(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher()
    friend = await a_person(db, here)
    await a_follow_row(db, here, by=me, of=friend)
    list_id = await a_list(phone, friend)

    await db.write(follows.undo, here, follower_id=me.id, followee_id=friend.id)

    assert (await phone.get(f"/api/v1/lists/{list_id}/accounts")).json == []
    assert await db.read(lambda tx: tx.execute(select(ListMember.id)).all()) == []


async def test_a_list_of_somebody_else_is_as_if_it_were_not(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher()
    friend = await a_person(db, here)
    await a_follow_row(db, here, by=me, of=friend)
    path = f"/api/v1/lists/{await a_list(phone, friend)}"
    other, theirs = await school.a_teacher()
    await a_follow_row(db, here, by=other, of=friend)
    asked = [
        ("GET", ""),
        ("PUT", ""),
        ("DELETE", ""),
        ("GET", "/accounts"),
        ("POST", "/accounts"),
        ("DELETE", "/accounts"),
    ]

    body = {"title": "Mine", "account_ids": [str(friend.id)]}
    replies = [await theirs.ask(method, path + more, json=body) for method, more in asked]

    assert {(reply.status, reply.error) for reply in replies} == {(404, "Record not found")}
    assert (await theirs.get(f"/api/v1/accounts/{friend.id}/lists")).json == []
    assert (await phone.get(path)).json["title"] == "Maths"
    assert [one["id"] for one in (await phone.get(f"{path}/accounts")).json] == [str(friend.id)]
    assert await timeline(db, int(path.rpartition("/")[2]), other) is None


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"title": " "}, id="no-title"),
        pytest.param({"title": "x" * 256}, id="a-long-title"),
        pytest.param({"title": ["x"]}, id="several-titles"),
        pytest.param({"title": "x", "replies_policy": "some"}, id="an-unknown-policy"),
        pytest.param({"title": "x", "exclusive": "perhaps"}, id="neither-yes-nor-no"),
    ],
)
async def test_what_cannot_be_a_list_is_refused(school: School, body: dict[str, Any]) -> None:
    _, phone = await school.a_teacher()

    reply = await phone.post("/api/v1/lists", json=body)

    assert (reply.status, set(reply.json)) == (422, {"error"})
    assert (await phone.get("/api/v1/lists")).json == []


async def test_a_list_shows_what_those_on_it_wrote_and_boosted(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher()
    ada, ben, eve = [await a_person(db, here) for _ in range(3)]
    for friend in (ada, ben, eve):
        await a_follow_row(db, here, by=me, of=friend)
    list_id = await a_list(phone, ada, ben)
    elsewhere = await a_post(db, here, by=eve)
    first = await a_post(db, here, by=ada)
    boost = await a_boost(db, here, by=ben, of=elsewhere)
    await a_post(db, here, by=ada, visibility=Visibility.MENTIONED)
    second = await a_post(db, here, by=ben, visibility=Visibility.FOLLOWERS)

    assert await timeline(db, list_id, me) == [second.id, boost, first.id]
    assert await timeline(db, list_id, me, limit=2) == [second.id, boost]
    assert await timeline(db, list_id, me, before=boost) == [first.id]
    assert await timeline(db, list_id, me, above=first.id, limit=1, is_upward=True) == [boost]
    await db.write(add, Mute, muter_id=me.id, muted_id=eve.id, created_at=here.now())
    assert await timeline(db, list_id, me) == [second.id, first.id]


async def test_the_timeline_of_a_list_is_paged(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher()
    _, other = await school.a_teacher()
    ada = await a_person(db, here)
    await a_follow_row(db, here, by=me, of=ada)
    path = f"/api/v1/timelines/list/{await a_list(phone, ada)}"
    written = [await a_post(db, here, by=ada) for _ in range(3)]
    newest = [str(post.id) for post in reversed(written)]

    first = await phone.get(path, limit=2)
    second = await phone.get(first.links["next"])

    assert [one["id"] for one in first.json] == newest[:2]
    assert [one["id"] for one in second.json] == newest[2:]
    assert [one["id"] for one in (await phone.get(second.links["prev"])).json] == newest[:2]
    assert [one["id"] for one in (await phone.get(path, since_id=newest[1])).json] == newest[:1]
    assert (await other.get(path)).status == 404


@pytest.mark.parametrize(
    ("policy", "shown"),
    [
        ("followed", ["to-me", "to-a-friend", "to-the-list", "to-oneself"]),
        ("list", ["to-me", "to-the-list", "to-oneself"]),
        ("none", ["to-me", "to-oneself"]),
    ],
)
async def test_which_answers_a_list_shows_is_for_its_owner(
    school: School, db: Database, here: Here, policy: str, shown: list[str]
) -> None:
    me, phone = await school.a_teacher()
    ada, ben, friend, stranger = [await a_person(db, here) for _ in range(4)]
    for one in (ada, ben, friend):
        await a_follow_row(db, here, by=me, of=one)
    list_id = await a_list(phone, ada, ben, replies_policy=policy)
    named: dict[int, str] = {}
    for name, whom in (
        ("to-oneself", ada),
        ("to-the-list", ben),
        ("to-a-friend", friend),
        ("to-a-stranger", stranger),
        ("to-me", me),
    ):
        asked = await a_post(db, here, by=whom, visibility=Visibility.QUIET)
        answer = await a_post(db, here, by=ada, in_reply_to_uri=asked.uri, in_reply_to_id=asked.id)
        named |= {answer.id: name, asked.id: "" if whom in {ada, ben} else "somebody else's"}

    found = await timeline(db, list_id, me)

    assert [named[key] for key in found or [] if named[key]] == shown


async def test_an_exclusive_list_keeps_those_on_it_away_from_home(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher()
    ada, ben = await a_person(db, here), await a_person(db, here)
    for one in (ada, ben):
        await a_follow_row(db, here, by=me, of=one)

    async def write(by: Made) -> int:
        post = await a_post(db, here, by=by)
        await db.write(timelines.spread, entry_id=post.id, post_id=post.id, by_id=by.id)
        return post.id

    def at_home(tx: Connection) -> list[int]:
        return list(tx.scalars(select(Home.post_id).where(Home.reader_id == me.id).order_by(Home.post_id)))

    early, other = await write(ada), await write(ben)
    list_id = await a_list(phone, ada)
    assert await db.read(at_home) == [early, other]
    await phone.put(f"/api/v1/lists/{list_id}", json={"exclusive": True})
    assert await db.read(at_home) == [other]
    apart = await write(ada)
    assert await db.read(at_home) == [other]
    assert await timeline(db, list_id, me) == [apart, early]
    await phone.delete(f"/api/v1/lists/{list_id}")
    late = await write(ada)
    assert await db.read(at_home) == [other, late]


async def test_a_room_is_a_list_that_only_the_room_changes(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher()
    colleague = await a_person(db, here)
    room = await a_room(db, here, owner=colleague, name="Maths room")
    foreign = await a_room(db, here, name="History room")
    for one in (me, colleague):
        await a_follow_row(db, here, by=one, of=room)
    said = await a_post(db, here, by=colleague, room_id=room.id, visibility=Visibility.ROOM)
    path = f"/api/v1/lists/{room.id}"

    shown = (await phone.get("/api/v1/lists")).json

    assert shown == [{"id": str(room.id), "title": "Maths room", "replies_policy": "list", "exclusive": False}]
    assert (await phone.get(path)).json == shown[0]
    assert {one["id"] for one in (await phone.get(f"{path}/accounts")).json} == {str(me.id), str(colleague.id)}
    assert (await phone.get(f"/api/v1/accounts/{colleague.id}/lists")).json == shown
    assert await timeline(db, room.id, me) == [said.id]
    assert [(await phone.put(path, json={"title": "x"})).status, (await phone.delete(path)).status] == [403, 403]
    assert (await phone.post(f"{path}/accounts", account_ids=[colleague.id])).status == 403
    # Whoever is not in the room has no such list.
    assert (await phone.get(f"/api/v1/lists/{foreign.id}")).status == 404
    assert await timeline(db, foreign.id, me) is None


@pytest.mark.parametrize("many", [1, 3])
async def test_a_page_of_a_list_takes_as_many_statements_for_one_as_for_three(
    school: School, db: Database, here: Here, many: int
) -> None:
    me, phone = await school.a_teacher()
    friends = [await a_person(db, here) for _ in range(many)]
    for friend in friends:
        await a_follow_row(db, here, by=me, of=friend)
        await a_post(db, here, by=friend)
    list_id = await a_list(phone, *friends)
    asked = {"list_id": list_id, "owner_id": me.id, "before": lists.NEWEST, "above": 0, "limit": 20}

    assert await db.read(count_statements, lists.timeline, asked) == 3
    assert await db.read(count_statements, lists.of, {"owner_id": me.id}) == 2
