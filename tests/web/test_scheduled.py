"""Choosing when something is posted, in one's own zone; the list of it; and the school and zone in the settings."""

from datetime import UTC, datetime

from sqlalchemy import select

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.handles import Scheduled
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.work import Job
from fedishare.domain.kinds import Kind
from fedishare.domain.permissions import Role
from fedishare.services import housekeeping, scheduled
from tests.builders import FrozenClock
from tests.web.builders import RESOURCE, docx, form
from tests.web.conftest import Node

LATER = {"due_day": "2026-09-08", "due_time": "15:30"}


async def test_a_post_for_later_is_kept_in_the_zone_of_its_author_and_shown_in_it(node: Node, db: Database) -> None:
    _, anna = await node.a_teacher("anna")

    kept = await anna.post("/compose", form({"text": "Agenda by Friday"} | LATER))
    in_london = await db.read(lambda tx: tx.scalars(select(Scheduled.due_at)).all())
    listed = await anna.get("/scheduled")
    await anna.post("/settings/usual", {"time_zone": "Europe/Prague"})
    moved = await anna.get("/scheduled")

    assert (kept.status, kept.location) == (303, "/scheduled?kept=1")
    assert in_london == [datetime(2026, 9, 8, 14, 30, tzinfo=UTC)], "summer time in London"
    assert "Tuesday 8 September 2026, 15:30 (London time)" in listed.root.one("main").text
    assert "Tuesday 8 September 2026, 16:30 (Prague time)" in moved.root.one("main").text
    assert await db.read(lambda tx: tx.scalars(select(Post.id)).all()) == []


async def test_a_time_that_will_not_do_is_said_beside_the_field_and_nothing_is_lost(node: Node) -> None:
    _, anna = await node.a_teacher("anna")

    found = {}
    for day, hour in (("2026-09-01", "10:00"), ("2026-09-08", ""), ("tomorrow", "10:00"), ("2026-09-08", "10:00+02")):
        answer = await anna.post("/compose", form({"text": "Agenda", "due_day": day, "due_time": hour}))
        assert "Agenda" in answer.root.one("textarea", id="text").text
        found[day, hour] = (answer.status, *answer.errors)

    assert found == {
        ("2026-09-01", "10:00"): (422, "This time has passed already: choose a later one."),
        ("2026-09-08", ""): (422, "Say both the day and the time."),
        ("tomorrow", "10:00"): (422, "Write the day like 2026-09-07 and the time like 15:30."),
        ("2026-09-08", "10:00+02"): (422, "Write the time like 15:30."),
    }


async def test_a_scheduled_post_is_changed_and_taken_back_by_its_author_alone(node: Node, db: Database) -> None:
    _, anna = await node.a_teacher("anna")
    _, ben = await node.a_teacher("ben")
    await anna.post("/compose", form({"text": "Agenda"} | LATER))
    number = (await db.read(lambda tx: tx.scalars(select(Scheduled.id)).all()))[0]

    shown = await anna.get(f"/scheduled/{number}/edit")
    other = [await ben.get(f"/scheduled/{number}/edit"), await ben.post(f"/scheduled/{number}/cancel")]
    wrong = await anna.post(f"/scheduled/{number}/edit", {"text": "", **LATER})
    saved = await anna.post(f"/scheduled/{number}/edit", {"text": "Agenda, anew", "title": "Friday", **LATER})
    listed = (await anna.get("/scheduled")).root.one("main").text
    await anna.post(f"/scheduled/{number}/cancel")

    assert shown.root.one("input", id="due_time")["value"] == "15:30"
    assert [answer.status for answer in other] == [404, 404]
    assert (wrong.status, wrong.errors) == (422, ["Write something first."])
    assert saved.location == "/scheduled?saved=1"
    assert "Friday" in listed
    assert "Nothing waits for its time" in (await anna.get("/scheduled")).html


