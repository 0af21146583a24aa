"""Streams over a WebSocket and as server-sent events. What happens, happens in another process of the node."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

import pytest
from aiohttp import WSServerHandshakeError
from sqlalchemy import Connection, update

from fedishare.api.streaming import hub, listeners
from fedishare.api.streaming.keys import HUB
from fedishare.core.here import Here
from fedishare.db.accounts import Account, Token
from fedishare.db.base import Base
from fedishare.db.engine import Database
from fedishare.db.follows import Block, Mute
from fedishare.db.handles import Handle, Runner
from fedishare.db.postgres import Postgres
from fedishare.db.posts import Attachment
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import AttachmentKind, ReactionKind, RunnerRole, RunnerState
from fedishare.http.keys import DATABASE
from fedishare.services import posts, reactions
from fedishare.services.drafts import Change, Draft
from tests.api.conftest import School
from tests.api.streams import a_socket, events
from tests.builders import Made, a_follow_row, a_person, a_post, add

NOBODY: Mapping[str, int] = {}


async def writes(
    school: School, by: Made, text: str = "Hello", *, people: Mapping[str, int] = NOBODY, **over: Any
) -> int:
    draft = Draft(**({"text": text, "visibility": Visibility.PUBLIC} | over))
    return await school.db.write(posts.publish, school.here, author_id=by.id, draft=draft, people=people)


async def edits(school: School, by: Made, post_id: int, text: str) -> None:
    await school.db.write(
        posts.edit, school.here, editor_id=by.id, post_id=post_id, change=Change(text=text), people={}
    )


async def deletes(school: School, by: Made, post_id: int) -> None:
    await school.db.write(posts.delete, school.here, by_id=by.id, post_id=post_id)


def of(event: str, *stream: str, id: int) -> dict[str, Any]:  # noqa: A002 -- as the entity names it
    """An event about something of this id."""
    return {"stream": list(stream), "event": event, "payload": str(id)}


def told(said: dict[str, Any]) -> dict[str, Any]:
    """An event with the id alone of what it is about."""
    payload = said["payload"]
    return said | {"payload": payload["id"] if isinstance(payload, dict) else payload}


async def test_what_one_follows_comes_at_once_with_its_edits_and_its_end(school: School) -> None:
    ada, phone = await school.a_teacher()
    ben, _ = await school.a_teacher()
    await a_follow_row(school.db, school.here, by=ada, of=ben)

    async with a_socket(school, phone, stream="user") as socket:
        await socket.ask(stream="nothing")
        assert await socket.next() == {"error": "Unknown stream type", "status": 400}
        post = await writes(school, ben)
        news = [told(await socket.next())]
        await edits(school, ben, post, "Hello again")
        news.append(told(await socket.next()))
        await deletes(school, ben, post)
        news.append(told(await socket.next()))

    assert news == [of(name, "user", id=post) for name in ("update", "status.update", "delete")]


async def test_a_boost_comes_under_its_own_id_and_goes_when_it_is_taken_back(school: School) -> None:
    ada, phone = await school.a_teacher()
    ben, _ = await school.a_teacher()
    cem, _ = await school.a_teacher()
    await a_follow_row(school.db, school.here, by=ada, of=ben)
    post = await writes(school, cem)
    boost: dict[str, Any] = {"kind": ReactionKind.BOOST, "actor_id": ben.id, "post_id": post}

    async with a_socket(school, phone, stream="user") as socket:
        await socket.ready()
        await school.db.write(reactions.add, school.here, **boost)
        came = await socket.next()
        await school.db.write(reactions.remove, school.here, **boost)
        went = await socket.next()

    assert (came["event"], went["event"], came["payload"]["id"]) == ("update", "delete", went["payload"])
    assert came["payload"]["id"] != str(post)


STREAMS: Final[Mapping[tuple[str, ...], list[str]]] = {
    ("public",): ["note", "tagged", "pictured", "far"],
    ("public:local",): ["note", "tagged", "pictured"],
    ("public:remote",): ["far"],
    ("public:media",): ["pictured"],
    ("public:local:media",): ["pictured"],
    ("public:remote:media",): [],
    ("hashtag", "Maths"): ["tagged"],
    ("hashtag", "maths"): ["tagged"],
    ("hashtag:local", "#maths"): ["tagged"],
    ("hashtag", "physics"): [],
}


async def test_each_stream_of_public_posts_holds_what_it_says(school: School) -> None:
    """All of them on one socket, each told under the very name by which it was asked for."""
    _, phone = await school.a_teacher()
    ben, _ = await school.a_teacher()
    afar = await a_person(school.db, school.here, local=False)

    async with a_socket(school, phone) as socket:
        for name, *tag in STREAMS:
            await socket.ask(stream=name, **({"tag": tag[0]} if tag else {}))
        await socket.ready()
        answered = (await a_post(school.db, school.here, by=afar, visibility=Visibility.QUIET)).id
        made = {"note": await writes(school, ben), "tagged": await writes(school, ben, "All about #maths")}
        await writes(school, ben, "Not for all", visibility=Visibility.FOLLOWERS)
        await writes(school, ben, "Not for lists", visibility=Visibility.QUIET)
        await writes(school, ben, "An answer", in_reply_to=answered)
        made["pictured"] = await school.db.write(_pictured, school.here, ben)
        made["far"] = (await a_post(school.db, school.here, by=afar)).id
        news = await socket.rest()

    ids, heard = {str(post): name for name, post in made.items()}, dict[tuple[str, ...], list[str]]()
    for said in news:
        heard.setdefault(tuple(said["stream"]), []).append(ids.get(said["payload"]["id"], said["payload"]["id"]))
    assert heard | {name: [] for name, found in STREAMS.items() if not found} == STREAMS


def _pictured(tx: Connection, here: Here, by: Made) -> int:
    draft = Draft(text="Look", visibility=Visibility.PUBLIC)
    post_id = posts.publish(tx, here, author_id=by.id, draft=draft, people={})
    values = {"position": 0, "kind": AttachmentKind.IMAGE, "url": "x", "media_type": "image/png", "alt": ""}
    add(tx, Attachment, post_id=post_id, **values)
    return post_id


async def test_a_private_post_is_heard_of_by_those_it_is_for_and_by_nobody_else(school: School) -> None:
    ada, for_ada = await school.a_teacher("ada")
    ben, _ = await school.a_teacher()
    eve, for_eve = await school.a_teacher()
    await a_follow_row(school.db, school.here, by=eve, of=ben)
    everywhere = [
        {"stream": "user"},
        {"stream": "public"},
        {"stream": "direct"},
        {"stream": "hashtag", "tag": "secret"},
    ]

    async with a_socket(school, for_ada) as hers, a_socket(school, for_eve) as eves:
        for wish in everywhere:
            await hers.ask(**wish)
            await eves.ask(**wish)
        await hers.ready()
        await eves.ready()
        named = {"@ada": ada.id, "ada": ada.id, "ada@alder.test": ada.id}
        post = await writes(school, ben, "@ada a #secret", people=named, visibility=Visibility.MENTIONED)
        await hers.next()  # What is gone before anybody heard of it is not told at all.
        await edits(school, ben, post, "@ada a #secret no more")
        await deletes(school, ben, post)
        to_ada, to_eve = await hers.rest(), await eves.rest()

    assert to_eve == []
    assert {said["event"] for said in to_ada} >= {"delete"}


@pytest.mark.parametrize("table", ["block", "blocked", "mute"])
async def test_whom_one_blocked_or_muted_is_not_heard(school: School, table: str) -> None:
    ada, phone = await school.a_teacher()
    ben, _ = await school.a_teacher()
    rows: dict[str, tuple[type[Base], dict[str, Any]]] = {
        "block": (Block, {"id": 1, "uri": "x", "blocker_id": ada.id, "blocked_id": ben.id}),
        "blocked": (Block, {"id": 1, "uri": "x", "blocker_id": ben.id, "blocked_id": ada.id}),
        "mute": (Mute, {"muter_id": ada.id, "muted_id": ben.id}),
    }
    await a_follow_row(school.db, school.here, by=ada, of=ben)

    async with a_socket(school, phone) as socket:
        for wish in ({"stream": "user"}, {"stream": "public"}, {"stream": "hashtag", "tag": "maths"}):
            await socket.ask(**wish)
        await socket.ready()
        heard = await writes(school, ben, "#maths")
        before = await socket.rest()
        await school.db.write(add, rows[table][0], created_at=school.here.now(), **rows[table][1])
        post = await writes(school, ben, "#maths")
        await edits(school, ben, post, "#maths and more")
        after = await socket.rest()

    assert {said["payload"]["id"] for said in before} == {str(heard)}
    assert len(before) == 3
    assert after == []


async def test_notices_conversations_and_filters_are_heard_of_where_they_belong(school: School) -> None:
    ada, phone = await school.a_teacher("ada")
    ben, _ = await school.a_teacher()
    named = {"@ada": ada.id, "ada": ada.id, "ada@alder.test": ada.id}

    async with a_socket(school, phone) as socket:
        for stream in ("user", "user:notification", "direct"):
            await socket.ask(stream=stream)
        await socket.ready()
        post = await writes(school, ben, "@ada a word", people=named, visibility=Visibility.MENTIONED)
        own = await writes(school, ada)
        news = await socket.rest()
        await phone.post("/api/v2/filters", json={"title": "Snakes", "context": ["home"]})
        changed = await socket.rest()

    found = {(said["stream"][0], said["event"]): said["payload"] for said in news}
    assert set(found) == {
        ("user", "update"),
        ("user", "notification"),
        ("user:notification", "notification"),
        ("direct", "conversation"),
    }
    assert found["user", "update"]["id"] == str(own)
    notice = found["user", "notification"]
    assert (notice["type"], notice["status"]["id"]) == ("mention", str(post))
    assert found["direct", "conversation"]["last_status"]["id"] == str(post)
    assert changed == [{"stream": ["user"], "event": "filters_changed"}]


async def test_a_list_is_heard_by_its_owner_alone(school: School) -> None:
    ada, phone = await school.a_teacher()
    ben, _ = await school.a_teacher()
    _, other = await school.a_teacher()
    await a_follow_row(school.db, school.here, by=ada, of=ben)
    number = (await phone.post("/api/v1/lists", title="Maths")).json["id"]
    await phone.post(f"/api/v1/lists/{number}/accounts", account_ids=[str(ben.id)])

    async with a_socket(school, phone, stream="list", list=number) as socket, a_socket(school, other) as foreign:
        await socket.ready()
        await foreign.ask(stream="list", list=number)
        refused = await foreign.next()
        await writes(school, ada)
        post = await writes(school, ben)
        news = await socket.rest()
        await edits(school, ben, post, "Another word")
        news += await socket.rest()
        await deletes(school, ben, post)
        news += await socket.rest()

    # The tag that the test listens to besides is told of every public post that goes.
    assert [told(said) for said in news if said["stream"][0] == "list"] == [
        of(name, "list", number, id=post) for name in ("update", "status.update", "delete")
    ]
    assert refused == {"error": "Record not found", "status": 404}


async def test_one_hears_of_ones_own_posts_from_another_app(school: School) -> None:
    ada, phone = await school.a_teacher()

    async with a_socket(school, phone, stream="user") as socket:
        await socket.ready()
        post = await writes(school, ada)

        assert told(await socket.next()) == of("update", "user", id=post)


async def test_a_stream_that_was_left_is_silent(school: School) -> None:
    ada, phone = await school.a_teacher()

    async with a_socket(school, phone, stream="user") as socket:
        await socket.ask(stream="public")
        await socket.ask("unsubscribe", stream="user")
        await socket.ready()
        post = await writes(school, ada)

        assert [told(said) for said in await socket.rest()] == [of("update", "public", id=post)]


def _revoke(tx: Any, person: Made, now: Any) -> None:
    tx.execute(update(Token).where(Token.account_id == person.id).values(revoked_at=now))


def _freeze(tx: Any, person: Made, now: Any) -> None:
    tx.execute(update(Account).where(Account.id == person.id).values(disabled_at=now))


@pytest.mark.parametrize("end", [_revoke, _freeze])
async def test_a_stream_ends_with_its_token_and_its_account(school: School, end: Any) -> None:
    """The other person's goes on. The post is written in the very change that takes the token away."""
    ada, phone = await school.a_teacher()
    _, other = await school.a_teacher()

    def at_once(tx: Any) -> int:
        end(tx, ada, school.here.now())
        draft = Draft(text="Hello", visibility=Visibility.PUBLIC)
        return posts.publish(tx, school.here, author_id=ben.id, draft=draft, people={})

    ben, _ = await school.a_teacher()
    async with (
        a_socket(school, phone, stream="public") as hers,
        events(school, phone, "public") as same,
        a_socket(school, other, stream="public") as theirs,
    ):
        await theirs.ready()
        last = asyncio.create_task(hers.last())
        post = await school.db.write(at_once)

        assert told(await theirs.next()) == of("update", "public", id=post)
        assert str(post) not in str(await last)
        assert hers.raw.close_code == 1008
        assert str(post).encode() not in await same.rest()
    with pytest.raises(WSServerHandshakeError) as refused:
        async with a_socket(school, phone):
            pass
    assert refused.value.status in {401, 403}


