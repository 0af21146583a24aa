"""What a node has beyond Mastodon, as an app that knows of it goes about it."""

import io
from typing import Any, Final

from aiohttp import FormData
from sqlalchemy import update

from fedishare.api import openapi
from fedishare.api.endpoints import endpoints
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.rooms import Room, Topic
from fedishare.domain.audience import Visibility
from fedishare.services import invitations, meetings
from fedishare.services.meetings import Notes
from tests.api.conftest import Phone, Reply, School
from tests.api.signing_in import a_handle
from tests.api.test_media import a_picture
from tests.api.test_media import upload as send_picture
from tests.builders import Made, a_follow_row, a_post, a_resource, a_room, add
from tests.web.builders import PDF

V1: Final = "/api/fedishare/v1"
WALL: Final = {
    "title": "Fraction wall",
    "text": "A one-hour investigation.",
    "licence": "CC-BY-SA-4.0",
    "subjects": ["mathematics"],
    "levels": ["england:year-4"],
    "types": ["worksheet"],
    "keywords": ["fractions"],
    "minutes": 60,
}


async def upload(phone: Phone, body: bytes = PDF, *, name: str = "wall.pdf") -> Reply:
    form = FormData()
    form.add_field("file", io.BytesIO(body), filename=name, content_type="application/octet-stream")
    return await phone.ask("POST", f"{V1}/uploads", data=form)


async def share(phone: Phone, **over: Any) -> dict[str, Any]:
    key = (await upload(phone)).json["key"]
    made = await phone.post(f"{V1}/resources", json=WALL | {"files": [key]} | over)
    assert made.status == 200, made.json
    resource: dict[str, Any] = made.json
    return resource


async def private_room(db: Database, here: Here, owner: Made, *members: Made) -> Made:
    room = await a_room(db, here, owner=owner, locked=True, discoverable=False, name="Governors")
    for member in (owner, *members):
        await a_follow_row(db, here, by=member, of=room)
    return room


async def test_the_audiences_are_those_that_the_page_for_writing_offers(
    school: School, db: Database, here: Here
) -> None:
    ada, phone = await school.a_teacher("ada")
    maths, governors = await a_room(db, here, name="Maths"), await private_room(db, here, ada)
    await a_follow_row(db, here, by=ada, of=maths)
    await db.write(add, Topic, room_id=maths.id, name="algebra", label="Algebra", position=0)
    handle = await a_handle(school, ada)
    quiet = await a_post(db, here, by=ada, visibility=Visibility.FOLLOWERS)

    found = (await phone.get(f"{V1}/audiences")).json
    answering = (await phone.get(f"{V1}/audiences", in_reply_to_id=quiet.id)).json

    offered = [(each["value"], each["mastodon"]) for each in found["audiences"]]
    assert offered == [("public", "public"), ("quiet", "unlisted"), ("followers", "private"), ("mentioned", "direct")]
    assert found["audiences"][0]["label"] == "Everyone"
    assert found["audiences"][2]["explanation"].startswith("Only followers (nobody yet)")
    assert found["usual"] == "public"
    rooms = {each["room"]["id"]: each for each in found["rooms"]}
    assert [each["value"] for each in rooms[str(maths.id)]["audiences"]] == ["public", "quiet"]
    assert rooms[str(maths.id)]["topics"] == ["Algebra"]
    assert [each["explanation"] for each in rooms[str(governors.id)]["audiences"]] == [
        "Only members of Governors can see this."
    ]
    assert [each["id"] for each in found["voices"]] == [str(handle.id)]
    assert [each["value"] for each in answering["audiences"]] == ["followers", "mentioned"]
    assert (answering["usual"], answering["rooms"]) == ("followers", [])
    assert (await phone.get(f"{V1}/audiences", in_reply_to_id="x")).status == 422


