"""Addresses become actors and posts, and what claims to be somewhere it is not is refused."""

from collections.abc import Callable
from typing import Any

import pytest

from fedishare.core.errors import FediShareError, Gone, Invalid, NotFound, Refused, Unreachable
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.nodes import BlockedDomain
from fedishare.db.people import Actor, ActorKey
from fedishare.db.posts import Post
from fedishare.domain.kinds import KeyKind, Kind
from fedishare.inbox import resolve
from fedishare.inbox.memory import Budget
from fedishare.inbox.resolve import Found
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import FetchParent
from tests.builders import MONDAY, a_person, a_post, a_room, add
from tests.inbox.elsewhere import Document, Elsewhere, a_document, a_note, an_activity, an_actor, rows
from tests.net.peers import Asked, a_redirect, a_reply

ADA = "https://birch.test/users/ada"
LINK = f'<{ADA}>; rel="alternate"; type="application/activity+json"'
Setting = Callable[[Elsewhere], None]


async def test_an_actor_is_fetched_checked_and_kept(tools: Tools, db: Database, elsewhere: Elsewhere) -> None:
    elsewhere.settle(
        an_actor(
            ADA,
            name="Ada <b>Byron</b>",
            summary="<p>Maths</p><script>",
            url="https://birch.test/@ada",
            endpoints={"sharedInbox": "https://birch.test/inbox"},
            icon={"type": "Image", "url": "https://cdn.cedar.test/a.png"},
            attachment=[{"type": "PropertyValue", "name": "School", "value": "<a href='javascript:x'>Birch</a>"}],
            manuallyApprovesFollowers=True,
        )
    )

    actor_id = await resolve.actor(tools, ADA)

    kept = await rows(
        db, Actor.id, Actor.kind, Actor.handle_key, Actor.host, Actor.name, Actor.summary, Actor.locked, Actor.icon_url
    )
    assert kept[1] == (
        actor_id,
        Kind.PERSON,
        "ada@birch.test",
        "birch.test",
        "Ada <b>Byron</b>",
        "<p>Maths</p>",
        True,
        "https://cdn.cedar.test/a.png",
    )
    assert [row for row in await rows(db, ActorKey.key_id, ActorKey.kind) if row[0].startswith(ADA)] == [
        (f"{ADA}#ed25519-key", KeyKind.ED25519),
        (f"{ADA}#main-key", KeyKind.RSA),
    ]


async def test_every_fetch_is_signed_by_the_node_itself(tools: Tools, elsewhere: Elsewhere) -> None:
    signatures: list[str] = []

    def answering(asked: Asked) -> bytes:
        signatures.append(asked.headers["signature"])
        return a_document(an_actor(ADA))

    elsewhere.settle(an_actor(ADA))
    elsewhere.say(ADA, answering)

    await resolve.actor(tools, ADA)

    assert [signature.partition(",")[0] for signature in signatures] == ['keyId="https://alder.test/actor#main-key"']


async def test_a_known_actor_is_not_asked_again_unless_fresh(tools: Tools, db: Database, elsewhere: Elsewhere) -> None:
    known = await a_person(db, tools.here, local=False, uri=ADA, username="ada")
    elsewhere.settle(an_actor(ADA, name="Ada Lovelace"))

    first = await resolve.actor(tools, ADA)
    asked_first = list(elsewhere.asked)
    again = await resolve.actor(tools, ADA, fresh=True)

    assert (first, again) == (known.id, known.id)
    assert (asked_first, elsewhere.asked) == ([], [ADA])
    assert ("Ada Lovelace",) in await rows(db, Actor.name)


def said(document: Document, at: str = ADA) -> Setting:
    return lambda elsewhere: elsewhere.say(at, document)


def typed(content_type: str) -> Setting:
    return lambda elsewhere: elsewhere.say(ADA, a_document(an_actor(ADA), content_type=content_type))


def moved(to: str, document: Document) -> Setting:
    def set_up(elsewhere: Elsewhere) -> None:
        elsewhere.say(ADA, a_redirect(to))
        elsewhere.say(to, document)

    return set_up


