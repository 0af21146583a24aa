"""Pinned posts: what a person or a room shows first."""

from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, select

from fedishare.core.errors import Invalid
from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.people import Actor
from fedishare.db.rooms import Pin
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import PublishPin

MOST: Final = 20
PIN: Final = insert(Pin).on_conflict_do_nothing().returning(Pin.post_id)
UNPIN: Final = (
    delete(Pin).where(Pin.actor_id == bindparam("actor"), Pin.post_id == bindparam("post")).returning(Pin.post_id)
)
COUNT: Final = select(func.count()).select_from(Pin).where(Pin.actor_id == bindparam("actor"))
IS_LOCAL: Final = select(Actor.local).where(Actor.id == bindparam("actor"))


def pin(tx: Connection, here: Here, *, actor_id: int, post_id: int) -> bool:
    if (tx.scalar(COUNT, {"actor": actor_id}) or 0) >= MOST:
        raise Invalid(f"At most {MOST} posts can be pinned: take one down first.")
    if tx.execute(PIN, {"actor_id": actor_id, "post_id": post_id}).scalar() is None:
        return False
    if tx.scalar(IS_LOCAL, {"actor": actor_id}):
        enqueue(tx, PublishPin(actor_id, post_id, added=True), due=here.now())
    return True


def unpin(tx: Connection, here: Here, *, actor_id: int, post_id: int) -> bool:
    if tx.execute(UNPIN, {"actor": actor_id, "post": post_id}).scalar() is None:
        return False
    if tx.scalar(IS_LOCAL, {"actor": actor_id}):
        enqueue(tx, PublishPin(actor_id, post_id, added=False), due=here.now())
    return True
