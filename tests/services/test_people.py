"""Actors from elsewhere: kept once, refreshed, archived when somebody else proves the name is theirs."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection, select

from fedishare.core.errors import Invalid
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.follows import Follow
from fedishare.db.people import Actor, ActorKey
from fedishare.db.posts import Post
from fedishare.db.resources import ResourceFile
from fedishare.db.work import Job, Tombstone
from fedishare.domain.kinds import KeyKind, Kind
from fedishare.services import people
from fedishare.services.people import ForeignActor, ForeignKey
from tests.builders import Made, a_follow_row, a_person, a_resource, an_ed25519_pair, an_rsa_pair


def rows(tx: Connection, *columns: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in tx.execute(select(*columns))]


def a_foreign_actor(uri: str = "https://birch.test/users/ada", **over: Any) -> ForeignActor:
    values: dict[str, Any] = {
        "uri": uri,
        "kind": Kind.PERSON,
        "username": "ada",
        "domain": "birch.test",
        "host": "birch.test",
        "name": "Ada",
        "summary": "",
        "url": uri,
        "inbox": f"{uri}/inbox",
        "shared_inbox": "https://birch.test/inbox",
        "outbox": None,
        "followers": f"{uri}/followers",
        "following": None,
        "featured": None,
        "moderators": None,
        "icon_url": None,
        "image_url": None,
        "fields": [],
        "locked": False,
        "discoverable": True,
        "indexable": False,
        "also_known_as": (),
        "moved_to": None,
        "published_at": None,
        "keys": (ForeignKey(f"{uri}#main-key", KeyKind.RSA, "pem"),),
    }
    return ForeignActor(**(values | over))


async def test_an_actor_is_kept_once_and_its_keys_are_those_it_shows_now(db: Database, here: Here) -> None:
    first = await db.write(people.store, a_foreign_actor(), here=here)
    newer = a_foreign_actor(name="Ada L.", keys=(ForeignKey("https://birch.test/users/ada#new", KeyKind.RSA, "new"),))
    again = await db.write(people.store, newer, here=here)

    assert first == again
    assert await db.read(rows, Actor.name) == [("Ada L.",)]
    assert await db.read(rows, ActorKey.key_id, ActorKey.public) == [("https://birch.test/users/ada#new", "new")]


async def test_many_who_learn_of_one_actor_at_once_keep_it_once(db: Database, here: Here) -> None:
    ids = await asyncio.gather(*(db.write(people.store, a_foreign_actor(), here=here) for _ in range(12)))

    assert len(set(ids)) == 1
    assert len(await db.read(rows, Actor.id)) == 1


async def test_whoever_proves_to_own_a_handle_inherits_nothing_of_the_one_before(db: Database, here: Here) -> None:
    """ORG-19."""
    reader = await a_person(db, here)
    old = await db.write(people.store, a_foreign_actor(), here=here)
    await a_follow_row(db, here, by=reader, of=Made(old, "https://birch.test/users/ada"))

    new = await db.write(people.store, a_foreign_actor("https://birch.test/users/ada2"), here=here)

    handles = dict(await db.read(rows, Actor.id, Actor.handle_key))
    assert (handles[old], handles[new]) == (None, "ada@birch.test")
    assert await db.read(rows, Follow.followee_id) == [(old,)]


async def test_nobody_elsewhere_is_stored_under_a_name_of_ours(db: Database, here: Here) -> None:
    await a_person(db, here, username="anna")

    with pytest.raises(Invalid):
        await db.write(people.store, a_foreign_actor(username="Anna", domain="alder.test"), here=here)


async def test_a_name_is_never_given_out_twice(db: Database, here: Here) -> None:
    anna = await a_person(db, here, username="anna")
    await db.write(people.remove, actor_id=anna.id, here=here)

    with pytest.raises(Invalid, match="taken"):
        await db.write(
            people.add,
            here,
            kind=Kind.PERSON,
            username="Anna",
            name="Another",
            rsa=an_rsa_pair(),
            ed25519=an_ed25519_pair(),
        )


async def test_whoever_is_removed_leaves_empty_posts_and_no_ties(db: Database, here: Here) -> None:
    ada, reader = await a_person(db, here, local=False), await a_person(db, here)
    await a_follow_row(db, here, by=reader, of=ada)
    await a_resource(db, here, by=ada)

    await db.write(people.remove, actor_id=ada.id, here=here)

    assert [(content, at is not None) for content, at in await db.read(rows, Post.content, Post.deleted_at)] == [
        ("", True)
    ]
    assert await db.read(rows, Follow.id) == []
    assert await db.read(rows, ResourceFile.id) == []
    assert await db.read(rows, Tombstone.uri) == [(ada.uri,)]


async def test_followers_here_follow_whoever_moved(db: Database, here: Here) -> None:
    old, new = await a_person(db, here, local=False), await a_person(db, here, local=False)
    ours, theirs = await a_person(db, here), await a_person(db, here, local=False)
    for follower in (ours, theirs):
        await a_follow_row(db, here, by=follower, of=old)

    moved = await db.write(people.move, old_id=old.id, new_id=new.id, here=here)

    assert moved == 1
    assert (ours.id, new.id, "requested") in await db.read(rows, Follow.follower_id, Follow.followee_id, Follow.state)
    assert sorted(await db.read(rows, Job.kind)) == [("FetchFeatured",), ("SendFollow",), ("SendUnfollow",)]
