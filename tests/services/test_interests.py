"""Whoever follows a hashtag gets what is public with it, and nothing else."""

from typing import Any

import pytest

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.domain.audience import Visibility
from fedishare.services import arrivals, follows, interests, posts
from tests.builders import Made, a_person
from tests.services.test_arrivals import a_foreign_post, homes
from tests.services.test_posts import a_draft


async def a_fan(db: Database, here: Here, *labels: str) -> Made:
    fan = await a_person(db, here)
    for label in labels:
        await db.write(interests.follow, here, actor_id=fan.id, label=label)
    return fan


async def test_a_public_post_comes_home_to_who_follows_its_hashtag(db: Database, here: Here) -> None:
    fan, anna = await a_fan(db, here, "Fractions", "maths"), await a_person(db, here)
    await a_fan(db, here, "poetry")

    await db.write(posts.publish, here, author_id=anna.id, draft=a_draft(text="#fractions #Maths"), people={})

    assert sorted(await db.read(homes)) == sorted([fan.id, anna.id])


async def test_so_does_one_from_elsewhere(db: Database, here: Here) -> None:
    fan, ben = await a_fan(db, here, "fractions"), await a_person(db, here, local=False)

    await db.write(arrivals.store, here, a_foreign_post(ben, tags=("Fractions",)), activity_uri=None)

    assert await db.read(homes) == [fan.id]


@pytest.mark.parametrize("over", [{"visibility": Visibility.QUIET}, {"visibility": Visibility.FOLLOWERS}])
async def test_what_is_not_public_does_not(db: Database, here: Here, over: dict[str, Any]) -> None:
    await a_fan(db, here, "fractions")
    anna = await a_person(db, here)

    await db.write(posts.publish, here, author_id=anna.id, draft=a_draft(text="#fractions", **over), people={})

    assert await db.read(homes) == [anna.id]


@pytest.mark.parametrize("by_author", [True, False])
async def test_nor_does_one_between_two_of_whom_one_blocked_the_other(
    db: Database, here: Here, by_author: bool
) -> None:
    fan, anna = await a_fan(db, here, "fractions"), await a_person(db, here)
    blocker, blocked = (anna, fan) if by_author else (fan, anna)
    await db.write(follows.block, here, blocker_id=blocker.id, blocked_id=blocked.id)

    await db.write(posts.publish, here, author_id=anna.id, draft=a_draft(text="#fractions"), people={})

    assert await db.read(homes) == [anna.id]
