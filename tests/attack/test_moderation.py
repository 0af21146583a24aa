"""MOD-01 to MOD-11 (security.md 3.8): who is not welcome, and every way round that, over HTTP against a live node."""

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import quote

import pytest
import pytest_asyncio
from sqlalchemy import Connection, text

from fedishare.app import entries
from fedishare.http.routes import Allow
from fedishare.inbox import memory
from tests.attack import shots, world
from tests.attack.rig import Rig
from tests.attack.shots import Reply
from tests.attack.world import Answer, Villain
from tests.live.peers import Json

pytestmark = pytest.mark.asyncio(loop_scope="module")

BLOCKED: Final = "bad.evil.test"
INTERNATIONAL: Final = "xn--bse-sna.evil.test"
SAID: Final = (
    "post",
    "follow",
    "reaction",
    "block",
    "report",
    "notice",
    "pin",
    "tombstone",
    "revision",
    "home",
    "actor",
)


async def change(rig: Rig, statement: str, **values: Any) -> None:
    """What a moderator's page or command would do."""

    def write(tx: Connection) -> None:
        tx.execute(text(statement), values)

    await rig.node.tools.db.write(write)


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def _blocked(rig: Rig) -> AsyncIterator[None]:
    block = "INSERT INTO blocked_domain (domain, reason, created_at) VALUES (:domain, 'spam', :now)"
    written = "CAST(:now AS TIMESTAMP WITH TIME ZONE)" if "postgres" in rig.node.settings.database else ":now"
    for domain in (BLOCKED, INTERNATIONAL):
        await change(rig, block.replace(":now", written), domain=domain, now=_now(rig))
    yield


def _now(rig: Rig) -> Any:
    now = rig.clock.now()
    return now if "postgres" in rig.node.settings.database else now.isoformat()


def at(rig: Rig, authority: str) -> Villain:
    """Mallory, by another address: her key is the same, and nobody ever gets to see it there."""
    uri = f"https://{authority}/users/mallory"
    return Villain(uri, authority, "mallory", rig.mallory.key._replace(key_id=f"{uri}#main-key"), rig.mallory.public)


@contextmanager
def unasked(rig: Rig, *hosts: str) -> Iterator[None]:
    """Nothing inside asks these servers anything, nor looks for them."""
    heard, looked = len(rig.world.log), len(rig.town.asked)
    yield
    hosts = hosts or (BLOCKED, "xn--", "bad.")
    assert [line for line in rig.world.log[heard:] if any(host in line for host in hosts)] == []
    assert [name for name in rig.town.asked[looked:] if any(host in name for host in hosts)] == []


SPELLINGS: Final = (
    "bad.evil.test",
    "a.bad.evil.test",
    "a.b.bad.evil.test",
    "BAD.evil.TEST",
    "bad.evil.test.",
    "bad.evil.test:443",
    "bad.evil.test:8443",
    "b\u00f6se.evil.test",
    "B\u00d6SE.evil.test",
    "xn--bse-sna.evil.test",
    "XN--BSE-SNA.evil.test",
    "\uff42\uff41\uff44.evil.test",
    "bad\u3002evil\u3002test",
    "x.xn--bse-sna.evil.test.",
)
NUMBERS: Final = ("203.0.113.5", "8.8.8.8", "[2606:4700::1]", "134744072", "0x8080808")


@pytest.mark.parametrize("authority", SPELLINGS)
async def test_mod_01_a_blocked_domain_is_blocked_however_it_is_spelled(rig: Rig, authority: str) -> None:
    villain = at(rig, authority)
    follow = world.activity("Follow", villain, rig.anna.uri)

    async with rig.unmoved():
        with unasked(rig):
            reply = await rig.fire(rig.signed(villain, follow, body=_ascii(follow)))
            found = await rig.anna.get(f"/search?q={quote(f'@mallory@{authority}')}")
            pasted = await rig.anna.get(f"/search?q={quote(villain.uri)}")

    assert reply.status in {400, 401, 403}
    assert (found.status, pasted.status) == (200, 200)


def _ascii(activity: Json) -> bytes:
    return json.dumps(activity).encode()


