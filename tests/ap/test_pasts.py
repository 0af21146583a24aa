"""What a room that moved away shows to its new home alone."""

from typing import Any

import pytest

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.rooms import Ban, Carried, Lock, Pin
from fedishare.domain.audience import Visibility
from tests.ap.conftest import Peer
from tests.builders import MONDAY, Made, a_follow_row, a_person, a_post, a_room, add

BIRCH = "https://birch.test"


async def a_moved_room(db: Database, here: Here) -> tuple[Made, Made]:
    """A private room of ours and where it went; what was in it is in the new one, as here since the move."""
    shut: dict[str, Any] = {"locked": True, "discoverable": False}
    new = await a_room(db, here, local=False, uri=f"{BIRCH}/groups/leaders", **shut)
    old = await a_room(db, here, username="slt", moved_to=new.uri, moved_at=MONDAY, **shut)
    return old, new


async def test_what_was_in_a_room_that_moved_is_there_page_by_page(
    peer: Peer, db: Database, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fedishare.ap.pasts.ON_A_PAGE", 2)
    old, new = await a_moved_room(db, here)
    ann, sam = await a_person(db, here), await a_person(db, here, suspended_at=MONDAY)
    posts = [await a_post(db, here, by=ann, room_id=new.id, visibility=Visibility.ROOM) for _ in range(2)]
    carried = await a_post(db, here, by=ann)
    await db.write(add, Carried, room_id=new.id, post_id=carried.id, entry_id=1)
    await a_post(db, here, by=sam, room_id=new.id)
    await a_post(db, here, by=ann, room_id=new.id, deleted_at=MONDAY)
    await a_post(db, here, by=ann, room_id=new.id, visibility=Visibility.MENTIONED)

    whole = await peer.get("/groups/slt/past", by=new)
    pages = [await peer.get("/groups/slt/past?page=true&min_id=0", by=new)]
    pages.append(await peer.get(str(pages[0].json["next"]).removeprefix("https://alder.test"), by=new))

    assert (whole.status, whole.json["totalItems"], whole.headers["Cache-Control"]) == (200, 3, "private, no-store")
    assert whole.json["first"] == f"{old.uri}/past?page=true&min_id=0"
    listed = [uri for page in pages for uri in page.json["orderedItems"]]
    assert listed == [posts[0].uri, posts[1].uri, carried.uri]
    assert "next" not in pages[1].json


async def test_what_was_decided_is_told_in_the_words_of_moderators(peer: Peer, db: Database, here: Here) -> None:
    old, new = await a_moved_room(db, here)
    ann, eve = await a_person(db, here), await a_person(db, here, local=False)
    post = await a_post(db, here, by=ann, room_id=new.id, visibility=Visibility.ROOM)
    await db.write(add, Pin, actor_id=new.id, post_id=post.id)
    await db.write(add, Lock, room_id=new.id, thread_id=post.id, reason="Settled", created_at=MONDAY)
    await db.write(add, Ban, room_id=new.id, actor_id=eve.id, reason="Spam", until=MONDAY, created_at=MONDAY)

    found = (await peer.get("/groups/slt/decisions", by=new)).json

    assert found["orderedItems"] == [
        {"type": "Block", "object": eve.uri, "target": old.uri, "summary": "Spam", "endTime": "2026-09-07T08:30:00Z"},
        {"type": "Lock", "object": post.uri, "summary": "Settled"},
        {"type": "Add", "object": post.uri, "target": f"{old.uri}/featured"},
    ]


@pytest.mark.parametrize("path", ["/groups/slt/past", "/groups/slt/past?page=true&min_id=0", "/groups/slt/decisions"])
async def test_nobody_but_the_new_home_is_shown_any_of_it(peer: Peer, db: Database, here: Here, path: str) -> None:
    old, new = await a_moved_room(db, here)
    member = await a_person(db, here, local=False)
    await a_follow_row(db, here, by=member, of=old)
    other = await a_room(db, here, local=False, also_known_as=[old.uri])
    nothing = await peer.get(path.replace("slt", "nobody"), by=new)

    answers = [await peer.get(path, by=by) for by in (None, member, other)]

    assert [answer.all for answer in answers] == [nothing.all] * 3
    assert nothing.status == 404
    assert (await peer.get(path, by=new)).status == 200


async def test_what_was_for_the_members_of_the_old_room_is_for_those_of_the_new_one(
    peer: Peer, db: Database, here: Here
) -> None:
    old, new = await a_moved_room(db, here)
    ann, stranger = await a_person(db, here), await a_person(db, here, local=False, domain="elm.test")
    post = await a_post(
        db,
        here,
        by=ann,
        room_id=new.id,
        visibility=Visibility.ROOM,
        addressed_to=[old.uri, f"{old.uri}/followers"],
    )
    path = f"/posts/{post.id}"

    statuses = [(await peer.get(path, by=by)).status for by in (new, stranger, None)]

    assert statuses == [200, 404, 404]