async def test_a_resource_is_shared_found_changed_and_thanked_for(school: School) -> None:
    _, phone = await school.a_teacher("ada", name="Ada")
    _, other = await school.a_teacher("ben", name="Ben")
    picture = (await send_picture(phone, a_picture())).json["id"]

    made = await share(phone, media_ids=[picture], language="en")

    path = f"{V1}/resources/{made['id']}"
    assert (made["title"], made["minutes"], made["visibility"], made["version"]) == ("Fraction wall", 60, "public", 1)
    assert [made["licence"]["id"], made["licence"]["may_adapt"]] == ["CC-BY-SA-4.0", True]
    assert [each["slug"] for each in made["subjects"] + made["levels"]] == ["mathematics", "england:year-4"]
    assert [(each["name"], each["size"], each["state"]) for each in made["files"]] == [("wall.pdf", len(PDF), "clean")]
    assert made["url"] == f"https://alder.test/resources/{made['id']}"
    assert (await school.stranger.get(path)).json == made
    status = (await other.get(f"/api/v1/statuses/{made['id']}")).json
    assert len(status["media_attachments"]) >= 1

    page = (await other.get(f"{V1}/resources", q="fraction", subject="mathematics", may_adapt="true")).json
    assert [each["id"] for each in page["resources"]] == [made["id"]]
    assert (page["total"], page["may_adapt"], page["next_page"]) == (1, 1, None)
    facet = next(each for each in page["facets"] if each["name"] == "subject")
    assert facet["options"] == [{"value": "mathematics", "label": "Mathematics", "count": 1, "is_chosen": True}]
    assert (await other.get(f"{V1}/resources", subject=["history", "art"])).json["resources"] == []

    file = await other.get(f"{path}/files/{made['files'][0]['key']}")
    assert (file.status, file.body, file.headers["Content-Type"]) == (200, PDF, "application/pdf")
    assert (await other.get(f"{path}/files/file:999")).status == 404
    assert (await school.stranger.get(f"{path}/files/{made['files'][0]['key']}")).status == 401

    assert (await other.post(f"{path}/watch")).json["is_watched"] is True
    assert (await other.post(f"{path}/unwatch")).json["is_watched"] is False
    thanks = await other.post(f"{path}/used", json={"line": "It went well", "level": "england:year-4"})
    assert thanks.status == 200
    assert (await phone.post(f"{path}/used", json={})).status == 422
    uses = (await phone.get(f"{path}/uses")).json
    assert (uses["total"], uses["schools"], uses["levels"]) == (1, 1, [{"level": "Year 4", "uses": 1}])
    assert [(each["account"]["display_name"], each["line"]) for each in uses["latest"]] == [("Ben", "It went well")]
    assert (await other.get(f"{path}/uses")).status == 403

    answers = (await upload(phone, name="answers.pdf")).json["key"]
    files = [made["files"][0]["key"], answers]
    changed = await phone.put(
        path, json={"files": files, "changed": "With answers", "keywords": ["fractions", "walls"]}
    )
    assert changed.status == 200, changed.json
    assert [each["name"] for each in changed.json["files"]] == ["wall.pdf", "answers.pdf"]
    assert (changed.json["version"], changed.json["changed"]) == (2, "With answers")
    assert (changed.json["description"], changed.json["minutes"]) == ("A one-hour investigation.", 60)
    assert changed.json["keywords"] == ["fractions", "walls"]
    (former,) = (await other.get(f"{path}/versions")).json
    old = (await other.get(f"{path}/versions/{former['number']}")).json
    assert (old["number"], old["title"], [each["name"] for each in old["files"]]) == (1, "Fraction wall", ["wall.pdf"])
    assert (await other.get(f"{path}/versions/7")).status == 404


async def test_what_cannot_be_shared_is_refused_by_name(school: School) -> None:
    _, phone = await school.a_teacher()
    _, other = await school.a_teacher()
    key = (await upload(phone)).json["key"]
    path = f"{V1}/resources"

    async def refused(**over: Any) -> str:
        reply = await phone.post(path, json=WALL | {"files": [key]} | over)
        assert reply.status == 422, reply.json
        return reply.error

    assert (await phone.post(path, json=WALL)).error == "Object missing required field `files`"
    assert (await refused(files=[])).startswith("files: ")
    assert (await refused(files=["nobodys"])) == "files: one of them is not there, or no longer: send it again."
    assert (await refused(minutes=0)).startswith("minutes: ")
    assert (await refused(visibility="world")).startswith("visibility: ")
    assert "licence" in await refused(licence="")
    assert (await refused(subjects=["alchemy"])).startswith("One of the choices is not in the list")
    assert (await refused(media_ids=["1"])).startswith("media_ids: ")
    assert (await refused(visibility="mentioned")).startswith("Nobody would see this")
    theirs = await other.post(path, json=WALL | {"files": [key]})
    assert (theirs.status, theirs.error) == (422, "files: one of them is not there, or no longer: send it again.")
    await share(phone, files=[key])
    assert (await refused()).startswith("These files have been shared already")
    assert (await phone.delete(f"{V1}/uploads/{key}")).status == 422


