"""Writing here: one commit holds the post, what shows at once, and the job that sends it out."""

from typing import Any

import pytest
from sqlalchemy import Connection, select

from fedishare.core.errors import Gone, Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.media import Media
from fedishare.db.notices import Notice
from fedishare.db.posts import Attachment, Home, Mention, Post, PostTag, Revision
from fedishare.db.resources import Resource, ResourceFile, ResourceTerm
from fedishare.db.work import Job, Tombstone
from fedishare.domain.audience import PUBLIC_IRI, Visibility
from fedishare.queries import search
from fedishare.queries.search import Choice
from fedishare.services import follows, media, posts
from fedishare.services.drafts import Change, Draft
from fedishare.services.resources import ResourceDraft, UploadedFile
from tests.builders import FrozenClock, a_follow_row, a_person, a_post, a_room, a_teacher

FILE = UploadedFile("wall.pdf", "application/pdf", 4, "0" * 64, "ab/cd")


def a_draft(**over: Any) -> Draft:
    values: dict[str, Any] = {"text": "Good morning", "visibility": Visibility.PUBLIC}
    return Draft(**(values | over))


def rows(tx: Connection, *columns: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in tx.execute(select(*columns))]


async def test_a_post_is_written_shown_and_sent_in_one_change(db: Database, here: Here) -> None:
    anna, follower = await a_person(db, here), await a_person(db, here)
    await a_follow_row(db, here, by=follower, of=anna)

    post_id = await db.write(posts.publish, here, author_id=anna.id, draft=a_draft(text="Hi #Maths"), people={})

    assert await db.read(rows, Post.uri, Post.addressed_to, Post.addressed_cc) == [
        (here.uris.post(post_id), [PUBLIC_IRI], [f"{anna.uri}/followers"])
    ]
    assert set(await db.read(rows, Home.reader_id)) == {(anna.id,), (follower.id,)}
    assert await db.read(rows, PostTag.name, PostTag.label) == [("maths", "Maths")]
    assert await db.read(rows, Job.kind) == [("PublishPost",)]


async def test_whoever_is_named_is_told_once_and_addressed(db: Database, here: Here) -> None:
    anna, ben = await a_person(db, here), await a_teacher(db, here, username="ben")
    draft = a_draft(text="Look, @ben and @BEN", visibility=Visibility.MENTIONED)

    await db.write(posts.publish, here, author_id=anna.id, draft=draft, people={"ben": ben.id})

    assert await db.read(rows, Post.addressed_to, Post.addressed_cc) == [([ben.uri], [])]
    assert await db.read(rows, Mention.actor_id, Mention.silent) == [(ben.id, False)]
    assert await db.read(rows, Notice.recipient_id, Notice.kind) == [(ben.id, "mention")]


async def test_an_answer_reaches_whom_it_answers_and_joins_their_thread(db: Database, here: Here) -> None:
    anna, ben = await a_person(db, here), await a_teacher(db, here)
    root = await a_post(db, here, by=ben)

    draft = a_draft(in_reply_to=root.id, title="never on an answer")
    answer = await db.write(posts.publish, here, author_id=anna.id, draft=draft, people={})

    columns = (Post.id, Post.thread_id, Post.title, Post.replies_count)
    assert sorted(await db.read(rows, *columns)) == [(root.id, root.id, None, 1), (answer, root.id, None, 0)]
    assert await db.read(rows, Notice.recipient_id, Notice.kind) == [(ben.id, "reply")]


async def test_nobody_answers_what_they_may_not_see(db: Database, here: Here) -> None:
    anna, ben = await a_person(db, here), await a_person(db, here)
    secret = await a_post(db, here, by=ben, visibility=Visibility.FOLLOWERS)

    with pytest.raises(NotFound):
        await db.write(posts.publish, here, author_id=anna.id, draft=a_draft(in_reply_to=secret.id), people={})

    assert await db.read(rows, Post.id) == [(secret.id,)]