async def test_whoever_no_longer_runs_a_handle_hears_nothing_as_it(school: School) -> None:
    ada, _ = await school.a_teacher()
    maths = await a_person(school.db, school.here)
    await school.db.write(add, Handle, actor_id=maths.id, created_at=school.here.now())
    runner = {"handle_id": maths.id, "actor_id": ada.id, "role": RunnerRole.RUNNER, "state": RunnerState.ACTIVE}
    await school.db.write(add, Runner, uri="x", created_at=school.here.now(), **runner)
    phone = await school.phone(ada, acts_as=maths)

    async with a_socket(school, phone, stream="user") as socket:
        await socket.ready()
        ended = update(Runner).where(Runner.handle_id == maths.id).values(state=RunnerState.ENDED)
        await school.db.write(lambda tx: tx.execute(ended).rowcount)

        assert await socket.end() == 1008


async def test_a_socket_takes_the_token_wherever_apps_can_put_it(school: School) -> None:
    _, phone = await school.a_teacher()
    token, host = phone.token or "", {"Host": "alder.test"}
    spoken = []
    for given in (
        {"headers": host | {"Authorization": f"Bearer {token}"}},
        {"headers": host, "params": {"access_token": token}},
        {"headers": host, "protocols": [token]},
    ):
        async with school.client.ws_connect("/api/v1/streaming", **given) as socket:
            await socket.send_json({"type": "subscribe", "stream": "none"})
            assert (await socket.receive_json())["status"] == 400
            spoken.append(socket.protocol)

    # A browser gives up where the protocol that it offered is not taken up.
    assert spoken == [None, None, token]


