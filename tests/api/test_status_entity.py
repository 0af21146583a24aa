"""What apps read of a post: every field that some app cannot do without, and nothing that is not for the viewer."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Connection, update

from fedishare.api.calls import Call, Who
from fedishare.api.entities import statuses
from fedishare.api.kept import Kept, Moment
from fedishare.api.params import Params
from fedishare.db.engine import Database
from fedishare.db.posts import Attachment, Post, PostTag
from fedishare.db.posts import Mention as MentionRow
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import AttachmentKind, ReactionKind
from fedishare.http.keys import SETTINGS, STATIC
from fedishare.queries import statuses as queries
from fedishare.services import reactions
from tests.api.conftest import School
from tests.builders import Made, a_follow_row, a_post, a_resource, a_room, add

SCHEMAS: Final = Path(__file__).parents[2].parent / "shared" / "schemas" / "mastodon-openapi-4.7.json"
# client-api.md 4: what all apps together cannot do without.
NEEDED: Final = {
    "id": str, "uri": str, "created_at": str, "account": dict, "content": str, "visibility": str, "sensitive": bool,
    "spoiler_text": str, "media_attachments": list, "mentions": list, "tags": list, "emojis": list,
    "reblogs_count": int, "favourites_count": int, "replies_count": int,
}  # fmt: skip
WITH_USER: Final = {"favourited": bool, "reblogged": bool, "muted": bool, "bookmarked": bool, "filtered": list}


class Desk:
    """Asks for entities as an endpoint would."""

    def __init__(self, school: School) -> None:
        self.school = school
        self.kept = Kept(lambda: school.db.ledger, api_version=7)

    def call(self, viewer: Made | None) -> Call:
        app = self.school.client.app
        who = Who(person_id=viewer.id, actor_id=viewer.id) if viewer else Who()
        return Call(
            params=Params({}),
            at="/",
            path={},
            here=self.school.here,
            settings=app[SETTINGS],
            kept=self.kept,
            moment=Moment(self.school.here.now(), self.school.db.ledger.commits),
            address="",
            static=app[STATIC],
            who=who,
        )

    async def many(self, viewer: Made | None, *ids: int) -> dict[int, Any]:
        def read(tx: Connection) -> dict[int, Any]:
            return {key: json.loads(bytes(raw)) for key, raw in statuses.many(tx, self.call(viewer), ids).items()}

        return await self.school.db.read(read)

    async def one(self, viewer: Made | None, post: Made) -> Any:
        return (await self.many(viewer, post.id))[post.id]


@pytest.fixture
def desk(school: School) -> Desk:
    return Desk(school)


async def test_a_post_has_every_field_that_some_app_cannot_do_without(desk: Desk, school: School) -> None:
    ada, _ = await school.a_teacher("ada")
    ben, _ = await school.a_teacher("ben")
    post = await a_post(school.db, school.here, by=ada, warning="Long")

    seen = await desk.one(ben, post)

    assert {name: type(seen[name]) for name in NEEDED | WITH_USER} == NEEDED | WITH_USER
    assert {name for name in NEEDED | WITH_USER if seen[name] is None} == set()
    assert set(await desk.one(None, post)) == set(seen) - set(WITH_USER)
    assert (await desk.one(ada, post))["pinned"] is False


async def test_the_fields_are_those_of_mastodon(desk: Desk, school: School) -> None:
    if not SCHEMAS.exists():
        pytest.skip("the description of Mastodon's API is not beside this checkout")
    known = json.loads(SCHEMAS.read_text())["components"]["schemas"]
    ada, _ = await school.a_teacher("ada")
    post = await a_resource(school.db, school.here, by=ada)
    await a_picture(school.db, post)

    seen = await desk.one(ada, post)

    assert set(known["Status"]["required"]) <= set(seen)
    assert set(seen) <= set(known["Status"]["properties"])
    assert set(known["PreviewCard"]["required"]) <= set(seen["card"])
    assert set(known["MediaAttachment"]["required"]) <= set(seen["media_attachments"][0])
    assert set(known["QuoteApproval"]["required"]) == set(seen["quote_approval"])


async def a_picture(db: Database, post: Made) -> None:
    row = {"position": 0, "kind": AttachmentKind.IMAGE, "url": "https://birch.test/a.png", "media_type": "image/png"}
    more = {"alt": "A wall", "width": 400, "height": 300, "focal_x": 0.5, "focal_y": -0.5}
    await db.write(add, Attachment, post_id=post.id, **row, **more)


async def test_a_post_in_full(desk: Desk, school: School) -> None:
    ada, _ = await school.a_teacher("ada")
    ben, _ = await school.a_teacher("ben")
    post = await a_post(school.db, school.here, by=ada, content="<p>Hello <strong>all</strong></p>", warning="Loud")
    await a_picture(school.db, post)
    await school.db.write(add, PostTag, name="maths", label="Maths", post_id=post.id)
    await school.db.write(add, MentionRow, post_id=post.id, actor_id=ben.id)

    seen = await desk.one(ben, post)

    assert seen.pop("account")["acct"] == "ada"
    attached = seen.pop("media_attachments")
    assert attached == [
        {
            "id": attached[0]["id"],
            "type": "image",
            "url": "https://birch.test/a.png",
            "preview_url": "https://birch.test/a.png",
            "remote_url": "https://birch.test/a.png",
            "preview_remote_url": None,
            "text_url": None,
            "meta": {
                "original": {"width": 400, "height": 300, "size": "400x300", "aspect": 1.3333},
                "small": {"width": 400, "height": 300, "size": "400x300", "aspect": 1.3333},
                "focus": {"x": 0.5, "y": -0.5},
            },
            "description": "A wall",
            "blurhash": None,
        }
    ]
    assert seen == {
        "id": str(post.id),
        "created_at": "2026-09-07T08:30:00.000Z",
        "in_reply_to_id": None,
        "in_reply_to_account_id": None,
        "sensitive": False,
        "spoiler_text": "Loud",
        "visibility": "public",
        "language": "en",
        "uri": post.uri,
        "url": post.uri,
        "replies_count": 0,
        "reblogs_count": 0,
        "favourites_count": 0,
        "quotes_count": 0,
        "edited_at": None,
        "content": "<p>Hello all</p>",
        "mentions": [{"id": str(ben.id), "username": "ben", "acct": "ben", "url": "https://alder.test/@ben"}],
        "tags": [{"name": "Maths", "url": "https://alder.test/tags/maths"}],
        "emojis": [],
        "card": None,
        "application": None,
        "reblog": None,
        "poll": None,
        "quote": None,
        "quote_approval": {"automatic": ["public"], "manual": [], "current_user": "automatic"},
        "favourited": False,
        "reblogged": False,
        "muted": False,
        "bookmarked": False,
        "filtered": [],
    }


async def test_a_boost_has_an_id_of_its_own_around_the_post(desk: Desk, school: School) -> None:
    ada, _ = await school.a_teacher("ada")
    ben, _ = await school.a_teacher("ben")
    post = await a_post(school.db, school.here, by=ada)
    await school.db.write(reactions.add, school.here, kind=ReactionKind.BOOST, actor_id=ben.id, post_id=post.id)
    boost_id = await school.db.read(lambda tx: queries.boost_of(tx, post_id=post.id, actor_id=ben.id))
    assert boost_id is not None

    seen = await desk.many(ben, boost_id, post.id)

    boost, inner = seen[boost_id], seen[post.id]
    assert boost["id"] == str(boost_id) != inner["id"]
    assert boost["account"]["acct"] == "ben"
    assert boost["reblog"] == inner
    assert (inner["reblogged"], inner["reblogs_count"], boost["reblogged"]) == (True, 1, True)
    assert set(NEEDED | WITH_USER) <= set(boost)


async def test_a_resource_is_a_readable_post_with_its_title_link_and_files(desk: Desk, school: School) -> None:
    ada, _ = await school.a_teacher("ada")
    post = await a_resource(school.db, school.here, by=ada, content="<p>Cut it out.</p>")

    seen = await desk.one(ada, post)

    assert seen["content"].startswith("<p>Fraction wall</p><p>Cut it out.</p>")
    assert "Worksheet" in seen["content"]
    assert f'<a href="{post.uri}/files/wall.pdf"' in seen["content"]
    assert (seen["card"]["url"], seen["card"]["title"]) == (post.uri, "Fraction wall")


async def test_what_is_in_a_room_names_the_room_and_is_private_where_it_is_for_its_members(
    desk: Desk, school: School
) -> None:
    ada, _ = await school.a_teacher("ada")
    ben, _ = await school.a_teacher("ben")
    room = await a_room(school.db, school.here, owner=ada, username="maths")
    await a_follow_row(school.db, school.here, by=ben, of=room)
    post = await a_post(school.db, school.here, by=ada, room_id=room.id, visibility=Visibility.ROOM)

    seen = await desk.one(ben, post)

    assert seen["visibility"] == "private"
    assert [each["acct"] for each in seen["mentions"]] == ["maths"]


@pytest.mark.parametrize("visibility", [Visibility.FOLLOWERS, Visibility.ROOM, Visibility.MENTIONED])
async def test_what_one_may_read_is_kept_and_another_still_may_not(
    desk: Desk, school: School, visibility: Visibility
) -> None:
    ada, _ = await school.a_teacher("ada")
    eve, _ = await school.a_teacher("eve")
    post = await a_post(school.db, school.here, by=ada, visibility=visibility)

    assert post.id in await desk.many(ada, post.id)
    assert await desk.many(eve, post.id) == {}
    assert await desk.many(None, post.id) == {}


def _change(tx: Connection, /, **values: Any) -> None:
    tx.execute(update(Post).values(**values))


async def test_what_is_edited_or_gone_is_not_shown_as_it_was(desk: Desk, school: School) -> None:
    ada, _ = await school.a_teacher("ada")
    post = await a_post(school.db, school.here, by=ada)
    assert (await desk.one(ada, post))["content"] == f"<p>Post {post.id}</p>"

    await school.db.write(_change, content="<p>Anew</p>")
    assert (await desk.one(ada, post))["content"] == "<p>Anew</p>"

    await school.db.write(_change, deleted_at=school.here.now())
    assert await desk.many(ada, post.id) == {}
