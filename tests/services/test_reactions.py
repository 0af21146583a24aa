"""Likes and boosts count once, reach homes, and can be taken back."""

from typing import Any

import pytest
from sqlalchemy import Connection, select

from fedishare.core.errors import Refused
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.notices import Notice
from fedishare.db.posts import Home, Post
from fedishare.db.reactions import Reaction
from fedishare.db.work import Job
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import ReactionKind
from fedishare.services import reactions
from tests.builders import a_follow_row, a_person, a_post, a_teacher


def rows(tx: Connection, *columns: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in tx.execute(select(*columns))]


@pytest.mark.parametrize("kind", [ReactionKind.LIKE, ReactionKind.BOOST])
async def test_a_reaction_counts_once_and_its_author_is_told_once(db: Database, here: Here, kind: ReactionKind) -> None:
    anna, ada = await a_teacher(db, here), await a_person(db, here, local=False)
    post = await a_post(db, here, by=anna)

    answers = [
        await db.write(reactions.add, here, kind=kind, actor_id=ada.id, post_id=post.id, uri=f"https://birch.test/{n}")
        for n in range(2)
    ]

    assert answers == [True, False]
    assert sum((await db.read(rows, Post.likes_count, Post.boosts_count))[0]) == 1
    assert await db.read(rows, Notice.kind) == [(kind.value,)]


async def test_whoever_votes_the_other_way_changes_their_mind(db: Database, here: Here) -> None:
    anna, ada = await a_teacher(db, here), await a_person(db, here, local=False)
    post = await a_post(db, here, by=anna)
    kinds = (ReactionKind.LIKE, ReactionKind.DISLIKE, ReactionKind.DISLIKE, ReactionKind.LIKE)
    seen = []

    for number, kind in enumerate(kinds):
        uri = f"https://birch.test/{number}"
        await db.write(reactions.add, here, kind=kind, actor_id=ada.id, post_id=post.id, uri=uri)
        seen.append(((await db.read(rows, Post.likes_count))[0][0], await db.read(rows, Reaction.kind)))

    like, dislike = [(ReactionKind.LIKE,)], [(ReactionKind.DISLIKE,)]
    assert seen == [(1, like), (0, dislike), (0, dislike), (1, like)]
    assert await db.read(rows, Notice.kind) == [("like",)]


async def test_a_boost_shows_in_the_homes_of_followers_until_it_is_taken_back(db: Database, here: Here) -> None:
    anna, ben, reader = [await a_person(db, here) for _ in range(3)]
    await a_follow_row(db, here, by=reader, of=ben)
    post = await a_post(db, here, by=anna)
    boost = ReactionKind.BOOST

    await db.write(reactions.add, here, kind=boost, actor_id=ben.id, post_id=post.id)
    assert await db.read(rows, Home.reader_id, Home.post_id, Home.booster_id) == [(reader.id, post.id, ben.id)]
    await db.write(reactions.remove, here, kind=boost, actor_id=ben.id, post_id=post.id)

    assert await db.read(rows, Home.reader_id) == []
    assert await db.read(rows, Job.kind) == [("PublishReaction",), ("PublishUndo",)]


async def test_what_is_not_public_cannot_be_boosted(db: Database, here: Here) -> None:
    anna, ada = await a_person(db, here), await a_person(db, here, local=False)
    post = await a_post(db, here, by=anna, visibility=Visibility.FOLLOWERS)

    with pytest.raises(Refused):
        await db.write(
            reactions.add, here, kind=ReactionKind.BOOST, actor_id=ada.id, post_id=post.id, uri="https://birch.test/1"
        )
