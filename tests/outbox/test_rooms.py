"""A room passes on what happened in it, in the dialect of each member's server."""

from typing import Any, Final

import msgspec
import pytest
from sqlalchemy import Connection, select

from fedishare.core.errors import Invalid
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.nodes import Node
from fedishare.db.reactions import Reaction
from fedishare.db.work import Activity, Delivery, Received
from fedishare.domain.audience import PUBLIC_IRI, Visibility
from fedishare.domain.kinds import Dialect, ReactionKind
from fedishare.jobs import types
from fedishare.jobs.tools import Tools
from fedishare.net import keys, proofs
from fedishare.outbox import publish, rooms
from fedishare.outbox.rooms import Event, Form, forms
from tests.builders import FrozenClock, Made, a_follow_row, a_person, a_post, a_room, add, an_ed25519_pair

W, B, U, F = Form.WRAPPED, Form.BOOST, Form.UNBOOST, Form.FORWARDED
AUTHOR = "birch.test"
SERVERS = {"lemmy.test": "lemmy", "fedi.test": "fedishare", "masto.test": "mastodon", "new.test": None}


@pytest.mark.parametrize(
    ("event", "threadiverse", "microblog", "both"),
    [
        (Event.POST, {W}, {B}, {W, B}),
        (Event.ANSWER, {W}, {F}, set()),
        (Event.EDIT, {W}, {F}, {W}),
        (Event.DELETION, {W}, {U, F}, {W, U}),
        (Event.ANSWER_DELETED, {W}, {F}, {W}),
        (Event.REMOVAL, {W}, {U}, {W, U}),
        (Event.ANSWER_REMOVED, {W}, set(), {W}),
        (Event.RESTORED, {W}, {B}, {W, B}),
        (Event.ANSWER_RESTORED, {W}, set(), {W}),
        (Event.REACTION, {W}, set(), {W}),
        (Event.PIN, {W}, set(), {W}),
        (Event.LOCK, {W}, set(), {W}),
        (Event.BAN, {W}, set(), {W}),
        (Event.SHOWN, {B}, {B}, {B}),
        (Event.ANSWER_SHOWN, {B}, set(), set()),
        (Event.OTHER, {W}, set(), {W}),
    ],
)
def test_each_event_has_its_form_for_each_kind_of_server(
    event: Event, threadiverse: set[Form], microblog: set[Form], both: set[Form]
) -> None:
    told = [forms(event, dialect=dialect) for dialect in Dialect]

    assert told == [threadiverse, microblog, both]


ADA: Final = "https://birch.test/users/ada"
MOD: Final = "https://cedar.test/users/mod"


@pytest.mark.parametrize(
    ("activity", "is_reply", "event"),
    [
        ({"type": "Create"}, False, Event.POST),
        ({"type": "Create"}, True, Event.ANSWER),
        ({"type": "Update"}, True, Event.EDIT),
        ({"type": "Delete", "actor": ADA}, False, Event.DELETION),
        ({"type": "Delete", "actor": ADA}, True, Event.ANSWER_DELETED),
        ({"type": "Delete", "actor": ADA, "summary": ""}, False, Event.REMOVAL),
        ({"type": "Delete", "actor": MOD}, False, Event.REMOVAL),
        ({"type": "Delete", "actor": MOD, "summary": "rude"}, True, Event.ANSWER_REMOVED),
        ({"type": "Undo", "actor": MOD, "object": {"type": "Delete"}}, False, Event.RESTORED),
        ({"type": "Undo", "actor": MOD, "object": {"type": "Delete"}}, True, Event.ANSWER_RESTORED),
        ({"type": "Undo", "actor": MOD, "object": {"type": "Lock"}}, False, Event.LOCK),
        ({"type": "Undo", "actor": ADA, "object": {"type": "Like"}}, False, Event.REACTION),
        ({"type": "Undo", "actor": ADA, "object": "https://birch.test/likes/1"}, False, Event.OTHER),
        ({"type": "Dislike"}, False, Event.REACTION),
        ({"type": "Block"}, False, Event.BAN),
        ({"type": "Remove"}, False, Event.PIN),
    ],
)
def test_what_happened_shows_in_the_activity(activity: dict[str, Any], is_reply: bool, event: Event) -> None:
    assert rooms.event_of(activity, is_reply=is_reply, author_uri=ADA) is event


async def a_busy_room(db: Database, here: Here) -> Made:
    """A room with one member on each kind of server."""
    room = await a_room(db, here, username="slt")
    for domain, software in SERVERS.items():
        await a_follow_row(db, here, by=await a_person(db, here, local=False, domain=domain), of=room)
        if software:
            await db.write(add, Node, host=domain, software=software)
    return room


