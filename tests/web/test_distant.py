"""Pictures of other servers: of what is public this node brings none, and of the rest only to those who may see it."""

import pytest

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.posts import Attachment
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import AttachmentKind
from tests.builders import Made, a_follow_row, a_person, a_post, add
from tests.web.conftest import Node

URL = "https://birch.test/media/abc"


async def a_picture_elsewhere(db: Database, here: Here, *, by: Made, visibility: Visibility) -> Made:
    post = await a_post(db, here, by=by, visibility=visibility)
    row = {"position": 0, "kind": AttachmentKind.IMAGE, "url": URL, "media_type": "image/png", "alt": "A wall"}
    await db.write(add, Attachment, post_id=post.id, **row)
    return post


@pytest.mark.parametrize("visibility", [Visibility.PUBLIC, Visibility.QUIET])
async def test_nobody_is_given_what_is_public_elsewhere(
    node: Node, db: Database, here: Here, visibility: Visibility
) -> None:
    _, teacher = await node.a_teacher()
    ben = await a_person(db, here, domain="birch.test", local=False)
    post = await a_picture_elsewhere(db, here, by=ben, visibility=visibility)

    page, answer = await teacher.get(f"/posts/{post.id}"), await teacher.get(f"/posts/{post.id}/pictures/1")

    assert page.root.one("a", class_="elsewhere")["href"] == URL
    assert answer.status == 404


async def test_a_picture_for_followers_is_shown_to_them_and_does_not_exist_for_others(
    node: Node, db: Database, here: Here
) -> None:
    anna, teacher = await node.a_teacher()
    _, other = await node.a_teacher()
    ben = await a_person(db, here, domain="birch.test", local=False)
    await a_follow_row(db, here, by=anna, of=ben)
    post = await a_picture_elsewhere(db, here, by=ben, visibility=Visibility.FOLLOWERS)
    path = f"/posts/{post.id}/pictures/1"

    page = await teacher.get(f"/posts/{post.id}")

    shown = page.root.one("div", class_="pictures").one("img")
    assert (shown["src"], shown["alt"]) == (path, "A wall")
    hidden, nothing = await other.get(path), await other.get("/posts/77/pictures/1")
    assert (hidden.status, hidden.body.replace(str(post.id).encode(), b"77")) == (404, nothing.body)
    assert [(await teacher.get(f"/posts/{post.id}/pictures/{number}")).status for number in ("0", "2", "x")] == [
        404
    ] * 3
    # Nobody answers at that address here, and the page says so.
    failed = await teacher.get(path)
    assert failed.status == 503
    assert "The server that has this picture did not give it to us." in failed.html
    assert (await node.stranger.get(path)).status in {303, 401}
