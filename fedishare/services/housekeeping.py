"""What is thrown away once it has been kept long enough."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, delete, exists, func, or_, select

from fedishare.core.here import Here
from fedishare.db import work
from fedishare.db.accounts import Session, Tries
from fedishare.db.apps import Code
from fedishare.db.base import lock
from fedishare.db.drafts import DraftPicture
from fedishare.db.handles import ScheduledFile
from fedishare.db.happenings import Happening
from fedishare.db.media import Media
from fedishare.db.nodes import Node
from fedishare.db.people import Portrait
from fedishare.db.previews import Preview
from fedishare.db.resources import ResourceFile
from fedishare.db.versions import FormerFile
from fedishare.jobs.drops import Dropped
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import Forget, Sweep
from fedishare.services import backlog, borrowed, previews, quotes, uploads

TRIES_KEPT: Final = timedelta(hours=1)
RECEIVED_KEPT: Final = timedelta(days=30)
# Whoever listens has heard of it by then, on a node that is very slow, too.
HEARD_WITHIN: Final = timedelta(hours=1)
FAILURES_KEPT: Final = timedelta(days=30)
NODES_KEPT: Final = timedelta(days=90)
LOOSE_MEDIA_KEPT: Final = timedelta(days=1)
AT_ONCE: Final = 500
SWEEPS: Final = (
    (delete(work.SeenSignature).where(work.SeenSignature.expires_at < bindparam("before")), timedelta()),
    (delete(Session).where(Session.expires_at < bindparam("before")), timedelta()),
    # By then all tries are there again.
    (delete(Tries).where(Tries.at < bindparam("before")), TRIES_KEPT),
    # A code that comes too late is refused in any case, so nobody has to know whether it was used.
    (delete(Code).where(Code.expires_at < bindparam("before")), timedelta()),
    (delete(Happening).where(Happening.at < bindparam("before")), HEARD_WITHIN),
    (
        delete(work.Received).where(work.Received.at < bindparam("before"), work.Received.outcome.is_not(None)),
        RECEIVED_KEPT,
    ),
    # What a server runs can be asked again. Whoever makes up servers must not fill the table (DOS-22).
    (
        delete(Node)
        .where(Node.dialect_set.is_(None), func.coalesce(Node.checked_at, Node.resting_until) < bindparam("before"))
        .where(or_(Node.last_heard_at.is_(None), Node.last_heard_at < bindparam("before"))),
        NODES_KEPT,
    ),
)
DROP_LOOSE: Final = (
    delete(Media)
    .where(Media.post_id.is_(None), Media.created_at < bindparam("before"))
    .where(~exists().where(DraftPicture.media_key == Media.key))
    .where(~exists().where(ScheduledFile.storage_key == Media.storage_key))
    .returning(Media.storage_key)
)
HELD_BY_MEDIA: Final = select(Media.storage_key).where(Media.storage_key.in_(bindparam("keys", expanding=True)))
HELD_BY_RESOURCES: Final = select(ResourceFile.storage_key).where(
    ResourceFile.storage_key.in_(bindparam("keys", expanding=True))
)
HELD_BY_SCHEDULED: Final = select(ScheduledFile.storage_key).where(
    ScheduledFile.storage_key.in_(bindparam("keys", expanding=True))
)
HELD_BY_VERSIONS: Final = select(FormerFile.storage_key).where(
    FormerFile.storage_key.in_(bindparam("keys", expanding=True))
)
HELD_BY_PORTRAITS: Final = select(Portrait.storage_key).where(
    Portrait.storage_key.in_(bindparam("keys", expanding=True))
)
PLANNED: Final = select(
    exists().where(work.Job.kind == Sweep.__name__, work.Job.failed_at.is_(None), work.Job.due_at > bindparam("after"))
)
LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
HELD_BY_PREVIEWS: Final = select(Preview.picture_key).where(Preview.picture_key.in_(bindparam("keys", expanding=True)))


def orphans(tx: Connection, keys: Sequence[str]) -> list[str]:
    """Which stored files no picture and no resource holds: forms that were never sent, say."""
    held: set[str | None] = set()
    for start in range(0, len(keys), AT_ONCE):
        some = {"keys": list(keys[start : start + AT_ONCE])}
        held.update(tx.scalars(HELD_BY_MEDIA, some), tx.scalars(HELD_BY_RESOURCES, some))
        held.update(tx.scalars(uploads.HELD, some), tx.scalars(HELD_BY_VERSIONS, some))
        held.update(tx.scalars(HELD_BY_PREVIEWS, some))
        held.update(tx.scalars(HELD_BY_SCHEDULED, some), tx.scalars(HELD_BY_PORTRAITS, some))
    return [key for key in keys if key not in held]


def sweep(tx: Connection, here: Here) -> list[Dropped]:
    """Drop what has been kept long enough: used signatures, ended sessions, old receipts, pictures never posted.

    Answers with the deliveries and jobs among it, which should be in the log.
    """
    now = here.now()
    for statement, kept in SWEEPS:
        tx.execute(statement, {"before": now - kept})
    uploads.sweep(tx, here)
    previews.sweep(tx, here, before=now - LOOSE_MEDIA_KEPT)
    loose = tuple(tx.scalars(DROP_LOOSE, {"before": now - LOOSE_MEDIA_KEPT}))
    if loose:
        enqueue(tx, Forget(loose), due=now)
    borrowed.give_back(tx, here)
    quotes.check_again(tx, here)
    return backlog.drop_old(tx, before=now - FAILURES_KEPT)


def schedule(tx: Connection, here: Here, *, every: timedelta) -> None:
    """Plan the next sweep, unless one is planned. The one under way does not count: it is due by now."""
    lock(tx, "the next sweep")
    after = here.now() if every else LONG_AGO
    if not tx.scalar(PLANNED, {"after": after}):
        enqueue(tx, Sweep(), due=here.now() + every)
