"""The gate: who of the other servers may read what (VIS-01), and what is never listed or counted (VIS-04)."""

from typing import Any, Final

import pytest
from sqlalchemy import Connection, update

from fedishare.as2 import write
from fedishare.as2.write import AS2
from fedishare.core import json
from fedishare.core.here import Here
from fedishare.db.base import Base
from fedishare.db.engine import Database
from fedishare.db.follows import Block
from fedishare.db.people import Actor
from fedishare.db.reactions import Reaction
from fedishare.db.work import Activity
from fedishare.domain.audience import PUBLIC_IRI, Visibility
from fedishare.domain.kinds import FollowState, Kind, ReactionKind
from fedishare.queries import collections, published
from tests.builders import MONDAY, Made, a_follow_row, a_person, a_post, a_room, add

ELSEWHERE: Final = "birch.test"
OTHER: Final = "cedar.test"
WHEN: Final = write.when(MONDAY)


async def a_private_post(db: Database, here: Here, *, by: Made, to: list[str], as_: Visibility, **over: Any) -> Made:
    return await a_post(db, here, by=by, visibility=as_, addressed_to=to, addressed_cc=[], **over)


def change(tx: Connection, table: type[Base], made: Made, /, **values: Any) -> None:
    tx.execute(update(table).where(table.__table__.c.id == made.id).values(**values))


async def a_node(db: Database, here: Here, domain: str) -> Made:
    return await a_person(
        db, here, local=False, kind=Kind.NODE, domain=domain, username=domain, uri=f"https://{domain}/actor"
    )


async def may_read(db: Database, post: Made, reader: Made | None) -> bool:
    return await db.read(published.may_read, post_id=post.id, reader=reader.id if reader else None)


@pytest.mark.parametrize("visibility", [Visibility.PUBLIC, Visibility.QUIET])
async def test_anybody_may_read_what_is_public(db: Database, here: Here, visibility: Visibility) -> None:
    anna = await a_person(db, here)
    post = await a_post(db, here, by=anna, visibility=visibility)

    assert await may_read(db, post, None)


@pytest.mark.parametrize("visibility", [Visibility.FOLLOWERS, Visibility.ROOM, Visibility.MENTIONED])
async def test_nobody_in_particular_may_read_what_is_for_some(db: Database, here: Here, visibility: Visibility) -> None:
    anna = await a_person(db, here)
    post = await a_private_post(db, here, by=anna, to=[f"{anna.uri}/followers"], as_=visibility)

    assert not await may_read(db, post, None)


async def test_followers_may_read_what_is_for_followers(db: Database, here: Here) -> None:
    anna, ben, cleo = [await a_person(db, here, local=local) for local in (True, False, False)]
    await a_follow_row(db, here, by=ben, of=anna)
    await a_follow_row(db, here, by=cleo, of=anna, state=FollowState.REQUESTED)
    post = await a_private_post(db, here, by=anna, to=[f"{anna.uri}/followers"], as_=Visibility.FOLLOWERS)

    assert (await may_read(db, post, ben), await may_read(db, post, cleo)) == (True, False)


async def test_members_and_their_room_may_read_what_is_for_the_room(db: Database, here: Here) -> None:
    anna, ben, cleo = [await a_person(db, here, local=local) for local in (True, False, False)]
    room = await a_room(db, here)
    await a_follow_row(db, here, by=ben, of=room)
    to = [room.uri, f"{room.uri}/followers"]
    post = await a_private_post(db, here, by=anna, to=to, as_=Visibility.ROOM, room_id=room.id)

    verdicts = [await may_read(db, post, who) for who in (ben, room, cleo)]

    assert verdicts == [True, True, False]


async def test_a_room_elsewhere_may_read_what_was_sent_to_it(db: Database, here: Here) -> None:
    anna = await a_person(db, here)
    room, stranger = [await a_room(db, here, local=False, domain=domain) for domain in (ELSEWHERE, OTHER)]
    to = [room.uri, f"{room.uri}/followers"]
    post = await a_private_post(db, here, by=anna, to=to, as_=Visibility.ROOM, room_id=room.id)

    assert (await may_read(db, post, room), await may_read(db, post, stranger)) == (True, False)


async def test_only_the_mentioned_may_read_what_is_for_them(db: Database, here: Here) -> None:
    anna, ben, cleo = [await a_person(db, here, local=local) for local in (True, False, False)]
    await a_follow_row(db, here, by=cleo, of=anna)
    post = await a_private_post(db, here, by=anna, to=[ben.uri], as_=Visibility.MENTIONED)

    assert (await may_read(db, post, ben), await may_read(db, post, cleo)) == (True, False)


