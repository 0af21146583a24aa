"""The pictures of people, handles and schools of ours: one of each kind, and the former one goes."""

from typing import Final

from sqlalchemy import Connection, bindparam, delete, update

from fedishare.core import ids
from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.people import Actor, Portrait
from fedishare.domain.kinds import PortraitKind
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import Forget, PublishActor
from fedishare.services.media import Upload

ADD: Final = insert(Portrait)
DROP: Final = (
    delete(Portrait)
    .where(Portrait.actor_id == bindparam("actor"), Portrait.kind == bindparam("what"))
    .returning(Portrait.storage_key)
)
_actor = update(Actor).where(Actor.id == bindparam("actor"), Actor.local)
SET: Final = {
    PortraitKind.ICON: _actor.values(icon_url=bindparam("address")),
    PortraitKind.IMAGE: _actor.values(image_url=bindparam("address")),
}
ENDINGS: Final = {"image/png": "png", "image/jpeg": "jpg"}


def replace(tx: Connection, here: Here, *, actor_id: int, kind: PortraitKind, upload: Upload | None) -> None:
    """A new picture, or with None no picture; followers elsewhere are told."""
    address = None
    former = tuple(tx.scalars(DROP, {"actor": actor_id, "what": kind}))
    if upload is not None:
        # The end of the address tells other servers what it is.
        key = f"{ids.secret(length=18)}.{ENDINGS.get(upload.media_type, 'jpg')}"
        row = {"key": key, "actor_id": actor_id, "kind": kind, "storage_key": upload.storage_key}
        row |= {"media_type": upload.media_type, "size": upload.size}
        tx.execute(ADD, row | {"created_at": here.now()})
        address = here.uris.portrait(key)
    tx.execute(SET[kind], {"actor": actor_id, "address": address})
    if former:
        enqueue(tx, Forget(former), due=here.now())
    enqueue(tx, PublishActor(actor_id), due=here.now())
