"""Create, Update and Delete of posts, as other servers send them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from fedishare.as2.node import EVERYBODY
from fedishare.core.errors import Refused
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.posts import Post, Revision
from fedishare.db.reactions import Reaction
from fedishare.db.resources import Resource, ResourceFile, ResourceTerm, Use
from fedishare.db.work import Tombstone
from fedishare.domain.audience import Visibility
from fedishare.jobs.tools import Tools
from tests.as2.shapes import a_main_entity
from tests.builders import MONDAY, FrozenClock, Made, a_follow_row, a_person, a_post, a_resource, a_room
from tests.inbox.elsewhere import Elsewhere, a_note, an_activity, an_actor, jobs, rows, send


async def posts(db: Database) -> list[tuple[Any, ...]]:
    return await rows(db, Post.uri, Post.content, Post.visibility)


async def ada_of(db: Database, here: Here) -> Made:
    return await a_person(db, here, local=False, username="ada")


async def test_a_note_is_kept_with_its_clean_text(tools: Tools, db: Database, here: Here) -> None:
    ada = await ada_of(db, here)
    note = a_note(ada.uri, content="<p>Cake<script>alert(1)</script></p>")

    became = await send(tools, an_activity("Create", ada.uri, note))

    assert became == "done: post"
    assert await posts(db) == [(note["id"], "<p>Cake</p>", Visibility.PUBLIC)]


@pytest.mark.parametrize(
    "over",
    [
        pytest.param(lambda anna, _post, _room: {"cc": [anna.uri]}, id="names-somebody-here"),
        pytest.param(lambda _anna, post, _room: {"inReplyTo": post.uri}, id="answers-a-post-we-have"),
        pytest.param(lambda _anna, post, _room: {"quote": post.uri}, id="quotes-one"),
        pytest.param(lambda _anna, _post, room: {"audience": room.uri}, id="is-for-a-room-somebody-here-is-in"),
        pytest.param(
            lambda _anna, _post, room: {"to": [EVERYBODY, f"{room.uri}/followers"]}, id="is-for-the-members-of-one"
        ),
    ],
)
async def test_what_a_stranger_sends_is_kept_only_if_it_concerns_somebody_here(
    tools: Tools, db: Database, here: Here, over: Callable[[Made, Made, Made], dict[str, Any]]
) -> None:
    eve, anna = await ada_of(db, here), await a_person(db, here)
    post = await a_post(db, here, by=await a_person(db, here, local=False))
    room = await a_room(db, here, local=False)
    await a_follow_row(db, here, by=anna, of=room)
    advert = a_note(eve.uri, number=1)
    concerned = a_note(eve.uri, number=2) | over(anna, post, room)

    became = [await send(tools, an_activity("Create", eve.uri, each), by_stranger=True) for each in (advert, concerned)]

    assert became == ["ignored: it was deleted, not welcome, or is for nobody here", "done: post"]
    assert {uri for uri, *_ in await posts(db)} == {post.uri, concerned["id"]}


async def test_the_same_post_twice_is_kept_once(tools: Tools, db: Database, here: Here) -> None:
    ada = await ada_of(db, here)

    became = [await send(tools, an_activity("Create", ada.uri, a_note(ada.uri))) for _ in range(2)]

    assert became == ["done: post", "ignored: the post is known"]
    assert len(await posts(db)) == 1


@pytest.mark.parametrize(
    ("over", "title", "content"),
    [
        pytest.param({"type": "Article", "name": "Cake"}, "Cake", "<p>Fractions go well with cake.</p>", id="article"),
        pytest.param(
            {"type": "Page", "name": "Cake", "content": None, "summary": "<p>S</p>"}, "Cake", "<p>S</p>", id="page"
        ),
        pytest.param(
            {"type": "Question", "oneOf": [{"type": "Note", "name": "a < b"}]},
            None,
            "<p>Fractions go well with cake.</p>",
            id="question",
        ),
        pytest.param(
            {
                "type": "Event",
                "name": "Moot",
                "startTime": "2026-10-01T15:00:00+01:00",
                "location": {"type": "Place", "name": "Hall <1>"},
            },
            "Moot",
            "<p>1 October 2026, 14:00 UTC · Hall &lt;1&gt;</p><p>Fractions go well with cake.</p>",
            id="event",
        ),
        pytest.param(
            {"type": "Video", "name": "Cake", "content": "Line one\n\n<b>two</b>", "mediaType": "text/markdown"},
            "Cake",
            "<p>Line one</p><p>&lt;b&gt;two&lt;/b&gt;</p>",
            id="video-with-markdown",
        ),
    ],
)
async def test_every_kind_of_post_becomes_readable(
    tools: Tools, db: Database, here: Here, *, over: dict[str, Any], title: str | None, content: str
) -> None:
    ada = await ada_of(db, here)

    became = await send(tools, an_activity("Create", ada.uri, a_note(ada.uri, **over)))

    assert became == "done: post"
    assert await rows(db, Post.title, Post.content) == [(title, content)]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        pytest.param("2026-09-07T08:00:00Z", MONDAY - timedelta(minutes=30), id="half-an-hour-ago"),
        pytest.param("2099-01-01T00:00:00Z", MONDAY, id="in-the-future"),
        pytest.param("1970-01-01T00:00:00Z", MONDAY, id="before-the-fediverse"),
        pytest.param("yesterday", MONDAY, id="a-word"),
        pytest.param(None, MONDAY, id="missing"),
    ],
)
async def test_times_that_cannot_be_are_the_time_of_receipt(
    tools: Tools, db: Database, here: Here, *, said: str | None, kept: Any
) -> None:
    ada = await ada_of(db, here)

    await send(tools, an_activity("Create", ada.uri, a_note(ada.uri, published=said)))

    assert await rows(db, Post.published_at) == [(kept,)]


async def test_an_activity_says_for_whom_where_its_object_does_not(tools: Tools, db: Database, here: Here) -> None:
    ada = await ada_of(db, here)
    note = a_note(ada.uri, to=None, cc=None)

    await send(tools, an_activity("Create", ada.uri, note, to=[f"{ada.uri}/followers"], cc="as:Public"))

    assert await rows(db, Post.visibility) == [(Visibility.QUIET,)]


async def test_a_private_post_is_kept_only_for_those_it_is_for(tools: Tools, db: Database, here: Here) -> None:
    ada, ben = await ada_of(db, here), await a_person(db, here)
    letters = [
        a_note(ada.uri, number=1, to=["https://cedar.test/users/carl"], cc=[]),
        a_note(ada.uri, number=2, to=[f"{ada.uri}/followers"], cc=[]),
        a_note(ada.uri, number=3, to=[ben.uri], cc=[]),
    ]

    early = [await send(tools, an_activity("Create", ada.uri, letter), by_stranger=True) for letter in letters]
    await a_follow_row(db, here, by=ben, of=ada)
    late = await send(tools, an_activity("Create", ada.uri, letters[1]))

    assert early == ["ignored: it is for nobody here", "ignored: it is for nobody here", "done: post"]
    assert late == "done: post"
    assert await rows(db, Post.visibility) == [(Visibility.FOLLOWERS,), (Visibility.MENTIONED,)]


async def test_a_post_for_the_members_of_a_room_is_theirs(tools: Tools, db: Database, here: Here) -> None:
    ada, room = await ada_of(db, here), await a_room(db, here)

    await send(tools, an_activity("Create", ada.uri, a_note(ada.uri, to=[room.uri, f"{room.uri}/followers"], cc=[])))

    assert await rows(db, Post.visibility, Post.room_id) == [(Visibility.ROOM, room.id)]


async def test_a_post_into_a_room_of_ours_is_passed_on(tools: Tools, db: Database, here: Here) -> None:
    ada, room = await ada_of(db, here), await a_room(db, here)

    await send(tools, an_activity("Create", ada.uri, a_note(ada.uri, audience=room.uri)))

    assert await rows(db, Post.room_id) == [(room.id,)]
    assert await db.read(jobs) == ["Distribute"]


@pytest.mark.parametrize(
    "over",
    [
        pytest.param({"content": "", "name": None}, id="nothing-at-all"),
        pytest.param({"content": None, "name": "Yes", "inReplyTo": "https://alder.test/posts/1"}, id="a-vote"),
        pytest.param({"id": None}, id="no-id"),
        pytest.param({"id": "https://cedar.test/notes/1"}, id="from-another-server"),
        pytest.param({"type": "ChatMessage"}, id="a-kind-we-do-not-know"),
    ],
)
async def test_what_is_no_post_of_its_sender_is_ignored(
    tools: Tools, db: Database, here: Here, over: dict[str, Any]
) -> None:
    ada = await ada_of(db, here)
    note = {name: value for name, value in a_note(ada.uri, **over).items() if value is not None}

    became = await send(tools, an_activity("Create", ada.uri, note))

    assert became.startswith("ignored: ")
    assert await posts(db) == []


@pytest.mark.parametrize("kind", ["Create", "Update"])
@pytest.mark.parametrize(
    "over",
    [
        pytest.param({"attributedTo": "https://cedar.test/users/carl"}, id="an-author-elsewhere"),
        pytest.param({"attributedTo": "https://birch.test/users/bea"}, id="an-author-on-the-same-server"),
        pytest.param({"id": "https://alder.test/posts/1"}, id="an-address-of-ours"),
        pytest.param({"id": "https://ALDER.test:443/posts/1"}, id="an-address-of-ours-in-disguise"),
    ],
)
async def test_nobody_writes_in_anothers_name(
    tools: Tools, db: Database, here: Here, *, kind: str, over: dict[str, Any]
) -> None:
    ada = await ada_of(db, here)

    with pytest.raises(Refused):
        await send(tools, an_activity(kind, ada.uri, a_note(ada.uri, **over)))

    assert await posts(db) == []


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
async def test_nobody_touches_anothers_post(tools: Tools, db: Database, here: Here, kind: str) -> None:
    ada, eve = await ada_of(db, here), await a_person(db, here, local=False)
    post = await a_post(db, here, by=ada)
    before = await posts(db)
    note = a_note(eve.uri, id=post.uri, content="<p>Mine</p>", updated="2026-09-07T08:29:00Z")

    with pytest.raises(Refused):
        await send(tools, an_activity(kind, eve.uri, note if kind != "Delete" else post.uri))

    assert await posts(db) == before


async def test_a_post_that_came_by_address_is_fetched(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    ada = await ada_of(db, here)
    note = a_note(ada.uri)
    elsewhere.say(note["id"], note)

    became = await send(tools, an_activity("Create", ada.uri, note["id"]))

    assert became == "done: post fetched"
    assert [uri for uri, _, _ in await posts(db)] == [note["id"]]


async def test_an_edit_is_taken_and_the_old_words_are_kept(tools: Tools, db: Database, here: Here) -> None:
    ada = await ada_of(db, here)
    note = a_note(ada.uri)
    await send(tools, an_activity("Create", ada.uri, note))
    edited = note | {"content": "<p>New</p>", "updated": "2026-09-07T08:10:00Z", "to": [], "cc": []}

    became = await send(tools, an_activity("Update", ada.uri, edited))

    assert became == "done: edit"
    assert await posts(db) == [(note["id"], "<p>New</p>", Visibility.PUBLIC)]
    assert await rows(db, Revision.content) == [(note["content"],)]


@pytest.mark.parametrize(
    "updated",
    [
        pytest.param("2026-09-07T08:05:00Z", id="an-older-edit"),
        pytest.param(None, id="no-time-at-all"),
    ],
)
async def test_an_edit_that_is_not_newer_is_ignored(
    tools: Tools, db: Database, here: Here, updated: str | None
) -> None:
    ada = await ada_of(db, here)
    note = a_note(ada.uri, updated="2026-09-07T08:10:00Z")
    await send(tools, an_activity("Create", ada.uri, note))

    became = await send(tools, an_activity("Update", ada.uri, note | {"content": "<p>New</p>", "updated": updated}))

    assert became == "ignored: what we have is as new"
    assert await posts(db) == [(note["id"], note["content"], Visibility.PUBLIC)]


async def test_an_edit_that_comes_first_is_the_post(tools: Tools, db: Database, here: Here) -> None:
    ada = await ada_of(db, here)
    note = a_note(ada.uri)
    edited = note | {"content": "<p>New</p>", "updated": "2026-09-07T08:10:00Z"}

    became = [
        await send(tools, an_activity("Update", ada.uri, edited)),
        await send(tools, an_activity("Create", ada.uri, note)),
    ]

    assert became == ["done: post", "ignored: the post is known"]
    assert await posts(db) == [(note["id"], "<p>New</p>", Visibility.PUBLIC)]


async def test_an_edit_of_an_old_post_we_never_had_is_no_news(tools: Tools, db: Database, here: Here) -> None:
    ada = await ada_of(db, here)
    note = a_note(ada.uri, published="2026-09-05T08:00:00Z", updated="2026-09-07T08:10:00Z")

    became = await send(tools, an_activity("Update", ada.uri, note))

    assert became == "ignored: an edit of an old post that we never had"


async def test_a_deleted_post_is_emptied_and_never_comes_back(tools: Tools, db: Database, here: Here) -> None:
    ada = await ada_of(db, here)
    note = a_note(ada.uri)
    await send(tools, an_activity("Create", ada.uri, note))

    became = [
        await send(tools, an_activity("Delete", ada.uri, {"type": "Tombstone", "id": note["id"]})),
        await send(tools, an_activity("Create", ada.uri, note)),
        await send(tools, an_activity("Update", ada.uri, note | {"updated": "2026-09-07T08:10:00Z"})),
    ]

    assert became[0] == "done: deletion"
    assert [text.partition(":")[0] for text in became[1:]] == ["ignored", "ignored"]
    assert await posts(db) == [(note["id"], "", Visibility.PUBLIC)]


async def test_a_deletion_that_comes_first_wins(tools: Tools, db: Database, here: Here) -> None:
    ada = await ada_of(db, here)
    note = a_note(ada.uri)

    became = [
        await send(tools, an_activity("Delete", ada.uri, note["id"])),
        await send(tools, an_activity("Create", ada.uri, note)),
    ]

    assert became == ["done: deletion remembered", "ignored: it was deleted, not welcome, or is for nobody here"]
    assert await posts(db) == []


@pytest.mark.parametrize(
    "target", ["https://cedar.test/notes/1", "https://alder.test/posts/1", "https://birch.test/users/bea"]
)
async def test_nobody_deletes_on_other_servers_or_other_people(
    tools: Tools, db: Database, here: Here, target: str
) -> None:
    ada = await ada_of(db, here)
    await a_person(db, here, local=False, username="bea")

    with pytest.raises(Refused):
        await send(tools, an_activity("Delete", ada.uri, target))

    assert await rows(db, Tombstone.uri) == []


async def test_a_boost_may_be_deleted_instead_of_undone(tools: Tools, db: Database, here: Here) -> None:
    ada, ben = await ada_of(db, here), await a_person(db, here)
    post = await a_post(db, here, by=ben)
    boost = an_activity("Announce", ada.uri, post.uri)
    await send(tools, boost)

    became = await send(tools, an_activity("Delete", ada.uri, boost["id"]))

    assert became == "done: boost taken back"
    assert await rows(db, Reaction.uri) == []


async def test_a_resource_is_kept_with_its_metadata_and_files(tools: Tools, db: Database, here: Here) -> None:
    ada = await a_person(db, here, local=False, uri="https://birch.test/users/ada")
    note = a_note(ada.uri, id="https://birch.test/notes/1", name="Wall") | {"schema:mainEntity": a_main_entity()}

    await send(tools, an_activity("Create", ada.uri, note))

    assert await rows(db, Resource.age_min, Resource.age_max, Resource.licence, Resource.version) == [
        (8, 9, "CC-BY-SA-4.0", 2)
    ]
    described = await rows(db, ResourceTerm.kind, ResourceTerm.slug)
    assert {("subject", "mathematics"), ("level", "england:year-4"), ("stage", "level_1")} <= set(described)
    assert await rows(db, ResourceFile.name, ResourceFile.size, ResourceFile.sha256) == [
        ("fraction wall.pdf", 96_211, "b" * 64)
    ]


async def test_a_resource_of_another_server_is_a_plain_post(tools: Tools, db: Database, here: Here) -> None:
    ada = await ada_of(db, here)
    entity = a_main_entity() | {"id": "https://cedar.test/notes/1"}

    became = await send(tools, an_activity("Create", ada.uri, a_note(ada.uri) | {"schema:mainEntity": entity}))

    assert became == "done: post"
    assert await rows(db, Resource.post_id) == []


async def test_used_it_reaches_the_author_of_the_resource(tools: Tools, db: Database, here: Here) -> None:
    ada, ben = await ada_of(db, here), await a_person(db, here)
    resource = await a_resource(db, here, by=ben)
    entity = {
        "type": ["schema:UseAction"],
        "schema:object": {"id": resource.uri},
        "schema:description": "Went well",
        "schema:educationalLevel": "Year 4",
    }
    note = a_note(ada.uri, to=[ben.uri], cc=[], inReplyTo=resource.uri) | {"schema:mainEntity": entity}

    became = await send(tools, an_activity("Create", ada.uri, note))

    assert became == "done: used it"
    assert await rows(db, Use.post_id, Use.actor_id, Use.line, Use.level) == [
        (resource.id, ada.id, "Went well", "england:year-4")
    ]
    assert await rows(db, Post.id) == [(resource.id,)]


async def test_a_reply_is_filed_under_its_parent(tools: Tools, db: Database, here: Here) -> None:
    ada, ben = await ada_of(db, here), await a_person(db, here)
    parent = await a_post(db, here, by=ben)

    await send(tools, an_activity("Create", ada.uri, a_note(ada.uri, inReplyTo=parent.uri, name="A title")))

    found = await rows(db, Post.id, Post.in_reply_to_id, Post.thread_id, Post.title)
    assert found[1][1:] == (parent.id, parent.id, None)


async def test_a_post_of_a_suspended_account_is_dropped(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere, clock: FrozenClock
) -> None:
    eve = await a_person(db, here, local=False, suspended_at=clock.now())
    elsewhere.settle(an_actor(eve.uri))

    became = await send(tools, an_activity("Create", eve.uri, a_note(eve.uri, to=[EVERYBODY])))

    assert became == "nothing came"
    assert (await posts(db), elsewhere.asked) == ([], [])
