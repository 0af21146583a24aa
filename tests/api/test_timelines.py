"""Timelines as apps page through them."""

from typing import Any, Final

import pytest
from sqlalchemy import Connection

from fedishare.api import routes
from fedishare.api.calls import Call
from fedishare.db.engine import Database
from fedishare.db.posts import Attachment, Home, PostTag
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import AttachmentKind, ReactionKind
from fedishare.queries import lines
from fedishare.queries.lines import Span
from fedishare.services import follows, mutes, reactions
from tests.api.conftest import Phone, Reply, School
from tests.builders import FrozenClock, Made, a_follow_row, a_person, a_post, add

EVERYTHING: Final = Span(2**63 - 1, 0, is_upward=False, limit=20)


async def at_home(db: Database, reader: Made, *posts: Made) -> None:
    for post in posts:
        await db.write(add, Home, reader_id=reader.id, entry_id=post.id, post_id=post.id, booster_id=None)


async def some_posts(school: School, by: Made, count: int, **over: Any) -> list[Made]:
    return [await a_post(school.db, school.here, by=by, **over) for _ in range(count)]


def ids(reply: Reply) -> list[int]:
    assert reply.status == 200, reply.json
    return [int(each["id"]) for each in reply.json]


async def test_home_pages_down_up_and_from_since(school: School) -> None:
    ada, phone = await school.a_teacher("ada")
    posts = await some_posts(school, ada, 7)
    await at_home(school.db, ada, *posts)
    all_of_them = [post.id for post in posts][::-1]
    home = "/api/v1/timelines/home"

    assert ids(await phone.get(home)) == all_of_them
    first = await phone.get(home, limit=3)
    assert ids(first) == all_of_them[:3]
    second = await phone.get(first.links["next"])
    assert ids(second) == all_of_them[3:6]
    assert ids(await phone.get(second.links["next"])) == all_of_them[6:]
    assert ids(await phone.get(second.links["prev"])) == all_of_them[:3]
    # `min_id`: the ones immediately above; `since_id`: the newest above.
    assert ids(await phone.get(home, min_id=all_of_them[6], limit=2)) == all_of_them[4:6]
    assert ids(await phone.get(home, since_id=all_of_them[6], limit=2)) == all_of_them[:2]
    assert ids(await phone.get(home, max_id=all_of_them[2], since_id=all_of_them[5])) == all_of_them[3:5]
    empty = await phone.get(home, max_id=all_of_them[6])
    assert (ids(empty), empty.links) == ([], {})
    assert (await phone.get(home, limit=-1)).status == 400
    assert len(ids(await phone.get(home, limit=1000))) == 7


async def test_home_shows_boosts_with_ids_of_their_own(school: School) -> None:
    ada, _ = await school.a_teacher("ada")
    ben, phone = await school.a_teacher("ben")
    eve, _ = await school.a_teacher("eve")
    await a_follow_row(school.db, school.here, by=ben, of=ada)
    post = await a_post(school.db, school.here, by=eve)
    await school.db.write(reactions.add, school.here, kind=ReactionKind.BOOST, actor_id=ada.id, post_id=post.id)

    [boost] = (await phone.get("/api/v1/timelines/home")).json

    assert (boost["account"]["acct"], boost["reblog"]["id"]) == ("ada", str(post.id))
    assert boost["id"] != str(post.id)
    assert (await phone.get(f"/api/v1/statuses/{boost['id']}")).json == boost
    await school.db.write(mutes.mute, school.here, muter_id=ben.id, muted_id=eve.id)
    assert ids(await phone.get("/api/v1/timelines/home")) == []


async def test_home_takes_two_statements_when_its_posts_are_ready_however_many(
    school: School, monkeypatch: pytest.MonkeyPatch, clock: FrozenClock
) -> None:
    ada, phone = await school.a_teacher("ada")
    counts = []
    for _ in range(2):
        await at_home(school.db, ada, *await some_posts(school, ada, 10))
        # The first time that a connection meets a statement, it cannot tell what that changes.
        for _ in range(2):
            await phone.get("/api/v1/timelines/home")
        clock.tick(seconds=1)  # The whole answer stands ready for no longer; the posts do.
        counts.append(await statements(phone, monkeypatch, "/api/v1/timelines/home"))

    # Whose token it is, and the page with what each post is to its reader.
    assert counts == [2, 2]


