"""Posts from elsewhere: once, in any order, and never against their author's will."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.posts import Home, Post, Revision
from fedishare.db.reactions import Reaction
from fedishare.db.resources import Use
from fedishare.db.work import Job
from fedishare.domain.audience import PUBLIC_IRI, Visibility
from fedishare.queries import search
from fedishare.queries.search import Choice
from fedishare.services import arrivals
from fedishare.services.drafts import ForeignPost
from fedishare.services.resources import ForeignResource, ForeignUse
from tests.builders import MONDAY, FrozenClock, Made, a_follow_row, a_person, a_post, a_resource, a_room


def a_foreign_post(author: Made, **over: Any) -> ForeignPost:
    number = over.pop("number", 1)
    uri = f"{author.uri}/posts/{number}"
    values: dict[str, Any] = {
        "uri": uri,
        "url": uri,
        "kind": "Note",
        "author_id": author.id,
        "title": None,
        "warning": None,
        "content": "<p>Hello</p>",
        "source": None,
        "language": "en",
        "sensitive": False,
        "visibility": Visibility.PUBLIC,
        "to": (PUBLIC_IRI,),
        "cc": (f"{author.uri}/followers",),
        "audience": (),
        "in_reply_to_uri": None,
        "context_uri": None,
        "published_at": MONDAY,
        "updated_at": None,
        "tags": (),
        "mentions": (),
        "attachments": (),
        "resource": None,
        "use": None,
    }
    return ForeignPost(**(values | over))


def homes(tx: Connection) -> list[int]:
    return list(tx.scalars(select(Home.reader_id).order_by(Home.reader_id)))


def jobs(tx: Connection) -> list[str]:
    return list(tx.scalars(select(Job.kind).order_by(Job.id)))


async def test_a_post_is_kept_once_and_shown_to_followers(db: Database, here: Here) -> None:
    ada, reader, _ = await a_person(db, here, local=False), await a_person(db, here), await a_person(db, here)
    await a_follow_row(db, here, by=reader, of=ada)

    first = await db.write(arrivals.store, here, a_foreign_post(ada), activity_uri=None)
    again = await db.write(arrivals.store, here, a_foreign_post(ada), activity_uri=None)

    assert first is not None
    assert again is not None
    assert (first.is_new, again.is_new, again.id) == (True, False, first.id)
    assert await db.read(homes) == [reader.id]


async def test_an_answer_to_a_stranger_stays_out_of_home(db: Database, here: Here) -> None:
    ada, stranger, reader = [await a_person(db, here, local=local) for local in (False, False, True)]
    await a_follow_row(db, here, by=reader, of=ada)
    root = await a_post(db, here, by=stranger)

    await db.write(arrivals.store, here, a_foreign_post(ada, in_reply_to_uri=root.uri), activity_uri=None)

    assert await db.read(homes) == []


async def test_an_answer_that_came_first_finds_its_thread(db: Database, here: Here) -> None:
    ada = await a_person(db, here, local=False)
    answer = a_foreign_post(ada, number=2, in_reply_to_uri=f"{ada.uri}/posts/1")

    late = await db.write(arrivals.store, here, answer, activity_uri=None)
    root = await db.write(arrivals.store, here, a_foreign_post(ada), activity_uri=None)

    assert late is not None
    assert root is not None
    columns = select(Post.id, Post.in_reply_to_id, Post.thread_id, Post.replies_count).order_by(Post.replies_count)
    assert await db.read(lambda tx: [tuple(row) for row in tx.execute(columns)]) == [
        (late.id, root.id, root.id, 0),
        (root.id, None, root.id, 1),
    ]
    assert await db.read(jobs) == ["FetchParent"]


async def test_a_deleted_post_never_comes_back(db: Database, here: Here) -> None:
    """SEQ-01: whether the Delete came before or after."""
    ada = await a_person(db, here, local=False)
    await db.write(arrivals.store, here, a_foreign_post(ada, number=1), activity_uri=None)

    for number in (1, 2):
        uri = f"{ada.uri}/posts/{number}"
        await db.write(arrivals.erase, here, uri=uri, by_id=ada.id, activity_uri=None)
        assert await db.write(arrivals.store, here, a_foreign_post(ada, number=number), activity_uri=None) is None

    left = await db.read(lambda tx: [tuple(row) for row in tx.execute(select(Post.content, Post.deleted_at))])
    assert left == [("", MONDAY)]


async def test_only_its_author_erases_a_post(db: Database, here: Here) -> None:
    ada, mallory = await a_person(db, here, local=False), await a_person(db, here, local=False)
    await db.write(arrivals.store, here, a_foreign_post(ada), activity_uri=None)

    erased = await db.write(arrivals.erase, here, uri=f"{ada.uri}/posts/1", by_id=mallory.id, activity_uri=None)

    assert erased is False
    assert await db.read(lambda tx: tx.scalar(select(Post.content))) == "<p>Hello</p>"


@pytest.mark.parametrize(
    ("minutes", "by_author", "changes"),
    [
        pytest.param(5, True, True, id="newer-counts"),
        pytest.param(0, True, False, id="same-time-does-not"),
        pytest.param(5, False, False, id="somebody-elses-does-not"),
    ],
)
async def test_only_a_newer_version_by_the_author_counts(
    db: Database, here: Here, clock: FrozenClock, *, minutes: int, by_author: bool, changes: bool
) -> None:
    ada, mallory = await a_person(db, here, local=False), await a_person(db, here, local=False)
    await db.write(arrivals.store, here, a_foreign_post(ada), activity_uri=None)
    clock.tick(hours=1)
    author = ada.id if by_author else mallory.id
    at = MONDAY + timedelta(minutes=minutes)
    newer = a_foreign_post(ada, author_id=author, content="<p>Better</p>", updated_at=at)

    revised = await db.write(arrivals.revise, here, newer, activity_uri=None)

    assert revised is changes
    expected = "<p>Better</p>" if changes else "<p>Hello</p>"
    assert await db.read(lambda tx: tx.scalar(select(Post.content))) == expected
    assert len(await db.read(lambda tx: tx.scalars(select(Revision.content)).all())) == int(changes)


async def test_a_post_that_names_a_room_of_ours_enters_it_and_is_passed_on(db: Database, here: Here) -> None:
    ada, room = await a_person(db, here, local=False), await a_room(db, here)
    post = a_foreign_post(ada, cc=(room.uri,), mentions=(room.uri,))

    await db.write(arrivals.store, here, post, activity_uri="https://birch.test/activities/1")

    assert await db.read(lambda tx: tx.scalar(select(Post.room_id))) == room.id
    assert await db.read(lambda tx: tx.scalar(select(Reaction.actor_id))) == room.id
    assert await db.read(jobs) == ["Distribute"]


async def test_an_answer_enters_the_room_of_its_thread_without_naming_it(db: Database, here: Here) -> None:
    ada, room = await a_person(db, here, local=False), await a_room(db, here)
    root = await a_post(db, here, by=ada, room_id=room.id)
    answer = a_foreign_post(ada, number=9, in_reply_to_uri=root.uri)

    await db.write(arrivals.store, here, answer, activity_uri="https://birch.test/activities/2")

    assert await db.read(lambda tx: list(tx.scalars(select(Post.room_id)))) == [room.id, room.id]
    assert await db.read(lambda tx: list(tx.scalars(select(Reaction.id)))) == []  # Answers are not boosted.
    assert await db.read(jobs) == ["Distribute"]


async def test_used_it_from_elsewhere_is_a_use_and_not_a_post(db: Database, here: Here) -> None:
    anna, ben = await a_person(db, here), await a_person(db, here, local=False)
    resource = await a_resource(db, here, by=anna)
    use = ForeignUse(resource_uri=resource.uri, line="Worked a treat", level=None)

    stored = await db.write(arrivals.store, here, a_foreign_post(ben, use=use), activity_uri=None)

    assert stored is None
    uses = await db.read(lambda tx: [tuple(row) for row in tx.execute(select(Use.post_id, Use.actor_id, Use.line))])
    assert uses == [(resource.id, ben.id, "Worked a treat")]


async def test_a_suspended_authors_post_is_not_kept(db: Database, here: Here) -> None:
    ada = await a_person(db, here, local=False, suspended_at=MONDAY)

    assert await db.write(arrivals.store, here, a_foreign_post(ada), activity_uri=None) is None


async def test_a_resource_from_elsewhere_is_found_by_what_it_says_now(
    db: Database, here: Here, clock: FrozenClock
) -> None:
    ada, reader = await a_person(db, here, local=False), await a_person(db, here)
    facts: dict[str, Any] = {"age_min": 8, "age_max": 9, "licence": None, "licence_label": "", "licence_url": None}
    facts |= {"minutes": None, "credit": "", "version": 1, "terms": (), "bases": (), "files": ()}

    async def found() -> list[int]:
        words = ("tower", "fractions", "fence", "decimals")
        return [(await db.read(search.find, Choice(words=each), viewer=reader.id)).counts.total for each in words]

    first = a_foreign_post(ada, title="Tower", resource=ForeignResource(description="Fractions", **facts))
    await db.write(arrivals.store, here, first, activity_uri=None)
    stored = await found()
    clock.tick(hours=2)
    later = {"title": "Fence", "updated_at": MONDAY + timedelta(hours=1)}
    second = a_foreign_post(ada, resource=ForeignResource(description="Decimals", **facts), **later)
    await db.write(arrivals.revise, here, second, activity_uri=None)
    revised = await found()
    await db.write(arrivals.erase, here, uri=first.uri, by_id=ada.id, activity_uri=None)

    assert (stored, revised, await found()) == ([1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 0])
