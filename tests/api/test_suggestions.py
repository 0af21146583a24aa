"""Whom to follow: people suggested, people recommended, and whom of one's own others are followed by."""

from typing import Any

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.handles import Affiliation
from fedishare.domain.kinds import Kind
from tests.api import golden
from tests.api.conftest import Reply, School
from tests.builders import Made, a_follow_row, a_person, a_room, add


def names(reply: Reply) -> list[str]:
    assert reply.status == 200, reply.json
    return [each.get("account", each)["acct"] for each in reply.json]


async def colleagues(school: School, db: Database, here: Here, me: Made, count: int) -> None:
    place = await a_person(db, here, kind=Kind.ORGANISATION)
    for who in (me, *[(await school.a_teacher(f"c{n}", name=f"Colleague {n}"))[0] for n in range(count)]):
        await db.write(add, Affiliation, actor_id=who.id, school_id=place.id, listed=who is not me)


async def test_people_of_ones_school_rooms_and_circles_are_suggested(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher("ada")
    await colleagues(school, db, here, me, 1)
    room = await a_room(db, here)
    ben, eve, joe = [await a_person(db, here, username=name) for name in ("ben", "eve", "joe")]
    shy = await a_person(db, here, username="shy")
    known = await a_person(db, here, local=False, username="kay", domain="birch.test", discoverable=True)
    for by, of in ((me, room), (ben, room), (eve, room), (me, joe), (joe, ben), (joe, shy), (joe, known), (joe, me)):
        await a_follow_row(db, here, by=by, of=of)

    found = await phone.get("/api/v2/suggestions")

    assert names(found) == ["c0", "ben", "eve", "kay@birch.test"]
    golden.same("suggestion", found.json[0])
    assert [each["sources"] for each in found.json] == [["featured"]] + [["friends_of_friends"]] * 3
    assert names(await phone.get("/api/v1/suggestions", limit=2)) == ["c0", "ben"]
    assert (await phone.delete(f"/api/v1/suggestions/{ben.id}")).json == {}
    await phone.post(f"/api/v1/accounts/{eve.id}/mute")
    await phone.post("/api/v1/domain_blocks", domain="birch.test")
    assert names(await phone.get("/api/v1/suggestions")) == ["c0"]
    assert (await phone.delete("/api/v1/suggestions/1")).status == 404


async def test_suggestions_take_as_many_statements_however_many(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher("ada")
    await colleagues(school, db, here, me, 3)

    async def counted(limit: int) -> int:
        school.own_db.ledger.enter(["actor"])  # So that nobody's account is ready.
        with school.counting() as said:
            assert len(names(await phone.get("/api/v2/suggestions", limit=limit))) == limit
        return len(said)

    # The token, the suggestions, their accounts.
    assert [await counted(3), await counted(1)] == [3, 3]


async def test_those_followed_can_be_recommended_and_are_on_the_page(school: School, db: Database, here: Here) -> None:
    me, browser, phone = await school.both("ada")
    ben, eve = await a_person(db, here, name="Ben"), await a_person(db, here, name="Eve")
    for other in (ben, eve):
        await a_follow_row(db, here, by=me, of=other)
    stranger = await a_person(db, here)

    pressed = [await phone.post(f"/api/v1/accounts/{other.id}/endorse") for other in (ben, eve)]
    refused = await phone.post(f"/api/v1/accounts/{stranger.id}/pin")

    assert ([each.json["endorsed"] for each in pressed], refused.status) == ([True, True], 422)
    own = await phone.get("/api/v1/endorsements", limit=1)
    rest = await phone.get(own.links["next"])
    assert [each["id"] for reply in (own, rest) for each in reply.json] == [str(eve.id), str(ben.id)]
    seen = await school.stranger.get(f"/api/v1/accounts/{me.id}/endorsements")
    assert [each["id"] for each in seen.json] == [str(eve.id), str(ben.id)]
    assert "Recommends" in (await browser.get("/@ada")).root.text
    await browser.post("/recommend/off", {"actor": str(eve.id)})
    await phone.post(f"/api/v1/accounts/{ben.id}/unfollow")
    assert (await phone.get("/api/v1/endorsements")).json == []
    assert (await phone.post(f"/api/v1/accounts/{ben.id}/unpin")).json["endorsed"] is False


async def test_familiar_followers_are_ones_own(school: School, db: Database, here: Here) -> None:
    me, phone = await school.a_teacher("ada")
    ben, eve, joe, other = [await a_person(db, here, username=name) for name in ("ben", "eve", "joe", "zoe")]
    for by, of in ((me, ben), (me, eve), (ben, joe), (eve, joe), (other, joe), (ben, other)):
        await a_follow_row(db, here, by=by, of=of)

    found: Any = (await phone.get("/api/v1/accounts/familiar_followers", id=[joe.id, other.id, me.id])).json

    assert {each["id"]: {one["acct"] for one in each["accounts"]} for each in found} == {
        str(joe.id): {"ben", "eve"},
        str(other.id): {"ben"},
        str(me.id): set(),
    }