def renamed(*ids: str) -> Setting:
    """A chain of documents, each at the address that the one before names."""

    def set_up(elsewhere: Elsewhere) -> None:
        for at, document_id in zip((ADA, *ids), (*ids, ids[-1]), strict=True):
            elsewhere.say(at, an_actor(document_id))

    return set_up


@pytest.mark.parametrize(
    "setting",
    [
        pytest.param(renamed("https://birch.test/u/1", "https://birch.test/u/2"), id="ORG-12"),
        pytest.param(renamed("https://cedar.test/u/1"), id="ORG-12-elsewhere"),
        pytest.param(moved("https://cedar.test/u/ada", an_actor(ADA)), id="ORG-13"),
        pytest.param(typed("text/plain"), id="ORG-14-text"),
        pytest.param(typed("application/json"), id="ORG-14-json"),
        pytest.param(typed("application/ld+json"), id="ORG-14-no-profile"),
        pytest.param(typed("image/png; a=application/activity+json"), id="ORG-14-parameter"),
        pytest.param(said(an_actor(ADA, inbox="https://cedar.test/inbox")), id="ORG-16-inbox"),
        pytest.param(said(an_actor(ADA, inbox="https://127.0.0.1/inbox")), id="ORG-16-private"),
        pytest.param(said(an_actor(ADA, outbox="https://alder.test/inbox")), id="ORG-16-ours"),
        pytest.param(said(an_actor(ADA, followers="javascript:alert(1)")), id="ORG-16-script"),
        pytest.param(said(an_actor(ADA, featured=[f"{ADA}/featured"])), id="ORG-16-list"),
        pytest.param(said(an_actor(ADA) | {"@context": {"inbox": "as:outbox"}}), id="ORG-28"),
        pytest.param(said(an_actor(ADA, preferredUsername="a b")), id="a-name-with-a-space"),
        pytest.param(said(an_actor(ADA, preferredUsername="x" * 3000)), id="DOS-21"),
        pytest.param(said(an_actor(ADA, type="Note")), id="not-an-actor"),
        pytest.param(said(an_actor(ADA, preferredUsername="eve")), id="ORG-17"),
    ],
)
async def test_an_actor_that_claims_what_it_may_not_is_refused(
    tools: Tools, db: Database, *, elsewhere: Elsewhere, setting: Setting
) -> None:
    elsewhere.name("ada@birch.test", ADA)
    elsewhere.name("eve@birch.test", "https://birch.test/users/eve")
    setting(elsewhere)

    with pytest.raises(Invalid):
        await resolve.actor(tools, ADA)

    assert await rows(db, Actor.uri) == [(tools.here.uris.node,)]


async def test_a_shared_inbox_elsewhere_is_dropped(tools: Tools, db: Database, elsewhere: Elsewhere) -> None:
    elsewhere.settle(an_actor(ADA, endpoints={"sharedInbox": "https://cedar.test/inbox"}))

    await resolve.actor(tools, ADA)

    assert (ADA, None) in await rows(db, Actor.uri, Actor.shared_inbox)


async def test_a_document_that_names_another_address_is_asked_for_there(tools: Tools, elsewhere: Elsewhere) -> None:
    elsewhere.settle(an_actor("https://birch.test/users/1", preferredUsername="ada"))
    elsewhere.say(ADA, an_actor("https://birch.test/users/1", preferredUsername="ada"))

    actor_id = await resolve.actor(tools, ADA)

    assert await resolve.actor(tools, "https://birch.test/users/1") == actor_id


@pytest.mark.parametrize(
    ("confirmed_by", "handle"),
    [
        pytest.param(ADA, "ada@cedar.test", id="that-domain-says-the-same"),
        pytest.param("https://cedar.test/users/ada", "ada@birch.test", id="there-it-is-somebody-else"),
        pytest.param(None, "ada@birch.test", id="nobody-there-knows-her"),
    ],
)
async def test_a_claimed_handle_counts_if_its_domain_confirms_it(
    tools: Tools, db: Database, elsewhere: Elsewhere, *, confirmed_by: str | None, handle: str
) -> None:
    elsewhere.settle(an_actor(ADA, webfinger="ada@cedar.test"))
    if confirmed_by is not None:
        elsewhere.name("ada@cedar.test", confirmed_by)

    await resolve.actor(tools, ADA)

    assert handle in [key for (key,) in await rows(db, Actor.handle_key)]


