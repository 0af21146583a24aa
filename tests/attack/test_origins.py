"""ORG-01 to ORG-32 (security.md 3.2): who may say what about what, over HTTP against a live node.

Quotes (ORG-23) and polls (ORG-24) are not spoken here yet: what says something about them is ignored.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import pytest

from tests.attack import shots, world
from tests.attack.rig import Rig
from tests.attack.world import Answer, Villain
from tests.live.peers import AS2, Json
from tests.live.signing import ACTIVITY

pytestmark = pytest.mark.asyncio(loop_scope="module")

DENIED: Final = frozenset({403})
IGNORED: Final = frozenset({202})
EITHER: Final = frozenset({202, 403})
MALFORMED: Final = frozenset({400})
# What people see; profiles may be looked up anew.
SAID: Final = ("post", "follow", "reaction", "block", "report", "notice", "pin", "tombstone", "revision", "home")


class Row(NamedTuple):
    """`make` gives the activity and who signs it; nothing of `tables` changes; nobody but `asks` is asked."""

    id: str
    make: Callable[[Rig], tuple[Villain, Json | bytes]]
    allowed: frozenset[int] = IGNORED
    asks: Callable[[Rig], Sequence[str]] = lambda _: ()
    tables: Sequence[str] = ()


def by_mallory(kind: str, thing: Callable[[Rig], Any], **over: Any) -> Callable[[Rig], tuple[Villain, Json]]:
    return lambda rig: (rig.mallory, world.activity(kind, rig.mallory, thing(rig), **over))


def by_fay(kind: str, thing: Callable[[Rig], Any], **over: Any) -> Callable[[Rig], tuple[Villain, Json]]:
    """Anna follows Fay, so what she says is of interest."""
    return lambda rig: (rig.fay, world.activity(kind, rig.fay, thing(rig), **over))


def forged(author: str, *, on: str, **over: Any) -> Callable[[Rig], Json]:
    """A Note that claims to be by one and to live on another's server."""
    return lambda rig: world.note(
        getattr(rig, author), id=f"https://{getattr(rig, on).host}/forged/{world.number()}", **over
    )


def verse(**over: Any) -> Callable[[Rig], Json]:
    """Vera's post, as somebody else would have it."""
    return lambda rig: world.note(rig.vera, id=rig.verse, content="<p>Not a verse</p>", **over)


def with_id(value: Any) -> Callable[[Rig], tuple[Villain, Json]]:
    return lambda rig: (rig.fay, world.create(rig.fay) | {"id": value})


def raw(text: Callable[[Rig], str]) -> Callable[[Rig], tuple[Villain, bytes]]:
    return lambda rig: (rig.fay, text(rig).encode())


def in_our_name(spelled: str) -> Callable[[Rig], tuple[Villain, Json]]:
    """An activity of Anna's, with our host written in another way."""
    return lambda rig: (rig.mallory, shots.like(f"{spelled}/users/anna", of=rig.verse, number=world.number()))


def _proof(method: str) -> Json:
    return {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "verificationMethod": method,
        "proofPurpose": "assertionMethod",
        "created": "2026-11-21T08:00:00Z",
        "proofValue": "z" + "5" * 88,
    }


def proved(by: str, method: Callable[[Rig], Any]) -> Callable[[Rig], tuple[Villain, Json]]:
    """Signed by Mallory over HTTP, in the name of another, with a proof that is worth nothing."""
    return lambda rig: (rig.mallory, world.create(getattr(rig, by)) | {"proof": method(rig)})


def linked_data(**more: Any) -> Callable[[Rig], tuple[Villain, Json]]:
    """Signed by Mallory over HTTP, with an LD signature of another."""
    return lambda rig: (rig.mallory, world.create(rig.fay) | {"signature": _ld(rig.fay)} | more)


def _vote(rig: Rig) -> Json:
    vote = world.note(rig.mallory, name="Yes", inReplyTo=rig.post, to=[rig.anna.uri], cc=[])
    del vote["content"]
    return vote


