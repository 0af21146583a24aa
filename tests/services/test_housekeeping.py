"""What is thrown away, and what is not."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, delete, select, update

from fedishare.core.here import Here
from fedishare.db.accounts import Account, Session
from fedishare.db.engine import Database
from fedishare.db.follows import Follow
from fedishare.db.media import Media
from fedishare.db.nodes import Node
from fedishare.db.posts import Mention
from fedishare.db.resources import ResourceFile
from fedishare.db.work import Job, Received, SeenSignature
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import Dialect
from fedishare.services import accounts, housekeeping, media
from tests.builders import FrozenClock, a_follow_row, a_person, a_resource, a_room, a_teacher, add


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


async def test_dos_22_servers_that_nobody_has_heard_of_for_long_are_forgotten(
    db: Database, here: Here, clock: FrozenClock
) -> None:
    """But neither one that spoke lately, nor one of which an admin has said something."""
    await db.write(add, Node, host="made-up.test", checked_at=clock.now())
    await db.write(add, Node, host="never-there.test", failures=9, resting_until=clock.now())
    await db.write(add, Node, host="told.test", checked_at=clock.now(), dialect_set=Dialect.MICROBLOG)
    clock.tick(days=91)
    await db.write(add, Node, host="new.test", checked_at=clock.now())
    await db.write(add, Node, host="heard.test", checked_at=clock.now() - timedelta(days=99), last_heard_at=clock.now())

    await db.write(housekeeping.sweep, here)

    kept = await db.read(lambda tx: tx.scalars(select(Node.host).order_by(Node.host)).all())
    assert kept == ["heard.test", "new.test", "told.test"]


async def test_a_file_from_elsewhere_is_forgotten_once_nobody_here_may_have_it(db: Database, here: Here) -> None:
    anna, ben = await a_person(db, here), await a_person(db, here, domain="birch.test", local=False)
    room = await a_room(db, here, local=False, domain="birch.test")
    kinds: dict[str, dict[str, Any]] = {
        "open": {"visibility": Visibility.PUBLIC},
        "followers": {"visibility": Visibility.FOLLOWERS},
        "room": {"visibility": Visibility.ROOM, "room_id": room.id},
        "named": {"visibility": Visibility.MENTIONED},
    }
    for name, over in kinds.items():
        post = await a_resource(db, here, by=ben, **over)
        await db.write(_stored, post_id=post.id, name=name)
        if name == "named":
            await db.write(add, Mention, post_id=post.id, actor_id=anna.id, silent=False)
    for followee in (ben, room):
        await a_follow_row(db, here, by=anna, of=followee)
    await db.write(housekeeping.sweep, here)
    while_needed = await db.read(_held)
    await db.write(lambda tx: tx.execute(delete(Follow).where(Follow.followee_id == room.id)))
    await db.write(housekeeping.sweep, here)
    without_the_room = await db.read(_held)
    await db.write(lambda tx: tx.execute(delete(Follow)))

    await db.write(housekeeping.sweep, here)

    assert while_needed == {"open", "followers", "room", "named"}
    assert without_the_room == {"open", "followers", "named"}
    assert await db.read(_held) == {"open", "named"}
    payloads = await db.read(lambda tx: tx.scalars(select(Job.payload).where(Job.kind == "Forget")).all())
    assert [b"room" in payloads[0], b"followers" in payloads[1]] == [True, True]


def _stored(tx: Connection, *, post_id: int, name: str) -> None:
    tx.execute(update(ResourceFile).where(ResourceFile.post_id == post_id).values(storage_key=name))


def _held(tx: Connection) -> set[str | None]:
    return set(tx.scalars(select(ResourceFile.storage_key).where(ResourceFile.storage_key.is_not(None))))
