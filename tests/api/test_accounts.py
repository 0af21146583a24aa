"""People, rooms and schools as apps read them: the whole entity, lists with their pages, and who may see what."""

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import Kind
from fedishare.services import follows, people
from tests.api import golden
from tests.api.conftest import School
from tests.builders import FrozenClock, Made, a_follow_row, a_person, a_post, a_room


async def test_somebody_is_shown_with_all_that_apps_insist_on(school: School, db: Database, here: Here) -> None:
    ada, phone = await school.a_teacher("ada", name="Ada", summary="<p>Maths</p>", fields=[{"name": "A", "value": "b"}])
    await a_post(db, here, by=ada)
    await a_post(db, here, by=ada, visibility=Visibility.FOLLOWERS)
    await a_follow_row(db, here, by=await a_person(db, here), of=ada)

    reply = await phone.get(f"/api/v1/accounts/{ada.id}")

    golden.same("account", reply.json)
    assert reply.json["statuses_count"] == 1
    assert (await school.stranger.get(f"/api/v1/accounts/{ada.id}")).json == reply.json


async def test_somebody_elsewhere_is_shown_by_their_full_handle(school: School, db: Database, here: Here) -> None:
    _, phone = await school.a_teacher()
    icon = "https://birch.test/icon.png"
    ben = await a_person(db, here, local=False, username="ben", icon_url=icon, image_url="", name="")

    found = (await phone.get(f"/api/v1/accounts/{ben.id}")).json

    assert (found["acct"], found["avatar"], found["display_name"]) == ("ben@birch.test", icon, "ben")
    assert found["header"].startswith("https://alder.test/static/header.")


async def test_whoever_moved_is_shown_with_their_new_account(school: School, db: Database, here: Here) -> None:
    _, phone = await school.a_teacher()
    new = await a_person(db, here, local=False)
    old = await a_person(db, here, local=False, moved_to=new.uri)

    found = (await phone.get(f"/api/v1/accounts/{old.id}")).json

    assert found["moved"]["id"] == str(new.id)


async def test_rooms_and_schools_are_accounts_too(school: School, db: Database, here: Here) -> None:
    _, phone = await school.a_teacher()
    room = await a_room(db, here, username="slt")
    alder = await a_person(db, here, kind=Kind.ORGANISATION)

    found = [(await phone.get(f"/api/v1/accounts/{each.id}")).json for each in (room, alder)]

    assert [(each["group"], each["bot"]) for each in found] == [(True, False), (False, False)]


async def test_who_is_gone_answers_like_who_was_never_there(school: School, db: Database, here: Here) -> None:
    _, phone = await school.a_teacher()
    gone = await a_person(db, here)
    shut = await a_person(db, here, local=False, suspended_at=here.now())
    await db.write(people.remove, actor_id=gone.id, here=here)
    nobody = await phone.get("/api/v1/accounts/1")

    for who in (gone.id, shut.id, "x", "99999999999999999999"):
        reply = await phone.get(f"/api/v1/accounts/{who}")
        assert (reply.status, reply.body) == (404, nobody.body)
    several = await phone.get("/api/v1/accounts", id=[gone.id, shut.id, "x", 1])
    assert several.json == []


async def test_a_list_of_people_takes_the_same_statements_however_long_it_is(
    school: School, db: Database, here: Here, clock: FrozenClock
) -> None:
    """Literally: what a page of one and a page of three ask the database, with nothing of them ready."""
    ada, phone = await school.a_teacher("ada")
    counts = []
    for more in (1, 2):
        for _ in range(more):
            await a_follow_row(db, here, by=await a_person(db, here), of=ada)
        clock.tick(minutes=1)
        with school.counting() as count:
            reply = await phone.get(f"/api/v1/accounts/{ada.id}/followers")
        counts.append((len(reply.json), len(count)))

    assert counts == [(1, 4), (3, 4)]


async def test_followers_are_paged_by_links(school: School, db: Database, here: Here) -> None:
    ada, phone = await school.a_teacher()
    fans = [await a_person(db, here) for _ in range(5)]
    for fan in fans:
        await a_follow_row(db, here, by=fan, of=ada)
    newest_first = [str(fan.id) for fan in reversed(fans)]

    path, found = f"/api/v1/accounts/{ada.id}/followers?limit=2", []
    while path:
        reply = await phone.ask("GET", path)
        found += [each["id"] for each in reply.json]
        path = reply.links.get("next", "")
    first = await phone.ask("GET", f"/api/v1/accounts/{ada.id}/followers?limit=2")
    back = await phone.ask("GET", first.links["prev"])
    second = await phone.ask("GET", first.links["next"])
    up = await phone.ask("GET", second.links["prev"])

    assert found == newest_first
    assert (back.json, back.headers.get("Link")) == ([], None)
    assert [each["id"] for each in up.json] == newest_first[:2]