def _renamed(rig: Rig) -> tuple[Villain, Json]:
    context = [AS2, {"doer": "as:actor", "actor": "as:summary"}, "https://contexts.evil.test/v1"]
    thing = shots.like(rig.fay.uri, number=world.number()) | {"@context": context, "doer": rig.vera.uri}
    return rig.fay, thing


OURS: Final = {
    "upper-case": "https://US.TEST",
    "dot": "https://us.test.",
    "port": "https://us.test:443",
    "full-width": "https://\uff55\uff53.test",
    "tab": "https://us.te\tst",
    "percent": "https://us%2etest",
    "user": "https://us.test@evil.test",
    "suffix": "https://us.test.evil.test",
    "path": "https://evil.test/us.test",
    "http": "http://us.test",
    "backslash": "https://us.test\\.evil.test",
}

ROWS: Final = [
    Row("ORG-01", lambda rig: (rig.fay, world.create(rig.fay) | {"id": "https://good.test/activities/1"}), DENIED),
    Row("ORG-02", by_fay("Create", forged("fay", on="vera")), EITHER, lambda _: _on_good()),
    Row("ORG-03-other-host", by_fay("Create", forged("vera", on="fay")), EITHER),
    Row("ORG-03-same-host", by_fay("Create", forged("mole", on="fay")), EITHER),
    Row("ORG-03-their-post", by_fay("Create", verse()), EITHER, lambda rig: [rig.verse]),
    Row(
        "ORG-03-their-audience",
        by_mallory("Create", verse(to=["https://us.test/users/ben"])),
        EITHER,
        lambda rig: [rig.verse],
    ),
    *(
        Row(f"ORG-04-{name}", with_id(value), MALFORMED)
        for name, value in {
            "array": ["https://evil.test/a"],
            "object": {"id": "https://evil.test/a"},
            "number": 7,
            "null": None,
            "empty": "",
            "relative": "/a",
            "long": "https://evil.test/" + "a" * 10_240,
            "fragment": "#a",
        }.items()
    ),
    Row("ORG-05", by_mallory("Update", verse(updated="2030-01-01T00:00:00Z")), EITHER, lambda rig: [rig.verse]),
    Row("ORG-05-ours", by_mallory("Update", lambda rig: world.note(rig.mallory, id=rig.post)), EITHER),
    Row("ORG-07-post", by_mallory("Delete", lambda rig: rig.verse), DENIED),
    Row("ORG-07-ours", by_mallory("Delete", lambda rig: rig.post), DENIED),
    Row("ORG-07-actor", by_mallory("Delete", lambda rig: rig.vera.uri), DENIED),
    Row("ORG-07-anna", by_mallory("Delete", lambda rig: rig.anna.uri), DENIED),
    Row("ORG-07-neighbour", by_mallory("Delete", lambda rig: rig.mole.uri), DENIED),
    Row("ORG-08-accept", by_mallory("Accept", lambda rig: _follow(rig, rig.vera)), EITHER),
    Row("ORG-08-reject", by_mallory("Reject", lambda rig: _follow(rig, rig.vera)), EITHER),
    Row("ORG-08-reject-neighbour", by_mallory("Reject", lambda rig: _follow(rig, rig.fay)), EITHER),
    Row("ORG-09-never-sent", by_mallory("Accept", lambda rig: f"{rig.node.url}/activities/17")),
    Row("ORG-09-inline", by_mallory("Accept", lambda rig: _follow(rig, rig.mallory))),
    Row(
        "ORG-10-one-sided",
        by_fay("Move", lambda rig: rig.fay.uri, target="https://evil.test/users/mole"),
        tables=SAID,
        asks=lambda rig: [rig.fay.uri, rig.mole.uri],
    ),
    Row(
        "ORG-10-to-us",
        by_fay("Move", lambda rig: rig.fay.uri, target="https://us.test/users/ben"),
        tables=SAID,
        asks=lambda rig: [rig.fay.uri],
    ),
    Row(
        "ORG-10-of-another",
        by_fay("Move", lambda rig: rig.vera.uri, target="https://evil.test/users/fay"),
        EITHER,
        tables=SAID,
    ),
    Row(
        "ORG-10-to-oneself", by_fay("Move", lambda rig: rig.fay.uri, target="https://evil.test/users/fay"), tables=SAID
    ),
    Row(
        "ORG-20",
        by_fay(
            "Update",
            lambda rig: (
                rig.world.described(rig.fay)
                | {"publicKey": {"id": rig.fay.key.key_id, "owner": rig.fay.uri, "publicKeyPem": rig.mallory.public}}
            ),
        ),
        asks=lambda rig: [rig.fay.uri],
    ),
    Row("ORG-20-of-another", by_mallory("Update", lambda rig: rig.world.described(rig.vera)), DENIED),
    Row("ORG-21-create", by_fay("Create", lambda rig: world.note(rig.fay, id=rig.post)), EITHER),
    Row("ORG-21-create-new", by_fay("Create", lambda rig: world.note(rig.fay, id=f"{rig.node.url}/posts/17")), EITHER),
    Row(
        "ORG-21-update",
        by_fay("Update", lambda rig: world.note(rig.fay, id=rig.post, updated="2030-01-01T00:00:00Z")),
        EITHER,
    ),
    Row("ORG-21-announce", by_fay("Announce", lambda rig: world.note(rig.fay, id=f"{rig.node.url}/posts/17")), EITHER),
    # Whoever hands our own public post back to us boosts it; its words stay as they are.
    Row(
        "ORG-21-announce-create",
        by_fay(
            "Announce",
            lambda rig: (
                world.activity("Create", rig.fay, world.note(rig.fay, id=rig.post))
                | {"actor": rig.anna.uri, "id": f"{rig.node.url}/x"}
            ),
        ),
        EITHER,
        tables=("actor", "follow", "revision", "tombstone", "resource"),
    ),
    *(Row(f"ORG-22-{name}", in_our_name(spelled), frozenset({400, 401, 403})) for name, spelled in OURS.items()),
    Row("ORG-23-request", by_mallory("QuoteRequest", lambda rig: rig.private, instrument="https://evil.test/quotes/1")),
    Row(
        "ORG-23-stamp",
        by_fay(
            "Accept",
            lambda rig: {"type": "QuoteRequest", "id": "https://evil.test/q", "object": rig.post},
            result="https://evil.test/stamps/1",
        ),
    ),
    Row(
        "ORG-24-tallies",
        by_mallory(
            "Update",
            lambda rig: world.note(
                rig.vera, id=rig.verse, type="Question", oneOf=[{"name": "Yes", "replies": {"totalItems": -1}}]
            ),
        ),
        EITHER,
        lambda rig: [rig.verse],
    ),
    Row("ORG-24-vote", by_mallory("Create", _vote)),
    Row(
        "ORG-25-collection",
        raw(
            lambda _: json.dumps(
                {
                    "@context": AS2,
                    "id": "https://evil.test/c",
                    "type": "Collection",
                    "items": [f"https://evil.test/{n}" for n in range(10_000)],
                }
            )
        ),
        MALFORMED,
    ),
    Row(
        "ORG-25-ordered",
        raw(
            lambda rig: json.dumps(
                {
                    "@context": AS2,
                    "id": "https://evil.test/c",
                    "type": "OrderedCollection",
                    "actor": rig.fay.uri,
                    "orderedItems": [world.create(rig.fay)],
                }
            )
        ),
        MALFORMED,
    ),
    *(
        Row(f"ORG-26-{key}", linked_data(**{key: [{"id": "https://evil.test/users/fay"}]}), EITHER)
        for key in ("@graph", "@included", "@reverse")
    ),
    Row("ORG-26-alone", linked_data(), EITHER),
    Row("ORG-27-elsewhere", proved("fay", lambda rig: _proof(rig.mallory.key.key_id)), DENIED),
    Row("ORG-27-another-host", proved("vera", lambda rig: _proof(rig.mallory.key.key_id)), DENIED),
    Row("ORG-27-twice", proved("fay", lambda rig: [_proof(f"{rig.fay.uri}#k"), _proof(f"{rig.fay.uri}#k")]), DENIED),
    Row(
        "ORG-27-inner-only",
        lambda rig: (rig.mallory, world.create(rig.fay, proof=_proof(f"{rig.fay.uri}#main-key"))),
        DENIED,
    ),
    Row("ORG-28-renamed", _renamed),
    Row(
        "ORG-28-missing",
        lambda rig: (rig.fay, {k: v for k, v in world.create(rig.fay).items() if k != "@context"}),
        MALFORMED,
    ),
    Row(
        "ORG-28-alias",
        lambda rig: (
            rig.fay,
            {"doer" if k == "actor" else k: v for k, v in world.create(rig.fay).items()}
            | {"@context": [AS2, {"doer": "as:actor"}]},
        ),
        MALFORMED,
    ),
    Row(
        "ORG-29-actor",
        raw(lambda rig: json.dumps(world.create(rig.vera))[:-1] + f', "actor": "{rig.fay.uri}"}}'),
        MALFORMED,
    ),
    Row(
        "ORG-29-id",
        raw(lambda rig: json.dumps(world.create(rig.fay))[:-1] + ', "id": "https://evil.test/other"}'),
        MALFORMED,
    ),
    Row("ORG-30-not-ours", by_mallory("Flag", lambda rig: [rig.vera.uri, rig.verse], content="no")),
    Row(
        "ORG-30-many",
        by_mallory("Flag", lambda _: [f"https://us.test/users/u{n}" for n in range(10_000)], content="no"),
        frozenset({202, 400}),
    ),
    *(
        Row(f"ORG-31-{kind}", by_mallory(kind, lambda _: "https://good.test/users/nobody"))
        for kind in ("Follow", "Block", "Like")
    ),
    *(
        Row(f"ORG-31-{kind}-here", by_mallory(kind, lambda rig: f"{rig.node.url}/users/nobody"))
        for kind in ("Follow", "Block", "Like")
    ),
]


