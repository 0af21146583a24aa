"""Files on their way into a resource: begun, added to, whole, taken by a resource or given up."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, exists, func, select, update

from fedishare.core import ids
from fedishare.core.errors import Invalid, NotFound, TooLarge
from fedishare.core.here import Here
from fedishare.db.base import aliased, insert
from fedishare.db.drafts import DraftUpload
from fedishare.db.handles import ScheduledFile
from fedishare.db.resources import ResourceFile
from fedishare.db.uploads import Upload
from fedishare.db.versions import FormerFile
from fedishare.domain import files
from fedishare.domain.kinds import FileState
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import Forget, Inspect
from fedishare.services.quotas import Quotas, require

# How long what has arrived is kept when nothing more comes, and when no draft and no resource takes it.
UNFINISHED_KEPT: Final = timedelta(days=7)
LOOSE_KEPT: Final = timedelta(days=1)
MOST_UNFINISHED: Final = 40
AT_ONCE: Final = 500

ADD: Final = insert(Upload)
OWN: Final = select(
    Upload.key,
    Upload.storage_key,
    Upload.name,
    Upload.size,
    Upload.received,
    Upload.media_type,
    Upload.sha256,
    Upload.has_macros,
    Upload.state,
    Upload.expires_at,
    Upload.finished_at,
    Upload.post_id,
    Upload.original_key,
)
ONE: Final = OWN.where(Upload.key == bindparam("named"), Upload.owner_id == bindparam("owner"))
SEVERAL: Final = OWN.where(Upload.key.in_(bindparam("keys", expanding=True)), Upload.owner_id == bindparam("owner"))
UNFINISHED: Final = (
    select(func.count()).select_from(Upload).where(Upload.owner_id == bindparam("owner"), Upload.finished_at.is_(None))
)
NOTE: Final = (
    update(Upload)
    .where(Upload.key == bindparam("named"), Upload.finished_at.is_(None))
    .values(received=bindparam("arrived"), expires_at=bindparam("until"))
)
FINISH: Final = (
    update(Upload)
    .where(Upload.key == bindparam("named"), Upload.finished_at.is_(None))
    .values(
        received=bindparam("arrived"),
        size=bindparam("arrived"),
        media_type=bindparam("kind"),
        sha256=bindparam("digest"),
        has_macros=bindparam("macros"),
        state=bindparam("found"),
        finished_at=bindparam("now"),
        expires_at=bindparam("until"),
    )
)
TAKE: Final = (
    update(Upload)
    .where(Upload.key.in_(bindparam("keys", expanding=True)), Upload.owner_id == bindparam("owner"))
    .where(Upload.post_id.is_(None), Upload.finished_at.is_not(None))
    .values(post_id=bindparam("post"), expires_at=bindparam("until"))
    .returning(Upload.key)
)
DROP: Final = (
    delete(Upload)
    .where(Upload.key.in_(bindparam("keys", expanding=True)), Upload.owner_id == bindparam("owner"))
    .where(Upload.post_id.is_(None), ~exists().where(ScheduledFile.storage_key == Upload.storage_key))
    .returning(Upload.storage_key)
)
_taken: Final = Upload.storage_key == ResourceFile.storage_key
STATE_OF_FILES: Final = (
    update(ResourceFile)
    .where(ResourceFile.post_id == bindparam("post"))
    .where(exists().where(_taken, Upload.key.in_(bindparam("keys", expanding=True))))
    .values(state=select(Upload.state).where(_taken).limit(1).scalar_subquery())
)
SETTLE: Final = update(Upload).where(Upload.storage_key == bindparam("stored")).values(state=bindparam("found"))
SETTLE_FILES: Final = (
    update(ResourceFile).where(ResourceFile.storage_key == bindparam("stored")).values(state=bindparam("found"))
)
SETTLE_FORMER: Final = (
    update(FormerFile).where(FormerFile.storage_key == bindparam("stored")).values(state=bindparam("found"))
)
KNOWN: Final = select(Upload.sha256).where(Upload.storage_key == bindparam("stored"))
KNOWN_OF_RESOURCES: Final = select(ResourceFile.sha256).where(ResourceFile.storage_key == bindparam("stored"))
# A draft keeps what it holds for as long as it is kept itself, if it is whole.
_is_loose: Final = Upload.finished_at.is_(None) | ~exists().where(DraftUpload.upload_key == Upload.key)
_waits: Final = exists().where(ScheduledFile.storage_key == Upload.storage_key)
# Until a clean copy is shared, whoever made it may want the original back.
_copy: Final[Any] = aliased(Upload)
_is_copied: Final = exists().where(_copy.original_key == Upload.key, _copy.post_id.is_(None))
EXPIRED: Final = (
    delete(Upload)
    .where(Upload.expires_at < bindparam("before"), Upload.post_id.is_(None), _is_loose, ~_waits, ~_is_copied)
    .returning(Upload.storage_key)
)
COPY: Final = OWN.where(
    Upload.original_key == bindparam("named"), Upload.owner_id == bindparam("owner"), Upload.post_id.is_(None)
)
# Once a resource holds the file, its row only tells forms that are sent twice.
TAKEN_LONG_AGO: Final = delete(Upload).where(Upload.expires_at < bindparam("before"), Upload.post_id.is_not(None))
STATES: Final = select(Upload.storage_key, Upload.state).where(
    Upload.storage_key.in_(bindparam("stored", expanding=True)), Upload.post_id.is_(None)
)
TAKE_STORED: Final = (
    update(Upload)
    .where(Upload.storage_key.in_(bindparam("stored", expanding=True)), Upload.post_id.is_(None))
    .values(post_id=bindparam("post"), expires_at=bindparam("until"))
)
HELD: Final = select(Upload.storage_key).where(Upload.storage_key.in_(bindparam("keys", expanding=True)))


class Staged(NamedTuple):
    """A file of somebody's, whole or arriving. What it is stands here once it is whole."""

    key: str
    storage_key: str
    name: str
    size: int
    received: int
    media_type: str
    sha256: str
    has_macros: bool
    state: FileState
    expires_at: datetime
    finished_at: datetime | None
    post_id: int | None
    original_key: str | None = None

    @property
    def is_whole(self) -> bool:
        return self.finished_at is not None