async def test_nobody_listens_without_a_good_token(school: School) -> None:
    _, phone = await school.a_teacher()
    nameless = await school.phone(None)
    narrow = await school.phone(Made((await school.a_teacher())[0].id, ""), scopes="write")
    statuses = []
    for token in ("", "made-up", nameless.token, narrow.token):
        with pytest.raises(WSServerHandshakeError) as refused:
            await school.client.ws_connect(
                "/api/v1/streaming", headers={"Host": "alder.test"}, protocols=[token or "x"]
            )
        statuses.append(refused.value.status)

    assert statuses == [401, 401, 422, 403]
    assert (await phone.get("/api/v1/streaming")).status == 400


async def test_a_token_hears_what_its_scopes_allow(school: School) -> None:
    person, _ = await school.a_teacher()
    only_notices = await school.phone(person, scopes="read:notifications")
    only_posts = await school.phone(person, scopes="read:statuses")

    async with a_socket(school, only_notices, stream="user") as socket:
        assert (await socket.next())["status"] == 403
        await socket.ask(stream="user:notification")
        await socket.ask("what is wrong")
        assert (await socket.next())["status"] == 400
    async with a_socket(school, only_posts, stream="user:notification") as socket:
        assert (await socket.next())["status"] == 403
        await socket.ask(stream="user")
        await socket.ready()
        other, _ = await school.a_teacher()
        post = await writes(school, person)
        like: dict[str, Any] = {"kind": ReactionKind.LIKE, "actor_id": other.id, "post_id": post}
        await school.db.write(reactions.add, school.here, **like)
        assert [said["event"] for said in await socket.rest()] == ["update"]
    replies = [
        await only_notices.get("/api/v1/streaming/user"),
        await only_posts.get("/api/v1/streaming/user/notification"),
    ]
    assert [reply.status for reply in replies] == [403, 403]