def _on_good() -> list[str]:
    return [f"https://good.test/forged/{number}" for number in range(1, 5000)]


def _follow(rig: Rig, whom: Villain) -> Json:
    """Anna's Follow of somebody, as it was sent; of others one that never was."""
    sent = [one for one in rig.world.posted if one["type"] == "Follow" and one["object"] == whom.uri]
    unsent = {"id": f"{rig.node.url}/activities/18", "type": "Follow", "actor": rig.anna.uri, "object": whom.uri}
    return sent[0] if sent else unsent


def _ld(villain: Villain) -> Json:
    return {
        "type": "RsaSignature2017",
        "creator": villain.key.key_id,
        "created": "2026-11-21T08:00:00Z",
        "signatureValue": "YQ==",
    }


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
async def test_nobody_speaks_for_another(rig: Rig, row: Row) -> None:
    sender, sent = row.make(rig)
    shot = rig.signed(sender, body=sent) if isinstance(sent, bytes) else rig.signed(sender, sent)

    async with rig.unmoved(tables=row.tables, fetches=lambda: row.asks(rig)):
        reply = await rig.fire(shot)

    assert reply.status in row.allowed, reply


async def test_org_06_an_edit_changes_words_only(rig: Rig) -> None:
    first = world.create(rig.fay, content="<p>before</p>")
    await rig.accepted(rig.fay, first)
    uri = first["object"]["id"]
    facts = "SELECT uri, kind, author_id, published_at, visibility FROM post WHERE uri = :uri"
    before = await rig.node.rows(facts, uri=uri)
    changed = {"type": "Article", "published": "2001-01-01T00:00:00Z", "to": [rig.anna.uri], "cc": []}

    edit = first["object"] | changed | {"content": "<p>after</p>", "updated": "2026-12-01T00:00:00Z"}
    await rig.accepted(rig.fay, world.activity("Update", rig.fay, edit))

    assert await rig.node.rows(facts, uri=uri) == before
    assert await rig.node.one("SELECT content FROM post WHERE uri = :uri", uri=uri) == "<p>after</p>"


