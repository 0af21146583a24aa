"""What pages show of a file before it is downloaded, for those who may have the file."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, select

from fedishare.core.errors import NotFound
from fedishare.db.previews import Preview
from fedishare.db.resources import ResourceFile
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import FileState
from fedishare.queries import pages

PICTURE: Final = select(Preview.picture_key).where(Preview.storage_key == bindparam("stored"))
INSIDE: Final = (
    select(ResourceFile.id, ResourceFile.storage_key, Preview.lines, Preview.count.label("total"))
    .outerjoin(Preview, Preview.storage_key == ResourceFile.storage_key)
    .where(ResourceFile.post_id == bindparam("post"), ResourceFile.storage_key.is_not(None))
    .where(ResourceFile.state == FileState.CLEAN)
)

TRACES: Final = select(Preview.storage_key, Preview.traces).where(
    Preview.storage_key.in_(bindparam("stored", expanding=True))
)


class Picture(NamedTuple):
    key: str
    visibility: Visibility


class Inside(NamedTuple):
    """What is in a file that is here: the first of `total` things in a package, by name and size."""

    storage_key: str
    lines: list[dict[str, Any]]
    total: int


def picture(tx: Connection, *, post_id: int, name: str, viewer: int | None, reader: int | None) -> Picture:
    """The picture of a file that `viewer` or `reader` may have. Raises NotFound for every other, and where none is."""
    file = pages.file(tx, post_id=post_id, name=name, viewer=viewer, reader=reader)
    is_clean = file.storage_key is not None and file.state is FileState.CLEAN
    key = tx.scalar(PICTURE, {"stored": file.storage_key}) if is_clean else None
    if key is None:
        raise NotFound("There is no such file, or it is not for you.")
    return Picture(key, file.visibility)


def inside(tx: Connection, *, post_id: int) -> dict[int, Inside]:
    """What is in those files of a resource that are here, by id. Who may see it is for the caller to ask."""
    rows = tx.execute(INSIDE, {"post": post_id})
    return {row.id: Inside(row.storage_key, row.lines or [], row.total or 0) for row in rows}


def traces(tx: Connection, *, storage_keys: Sequence[str]) -> dict[str, list[str]]:
    """What was found in stored files besides what they are for, of those that were looked into (see domain.traces)."""
    rows = tx.execute(TRACES, {"stored": list(storage_keys)}).all() if storage_keys else []
    return {row.storage_key: row.traces for row in rows}
