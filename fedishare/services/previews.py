"""What is made of stored files for pages to show: wished for, kept, and dropped with the file."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, exists, select

from fedishare.core.here import Here
from fedishare.db import previews
from fedishare.db.base import insert
from fedishare.db.posts import Post
from fedishare.db.resources import ResourceFile
from fedishare.db.uploads import Upload
from fedishare.db.versions import FormerFile
from fedishare.jobs.queue import enqueue
from fedishare.jobs.renditions import Facts
from fedishare.jobs.types import Forget, MakePreview, PublishPicture

KEEP: Final = insert(previews.Preview).on_conflict_do_nothing(index_elements=["storage_key"])
KNOWN: Final = select(exists().where(previews.Preview.storage_key == bindparam("stored")))
MEDIA_TYPES: Final = (
    select(Upload.media_type).where(Upload.storage_key == bindparam("stored"), Upload.finished_at.is_not(None)),
    select(ResourceFile.media_type).where(ResourceFile.storage_key == bindparam("stored")).limit(1),
)
SHOWN_BY: Final = (
    select(ResourceFile.post_id)
    .join(Post, Post.id == ResourceFile.post_id)
    .where(ResourceFile.storage_key == bindparam("stored"), Post.local, Post.deleted_at.is_(None))
    .distinct()
)
DROP: Final = (
    delete(previews.Preview)
    .where(previews.Preview.storage_key.in_(bindparam("keys", expanding=True)))
    .returning(previews.Preview.picture_key)
)
DROP_LOOSE: Final = (
    delete(previews.Preview)
    .where(previews.Preview.made_at < bindparam("before"))
    .where(~exists().where(ResourceFile.storage_key == previews.Preview.storage_key))
    .where(~exists().where(FormerFile.storage_key == previews.Preview.storage_key))
    .where(~exists().where(Upload.storage_key == previews.Preview.storage_key))
    .returning(previews.Preview.picture_key)
)


class Preview(NamedTuple):
    """What was found out about a file, and where its picture lies, if it has one."""

    facts: Facts
    picture_key: str | None


def wish(tx: Connection, here: Here, *, storage_key: str) -> None:
    """Have a stored file looked into, once."""
    if not tx.scalar(KNOWN, {"stored": storage_key}):
        enqueue(tx, MakePreview(storage_key), due=here.now())


def wanted(tx: Connection, *, storage_key: str) -> str | None:
    """The media type of a file that is to be looked into; None where that was done, or it is gone."""
    if tx.scalar(KNOWN, {"stored": storage_key}):
        return None
    found = (tx.scalar(each, {"stored": storage_key}) for each in MEDIA_TYPES)
    return next((media_type for media_type in found if media_type is not None), None)


def keep(tx: Connection, here: Here, *, storage_key: str, preview: Preview) -> None:
    """Note what was found out. Where a resource was shared before, other servers hear of its picture."""
    facts = preview.facts
    row: dict[str, object] = {"storage_key": storage_key, "picture_key": preview.picture_key, "made_at": here.now()}
    row |= {"width": facts.width, "height": facts.height, "count": facts.count, "traces": list(facts.traces)}
    tx.execute(KEEP, row | {"lines": [line._asdict() for line in facts.lines]})
    for post_id in tx.scalars(SHOWN_BY, {"stored": storage_key}).all() if preview.picture_key is not None else ():
        enqueue(tx, PublishPicture(post_id), due=here.now())


def drop(tx: Connection, *, storage_keys: Sequence[str]) -> list[str]:
    """The files are gone. Answers with the keys of what was made of them, which nobody holds any more."""
    return [key for key in tx.scalars(DROP, {"keys": list(storage_keys)}) if key is not None]


def sweep(tx: Connection, here: Here, *, before: datetime) -> None:
    """Drop what was made of files that were deleted at that very moment."""
    loose = tuple(key for key in tx.scalars(DROP_LOOSE, {"before": before}) if key is not None)
    if loose:
        enqueue(tx, Forget(loose), due=here.now())