async def test_org_10_a_second_move_within_days_is_ignored(rig: Rig) -> None:
    old, new = rig.world.enrol("olga", "evil.test"), rig.world.enrol("olga2", "evil.test")
    third = rig.world.enrol("olga3", "evil.test")
    await rig.befriend(old)
    rig.world.publish(rig.world.described(old) | {"movedTo": new.uri})
    rig.world.publish(rig.world.described(new) | {"alsoKnownAs": [old.uri]})
    await rig.accepted(old, world.activity("Move", old, old.uri, target=new.uri))
    followed = (
        "SELECT count(*) FROM follow JOIN actor ON actor.id = followee_id"
        " WHERE follower_id = :anna AND actor.uri = :uri"
    )
    moved = await rig.node.one(followed, anna=rig.anna.id, uri=new.uri)
    rig.world.publish(rig.world.described(old) | {"movedTo": third.uri})
    rig.world.publish(rig.world.described(third) | {"alsoKnownAs": [old.uri]})

    await rig.accepted(old, world.activity("Move", old, old.uri, target=third.uri))
    # And back again: a circle.
    rig.world.publish(rig.world.described(new) | {"movedTo": old.uri, "alsoKnownAs": [old.uri]})
    rig.world.publish(rig.world.described(old) | {"movedTo": new.uri, "alsoKnownAs": [new.uri]})
    await rig.accepted(new, world.activity("Move", new, new.uri, target=old.uri))

    assert moved == 1
    assert await rig.node.one(followed, anna=rig.anna.id, uri=third.uri) == 0
    assert await rig.node.one(followed, anna=rig.anna.id, uri=old.uri) == 0