async def taken(db: Database, here: Here, room: Made, post: Made) -> str:
    """The room took a post, and recorded its boost of it; answers the boost's id."""
    reaction_id = here.ids.new()
    uri = here.uris.activity(reaction_id)
    values = {"id": reaction_id, "uri": uri, "kind": ReactionKind.BOOST, "actor_id": room.id, "post_id": post.id}
    await db.write(add, Reaction, created_at=here.now(), **values)
    return uri


async def a_received(db: Database, here: Here, *, by: Made, **over: Any) -> tuple[str, bytes]:
    """An activity that came in, in bytes that nobody here would write; answers its id and the bytes."""
    uri = over.pop("uri", f"{by.uri}/activities/{here.ids.new()}")
    activity = {"id": uri, "type": "Create", "actor": by.uri, "unknown": 1.0} | over
    body = msgspec.json.format(msgspec.json.encode(activity), indent=3).replace(b"unknown", b"\\u0075nknown")
    values = {"uri": uri, "sender_id": by.id, "type": activity["type"], "body": body, "at": here.now()}
    await db.write(add, Received, **values)
    return uri, body


def passed(tx: Connection) -> list[tuple[str, str, list[str]]]:
    """Type, variant and hosts of what the room sends."""
    found = []
    rows = select(Activity.id, Activity.type, Activity.variant).where(Activity.body.is_not(None)).order_by(Activity.id)
    for activity in tx.execute(rows):
        hosts = tx.scalars(select(Delivery.host).where(Delivery.activity_id == activity.id).order_by(Delivery.host))
        found.append((activity.type, activity.variant, list(hosts)))
    return found


def raw(tx: Connection) -> list[bytes]:
    return list(tx.scalars(select(Activity.body).order_by(Activity.id)))


def senders(tx: Connection) -> list[int]:
    return list(tx.scalars(select(Delivery.sender_id).order_by(Delivery.id)))


async def test_a_new_post_is_wrapped_unmodified_for_some_and_boosted_for_others(
    desk: Tools, here: Here, clock: FrozenClock
) -> None:
    db = desk.db
    room = await a_busy_room(db, here)
    ben = await a_person(db, here, local=False, domain=AUTHOR)
    post = await a_post(db, here, by=ben, room_id=room.id)
    boost = await taken(db, here, room, post)
    uri, body = await a_received(db, here, by=ben, object={"id": post.uri}, to=[PUBLIC_IRI])
    job = types.Distribute(room.id, uri, post.id)

    await rooms.distribute(desk, job)
    clock.tick(minutes=1)
    await rooms.distribute(desk, job)

    assert await db.read(passed) == [
        ("Announce", "", ["fedi.test", "lemmy.test", "new.test"]),
        ("Announce", "boost", ["masto.test", "new.test"]),
    ]
    wrapped, boosted = await db.read(raw)
    assert b'"object":' + body in wrapped
    frame = {
        "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/data-integrity/v2"],
        "id": boost,
        "type": "Announce",
        "actor": room.uri,
        "to": [PUBLIC_IRI],
        "cc": [f"{room.uri}/followers", ben.uri],
        "audience": room.uri,
        "published": "2026-09-07T08:30:00Z",
    }
    for said, target in ((wrapped, msgspec.json.decode(body)), (boosted, post.uri)):
        document = msgspec.json.decode(said)
        assert proofs.verify(document, keys.public_ed25519(an_ed25519_pair().public))
        document.pop("proof")
        assert document == frame | {"object": target}


async def test_lemmy_gets_an_edit_that_nobody_vouched_for_as_we_found_it(desk: Tools, here: Here) -> None:
    """Others get its address alone, and look there for themselves."""
    db = desk.db
    room = await a_busy_room(db, here)
    ben = await a_person(db, here, local=False, domain=AUTHOR)
    there = {"visibility": Visibility.PUBLIC, "room_id": None, "edited_at": here.now()}
    post = await a_post(db, here, by=ben, title="Pizza", content="<p>Cut in twelve</p>", **there)
    hidden = await a_post(db, here, by=ben, **(there | {"visibility": Visibility.FOLLOWERS}))
    said = {"type": "Update", "to": [PUBLIC_IRI], "audience": "https://elm.test/groups/maths"}
    for each in (post, hidden):
        uri, _ = await a_received(db, here, by=ben, object=each.uri, **said)
        await rooms.distribute(desk, types.Distribute(room.id, uri, each.id))

    sent = await db.read(passed)
    documents = [msgspec.json.decode(body) for body in await db.read(raw)]
    assert [each for each in sent if "lemmy.test" in each[2]] == [("Announce", "readdressed", ["lemmy.test"])]
    (told,) = [each["object"]["object"] for each in documents if not isinstance(each["object"]["object"], str)]
    wanted: dict[str, Any] = {
        "id": post.uri,
        "type": "Note",
        "attributedTo": ben.uri,
        "name": "Pizza",
        "content": "<p>Cut in twelve</p>",
        "audience": room.uri,
        "cc": [room.uri],
        "to": [PUBLIC_IRI],
        "updated": "2026-09-07T08:30:00Z",
    }
    assert {name: told[name] for name in wanted} == wanted
    assert "proof" not in told