async def test_a_file_is_sent_shown_and_given_up(school: School) -> None:
    _, phone = await school.a_teacher()

    sent = await upload(phone)
    program = await upload(phone, b"MZ\x90\x00" * 40, name="game.exe")
    large = await upload(phone, b"%PDF-1.7\n" + b"x" * (1 << 20))

    path = f"{V1}/uploads/{sent.json['key']}"
    assert (sent.json["name"], sent.json["media_type"], sent.json["is_whole"]) == ("wall.pdf", "application/pdf", True)
    assert (await phone.get(path)).json == sent.json
    assert (program.status, large.status) == (422, 413)
    assert (await phone.ask("POST", f"{V1}/uploads", data={"file": "words"})).status == 422
    assert (await phone.delete(path)).json == {}
    assert (await phone.get(path)).status == 404


async def test_rooms_are_listed_read_joined_and_left(school: School, db: Database, here: Here) -> None:
    ada, phone = await school.a_teacher("ada", name="Ada")
    _, other = await school.a_teacher("ben")
    maths, governors = await a_room(db, here, owner=ada, name="Maths"), await private_room(db, here, ada)
    await a_follow_row(db, here, by=ada, of=maths)
    await db.write(lambda tx: tx.execute(update(Room).values(rules="Be kind.", rules_version=2)))
    talk, resource = (
        await a_post(db, here, by=ada, room_id=maths.id),
        await a_resource(db, here, by=ada, room_id=maths.id),
    )
    path = f"{V1}/rooms/{maths.id}"

    before = (await other.get(path)).json
    refused = await other.post(f"{path}/join", json={})
    joined = await other.post(f"{path}/join", json={"rules_version": before["rules_version"]})

    assert (before["name"], before["access"], before["rules"], before["is_member"]) == (
        "Maths",
        "open",
        "Be kind.",
        False,
    )
    assert (refused.status, joined.status, joined.json["is_member"]) == (422, 200, True)
    assert [each["display_name"] for each in joined.json["stewards"]] == ["Ada"]
    assert {each["name"] for each in (await phone.get(f"{V1}/rooms")).json} == {"Maths", "Governors"}
    assert [each["name"] for each in (await other.get(f"{V1}/rooms", show="public")).json] == ["Maths"]
    assert (await phone.get(path)).json["role"] == "owner"
    members = (await other.get(f"{path}/members")).json
    assert [each["role"] for each in members] == ["owner", "member"]
    assert (members[0]["name"], members[0]["school"]) == ("Ada", "Alder Primary")

    async def kinds(**asked: Any) -> list[str]:
        return [each["id"] for each in (await other.get(f"{path}/statuses", **asked)).json]

    assert await kinds() == [str(resource.id), str(talk.id)]
    assert await kinds(show="resources") == [str(resource.id)]
    assert await kinds(show="talk") == [str(talk.id)]
    assert await kinds(max_id=resource.id) == [str(talk.id)]
    first = await other.get(f"{path}/statuses", limit=1)
    assert [each["id"] for each in (await other.get(first.links["next"])).json] == [str(talk.id)]
    assert (await other.post(f"{path}/leave")).json == {}
    assert (await other.get(path)).json["is_member"] is False
    assert (await other.get(f"{path}/members")).status == 404
    # To everybody else a private room is none.
    nobodys = await other.get(f"{V1}/rooms/1")
    assert (await other.get(f"{V1}/rooms/{governors.id}")).body == nobodys.body
    assert (await phone.get(f"{V1}/rooms/{governors.id}")).json["access"] == "private"
    shut = await other.post(f"{V1}/rooms/{governors.id}/join", json={"link": "https://alder.test/join/nobodys"})
    assert (shut.status, shut.body) == (404, nobodys.body)
    secret = await db.write(invitations.make_link, here, room_id=governors.id, by_id=ada.id)
    link = f"https://alder.test/join/{secret}"
    invited = (await other.get(f"{V1}/rooms/{governors.id}", link=link)).json
    assert (invited["rules"], invited["members_count"], invited["stewards"]) == ("Be kind.", 0, [])
    came = await other.post(f"{V1}/rooms/{governors.id}/join", json={"link": link, "rules_version": 2})
    assert (came.json["is_member"], came.json["members_count"]) == (True, 2)