async def test_org_11_of_what_is_announced_only_the_address_counts(rig: Rig) -> None:
    truth = world.note(rig.vera, content="<p>what Vera wrote</p>")
    rig.world.publish(truth)

    await rig.accepted(rig.fay, world.activity("Announce", rig.fay, truth | {"content": "<p>what Fay made of it</p>"}))

    found = await rig.node.one("SELECT content FROM post WHERE uri = :uri", uri=truth["id"])
    assert found == "<p>what Vera wrote</p>"


async def announced(rig: Rig, uri: str, *, asks: Sequence[str] = ()) -> None:
    """Fay boosts an address; nothing comes of it, and no other address is asked."""
    async with rig.unmoved(tables=SAID, fetches=lambda: [uri, *asks]):
        reply = await rig.fire(rig.signed(rig.fay, world.activity("Announce", rig.fay, uri)))
        await rig.quiet()

    assert reply.status == 202
    assert await rig.node.one("SELECT count(*) FROM post WHERE uri = :uri", uri=uri) == 0


async def test_org_12_a_document_may_point_on_once(rig: Rig) -> None:
    a, b, c = (f"https://evil.test/chain/{world.number()}" for _ in range(3))
    rig.world.publish(world.note(rig.mole, id=b), at=a)
    rig.world.publish(world.note(rig.mole, id=c), at=b)
    rig.world.publish(world.note(rig.mole, id=c), at=c)

    await announced(rig, a, asks=[b])

    assert await rig.node.one("SELECT count(*) FROM post WHERE uri IN (:b, :c)", b=b, c=c) == 0


async def test_org_13_a_redirect_to_another_host_proves_nothing(rig: Rig) -> None:
    here, there = f"https://good.test/moved/{world.number()}", f"https://evil.test/copy/{world.number()}"
    rig.world.pages[here] = Answer(302, {"Location": there})
    rig.world.publish(world.note(rig.vera, id=f"{here}/real", url=here), at=there)

    await announced(rig, here, asks=[there])


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/json",
        "application/octet-stream",
        "image/png",
        "application/ld+json",
        'application/ld+json; profile="https://example.org/other"',
        'text/html; type="application/activity+json"',
        "",
    ],
)
async def test_org_14_a_document_of_another_type_is_none(rig: Rig, content_type: str) -> None:
    uri = f"https://good.test/typed/{world.number()}"
    rig.world.publish(world.note(rig.vera, id=uri), Content_Type=content_type)

    await announced(rig, uri)


