"""New versions of resources from elsewhere, and where those of ours are sent."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, select

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.notices import Notice
from fedishare.db.resources import Resource, ResourceBasis, Use
from fedishare.domain.audience import Visibility
from fedishare.queries import recipients
from fedishare.queries import versions as earlier
from fedishare.services import arrivals, versions
from fedishare.services.resources import ForeignResource
from tests.builders import MONDAY, FrozenClock, Made, a_person, a_post, a_resource, a_teacher, add
from tests.services.test_arrivals import a_foreign_post


def described(version: int, changed: str = "") -> ForeignResource:
    facts: dict[str, Any] = dict.fromkeys(("age_min", "age_max", "licence", "licence_url", "minutes"))
    facts |= {"description": "A wall.", "licence_label": "CC BY 4.0", "credit": ""}
    return ForeignResource(**facts, version=version, changed=changed, terms=(), bases=(), files=())


def told(tx: Connection) -> list[tuple[int, str]]:
    return [(row.recipient_id, row.line) for row in tx.execute(select(Notice.recipient_id, Notice.line))]


async def test_a_newer_version_from_elsewhere_is_kept_and_told_once(
    db: Database, here: Here, clock: FrozenClock
) -> None:
    ada, watcher, _ = await a_person(db, here, local=False), await a_teacher(db, here), await a_teacher(db, here)
    first = await db.write(arrivals.store, here, a_foreign_post(ada, resource=described(1)), activity_uri=None)
    assert first is not None
    await db.write(versions.watch, post_id=first.id, actor_id=watcher.id)
    clock.tick(hours=2)
    same = a_foreign_post(ada, resource=described(1), updated_at=MONDAY + timedelta(minutes=1), content="<p>Typo</p>")
    newer = a_foreign_post(ada, resource=described(2, "Larger print"), updated_at=MONDAY + timedelta(hours=1))

    await db.write(arrivals.revise, here, same, activity_uri=None)
    before = await db.read(told)
    await db.write(arrivals.revise, here, newer, activity_uri=None)
    await db.write(arrivals.revise, here, newer, activity_uri=None)

    assert before == []
    assert await db.read(told) == [(watcher.id, "Larger print")]
    assert [line.number for line in await db.read(earlier.lines, post_id=first.id)] == [1]


async def an_adaptation(db: Database, here: Here, *, of: Made, domain: str) -> Made:
    by = await a_person(db, here, local=False, domain=domain)
    made = await a_resource(db, here, by=by)
    await db.write(add, ResourceBasis, post_id=made.id, position=0, uri=of.uri, name="", licence_url=None)
    return made


async def test_an_edit_reaches_those_elsewhere_who_used_or_adapted_what_everybody_may_see(
    db: Database, here: Here
) -> None:
    author, user = await a_person(db, here), await a_person(db, here, local=False, domain="birch.test")
    found = {}
    for visibility in (Visibility.PUBLIC, Visibility.FOLLOWERS):
        original = await a_resource(db, here, by=author, visibility=visibility)
        await an_adaptation(db, here, of=original, domain="cedar.test")
        use = {"id": here.ids.new(), "uri": f"{user.uri}/{visibility}", "created_at": here.now()}
        await db.write(add, Use, post_id=original.id, actor_id=user.id, line="", level=None, **use)
        found[visibility] = await db.read(recipients.holder_inboxes, post_id=original.id)

    assert found == {
        Visibility.PUBLIC: ["https://birch.test/inbox", "https://cedar.test/inbox"],
        Visibility.FOLLOWERS: [],
    }


async def test_who_adapted_it_here_is_told_of_a_new_version_if_they_may_see_it(db: Database, here: Here) -> None:
    author, adapter = await a_teacher(db, here), await a_teacher(db, here)
    public, hidden = [
        await a_resource(db, here, by=author, visibility=visibility)
        for visibility in (Visibility.PUBLIC, Visibility.FOLLOWERS)
    ]
    for original in (public, hidden):
        made = await a_post(db, here, by=adapter)
        await db.write(_base, made, original)
        await db.write(versions.announce, here, post_id=original.id)

    rows = await db.read(lambda tx: tx.execute(select(Notice.recipient_id, Notice.post_id)).all())
    assert [tuple(row) for row in rows] == [(adapter.id, public.id)]


def _base(tx: Connection, made: Made, original: Made) -> None:
    add(tx, Resource, post_id=made.id, description="", licence_label="")
    add(tx, ResourceBasis, post_id=made.id, position=0, uri=original.uri, name="", licence_url=None)