async def test_an_answer_is_never_shown_as_a_boost(desk: Tools, here: Here) -> None:
    db = desk.db
    room = await a_busy_room(db, here)
    ben = await a_person(db, here, local=False, domain=AUTHOR)
    post = await a_post(db, here, by=ben, room_id=room.id, in_reply_to_uri="https://x.test/1")
    uri, _ = await a_received(db, here, by=ben, object={"id": post.uri}, to=[PUBLIC_IRI])

    await rooms.distribute(desk, types.Distribute(room.id, uri, post.id))

    assert await db.read(passed) == [("Announce", "", ["fedi.test", "lemmy.test"])]


@pytest.mark.parametrize(
    ("software", "version", "carries", "is_told"),
    [
        pytest.param("mastodon", "4.7.0", {"proof": {"type": "DataIntegrityProof"}}, True, id="new-mastodon"),
        pytest.param("mastodon", "4.6.2", {"proof": {"type": "DataIntegrityProof"}}, False, id="old-mastodon"),
        pytest.param("mastodon", "4.3.1", {"signature": {"type": "RsaSignature2017"}}, True, id="linked-data"),
        pytest.param("mastodon", "4.7.0", {}, False, id="nothing-to-believe"),
        pytest.param("gotosocial", "0.20.0", {"proof": {"type": "DataIntegrityProof"}}, False, id="cannot-read-it"),
    ],
)
async def test_an_answer_is_forwarded_as_it_came_to_whoever_believes_what_it_carries(
    desk: Tools, here: Here, *, software: str, version: str, carries: dict[str, Any], is_told: bool
) -> None:
    db = desk.db
    room = await a_room(db, here)
    await a_follow_row(db, here, by=await a_person(db, here, local=False, domain="toot.test"), of=room)
    await db.write(add, Node, host="toot.test", software=software, version=version)
    ben = await a_person(db, here, local=False, domain=AUTHOR)
    post = await a_post(db, here, by=ben, room_id=room.id, in_reply_to_uri="https://x.test/1")
    uri, body = await a_received(db, here, by=ben, object={"id": post.uri}, to=[PUBLIC_IRI], **carries)

    await rooms.distribute(desk, types.Distribute(room.id, uri, post.id))

    forwarded = [("Create", "forwarded", ["toot.test"])] if is_told else []
    assert await db.read(passed) == [("Announce", "", []), *forwarded]
    if is_told:
        [sender] = await db.read(senders)
        assert ((await db.read(raw))[1], sender) == (body, room.id)


async def test_our_own_authors_answer_is_forwarded_with_their_proof(desk: Tools, here: Here) -> None:
    db = desk.db
    room, anna = await a_room(db, here), await a_person(db, here)
    await a_follow_row(db, here, by=await a_person(db, here, local=False, domain="toot.test"), of=room)
    await db.write(add, Node, host="toot.test", software="mastodon", version="4.7.0-alpha.2")
    post = await a_post(db, here, by=anna, room_id=room.id, in_reply_to_uri="https://x.test/1", addressed_cc=[room.uri])
    await publish.publish_post(desk, types.PublishPost(post.id))

    await rooms.distribute(desk, types.Distribute(room.id, f"{post.uri}/activity", post.id))

    forwarded = msgspec.json.decode((await db.read(raw))[-1])
    assert (await db.read(passed))[-1] == ("Create", "forwarded", ["toot.test"])
    assert proofs.verify(forwarded, keys.public_ed25519(an_ed25519_pair().public))


async def test_a_post_written_here_is_passed_on_with_its_authors_proof(desk: Tools, here: Here) -> None:
    db = desk.db
    room, anna = await a_busy_room(db, here), await a_person(db, here)
    post = await a_post(db, here, by=anna, room_id=room.id, addressed_cc=[room.uri])
    await publish.publish_post(desk, types.PublishPost(post.id))

    await rooms.distribute(desk, types.Distribute(room.id, f"{post.uri}/activity", post.id))

    announce = msgspec.json.decode((await db.read(raw))[1])
    key = keys.public_ed25519(an_ed25519_pair().public)
    assert announce["object"]["id"] == f"{post.uri}/activity"
    assert proofs.verify(announce["object"], key)
    assert proofs.verify(announce["object"]["object"], key)


