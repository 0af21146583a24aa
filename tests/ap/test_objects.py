"""Posts and activities at their addresses: what is served to whom, and that nothing else shows (VIS-01 to VIS-04)."""

from typing import Any, Final

import pytest

from fedishare.ap import routes
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.people import Actor
from fedishare.domain.audience import Visibility
from fedishare.net import keys, proofs
from fedishare.net.signatures import Scheme
from tests.ap.conftest import ACTIVITY, ORIGIN, Answer, Peer
from tests.ap.test_published import a_node, a_private_post, an_activity, change
from tests.builders import MONDAY, Made, a_follow_row, a_person, a_post, a_room, an_ed25519_pair

BELOW: Final = ("", "/activity", "/replies", "/likes", "/shares")
NOWHERE: Final = 1 << 40


def path_of(made: Made) -> str:
    return made.uri.removeprefix(ORIGIN)


async def for_followers(db: Database, here: Here, *, by: Made, **over: Any) -> Made:
    to = [f"{by.uri}/followers"]
    return await a_private_post(db, here, by=by, to=to, as_=Visibility.FOLLOWERS, **over)


async def test_a_post_is_a_note_with_a_proof_by_its_author(peer: Peer, db: Database, here: Here) -> None:
    anna = await a_person(db, here)
    post = await a_post(db, here, by=anna)

    answer = await peer.get(path_of(post))

    assert (answer.status, answer.headers["Content-Type"]) == (200, ACTIVITY)
    assert answer.headers["Cache-Control"] == "public, max-age=180"
    assert (answer.json["id"], answer.json["type"], answer.json["attributedTo"]) == (post.uri, "Note", anna.uri)
    assert proofs.verify(answer.json, keys.public_ed25519(an_ed25519_pair().public))


async def test_what_is_a_document_only_is_one_for_everybody(peer: Peer, db: Database, here: Here) -> None:
    post = await a_post(db, here, by=await a_person(db, here))

    accepts = ("*/*", "text/html", "application/json", "application/activity+json;q=0.1")
    answers = [await peer.get(f"{path_of(post)}/activity", accept=accept) for accept in accepts]

    assert [answer.headers["Content-Type"] for answer in answers] == [ACTIVITY] * len(accepts)


async def test_the_create_of_a_post_holds_it_and_has_a_proof_too(peer: Peer, db: Database, here: Here) -> None:
    anna = await a_person(db, here)
    post = await a_post(db, here, by=anna)

    create = (await peer.get(f"{path_of(post)}/activity")).json

    public = keys.public_ed25519(an_ed25519_pair().public)
    assert (create["id"], create["type"], create["actor"]) == (f"{post.uri}/activity", "Create", anna.uri)
    assert create["object"]["id"] == post.uri
    assert proofs.verify(create, public)
    assert proofs.verify(create["object"], public)


async def test_a_post_reads_the_same_twice_and_is_sent_once(peer: Peer, db: Database, here: Here) -> None:
    post = await a_post(db, here, by=await a_person(db, here))

    first = await peer.get(path_of(post))
    again = await peer.get(path_of(post), If_None_Match=first.headers["ETag"])

    assert (again.status, again.body) == (304, b"")


async def test_a_deleted_post_leaves_a_tombstone(peer: Peer, db: Database, here: Here) -> None:
    post = await a_post(db, here, by=await a_person(db, here), deleted_at=MONDAY)

    answers = [await peer.get(f"{path_of(post)}{below}") for below in BELOW]

    assert [answer.status for answer in answers] == [410] * len(BELOW)
    assert (answers[0].json["id"], answers[0].json["type"]) == (post.uri, "Tombstone")


@pytest.mark.parametrize("scheme", list(Scheme))
async def test_a_follower_reads_by_signing_and_no_cache_may_keep_it(
    peer: Peer, db: Database, here: Here, scheme: Scheme
) -> None:
    anna, ben = await a_person(db, here), await a_person(db, here, local=False)
    await a_follow_row(db, here, by=ben, of=anna)
    post = await for_followers(db, here, by=anna)

    signed = await peer.get(path_of(post), by=ben, scheme=scheme)
    unsigned = await peer.get(path_of(post))

    assert (signed.status, signed.json["id"]) == (200, post.uri)
    assert (signed.headers["Cache-Control"], signed.headers["Vary"]) == ("private, no-store", "Accept, Signature")
    assert "proof" not in signed.json
    assert (unsigned.status, unsigned.headers["Cache-Control"]) == (404, "private, no-store")


