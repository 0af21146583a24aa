"""What is talked about: hashtags of several people, posts that were liked, and what one writes about oneself."""

from fedishare.db.posts import PostTag
from tests.api.conftest import School
from tests.builders import FrozenClock, Made, a_person, a_post, add


async def tagged(school: School, by: Made, *labels: str, **over: int) -> Made:
    post = await a_post(school.db, school.here, by=by, **over)
    for label in labels:
        await school.own_db.write(add, PostTag, name=label.lower(), post_id=post.id, label=label)
    return post


async def test_what_several_people_wrote_about_this_week_trends(school: School, clock: FrozenClock) -> None:
    ada, phone = await school.a_teacher("ada", discoverable=True)
    ben = await a_person(school.db, school.here, local=False)
    await tagged(school, ada, "Phonics", "Old")
    await tagged(school, ben, "Old")
    clock.tick(days=8)
    await tagged(school, ada, "Fractions", "Mine")
    await tagged(school, ben, "fractions", "Phonics")
    clock.tick(days=1)
    liked = await tagged(school, ada, "Fractions", likes_count=2, boosts_count=1)
    await tagged(school, ben, likes_count=9)

    found = (await school.stranger.get("/api/v1/trends/tags")).json

    assert [tag["name"].lower() for tag in found] == ["fractions"]
    day = int((clock.now().timestamp()) // 86_400) * 86_400
    assert found[0]["history"] == [
        {"day": str(day), "uses": "1", "accounts": "1"},
        {"day": str(day - 86_400), "uses": "2", "accounts": "2"},
    ]
    assert (await phone.get("/api/v1/trends", offset=1)).json == []
    # Of ben nobody knows whether he wants to be found.
    assert [each["id"] for each in (await phone.get("/api/v1/trends/statuses")).json] == [str(liked.id)]
    assert (await school.stranger.get("/api/v1/trends/links")).json == []
    await phone.post("/api/v1/featured_tags", name="Fractions")
    own = (await phone.get("/api/v1/featured_tags/suggestions")).json
    assert [tag["name"] for tag in own] == ["Mine", "Old", "Phonics"]
    school.node.change(hides_timelines=True)
    assert (await school.stranger.get("/api/v1/trends/tags")).json == []