async def test_a_node_may_read_what_one_of_its_people_may(db: Database, here: Here) -> None:
    anna = await a_person(db, here)
    ben = await a_person(db, here, local=False, domain=ELSEWHERE)
    await a_follow_row(db, here, by=ben, of=anna)
    node, other = [await a_node(db, here, domain) for domain in (ELSEWHERE, OTHER)]
    neighbour = await a_person(db, here, local=False, domain=ELSEWHERE)
    bot = await a_person(db, here, local=False, kind=Kind.NODE, domain=ELSEWHERE)
    post = await a_private_post(db, here, by=anna, to=[f"{anna.uri}/followers"], as_=Visibility.FOLLOWERS)

    verdicts = [await may_read(db, post, who) for who in (node, other, neighbour, bot)]

    assert verdicts == [True, False, False, False]


async def test_whoever_the_author_blocked_may_not_read_on(db: Database, here: Here) -> None:
    anna = await a_person(db, here)
    ben = await a_person(db, here, local=False)
    post = await a_private_post(db, here, by=anna, to=[ben.uri], as_=Visibility.MENTIONED)
    assert await may_read(db, post, ben)

    row = {"id": here.ids.new(), "uri": "https://alder.test/activities/1", "created_at": MONDAY}
    await db.write(add, Block, blocker_id=anna.id, blocked_id=ben.id, **row)

    assert not await may_read(db, post, ben)


@pytest.mark.parametrize("mark", ["suspended_at", "deleted_at"])
async def test_whoever_is_gone_may_not_read_on(db: Database, here: Here, mark: str) -> None:
    anna = await a_person(db, here)
    ben = await a_person(db, here, local=False)
    post = await a_private_post(db, here, by=anna, to=[ben.uri], as_=Visibility.MENTIONED)

    await db.write(change, Actor, ben, **{mark: MONDAY})

    assert not await may_read(db, post, ben)


async def test_nothing_of_a_suspended_author_is_shown(db: Database, here: Here) -> None:
    anna = await a_person(db, here)
    post = await a_post(db, here, by=anna)

    await db.write(change, Actor, anna, suspended_at=MONDAY)

    owner = await db.read(published.owner, uri=anna.uri)
    assert await db.read(published.post, uri=post.uri) is None
    # Their lists are kept back by whoever finds it so (tests/ap/test_objects.py).
    assert owner is not None
    assert owner.suspended_at == MONDAY


async def test_a_claim_to_our_followers_entitles_nobody(db: Database, here: Here) -> None:
    anna = await a_person(db, here)
    mallory = await a_person(db, here, local=False, domain=OTHER, followers=f"{anna.uri}/followers")
    eve = await a_person(db, here, local=False, domain=OTHER)
    await a_follow_row(db, here, by=eve, of=mallory)
    post = await a_private_post(db, here, by=anna, to=[f"{anna.uri}/followers"], as_=Visibility.FOLLOWERS)

    assert (await may_read(db, post, mallory), await may_read(db, post, eve)) == (False, False)


async def test_a_post_is_found_at_its_own_address_only(db: Database, here: Here) -> None:
    anna, ben = await a_person(db, here), await a_person(db, here, local=False)
    resource = await a_post(db, here, by=anna, uri="https://alder.test/resources/77")
    foreign = await a_post(db, here, by=ben)

    found = [
        await db.read(published.post, uri=uri) is not None
        for uri in (resource.uri, f"https://alder.test/posts/{resource.id}", foreign.uri)
    ]

    assert found == [True, False, False]


def a_whole_note(of: Made, *, by: Made, **over: Any) -> dict[str, Any]:
    """A post as it is sent out, with what every reader wants of it."""
    said = {"id": of.uri, "type": "Note", "attributedTo": by.uri, "published": WHEN, "content": "<p>x</p>"}
    return said | {"to": [PUBLIC_IRI], "cc": [], "sensitive": False, "tag": [], "attachment": []} | over


def a_whole_create(of: Made, *, by: Made, **over: Any) -> dict[str, Any]:
    said = {"@context": [AS2], "id": f"{of.uri}/activity", "type": "Create", "actor": by.uri, "to": [PUBLIC_IRI]}
    return said | {"cc": [], "published": WHEN, "object": a_whole_note(of, by=by)} | over