@pytest.mark.parametrize("claimed", ["eve@cedar.test", "ada", "@", "ada@", "ada@b@c", "ada@127.0.0.1", 7])
async def test_what_cannot_be_a_handle_of_this_actor_is_passed_over(
    tools: Tools, db: Database, elsewhere: Elsewhere, claimed: object
) -> None:
    elsewhere.settle(an_actor(ADA, webfinger=claimed))

    await resolve.actor(tools, ADA)

    assert "ada@birch.test" in [key for (key,) in await rows(db, Actor.handle_key)]


async def test_the_actor_of_a_whole_server_needs_no_handle(tools: Tools, db: Database, elsewhere: Elsewhere) -> None:
    site = an_actor("https://birch.test/actor", type="Application")
    del site["preferredUsername"]
    elsewhere.say("https://birch.test/actor", site)

    await resolve.actor(tools, "https://birch.test/actor")

    assert ("birch.test@birch.test", Kind.NODE) in await rows(db, Actor.handle_key, Actor.kind)


@pytest.mark.parametrize(
    ("uri", "refusal"),
    [
        pytest.param("https://alder.test/users/nobody", NotFound, id="ours"),
        pytest.param("https://evil.test/users/eve", Refused, id="blocked"),
        pytest.param("https://sub.evil.test/users/eve", Refused, id="below-a-blocked-one"),
        pytest.param("ftp://birch.test/a", Invalid, id="another-scheme"),
    ],
)
async def test_some_places_are_never_asked(
    tools: Tools, elsewhere: Elsewhere, *, uri: str, refusal: type[FediShareError]
) -> None:
    await tools.db.write(add, BlockedDomain, domain="evil.test", reason="", created_at=MONDAY)

    with pytest.raises(refusal):
        await resolve.actor(tools, uri)
    with pytest.raises(refusal):
        await resolve.post(tools, uri)

    assert elsewhere.asked == []


async def test_a_post_is_fetched_with_its_author(tools: Tools, db: Database, elsewhere: Elsewhere) -> None:
    elsewhere.settle(an_actor(ADA))
    note = a_note(ADA)
    elsewhere.say(note["id"], note)

    post_id = await resolve.post(tools, note["id"])

    assert await rows(db, Post.id, Post.uri, Post.content) == [(post_id, note["id"], note["content"])]
    assert await resolve.post(tools, note["id"]) == post_id


async def test_a_create_leads_to_its_post(tools: Tools, db: Database, elsewhere: Elsewhere) -> None:
    elsewhere.settle(an_actor(ADA))
    note = a_note(ADA)
    create = an_activity("Create", ADA, note | {"content": "<p>Forged</p>"}, id="https://birch.test/creates/1")
    elsewhere.say(note["id"], note)
    elsewhere.say(create["id"], create)

    await resolve.post(tools, create["id"])

    assert await rows(db, Post.uri, Post.content) == [(note["id"], note["content"])]


@pytest.mark.parametrize(
    "over",
    [
        pytest.param({"attributedTo": "https://cedar.test/users/carl"}, id="an-author-elsewhere"),
        pytest.param({"attributedTo": None}, id="no-author"),
        pytest.param({"type": "Person"}, id="not-a-post"),
        pytest.param({"content": ""}, id="nothing-in-it"),
        pytest.param({"id": "https://cedar.test/notes/1"}, id="another-address"),
    ],
)
async def test_a_post_that_is_not_its_authors_is_refused(
    tools: Tools, db: Database, *, elsewhere: Elsewhere, over: dict[str, Any]
) -> None:
    elsewhere.settle(an_actor(ADA))
    elsewhere.settle(an_actor("https://cedar.test/users/carl"))
    elsewhere.say(f"{ADA}/posts/1", a_note(ADA) | over)

    with pytest.raises(Invalid):
        await resolve.post(tools, f"{ADA}/posts/1")

    assert await rows(db, Post.uri) == []