async def test_making_posts_ready_takes_as_many_statements_for_one_as_for_twenty(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, phone = await school.a_teacher("ada")
    counts = []
    for count in (1, 19):
        await at_home(school.db, ada, *await some_posts(school, ada, count))
        counts.append(await statements(phone, monkeypatch, "/api/v1/timelines/home"))

    # The second time its author stands ready already, where nothing has touched people meanwhile.
    assert counts[1] <= counts[0] <= 9


async def statements(phone: Phone, monkeypatch: pytest.MonkeyPatch, path: str) -> int:
    """How many statements one request takes."""
    count = 0
    within = routes.Endpoint._within  # noqa: SLF001 -- where the statements of a request are run

    class Counting:
        def __init__(self, tx: Connection) -> None:
            self._tx = tx

        def execute(self, *args: Any, **more: Any) -> Any:
            nonlocal count
            count += 1
            return self._tx.execute(*args, **more)

        def scalar(self, *args: Any) -> Any:
            return self.execute(*args).scalar()

        def scalars(self, *args: Any) -> Any:
            return self.execute(*args).scalars()

    def counted(endpoint: routes.Endpoint, tx: Connection, call: Call, secret: str | None) -> Any:
        return within(endpoint, Counting(tx), call, secret)  # type: ignore[arg-type]  # as far as a handler uses one

    with monkeypatch.context() as patch:
        patch.setattr(routes.Endpoint, "_within", counted)
        assert (await phone.get(path)).status == 200
    return count


async def test_public_is_narrowed_to_here_or_elsewhere_or_to_what_has_pictures(school: School) -> None:
    ada, phone = await school.a_teacher("ada")
    bob = await a_person(school.db, school.here, local=False)
    here, there = await a_post(school.db, school.here, by=ada), await a_post(school.db, school.here, by=bob)
    await a_post(school.db, school.here, by=ada, visibility=Visibility.QUIET)
    row = {"position": 0, "kind": AttachmentKind.IMAGE, "url": "https://birch.test/a.png", "media_type": "image/png"}
    await school.db.write(add, Attachment, post_id=there.id, alt="", **row)
    public = "/api/v1/timelines/public"

    for someone in (phone, school.stranger):
        assert ids(await someone.get(public)) == [there.id, here.id]
        assert ids(await someone.get(public, local="true")) == [here.id]
        assert ids(await someone.get(public, remote="1")) == [there.id]
        assert ids(await someone.get(public, only_media="true")) == [there.id]
        assert ids(await someone.get(public, only_media="true", local="true")) == []
    page = await school.stranger.get(public, limit=1, local="true")
    assert "local=true" in page.links["next"]


async def test_a_hashtag_with_any_all_and_none(school: School) -> None:
    ada, phone = await school.a_teacher("ada")
    posts = await some_posts(school, ada, 4)
    for post, names in zip(posts, (["maths"], ["maths", "year4"], ["art"], ["maths", "art"]), strict=True):
        for name in names:
            await school.db.write(add, PostTag, name=name, post_id=post.id, label=name)
    one, two, three, four = (post.id for post in posts)
    tag = "/api/v1/timelines/tag"

    assert ids(await phone.get(f"{tag}/Maths")) == [four, two, one]
    assert ids(await phone.get(f"{tag}/maths", any=["art"])) == [four, three, two, one]
    assert ids(await phone.get(f"{tag}/maths", all=["art"])) == [four]
    assert ids(await phone.get(f"{tag}/maths", all=["art", "year4"])) == []
    assert ids(await phone.get(f"{tag}/maths", none=["art", "year4"])) == [one]
    assert ids(await phone.get(f"{tag}/maths", all=["!!"])) == []
    assert ids(await phone.get(f"{tag}/!!")) == []


async def test_a_link_leads_to_those_who_shared_it(school: School) -> None:
    ada, phone = await school.a_teacher("ada")
    link = '<p><a href="https://example.org/a_b">x</a></p>'
    post = await a_post(school.db, school.here, by=ada, content=link)
    await a_post(school.db, school.here, by=ada, content=link.replace("a_b", "acb"))

    assert ids(await phone.get("/api/v1/timelines/link", url="https://example.org/a_b")) == [post.id]
    assert (await phone.get("/api/v1/timelines/link", url="javascript:alert(1)")).status == 404
    assert ids(await phone.get("/api/v1/timelines/link", url="https://example.org/%")) == []


@pytest.mark.parametrize("kind", ["favourite", "bookmark"])
async def test_what_one_likes_or_keeps_is_paged_by_when_one_did(school: School, kind: str) -> None:
    ada, _ = await school.a_teacher("ada")
    _, phone = await school.a_teacher("ben")
    posts = await some_posts(school, ada, 3)
    for post in (posts[1], posts[0], posts[2]):
        await phone.post(f"/api/v1/statuses/{post.id}/{kind}")

    first = await phone.get(f"/api/v1/{kind}s", limit=2)

    assert ids(first) == [posts[2].id, posts[0].id]
    second = await phone.get(first.links["next"])
    assert ids(second) == [posts[1].id]
    assert ids(await phone.get(second.links["prev"])) == [posts[2].id, posts[0].id]


async def test_members_of_a_list_with_their_answers_to_one_another(school: School) -> None:
    ada, _ = await school.a_teacher("ada")
    ben, _ = await school.a_teacher("ben")
    eve, _ = await school.a_teacher("eve")
    post, other = await a_post(school.db, school.here, by=ada), await a_post(school.db, school.here, by=eve)
    among = await a_post(school.db, school.here, by=ben, in_reply_to_id=post.id, in_reply_to_uri=post.uri)
    await a_post(school.db, school.here, by=ben, in_reply_to_id=other.id, in_reply_to_uri=other.uri)
    await school.db.write(reactions.add, school.here, kind=ReactionKind.BOOST, actor_id=ben.id, post_id=other.id)

    members = [ada.id, ben.id]
    rows = await school.db.read(lines.of_members, viewer=ada.id, span=EVERYTHING, members=members)

    assert [row.post.id for row in rows] == [other.id, among.id, post.id]
    assert [row.boost_id is not None for row in rows] == [True, False, False]


async def test_a_school_may_keep_its_timelines_to_its_people(school: School) -> None:
    _, phone = await school.a_teacher("ada")
    school.node.change(hides_timelines=True)

    access = (await school.stranger.get("/api/v2/instance")).json["configuration"]["timelines_access"]
    assert access == {
        "live_feeds": {"local": "authenticated", "remote": "authenticated"},
        "hashtag_feeds": {"local": "authenticated", "remote": "authenticated"},
        "trending_link_feeds": {"local": "disabled", "remote": "disabled"},
    }
    for path in ("public", "tag/maths", "link?url=https://example.org/"):
        assert (await school.stranger.get(f"/api/v1/timelines/{path}")).status == 401
        assert (await phone.get(f"/api/v1/timelines/{path}")).status == 200


async def test_who_reacted_is_paged_and_leaves_out_who_blocked_the_viewer(school: School) -> None:
    ada, phone = await school.a_teacher("ada")
    post = await a_post(school.db, school.here, by=ada)
    people = [(await school.a_teacher(name))[0] for name in ("ben", "cat", "dan")]
    for person in people:
        await school.db.write(reactions.add, school.here, kind=ReactionKind.LIKE, actor_id=person.id, post_id=post.id)
    path = f"/api/v1/statuses/{post.id}/favourited_by"

    first = await phone.get(path, limit=2)
    assert [each["acct"] for each in first.json] == ["dan", "cat"]
    assert [each["acct"] for each in (await phone.get(first.links["next"])).json] == ["ben"]
    await school.db.write(follows.block, school.here, blocker_id=people[1].id, blocked_id=ada.id)
    assert [each["acct"] for each in (await phone.get(path)).json] == ["dan", "ben"]


async def test_what_somebody_wrote_is_narrowed_as_apps_ask(school: School, clock: FrozenClock) -> None:
    ada, phone = await school.a_teacher("ada")
    ben, other = await school.a_teacher("ben")
    plain = await a_post(school.db, school.here, by=ada)
    pictured = await a_post(school.db, school.here, by=ada)
    row = {"position": 0, "kind": AttachmentKind.IMAGE, "url": "https://birch.test/a.png", "media_type": "image/png"}
    await school.db.write(add, Attachment, post_id=pictured.id, alt="", **row)
    tagged = await a_post(school.db, school.here, by=ada)
    await school.db.write(add, PostTag, name="maths", post_id=tagged.id, label="Maths")
    theirs = await a_post(school.db, school.here, by=ben)
    answer = {"in_reply_to_id": theirs.id, "in_reply_to_uri": theirs.uri}
    answering = await a_post(school.db, school.here, by=ada, **answer)
    alone = {"in_reply_to_id": plain.id, "in_reply_to_uri": plain.uri}
    going_on = await a_post(school.db, school.here, by=ada, **alone)
    secret = await a_post(school.db, school.here, by=ada, visibility=Visibility.FOLLOWERS)
    clock.tick(seconds=1)
    boost = int((await phone.post(f"/api/v1/statuses/{theirs.id}/reblog")).json["id"])
    await phone.post(f"/api/v1/statuses/{plain.id}/pin")
    path = f"/api/v1/accounts/{ada.id}/statuses"
    everything = [boost, going_on.id, answering.id, tagged.id, pictured.id, plain.id]

    for someone in (other, school.stranger):
        assert ids(await someone.get(path)) == everything
        assert ids(await someone.get(path, exclude_reblogs="true")) == everything[1:]
        without = ids(await someone.get(path, exclude_replies="true"))
        assert without == [each for each in everything if each != answering.id]
        assert ids(await someone.get(path, only_media="true")) == [pictured.id]
        assert ids(await someone.get(path, tagged="Maths")) == [tagged.id]
        assert ids(await someone.get(path, pinned="true")) == [plain.id]
        assert ids(await someone.get(path, min_id=plain.id, limit=2)) == [tagged.id, pictured.id]
    assert ids(await phone.get(path))[:2] == [boost, secret.id]
    assert (await other.get("/api/v1/accounts/12345/statuses")).status == 404