@pytest.mark.parametrize("authority", NUMBERS)
async def test_mod_01_nobody_is_known_by_a_number(rig: Rig, authority: str) -> None:
    """A blocked server is not let in by its address, because no server is."""
    villain = at(rig, authority)
    heard = len(rig.town.asked)

    async with rig.unmoved():
        reply = await rig.fire(rig.signed(villain, world.activity("Follow", villain, rig.anna.uri)))

    assert reply.status in {400, 401, 403}
    assert rig.town.asked[heard:] == []


@pytest.mark.parametrize("authority", ["notbad.evil.test", "bad.evil.test.good.test", "bad-evil.test.evil.test"])
async def test_mod_02_what_only_looks_like_a_blocked_domain_is_none(rig: Rig, authority: str) -> None:
    """The control, and the precedence: a block holds for the domain and all below it, and for nobody else."""
    villain = at(rig, authority)

    reply = await rig.fire(rig.signed(villain, shots.like(villain.uri, number=world.number())))

    assert reply.status in {401, 503}, "it is asked for, and is not there"


async def test_mod_03_a_suspended_account_comes_in_by_no_door(rig: Rig) -> None:
    villain = rig.world.stranger()
    await rig.accepted(villain, world.activity("Follow", villain, rig.anna.uri))
    known = world.create(villain, tag=[{"type": "Mention", "name": "@anna", "href": rig.anna.uri}])
    await rig.accepted(villain, known)
    await change(rig, "UPDATE actor SET suspended_at = fetched_at WHERE uri = :uri", uri=villain.uri)
    unknown = rig.world.publish(world.note(villain))
    number = await rig.node.one("SELECT id FROM post WHERE uri = :uri", uri=known["object"]["id"])
    edit = known["object"] | {"content": "<p>edited</p>", "updated": "2026-12-01T00:00:00Z"}
    by_them = [
        world.create(villain),
        world.activity("Update", villain, edit),
        world.activity("Update", villain, world.note(villain)),
        world.activity("Announce", villain, rig.verse),
        world.activity("Like", villain, rig.post),
        world.activity("Flag", villain, [rig.anna.uri]),
        world.activity("Create", villain, unknown),
    ]
    by_others = [
        world.activity("Announce", rig.fay, unknown),
        world.activity("Announce", rig.fay, known["object"]["id"]),
        world.activity("Announce", rig.fay, world.activity("Create", villain, world.note(villain))),
        world.create(rig.fay, inReplyTo=unknown),
    ]

    async with rig.unmoved(tables=("revision", "report", "notice"), fetches=lambda: _heard_at(rig, villain)):
        replies = [await rig.fire(rig.signed(villain, one)) for one in by_them]
        replies += [await rig.fire(rig.signed(rig.fay, one)) for one in by_others]

    assert {reply.status for reply in replies} <= {202, 403}
    posts = "SELECT count(*) FROM post JOIN actor ON actor.id = author_id WHERE actor.uri = :uri AND post.uri <> :known"
    assert await rig.node.one(posts, uri=villain.uri, known=known["object"]["id"]) == 0
    assert (await rig.anna.get(f"/posts/{number}")).status == 404
    assert "wicked" not in (await rig.anna.get(f"/@{villain.name}@{villain.host}")).text


def _heard_at(rig: Rig, villain: Villain) -> list[str]:
    """An account is suspended, and not its server: that may be asked."""
    return [line.partition(" ")[2] for line in rig.world.log if villain.origin in line]


def _theirs(rig: Rig) -> tuple[str, Json]:
    villain = at(rig, BLOCKED)
    note = world.note(villain)
    return note["id"], note