async def test_events_are_the_meetings_of_rooms(school: School, db: Database, here: Here) -> None:
    ada, phone = await school.a_teacher("ada")
    ben, other = await school.a_teacher("ben")
    room = await private_room(db, here, ada, ben)
    path = f"{V1}/rooms/{room.id}/events"
    asked = {"title": "Spring meeting", "starts": "2026-09-14T16:00", "place": "Hall"}

    made = await phone.post(path, json=asked | {"secretary_id": str(ben.id)})
    refused = await (await school.a_teacher())[1].post(path, json=asked)
    noted = await other.post(f"{V1}/events/{made.json['id']}/agenda", json={"headline": "The new hall"})

    assert (made.status, refused.status, noted.status) == (200, 404, 200)
    event = noted.json
    assert (event["title"], event["starts"], event["place"]) == ("Spring meeting", "2026-09-14T16:00", "Hall")
    assert (event["kind"], event["visibility"], event["is_over"]) == ("meeting", "room", False)
    assert (event["room"]["id"], event["secretary"]["id"]) == (str(room.id), str(ben.id))
    assert [(each["headline"], each["account"]["id"]) for each in event["agenda"]] == [("The new hall", str(ben.id))]
    for listed in (f"{V1}/events", path):
        assert [each["id"] for each in (await other.get(listed)).json] == [event["id"]]
    meeting_id = int(event["id"])
    notes = Notes(version=0, notes="We agreed.", present="Ada")
    asked_by: dict[str, Any] = {"editor_id": ada.id, "meeting_id": meeting_id, "item_id": meeting_id, "said": notes}
    await db.write(meetings.write, here, **asked_by)
    await db.write(meetings.publish, here, author_id=ada.id, meeting_id=meeting_id)
    over = (await other.get(f"{V1}/events/{event['id']}")).json
    assert (over["is_over"], over["agenda"]) == (True, [])
    assert (over["minutes"]["record"]["notes"], over["minutes"]["record"]["present"]) == ("We agreed.", ["Ada"])
    assert [each["id"] for each in (await other.get(path, show="past")).json] == [event["id"]]
    assert (await other.get(f"{V1}/events")).json == []


async def test_a_list_of_rooms_and_of_events_takes_the_same_statements_however_long(
    school: School, db: Database, here: Here
) -> None:
    ada, phone = await school.a_teacher("ada")
    paths = [f"{V1}/audiences", f"{V1}/rooms", f"{V1}/events", f"{V1}/resources"]
    counts = []
    for number in range(2):
        for _ in range(1 + 2 * number):
            room = await private_room(db, here, ada)
            asked = meetings.Call(title="Meeting", starts="2026-09-14T16:00")
            await db.write(meetings.call, here, author_id=ada.id, room_id=room.id, asked=asked)
            await a_resource(db, here, by=ada)
        found = dict.fromkeys(paths, 0)
        for path in [*paths, *paths]:  # The first time makes sure that all accounts are kept.
            with school.counting() as said:
                await phone.get(path)
            found[path] = len(said)
        counts.append(found)

    assert counts[0] == counts[1]


async def test_the_node_serves_the_document_of_its_api(school: School) -> None:
    served = await school.stranger.get(f"{V1}/openapi.json")

    made = openapi.document(endpoints(), origin="https://alder.test")
    told = {(method.upper(), path) for path, operations in served.json["paths"].items() for method in operations}
    assert told == {(each.method, each.path) for each in endpoints()}
    assert set(served.json["paths"]) == set(made["paths"])
    assert served.headers["Cache-Control"] == "public, max-age=3600"
    assert (await school.stranger.get(f"{V1}/vocabularies")).json["usual_licence"] == "CC-BY-4.0"
