"""The drafts of one person."""

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from fedishare.core.errors import NotFound
from fedishare.db.drafts import DraftPicture, DraftUpload, SavedDraft

MOST: Final = 200

_files: Final = (
    select(func.count()).where(DraftUpload.draft_id == SavedDraft.id).correlate(SavedDraft).scalar_subquery()
)
_pictures: Final = (
    select(func.count()).where(DraftPicture.draft_id == SavedDraft.id).correlate(SavedDraft).scalar_subquery()
)
OF_PERSON: Final = (
    select(SavedDraft.id, SavedDraft.post_id, SavedDraft.fields, SavedDraft.updated_at, _files, _pictures)
    .where(SavedDraft.owner_id == bindparam("owner"))
    .order_by(SavedDraft.updated_at.desc(), SavedDraft.id.desc())
    .limit(MOST)
)
_draft: Final = select(
    SavedDraft.id, SavedDraft.version, SavedDraft.fields, SavedDraft.updated_at, SavedDraft.post_id
).where(SavedDraft.owner_id == bindparam("owner"))
ONE: Final = _draft.where(SavedDraft.id == bindparam("draft"))
OF_POST: Final = (
    _draft.where(SavedDraft.post_id == bindparam("post"))
    .order_by(SavedDraft.updated_at.desc(), SavedDraft.id.desc())
    .limit(1)
)
COUNT: Final = select(func.count()).select_from(SavedDraft).where(SavedDraft.owner_id == bindparam("owner"))


class DraftLine(NamedTuple):
    """`post_id` is the post that it changes."""

    id: int
    post_id: int | None
    title: str
    text: str
    kind: str
    updated_at: datetime
    files: int
    pictures: int


class Draft(NamedTuple):
    id: int
    version: int
    fields: dict[str, list[str]]
    updated_at: datetime
    post_id: int | None


def mine(tx: Connection, *, owner_id: int) -> list[DraftLine]:
    """Latest first, in one statement."""
    rows = tx.execute(OF_PERSON, {"owner": owner_id})
    return [
        DraftLine(row[0], row[1], _last(said, "title"), _last(said, "text"), _last(said, "kind"), *row[3:])
        for row, said in ((row, row.fields) for row in rows)
    ]


def one(tx: Connection, *, owner_id: int, draft_id: int) -> Draft:
    """Raises NotFound for what is not there, and just so for what is somebody else's."""
    row = tx.execute(ONE, {"draft": draft_id, "owner": owner_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such draft: it was published or deleted already.")
    return Draft(*row)


def of_post(tx: Connection, *, owner_id: int, post_id: int) -> Draft | None:
    """What somebody typed last to change a post, and has not saved."""
    row = tx.execute(OF_POST, {"owner": owner_id, "post": post_id}).one_or_none()
    return Draft(*row) if row is not None else None


def count(tx: Connection, *, owner_id: int) -> int:
    return tx.scalar(COUNT, {"owner": owner_id}) or 0


def _last(fields: dict[str, list[str]], name: str) -> str:
    return (fields.get(name) or [""])[-1]
