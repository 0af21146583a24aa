"""What an app can say of a follow and of a mute: boosts, a notice of each post, languages, how long, notices."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from fedishare.db.work import Job
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import ReactionKind
from fedishare.jobs.types import EndMute
from fedishare.services import follows, mutes, posts, reactions
from fedishare.services.drafts import Draft
from tests.api import golden
from tests.api.conftest import Phone, School
from tests.builders import MONDAY, FrozenClock, Made, a_post, a_room

HOME = "/api/v1/timelines/home"


def ends(tx: Connection) -> list[datetime]:
    """When the worker will look at a mute again."""
    return list(tx.scalars(select(Job.due_at).where(Job.kind == EndMute.__name__).order_by(Job.due_at)))


async def wrote(school: School, by: Made, text: str, **over: Any) -> int:
    draft = Draft(text=text, **({"visibility": Visibility.PUBLIC} | over))
    return await school.own_db.write(posts.publish, school.here, author_id=by.id, draft=draft, people={})


async def at_home(phone: Phone) -> list[str]:
    return [each["id"] for each in (await phone.get(HOME)).json]


async def told(phone: Phone) -> list[tuple[str, str]]:
    found = (await phone.get("/api/v1/notifications")).json
    return [(each["type"], each["status"]["id"]) for each in found if each.get("status")]


async def test_a_follow_hears_what_its_follower_wants_of_it(school: School) -> None:
    _, phone = await school.a_teacher("ada")
    ben, _ = await school.a_teacher("ben")
    eve, _ = await school.a_teacher("eve")
    path = f"/api/v1/accounts/{ben.id}/follow"

    followed = await phone.post(path, reblogs="false", notify="true", languages=["de", "FR"])
    other = await a_post(school.db, school.here, by=eve, language="de")
    await school.own_db.write(reactions.add, school.here, kind=ReactionKind.BOOST, actor_id=ben.id, post_id=other.id)
    await wrote(school, ben, "Good morning", language="en-GB")
    german = await wrote(school, ben, "Guten Morgen", language="de-AT")
    await wrote(school, ben, "Only you", language="de", visibility=Visibility.MENTIONED)

    wishes = {"following": True, "showing_reblogs": False, "notifying": True, "languages": ["de", "fr"]}
    assert {name: followed.json[name] for name in wishes} == wishes
    assert await at_home(phone) == [str(german)]
    assert await told(phone) == [("status", str(german))]
    # What is not said stays as it is.
    assert (await phone.post(path)).json == followed.json
    back = await phone.post(path, json={"reblogs": True, "notify": False, "languages": []})
    assert {name: back.json[name] for name in wishes} == {
        "following": True,
        "showing_reblogs": True,
        "notifying": False,
        "languages": None,
    }
    english = await wrote(school, ben, "Hello", language="en")
    assert (await at_home(phone))[0] == str(english)
    assert len(await told(phone)) == 1
    assert (await phone.post(path, languages=["all of them"])).status == 422


async def test_boosts_of_somebody_go_from_the_home_once_they_are_not_wanted(school: School) -> None:
    _, browser, phone = await school.both("ada")
    ben, _ = await school.a_teacher("ben")
    eve, _ = await school.a_teacher("eve")
    await phone.post(f"/api/v1/accounts/{ben.id}/follow")
    post = await a_post(school.db, school.here, by=eve)
    await school.own_db.write(reactions.add, school.here, kind=ReactionKind.BOOST, actor_id=ben.id, post_id=post.id)
    before = await at_home(phone)

    await browser.post("/follow/boosts/hide", {"actor": str(ben.id)})
    await browser.post("/follow/notices/on", {"actor": str(ben.id)})

    assert (len(before), await at_home(phone)) == (1, [])
    [stands] = (await phone.get("/api/v1/accounts/relationships", id=[ben.id])).json
    assert (stands["showing_reblogs"], stands["notifying"]) == (False, True)
    page = (await browser.get("/@ben")).root.text
    assert "Show their boosts" in page
    assert "Not a notice of each post" in page


async def test_a_notice_of_each_post_of_a_room_is_the_watch_of_the_page(school: School) -> None:
    me, phone = await school.a_teacher("ada")
    room = await a_room(school.db, school.here, owner=me)

    followed = await phone.post(f"/api/v1/accounts/{room.id}/follow", notify="true")
    again = await phone.post(f"/api/v1/accounts/{room.id}/follow", notify="false")

    assert (followed.json["notifying"], again.json["notifying"]) == (True, False)


async def test_a_mute_ends_by_itself_and_may_leave_the_notices(school: School, clock: FrozenClock) -> None:
    ada, browser, phone = await school.both("ada")
    ben, _ = await school.a_teacher("ben", name="Ben")
    path = f"/api/v1/accounts/{ben.id}"

    muted = await phone.post(f"{path}/mute", duration=3600, notifications="false")
    [listed] = (await phone.get("/api/v1/mutes")).json
    golden.same("muted_account", listed)
    page = (await browser.get("/settings/blocks")).root.text
    assert "You still get notices of them." in page
    await school.own_db.write(follows.request, school.here, follower_id=ben.id, followee_id=ada.id)
    assert [each["type"] for each in (await phone.get("/api/v1/notifications")).json] == ["follow"]
    longer = await phone.post(f"{path}/mute", duration=7200)
    assert (await phone.get("/api/v1/notifications")).json == []

    async def after_an_hour() -> list[str]:
        clock.tick(seconds=3600)
        await school.own_db.write(mutes.end, school.here, EndMute(ada.id, ben.id))
        return [each["id"] for each in (await phone.get("/api/v1/mutes")).json]

    assert (muted.json["muting"], muted.json["muting_notifications"]) == (True, False)
    assert (longer.json["muting"], longer.json["muting_notifications"]) == (True, True)
    assert longer.json["muting_expires_at"] == "2026-09-07T10:30:00.000Z"
    assert await school.db.read(ends) == [MONDAY + timedelta(hours=1), MONDAY + timedelta(hours=2)]
    assert await after_an_hour() == [str(ben.id)]
    assert await after_an_hour() == []
    for wrong in ("-1", "1e3", "99999999999"):
        assert (await phone.post(f"{path}/mute", duration=wrong)).status == 422