async def an_activity(db: Database, here: Here, *, by: Made, about: str, **over: Any) -> Made:
    activity_id = here.ids.new()
    uri = over.pop("uri", here.uris.activity(activity_id))
    to, kind = over.pop("to", [PUBLIC_IRI]), over.pop("type", "Announce")
    said = {"@context": [AS2], "id": uri, "type": kind, "actor": by.uri, "to": to, "cc": [], "published": WHEN}
    said["object"] = over.pop("inner", about)
    values = {
        "id": activity_id,
        "uri": uri,
        "actor_id": by.id,
        "type": kind,
        "object_uri": about,
        "body": json.dumps(said),
        "public": PUBLIC_IRI in to,
        "local": True,
        "created_at": MONDAY,
    } | over
    await db.write(add, Activity, **values)
    return Made(activity_id, uri)


async def test_an_activity_is_for_those_it_was_sent_to(db: Database, here: Here) -> None:
    anna, ben, cleo = [await a_person(db, here, local=local) for local in (True, False, False)]
    liked = await an_activity(db, here, by=anna, about="https://birch.test/1", type="Like", to=[ben.uri])

    found = [
        await db.read(published.activity, uri=liked.uri, reader=reader) is not None
        for reader in (ben.id, cleo.id, None)
    ]

    assert found == [True, False, False]


@pytest.mark.parametrize(("kind", "is_there"), [("Announce", False), ("Create", False), ("Delete", True)])
async def test_what_quotes_a_deleted_post_is_gone_but_not_its_deletion(
    db: Database, here: Here, kind: str, *, is_there: bool
) -> None:
    anna = await a_person(db, here)
    post = await a_post(db, here, by=anna, deleted_at=MONDAY)
    inner = a_whole_note(post, by=anna) if kind == "Create" else post.uri
    activity = await an_activity(db, here, by=anna, about=post.uri, type=kind, inner=inner)

    assert (await db.read(published.activity, uri=activity.uri) is not None) is is_there


async def test_what_a_room_passed_on_is_gone_with_the_post_inside(db: Database, here: Here) -> None:
    anna, room = await a_person(db, here), await a_room(db, here)
    post = await a_post(db, here, by=anna, deleted_at=MONDAY)
    create = a_whole_create(post, by=anna)
    gone = {"id": post.uri, "type": "Tombstone", "formerType": "Note", "deleted": WHEN}
    delete = a_whole_create(post, by=anna, id=f"{post.uri}/deletion", type="Delete", object=gone)
    passed = [await an_activity(db, here, by=room, about=str(it["id"]), inner=it) for it in (create, delete)]

    found = [await db.read(published.activity, uri=one.uri) is not None for one in passed]

    assert found == [False, True]


async def test_the_other_wording_of_an_activity_is_not_served(db: Database, here: Here) -> None:
    anna = await a_person(db, here)
    boost = await an_activity(db, here, by=anna, about="https://birch.test/1", variant="boost")

    assert await db.read(published.activity, uri=boost.uri) is None


async def a_boost(db: Database, here: Here, *, by: Made, of: Made) -> Made:
    boost_id = here.ids.new()
    made = Made(boost_id, here.uris.activity(boost_id))
    row = {"id": boost_id, "uri": made.uri, "kind": ReactionKind.BOOST, "created_at": MONDAY}
    await db.write(add, Reaction, actor_id=by.id, post_id=of.id, **row)
    return made


async def test_an_outbox_holds_public_posts_and_boosts_and_counts_nothing_else(db: Database, here: Here) -> None:
    anna, ben = await a_person(db, here), await a_person(db, here, local=False)
    first = await a_post(db, here, by=anna)
    for visibility in (Visibility.FOLLOWERS, Visibility.ROOM, Visibility.MENTIONED):
        await a_private_post(db, here, by=anna, to=[ben.uri], as_=visibility)
    await a_post(db, here, by=anna, deleted_at=MONDAY)
    quiet = await a_post(db, here, by=anna, visibility=Visibility.QUIET)
    boosted = await a_post(db, here, by=ben)
    boost = await a_boost(db, here, by=anna, of=boosted)
    secret = await a_private_post(db, here, by=ben, to=[anna.uri], as_=Visibility.MENTIONED)
    await a_boost(db, here, by=anna, of=secret)

    entries = await db.read(collections.entries, owner_id=anna.id, limit=20)

    assert [(entry.post_uri, entry.boost_uri) for entry in entries] == [
        (boosted.uri, boost.uri),
        (quiet.uri, None),
        (first.uri, None),
    ]
    assert await db.read(collections.count_entries, owner_id=anna.id) == 3


async def test_an_outbox_is_cut_into_pages_both_ways(db: Database, here: Here) -> None:
    anna = await a_person(db, here)
    posts = [await a_post(db, here, by=anna) for _ in range(4)]

    older = await db.read(collections.entries, owner_id=anna.id, limit=2, before=posts[3].id)
    newer = await db.read(collections.entries, owner_id=anna.id, limit=2, after=posts[0].id)

    assert [entry.id for entry in older] == [posts[2].id, posts[1].id]
    assert [entry.id for entry in newer] == [posts[2].id, posts[1].id]


