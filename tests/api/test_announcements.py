"""What the school tells everybody: written on a page, read in an app, answered with an emoji."""

from datetime import timedelta

from fedishare.domain.permissions import Role
from fedishare.services import announcements
from tests.api import golden
from tests.api.conftest import School
from tests.builders import FrozenClock

PATH = "/api/v1/announcements"


async def test_an_announcement_is_shown_until_it_is_read(school: School, clock: FrozenClock) -> None:
    _, boss, _ = await school.both("head", role=Role.MODERATOR)
    _, browser, phone = await school.both("ada")
    _, other = await school.a_teacher("ben")

    refused = await browser.post("/announcements", {"source": "Me too"})
    await boss.post("/announcements", {"source": "The school is **closed** on Friday.", "lasts": "7"})
    [told] = (await phone.get(PATH)).json
    golden.same("announcement", told)
    reacted = await phone.put(f"{PATH}/{told['id']}/reactions/🎉")
    await other.put(f"{PATH}/{told['id']}/reactions/🎉")

    assert (refused.status, reacted.json) == (403, {})
    [seen] = (await phone.get(PATH)).json
    assert seen["reactions"] == [{"name": "🎉", "count": 2, "me": True}]
    await phone.delete(f"{PATH}/{told['id']}/reactions/🎉")
    [seen] = (await phone.get(PATH)).json
    assert seen["reactions"] == [{"name": "🎉", "count": 1, "me": False}]
    assert "closed" in (await browser.get("/")).root.text
    assert (await phone.post(f"{PATH}/{told['id']}/dismiss")).json == {}
    assert (await phone.get(PATH)).json == []
    assert "closed" not in (await browser.get("/")).root.text
    assert [each["read"] for each in (await phone.get(PATH, with_dismissed="true")).json] == [True]
    for wrong in ("party", "1", "%20", "x" * 40):
        assert (await phone.put(f"{PATH}/{told['id']}/reactions/{wrong}")).status in {404, 422}
    assert (await phone.post(f"{PATH}/1/dismiss")).status == 404
    clock.tick(days=7)
    assert (await other.get(PATH)).json == []
    # Written anew, it is news to everybody.
    ends, number = clock.now() + timedelta(days=1), int(told["id"])
    await school.own_db.write(
        announcements.rewrite, school.here, announcement_id=number, source="On Monday", ends_at=ends
    )
    assert [each["content"] for each in (await phone.get(PATH)).json] == ["<p>On Monday</p>"]
    await boss.post(f"/announcements/{told['id']}/withdraw")
    assert (await phone.get(PATH)).json == []
