"""Drafts kept on the server: the form as somebody left it, with the files and pictures that came with it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, exists, func, select, update

from fedishare.core.errors import Invalid, NotFound, TooLarge
from fedishare.core.here import Here
from fedishare.db.base import aliased, insert
from fedishare.db.drafts import DraftPicture, DraftUpload, SavedDraft
from fedishare.db.handles import ScheduledFile
from fedishare.db.media import Media
from fedishare.db.uploads import Upload
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import Forget
from fedishare.services import uploads

MOST: Final = 100
LARGEST: Final = 512 << 10
CHANGED: Final = (
    "This draft was changed in another tab or on another device. What you have here is kept as a draft of its own."
)
GONE: Final = (
    "This draft was published or deleted in another tab or on another device. "
    "What you have here is kept as a draft of its own."
)

ADD: Final = insert(SavedDraft)
COUNT: Final = select(func.count()).select_from(SavedDraft).where(SavedDraft.owner_id == bindparam("owner"))
ONE: Final = (
    select(SavedDraft.version, SavedDraft.fields)
    .where(SavedDraft.id == bindparam("draft"), SavedDraft.owner_id == bindparam("owner"))
    .with_for_update()
)
CHANGE: Final = (
    update(SavedDraft)
    .where(SavedDraft.id == bindparam("draft"))
    .values(fields=bindparam("said"), version=SavedDraft.version + 1, updated_at=bindparam("now"))
)
DROP: Final = delete(SavedDraft).where(SavedDraft.id == bindparam("draft"), SavedDraft.owner_id == bindparam("owner"))
DROP_IF_SAME: Final = DROP.where(SavedDraft.version == bindparam("seen"))
UNLINK: Final = (
    delete(DraftUpload).where(DraftUpload.draft_id == bindparam("draft")),
    delete(DraftPicture).where(DraftPicture.draft_id == bindparam("draft")),
)
LINK: Final = insert(DraftUpload)
LINK_PICTURE: Final = insert(DraftPicture)
OWN_PICTURES: Final = select(Media.key).where(
    Media.key.in_(bindparam("keys", expanding=True)), Media.owner_id == bindparam("owner"), Media.post_id.is_(None)
)

_other: Final[Any] = aliased(DraftUpload)
_other_picture: Final[Any] = aliased(DraftPicture)
ONLY_HERE: Final = (
    select(DraftUpload.upload_key)
    .join(Upload, Upload.key == DraftUpload.upload_key)
    .where(DraftUpload.draft_id == bindparam("draft"), Upload.post_id.is_(None))
    .where(~exists().where(_other.upload_key == DraftUpload.upload_key, _other.draft_id != DraftUpload.draft_id))
)
PICTURES_ONLY_HERE: Final = (
    select(DraftPicture.media_key)
    .join(Media, Media.key == DraftPicture.media_key)
    .where(DraftPicture.draft_id == bindparam("draft"), Media.post_id.is_(None))
    .where(
        ~exists().where(
            _other_picture.media_key == DraftPicture.media_key, _other_picture.draft_id != DraftPicture.draft_id
        )
    )
)
DROP_PICTURES: Final = (
    delete(Media)
    .where(Media.key.in_(bindparam("keys", expanding=True)), Media.post_id.is_(None))
    .where(~exists().where(ScheduledFile.storage_key == Media.storage_key))
    .returning(Media.storage_key)
)


class Saved(NamedTuple):
    """Where it is kept now. `told` says so where that is another draft than was meant."""

    id: int
    version: int
    told: str


class Seen(NamedTuple):
    """The draft that a form was filled from, as its author last saw it."""

    id: int
    version: int


def save(
    tx: Connection,
    here: Here,
    *,
    owner_id: int,
    seen: Seen | None,
    fields: Mapping[str, Sequence[str]],
    files: Sequence[str],
    pictures: Sequence[str],
    post_id: int | None = None,
) -> Saved:
    """Keep a form. Two filled from one draft never overwrite each other: the second becomes a draft of its own.

    `post_id` is the post that it is to change.

    Raises Invalid where its owner has too many, TooLarge where it is longer than anything a page can take.
    """
    said = {name: list(values) for name, values in fields.items()}
    if sum(len(name) + len(value) for name, values in said.items() for value in values) > LARGEST:
        raise TooLarge("This is longer than a draft can be. Please make it shorter.")
    found = tx.execute(ONE, {"draft": seen.id, "owner": owner_id}).one_or_none() if seen is not None else None
    if seen is not None and found is not None and found.fields == said:
        return Saved(seen.id, found.version, "")
    if seen is None or found is None or found.version != seen.version:
        told = "" if seen is None else GONE if found is None else CHANGED
        saved = Saved(_add(tx, here, owner_id=owner_id, said=said, post_id=post_id), 1, told)
    else:
        tx.execute(CHANGE, {"draft": seen.id, "said": said, "now": here.now()})
        saved = Saved(seen.id, seen.version + 1, "")
    _link(tx, draft_id=saved.id, owner_id=owner_id, files=files, pictures=pictures)
    return saved


def _add(tx: Connection, here: Here, *, owner_id: int, said: dict[str, list[str]], post_id: int | None) -> int:
    if (tx.scalar(COUNT, {"owner": owner_id}) or 0) >= MOST:
        raise Invalid(f"There are {MOST} drafts of yours already: publish or delete some before you begin another.")
    draft_id, now = here.ids.new(), here.now()
    row = {"id": draft_id, "owner_id": owner_id, "post_id": post_id, "fields": said, "version": 1}
    tx.execute(ADD, row | {"created_at": now, "updated_at": now})
    return draft_id


def _link(tx: Connection, *, draft_id: int, owner_id: int, files: Sequence[str], pictures: Sequence[str]) -> None:
    """The draft holds these from now on, and nothing else."""
    for unlink in UNLINK:
        tx.execute(unlink, {"draft": draft_id})
    held = [staged.key for staged in uploads.several(tx, owner_id=owner_id, keys=files)]
    if held:
        tx.execute(LINK, [{"draft_id": draft_id, "upload_key": key} for key in held])
    own = list(tx.scalars(OWN_PICTURES, {"keys": list(pictures), "owner": owner_id})) if pictures else []
    if own:
        tx.execute(LINK_PICTURE, [{"draft_id": draft_id, "media_key": key} for key in own])


def delete_one(tx: Connection, here: Here, *, owner_id: int, draft_id: int) -> None:
    """Throw a draft away, with the files that nothing else holds. Raises NotFound for what is not theirs."""
    files = list(tx.scalars(ONLY_HERE, {"draft": draft_id}))
    pictures = list(tx.scalars(PICTURES_ONLY_HERE, {"draft": draft_id}))
    if not tx.execute(DROP, {"draft": draft_id, "owner": owner_id}).rowcount:
        raise NotFound("There is no such draft: it was published or deleted already.")
    uploads.drop(tx, here, owner_id=owner_id, keys=files)
    stored = tuple(tx.scalars(DROP_PICTURES, {"keys": pictures})) if pictures else ()
    if stored:
        enqueue(tx, Forget(stored), due=here.now())


def published(tx: Connection, *, owner_id: int, seen: Seen) -> None:
    """What was in it is out. A draft that was changed elsewhere meanwhile holds something else, and stays."""
    tx.execute(DROP_IF_SAME, {"draft": seen.id, "owner": owner_id, "seen": seen.version})
