"""Answers to our people, passed on to their followers; and what others pass on to us."""

from typing import Any

import msgspec
import pytest

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.posts import Post
from fedishare.db.work import Activity, Delivery, Job
from fedishare.domain.audience import Visibility
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import Forward
from fedishare.outbox import forwards
from tests.builders import Made, a_follow_row, a_person, a_post, a_room
from tests.inbox.elsewhere import Document, a_letter, a_note, a_proof, an_activity, catch_up, post, rows, send


async def a_talk(tools: Tools, here: Here, **over: Any) -> tuple[Made, Made, Made]:
    """Anna has written something, and is followed from three servers, from one of which Ada answers."""
    db = tools.db
    anna, ada = await a_person(db, here), await a_person(db, here, local=False, username="ada")
    for domain in ("birch.test", "cedar.test", "elm.test"):
        await a_follow_row(db, here, by=await a_person(db, here, local=False, domain=domain), of=anna)
    return anna, ada, await a_post(db, here, by=anna, **over)


def an_answer(tools: Tools, ada: Made, topic: Made, kind: str = "Create", **over: Any) -> Document:
    note = a_note(ada.uri, inReplyTo=topic.uri, **over)
    return a_proof(an_activity(kind, ada.uri, note), by=ada.uri, tools=tools)


async def run(tools: Tools) -> list[tuple[str, bytes]]:
    """Do what was left to forward; the inboxes it goes to and the bytes."""
    for kind, payload in await rows(tools.db, Job.kind, Job.payload):
        if kind == "Forward":
            await forwards.forward(tools, msgspec.json.decode(payload, type=Forward))
    bodies = dict(await rows(tools.db, Activity.id, Activity.body))
    found = await rows(tools.db, Delivery.id, Delivery.inbox, Delivery.activity_id)
    return [(inbox, bodies[activity]) for _, inbox, activity in found]


async def test_a_proven_answer_goes_on_to_followers_byte_for_byte(tools: Tools, here: Here) -> None:
    _, ada, topic = await a_talk(tools, here)
    answer = an_answer(tools, ada, topic) | {"https://birch.test/ns#kept": "as it came"}
    answer = a_proof({name: value for name, value in answer.items() if name != "proof"}, by=ada.uri, tools=tools)
    body = msgspec.json.format(msgspec.json.encode(answer), indent=3)

    await post(tools, a_letter(tools, body, by=ada.uri))

    assert await run(tools) == [("https://cedar.test/inbox", body), ("https://elm.test/inbox", body)]


@pytest.mark.parametrize("kind", ["Update", "Delete"])
async def test_so_do_its_edit_and_its_deletion(tools: Tools, here: Here, kind: str) -> None:
    _, ada, topic = await a_talk(tools, here)
    await send(tools, an_activity("Create", ada.uri, a_note(ada.uri, inReplyTo=topic.uri)))
    later = an_answer(tools, ada, topic, kind, content="<p>New</p>", updated="2026-09-07T08:20:00Z")
    if kind == "Delete":
        tombstone = an_activity("Delete", ada.uri, {"id": a_note(ada.uri)["id"], "type": "Tombstone"})
        later = a_proof(tombstone, by=ada.uri, tools=tools)

    await send(tools, later)

    assert [msgspec.json.decode(body)["type"] for _, body in await run(tools)] == [kind, kind]


@pytest.mark.parametrize(
    ("topic", "answer"),
    [
        pytest.param({}, {"proof": None}, id="without-a-proof"),
        pytest.param({}, {"published": "2026-09-07T08:11:00Z"}, id="with-a-broken-proof"),
        pytest.param({"visibility": Visibility.FOLLOWERS}, {}, id="to-what-is-not-for-everybody"),
    ],
)
async def test_other_answers_stay_here(
    tools: Tools, here: Here, *, topic: dict[str, Any], answer: dict[str, Any]
) -> None:
    _, ada, written = await a_talk(tools, here, **topic)
    said = an_answer(tools, ada, written) | answer

    await send(tools, {name: value for name, value in said.items() if value is not None})

    assert await run(tools) == []


async def test_a_private_answer_stays_here(tools: Tools, here: Here) -> None:
    anna, ada, topic = await a_talk(tools, here)

    await send(tools, an_answer(tools, ada, topic, to=[anna.uri], cc=[]))

    assert await run(tools) == []


async def test_what_is_in_a_room_of_ours_is_the_rooms_to_pass_on(tools: Tools, here: Here) -> None:
    room = await a_room(tools.db, here)
    _, ada, topic = await a_talk(tools, here, room_id=room.id)

    await send(tools, an_answer(tools, ada, topic))

    kinds = [kind for (kind,) in await rows(tools.db, Job.kind)]
    assert (kinds.count("Distribute"), kinds.count("Forward")) == (1, 0)


async def test_what_others_pass_on_is_believed_with_a_proof(tools: Tools, db: Database, here: Here) -> None:
    _, ada, topic = await a_talk(tools, here)
    server = await a_person(db, here, local=False, domain="cedar.test")

    await post(tools, a_letter(tools, an_answer(tools, ada, topic), by=server.uri))
    await catch_up(tools)

    assert (f"{ada.uri}/posts/1",) in await rows(db, Post.uri)