class Arrived(NamedTuple):
    """What a whole file turned out to be."""

    size: int
    sha256: str
    media_type: str
    has_macros: bool
    state: FileState = FileState.CLEAN


def begin(
    tx: Connection, here: Here, *, owner_id: int, name: str, size: int, storage_key: str, quotas: Quotas
) -> Staged:
    """Make room for a file. Raises TooLarge where it does not fit, Invalid where too many are begun already."""
    if (tx.scalar(UNFINISHED, {"owner": owner_id}) or 0) >= MOST_UNFINISHED:
        raise Invalid(f"{MOST_UNFINISHED} files of yours have not arrived whole yet: finish or remove some first.")
    return _add(tx, here, owner_id=owner_id, name=name, size=size, storage_key=storage_key, quotas=quotas)


def add(
    tx: Connection,
    here: Here,
    *,
    owner_id: int,
    name: str,
    storage_key: str,
    arrived: Arrived,
    quotas: Quotas,
    original_key: str | None = None,
) -> str:
    """Keep a file that came whole, or was made of another, and say its key. Raises TooLarge where it does not fit."""
    staged = _add(
        tx,
        here,
        owner_id=owner_id,
        name=name,
        size=arrived.size,
        storage_key=storage_key,
        quotas=quotas,
        original_key=original_key,
    )
    finish(tx, here, key=staged.key, storage_key=storage_key, arrived=arrived)
    return staged.key


def _add(
    tx: Connection,
    here: Here,
    *,
    owner_id: int,
    name: str,
    size: int,
    storage_key: str,
    quotas: Quotas,
    original_key: str | None = None,
) -> Staged:
    shown = files.safe_name(name)
    require(tx, quotas, owner_id=owner_id, name=shown, size=size)
    now = here.now()
    row = {
        "key": ids.secret(length=18),
        "owner_id": owner_id,
        "storage_key": storage_key,
        "name": shown,
        "size": size,
        "received": 0,
        "media_type": "",
        "sha256": "",
        "has_macros": False,
        "state": FileState.CLEAN,
        "expires_at": now + LOOSE_KEPT,
        "finished_at": None,
        "post_id": None,
        "original_key": original_key,
    }
    tx.execute(ADD, row | {"created_at": now})
    return Staged(*(row[name] for name in Staged._fields))  # type: ignore[arg-type]  # the fields of the row, by name


def own(tx: Connection, here: Here, *, owner_id: int, key: str) -> Staged:
    """One of the owner's files. Raises NotFound for every other, and for what arrived too long ago."""
    row = tx.execute(ONE, {"named": key, "owner": owner_id}).one_or_none()
    if row is None or (row.finished_at is None and row.expires_at < here.now()):
        raise NotFound("There is no such upload, or it is not yours.")
    return Staged._make(row)


