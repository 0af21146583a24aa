"""How much room files take up: of one person, of everybody, and who has how much."""

from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, func, select, union_all

from fedishare.db.media import Media
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.resources import ResourceFile
from fedishare.db.uploads import Upload
from fedishare.db.versions import FormerFile
from fedishare.domain.kinds import FileState
from fedishare.queries.cards import FACE_WIDTH, Face, face, face_columns

MOST_PEOPLE: Final = 100

_zero: Final = 0
OF_RESOURCES: Final = (
    select(func.coalesce(func.sum(ResourceFile.size), _zero))
    .join(Post, Post.id == ResourceFile.post_id)
    .where(Post.author_id == bindparam("owner"), Post.local, ResourceFile.storage_key.is_not(None))
)
# Room is taken for the whole of a file from the moment when it begins to arrive.
OF_UPLOADS: Final = select(func.coalesce(func.sum(Upload.size), _zero)).where(
    Upload.owner_id == bindparam("owner"), Upload.post_id.is_(None)
)
OF_PICTURES: Final = select(func.coalesce(func.sum(Media.size), _zero)).where(Media.owner_id == bindparam("owner"))
# What an earlier version had counts until its author removes it.
OF_VERSIONS: Final = (
    select(func.coalesce(func.sum(FormerFile.size), _zero))
    .join(Post, Post.id == FormerFile.post_id)
    .where(Post.author_id == bindparam("owner"))
)
ALL_RESOURCES: Final = select(func.coalesce(func.sum(ResourceFile.size), _zero)).where(
    ResourceFile.storage_key.is_not(None)
)
ALL_UPLOADS: Final = select(func.coalesce(func.sum(Upload.size), _zero)).where(Upload.post_id.is_(None))
ALL_VERSIONS: Final = select(func.coalesce(func.sum(FormerFile.size), _zero))
ALL_PICTURES: Final = select(func.coalesce(func.sum(Media.size), _zero))

_each: Final = union_all(
    select(Post.author_id.label("owner"), ResourceFile.size.label("size"))
    .join(Post, Post.id == ResourceFile.post_id)
    .where(Post.local, ResourceFile.storage_key.is_not(None)),
    select(Upload.owner_id, Upload.size).where(Upload.post_id.is_(None)),
    select(Media.owner_id, Media.size),
    select(Post.author_id, FormerFile.size).join(Post, Post.id == FormerFile.post_id),
).subquery()
_sums: Final = (
    select(_each.c.owner, func.sum(_each.c.size).label("used"), func.count().label("files"))
    .group_by(_each.c.owner)
    .subquery()
)
BY_PERSON: Final = (
    select(*face_columns(Actor), _sums.c.used, _sums.c.files)
    .join(_sums, _sums.c.owner == Actor.id)
    .order_by(_sums.c.used.desc(), Actor.id)
    .limit(MOST_PEOPLE)
)
WAITING: Final = (
    select(func.count()).select_from(Upload).where(Upload.state == FileState.PENDING, Upload.finished_at.is_not(None))
)
REFUSED: Final = (
    select(Upload.name, Actor.username)
    .join(Actor, Actor.id == Upload.owner_id)
    .where(Upload.state == FileState.REFUSED)
    .union(
        select(ResourceFile.name, Actor.username)
        .join(Post, Post.id == ResourceFile.post_id)
        .join(Actor, Actor.id == Post.author_id)
        .where(ResourceFile.state == FileState.REFUSED, Post.local)
    )
    .limit(MOST_PEOPLE)
)


class Holder(NamedTuple):
    face: Face
    used: int
    files: int


class Use(NamedTuple):
    """`fetched` is what was brought here from other servers and the like: the rest of `total`."""

    total: int
    people: list[Holder]


def used_by(tx: Connection, *, owner_id: int) -> int:
    """Bytes that a person's files take up, with what is still arriving."""
    return sum(
        int(tx.scalar(each, {"owner": owner_id}) or 0) for each in (OF_RESOURCES, OF_UPLOADS, OF_PICTURES, OF_VERSIONS)
    )


def used_in_all(tx: Connection) -> int:
    """Bytes that all files take up, also those fetched from other servers."""
    return sum(int(tx.scalar(each, {}) or 0) for each in (ALL_RESOURCES, ALL_UPLOADS, ALL_PICTURES, ALL_VERSIONS))


def held_back(tx: Connection) -> tuple[int, list[tuple[str, str]]]:
    """How many files wait to be scanned; and the names of those found to be bad, with the handles of their owners."""
    waiting = int(tx.scalar(WAITING, {}) or 0)
    return waiting, [(row.name, row.username) for row in tx.execute(REFUSED, {})]


def use(tx: Connection) -> Use:
    """For whoever looks after the node. Four statements, however many people there are."""
    rows = tx.execute(BY_PERSON, {})
    people = [Holder(face(row[:FACE_WIDTH]), int(row.used), row.files) for row in rows]
    return Use(used_in_all(tx), people)
