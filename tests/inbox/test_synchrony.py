"""What another server believes about who of us follows its people (FEP-8fcf)."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import pytest

from fedishare.as2.node import CONTEXT
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.follows import Follow
from fedishare.db.work import Job
from fedishare.domain.digests import digest
from fedishare.domain.kinds import FollowState
from fedishare.inbox import synchrony
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import SynchroniseFollowers
from fedishare.net.signatures import Request
from tests.builders import Made, a_follow_row, a_person
from tests.inbox.elsewhere import Elsewhere, a_letter, a_note, an_activity, post, rows

ADA: Final = "https://birch.test/users/ada"
URL: Final = f"{ADA}/followers_synchronization"


async def ada_and(db: Database, here: Here, *states: FollowState | None) -> tuple[Made, list[Made]]:
    """Ada elsewhere, and people of ours, each with what we think of their follow."""
    ada = await a_person(db, here, local=False, uri=ADA, username="ada")
    people = [await a_person(db, here) for _ in states]
    for person, state in zip(people, states, strict=True):
        if state is not None:
            await a_follow_row(db, here, by=person, of=ada, state=state)
    return ada, people


def header(*uris: str, **over: str) -> str:
    said = {"collectionId": f"{ADA}/followers", "digest": digest(uris), "url": URL} | over
    return ", ".join(f'{name}="{value}"' for name, value in said.items())


async def hear(tools: Tools, said: str) -> None:
    note = a_note(ADA, to=[f"{ADA}/followers"], cc=[])
    letter = a_letter(tools, an_activity("Create", ADA, note), by=ADA)
    await post(tools, letter_with(letter, said))


def letter_with(letter: Request, said: str) -> Request:
    fields = (*letter.headers, ("Collection-Synchronization", said))
    return Request(letter.method, letter.target, fields, letter.body, letter.origin)


def shown(elsewhere: Elsewhere, uris: Sequence[str], **over: Any) -> None:
    elsewhere.say(URL, {"@context": CONTEXT, "id": URL, "type": "OrderedCollection", "orderedItems": list(uris)} | over)


async def planned(db: Database) -> list[SynchroniseFollowers]:
    found = await rows(db, Job.kind, Job.payload)
    name = SynchroniseFollowers.__name__
    return [msgspec.json.decode(payload, type=SynchroniseFollowers) for kind, payload in found if kind == name]


async def settle(tools: Tools) -> None:
    for job in await planned(tools.db):
        await synchrony.synchronise(tools, job)


async def follows(db: Database) -> set[tuple[int, FollowState]]:
    return {(follower, state) for follower, state in await rows(db, Follow.follower_id, Follow.state)}


async def test_two_servers_of_one_mind_do_nothing(tools: Tools, db: Database, here: Here) -> None:
    _, (anna,) = await ada_and(db, here, FollowState.ACCEPTED)

    await hear(tools, header(anna.uri))

    assert await planned(db) == []


@pytest.mark.parametrize(
    "over",
    [
        pytest.param({"collectionId": "https://birch.test/users/eve/followers"}, id="of-somebody-else"),
        pytest.param({"url": "https://cedar.test/users/ada/followers_synchronization"}, id="on-another-server"),
        pytest.param({"url": "https://alder.test/users/anna/followers"}, id="on-ours"),
        pytest.param({"digest": "0"}, id="no-digest"),
        pytest.param({"digest": "g" * 64}, id="not-hexadecimal"),
        pytest.param({"url": "no address"}, id="no-address"),
    ],
)
async def test_a_header_that_claims_what_it_may_not_is_ignored(
    tools: Tools, db: Database, here: Here, *, over: dict[str, str]
) -> None:
    await ada_and(db, here, FollowState.ACCEPTED)

    await hear(tools, header("https://alder.test/users/other", **over))

    assert await planned(db) == []


@pytest.mark.parametrize("said", ["", "digest", 'digest="1", digest="2"', 'url="', header() + "; x"])
async def test_a_header_that_cannot_be_read_harms_nobody(tools: Tools, db: Database, here: Here, *, said: str) -> None:
    await ada_and(db, here, FollowState.ACCEPTED)

    await hear(tools, said)

    assert await planned(db) == []


async def test_the_same_header_again_asks_no_more(tools: Tools, db: Database, here: Here) -> None:
    await ada_and(db, here, FollowState.ACCEPTED)

    for _ in range(3):
        await hear(tools, header())

    assert len(await planned(db)) == 1


async def test_both_sides_are_set_right_by_a_complete_list(
    tools: Tools, db: Database, here: Here, elsewhere: Elsewhere
) -> None:
    states = [FollowState.ACCEPTED, FollowState.ACCEPTED, FollowState.REQUESTED, None]
    _, (stays, ends, lost_answer, never_asked) = await ada_and(db, here, *states)
    listed = [stays.uri, lost_answer.uri, never_asked.uri, "https://alder.test/users/nobody"]
    shown(elsewhere, listed)

    await hear(tools, header(*listed))
    await settle(tools)

    assert await follows(db) == {(stays.id, FollowState.ACCEPTED), (lost_answer.id, FollowState.ACCEPTED)}
    told = [msgspec.json.decode(payload) for kind, payload in await rows(db, Job.kind, Job.payload)]
    assert {job["follower_id"] for job in told if job["type"] == "SendUnfollow"} == {ends.id, never_asked.id}


@pytest.mark.parametrize(
    "cut",
    [
        pytest.param({"orderedItems": []}, id="empty"),
        pytest.param({"type": "Note"}, id="not-a-list"),
        pytest.param({"orderedItems": [], "first": "https://cedar.test/page"}, id="on-another-server"),
    ],
)
async def test_a_list_that_is_not_the_one_meant_ends_no_follow(
    tools: Tools, db: Database, here: Here, *, elsewhere: Elsewhere, cut: dict[str, Any]
) -> None:
    _, (anna, bob) = await ada_and(db, here, FollowState.ACCEPTED, FollowState.ACCEPTED)
    shown(elsewhere, [anna.uri], **cut)

    await hear(tools, header(anna.uri))
    await settle(tools)

    assert await follows(db) == {(anna.id, FollowState.ACCEPTED), (bob.id, FollowState.ACCEPTED)}


async def test_a_list_in_pages_counts_as_a_whole(tools: Tools, db: Database, here: Here, elsewhere: Elsewhere) -> None:
    _, (anna, bob, carl) = await ada_and(db, here, *[FollowState.ACCEPTED] * 3)
    page = {"type": "OrderedCollectionPage", "orderedItems": [anna.uri], "next": f"{URL}?page=2"}
    shown(elsewhere, [], first=page)
    elsewhere.say(f"{URL}?page=2", page | {"@context": CONTEXT, "id": f"{URL}?page=2", "orderedItems": [bob.uri]})

    await hear(tools, header(anna.uri, bob.uri))
    await settle(tools)

    assert carl.id not in {follower for follower, _ in await follows(db)}
    assert len(await follows(db)) == 2
