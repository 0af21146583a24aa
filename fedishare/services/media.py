"""Pictures that people upload, and which post carries each: one, by its owner (MED-07)."""

from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from fedishare.core import ids
from fedishare.core.errors import Invalid
from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.media import Media
from fedishare.db.posts import Attachment
from fedishare.domain.kinds import AttachmentKind

MOST: Final = 4
LONGEST_ALT: Final = 1_500
ADD: Final = insert(Media)
FREE: Final = (
    select(Media)
    .with_only_columns(Media.key, Media.media_type, Media.width, Media.height, Media.alt, Media.focal_x, Media.focal_y)
    .where(Media.key.in_(bindparam("keys", expanding=True)))
    .where(Media.owner_id == bindparam("owner"), Media.post_id.is_(None))
    .with_for_update()
)
TAKE: Final = update(Media).where(Media.key.in_(bindparam("keys", expanding=True))).values(post_id=bindparam("post"))
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
    key = ids.secret(length=18)
    x, y = focal or (None, None)
    row = upload._asdict() | {"key": key, "owner_id": owner_id, "alt": alt[:LONGEST_ALT], "focal_x": x, "focal_y": y}
    tx.execute(ADD, row | {"created_at": here.now()})
    return key


def describe(tx: Connection, *, owner_id: int, key: str, alt: str, focal: tuple[float, float] | None = None) -> None:
    x, y = focal or (None, None)
    tx.execute(DESCRIBE, {"named": key, "owner": owner_id, "text": alt[:LONGEST_ALT], "x": x, "y": y})


def claim(tx: Connection, here: Here, *, keys: tuple[str, ...], owner_id: int, post_id: int) -> None:
    """Put the owner's pictures on a post, in the order given. Raises Invalid for any that is not free and theirs."""
    if not keys:
        return
    if len(keys) > MOST:
        raise Invalid(f"A post may have up to {MOST} pictures.")
    found = {row.key: row for row in tx.execute(FREE, {"keys": list(keys), "owner": owner_id})}
    if set(keys) - set(found):
        raise Invalid("One of the pictures is no longer there: please add it again.")
    tx.execute(TAKE, {"keys": list(keys), "post": post_id})
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