CARRIERS: Final[dict[str, Callable[[Rig, str, Json], Json]]] = {
    "announced": lambda rig, uri, _: world.activity("Announce", rig.fay, uri),
    "announced-inline": lambda rig, _, note: world.activity("Announce", rig.fay, note),
    "announced-create": lambda rig, _, note: world.activity(
        "Announce", rig.fay, world.activity("Create", at(rig, BLOCKED), note)
    ),
    "created": lambda rig, _, note: world.activity("Create", rig.fay, note),
    "created-by-address": lambda rig, uri, _: world.activity("Create", rig.fay, uri),
    "updated": lambda rig, _, note: world.activity("Update", rig.fay, note),
    "pinned": lambda rig, uri, _: world.activity("Add", rig.fay, uri, target=rig.fay.featured),
    "moved": lambda rig, _, __: world.activity("Move", rig.fay, rig.fay.uri, target=at(rig, BLOCKED).uri),
}


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_mod_04_a_friend_carries_nothing_in_from_a_blocked_domain(rig: Rig, carrier: str) -> None:
    uri, note = _theirs(rig)

    async with rig.unmoved():
        with unasked(rig):
            reply = await rig.fire(rig.signed(rig.fay, CARRIERS[carrier](rig, uri, note)))

    assert reply.status in {202, 403}
    assert await rig.node.one("SELECT count(*) FROM post WHERE uri = :uri", uri=uri) == 0


async def test_mod_04_a_forwarded_activity_of_a_blocked_domain_is_refused(rig: Rig) -> None:
    villain = at(rig, BLOCKED)

    async with rig.unmoved():
        with unasked(rig):
            reply = await rig.fire(rig.signed(rig.fay, world.create(villain)))

    assert reply.status == 403


@pytest.mark.parametrize(
    "field", ["inReplyTo", "quoteUrl", "quoteUri", "quote", "context", "replies", "_misskey_quote"]
)
async def test_mod_04_a_friends_post_that_points_there_is_kept_without_what_is_there(rig: Rig, field: str) -> None:
    uri, _ = _theirs(rig)

    with unasked(rig):
        await rig.accepted(rig.fay, world.create(rig.fay, **{field: uri}))

    assert await rig.node.one("SELECT count(*) FROM post WHERE uri = :uri", uri=uri) == 0


async def test_mod_04_no_redirect_leads_into_a_blocked_domain(rig: Rig) -> None:
    """Nor does WebFinger, which may speak of an account somewhere else."""
    villain, start = rig.world.stranger(), f"https://evil.test/start/{world.number()}"
    rig.world.pages[start] = Answer(302, {"Location": f"https://{BLOCKED}/there"})
    finger = f"{villain.origin}/.well-known/webfinger?resource=acct:stranger@{villain.host}"
    rig.world.pages[finger] = world.webfinger(f"stranger@{BLOCKED}", villain.uri)
    onward = rig.world.stranger()
    other = f"{onward.origin}/.well-known/webfinger?resource=acct:stranger@{onward.host}"
    rig.world.pages[other] = Answer(302, {"Location": f"https://{BLOCKED}/.well-known/webfinger?resource=acct:a@b.c"})

    with unasked(rig):
        await rig.fire(rig.signed(rig.fay, world.activity("Announce", rig.fay, start)))
        await rig.anna.get(f"/search?q={quote(start)}")
        await rig.anna.get(f"/search?q=@stranger@{onward.host}")
        await rig.fire(rig.signed(villain, shots.like(villain.uri, number=world.number())))
        await rig.quiet()

    domains = await rig.node.rows("SELECT domain FROM actor WHERE domain LIKE '%bad.evil.test'")
    assert domains == []


async def test_mod_05_a_blocked_server_reads_what_everybody_reads_and_no_more(rig: Rig) -> None:
    """Its signature is worth nothing, and its key is not even asked for."""
    villain = at(rig, BLOCKED)
    path = rig.private.removeprefix(rig.node.url)
    headers: dict[str, str | None] = {"Digest": None, "Content-Type": None, "Accept": "application/activity+json"}

    def shot(target: str) -> shots.Shot:
        names = "(request-target) host date"
        return shots.cavage(
            villain.key, body=b"", at=rig.clock.now(), target=target, method="GET", names=names, headers=headers
        )

    with unasked(rig):
        replies: list[Reply] = [await rig.fire(shot(path)), await rig.fire(shot("/posts/1"))]

    assert [reply.status for reply in replies] == [404, 404]
    assert replies[0].body == replies[1].body


