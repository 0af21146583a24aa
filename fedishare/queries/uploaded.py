"""Pictures that somebody uploaded, by the numbers that apps know them by."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, or_, select

from fedishare.db.media import Media
from fedishare.domain.kinds import MediaState


class Uploaded(NamedTuple):
    id: int
    key: str
    owner_id: int
    media_type: str
    width: int | None
    height: int | None
    alt: str
    focal_x: float | None
    focal_y: float | None
    state: MediaState
    problem: str
    blurhash: str | None
    thumb_key: str | None
    pass_key: str | None
    post_id: int | None

    @property
    def is_ready(self) -> bool:
        return self.state is MediaState.READY


_uploaded: Final = select(*(getattr(Media, name) for name in Uploaded._fields))
_own: Final = or_(Media.owner_id == bindparam("owner"), Media.owner_id == bindparam("other"))
ONE: Final = _uploaded.where(Media.id == bindparam("media"), _own)
SEVERAL: Final = _uploaded.where(Media.id.in_(bindparam("ids", expanding=True)), _own)
BY_KEYS: Final = _uploaded.where(Media.key.in_(bindparam("keys", expanding=True)))


def one(tx: Connection, *, media_id: int, owner_id: int, other_id: int) -> Uploaded | None:
    """One of somebody's own; they have what they uploaded themselves, and what is the handle's that they act as."""
    row = tx.execute(ONE, {"media": media_id, "owner": owner_id, "other": other_id}).one_or_none()
    return Uploaded(*row) if row is not None else None


def several(tx: Connection, *, ids: Sequence[int], owner_id: int, other_id: int) -> list[Uploaded]:
    """Those of these that are somebody's own, in the order asked."""
    rows = tx.execute(SEVERAL, {"ids": list(ids), "owner": owner_id, "other": other_id}) if ids else ()
    found = {row.id: Uploaded(*row) for row in rows}
    return [found[each] for each in ids if each in found]


def by_keys(tx: Connection, *, keys: Sequence[str]) -> dict[str, Uploaded]:
    """What scheduled posts will carry, by key. One statement, or none."""
    return {row.key: Uploaded(*row) for row in tx.execute(BY_KEYS, {"keys": list(keys)})} if keys else {}