async def test_everything_around_a_private_post_opens_with_it(peer: Peer, db: Database, here: Here) -> None:
    anna, ben = await a_person(db, here), await a_person(db, here, local=False)
    await a_follow_row(db, here, by=ben, of=anna)
    post = await for_followers(db, here, by=anna)

    paths = [f"{path_of(post)}{below}" for below in BELOW] + [f"/threads/{post.id}"]
    answers = [await peer.get(path, by=ben) for path in paths]

    assert [(one.status, one.headers["Cache-Control"]) for one in answers] == [(200, "private, no-store")] * len(paths)


async def test_a_node_reads_for_its_members(peer: Peer, db: Database, here: Here) -> None:
    anna, ben = await a_person(db, here), await a_person(db, here, local=False)
    room = await a_room(db, here)
    await a_follow_row(db, here, by=ben, of=room)
    to = [room.uri, f"{room.uri}/followers"]
    post = await a_private_post(db, here, by=anna, to=to, as_=Visibility.ROOM, room_id=room.id)
    nodes = [await a_node(db, here, domain) for domain in ("birch.test", "cedar.test")]

    statuses = [(await peer.get(path_of(post), by=one)).status for one in nodes]

    assert statuses == [200, 404]


async def test_an_activity_is_served_as_it_was_sent(peer: Peer, db: Database, here: Here) -> None:
    anna, ben, eve = [await a_person(db, here, local=local) for local in (True, False, False)]
    public = await an_activity(db, here, by=anna, about="https://birch.test/1")
    private = await an_activity(db, here, by=anna, about="https://birch.test/1", type="Like", to=[ben.uri])

    statuses = [(await peer.get(path_of(private), by=who)).status for who in (ben, eve, None)]

    assert (await peer.get(path_of(public))).json["id"] == public.uri
    assert statuses == [200, 404, 404]


async def hidden_things(db: Database, here: Here, *, by: Made, stranger: Made) -> dict[str, str]:
    """The address of one thing of each kind that `stranger` may not read, by what it is."""
    room = await a_room(db, here)
    to = [room.uri, f"{room.uri}/followers"]
    return {
        "followers": path_of(await for_followers(db, here, by=by)),
        "mentioned": path_of(await a_private_post(db, here, by=by, to=[room.uri], as_=Visibility.MENTIONED)),
        "room": path_of(await a_private_post(db, here, by=by, to=to, as_=Visibility.ROOM, room_id=room.id)),
        "private resource": path_of(await for_followers(db, here, by=by, uri=f"{ORIGIN}/resources/{NOWHERE + 1}")),
        "deleted private": path_of(await for_followers(db, here, by=by, deleted_at=MONDAY)),
        "foreign": f"/posts/{(await a_post(db, here, by=stranger)).id}",
        "nonexistent": f"/posts/{NOWHERE}",
        "nonexistent resource": f"/resources/{NOWHERE}",
        "not an id": "/posts/new",
        "suffix": f"{path_of(await a_post(db, here, by=by))}.json",
    }


async def test_what_is_hidden_and_what_is_not_there_answer_to_the_byte_alike(
    peer: Peer, db: Database, here: Here
) -> None:
    anna, eve = await a_person(db, here), await a_person(db, here, local=False)
    hidden = await hidden_things(db, here, by=anna, stranger=eve)

    paths = [path + below for path in hidden.values() for below in BELOW]
    answers = [await peer.get(path, by=who) for path in paths for who in (None, eve)]

    assert len({(one.status, one.body, tuple(sorted(one.headers.items()))) for one in answers}) == 1
    assert answers[0].status == 404