HOSTILE: Final = [
    "",
    "nothing",
    "[]",
    "null",
    "{}",
    '{"type":"subscribe"}',
    '{"type":"subscribe","stream":["user"]}',
    '{"type":["subscribe"],"stream":"user"}',
    '{"type":"subscribe","stream":"hashtag"}',
    '{"type":"subscribe","stream":"hashtag","tag":"a b"}',
    '{"type":"subscribe","stream":"hashtag","tag":{"a":1}}',
    '{"type":"subscribe","stream":"list"}',
    '{"type":"subscribe","stream":"list","list":"9' + "9" * 30 + '"}',
    '{"type":"subscribe","stream":"list","list":-1}',
    '{"type":"subscribe","stream":"user","stream":"public"}',
    '{"type":"subscribe","stream":"\\u0000"}',
    "[" * 2000,
]


async def test_hostile_messages_are_answered_and_the_socket_stays_open(school: School) -> None:
    _, phone = await school.a_teacher()

    async with a_socket(school, phone) as socket:
        answers = []
        for said in HOSTILE:
            await socket.raw.send_str(said)
            answers.append(await socket.next())
        await socket.ready()

    assert {(frozenset(answer), answer["status"]) for answer in answers} == {
        (frozenset({"error", "status"}), status) for status in (400, 404)
    }