async def test_mod_06_whom_somebody_blocked_reaches_them_by_no_door(rig: Rig) -> None:
    villain = rig.world.stranger()
    number = await rig.ben.follow(f"{villain.name}@{villain.host}")
    theirs = (await rig.ben.write("Ben's own words")).path
    await rig.ben.post("/block", actor=number, next="/")
    await rig.quiet()
    mention = {"type": "Mention", "name": "@ben", "href": rig.ben.uri}
    post = f"{rig.node.url}{theirs}"
    things = [
        world.create(villain, tag=[mention], content="<p>hello ben</p>"),
        world.create(villain, tag=[mention], to=[rig.ben.uri], cc=[], content="<p>hello ben</p>"),
        world.create(villain, inReplyTo=post, tag=[mention], content="<p>hello ben</p>"),
        world.activity("Like", villain, post),
        world.activity("EmojiReact", villain, post, content="\U0001f4a9"),
        world.activity("Announce", villain, post),
        world.activity("Follow", villain, rig.ben.uri),
        world.activity("Flag", villain, [rig.ben.uri, post], content="hello ben"),
    ]

    before = await rig.state(("follow", "block"))
    replies = [await rig.fire(rig.signed(villain, one)) for one in things]
    # Whoever asks to follow may be told no.
    await rig.quiet()

    assert await rig.state(("follow", "block")) == before

    told = (
        "SELECT count(*) FROM notice JOIN actor ON actor.id = actor_id WHERE recipient_id = :ben AND actor.uri = :uri"
    )
    assert {reply.status for reply in replies} <= {202, 403}
    assert await rig.node.one(told, ben=rig.ben.id, uri=villain.uri) == 0
    pages = [await rig.ben.get(path) for path in ("/", "/notices", theirs)]
    assert [page.path for page in pages if "hello ben" in page.text] == []


async def test_mod_07_what_a_moderator_took_down_stays_down(rig: Rig) -> None:
    create = world.create(rig.fay, content="<p>taken down</p>")
    uri = rig.world.publish(create["object"])
    await rig.accepted(rig.fay, create)
    number = await rig.node.one("SELECT id FROM post WHERE uri = :uri", uri=uri)

    assert (await rig.mo.post(f"/posts/{number}/delete")).status == 200
    edit = create["object"] | {"content": "<p>back again</p>", "updated": "2026-12-01T00:00:00Z"}
    for again in (
        create | {"id": f"{create['id']}/again"},
        world.activity("Update", rig.fay, edit),
        world.activity("Announce", rig.vera, uri),
        world.activity("Create", rig.fay, uri),
        world.activity("Update", rig.fay, uri),
    ):
        await rig.fire(rig.signed(rig.vera if again["actor"] == rig.vera.uri else rig.fay, again))
        await rig.quiet()
    await rig.anna.get(f"/search?q={quote(uri)}")

    assert await rig.node.rows("SELECT content FROM post WHERE uri = :uri AND deleted_at IS NULL", uri=uri) == []
    assert (await rig.anna.get(f"/posts/{number}")).status == 410
    assert "back again" not in (await rig.anna.get("/")).text


async def test_mod_08_a_flood_of_reports_is_one_report(rig: Rig) -> None:
    """Of one server about one person, until a moderator has settled it; what it adds is not lost."""
    host = f"s{world.number()}.evil.test"
    crowd = [rig.world.enrol(f"r{number}", host) for number in range(3)]
    for villain in crowd:
        await rig.accepted(villain, shots.like(villain.uri, number=world.number()))
    flags = [
        (villain, world.activity("Flag", villain, [rig.anna.uri, rig.post], content=f"so rude {number % 4}"))
        for number in range(20)
        for villain in crowd
    ]

    replies = await rig.volley(rig.signed(villain, flag) for villain, flag in flags)
    await rig.quiet()

    mine = (
        "SELECT report.id, report.comment FROM report JOIN actor ON actor.id = reporter_id"
        " WHERE actor.host = :host ORDER BY report.id"
    )
    first = await rig.node.rows(mine, host=host)
    assert {reply.status for reply in replies} == {202}
    assert len(first) == 1
    assert sorted(first[0][1].split("\n")) == [f"so rude {number}" for number in range(4)]
    told = "SELECT count(*) FROM notice WHERE recipient_id = :mo AND kind = 'report' AND cause = :cause"
    assert await rig.node.one(told, mo=rig.mo.id, cause=str(first[0][0])) == 1
    await rig.mo.post(f"/reports/{first[0][0]}/resolve")
    await rig.accepted(crowd[0], world.activity("Flag", crowd[0], [rig.anna.uri], content="again"))
    assert len(await rig.node.rows(mine, host=host)) == 2


