"""A picture that is made after a resource was published is told to other servers: once, and as no edit."""

from sqlalchemy import Connection, delete, select, update

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.previews import Preview as PreviewRow
from fedishare.db.resources import ResourceFile
from fedishare.db.work import Activity, Job
from fedishare.domain.audience import PUBLIC_IRI
from fedishare.jobs import types
from fedishare.jobs.renditions import Facts
from fedishare.jobs.tools import Tools
from fedishare.outbox import publish
from fedishare.services import previews
from fedishare.services.previews import Preview
from tests.builders import Made, a_follow_row, a_person, a_resource
from tests.outbox.town import bodies, sent

STORED = "a" * 40
PICTURE = Preview(Facts(900, 1200), "b" * 40)


async def a_shared_file(db: Database, here: Here) -> Made:
    anna, ben = await a_person(db, here), await a_person(db, here, domain="birch.test", local=False)
    await a_follow_row(db, here, by=ben, of=anna)
    followers = f"{anna.uri}/followers"
    resource = await a_resource(db, here, by=anna, addressed_to=[PUBLIC_IRI], addressed_cc=[followers])
    await db.write(lambda tx: tx.execute(update(ResourceFile).values(storage_key=STORED)))
    return resource


def pictures_to_tell(tx: Connection) -> int:
    return len(tx.execute(select(Job.id).where(Job.kind == "PublishPicture")).all())


async def test_a_picture_that_came_after_the_create_is_told_once_and_is_no_edit(
    desk: Tools, db: Database, here: Here
) -> None:
    resource = await a_shared_file(db, here)
    await publish.publish_post(desk, types.PublishPost(resource.id))

    await db.write(previews.keep, here, storage_key=STORED, preview=PICTURE)
    for _ in range(3):
        await publish.publish_picture(desk, types.PublishPicture(resource.id))

    create, change = await db.read(bodies)
    assert await db.read(pictures_to_tell) == 1
    assert [(kind, inboxes) for kind, _, inboxes in await db.read(sent)] == [
        ("Create", ["https://birch.test/inbox"]),
        ("Update", ["https://birch.test/inbox"]),
    ]
    assert "image" not in create["object"]
    assert change["object"].pop("image") == {
        "type": "Image",
        "url": f"{here.uris.origin}/resources/{resource.id}/files/wall.pdf/preview.webp",
        "mediaType": "image/webp",
        "name": "Preview of wall.pdf",
        "width": 900,
        "height": 1200,
    }
    for said in (create["object"], change["object"]):
        said.pop("proof")
    # Neither a newer `updated` nor another version: readers see no edit, and no follower of the resource is told.
    assert change["object"] == create["object"]


async def test_a_picture_that_was_in_the_create_is_not_told_again(desk: Tools, db: Database, here: Here) -> None:
    resource = await a_shared_file(db, here)
    await db.write(previews.keep, here, storage_key=STORED, preview=PICTURE)
    await publish.publish_post(desk, types.PublishPost(resource.id))

    await publish.publish_picture(desk, types.PublishPicture(resource.id))

    assert [kind for kind, _, _ in await db.read(sent)] == ["Create"]


async def test_nothing_is_told_of_a_file_without_a_picture_or_that_nobody_shared(db: Database, here: Here) -> None:
    await a_shared_file(db, here)

    await db.write(previews.keep, here, storage_key=STORED, preview=Preview(Facts(), None))
    await db.write(previews.keep, here, storage_key="c" * 40, preview=PICTURE)

    assert await db.read(pictures_to_tell) == 0


async def test_what_was_never_published_is_not_updated(desk: Tools, db: Database, here: Here) -> None:
    resource = await a_shared_file(db, here)
    await db.write(previews.keep, here, storage_key=STORED, preview=PICTURE)
    await db.write(lambda tx: tx.execute(delete(Activity)))

    await publish.publish_picture(desk, types.PublishPicture(resource.id))

    assert await db.read(sent) == []
    assert await db.read(lambda tx: tx.scalar(select(PreviewRow.storage_key))) == STORED