async def test_hostile_frames_end_the_socket(school: School) -> None:
    _, phone = await school.a_teacher()

    async with a_socket(school, phone) as socket:
        await socket.raw.send_bytes(b"\0")
        binary = await socket.end()
    async with a_socket(school, phone) as socket:
        await socket.raw.send_str("x" * 5000)
        large = await socket.end()
    async with a_socket(school, phone) as socket:
        for number in range(listeners.MOST_CHANNELS + 1):
            await socket.ask(stream="hashtag", tag=f"tag{number}")
        many = await socket.next()
    async with a_socket(school, phone) as socket:
        for _ in range(301):
            await socket.ask("unsubscribe", stream="user")
        wishes = await socket.end()

    assert (binary, large, many["status"], wishes) == (1003, 1009, 429, 1008)


async def test_an_app_has_so_many_sockets_and_no_more(school: School) -> None:
    _, phone = await school.a_teacher()
    _, other = await school.a_teacher()
    open_ones = [a_socket(school, phone) for _ in range(hub.MOST_PER_TOKEN)]
    for one in open_ones:
        await one.__aenter__()

    with pytest.raises(WSServerHandshakeError) as refused:
        await a_socket(school, phone).__aenter__()
    async with a_socket(school, other):
        pass
    await open_ones.pop().__aexit__(None, None, None)
    async with a_socket(school, phone):
        pass
    for one in open_ones:
        await one.__aexit__(None, None, None)

    assert refused.value.status == 429