async def test_a_deletion_takes_back_the_boost_where_there_was_one(desk: Tools, here: Here) -> None:
    db = desk.db
    room = await a_busy_room(db, here)
    ben = await a_person(db, here, local=False, domain=AUTHOR)
    post = await a_post(db, here, by=ben, room_id=room.id, deleted_at=here.now())
    boost = await taken(db, here, room, post)
    uri, _ = await a_received(db, here, by=ben, type="Delete", object=post.uri, to=[PUBLIC_IRI])

    await rooms.distribute(desk, types.Distribute(room.id, uri, post.id))

    assert await db.read(passed) == [
        ("Announce", "", ["fedi.test", "lemmy.test", "new.test"]),
        ("Undo", "", ["masto.test", "new.test"]),
    ]
    undone = msgspec.json.decode((await db.read(raw))[1])["object"]
    assert (undone["id"], undone["type"], undone["object"]) == (boost, "Announce", post.uri)


@pytest.mark.parametrize("kind", ["Update", "Like", "Undo"])
async def test_everything_else_is_wrapped_and_microblogs_hear_nothing(desk: Tools, here: Here, kind: str) -> None:
    db = desk.db
    room = await a_busy_room(db, here)
    ben = await a_person(db, here, local=False, domain=AUTHOR)
    post = await a_post(db, here, by=ben, room_id=room.id)
    said = {"id": post.uri} if kind == "Update" else post.uri
    uri, _ = await a_received(db, here, by=ben, type=kind, object=said)

    await rooms.distribute(desk, types.Distribute(room.id, uri, post.id))

    assert await db.read(passed) == [("Announce", "", ["fedi.test", "lemmy.test", "new.test"])]


@pytest.mark.parametrize(
    ("software", "has_colleague", "told"),
    [
        pytest.param("fedishare", False, ["Announce"], id="ours-learns-that-the-room-took-it"),
        pytest.param("lemmy", True, [], id="lemmy-filed-it-itself"),
        pytest.param("mastodon", False, [], id="nobody-else-there"),
        pytest.param("mastodon", True, ["boost"], id="a-colleague-there-would-miss-it"),
    ],
)
async def test_the_authors_own_server_hears_of_it_only_if_somebody_needs_it(
    desk: Tools, here: Here, software: str, has_colleague: bool, told: list[str]
) -> None:
    db = desk.db
    room = await a_room(db, here)
    ben = await a_person(db, here, local=False, domain=AUTHOR)
    await a_follow_row(db, here, by=ben, of=room)
    if has_colleague:
        await a_follow_row(db, here, by=await a_person(db, here, local=False, domain=AUTHOR), of=room)
    await db.write(add, Node, host=AUTHOR, software=software)
    post = await a_post(db, here, by=ben, room_id=room.id)
    uri, _ = await a_received(db, here, by=ben, object={"id": post.uri}, to=[PUBLIC_IRI])

    await rooms.distribute(desk, types.Distribute(room.id, uri, post.id))

    reached = [variant or kind for kind, variant, hosts in await db.read(passed) if hosts]
    assert reached == told


async def test_what_is_for_members_alone_stays_among_them(desk: Tools, here: Here) -> None:
    db = desk.db
    room = await a_busy_room(db, here)
    ben = await a_person(db, here, local=False, domain=AUTHOR)
    to = [room.uri, f"{room.uri}/followers"]
    post = await a_post(db, here, by=ben, room_id=room.id, visibility=Visibility.ROOM, addressed_to=to, addressed_cc=[])
    uri, _ = await a_received(db, here, by=ben, object={"id": post.uri}, to=to)

    await rooms.distribute(desk, types.Distribute(room.id, uri, post.id))

    wrapped = msgspec.json.decode((await db.read(raw))[0])
    assert (wrapped["to"], wrapped["cc"], "proof" in wrapped) == ([f"{room.uri}/followers"], [ben.uri], False)
    assert [variant for _, variant, _ in await db.read(passed)] == [""]


async def test_an_activity_that_is_gone_is_a_final_error(desk: Tools, here: Here) -> None:
    room = await a_room(desk.db, here)

    with pytest.raises(Invalid):
        await rooms.distribute(desk, types.Distribute(room.id, "https://nowhere.test/1", None))