async def test_a_wrong_limit_is_said_to_be_one(school: School) -> None:
    ada, phone = await school.a_teacher()

    wrong = {
        text: (await phone.ask("GET", f"/api/v1/accounts/{ada.id}/followers?{text}")).status
        for text in ("limit=-1", "limit=x", "max_id=x", "limit=0", "limit=999999", "max_id=-5", "min_id[a]=1")
    }

    assert wrong == {
        "limit=-1": 400, "limit=x": 400, "max_id=x": 400, "limit=0": 200, "limit=999999": 200, "max_id=-5": 200,
        "min_id[a]=1": 400,
    }  # fmt: skip


async def test_who_is_in_a_private_room_is_for_nobody(school: School, db: Database, here: Here) -> None:
    ada, phone = await school.a_teacher()
    room = await a_room(db, here, locked=True, discoverable=False)
    await a_follow_row(db, here, by=ada, of=room)

    shown = (await school.stranger.get(f"/api/v1/accounts/{room.id}")).json
    members = await phone.get(f"/api/v1/accounts/{room.id}/followers")
    others = await school.stranger.get(f"/api/v1/accounts/{ada.id}/following")
    own = await phone.get(f"/api/v1/accounts/{ada.id}/following")

    assert (shown["followers_count"], members.json, others.json) == (0, [], [])
    assert [each["id"] for each in own.json] == [str(room.id)]


async def test_people_are_found_by_handle_and_by_words(school: School, db: Database, here: Here) -> None:
    ada, phone = await school.a_teacher("ada", name="Ada Lovelace")
    ben = await a_person(db, here, local=False, username="ben", name="Lovelace Fan")

    looked_up = [(await phone.get("/api/v1/accounts/lookup", acct=text)).json for text in ("ada", "@ada@alder.test")]
    unknown = await phone.get("/api/v1/accounts/lookup", acct="nobody")
    found = await phone.get("/api/v1/accounts/search", q="lovelace")
    followed = await phone.get("/api/v1/accounts/search", q="lovelace", following="true")

    assert {each["id"] for each in looked_up} == {str(ada.id)}
    assert unknown.status == 404
    assert {each["id"] for each in found.json} == {str(ada.id), str(ben.id)}
    assert followed.json == []
    assert (await phone.get("/api/v1/accounts/search", q="")).json == []


async def test_the_counts_of_somebody_are_those_of_this_moment(school: School, db: Database, here: Here) -> None:
    """They stand ready, and are counted anew once something changed."""
    ada, phone = await school.a_teacher()
    fan = await a_person(db, here)
    before = (await phone.get(f"/api/v1/accounts/{ada.id}")).json["followers_count"]

    await db_of(school).write(follows.request, here, follower_id=fan.id, followee_id=ada.id)

    assert before == 0
    assert (await phone.get(f"/api/v1/accounts/{ada.id}")).json["followers_count"] == 1


def db_of(school: School) -> Database:
    """The node's own doors: what passes them, this process knows of."""
    return school.own_db


async def test_the_directory_names_who_wants_to_be_found(school: School) -> None:
    seen, _ = await school.a_teacher(discoverable=True)
    await school.a_teacher(discoverable=False)

    found = (await school.stranger.get("/api/v1/directory")).json

    assert [each["id"] for each in found] == [str(seen.id)]


async def test_lists_that_are_not_kept_are_empty(school: School, db: Database, here: Here) -> None:
    ada, phone = await school.a_teacher()
    who: Made = await a_person(db, here)

    assert (await phone.get(f"/api/v1/accounts/{ada.id}/endorsements")).json == []
    assert (await phone.get("/api/v1/accounts/familiar_followers", id=[who.id])).json == [
        {"id": str(who.id), "accounts": []}
    ]
    for path in ("/api/v1/endorsements", "/api/v2/suggestions", "/api/v1/domain_blocks", "/api/v1/announcements"):
        assert (await phone.get(path)).json == []
