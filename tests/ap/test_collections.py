"""Collections over the wire: their shapes, their pages, their ends."""

from typing import Any, Final

import pytest
from sqlalchemy import Connection, event

from fedishare.ap import outboxes
from fedishare.ap.collections import PEOPLE, REPLIES
from fedishare.ap.outboxes import INLINE, ON_A_PAGE
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.posts import Post
from fedishare.db.rooms import Pin
from fedishare.domain.audience import Visibility
from fedishare.domain.digests import digest
from fedishare.domain.kinds import Kind
from fedishare.queries.collections import NEWEST
from tests.ap.conftest import Peer
from tests.ap.test_published import WHEN, a_boost, a_private_post, a_whole_create, a_whole_note, an_activity, change
from tests.builders import MONDAY, Made, a_follow_row, a_person, a_post, a_room, add

HOME: Final = "https://alder.test"


async def walk(peer: Peer, start: str, items: str) -> list[list[Any]]:
    """The items of every page from `start` on."""
    pages: list[list[Any]] = []
    following: str | None = start
    while following is not None:
        answer = await peer.get(following.removeprefix(HOME))
        assert answer.status == 200
        pages.append(answer.json[items])
        following = answer.json.get("next")
    return pages


async def a_sent_post(db: Database, here: Here, *, by: Made, **over: Any) -> Made:
    """A post with the Create that was sent out."""
    post = await a_post(db, here, by=by, **over)
    note = a_whole_note(post, by=by, content="first")
    await an_activity(db, here, by=by, about=post.uri, uri=f"{post.uri}/activity", type="Create", inner=note)
    return post


async def test_an_outbox_of_a_person_is_walked_page_by_page(peer: Peer, db: Database, here: Here) -> None:
    anna, ben = await a_person(db, here, username="anna"), await a_person(db, here, local=False)
    posts = [await a_sent_post(db, here, by=anna) for _ in range(ON_A_PAGE)]
    boosted = await a_post(db, here, by=ben)
    boost = await a_boost(db, here, by=anna, of=boosted)
    await an_activity(db, here, by=anna, about=boosted.uri, id=boost.id, uri=boost.uri)
    await a_private_post(db, here, by=anna, to=[ben.uri], as_=Visibility.MENTIONED)

    outbox = (await peer.get("/users/anna/outbox")).json
    pages = await walk(peer, outbox["first"], "orderedItems")
    last = (await peer.get(outbox["last"].removeprefix(HOME))).json

    assert (outbox["type"], outbox["totalItems"]) == ("OrderedCollection", ON_A_PAGE + 1)
    assert [len(page) for page in pages] == [ON_A_PAGE, 1]
    assert (pages[0][0]["type"], pages[0][0]["object"]) == ("Announce", boosted.uri)
    assert [item["object"]["id"] for page in pages for item in page[0:] if item["type"] == "Create"] == [
        post.uri for post in reversed(posts)
    ]
    assert [item["object"]["id"] for item in last["orderedItems"]] == [post.uri for post in reversed(posts)]
    assert "next" not in last


async def test_an_edited_post_reads_in_the_outbox_as_it_was_last_sent(peer: Peer, db: Database, here: Here) -> None:
    anna = await a_person(db, here, username="anna")
    post = await a_sent_post(db, here, by=anna, edited_at=MONDAY)
    for said in ("second", "third"):
        note = a_whole_note(post, by=anna, content=said, updated=WHEN)
        await an_activity(db, here, by=anna, about=post.uri, type="Update", inner=note)
    await a_post(db, here, by=anna)

    page = (await peer.get("/users/anna/outbox?page=true")).json

    assert [(item["type"], item["object"]["content"]) for item in page["orderedItems"]] == [("Create", "third")]


@pytest.mark.parametrize("many", [1, 3])
async def test_a_page_of_an_outbox_costs_the_same_however_much_it_holds(db: Database, here: Here, many: int) -> None:
    anna, ben = await a_person(db, here), await a_person(db, here, local=False)
    for _ in range(many):
        await a_sent_post(db, here, by=anna)
        boosted = await a_post(db, here, by=ben)
        boost = await a_boost(db, here, by=anna, of=boosted)
        await an_activity(db, here, by=anna, about=boosted.uri, id=boost.id, uri=boost.uri)

    box, statements = await db.read(load_counted, anna.uri)

    assert (len(box.lines), statements) == (2 * many, 6)


