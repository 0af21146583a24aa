"""What an administrator sees of what does not go out, and does about it; without a line of JavaScript."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, select

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.nodes import Node as NodeRow
from fedishare.db.work import Activity, Delivery, Job
from fedishare.domain.permissions import Role
from fedishare.queries import backlog
from fedishare.services import housekeeping
from tests.builders import FrozenClock, a_person, add
from tests.web.conftest import Node


@pytest.fixture
async def stuck(db: Database, here: Here) -> None:
    """Oak has not answered for days: one delivery waits and one is parked. Elm refused one. Two jobs failed."""
    anna, now = await a_person(db, here), here.now()
    await db.write(
        add,
        NodeRow,
        host="oak.test",
        speaks_rfc9421=False,
        failures=9,
        failing_since=now - timedelta(days=3),
        resting_until=now + timedelta(minutes=30),
        last_error="oak.test cannot be reached.",
    )
    parked: dict[str, Any] = {"failed_at": now, "tries": 17}
    found: list[tuple[str, dict[str, Any]]] = [
        ("oak.test", {"tries": 4}),
        ("oak.test", parked),
        ("elm.test", parked | {"error": "answered with status 410"}),
    ]
    for number, (host, more) in enumerate(found):
        uri = here.uris.activity(number + 1)
        activity = {"id": number + 1, "uri": uri, "actor_id": anna.id, "type": "Create", "object_uri": uri}
        await db.write(add, Activity, **activity, body=b"{}", public=True, local=True, created_at=now)
        delivery = {"activity_id": number + 1, "sender_id": anna.id, "host": host, "object_uri": uri}
        delivery |= {"inbox": f"https://{host}/inbox", "since": now - timedelta(days=2), "due_at": now}
        await db.write(add, Delivery, **(delivery | more))
    for kind, error in (("PublishPost", "KeyError: 1"), ("PublishPost", "KeyError: 2")):
        await db.write(add, Job, kind=kind, payload=b"{}", due_at=now, tries=5, failed_at=now, error=error)


def state(tx: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Host, tries and whether it is parked, of deliveries; kind and whether it is parked, of jobs."""
    deliveries = select(Delivery.host, Delivery.tries, Delivery.failed_at.is_not(None)).order_by(Delivery.id)
    jobs = select(Job.kind, Job.failed_at.is_not(None)).order_by(Job.id)
    return {
        "deliveries": [tuple(row) for row in tx.execute(deliveries)],
        "jobs": [tuple(row) for row in tx.execute(jobs)],
    }


@pytest.mark.usefixtures("stuck")
async def test_the_page_tells_by_server_what_waits_what_is_parked_and_why(node: Node) -> None:
    _, admin = await node.a_teacher(role=Role.ADMIN)

    page = await admin.get("/deliveries")

    cards = {card.one("h3").text: card for card in page.root.all("li", class_="card")}
    assert page.status == 200
    assert list(cards) == ["oak.test", "elm.test", "PublishPost"]
    assert "1 waiting, 1 parked" in cards["oak.test"].text
    assert "oak.test cannot be reached." in cards["oak.test"].text
    assert "the oldest waits since 5 September 2026" in cards["oak.test"].text
    assert "no answer since 4 September 2026" in cards["oak.test"].text
    assert "next try" in cards["oak.test"].text
    assert "answered with status 410" in cards["elm.test"].text
    assert "KeyError: 2" in cards["PublishPost"].text


async def test_where_nothing_is_wrong_it_says_so(node: Node) -> None:
    _, admin = await node.a_teacher(role=Role.ADMIN)

    assert "Everything goes out as it should" in (await admin.get("/deliveries")).root.text


@pytest.mark.parametrize("role", [Role.MEMBER, Role.MODERATOR])
async def test_nobody_else_sees_or_does_it(node: Node, role: Role) -> None:
    _, teacher = await node.a_teacher(role=role)

    asked = [await teacher.get(path) for path in ("/deliveries", "/deliveries/drop?host=oak.test")]
    done = [await teacher.post(path, {"host": "oak.test"}) for path in ("/deliveries/retry", "/deliveries/drop")]

    assert {answer.status for answer in asked + done} == {403}
    assert 'href="/deliveries"' not in (await teacher.get("/")).html


