"""Pictures that people upload, and which post carries each: one, by its owner (MED-07).

What is large is written anew by a job, and until then nobody sees it.
"""

from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, select, update

from fedishare.core import ids
from fedishare.core.errors import Invalid
from fedishare.core.here import Here
from fedishare.db.base import aliased, insert
from fedishare.db.media import Media
from fedishare.db.posts import Attachment
from fedishare.domain.kinds import AttachmentKind, MediaState
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import DevelopMedia, Forget, PublishAgain

MOST: Final = 4
LONGEST_ALT: Final = 1_500
MOST_WAITING: Final = 16
ADD: Final = insert(Media)
FREE: Final = (
    select(Media)
    .with_only_columns(
        Media.key,
        Media.media_type,
        Media.width,
        Media.height,
        Media.alt,
        Media.focal_x,
        Media.focal_y,
        Media.state,
    )
    .where(Media.key.in_(bindparam("keys", expanding=True)))
    .where(Media.owner_id == bindparam("owner"), Media.post_id.is_(None))
    .with_for_update()
)
TAKE: Final = update(Media).where(Media.key.in_(bindparam("keys", expanding=True))).values(post_id=bindparam("post"))
_carried: Final[Any] = aliased(Media)
# The small picture goes where the one goes that it stands for.
TAKE_THUMBS: Final = (
    update(Media)
    .where(Media.key.in_(select(_carried.thumb_key).where(_carried.key.in_(bindparam("keys", expanding=True)))))
    .values(post_id=bindparam("post"))
)
LET_GO: Final = (
    update(Media)
    .where(Media.post_id == bindparam("post"), Media.key.not_in(bindparam("keys", expanding=True)))
    .values(post_id=None, created_at=bindparam("now"))
)
DETACH: Final = delete(Attachment).where(Attachment.post_id == bindparam("post"))
ON_POST: Final = (
    select(Attachment.media_key)
    .where(Attachment.post_id == bindparam("post"), Attachment.media_key.is_not(None))
    .order_by(Attachment.position)
)
RAW: Final = select(Media.storage_key, Media.media_type).where(
    Media.id == bindparam("media"), Media.state == MediaState.PROCESSING
)
DEVELOPED: Final = (
    update(Media)
    .where(Media.id == bindparam("media"), Media.state == MediaState.PROCESSING)
    .values(
        storage_key=bindparam("stored"),
        media_type=bindparam("kind"),
        size=bindparam("bytes"),
        width=bindparam("wide"),
        height=bindparam("high"),
        blurhash=bindparam("blur"),
        state=MediaState.READY,
    )
    .returning(Media.id)
)
FAILED: Final = (
    update(Media)
    .where(Media.id == bindparam("media"), Media.state == MediaState.PROCESSING)
    .values(state=MediaState.FAILED, problem=bindparam("why"))
)
WAITING: Final = (
    select(func.count())
    .select_from(Media)
    .where(Media.owner_id == bindparam("owner"), Media.state == MediaState.PROCESSING)
)
DROP: Final = (
    delete(Media)
    .where(Media.key.in_(bindparam("keys", expanding=True)), Media.post_id.is_(None))
    .returning(Media.storage_key)
)
_stood_for: Final[Any] = aliased(Media)
SAME_PASS: Final = (
    update(Media)
    .where(Media.key == bindparam("named"))
    .values(
        pass_key=select(_stood_for.pass_key).where(_stood_for.id == bindparam("media")).scalar_subquery(),
    )
)
SET_THUMB: Final = update(Media).where(Media.id == bindparam("media")).values(thumb_key=bindparam("small"))
DESCRIBE_ATTACHED: Final = (
    update(Attachment)
    .where(Attachment.media_key == bindparam("named"))
    .values(alt=bindparam("text"), focal_x=bindparam("x"), focal_y=bindparam("y"))
)
ATTACH: Final = insert(Attachment)
DESCRIBE: Final = (
    update(Media)
    .where(Media.key == bindparam("named"), Media.owner_id == bindparam("owner"))
    .values(alt=bindparam("text"), focal_x=bindparam("x"), focal_y=bindparam("y"))
)


class Upload(NamedTuple):
    storage_key: str
    media_type: str
    size: int
    width: int | None = None
    height: int | None = None
    blurhash: str | None = None


def add(
    tx: Connection,
    here: Here,
    *,
    owner_id: int,
    upload: Upload,
    alt: str = "",
    focal: tuple[float, float] | None = None,
) -> str:
    """Keep an uploaded picture for its owner. Answers with a key that nobody can guess (MED-08)."""
    return _add(tx, here, owner_id=owner_id, upload=upload, alt=alt, focal=focal, state=MediaState.READY)[1]


def receive(
    tx: Connection,
    here: Here,
    *,
    owner_id: int,
    upload: Upload,
    is_raw: bool,
    alt: str = "",
    focal: tuple[float, float] | None = None,
) -> int:
    """Keep a picture for its owner, and answer with its number; what is `is_raw` is written anew by a job.

    Raises Invalid where too many of theirs wait for that already.
    """
    if is_raw and (tx.scalar(WAITING, {"owner": owner_id}) or 0) >= MOST_WAITING:
        raise Invalid("Several of your pictures are still being processed: wait a moment, and add this one then.")
    state = MediaState.PROCESSING if is_raw else MediaState.READY
    media_id, _ = _add(tx, here, owner_id=owner_id, upload=upload, alt=alt, focal=focal, state=state)
    if is_raw:
        enqueue(tx, DevelopMedia(media_id), due=here.now())
    return media_id


