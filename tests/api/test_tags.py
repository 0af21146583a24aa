"""Hashtags that somebody follows or shows, and how far they have read."""

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.posts import PostTag
from tests.api import golden
from tests.api.conftest import School
from tests.builders import a_post, add


async def test_a_hashtag_is_followed_and_listed(school: School) -> None:
    _, phone = await school.a_teacher()
    _, other = await school.a_teacher()

    followed = (await phone.post("/api/v1/tags/Fractions/follow")).json
    again = (await phone.post("/api/v1/tags/fractions/follow")).json
    await phone.post("/api/v1/tags/maths/follow")
    first = await phone.get("/api/v1/followed_tags", limit=1)
    second = await phone.ask("GET", first.links["next"])

    golden.same("tag", followed)
    assert again["following"] is True
    assert [each["name"] for each in first.json + second.json] == ["maths", "Fractions"]
    assert (await other.get("/api/v1/tags/fractions")).json["following"] is False
    assert (await phone.post("/api/v1/tags/fractions/unfollow")).json["following"] is False
    assert [each["name"] for each in (await phone.get("/api/v1/followed_tags")).json] == ["maths"]


async def test_what_cannot_be_a_hashtag_is_none(school: School) -> None:
    _, phone = await school.a_teacher()

    for name in ("123", "a-b", "x" * 150, "%20"):
        assert (await phone.get(f"/api/v1/tags/{name}")).status == 404
        assert (await phone.post(f"/api/v1/tags/{name}/follow")).status == 404


async def test_hashtags_are_shown_on_ones_page(school: School, db: Database, here: Here) -> None:
    ada, phone = await school.a_teacher("ada")
    post = await a_post(db, here, by=ada)
    await db.write(add, PostTag, post_id=post.id, name="fractions", label="Fractions")

    shown = (await phone.post("/api/v1/featured_tags", {"name": "#Fractions"})).json
    wrong = await phone.post("/api/v1/featured_tags", {"name": "1"})
    public = (await school.stranger.get(f"/api/v1/accounts/{ada.id}/featured_tags")).json

    golden.same("featured_tag", shown)
    assert (wrong.status, public) == (422, [shown])
    assert (await phone.get("/api/v1/featured_tags")).json == [shown]
    assert (await phone.delete(f"/api/v1/featured_tags/{shown['id']}")).json == {}
    assert (await phone.delete(f"/api/v1/featured_tags/{shown['id']}")).status == 404


async def test_the_next_device_goes_on_where_the_last_one_was(school: School) -> None:
    person, phone = await school.a_teacher()
    second = await school.phone(person)
    _, other = await school.a_teacher()

    await phone.post("/api/v1/markers", {"home": {"last_read_id": "100"}})
    placed = (await phone.post("/api/v1/markers", **{"home[last_read_id]": "200"})).json
    found = (await second.get("/api/v1/markers", timeline=["home", "notifications", "other"])).json

    golden.same("marker", placed["home"])
    assert found == placed
    assert (await other.get("/api/v1/markers", timeline=["home"])).json == {}
    for wrong in ("x", "-1", "9" * 30):
        assert (await phone.post("/api/v1/markers", {"home": {"last_read_id": wrong}})).status == 422