def load_counted(tx: Connection, uri: str) -> tuple[outboxes.Box, int]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(tx, "before_cursor_execute", note)
    box = outboxes.load(tx, uri=uri, is_room=False, edge=outboxes.Edge(NEWEST, None, "page=true"))
    event.remove(tx, "before_cursor_execute", note)
    return box, len(seen)


async def in_room(db: Database, here: Here, *, room: Made, by: Made) -> Made:
    """A post that a room of ours took and passed on."""
    post = await a_post(db, here, by=by, room_id=room.id)
    boost = await a_boost(db, here, by=room, of=post)
    row = {"id": boost.id, "uri": boost.uri, "inner": a_whole_create(post, by=by)}
    await an_activity(db, here, by=room, about=f"{post.uri}/activity", **row)
    return post


async def test_an_outbox_of_a_room_holds_what_it_passed_on(peer: Peer, db: Database, here: Here) -> None:
    anna, room = await a_person(db, here), await a_room(db, here, username="maths")
    posts = [await in_room(db, here, room=room, by=anna) for _ in range(3)]

    outbox = (await peer.get("/groups/maths/outbox")).json
    pages = await walk(peer, outbox["first"], "orderedItems")

    newest_first = [post.uri for post in reversed(posts)]
    assert outbox["totalItems"] == 3 <= INLINE
    assert {item["type"] for item in outbox["orderedItems"]} == {"Announce"}
    assert [item["object"]["object"]["id"] for item in outbox["orderedItems"]] == newest_first
    assert [item["object"]["object"]["id"] for page in pages for item in page] == newest_first


async def test_a_room_points_to_an_edited_post_instead_of_quoting_the_old_words(
    peer: Peer, db: Database, here: Here
) -> None:
    anna, room = await a_person(db, here), await a_room(db, here, username="maths")
    post = await in_room(db, here, room=room, by=anna)
    await db.write(change, Post, post, edited_at=MONDAY)

    outbox = (await peer.get("/groups/maths/outbox")).json

    assert outbox["orderedItems"][0]["object"] == f"{post.uri}/activity"


async def test_only_who_wants_to_be_found_shows_whom_they_know(peer: Peer, db: Database, here: Here) -> None:
    anna = await a_person(db, here, username="anna", discoverable=True)
    ben = await a_person(db, here, username="ben")
    fans = [await a_person(db, here, local=False) for _ in range(PEOPLE + 1)]
    for fan in fans:
        await a_follow_row(db, here, by=fan, of=anna)
    await a_follow_row(db, here, by=fans[0], of=ben)

    shown = (await peer.get("/users/anna/followers")).json
    hidden = [(await peer.get(f"/users/ben/followers{query}")).json for query in ("", "?page=true")]
    pages = await walk(peer, shown["first"], "orderedItems")

    assert (shown["totalItems"], [len(page) for page in pages]) == (PEOPLE + 1, [PEOPLE, 1])
    assert [uri for page in pages for uri in page] == [fan.uri for fan in reversed(fans)]
    assert [(one["totalItems"], one.keys() & {"first", "orderedItems"}) for one in hidden] == [(1, set()), (1, set())]


async def test_a_room_never_lists_its_members(peer: Peer, db: Database, here: Here) -> None:
    room = await a_room(db, here, username="maths", discoverable=True)
    await a_follow_row(db, here, by=await a_person(db, here, local=False), of=room)

    members = (await peer.get("/groups/maths/followers?page=true")).json

    assert members["totalItems"] == 1
    assert members.keys() & {"first", "orderedItems"} == set()


async def test_pinned_posts_are_there_whole_and_only_public_ones(peer: Peer, db: Database, here: Here) -> None:
    anna = await a_person(db, here, username="anna")
    shown = await a_sent_post(db, here, by=anna)
    private = await a_private_post(db, here, by=anna, to=[], as_=Visibility.FOLLOWERS)
    deleted = await a_post(db, here, by=anna, deleted_at=MONDAY)
    for post in (shown, private, deleted):
        await db.write(add, Pin, actor_id=anna.id, post_id=post.id)

    featured = (await peer.get("/users/anna/featured")).json

    assert featured["totalItems"] == 1
    assert [(item["id"], item["type"]) for item in featured["orderedItems"]] == [(shown.uri, "Note")]


async def test_moderators_are_named_by_address(peer: Peer, db: Database, here: Here) -> None:
    anna = await a_person(db, here)
    await a_room(db, here, username="maths", owner=anna)

    moderators = (await peer.get("/groups/maths/moderators")).json

    assert (moderators["type"], moderators["orderedItems"], moderators["totalItems"]) == (
        "OrderedCollection",
        [anna.uri],
        1,
    )