async def test_a_room_has_to_be_joined_first(db: Database, here: Here) -> None:
    anna, room = await a_person(db, here), await a_room(db, here)
    draft = a_draft(room=room.id)

    with pytest.raises(Refused, match="Join the room"):
        await db.write(posts.publish, here, author_id=anna.id, draft=draft, people={})
    await db.write(follows.request, here, follower_id=anna.id, followee_id=room.id)
    await db.write(posts.publish, here, author_id=anna.id, draft=draft, people={})

    assert await db.read(rows, Post.room_id, Post.addressed_cc) == [(room.id, [f"{anna.uri}/followers", room.uri])]


async def test_a_resource_needs_title_file_and_licence(db: Database, here: Here) -> None:
    anna = await a_person(db, here)
    whole = ResourceDraft(
        subjects=("mathematics",), levels=("england:year-4",), licence="CC-BY-SA-4.0", files=(FILE, FILE)
    )
    for title, resource, missing in (
        (None, whole, "title"),
        ("Wall", ResourceDraft(licence="CC-BY-SA-4.0"), "file"),
        ("Wall", ResourceDraft(files=(FILE,)), "licence"),
        ("Wall", ResourceDraft(licence="CC-BY-SA-4.0", levels=("narnia:1",), files=(FILE,)), "list"),
    ):
        draft = a_draft(title=title, resource=resource)
        with pytest.raises(Invalid, match=missing):
            await db.write(posts.publish, here, author_id=anna.id, draft=draft, people={})
    assert await db.read(rows, Post.id) == []

    draft = a_draft(title="Wall", resource=whole)
    post_id = await db.write(posts.publish, here, author_id=anna.id, draft=draft, people={})

    assert await db.read(rows, Post.uri) == [(here.uris.resource(post_id),)]
    assert await db.read(rows, Resource.age_min, Resource.licence_label) == [(8, "CC BY-SA 4.0")]
    assert sorted(await db.read(rows, ResourceTerm.position, ResourceTerm.kind, ResourceTerm.slug)) == [
        (0, "subject", "mathematics"),
        (1, "level", "england:year-4"),
        (2, "stage", "level_1"),
    ]
    assert await db.read(rows, ResourceFile.name) == [("wall.pdf",), ("wall-2.pdf",)]


async def test_pictures_go_on_one_post_by_their_owner(db: Database, here: Here) -> None:
    anna, mallory = await a_person(db, here), await a_person(db, here)
    upload = media.Upload("ab/cd", "image/png", 10, 4, 3)
    key = await db.write(media.add, here, owner_id=anna.id, upload=upload, alt="A wall")
    draft = a_draft(media=(key,))

    with pytest.raises(Invalid):
        await db.write(posts.publish, here, author_id=mallory.id, draft=draft, people={})
    await db.write(posts.publish, here, author_id=anna.id, draft=draft, people={})
    with pytest.raises(Invalid):
        await db.write(posts.publish, here, author_id=anna.id, draft=draft, people={})

    assert await db.read(rows, Attachment.url, Attachment.alt) == [(here.uris.media(key), "A wall")]


async def test_an_edit_keeps_what_was_said_and_who_may_see_it(db: Database, here: Here, clock: FrozenClock) -> None:
    anna, ben = await a_person(db, here), await a_person(db, here, username="ben")
    draft = a_draft(visibility=Visibility.FOLLOWERS)
    post_id = await db.write(posts.publish, here, author_id=anna.id, draft=draft, people={})
    clock.tick(minutes=5)

    change = Change(text="Good evening @ben")
    await db.write(posts.edit, here, editor_id=anna.id, post_id=post_id, change=change, people={"ben": ben.id})

    assert await db.read(rows, Post.source, Post.edited_at) == [("Good evening @ben", clock.now())]
    assert await db.read(rows, Post.addressed_to) == [([f"{anna.uri}/followers"],)]
    assert await db.read(rows, Mention.actor_id) == []
    assert await db.read(rows, Revision.source) == [("Good morning",)]
    assert await db.read(rows, Job.kind) == [("PublishPost",), ("PublishEdit",)]


