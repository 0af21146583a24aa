"""Following, blocking, muting, requests and notes: what an app presses, and how the two stand then."""

import pytest

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.domain.kinds import FollowState
from tests.api import golden
from tests.api.conftest import School
from tests.api.signing_in import a_handle, runs_too
from tests.builders import a_follow_row, a_person, a_room


async def test_how_two_stand_is_told_in_full(school: School, db: Database, here: Here) -> None:
    _, phone = await school.a_teacher()
    other = await a_person(db, here)

    reply = await phone.get("/api/v1/accounts/relationships", id=[other.id, 1])

    assert len(reply.json) == 1
    golden.same("relationship", reply.json[0])
    assert (await phone.ask("GET", f"/api/v1/accounts/relationships?id={other.id}")).json == reply.json
    assert (await phone.get("/api/v1/accounts/relationships")).json == []


@pytest.mark.parametrize(
    ("press", "changed"),
    [
        ("follow", {"following": True, "showing_reblogs": True}),
        ("block", {"blocking": True}),
        ("mute", {"muting": True, "muting_notifications": True}),
    ],
)
async def test_what_is_pressed_is_so_and_can_be_taken_back(
    school: School, db: Database, here: Here, press: str, changed: dict[str, bool]
) -> None:
    _, phone = await school.a_teacher()
    other = await a_person(db, here)
    path = f"/api/v1/accounts/{other.id}"
    before = (await phone.get("/api/v1/accounts/relationships", id=[other.id])).json[0]

    pressed = [await phone.post(f"{path}/{press}") for _ in range(2)]
    after = [await phone.post(f"{path}/un{press}") for _ in range(2)]

    assert [reply.json for reply in pressed] == [before | changed] * 2
    assert [reply.json for reply in after] == [before] * 2


async def test_a_locked_account_is_asked_first(school: School) -> None:
    ada, hers = await school.a_teacher(locked=True)
    ben, his = await school.a_teacher()

    asked = await his.post(f"/api/v1/accounts/{ada.id}/follow")
    waiting = await hers.get("/api/v1/follow_requests")
    agreed = await hers.post(f"/api/v1/follow_requests/{ben.id}/authorize")
    again = await hers.post(f"/api/v1/follow_requests/{ben.id}/authorize")

    assert (asked.json["following"], asked.json["requested"]) == (False, True)
    assert [each["id"] for each in waiting.json] == [str(ben.id)]
    assert agreed.json["followed_by"] is True
    assert again.status == 404
    removed = await hers.post(f"/api/v1/accounts/{ben.id}/remove_from_followers")
    assert removed.json["followed_by"] is False


async def test_a_request_may_be_refused(school: School) -> None:
    ada, hers = await school.a_teacher(locked=True)
    ben, his = await school.a_teacher()
    await his.post(f"/api/v1/accounts/{ada.id}/follow")

    refused = await hers.post(f"/api/v1/follow_requests/{ben.id}/reject")

    assert (refused.json["followed_by"], refused.json["requested_by"]) == (False, False)
    assert (await hers.get("/api/v1/follow_requests")).json == []


async def test_blocks_and_mutes_are_listed_with_links(school: School, db: Database, here: Here) -> None:
    _, phone = await school.a_teacher()
    others = [await a_person(db, here) for _ in range(3)]
    for other in others:
        await phone.post(f"/api/v1/accounts/{other.id}/block")
        await phone.post(f"/api/v1/accounts/{other.id}/mute")
    newest_first = [str(other.id) for other in reversed(others)]

    for path in ("/api/v1/blocks", "/api/v1/mutes"):
        first = await phone.get(path, limit=2)
        second = await phone.ask("GET", first.links["next"])
        assert [each["id"] for each in first.json + second.json] == newest_first


async def test_a_note_is_for_its_writer_alone(school: School, db: Database, here: Here) -> None:
    _, hers = await school.a_teacher()
    _, his = await school.a_teacher()
    other = await a_person(db, here)
    path = f"/api/v1/accounts/{other.id}/note"

    noted = await hers.post(path, {"comment": "Met at the maths hub"})
    too_long = await hers.post(path, {"comment": "x" * 3000})
    his_view = (await his.get("/api/v1/accounts/relationships", id=[other.id])).json[0]
    dropped = await hers.post(path, {"comment": ""})

    assert noted.json["note"] == "Met at the maths hub"
    assert too_long.status == 422
    assert his_view["note"] == ""
    assert dropped.json["note"] == ""


@pytest.mark.parametrize("press", ["follow", "block", "mute"])
async def test_nobody_does_it_to_themselves(school: School, press: str) -> None:
    ada, phone = await school.a_teacher()

    reply = await phone.post(f"/api/v1/accounts/{ada.id}/{press}")

    assert (reply.status, set(reply.json)) == (403, {"error"})


async def test_whoever_is_blocked_cannot_follow(school: School) -> None:
    ada, hers = await school.a_teacher()
    ben, his = await school.a_teacher()
    await hers.post(f"/api/v1/accounts/{ben.id}/block")

    refused = await his.post(f"/api/v1/accounts/{ada.id}/follow")

    assert refused.status == 403
    assert (await his.get("/api/v1/accounts/relationships", id=[ada.id])).json[0]["blocked_by"] is True


async def test_a_room_is_joined_like_anybody_is_followed(school: School, db: Database, here: Here) -> None:
    _, phone = await school.a_teacher()
    room = await a_room(db, here)
    shut = await a_room(db, here, locked=True, discoverable=False)

    assert (await phone.post(f"/api/v1/accounts/{room.id}/follow")).json["following"] is True
    assert (await phone.post(f"/api/v1/accounts/{shut.id}/follow")).status == 403


async def test_a_handle_follows_in_its_own_name_and_the_log_says_who_it_was(
    school: School, db: Database, here: Here
) -> None:
    owner, _ = await school.a_teacher("ada")
    ben, his = await school.a_teacher("ben")
    handle = await a_handle(school, owner)
    await runs_too(school, handle, owner, ben)
    phone = await school.phone(ben, acts_as=handle)
    other = await a_person(db, here)

    followed = await phone.post(f"/api/v1/accounts/{other.id}/follow")
    own = (await his.get("/api/v1/accounts/relationships", id=[other.id])).json[0]

    assert followed.json["following"] is True
    assert own["following"] is False
    log = await db.read(lambda tx: tx.exec_driver_sql("SELECT kind, by_handle FROM deed ORDER BY id").all())
    assert ("follow", "ben@alder.test") in [tuple(line) for line in log]


async def test_requests_of_others_are_nobody_elses_to_answer(school: School, db: Database, here: Here) -> None:
    ada, _ = await school.a_teacher(locked=True)
    ben, _ = await school.a_teacher()
    _, other = await school.a_teacher()
    await a_follow_row(db, here, by=ben, of=ada, state=FollowState.REQUESTED)

    reply = await other.post(f"/api/v1/follow_requests/{ben.id}/authorize")

    assert (reply.status, reply.error) == (404, "Record not found")
