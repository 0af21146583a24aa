"""Colleagues whom somebody recommends on their page, and those who are not to be suggested again."""

from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, select

from fedishare.core.errors import Invalid
from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.follows import Declined, Endorsement, Follow
from fedishare.domain.kinds import FollowState

MOST: Final = 100
ADD: Final = insert(Endorsement).on_conflict_do_nothing(index_elements=["actor_id", "endorsed_id"])
REMOVE: Final = delete(Endorsement).where(
    Endorsement.actor_id == bindparam("actor"), Endorsement.endorsed_id == bindparam("other")
)
COUNT: Final = select(func.count()).select_from(Endorsement).where(Endorsement.actor_id == bindparam("actor"))
FOLLOWS: Final = select(Follow.id).where(
    Follow.follower_id == bindparam("actor"),
    Follow.followee_id == bindparam("other"),
    Follow.state == FollowState.ACCEPTED,
)
DECLINE: Final = insert(Declined).on_conflict_do_nothing()


def endorse(tx: Connection, here: Here, *, actor_id: int, other_id: int) -> None:
    """Recommend somebody. Raises Invalid for whom one does not follow, and where there are too many."""
    if tx.scalar(FOLLOWS, {"actor": actor_id, "other": other_id}) is None:
        raise Invalid("Validation failed: You must be following the person you want to recommend")
    if (tx.scalar(COUNT, {"actor": actor_id}) or 0) >= MOST:
        raise Invalid(f"Validation failed: Up to {MOST} people can be recommended")
    row = {"id": here.ids.new(), "actor_id": actor_id, "endorsed_id": other_id, "created_at": here.now()}
    tx.execute(ADD, row)


def withdraw(tx: Connection, *, actor_id: int, other_id: int) -> None:
    tx.execute(REMOVE, {"actor": actor_id, "other": other_id})


def decline(tx: Connection, *, actor_id: int, other_id: int) -> None:
    """Not to be suggested somebody again."""
    tx.execute(DECLINE, {"actor_id": actor_id, "other_id": other_id})