async def test_hidden_activities_and_threads_answer_like_absent_ones(peer: Peer, db: Database, here: Here) -> None:
    anna, eve = await a_person(db, here), await a_person(db, here, local=False)
    private = await an_activity(db, here, by=anna, about="https://birch.test/1", type="Like", to=[anna.uri])
    root = await for_followers(db, here, by=anna)

    paths = [path_of(private), f"/activities/{NOWHERE}", f"/threads/{root.id}", f"/threads/{NOWHERE}", "/threads/x"]
    answers = [await peer.get(path, by=who) for path in paths for who in (None, eve)]

    assert len({(one.status, one.body, tuple(sorted(one.headers.items()))) for one in answers}) == 1
    assert answers[0].status == 404


async def tricks(peer: Peer, path: str) -> list[Answer]:
    spellings = [f"{path}/", f"{path}.json", f"{path}?format=json", f"{path}%00", f"/./{path.strip('/')}"]
    accepts = ["application/ld+json", 'application/ld+json; profile="x"', "application/activity+json, text/html;q=0.1"]
    answers = [await peer.get(spelling) for spelling in spellings]
    answers += [await peer.get(path, accept=accept) for accept in accepts]
    answers += [await peer.get(path, method="HEAD"), await peer.get(path, Signature="rubbish")]
    return answers


async def test_no_trick_shows_what_is_hidden(peer: Peer, db: Database, here: Here) -> None:
    post = await for_followers(db, here, by=await a_person(db, here))

    statuses = {answer.status for answer in await tricks(peer, path_of(post))}

    assert statuses == {404}


async def test_head_is_refused_and_allowed_like_get(peer: Peer, db: Database, here: Here) -> None:
    anna, ben = await a_person(db, here), await a_person(db, here, local=False)
    await a_follow_row(db, here, by=ben, of=anna)
    post = await for_followers(db, here, by=anna)

    answers = [await peer.get(path_of(post), method="HEAD", by=who) for who in (ben, None)]

    assert [(answer.status, answer.body) for answer in answers] == [(200, b""), (404, b"")]


@pytest.mark.parametrize("trouble", ["other key", "other target", "too old", "unknown key", "malformed"])
async def test_a_bad_signature_is_no_signature(peer: Peer, db: Database, here: Here, trouble: str) -> None:
    anna, ben, eve = [await a_person(db, here, local=local) for local in (True, False, False)]
    await a_follow_row(db, here, by=ben, of=anna)
    post = await for_followers(db, here, by=anna)
    unknown = Made(0, "https://nowhere.test/users/nobody")
    asked: dict[str, dict[str, Any]] = {
        "other key": {"by": eve},
        "other target": {"by": ben, "method": "GET", "Host": "birch.test"},
        "too old": {"by": ben, "Date": "Mon, 07 Sep 2020 08:30:00 GMT"},
        "unknown key": {"by": unknown},
        "malformed": {"Signature": 'keyId="x"'},
    }

    answer = await peer.get(path_of(post), **asked[trouble])

    assert answer.all == (await peer.get(f"/posts/{NOWHERE}")).all


async def test_a_suspended_author_shows_nothing_but_that_they_are(peer: Peer, db: Database, here: Here) -> None:
    anna = await a_person(db, here, username="anna", name="Anna Ash", summary="<p>Maths</p>")
    post = await a_post(db, here, by=anna)
    await db.write(change, Actor, anna, suspended_at=MONDAY)

    lists = ["/users/anna/outbox", "/users/anna/followers", "/users/anna/featured"]
    found = {path: await peer.get(path) for path in [path_of(post), "/users/anna", *lists]}

    assert {path: answer.status for path, answer in found.items()} == {
        path_of(post): 404,
        "/users/anna": 200,
    } | dict.fromkeys(lists, 403)
    actor = found["/users/anna"].body
    assert (b'"suspended":true' in actor, b"Ash" in actor, b"Maths" in actor) == (True, False, False)


def test_every_address_is_open_to_everybody_and_says_so() -> None:
    entries = [entry for one in routes.ALL for entry in one]

    assert {entry.allow.value for entry in entries} == {"anyone"}
    assert len({(entry.method, entry.path) for entry in entries}) == len(entries)