async def test_org_15_a_page_leads_to_no_other_server(rig: Rig) -> None:
    page, target = f"https://evil.test/page/{world.number()}", world.note(rig.vera)["id"]
    rig.world.publish(world.note(rig.vera, id=target))
    link = f'<html><head><link rel="alternate" type="{ACTIVITY}" href="{target}"></head></html>'
    rig.world.pages[page] = Answer(200, {"Content-Type": "text/html"}, link.encode())

    async with rig.unmoved(fetches=lambda: [page]):
        answer = await rig.anna.get(f"/search?q={page}")

    assert answer.status < 500


PLACES: Final = {
    "other-host": "https://good.test/inbox",
    "private": "https://10.0.0.1/inbox",
    "ours": "https://us.test/inbox",
    "script": "javascript:alert(1)",
    "array": ["https://evil.test/inbox"],
    "object": {"id": "https://evil.test/inbox"},
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ["inbox", "outbox", "followers", "featured"])
async def test_org_16_an_actor_lives_in_one_place(rig: Rig, name: str, place: str) -> None:
    villain = rig.world.stranger(**{name: PLACES[place]})

    reply = await rig.fire(rig.signed(villain, shots.like(villain.uri, number=world.number())))
    await rig.quiet()

    stored = await rig.node.rows(f"SELECT {name} FROM actor WHERE uri = :uri", uri=villain.uri)  # noqa: S608  # a column of ours
    assert (reply.status, stored) in [(401, []), (202, [(None,)])], "refused, or taken without what it cannot have"
    assert name != "inbox" or reply.status == 401


@pytest.mark.parametrize("place", PLACES)
async def test_org_16_a_shared_inbox_elsewhere_is_left_out(rig: Rig, place: str) -> None:
    villain = rig.world.stranger(endpoints={"sharedInbox": PLACES[place]})

    reply = await rig.fire(rig.signed(villain, shots.like(villain.uri, number=world.number())))
    await rig.quiet()

    assert reply.status == 202
    assert await rig.node.rows("SELECT shared_inbox FROM actor WHERE uri = :uri", uri=villain.uri) == [(None,)]


async def test_org_17_a_name_at_another_server_needs_that_servers_word(rig: Rig) -> None:
    villain = rig.world.stranger()
    address = f"{villain.origin}/.well-known/webfinger?resource=acct:stranger@{villain.host}"
    rig.world.pages[address] = world.webfinger("vera@good.test", villain.uri)
    vera = await rig.node.rows("SELECT id, uri FROM actor WHERE handle_key = 'vera@good.test'")

    await rig.anna.get(f"/search?q=@stranger@{villain.host}")
    await rig.fire(rig.signed(villain, shots.like(villain.uri, number=world.number())))
    await rig.quiet()

    assert await rig.node.rows("SELECT id, uri FROM actor WHERE handle_key = 'vera@good.test'") == vera
    domains = await rig.node.rows("SELECT domain FROM actor WHERE uri = :uri", uri=villain.uri)
    assert domains in [[], [(villain.host,)]]


def _finger(rig: Rig, villain: Villain, kind: str) -> None:
    """What a WebFinger server had better not say."""
    handle = f"stranger@{villain.host}"
    address = f"{villain.origin}/.well-known/webfinger?resource=acct:{handle}"
    other = f"other@x{world.number()}.evil.test"
    link = {"rel": "self", "type": ACTIVITY, "href": villain.uri}
    pages: dict[str, Answer] = {
        "wrong-rel": world.webfinger(handle, None, links=[link | {"rel": "me"}]),
        "wrong-type": world.webfinger(handle, None, links=[link | {"type": "application/json"}]),
        "http": world.webfinger(handle, villain.uri.replace("https:", "http:")),
        "other-host": world.webfinger(handle, "https://good.test/users/nobody"),
        "large": Answer(200, {"Content-Type": "application/jrd+json"}, b'{"a":"' + b"a" * (1 << 20) + b'"}'),
        "three-parts": world.webfinger("a@b@c", villain.uri),
        "chain": world.webfinger(other, villain.uri),
    }
    rig.world.pages[address] = pages[kind]
    if kind == "chain":
        onward = f"https://{other.partition('@')[2]}/.well-known/webfinger?resource=acct:{other}"
        rig.world.pages[onward] = world.webfinger(f"third@x{world.number()}.evil.test", villain.uri)


