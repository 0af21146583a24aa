"""Asking around for the answers of a conversation that nobody sent us."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import msgspec
import pytest

from fedishare.as2.node import CONTEXT
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.nodes import BlockedDomain
from fedishare.db.posts import Home, Post
from fedishare.db.work import Job
from fedishare.inbox import collecting, crawl, resolve
from fedishare.inbox.memory import Budget
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import CrawlThread, FetchParent
from tests.builders import MONDAY, a_follow_row, a_person, a_post, a_room, add
from tests.inbox.elsewhere import ACTIVITY, Document, Elsewhere, a_note, an_activity, an_actor, jobs, rows, send
from tests.net.peers import Asked, a_reply

ADA: Final = "https://birch.test/users/ada"
BEN: Final = "https://cedar.test/users/ben"
EVE: Final = "https://evil.test/users/eve"
CONTEXT_URI: Final = "https://birch.test/contexts/1"


def a_thread(elsewhere: Elsewhere, **root: Any) -> list[Document]:
    """Ada asks, Ben answers, Ada thanks him; each on their own server."""
    for actor in (ADA, BEN, EVE):
        elsewhere.settle(an_actor(actor))
    asks = a_note(ADA, number=1, **root)
    answers = a_note(BEN, number=2, inReplyTo=asks["id"])
    thanks = a_note(ADA, number=3, inReplyTo=answers["id"])
    for note in (asks, answers, thanks):
        elsewhere.say(note["id"], note)
    return [asks, answers, thanks]


def a_collection(uri: str, *items: Any, **over: Any) -> Document:
    return {"@context": CONTEXT, "id": uri, "type": "Collection", "items": list(items)} | over


async def opened(tools: Tools, root: str) -> None:
    """Somebody here knows the first post, and opens its conversation."""
    post_id = await resolve.post(tools, root)
    assert post_id is not None
    await crawl.crawl(tools, CrawlThread(post_id))


async def kept(db: Database) -> list[str]:
    return sorted(uri for (uri,) in await rows(db, Post.uri))


async def threads(db: Database) -> set[int]:
    return {thread for (thread,) in await rows(db, Post.thread_id)}


async def test_the_list_that_a_thread_names_is_read_page_by_page(
    tools: Tools, db: Database, elsewhere: Elsewhere
) -> None:
    asks, answers, thanks = a_thread(elsewhere, context=CONTEXT_URI)
    page = f"{CONTEXT_URI}?page=2"
    elsewhere.say(CONTEXT_URI, a_collection(CONTEXT_URI, asks["id"], first=f"{CONTEXT_URI}?page=1"))
    first = a_collection(f"{CONTEXT_URI}?page=1", asks["id"], {"id": answers["id"], "type": "Note"}, next=page)
    elsewhere.say(f"{CONTEXT_URI}?page=1", first | {"type": "CollectionPage"})
    elsewhere.say(page, a_collection(page, thanks["id"], type="CollectionPage"))

    await opened(tools, asks["id"])

    assert await kept(db) == sorted([asks["id"], answers["id"], thanks["id"]])
    assert len(await threads(db)) == 1


async def test_without_a_list_the_answers_are_followed_from_post_to_post(
    tools: Tools, db: Database, elsewhere: Elsewhere
) -> None:
    asks, answers, thanks = a_thread(elsewhere)
    page = {"type": "CollectionPage", "items": [answers["id"]]}
    asks["replies"] = {"id": f"{asks['id']}/replies", "type": "Collection", "first": page}
    answers["replies"] = f"{answers['id']}/replies"
    elsewhere.say(answers["replies"], a_collection(answers["replies"], thanks["id"], asks["id"]))

    await opened(tools, asks["id"])

    assert await kept(db) == sorted([asks["id"], answers["id"], thanks["id"]])


@pytest.mark.parametrize("items", [{}, {"items": []}], ids=["as-gotosocial-writes-it", "as-mastodon-writes-it"])
async def test_a_first_page_without_answers_is_not_the_last(
    tools: Tools, db: Database, elsewhere: Elsewhere, *, items: Document
) -> None:
    asks, answers, _ = a_thread(elsewhere)
    replies = f"{asks['id']}/replies"
    second = f"{replies}?page=true&only_other_accounts=false"
    first = {"id": f"{replies}?page=true", "type": "CollectionPage", "next": second, "partOf": replies} | items
    asks["replies"] = {"id": replies, "type": "Collection", "first": first}
    elsewhere.say(second, a_collection(second, answers["id"], type="CollectionPage"))

    await opened(tools, asks["id"])

    assert await kept(db) == sorted([asks["id"], answers["id"]])


@pytest.mark.parametrize(
    "named",
    [
        pytest.param("https://birch.test/gone", id="that-is-gone"),
        pytest.param("https://alder.test/threads/1", id="on-our-own-server"),
        pytest.param("tag:birch.test,2026:1", id="that-is-only-a-name"),
    ],
)
async def test_a_list_that_cannot_be_read_leaves_the_answers(
    tools: Tools, db: Database, elsewhere: Elsewhere, *, named: str
) -> None:
    asks, answers, _ = a_thread(elsewhere, context=named)
    asks["replies"] = a_collection(f"{asks['id']}/replies", answers["id"])

    await opened(tools, asks["id"])

    assert await kept(db) == sorted([asks["id"], answers["id"]])


async def test_what_does_not_belong_to_the_conversation_is_not_kept(
    tools: Tools, db: Database, elsewhere: Elsewhere
) -> None:
    asks, answers, _ = a_thread(elsewhere, context=CONTEXT_URI)
    advert = a_note(EVE, number=9)
    elsewhere.say(advert["id"], advert)
    elsewhere.say(CONTEXT_URI, a_collection(CONTEXT_URI, asks["id"], advert["id"], answers["id"]))

    await opened(tools, asks["id"])

    assert await kept(db) == sorted([asks["id"], answers["id"]])


async def test_what_a_list_says_of_a_post_is_not_believed(tools: Tools, db: Database, elsewhere: Elsewhere) -> None:
    asks, answers, _ = a_thread(elsewhere, context=CONTEXT_URI)
    forged = answers | {"content": "<p>I never said that.</p>"}
    elsewhere.say(CONTEXT_URI, a_collection(CONTEXT_URI, asks["id"], forged))

    await opened(tools, asks["id"])

    said = dict(await rows(db, Post.uri, Post.content))
    assert said[answers["id"]] == "<p>Fractions go well with cake.</p>"


async def test_blocked_servers_and_ourselves_are_not_asked(tools: Tools, db: Database, elsewhere: Elsewhere) -> None:
    asks, _, _ = a_thread(elsewhere)
    asks["replies"] = a_collection(f"{asks['id']}/replies", f"{EVE}/posts/1", "https://alder.test/posts/77")
    await db.write(add, BlockedDomain, domain="evil.test", reason="", created_at=MONDAY)

    await opened(tools, asks["id"])

    assert [uri for uri in elsewhere.asked if "evil" in uri or "alder" in uri] == []


async def test_pages_that_lead_round_in_circles_come_to_an_end(
    tools: Tools, db: Database, elsewhere: Elsewhere
) -> None:
    asks, answers, _ = a_thread(elsewhere)
    at = f"{asks['id']}/replies"
    asks["replies"] = at
    elsewhere.say(at, a_collection(at, answers["id"], next=f"{at}?page=2"))
    elsewhere.say(f"{at}?page=2", a_collection(f"{at}?page=2", answers["id"], type="CollectionPage", next=at))

    await opened(tools, asks["id"])

    assert await kept(db) == sorted([asks["id"], answers["id"]])
    assert elsewhere.asked.count(f"{at}?page=2") == 1


async def test_one_server_is_asked_so_often_and_no_more(
    tools: Tools, db: Database, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crawl, "PER_HOST", 5)
    asks, answers, _ = a_thread(elsewhere)
    many = [f"{ADA}/posts/{number}" for number in range(100, 140)]
    for uri in many:
        elsewhere.say(uri, a_note(ADA) | {"id": uri, "inReplyTo": asks["id"]})
    asks["replies"] = a_collection(f"{asks['id']}/replies", *many, answers["id"])

    await resolve.post(tools, asks["id"])
    elsewhere.asked.clear()
    await opened(tools, asks["id"])

    assert len([uri for uri in elsewhere.asked if "birch" in uri]) == 5
    assert answers["id"] in await kept(db)


async def test_so_many_posts_are_looked_at_and_no_more(
    tools: Tools, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crawl, "MOST_ITEMS", 4)
    asks, _, _ = a_thread(elsewhere)
    asks["replies"] = a_collection(f"{asks['id']}/replies", *(f"{BEN}/posts/{number}" for number in range(100, 140)))

    await opened(tools, asks["id"])

    assert len([uri for uri in elsewhere.asked if uri.startswith(f"{BEN}/posts/")]) == 3


async def test_what_was_not_there_is_not_asked_for_again_at_once(tools: Tools, elsewhere: Elsewhere) -> None:
    asks, _, _ = a_thread(elsewhere)
    asks["replies"] = a_collection(f"{asks['id']}/replies", f"{BEN}/posts/404")

    await opened(tools, asks["id"])
    await opened(tools, asks["id"])

    assert elsewhere.asked.count(f"{BEN}/posts/404") == 1


async def test_an_edit_is_seen_on_the_way(tools: Tools, db: Database, elsewhere: Elsewhere) -> None:
    asks, _, _ = a_thread(elsewhere)
    await resolve.post(tools, asks["id"])
    asks |= {"content": "<p>Edited.</p>", "updated": "2026-09-07T08:20:00Z"}

    await opened(tools, asks["id"])

    assert ("<p>Edited.</p>",) in await rows(db, Post.content)


async def test_a_private_conversation_is_left_alone(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    ada = await a_person(db, here, local=False, uri=ADA, username="ada")
    post = await a_post(db, here, by=ada, visibility="followers")

    await crawl.crawl(tools, CrawlThread(post.id))

    assert elsewhere.asked == []


async def test_old_posts_that_are_found_fill_nobodys_home(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    ada = await a_person(db, here, local=False, uri=ADA, username="ada")
    anna = await a_person(db, here)
    await a_follow_row(db, here, by=anna, of=ada)
    old = a_note(ADA, number=1, published=(MONDAY - timedelta(hours=7)).isoformat())
    new = a_note(ADA, number=2, published=(MONDAY - timedelta(hours=5)).isoformat())
    for note in (old, new):
        elsewhere.say(note["id"], note)
        await resolve.post(tools, note["id"])

    shown = {post for (post,) in await rows(db, Home.post_id)}

    assert [uri for post, uri in await rows(db, Post.id, Post.uri) if post in shown] == [new["id"]]


async def test_an_answer_that_came_first_reaches_homes_once_it_is_known_whom_it_answers(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    asks, answers, _ = a_thread(elsewhere)
    ada = await a_person(db, here, local=False, uri=ADA, username="ada")
    ben = await a_person(db, here, local=False, domain="cedar.test", uri=BEN, username="ben")
    anna, bob = await a_person(db, here), await a_person(db, here)
    await a_follow_row(db, here, by=anna, of=ben)
    await a_follow_row(db, here, by=anna, of=ada)
    await a_follow_row(db, here, by=bob, of=ben)
    await send(tools, an_activity("Create", BEN, answers))
    before = await rows(db, Home.reader_id)

    await do(tools, "FetchParent")

    posts = dict(await rows(db, Post.uri, Post.id))
    assert before == []
    assert await rows(db, Home.reader_id, Home.post_id) == [
        (anna.id, posts[answers["id"]]),
        (anna.id, posts[asks["id"]]),
    ]


async def test_an_answer_that_came_first_enters_the_room_of_its_thread_and_is_passed_on(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    asks, answers, _ = a_thread(elsewhere)
    room = await a_room(db, here)
    anna = await a_person(db, here)
    topic = await a_post(db, here, by=anna, room_id=room.id)
    asks["inReplyTo"] = topic.uri
    await a_person(db, here, local=False, uri=BEN)
    await send(tools, an_activity("Create", BEN, answers))

    await do(tools, "FetchParent")

    assert {room_id for (room_id,) in await rows(db, Post.room_id)} == {room.id}
    assert len(await threads(db)) == 1
    assert (await tools.db.read(jobs)).count("Distribute") == 1


async def do(tools: Tools, kind: str) -> None:
    """Run the parents that are to be fetched, as the worker would."""
    payloads = await rows(tools.db, Job.payload, Job.kind)
    for payload, named in payloads:
        if named == kind:
            await resolve.fetch_parent(tools, msgspec.json.decode(payload, type=FetchParent))


def endless(at: str, *, longer: bool) -> Callable[[Asked], bytes]:
    """A collection in which each page leads to one more, and may be longer than the one before."""

    def page(asked: Asked) -> bytes:
        number = int(asked.target.partition("?page=")[2] or "1")
        posts = [f"{BEN}/posts/{number}-{place}" for place in range(60 * number if longer else 1)]
        body = a_collection(f"{at}?page={number}", *posts, type="CollectionPage", next=f"{at}?page={number + 1}")
        return a_reply(msgspec.json.encode(body), headers=[("Content-Type", ACTIVITY)])

    return page


@pytest.mark.parametrize("longer", [False, True], ids=["of-small-pages", "of-ever-longer-pages"])
async def test_dos_16_a_list_without_end_comes_to_one(tools: Tools, elsewhere: Elsewhere, *, longer: bool) -> None:
    at = f"{ADA}/lists/endless"
    for number in range(1, 40):
        elsewhere.say(f"{at}?page={number}", endless(at, longer=longer))
    elsewhere.say(at, a_collection(at, first=f"{at}?page=1"))
    whole = await collecting.whole(tools, at, budget=Budget(1_000))

    listed = [uri async for uri in collecting.items(tools, whole, at=at, budget=Budget(1_000))]

    assert len([uri for uri in elsewhere.asked if "?page=" in uri]) <= 10
    assert len(listed) == (1_000 if longer else 10)


@pytest.mark.parametrize("leads", ["itself", "us"])
async def test_dos_16_a_list_that_leads_to_itself_or_to_us_ends_there(
    tools: Tools, elsewhere: Elsewhere, *, leads: str
) -> None:
    at = f"{ADA}/lists/odd"
    elsewhere.say(
        at, a_collection(at, f"{BEN}/posts/1", next=at if leads == "itself" else "https://alder.test/users/x")
    )
    whole = await collecting.whole(tools, at, budget=Budget(1_000))

    listed = [uri async for uri in collecting.items(tools, whole, at=at, budget=Budget(1_000))]

    assert listed == [f"{BEN}/posts/1"]
    assert len(elsewhere.asked) <= 2
