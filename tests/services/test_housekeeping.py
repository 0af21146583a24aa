"""What is thrown away, and what is not."""

from datetime import timedelta

from sqlalchemy import select

from fedishare.core.here import Here
from fedishare.db.accounts import Account, Session
from fedishare.db.engine import Database
from fedishare.db.media import Media
from fedishare.db.resources import ResourceFile
from fedishare.db.work import Job, Received, SeenSignature
from fedishare.services import accounts, housekeeping, media
from tests.builders import FrozenClock, a_person, a_resource, a_teacher, add


async def test_only_what_nobody_holds_is_an_orphan(db: Database, here: Here) -> None:
    anna = await a_person(db, here)
    await db.write(media.add, here, owner_id=anna.id, upload=media.Upload("held", "image/png", 1))
    post = await a_resource(db, here, by=anna)
    file = {"position": 1, "name": "a.pdf", "media_type": "application/pdf", "size": 4, "sha256": "0" * 64}
    await db.write(add, ResourceFile, post_id=post.id, url=f"{post.uri}/files/a.pdf", storage_key="shared", **file)

    assert await db.read(housekeeping.orphans, ["held", "loose", "shared", "lost"]) == ["loose", "lost"]
    assert await db.read(housekeeping.orphans, []) == []


async def test_a_sweep_drops_what_is_old_and_keeps_the_rest(db: Database, here: Here, clock: FrozenClock) -> None:
    anna = await a_teacher(db, here)
    await db.write(media.add, here, owner_id=anna.id, upload=media.Upload("old", "image/png", 1))
    await db.write(add, SeenSignature, fingerprint=b"old", expires_at=clock.now() + timedelta(hours=1))
    row = {"sender_id": anna.id, "type": "Like", "body": b"{}", "at": clock.now()}
    await db.write(add, Received, uri="settled", outcome="done", **row)
    await db.write(add, Received, uri="waiting", outcome=None, **row)
    clock.tick(days=31)
    await db.write(media.add, here, owner_id=anna.id, upload=media.Upload("new", "image/png", 1))
    await db.write(add, SeenSignature, fingerprint=b"new", expires_at=clock.now() + timedelta(hours=1))
    account_id = await db.read(lambda tx: tx.scalar(select(Account.id)))
    await db.write(accounts.open_session, here, account_id=account_id or 0)

    await db.write(housekeeping.sweep, here)

    assert await db.read(lambda tx: tx.scalars(select(SeenSignature.fingerprint)).all()) == [b"new"]
    assert await db.read(lambda tx: tx.scalars(select(Received.uri)).all()) == ["waiting"]
    assert await db.read(lambda tx: tx.scalars(select(Media.storage_key)).all()) == ["new"]
    assert len(await db.read(lambda tx: tx.scalars(select(Session.account_id)).all())) == 1
    assert await db.read(lambda tx: tx.scalars(select(Job.kind)).all()) == ["Forget"]


async def test_one_sweep_is_planned_however_often_the_worker_starts(db: Database, here: Here) -> None:
    for _ in range(3):
        await db.write(housekeeping.schedule, here, every=timedelta())

    assert await db.read(lambda tx: tx.scalars(select(Job.kind)).all()) == ["Sweep"]