async def test_mod_09_a_closed_account_opens_nothing(rig: Rig) -> None:
    carl = await rig.node.enrol("carl", "Carl Cole")
    before = (await carl.get("/settings")).status
    await change(rig, "UPDATE account SET disabled_at = created_at WHERE actor_id = :carl", carl=carl.id)
    closed = [entry for entry in entries() if entry.allow is not Allow.ANYONE]

    found = {}
    for entry in closed:
        path = re.sub(r"{[^}]+}", "1", entry.path)
        answer = await (carl.get(path) if entry.method == "GET" else carl.post(path))
        found[entry.path, entry.method] = answer.status, answer.path.partition("?")[0]
    again = await carl.post("/sign-in", login="carl", password="chalk-and-cheese", next="/")

    assert before == 200
    assert {status for (_, method), (status, _) in found.items() if method == "POST"} == {401}
    assert {where for (_, method), (_, where) in found.items() if method == "GET"} == {"/sign-in"}
    assert again.status == 422


async def test_mod_10_no_file_of_a_blocked_domain_is_fetched(rig: Rig) -> None:
    """One that came before the block, or that a friend's post links to."""
    uri = f"{rig.fay.origin}/notes/{world.number()}"
    address = f"https://{BLOCKED}/wall.pdf"
    encoding = {"type": "schema:MediaObject", "schema:contentUrl": address, "schema:encodingFormat": "application/pdf"}
    entity = {
        "id": uri,
        "type": ["schema:LearningResource"],
        "schema:name": "A wall",
        "schema:encoding": [
            encoding | {"schema:name": "wall.pdf", "schema:contentSize": "4", "schema:sha256": "0" * 64}
        ],
    }
    picture = {"type": "Image", "mediaType": "image/png", "url": f"https://{BLOCKED}/a.png", "name": "a"}
    fields = {"id": uri, "name": "A", "attachment": [picture], "schema:mainEntity": entity}

    with unasked(rig):
        await rig.accepted(rig.fay, world.create(rig.fay, **fields))
        number = await rig.node.one("SELECT id FROM post WHERE uri = :uri", uri=uri)
        answer = await rig.anna.get(f"/resources/{number}/files/wall.pdf")
        page = await rig.anna.get(f"/posts/{number}")

    assert answer.status == 403
    assert page.status == 200
    assert f'<img src="https://{BLOCKED}' not in page.text


async def test_mod_11_a_domain_with_servers_without_end_is_one_domain(rig: Rig) -> None:
    remembered = memory.of(rig.node.tools.client)
    remembered.newcomers = 5
    heard = len(rig.world.log)
    try:
        sybils = [rig.world.stranger() for _ in range(20)]
        replies = [await rig.fire(rig.signed(one, world.activity("Follow", one, rig.anna.uri))) for one in sybils]
        friend = rig.world.enrol(f"friend{world.number()}", "good.test")
        welcome = await rig.fire(rig.signed(friend, shots.like(friend.uri, number=world.number())))
        rig.clock.tick(minutes=61)
        later = await rig.fire(rig.signed(sybils[-1], world.activity("Follow", sybils[-1], rig.anna.uri)))
    finally:
        remembered.newcomers = None

    assert [reply.status for reply in replies] == [202] * 5 + [429] * 15
    assert all(0 < int(reply.headers["retry-after"]) <= 3600 for reply in replies[5:])
    assert (welcome.status, later.status) == (202, 202)
    asked = {line.split("/")[2] for line in rig.world.log[heard:] if ".evil.test" in line}
    assert len(asked) <= 6
