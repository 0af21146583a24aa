"""The one way in: who is turned away, why, and that nothing is left of it; rows are named as in the attack corpus."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, update
from sqlalchemy.exc import DBAPIError

from fedishare.core.errors import (
    FediShareError,
    Gone,
    Invalid,
    NotFound,
    Refused,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unreachable,
    Unsupported,
)
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.follows import Follow
from fedishare.db.nodes import BlockedDomain, Node
from fedishare.db.people import Actor, ActorKey
from fedishare.db.posts import Post
from fedishare.db.work import Received, SeenSignature
from fedishare.jobs.tools import Tools
from fedishare.net.signatures import Request, Scheme
from tests.builders import MONDAY, FrozenClock, Made, a_person, a_post, add
from tests.inbox.elsewhere import (
    Document,
    Elsewhere,
    a_letter,
    a_note,
    a_proof,
    an_activity,
    an_actor,
    catch_up,
    jobs,
    outcomes,
    post,
    rows,
    send,
)
from tests.net.peers import a_reply

ADA = "https://birch.test/users/ada"
CARA = "https://alder.test/users/cara"
EVE = "https://evil.test/users/eve"
PEM = "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----"


async def nothing_is_left(tools: Tools) -> bool:
    """Whether the request left no trace: no activity, no signature, nobody new, no job."""
    kept = [await rows(tools.db, column) for column in (Received.uri, SeenSignature.fingerprint, Post.uri, Follow.id)]
    return kept == [[], [], [], []] and await tools.db.read(jobs) == []


async def a_follow(tools: Tools, *, by: str = ADA, **over: Any) -> Document:
    ben = await a_person(tools.db, tools.here)
    return an_activity("Follow", by, ben.uri, **over)


async def test_a_signed_activity_from_somebody_new_is_taken_in(tools: Tools, elsewhere: Elsewhere) -> None:
    elsewhere.settle(an_actor(ADA))
    follow = await a_follow(tools)

    await post(tools, a_letter(tools, follow, by=ADA))

    assert await tools.db.read(outcomes) == {follow["id"]: "done: follow accepted"}
    assert sorted(elsewhere.asked) == [
        "https://birch.test/.well-known/webfinger?resource=acct:ada@birch.test",
        ADA,
    ]


async def test_a_known_key_costs_no_fetch(tools: Tools, db: Database, here: Here, elsewhere: Elsewhere) -> None:
    ada = await a_person(db, here, local=False)

    became = await send(tools, await a_follow(tools, by=ada.uri))

    assert (became, elsewhere.asked) == ("done: follow accepted", [])


async def test_rfc_9421_is_as_good(tools: Tools, db: Database, here: Here) -> None:
    ada = await a_person(db, here, local=False)
    follow = await a_follow(tools, by=ada.uri)

    await post(tools, a_letter(tools, follow, by=ada.uri, scheme=Scheme.RFC9421))

    assert await tools.db.read(outcomes) == {follow["id"]: "done: follow accepted"}


def with_headers(letter: Request, **changed: str | None) -> Request:
    kept = [(name, value) for name, value in letter.headers if name.lower() not in changed]
    return letter._replace(headers=(*kept, *((name, value) for name, value in changed.items() if value is not None)))


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        pytest.param(lambda letter: with_headers(letter, signature=None), Unauthenticated, id="SIG-01"),
        pytest.param(lambda letter: with_headers(letter, signature="x" * 20_000), Invalid, id="SIG-02"),
        pytest.param(lambda letter: letter._replace(body=letter.body + b" "), Unauthenticated, id="SIG-06"),
        pytest.param(lambda letter: with_headers(letter, host="evil.test"), Unauthenticated, id="SIG-08"),
        pytest.param(lambda letter: letter._replace(target="https://evil.test/inbox"), Invalid, id="SIG-09"),
    ],
)
async def test_a_request_that_is_not_signed_for_us_is_refused(
    tools: Tools, elsewhere: Elsewhere, *, change: Callable[[Request], Request], refusal: type[FediShareError]
) -> None:
    letter = a_letter(tools, await a_follow(tools), by=ADA)

    with pytest.raises(refusal):
        await post(tools, change(letter))

    assert (await nothing_is_left(tools), elsewhere.asked) == (True, [])


async def test_sig_10_a_letter_to_one_inbox_is_not_taken_by_another(
    tools: Tools, db: Database, elsewhere: Elsewhere
) -> None:
    await a_person(db, tools.here, local=False, uri=ADA, username="ada")
    elsewhere.settle(an_actor(ADA))
    letter = a_letter(tools, await a_follow(tools), by=ADA, target="/users/a/inbox")

    with pytest.raises(Unauthenticated):
        await post(tools, letter._replace(target="/users/b/inbox"))

    assert await nothing_is_left(tools)


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "gzip, gzip", "identity"])
async def test_sig_19_no_coding_is_undone(tools: Tools, coding: str) -> None:
    with pytest.raises(Unsupported):
        await post(tools, a_letter(tools, await a_follow(tools), by=ADA), content_encoding=coding)


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/json", "application/ld+json", "text/html; x=application/activity+json"],
)
async def test_only_activitypub_is_read(tools: Tools, content_type: str) -> None:
    with pytest.raises(Unsupported):
        await post(tools, a_letter(tools, await a_follow(tools), by=ADA), content_type=content_type)


async def test_the_other_content_type_is_read_too(tools: Tools, db: Database, here: Here) -> None:
    ada = await a_person(db, here, local=False)
    letter = a_letter(tools, await a_follow(tools, by=ada.uri), by=ada.uri)

    await post(tools, letter, content_type='application/ld+json; profile="https://www.w3.org/ns/activitystreams"')

    assert len(await tools.db.read(outcomes)) == 1


async def test_a_body_of_more_than_a_megabyte_is_refused(tools: Tools) -> None:
    with pytest.raises(TooLarge):
        await post(tools, a_letter(tools, b" " * ((1 << 20) + 1), by=ADA))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[]", id="a-list"),
        pytest.param(b'{"id":"a","id":"b"}', id="ORG-29"),
        pytest.param(b"[" * 100_000, id="DOS-10"),
        pytest.param(b'{"a":NaN}', id="DOS-11"),
        pytest.param(b'{"a":"\\ud800"}', id="DOS-12"),
        pytest.param(b'{"type":"Follow","actor":"https://birch.test/users/ada"}', id="ORG-28-no-context"),
    ],
)
async def test_what_is_no_activity_is_refused(tools: Tools, elsewhere: Elsewhere, body: bytes) -> None:
    with pytest.raises(Invalid):
        await post(tools, a_letter(tools, body, by=ADA))

    assert (await nothing_is_left(tools), elsewhere.asked) == (True, [])


@pytest.mark.parametrize(
    ("over", "refusal"),
    [
        pytest.param({"id": "https://cedar.test/1"}, Refused, id="ORG-01"),
        pytest.param({"id": "#1"}, Invalid, id="ORG-04"),
        pytest.param({"id": None}, Invalid, id="ORG-04-null"),
        pytest.param({"type": "OrderedCollection"}, Invalid, id="ORG-25"),
        pytest.param({"@context": {"actor": "as:object"}}, Invalid, id="ORG-28"),
        pytest.param({"id": "https://alder.test/1", "actor": "https://alder.test/users/b"}, Refused, id="ours"),
        pytest.param({"id": "https://ALDER.test/1", "actor": "https://alder.test:443/x"}, Refused, id="ORG-22"),
    ],
)
async def test_an_activity_out_of_place_is_refused_before_any_fetch(
    tools: Tools, elsewhere: Elsewhere, *, over: dict[str, Any], refusal: type[FediShareError]
) -> None:
    follow = await a_follow(tools) | over

    with pytest.raises(refusal):
        await post(tools, a_letter(tools, follow, by=ADA))

    assert (await nothing_is_left(tools), elsewhere.asked) == (True, [])


@pytest.mark.parametrize("actor", ["https://evil.test/u/e", "https://a.b.evil.test/u/e", "https://EVIL.test./u/e"])
async def test_mod_01_a_blocked_server_is_refused_before_any_fetch(
    tools: Tools, elsewhere: Elsewhere, actor: str
) -> None:
    await tools.db.write(add, BlockedDomain, domain="evil.test", reason="", created_at=MONDAY)

    with pytest.raises(Refused):
        await post(tools, a_letter(tools, await a_follow(tools, by=actor), by=actor))

    assert (await nothing_is_left(tools), elsewhere.asked) == (True, [])


@pytest.mark.parametrize("kind", ["Delete", "Update"])
@pytest.mark.parametrize("known", [False, True])
async def test_dos_23_word_of_somebody_we_lost_or_never_knew_costs_nothing(
    tools: Tools, elsewhere: Elsewhere, *, kind: str, known: bool
) -> None:
    if known:
        await a_person(tools.db, tools.here, local=False, uri=ADA, deleted_at=MONDAY)

    await post(tools, a_letter(tools, an_activity(kind, ADA, ADA), by=ADA))

    assert (await nothing_is_left(tools), elsewhere.asked) == (True, [])


@pytest.mark.parametrize(
    ("place", "over", "refusal"),
    [
        pytest.param("users/nobody", None, NotFound, id="nobody"),
        pytest.param("users/gone", {"deleted_at": MONDAY}, Gone, id="deleted"),
    ],
)
async def test_an_inbox_of_nobody_takes_nothing(
    tools: Tools, *, place: str, over: dict[str, Any] | None, refusal: type[NotFound]
) -> None:
    uri = f"{tools.here.uris.origin}/{place}"
    if over is not None:
        await a_person(tools.db, tools.here, uri=uri, **over)

    with pytest.raises(refusal):
        await post(tools, a_letter(tools, await a_follow(tools), by=ADA), recipient=uri)

    assert await nothing_is_left(tools)


async def test_sig_14_nobody_acts_for_another(tools: Tools, db: Database, here: Here, elsewhere: Elsewhere) -> None:
    eve, ada = await a_person(db, here, local=False, uri=EVE), await a_person(db, here, local=False, uri=ADA)
    bea = await a_person(db, here, local=False, uri="https://birch.test/users/bea")
    victim = await a_post(db, here, by=ada)
    before = await rows(db, Post.uri, Post.content)
    note = a_note(ADA, id=victim.uri, content="<p>Forged</p>", updated="2026-09-07T08:20:00Z")
    create, like = an_activity("Create", ADA, a_note(ADA, number=9)), an_activity("Like", ADA, ADA)
    activities = [await a_follow(tools), create, like]

    for activity in [*activities, an_activity("Update", ADA, note)]:
        with pytest.raises(Refused):
            await post(tools, a_letter(tools, activity, by=bea.uri))
    for activity in activities:
        with pytest.raises(Refused):
            await post(tools, a_letter(tools, activity, by=eve.uri))

    assert await rows(db, Post.uri, Post.content) == before
    assert (await rows(db, Received.uri), elsewhere.asked) == ([], [])


async def test_sig_15_a_key_that_names_another_as_its_owner_is_not_kept(tools: Tools, elsewhere: Elsewhere) -> None:
    elsewhere.settle(an_actor(ADA))
    key_id = "https://birch.test/keys/1"
    elsewhere.say(key_id, an_actor(ADA)["publicKey"] | {"@context": an_actor()["@context"], "id": key_id, "owner": ADA})

    with pytest.raises(Unauthenticated):
        await post(tools, a_letter(tools, await a_follow(tools), by=ADA, pair=1, key_id=key_id))

    assert (key_id,) not in await rows(tools.db, ActorKey.key_id)
    assert await nothing_is_left(tools)


async def test_a_key_document_leads_to_its_owner(tools: Tools, elsewhere: Elsewhere) -> None:
    """GoToSocial serves the key under an address of its own, as a stub of the actor."""
    key_id = f"{ADA}/main-key"
    actor = an_actor(ADA)
    actor["publicKey"] = actor["publicKey"] | {"id": key_id}
    elsewhere.settle(actor)
    follow = await a_follow(tools)

    await post(tools, a_letter(tools, follow, by=ADA, key_id=key_id))

    assert await tools.db.read(outcomes) == {follow["id"]: "done: follow accepted"}


async def test_sig_17_one_request_many_times_has_one_effect(tools: Tools, db: Database, here: Here) -> None:
    ada = await a_person(db, here, local=False)
    letter = a_letter(tools, await a_follow(tools, by=ada.uri), by=ada.uri)

    await asyncio.gather(*(post(tools, letter) for _ in range(20)))

    assert (await db.read(jobs)).count("AnswerFollow") == 1
    assert [len(await rows(db, column)) for column in (Received.uri, SeenSignature.fingerprint)] == [1, 1]


async def test_seq_04_one_activity_to_several_inboxes_has_one_effect(tools: Tools, db: Database, here: Here) -> None:
    ada, ben = await a_person(db, here, local=False), await a_person(db, here)
    create = an_activity("Create", ada.uri, a_note(ada.uri, cc=[ben.uri]))
    letters = [a_letter(tools, create, by=ada.uri, target=target) for target in ("/inbox", "/users/ben/inbox")]

    await asyncio.gather(post(tools, letters[0]), post(tools, letters[1], recipient=ben.uri))

    assert await db.read(outcomes) == {create["id"]: "done: post"}
    assert len(await rows(db, SeenSignature.fingerprint)) == 2


@pytest.mark.parametrize(
    "over",
    [
        pytest.param({"publicKeyPem": PEM.format("AAAA")}, id="nonsense"),
        pytest.param({"publicKeyPem": PEM.format("A" * 1_000_000)}, id="a-megabyte"),
        pytest.param({"owner": EVE}, id="another-owner"),
        pytest.param({"expires": "2026-09-01T00:00:00Z"}, id="SIG-25-expired"),
        pytest.param({"revoked": "2026-09-01T00:00:00Z"}, id="SIG-25-revoked"),
    ],
)
async def test_sig_20_a_key_that_cannot_be_used_is_no_key(
    tools: Tools, elsewhere: Elsewhere, over: dict[str, Any]
) -> None:
    actor = an_actor(ADA)
    actor["publicKey"] = actor["publicKey"] | over
    elsewhere.settle(actor)

    with pytest.raises(Unauthenticated):
        await post(tools, a_letter(tools, await a_follow(tools), by=ADA))

    assert await nothing_is_left(tools)


async def test_sig_22_many_unknown_keys_of_one_server_cost_few_fetches(tools: Tools, elsewhere: Elsewhere) -> None:
    follow = await a_follow(tools)
    refusals: list[str] = []

    for number in range(60):
        with pytest.raises((Unauthenticated, TooMany)) as refusal:
            await post(tools, a_letter(tools, follow, by=ADA, key_id=f"https://birch.test/keys/{number % 30}"))
        refusals.append(refusal.type.__name__)

    assert (refusals.count("Unauthenticated"), refusals.count("TooMany")) == (40, 20)
    assert len(elsewhere.asked) == 20


async def test_sig_23_a_key_cannot_be_moved_to_another_actor(tools: Tools, elsewhere: Elsewhere) -> None:
    ada = await a_person(tools.db, tools.here, local=False, uri=ADA)
    mallory = an_actor("https://birch.test/users/mallory", pair=1)
    mallory["publicKey"] = [mallory["publicKey"], mallory["publicKey"] | {"id": f"{ADA}#main-key"}]
    elsewhere.settle(mallory)
    before = await rows(tools.db, ActorKey.key_id, ActorKey.public)

    await send(tools, an_activity("Like", mallory["id"], ADA), pair=1)

    after = await rows(tools.db, ActorKey.key_id, ActorKey.public)
    assert [row for row in after if row[0].startswith(ada.uri)] == [row for row in before if row[0].startswith(ada.uri)]


async def test_sig_24_a_replaced_key_is_looked_up_once(
    tools: Tools, db: Database, elsewhere: Elsewhere, clock: FrozenClock
) -> None:
    await a_person(db, tools.here, local=False, uri=ADA, username="ada")
    elsewhere.settle(an_actor(ADA, pair=1))
    follow = await a_follow(tools)

    await post(tools, a_letter(tools, follow, by=ADA, pair=1))
    fetches = len(elsewhere.asked)
    for pair in (0, 2, 2):
        with pytest.raises(Unauthenticated):
            await post(tools, a_letter(tools, await a_follow(tools), by=ADA, pair=pair))
    elsewhere.settle(an_actor(ADA, pair=2))
    clock.tick(minutes=6)
    await post(tools, a_letter(tools, await a_follow(tools), by=ADA, pair=2))

    assert (fetches, len(elsewhere.asked)) == (1, 2)
    assert len(await rows(db, Follow.id)) == 2


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        pytest.param(410, Unauthenticated, id="gone"),
        pytest.param(404, Unauthenticated, id="not-there"),
        pytest.param(403, Unauthenticated, id="hidden"),
        pytest.param(500, Unreachable, id="in-trouble"),
        pytest.param(429, Unreachable, id="busy"),
    ],
)
async def test_sig_26_what_the_key_server_says_decides(
    tools: Tools, elsewhere: Elsewhere, *, status: int, refusal: type[FediShareError]
) -> None:
    elsewhere.fail(ADA, status)
    follow = await a_follow(tools)

    for _ in range(3):
        with pytest.raises(refusal):
            await post(tools, a_letter(tools, follow, by=ADA))

    assert (await nothing_is_left(tools), elsewhere.asked) == (True, [ADA])


async def test_a_server_that_recovers_is_asked_again(tools: Tools, elsewhere: Elsewhere, clock: FrozenClock) -> None:
    elsewhere.fail(ADA, 503)
    with pytest.raises(Unreachable):
        await post(tools, a_letter(tools, await a_follow(tools), by=ADA))
    elsewhere.settle(an_actor(ADA))
    clock.tick(minutes=6)

    assert await send(tools, await a_follow(tools)) == "done: follow accepted"


async def test_a_proof_stands_in_for_the_signature(tools: Tools, db: Database, elsewhere: Elsewhere) -> None:
    """A room may pass on what a member wrote, signed by the room (F13)."""
    eve, anna = await a_person(db, tools.here, local=False, uri=EVE), await a_person(db, tools.here)
    elsewhere.settle(an_actor(ADA, pair=1))
    create = a_proof(an_activity("Create", ADA, a_note(ADA, cc=[anna.uri])), by=ADA, pair=1, tools=tools)

    await post(tools, a_letter(tools, create, by=eve.uri))

    assert await db.read(outcomes) == {create["id"]: "done: post"}


@pytest.mark.parametrize(
    "tamper",
    [
        pytest.param(lambda create: create | {"summary": "more"}, id="changed"),
        pytest.param(lambda create: create | {"proof": [create["proof"]] * 2}, id="two-proofs"),
        pytest.param(
            lambda create: create | {"proof": create["proof"] | {"verificationMethod": f"{EVE}#ed25519-key"}},
            id="a-key-elsewhere",
        ),
    ],
)
async def test_org_27_a_proof_that_does_not_fit_proves_nothing(
    tools: Tools, db: Database, *, elsewhere: Elsewhere, tamper: Callable[[Document], Document]
) -> None:
    eve = await a_person(db, tools.here, local=False, uri=EVE)
    elsewhere.settle(an_actor(ADA, pair=1))
    create = a_proof(an_activity("Create", ADA, a_note(ADA)), by=ADA, pair=1, tools=tools)

    with pytest.raises(Refused):
        await post(tools, a_letter(tools, tamper(create), by=eve.uri))

    assert await nothing_is_left(tools)


async def test_a_forwarded_answer_is_fetched_from_its_author(tools: Tools, db: Database, elsewhere: Elsewhere) -> None:
    """Mastodon forwards replies so; nothing of what it sends counts but the address (M21)."""
    eve, ben = await a_person(db, tools.here, local=False, uri=EVE), await a_person(db, tools.here)
    parent = await a_post(db, tools.here, by=ben)
    elsewhere.settle(an_actor(ADA))
    note = a_note(ADA, inReplyTo=parent.uri)
    elsewhere.say(note["id"], note)

    await post(tools, a_letter(tools, an_activity("Create", ADA, note | {"content": "<p>Forged</p>"}), by=eve.uri))
    await catch_up(tools)

    assert [row[1] for row in await rows(db, Post.id, Post.content)][1:] == [note["content"]]


@pytest.mark.parametrize(("status", "content"), [(404, ""), (410, ""), (403, "<p>Fractions go well with cake.</p>")])
async def test_a_forwarded_deletion_counts_if_the_post_is_gone(
    tools: Tools, db: Database, *, elsewhere: Elsewhere, status: int, content: str
) -> None:
    eve, ada = [await a_person(db, tools.here, local=False, uri=uri) for uri in (EVE, ADA)]
    note = a_note(ADA)
    await send(tools, an_activity("Create", ada.uri, note))
    elsewhere.fail(note["id"], status)

    await post(tools, a_letter(tools, an_activity("Delete", ADA, note["id"]), by=eve.uri))
    await catch_up(tools)

    assert await rows(db, Post.uri, Post.content) == [(note["id"], content)]


async def test_what_we_do_not_act_on_is_kept_with_the_reason(tools: Tools, db: Database, here: Here) -> None:
    ada = await a_person(db, here, local=False)
    listen = an_activity("Listen", ada.uri, {"type": "Audio"})

    became = await send(tools, listen)

    assert became == "ignored: Listen Audio is not something we act on"
    assert await rows(db, Received.type, Received.sender_id) == [("Listen", ada.id)]


async def test_activities_without_an_id_are_each_of_their_own(tools: Tools, db: Database, here: Here) -> None:
    ada = await a_person(db, here, local=False)
    add_it = {name: value for name, value in an_activity("Add", ada.uri, f"{ada.uri}/1").items() if name != "id"}

    await post(tools, a_letter(tools, add_it, by=ada.uri))
    tools.here.clock.tick(seconds=1)  # type: ignore[attr-defined]  # the clock of a test
    await post(tools, a_letter(tools, add_it, by=ada.uri))

    assert len(await tools.db.read(outcomes)) == 2


async def test_hearing_from_a_server_ends_its_rest(tools: Tools, db: Database, here: Here, clock: FrozenClock) -> None:
    ada = await a_person(db, here, local=False)
    later = MONDAY + timedelta(days=1)
    await db.write(add, Node, host="birch.test", failures=9, resting_until=later, last_error="down")

    await send(tools, await a_follow(tools, by=ada.uri))

    assert await rows(db, Node.failures, Node.resting_until, Node.last_heard_at) == [(0, None, clock.now())]


async def test_a_sender_who_is_gone_before_it_is_applied_is_ignored(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    ada = await a_person(db, here, local=False, uri=ADA)
    elsewhere.fail(f"{ADA}/posts/1", 503)
    create = an_activity("Create", ada.uri, f"{ADA}/posts/1")
    waiting = await send(tools, create)

    await send(tools, an_activity("Delete", ada.uri, ada.uri))
    await catch_up(tools)

    assert waiting == "waiting"
    assert (await db.read(outcomes))[create["id"]] == "ignored: its sender is gone"


async def test_a_farewell_takes_the_account_along(tools: Tools, db: Database, here: Here) -> None:
    ada: Made = await a_person(db, here, local=False)
    kept = await a_post(db, here, by=ada)

    became = await send(tools, an_activity("Delete", ada.uri, ada.uri))

    assert became == "done: farewell"
    assert await rows(db, Post.uri, Post.content) == [(kept.uri, "")]


async def test_an_actor_that_is_a_page_for_people_cannot_sign(tools: Tools, elsewhere: Elsewhere) -> None:
    elsewhere.say(ADA, a_reply(b"<html>", headers=[("Content-Type", "text/html")]))

    with pytest.raises(Unauthenticated):
        await post(tools, a_letter(tools, await a_follow(tools), by=ADA))


async def test_a_large_post_is_cleaned_beside_the_event_loop(tools: Tools, db: Database, here: Here) -> None:
    ada = await a_person(db, here, local=False)
    note = a_note(ada.uri, content="<p>long</p>" * 4000)

    became = await send(tools, an_activity("Create", ada.uri, note))

    assert became == "done: post"
    assert await rows(db, Post.content) == [(note["content"],)]


async def block_birch(tools: Tools) -> None:
    await tools.db.write(add, BlockedDomain, domain="birch.test", reason="", created_at=MONDAY)


async def suspend_ada(tools: Tools) -> None:
    await tools.db.write(change_actor, ADA, suspended_at=MONDAY)


async def delete_the_recipient(tools: Tools) -> None:
    await tools.db.write(change_actor, CARA, deleted_at=MONDAY)


def change_actor(tx: Connection, /, uri: str, **values: Any) -> None:
    tx.execute(update(Actor).where(Actor.uri == uri).values(values))


@pytest.mark.parametrize(
    ("change", "error"), [(block_birch, Refused), (suspend_ada, None), (delete_the_recipient, Gone)]
)
async def test_what_changed_since_a_sender_was_last_heard_counts_at_once(
    tools: Tools,
    elsewhere: Elsewhere,
    here: Here,
    change: Callable[[Tools], Awaitable[None]],
    error: type[FediShareError] | None,
) -> None:
    await a_person(tools.db, here, username="cara", uri=CARA)
    elsewhere.settle(an_actor(ADA))

    async def like() -> None:
        await post(
            tools, a_letter(tools, an_activity("Like", ADA, "https://alder.test/posts/1"), by=ADA), recipient=CARA
        )

    for _ in range(3):
        await like()
    before = await rows(tools.db, Received.uri)
    await change(tools)

    if error is None:
        await like()
    else:
        with pytest.raises(error):
            await like()

    assert len(before) == 3
    assert await rows(tools.db, Received.uri) == before


async def test_somebody_new_is_looked_up_once_for_all_that_comes_at_once(tools: Tools, elsewhere: Elsewhere) -> None:
    elsewhere.settle(an_actor(ADA))
    follow = await a_follow(tools)
    likes = [an_activity("Like", ADA, str(follow["object"]), id=f"{ADA}/likes/{number}") for number in range(5)]

    await asyncio.gather(*(post(tools, a_letter(tools, each, by=ADA)) for each in (follow, *likes)))

    assert len(await rows(tools.db, Received.uri)) == 6
    assert elsewhere.asked.count(ADA) == 1


async def test_somebody_new_and_their_first_word_are_kept_together_or_not_at_all(
    tools: Tools, db: Database, elsewhere: Elsewhere
) -> None:
    elsewhere.settle(an_actor(ADA))
    follow = await a_follow(tools)
    letter = a_letter(tools, follow, by=ADA)
    there = await rows(db, Actor.uri)

    await db.write(say, "ALTER TABLE follow RENAME TO mislaid")
    with pytest.raises(DBAPIError):
        await post(tools, letter)
    between = await rows(db, Actor.uri)
    await db.write(say, "ALTER TABLE mislaid RENAME TO follow")
    await post(tools, letter)

    assert between == there
    assert await db.read(outcomes) == {follow["id"]: "done: follow accepted"}
    assert len(await rows(db, Actor.uri)) == len(there) + 1


def say(tx: Connection, words: str) -> None:
    tx.exec_driver_sql(words)


async def test_somebody_new_whose_word_is_refused_is_not_looked_up_again(tools: Tools, elsewhere: Elsewhere) -> None:
    ben = await a_person(tools.db, tools.here)
    elsewhere.settle(an_actor(ADA))
    inner = an_activity("Follow", EVE, ben.uri)

    for number in range(2):
        undo = an_activity("Undo", ADA, inner, id=f"{ADA}/undo/{number}")
        with pytest.raises(Refused):
            await post(tools, a_letter(tools, undo, by=ADA))

    assert elsewhere.asked.count(ADA) == 1
    assert await nothing_is_left(tools)


async def test_somebody_new_whose_signature_does_not_fit_is_known_and_not_heard(
    tools: Tools, db: Database, elsewhere: Elsewhere
) -> None:
    elsewhere.settle(an_actor(ADA))

    with pytest.raises(Unauthenticated):
        await post(tools, a_letter(tools, await a_follow(tools), by=ADA, pair=1))

    assert await nothing_is_left(tools)
    assert ADA in [row[0] for row in await rows(db, Actor.uri, Actor.id)]