async def test_replies_are_the_public_ones_from_everywhere_in_order(db: Database, here: Here) -> None:
    anna, ben, eve = [await a_person(db, here, local=local) for local in (True, False, False)]
    post = await a_post(db, here, by=anna)
    replies = [await a_post(db, here, by=who, in_reply_to_id=post.id) for who in (ben, anna)]
    await a_private_post(db, here, by=ben, to=[anna.uri], as_=Visibility.MENTIONED, in_reply_to_id=post.id)
    await a_post(db, here, by=ben, in_reply_to_id=post.id, deleted_at=MONDAY)
    await a_post(db, here, by=eve, in_reply_to_id=post.id)
    await db.write(change, Actor, eve, suspended_at=MONDAY)

    listed = await db.read(collections.replies, post_id=post.id, limit=10)

    assert [reply.uri for reply in listed] == [reply.uri for reply in replies]
    assert await db.read(collections.count_replies, post_id=post.id) == 2


async def test_only_accepted_followers_are_counted_and_named(db: Database, here: Here) -> None:
    anna, ben, cleo = [await a_person(db, here, local=local) for local in (True, False, False)]
    await a_follow_row(db, here, by=ben, of=anna)
    await a_follow_row(db, here, by=cleo, of=anna, state=FollowState.REQUESTED)

    named = await db.read(collections.followers, owner_id=anna.id, limit=10)

    assert [one.uri for one in named] == [ben.uri]
    assert await db.read(collections.count_followers, owner_id=anna.id) == 1
    assert await db.read(collections.count_following, owner_id=ben.id) == 1
    assert [one.uri for one in await db.read(collections.following, owner_id=ben.id, limit=10)] == [anna.uri]


async def test_a_thread_holds_what_its_reader_may_see_oldest_first(db: Database, here: Here) -> None:
    anna, ben = await a_person(db, here), await a_person(db, here, local=False)
    room = await a_room(db, here)
    await a_follow_row(db, here, by=ben, of=room)
    root = await a_post(db, here, by=anna, room_id=room.id)
    reply = await a_post(db, here, by=ben, thread_id=root.id)
    await a_private_post(db, here, by=ben, to=[anna.uri], as_=Visibility.MENTIONED, thread_id=root.id)

    thread = await db.read(published.thread, root_id=root.id)

    assert thread == published.Thread(room.uri, (root.uri, reply.uri), is_public=True)


async def test_a_thread_of_a_room_is_for_its_members(db: Database, here: Here) -> None:
    anna, ben, cleo = [await a_person(db, here, local=local) for local in (True, False, False)]
    room = await a_room(db, here)
    await a_follow_row(db, here, by=ben, of=room)
    to = [room.uri, f"{room.uri}/followers"]
    root = await a_private_post(db, here, by=anna, to=to, as_=Visibility.ROOM, room_id=room.id)
    hidden = {"thread_id": root.id, "room_id": room.id}
    answer = await a_private_post(db, here, by=anna, to=to, as_=Visibility.ROOM, **hidden)
    await a_private_post(db, here, by=anna, to=[cleo.uri], as_=Visibility.MENTIONED, **hidden)

    threads = [await db.read(published.thread, root_id=root.id, reader=reader) for reader in (ben.id, cleo.id, None)]

    assert threads == [published.Thread(room.uri, (root.uri, answer.uri), is_public=False), None, None]


async def test_threads_that_are_not_ours_are_not_answered_for(db: Database, here: Here) -> None:
    ben = await a_person(db, here, local=False)
    root = await a_post(db, here, by=ben)

    assert await db.read(published.thread, root_id=root.id) is None


async def test_a_room_shows_what_it_passed_on_and_is_still_there(db: Database, here: Here) -> None:
    anna, room = await a_person(db, here), await a_room(db, here)
    kept, deleted = await a_post(db, here, by=anna), await a_post(db, here, by=anna, deleted_at=MONDAY)
    for post in (kept, deleted):
        boost = await a_boost(db, here, by=room, of=post)
        await an_activity(db, here, by=room, about=post.uri, id=boost.id, uri=boost.uri)
    unsent = await a_post(db, here, by=anna)
    await a_boost(db, here, by=room, of=unsent)

    passed = await db.read(collections.passed_on, owner_id=room.id, limit=50)

    assert [(one.post_uri, one.is_edited) for one in passed] == [(kept.uri, False)]