def copy_of(tx: Connection, *, owner_id: int, key: str) -> Staged | None:
    """The clean copy that was made of a file, if one was and nothing holds it yet."""
    row = tx.execute(COPY, {"named": key, "owner": owner_id}).first()
    return Staged._make(row) if row is not None else None


def several(tx: Connection, *, owner_id: int, keys: Sequence[str]) -> list[Staged]:
    """Those of the owner's files, in the order asked, each once. What is not there or not theirs is left out."""
    wanted = list(dict.fromkeys(keys))[:AT_ONCE]
    found = (
        {row.key: Staged._make(row) for row in tx.execute(SEVERAL, {"keys": wanted, "owner": owner_id})}
        if wanted
        else {}
    )
    return [found[key] for key in wanted if key in found]


def states(tx: Connection, *, storage_keys: Sequence[str]) -> dict[str, FileState]:
    """Whether stored files that no resource holds yet may be given out, by what was found out about them."""
    rows = tx.execute(STATES, {"stored": list(storage_keys)}).all() if storage_keys else []
    return {row.storage_key: row.state for row in rows}


def take_stored(tx: Connection, here: Here, *, storage_keys: Sequence[str], post_id: int) -> None:
    """A resource that waited for its time holds them from now on, whoever sent them."""
    if storage_keys:
        values = {"stored": list(storage_keys), "post": post_id, "until": here.now() + LOOSE_KEPT}
        tx.execute(TAKE_STORED, values)


def note(tx: Connection, here: Here, *, key: str, received: int) -> None:
    """So much of it is safe on the disk by now."""
    tx.execute(NOTE, {"named": key, "arrived": received, "until": here.now() + UNFINISHED_KEPT})


def finish(tx: Connection, here: Here, *, key: str, storage_key: str, arrived: Arrived) -> None:
    """It is whole and this is what it is; a job looks at it further. Doing it twice changes nothing."""
    values = {"named": key, "arrived": arrived.size, "kind": arrived.media_type, "digest": arrived.sha256}
    now = here.now()
    done = tx.execute(
        FINISH, values | {"macros": arrived.has_macros, "found": arrived.state, "now": now, "until": now + LOOSE_KEPT}
    )
    if done.rowcount:
        enqueue(tx, Inspect(storage_key), due=now)


def take(tx: Connection, here: Here, *, owner_id: int, keys: Sequence[str], post_id: int) -> None:
    """A resource holds them from now on. Raises Invalid where another one does, or one of them is not whole."""
    if not keys:
        return
    values = {"keys": list(keys), "owner": owner_id, "post": post_id, "until": here.now() + LOOSE_KEPT}
    if len(tx.execute(TAKE, values).all()) != len(set(keys)):
        raise Invalid("These files have been shared already: look at your page before you send them again.")
    # What came of looking at them may have been written down after the form was read.
    tx.execute(STATE_OF_FILES, {"keys": list(keys), "post": post_id})


def drop(tx: Connection, here: Here, *, owner_id: int, keys: Sequence[str]) -> list[str]:
    """Give files up that no resource holds. Answers with their storage keys, of which parts can go at once."""
    dropped = list(tx.scalars(DROP, {"keys": list(keys), "owner": owner_id})) if keys else []
    if dropped:
        enqueue(tx, Forget(tuple(dropped)), due=here.now())
    return dropped


def settle(tx: Connection, *, storage_key: str, state: FileState) -> None:
    """What came of looking at a file: wherever it is held, it may or may not be given out from now on."""
    tx.execute(SETTLE, {"stored": storage_key, "found": state})
    tx.execute(SETTLE_FILES, {"stored": storage_key, "found": state})
    tx.execute(SETTLE_FORMER, {"stored": storage_key, "found": state})


def fingerprint(tx: Connection, *, storage_key: str) -> str | None:
    """The fingerprint that a stored file had when it arrived; None where nobody holds it."""
    found: str | None = tx.scalar(KNOWN, {"stored": storage_key})
    return found or tx.scalar(KNOWN_OF_RESOURCES, {"stored": storage_key})


def sweep(tx: Connection, here: Here) -> None:
    """Give up what stopped arriving, and what nobody took."""
    now = here.now()
    gone = tuple(tx.scalars(EXPIRED, {"before": now}))
    if gone:
        enqueue(tx, Forget(gone), due=now)
    tx.execute(TAKEN_LONG_AGO, {"before": now})


def too_large(name: str, limit: int) -> TooLarge:
    return TooLarge(f"{name} was left out: a file may have up to {limit >> 20} MB.")