@pytest.mark.parametrize("kind", ["wrong-rel", "wrong-type", "http", "other-host", "large", "three-parts", "chain"])
async def test_org_18_a_handle_that_does_not_lead_straight_is_not_found(rig: Rig, kind: str) -> None:
    villain = rig.world.stranger()
    _finger(rig, villain, kind)

    page = await rig.anna.get(f"/search?q=@stranger@{villain.host}")
    await rig.quiet()

    assert page.status < 500
    assert await rig.node.one("SELECT count(*) FROM actor WHERE uri = :uri", uri=villain.uri) == 0
    assert await rig.node.one("SELECT count(*) FROM actor WHERE uri = 'https://good.test/users/nobody'") == 0


async def test_org_18_a_redirect_of_a_handle_across_hosts_is_not_followed_blindly(rig: Rig) -> None:
    villain = rig.world.stranger()
    address = f"{villain.origin}/.well-known/webfinger?resource=acct:stranger@{villain.host}"
    elsewhere = f"https://evil.test/open-redirect/{world.number()}"
    rig.world.pages[address] = Answer(302, {"Location": elsewhere})
    rig.world.pages[elsewhere] = world.webfinger(f"stranger@{villain.host}", rig.mole.uri)

    await rig.anna.get(f"/search?q=@stranger@{villain.host}")

    found = await rig.node.one("SELECT count(*) FROM actor WHERE handle_key = :key", key=f"stranger@{villain.host}")
    assert found == 0


async def test_org_19_a_new_actor_under_an_old_name_inherits_nothing(rig: Rig) -> None:
    host = f"s{world.number()}.evil.test"
    first = rig.world.enrol("lost", host)
    await rig.befriend(first)
    uri = f"https://{host}/people/2"
    second = first._replace(uri=uri, key=first.key._replace(key_id=f"{uri}#main-key"))
    rig.world.publish(rig.world.described(second))
    rig.world.handles[f"lost@{host}"] = uri
    rig.world.pages[first.uri] = Answer(410)

    await rig.accepted(second, shots.like(uri, number=world.number()))

    followed = "SELECT count(*) FROM follow JOIN actor ON actor.id = followee_id WHERE actor.uri = :uri"
    assert await rig.node.one(followed, uri=uri) == 0
    keys = await rig.node.rows("SELECT uri FROM actor WHERE handle_key = :key", key=f"lost@{host}")
    assert keys == [(uri,)]


async def test_org_30_a_report_shows_no_private_post_to_anybody(rig: Rig) -> None:
    flag = world.activity("Flag", rig.mole, [rig.anna.uri, rig.post, rig.private], content="<b>rude</b>")

    await rig.accepted(rig.mole, flag)

    posts, comment = (await rig.node.rows("SELECT posts, comment FROM report"))[-1]
    assert rig.post in str(posts)
    assert rig.private not in str(posts)
    assert "<b>" not in comment


async def test_org_32_one_name_in_two_cases_is_one_person(rig: Rig) -> None:
    host = f"s{world.number()}.evil.test"
    bob = rig.world.enrol("bob", host)
    big = rig.world.enrol("Bob", host)
    rig.world.handles[f"bob@{host}"] = rig.world.handles[f"Bob@{host}"] = bob.uri
    await rig.accepted(bob, shots.like(bob.uri, number=world.number()))

    reply = await rig.fire(rig.signed(big, shots.like(big.uri, number=world.number())))

    assert reply.status == 401
    assert await rig.node.rows("SELECT uri FROM actor WHERE handle_key = :key", key=f"bob@{host}") == [(bob.uri,)]
