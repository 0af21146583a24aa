"""The earlier versions of a resource, what each was, and the files it had."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, select, union_all

from fedishare.core.errors import NotFound
from fedishare.db.posts import Post
from fedishare.db.resources import ResourceFile
from fedishare.db.versions import FormerFile, ResourceVersion, Watch
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import FileState
from fedishare.queries import sight
from fedishare.queries.pages import StoredFile


class VersionLine(NamedTuple):
    """One earlier version, as the page of its resource lists it."""

    number: int
    changed: str
    since: datetime


class Former(NamedTuple):
    number: int
    title: str | None
    content: str
    changed: str
    since: datetime
    facts: dict[str, Any]


class FormerFileLine(NamedTuple):
    """A file of an earlier version; one that `is_former` is in the resource no more."""

    name: str
    media_type: str
    size: int
    sha256: str
    is_former: bool


LINES: Final = (
    select(ResourceVersion.number, ResourceVersion.changed, ResourceVersion.since)
    .where(ResourceVersion.post_id == bindparam("post"))
    .order_by(ResourceVersion.number.desc())
)
ONE: Final = select(*(getattr(ResourceVersion, name) for name in Former._fields)).where(
    ResourceVersion.post_id == bindparam("post"), ResourceVersion.number == bindparam("number")
)
_of_then: Final = (FormerFile.since <= bindparam("number"), FormerFile.until >= bindparam("number"))
FORMER_FILES: Final = (
    select(FormerFile.name, FormerFile.media_type, FormerFile.size, FormerFile.sha256, FormerFile.position)
    .where(FormerFile.post_id == bindparam("post"), *_of_then)
    .order_by(FormerFile.position, FormerFile.id)
)
FILES_SINCE: Final = (
    select(ResourceFile.name, ResourceFile.media_type, ResourceFile.size, ResourceFile.sha256, ResourceFile.position)
    .where(ResourceFile.post_id == bindparam("post"), ResourceFile.since <= bindparam("number"))
    .order_by(ResourceFile.position)
)
_stored: Final = union_all(
    select(
        FormerFile.id, FormerFile.name, FormerFile.media_type, FormerFile.size, FormerFile.sha256,
        FormerFile.storage_key, FormerFile.state,
    ).where(FormerFile.post_id == bindparam("post"), FormerFile.name == bindparam("named"), *_of_then),
    select(
        ResourceFile.id, ResourceFile.name, ResourceFile.media_type, ResourceFile.size, ResourceFile.sha256,
        ResourceFile.storage_key, ResourceFile.state,
    ).where(
        ResourceFile.post_id == bindparam("post"), ResourceFile.name == bindparam("named"),
        ResourceFile.since <= bindparam("number"),
    ),
).subquery()  # fmt: skip
FILE: Final = select(_stored, Post.visibility).join(Post, Post.id == bindparam("post")).where(Post.local).limit(1)
WATCHED: Final = select(Watch.post_id).where(Watch.post_id == bindparam("post"), Watch.actor_id == bindparam("actor"))


def lines(tx: Connection, *, post_id: int) -> list[VersionLine]:
    """The earlier versions, newest first. Whether the visitor may see the resource is for the caller to ask."""
    return [VersionLine(*row) for row in tx.execute(LINES, {"post": post_id})]


def former(tx: Connection, *, post_id: int, number: int) -> Former:
    """One earlier version. Raises NotFound where there is none; who may see it is for the caller to ask."""
    row = tx.execute(ONE, {"post": post_id, "number": number}).one_or_none()
    if row is None:
        raise NotFound("There is no such version, or it is no longer kept.")
    return Former(*row)


def files(tx: Connection, *, post_id: int, number: int) -> list[FormerFileLine]:
    """What an earlier version had, in its order, as far as it is still there."""
    asked = {"post": post_id, "number": number}
    found = [(row.position, FormerFileLine(*row[:4], is_former=True)) for row in tx.execute(FORMER_FILES, asked)]
    found += [(row.position, FormerFileLine(*row[:4], is_former=False)) for row in tx.execute(FILES_SINCE, asked)]
    return [line for _, line in sorted(found, key=lambda each: each[0])]


def file(tx: Connection, *, post_id: int, number: int, name: str, viewer: int | None) -> StoredFile:
    """A file that an earlier version of a resource of ours had. Raises NotFound for every other."""
    row = tx.execute(FILE, {"post": post_id, "number": number, "named": name}).first()
    if row is None or not sight.may_see(tx, post_id=post_id, viewer=viewer):
        raise NotFound("There is no such file, or it is not for you.")
    return StoredFile(
        id=row.id,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        sha256=row.sha256,
        url="",
        storage_key=row.storage_key,
        local=True,
        visibility=Visibility(row.visibility),
        state=FileState(row.state),
    )


def is_watched(tx: Connection, *, post_id: int, actor_id: int) -> bool:
    return tx.scalar(WATCHED, {"post": post_id, "actor": actor_id}) is not None