def a_chain(elsewhere: Elsewhere, length: int) -> str:
    """Notes that each answer the next higher number; gives the address of number 1."""
    elsewhere.settle(an_actor(ADA))
    for number in range(1, length + 1):
        answered = f"{ADA}/posts/{number + 1}" if number < length else None
        note = a_note(ADA, number=number, inReplyTo=answered)
        elsewhere.say(note["id"], note)
    return f"{ADA}/posts/1"


async def test_the_posts_above_an_answer_are_found(tools: Tools, db: Database, elsewhere: Elsewhere) -> None:
    ben = await a_person(db, tools.here)
    reply = await a_post(db, tools.here, by=ben, in_reply_to_uri=a_chain(elsewhere, 3))

    await resolve.fetch_parent(tools, FetchParent(reply.id))

    kept = await rows(db, Post.id, Post.uri, Post.in_reply_to_id, Post.thread_id)
    by_uri = {uri: (post_id, parent, thread) for post_id, uri, parent, thread in kept}
    root = by_uri[f"{ADA}/posts/3"][0]
    assert {thread for _, _, thread in by_uri.values()} == {root}
    assert by_uri[reply.uri][1] == by_uri[f"{ADA}/posts/1"][0]


async def test_dos_15_an_endless_thread_ends(tools: Tools, db: Database, elsewhere: Elsewhere) -> None:
    ben = await a_person(db, tools.here)
    reply = await a_post(db, tools.here, by=ben, in_reply_to_uri=a_chain(elsewhere, 60))

    await resolve.fetch_parent(tools, FetchParent(reply.id))
    for (post_id,) in await rows(db, Post.id):
        await resolve.fetch_parent(tools, FetchParent(post_id))

    assert len(await rows(db, Post.id)) == 21
    assert len([url for url in elsewhere.asked if "/posts/" in url]) == 20


async def test_a_thread_in_a_circle_ends(tools: Tools, db: Database, elsewhere: Elsewhere) -> None:
    elsewhere.settle(an_actor(ADA))
    for number, other in ((1, 2), (2, 1)):
        elsewhere.say(f"{ADA}/posts/{number}", a_note(ADA, number=number, inReplyTo=f"{ADA}/posts/{other}"))
    ben = await a_person(db, tools.here)
    reply = await a_post(db, tools.here, by=ben, in_reply_to_uri=f"{ADA}/posts/1")

    await resolve.fetch_parent(tools, FetchParent(reply.id))

    assert len(await rows(db, Post.id)) == 3
    assert len([url for url in elsewhere.asked if "/posts/" in url]) == 2


async def test_a_parent_that_is_out_of_reach_is_tried_again_later(
    tools: Tools, db: Database, elsewhere: Elsewhere
) -> None:
    ben = await a_person(db, tools.here)
    reply = await a_post(db, tools.here, by=ben, in_reply_to_uri=f"{ADA}/posts/1")
    elsewhere.fail(f"{ADA}/posts/1", 503)
    with pytest.raises(Unreachable):
        await resolve.fetch_parent(tools, FetchParent(reply.id))
    a_chain(elsewhere, 1)

    await resolve.fetch_parent(tools, FetchParent(reply.id))

    assert len(await rows(db, Post.id)) == 2


async def test_a_parent_that_is_not_there_is_asked_for_once(tools: Tools, db: Database, elsewhere: Elsewhere) -> None:
    ben = await a_person(db, tools.here)
    reply = await a_post(db, tools.here, by=ben, in_reply_to_uri=f"{ADA}/posts/1")

    for _ in range(3):
        await resolve.fetch_parent(tools, FetchParent(reply.id))

    assert elsewhere.asked == [f"{ADA}/posts/1"]


async def test_a_budget_is_spent_once_for_all(tools: Tools, elsewhere: Elsewhere) -> None:
    elsewhere.settle(an_actor(ADA))
    budget = Budget(1)

    with pytest.raises(Invalid):
        await resolve.actor(tools, ADA, budget=budget)

    assert elsewhere.asked == [ADA]


