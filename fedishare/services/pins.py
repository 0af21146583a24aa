"""Pinned posts and hashtags: what a person or a room shows first."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, select

from fedishare.core.errors import Invalid
from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.people import Actor, FeaturedTag
from fedishare.db.rooms import Pin
from fedishare.domain import markup
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import FetchFeatured, PublishPin

MOST: Final = 20
PIN: Final = insert(Pin).on_conflict_do_nothing().returning(Pin.post_id)
UNPIN: Final = (
    delete(Pin).where(Pin.actor_id == bindparam("actor"), Pin.post_id == bindparam("post")).returning(Pin.post_id)
)
CLEAR: Final = delete(Pin).where(Pin.actor_id == bindparam("actor"))
SHOW_TAG: Final = insert(FeaturedTag).on_conflict_do_nothing().returning(FeaturedTag.name)
HIDE_TAG: Final = (
    delete(FeaturedTag)
    .where(FeaturedTag.actor_id == bindparam("actor"), FeaturedTag.name == bindparam("named"))
    .returning(FeaturedTag.name)
)
COUNT_TAGS: Final = select(func.count()).select_from(FeaturedTag).where(FeaturedTag.actor_id == bindparam("actor"))
COUNT: Final = select(func.count()).select_from(Pin).where(Pin.actor_id == bindparam("actor"))
IS_LOCAL: Final = select(Actor.local).where(Actor.id == bindparam("actor"))


def feature(tx: Connection, here: Here, *, actor_id: int) -> None:
    """Have it looked up what somebody elsewhere has pinned."""
    enqueue(tx, FetchFeatured(actor_id), due=here.now())


def replace(tx: Connection, *, actor_id: int, posts: Sequence[int]) -> None:
    """An actor elsewhere shows exactly these."""
    tx.execute(CLEAR, {"actor": actor_id})
    if posts:
        tx.execute(PIN, [{"actor_id": actor_id, "post_id": post} for post in posts[:MOST]])


def show_tag(tx: Connection, *, actor_id: int, label: str) -> bool:
    """An actor elsewhere shows a hashtag on the profile. Answers False for no tag, or one too many."""
    name = markup.fold_tag(label)
    if not name or (tx.scalar(COUNT_TAGS, {"actor": actor_id}) or 0) >= MOST:
        return False
    return tx.execute(SHOW_TAG, {"actor_id": actor_id, "name": name, "label": label}).scalar() is not None


def hide_tag(tx: Connection, *, actor_id: int, label: str) -> bool:
    return tx.execute(HIDE_TAG, {"actor": actor_id, "named": markup.fold_tag(label)}).scalar() is not None


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