@pytest.mark.usefixtures("stuck")
async def test_trying_again_makes_due_what_waits_and_what_is_parked(node: Node, db: Database) -> None:
    _, admin = await node.a_teacher(role=Role.ADMIN)
    page = await admin.get("/deliveries")
    hosts = [form.one("input")["value"] for form in page.root.all("form", action="/deliveries/retry")]

    answer = await admin.post("/deliveries/retry", {"host": hosts[0]})

    found = await db.read(state)
    assert (answer.status, answer.location) == (303, "/deliveries")
    assert found["deliveries"] == [("oak.test", 0, False), ("oak.test", 0, False), ("elm.test", 17, True)]
    assert await db.read(lambda tx: tx.execute(select(NodeRow.failures, NodeRow.resting_until)).all()) == [(9, None)]


@pytest.mark.usefixtures("stuck")
@pytest.mark.parametrize(("what", "left", "gone"), [("parked", 2, 1), ("all", 1, 2)])
async def test_dropping_asks_first_and_is_counted(node: Node, db: Database, what: str, left: int, gone: int) -> None:
    _, admin = await node.a_teacher(role=Role.ADMIN)
    unsure = await admin.post("/deliveries/drop", {"host": "oak.test", "what": what})
    page = await admin.get(f"/deliveries/drop?host=oak.test&what={what}")
    form = page.root.one("form", action="/deliveries/drop")

    answer = await admin.post("/deliveries/drop", {field["name"]: field["value"] for field in form.all("input")})

    assert (unsure.status, page.status, answer.status) == (400, 200, 303)
    assert f"Drop {gone} deliver" in page.root.one("h1").text
    assert len((await db.read(state))["deliveries"]) == left
    assert await db.read(backlog.dropped) == (gone, 0)


@pytest.mark.usefixtures("stuck")
async def test_parked_jobs_are_tried_again_or_dropped_by_kind(node: Node, db: Database, here: Here) -> None:
    _, admin = await node.a_teacher(role=Role.ADMIN)
    await admin.post("/deliveries/retry", {"kind": "PublishPost"})
    retried = (await db.read(state))["jobs"]
    nothing = await admin.get("/deliveries/drop?kind=PublishPost")
    await db.write(add, Job, kind="Receive", payload=b"{}", due_at=here.now(), tries=5, failed_at=here.now())

    page = await admin.get("/deliveries/drop?kind=Receive")
    form = page.root.one("form", action="/deliveries/drop")
    await admin.post("/deliveries/drop", {field["name"]: field["value"] for field in form.all("input")})

    assert retried == [("PublishPost", False)] * 2
    assert (nothing.status, page.status) == (404, 200)
    assert [kind for kind, _ in (await db.read(state))["jobs"]] == ["PublishPost"] * 2
    assert await db.read(backlog.dropped) == (0, 1)


@pytest.mark.usefixtures("stuck")
async def test_what_is_thrown_away_with_time_is_counted_and_told_too(
    db: Database, here: Here, clock: FrozenClock
) -> None:
    clock.tick(days=31)

    gone = await db.write(housekeeping.sweep, here)

    assert [one.what.split()[0] for one in gone] == ["Create", "Create", "PublishPost", "PublishPost"]
    assert await db.read(backlog.dropped) == (2, 2)


@pytest.mark.usefixtures("stuck")
async def test_the_list_costs_four_statements_however_long_it_is(db: Database) -> None:
    asked: list[str] = []

    def look(tx: Connection) -> int:
        def note(*said: Any) -> None:
            asked.append(said[2])

        event.listen(tx, "before_cursor_execute", note)
        found = backlog.backlog(tx)
        event.remove(tx, "before_cursor_execute", note)
        return len(found.hosts)

    hosts = await db.read(look)

    assert (hosts, len(asked)) == (2, 4)