def _add(
    tx: Connection,
    here: Here,
    *,
    owner_id: int,
    upload: Upload,
    alt: str,
    focal: tuple[float, float] | None,
    state: MediaState,
) -> tuple[int, str]:
    media_id, key = here.ids.new(), ids.secret(length=18)
    x, y = focal or (None, None)
    row = upload._asdict() | {"key": key, "owner_id": owner_id, "alt": alt[:LONGEST_ALT], "focal_x": x, "focal_y": y}
    row |= {"id": media_id, "state": state, "pass_key": ids.secret(length=18), "created_at": here.now()}
    tx.execute(ADD, row)
    return media_id, key


def add_thumb(tx: Connection, here: Here, *, owner_id: int, media_id: int, upload: Upload) -> None:
    """The picture that stands for another one in small, and for which the same passes are good."""
    _, key = _add(tx, here, owner_id=owner_id, upload=upload, alt="", focal=None, state=MediaState.READY)
    tx.execute(SAME_PASS, {"named": key, "media": media_id})
    tx.execute(SET_THUMB, {"media": media_id, "small": key})


def raw(tx: Connection, *, media_id: int) -> tuple[str, str] | None:
    """Where a picture lies that is still to be written anew, and what it says it is."""
    row = tx.execute(RAW, {"media": media_id}).one_or_none()
    return (row[0], row[1]) if row is not None else None


def develop(tx: Connection, here: Here, *, media_id: int, upload: Upload, raw_key: str) -> None:
    """It was written anew; what came in goes. If its owner dropped it meanwhile, so does what was made of it."""
    said = {"stored": upload.storage_key, "kind": upload.media_type, "bytes": upload.size, "blur": upload.blurhash}
    found = tx.execute(DEVELOPED, said | {"media": media_id, "wide": upload.width, "high": upload.height}).first()
    enqueue(tx, Forget((raw_key,) if found is not None else (raw_key, upload.storage_key)), due=here.now())


def fail(tx: Connection, *, media_id: int, why: str) -> None:
    """It cannot be written anew. Its owner is told why; the sweep takes what came in."""
    tx.execute(FAILED, {"media": media_id, "why": why})


def drop(tx: Connection, here: Here, *, keys: tuple[str, ...]) -> None:
    """Throw away pictures that no post carries. Whose they are is for the caller to ask."""
    stored = tuple(tx.scalars(DROP, {"keys": list(keys)}))
    if stored:
        enqueue(tx, Forget(stored), due=here.now())


def let_go(tx: Connection, here: Here, *, post_id: int) -> None:
    """A post is about to be deleted, and its owner writes it anew: its pictures are theirs to use for a day."""
    tx.execute(LET_GO, {"post": post_id, "keys": [""], "now": here.now()})


def exchange(tx: Connection, here: Here, *, keys: tuple[str, ...], owner_id: int, post_id: int) -> bool:
    """The post carries these pictures from now on, some of which it may have had. Answers whether that is news."""
    had = tuple(tx.scalars(ON_POST, {"post": post_id}))
    if had == keys:
        return False
    tx.execute(LET_GO, {"post": post_id, "keys": [*keys, ""], "now": here.now()})
    kept = [key for key in keys if key in had]
    if kept:
        tx.execute(TAKE, {"keys": kept, "post": None})
    tx.execute(DETACH, {"post": post_id})
    claim(tx, here, keys=keys, owner_id=owner_id, post_id=post_id)
    return True


def describe(tx: Connection, *, owner_id: int, key: str, alt: str, focal: tuple[float, float] | None = None) -> None:
    x, y = focal or (None, None)
    said = {"named": key, "text": alt[:LONGEST_ALT], "x": x, "y": y}
    tx.execute(DESCRIBE, said | {"owner": owner_id})


def describe_attached(
    tx: Connection,
    here: Here,
    *,
    owner_id: int,
    key: str,
    post_id: int | None,
    alt: str,
    focal: tuple[float, float] | None,
) -> None:
    """Other words for a picture that a post may carry already: whoever has the post is sent it anew."""
    describe(tx, owner_id=owner_id, key=key, alt=alt, focal=focal)
    if post_id is None:
        return
    x, y = focal or (None, None)
    tx.execute(DESCRIBE_ATTACHED, {"named": key, "text": alt[:LONGEST_ALT], "x": x, "y": y})
    enqueue(tx, PublishAgain(post_id), due=here.now())


def claim(tx: Connection, here: Here, *, keys: tuple[str, ...], owner_id: int, post_id: int) -> None:
    """Put the owner's pictures on a post, in the order given. Raises Invalid for any that is not free and theirs."""
    if not keys:
        return
    if len(keys) > MOST:
        raise Invalid(f"A post may have up to {MOST} pictures.")
    found = {row.key: row for row in tx.execute(FREE, {"keys": list(keys), "owner": owner_id})}
    if set(keys) - set(found):
        raise Invalid("One of the pictures is no longer there: please add it again.")
    if any(row.state is not MediaState.READY for row in found.values()):
        raise Invalid("One of the pictures is still being processed, or could not be read: try again in a moment.")
    tx.execute(TAKE, {"keys": list(keys), "post": post_id})
    tx.execute(TAKE_THUMBS, {"keys": list(keys), "post": post_id})
    for position, key in enumerate(keys):
        row = found[key]
        tx.execute(
            ATTACH,
            {
                "post_id": post_id,
                "position": position,
                "kind": AttachmentKind.IMAGE,
                "url": here.uris.media(key),
                "media_key": key,
                "media_type": row.media_type,
                "alt": row.alt,
                "width": row.width,
                "height": row.height,
                "focal_x": row.focal_x,
                "focal_y": row.focal_y,
            },
        )