async def test_whoever_reads_too_slowly_is_cut_off_and_the_others_are_not(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader takes nothing off the line; what waits for it is bounded, and then it is gone."""
    monkeypatch.setattr(listeners, "MOST_BYTES", 20_000)
    ada, phone = await school.a_teacher()
    _, other = await school.a_teacher()
    hub_of_node = school.client.app[HUB]
    async with a_socket(school, other, stream="public") as fine:
        reader, writer = await _raw_socket(school, phone.token or "", "public")
        transport = writer.transport
        transport.pause_reading()
        await fine.ready()
        slow = next(one for one in hub_of_node._listeners if one.call.who.actor_id == ada.id)  # noqa: SLF001 -- what it holds is the point
        while slow.ending is None:
            slow.tell(listeners.Message(next(iter(slow.channels)), "update", "x" * 5000))
        post = await writes(school, ada)

        assert told(await fine.next()) == of("update", "public", id=post)
        assert slow.ending is listeners.Ending.SLOW
        assert slow._bytes <= 30_000  # noqa: SLF001 -- as above
        writer.close()
        assert reader is not None


async def _raw_socket(school: School, token: str, stream: str) -> Any:
    server = school.client.server
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(
        f"GET /api/v1/streaming?stream={stream}&access_token={token} HTTP/1.1\r\nHost: alder.test\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    assert b"101" in await reader.readline()
    return reader, writer


async def test_events_are_told_as_lines(school: School) -> None:
    ada, phone = await school.a_teacher()

    async with events(school, phone, "user") as stream:
        assert stream.answer.content_type == "text/event-stream"
        assert stream.answer.headers["X-Accel-Buffering"] == "no"
        assert "no-store" in stream.answer.headers["Cache-Control"]
        await a_look()
        post = await writes(school, ada)
        name, data = await stream.next()
        await deletes(school, ada, post)
        gone = await stream.next()

    assert (name, json.loads(data)["id"], gone) == ("update", str(post), ("delete", str(post)))


async def a_look() -> None:
    """The node has looked once since."""
    await asyncio.sleep(3 * hub.LOOK_EVERY)


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("hashtag", {}, 400),
        ("hashtag", {"tag": "12"}, 400),
        ("list", {}, 400),
        ("list", {"list": "x"}, 404),
        ("nothing", {}, 404),
    ],
)
async def test_a_stream_that_is_none_is_refused_in_json(
    school: School, path: str, query: dict[str, str], status: int
) -> None:
    _, phone = await school.a_teacher()

    reply = await phone.get(f"/api/v1/streaming/{path}", **query)

    assert (reply.status, set(reply.json)) == (status, {"error"})


async def test_a_stop_is_said_politely(school: School) -> None:
    _, phone = await school.a_teacher()

    async with a_socket(school, phone, stream="user") as socket, events(school, phone, "user") as stream:
        school.client.app[HUB].close()

        assert await socket.end() == 1001
        assert await stream.rest() == b""
    with pytest.raises(WSServerHandshakeError) as refused:
        await a_socket(school, phone).__aenter__()
    assert refused.value.status == 503


async def test_health_is_one_word(school: School) -> None:
    for path in ("/api/v1/streaming/health", "/health"):
        async with school.client.get(path, headers={"Host": "alder.test"}) as answer:
            assert (answer.status, await answer.text()) == (200, "OK")


async def test_while_nothing_happens_nothing_is_read(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    """One look at how the data stands, and no statement; without anybody who listens, not even that."""
    _, phone = await school.a_teacher()
    db: Database = school.client.app[DATABASE]
    reads, looks = list[Any](), list[Any]()
    read, stand = db.read, db.stand

    def reading(*args: Any, **kwargs: Any) -> Any:
        reads.append(args[0])
        return read(*args, **kwargs)

    def standing() -> Any:
        looks.append("look")
        return stand()

    monkeypatch.setattr(db, "read", reading)
    monkeypatch.setattr(db, "stand", standing)
    await a_look()
    assert (reads, looks) == ([], [])

    async with a_socket(school, phone, stream="user") as socket:
        await socket.ready()
        await socket.rest()
        reads.clear()
        looks.clear()
        await a_look()

        # A PostgreSQL server that serves others, too, says only that something has changed somewhere.
        assert reads == [] or (isinstance(db, Postgres) and set(reads) == {hub._tails_and_tokens})  # noqa: SLF001 -- the one read
        assert looks