@pytest.mark.parametrize("text", ["@ada@birch.test", "ada@Birch.test", " acct:ada@birch.test ", ADA, f"{ADA}#me"])
async def test_a_person_elsewhere_is_found(tools: Tools, elsewhere: Elsewhere, text: str) -> None:
    elsewhere.settle(an_actor(ADA))

    found = await resolve.find(tools, text)

    assert found == Found("actor", await resolve.actor(tools, ADA))


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(a_reply(b"<html>", headers=[("Content-Type", "text/html"), ("Link", LINK)]), id="in-the-header"),
        pytest.param(
            a_reply(
                b'<html><head><link rel="alternate" type="application/activity+json" href="/users/ada"></head>',
                headers=[("Content-Type", "text/html; charset=utf-8")],
            ),
            id="in-the-page",
        ),
        pytest.param(a_document(an_actor(ADA)), id="the-document-itself"),
    ],
)
async def test_a_pasted_page_leads_to_its_actor(tools: Tools, elsewhere: Elsewhere, page: bytes) -> None:
    elsewhere.settle(an_actor(ADA))
    elsewhere.say("https://birch.test/@ada", page)

    found = await resolve.find(tools, "https://birch.test/@ada")

    assert found == Found("actor", await resolve.actor(tools, ADA))


async def test_a_pasted_page_leads_to_its_post(tools: Tools, elsewhere: Elsewhere) -> None:
    elsewhere.settle(an_actor(ADA))
    note = a_note(ADA)
    elsewhere.say(note["id"], note)

    found = await resolve.find(tools, note["id"])

    assert found == Found("post", await resolve.post(tools, note["id"]) or 0)


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(b"<html>", id="no-link"),
        pytest.param(
            b'<link rel="alternate" type="application/activity+json" href="https://cedar.test/users/carl">', id="ORG-15"
        ),
        pytest.param(b'<link rel="alternate" type="application/json" href="/users/ada">', id="another-type"),
        pytest.param(b'<link rel="alternate" type="application/activity+json" href="//cedar.test/x">', id="no-scheme"),
    ],
)
async def test_a_page_that_leads_elsewhere_is_not_followed(tools: Tools, elsewhere: Elsewhere, page: bytes) -> None:
    elsewhere.say("https://birch.test/@ada", a_reply(page, headers=[("Content-Type", "text/html")]))

    with pytest.raises(Invalid):
        await resolve.find(tools, "https://birch.test/@ada")

    assert elsewhere.asked == ["https://birch.test/@ada"]


async def test_our_own_things_are_found_without_asking_anybody(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    ben, room = await a_person(db, here, username="ben"), await a_room(db, here, username="maths")
    post = await a_post(db, here, by=ben)

    found = [
        await resolve.find(tools, text)
        for text in ("ben", "@ben", "@maths@alder.test", "https://alder.test/@ben", ben.uri, post.uri)
    ]

    assert found == [
        Found("actor", ben.id),
        Found("actor", ben.id),
        Found("actor", room.id),
        Found("actor", ben.id),
        Found("actor", ben.id),
        Found("post", post.id),
    ]
    assert elsewhere.asked == []


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        pytest.param("@nobody", NotFound, id="nobody-here"),
        pytest.param("https://alder.test/posts/7", NotFound, id="nothing-here"),
        pytest.param("@nobody@birch.test", NotFound, id="nobody-there"),
        pytest.param("@eve@evil.test", Refused, id="a-blocked-server"),
        pytest.param("https://evil.test/@eve", Refused, id="a-page-of-a-blocked-server"),
        pytest.param("a b c", Invalid, id="words"),
        pytest.param("https://birch.test/gone", Gone, id="deleted"),
    ],
)
async def test_what_cannot_be_found_says_why(
    tools: Tools, elsewhere: Elsewhere, *, text: str, refusal: type[FediShareError]
) -> None:
    await tools.db.write(add, BlockedDomain, domain="evil.test", reason="", created_at=MONDAY)
    elsewhere.fail("https://birch.test/gone", 410)

    with pytest.raises(refusal):
        await resolve.find(tools, text)