async def test_only_its_author_edits_a_post(db: Database, here: Here) -> None:
    anna, mallory = await a_person(db, here), await a_person(db, here)
    post = await a_post(db, here, by=anna)

    change = Change(text="Mine now")
    with pytest.raises(Refused):
        await db.write(posts.edit, here, editor_id=mallory.id, post_id=post.id, change=change, people={})


async def test_deleting_empties_a_post_for_good(db: Database, here: Here) -> None:
    anna, mallory = await a_person(db, here), await a_person(db, here)
    resource = ResourceDraft(licence="CC-BY-4.0", files=(FILE,))
    draft = a_draft(title="Wall", resource=resource)
    post_id = await db.write(posts.publish, here, author_id=anna.id, draft=draft, people={})

    with pytest.raises(Refused):
        await db.write(posts.delete, here, by_id=mallory.id, post_id=post_id)
    await db.write(posts.delete, here, by_id=anna.id, post_id=post_id)
    with pytest.raises(Gone):
        await db.write(posts.delete, here, by_id=anna.id, post_id=post_id)

    assert await db.read(rows, Post.content, Post.title, Post.source) == [("", None, None)]
    assert await db.read(rows, Resource.post_id) == []
    assert await db.read(rows, Home.post_id) == []
    assert await db.read(rows, Tombstone.uri) == [(here.uris.resource(post_id),)]
    assert {kind for (kind,) in await db.read(rows, Job.kind)} == {"PublishPost", "PublishDeletion", "Forget"}


async def test_an_empty_post_is_refused(db: Database, here: Here) -> None:
    anna = await a_person(db, here)

    with pytest.raises(Invalid, match="nothing to post"):
        await db.write(posts.publish, here, author_id=anna.id, draft=a_draft(text="  \n"), people={})

    assert await db.read(rows, Media.key) == []


async def test_an_edit_that_changes_nothing_is_none(db: Database, here: Here) -> None:
    anna = await a_person(db, here)
    post_id = await db.write(posts.publish, here, author_id=anna.id, draft=a_draft(title="Morning"), people={})

    change = Change(text="Good morning", title="Morning")
    await db.write(posts.edit, here, editor_id=anna.id, post_id=post_id, change=change, people={})

    assert await db.read(rows, Post.edited_at) == [(None,)]
    assert await db.read(rows, Job.kind) == [("PublishPost",)]


async def test_a_moderator_takes_a_post_from_elsewhere_out_of_our_room(db: Database, here: Here) -> None:
    hana, ada, room = await a_person(db, here), await a_person(db, here, local=False), await a_room(db, here)
    post = await a_post(db, here, by=ada, room_id=room.id)

    await db.write(posts.delete, here, by_id=hana.id, post_id=post.id, as_moderator=True)

    assert await db.read(rows, Post.content) == [("",)]
    assert await db.read(rows, Job.kind) == [("PublishDeletion",)]


async def test_a_resource_is_found_by_what_it_says_now_until_it_is_gone(db: Database, here: Here) -> None:
    anna = await a_person(db, here)
    draft = a_draft(title="Tower", text="Fractions", resource=ResourceDraft(licence="CC-BY-4.0", files=(FILE,)))
    change = Change(text="Decimals", title="Fence", warning=None, language="en", sensitive=False)

    async def found() -> list[int]:
        words = ("tower", "fractions", "fence", "decimals")
        return [(await db.read(search.find, Choice(words=each), viewer=anna.id)).counts.total for each in words]

    post_id = await db.write(posts.publish, here, author_id=anna.id, draft=draft, people={})
    published = await found()
    await db.write(posts.edit, here, editor_id=anna.id, post_id=post_id, change=change, people={})
    edited = await found()
    await db.write(posts.delete, here, by_id=anna.id, post_id=post_id)

    assert (published, edited, await found()) == ([1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 0])