async def test_a_resource_can_wait_too_and_its_files_wait_with_it(
    node: Node, db: Database, here: Here, clock: FrozenClock
) -> None:
    _, anna = await node.a_teacher("anna")
    kept = await anna.post(
        "/compose", form(RESOURCE | LATER | {"due_day": "2026-09-20"}, [("files", "a.docx", docx())])
    )
    listed = await anna.get("/scheduled")
    waiting = (await db.read(lambda tx: tx.scalars(select(Scheduled.id)).all()))[0]

    clock.tick(days=14)
    await db.write(housekeeping.sweep, here)
    gone = await db.read(housekeeping.orphans, [path.name for path in node.stored])
    post_id = await db.write(scheduled.post, here, scheduled_id=waiting)
    clock.tick(days=14)
    await db.write(housekeeping.sweep, here)

    assert kept.location == "/scheduled?kept=1", kept.errors
    assert "1 file" in listed.root.one("main").text
    assert gone == []
    fetched = await node.stranger.get(f"/resources/{post_id}/files/a.docx")
    assert (fetched.status, fetched.body) == (200, docx())
    jobs = await db.read(lambda tx: tx.scalars(select(Job.kind)).all())
    assert "Forget" not in jobs, "what a resource holds is never thrown away"


async def test_a_school_has_a_page_with_those_who_chose_to_be_on_it(node: Node, db: Database) -> None:
    _, ida = await node.a_teacher("ida", role=Role.ADMIN)
    _, anna = await node.a_teacher("anna", name="Anna Abbott")
    _, ben = await node.a_teacher("ben", name="Ben Booth")
    made = await ida.post("/handles/new", {"kind": "school", "name": "Cornerstone", "username": "school"})
    school = made.location.rpartition("/")[2]
    resource = (await anna.post("/compose", form(RESOURCE, [("files", "wall.docx", docx())]))).location
    await ben.post("/compose", form(RESOURCE | {"title": "Not theirs"}, [("files", "wall.docx", docx() + b" ")]))

    await anna.post("/settings/usual", {"time_zone": "Europe/London", "school": school, "listed": "1"})
    await ben.post("/settings/usual", {"time_zone": "Europe/London", "school": school})
    await ida.post("/compose", form({"text": "We open at eight.", "as": school}))

    page = (await node.stranger.get("/@school")).root.one("main").text
    assert "Anna Abbott" in page
    assert "Ben Booth" not in page
    assert "We open at eight." in page
    assert "Fraction wall investigation" in page
    assert "Not theirs" not in page
    own = (await node.stranger.get("/@ben")).root.one("dl").text
    assert own == "SchoolCornerstone"
    document = await node.stranger.get(resource, Accept="application/activity+json")
    assert '"schema:publisher":[{"type":"schema:Organization","id":"https://alder.test/@school"' in document.html
    actor = await node.stranger.get("/organisations/school", Accept="application/activity+json")
    assert '"type":"Organization"' in actor.html
    kinds = await db.read(lambda tx: tx.scalars(select(Actor.kind).where(Actor.username == "school")).all())
    assert kinds == [Kind.ORGANISATION]


async def test_the_school_takes_off_its_page_who_does_not_belong_to_it(node: Node, db: Database) -> None:
    _, ida = await node.a_teacher("ida", role=Role.ADMIN)
    anna_is, anna = await node.a_teacher("anna", name="Anna Abbott")
    made = await ida.post("/handles/new", {"kind": "school", "name": "Cornerstone", "username": "school"})
    school = made.location.rpartition("/")[2]
    await anna.post("/settings/usual", {"time_zone": "", "school": school, "listed": "1"})

    refused = await anna.post(f"/handles/{school}/strike-off", {"actor": str(anna_is.id)})
    struck = await ida.post(f"/handles/{school}/strike-off", {"actor": str(anna_is.id)})

    assert (refused.status, struck.status) == (403, 303)
    assert "Anna Abbott" not in (await node.stranger.get("/@school")).html
    assert await db.read(lambda tx: tx.scalars(select(Actor.fields).where(Actor.id == anna_is.id)).all()) == [[]]


async def test_only_administrators_add_schools(node: Node) -> None:
    _, anna = await node.a_teacher("anna")

    asked = await anna.get("/handles/new?kind=school")
    tried = await anna.post("/handles/new", {"kind": "school", "name": "Mine", "username": "mine"})

    assert (asked.status, tried.status) == (403, 403)
    assert (await node.stranger.get("/@mine")).status == 404


async def test_a_school_that_is_not_there_is_refused_in_words(node: Node) -> None:
    _, anna = await node.a_teacher("anna")

    answer = await anna.post("/settings/usual", {"time_zone": "Europe/London", "school": "12345"})
    zone = await anna.post("/settings/usual", {"time_zone": "Europe/Nowhere"})

    assert (answer.status, zone.status) == (422, 422)
    assert zone.errors == ["Choose a time zone from the list."]
    assert "There is no such school on this node" in answer.html