async def test_replies_come_with_their_first_page_and_the_last_has_no_next(
    peer: Peer, db: Database, here: Here
) -> None:
    anna, ben = await a_person(db, here), await a_person(db, here, local=False)
    post = await a_post(db, here, by=anna)
    replies = [await a_post(db, here, by=ben, in_reply_to_id=post.id) for _ in range(REPLIES + 1)]

    collection = (await peer.get(f"/posts/{post.id}/replies")).json
    rest = await walk(peer, collection["first"]["next"], "items")
    whole = await walk(peer, f"/posts/{post.id}/replies?page=1", "items")

    uris = [reply.uri for reply in replies]
    assert (collection["type"], collection["totalItems"]) == ("Collection", REPLIES + 1)
    assert collection["first"]["items"] + rest[0] == uris
    assert [uri for page in whole for uri in page] == uris


async def test_the_pages_that_a_post_names_are_there(peer: Peer, db: Database, here: Here) -> None:
    anna = await a_person(db, here)
    post = await a_post(db, here, by=anna, replies_count=7)
    replies = [await a_post(db, here, by=anna, in_reply_to_id=post.id) for _ in range(7)]

    note = (await peer.get(f"/posts/{post.id}")).json
    rest = await walk(peer, note["replies"]["first"]["next"], "items")

    assert {*note["replies"]["first"]["items"], *rest[0]} == {reply.uri for reply in replies}
    for name in ("replies", "likes", "shares"):
        assert (await peer.get(note[name]["id"].removeprefix(HOME))).json["id"] == note[name]["id"]


async def test_likes_and_shares_are_numbers_only(peer: Peer, db: Database, here: Here) -> None:
    post = await a_post(db, here, by=await a_person(db, here), likes_count=3, boosts_count=2)

    answers = [(await peer.get(f"/posts/{post.id}/{name}")).json for name in ("likes", "shares")]

    assert [(one["type"], one["totalItems"]) for one in answers] == [("Collection", 3), ("Collection", 2)]
    assert all(one.keys() == {"@context", "id", "type", "totalItems"} for one in answers)


async def test_a_thread_is_one_ordered_list_that_the_room_answers_for(peer: Peer, db: Database, here: Here) -> None:
    anna, room = await a_person(db, here), await a_room(db, here)
    root = await a_post(db, here, by=anna, room_id=room.id, addressed_cc=[room.uri])
    reply = await a_post(db, here, by=await a_person(db, here, local=False), thread_id=root.id)

    note = (await peer.get(f"/posts/{root.id}")).json
    thread = (await peer.get(note["context"].removeprefix(HOME))).json

    assert (thread["id"], thread["type"], thread["attributedTo"]) == (note["context"], "OrderedCollection", room.uri)
    assert (thread["orderedItems"], thread["totalItems"]) == ([root.uri, reply.uri], 2)


async def test_who_has_all_posts_of_a_thread_need_not_fetch_its_list(peer: Peer, db: Database, here: Here) -> None:
    anna = await a_person(db, here)
    root = await a_post(db, here, by=anna)
    replies = [await a_post(db, here, by=anna, thread_id=root.id) for _ in range(2)]
    path, have = f"/threads/{root.id}", digest([replies[1].uri, root.uri, replies[0].uri])

    same = await peer.get(path, If_None_Match=f'"{have}"')
    fewer = await peer.get(path, If_None_Match=f'"{digest([root.uri])}"')

    assert (same.status, same.body, fewer.status) == (304, b"", 200)
    assert fewer.headers["ETag"] == f'"{have}"'


async def test_a_server_is_shown_which_of_its_own_people_follow_and_no_others(
    peer: Peer, db: Database, here: Here
) -> None:
    anna = await a_person(db, here, username="anna")
    for name, domain in (("bea", "birch.test"), ("ben", "birch.test"), ("cleo", "cedar.test")):
        somebody = await a_person(db, here, local=False, username=name, domain=domain)
        await a_follow_row(db, here, by=somebody, of=anna)
    server = await a_person(db, here, local=False, username="birch.test", domain="birch.test", kind=Kind.NODE)
    path = "/users/anna/followers_synchronization"

    shown, hidden = await peer.get(path, by=server), await peer.get(path)

    assert hidden.status == 404
    assert (shown.json["type"], shown.json["id"]) == ("OrderedCollection", f"{HOME}{path}")
    assert shown.json["orderedItems"] == ["https://birch.test/users/bea", "https://birch.test/users/ben"]
    assert shown.headers["Cache-Control"] == "private, no-store"
