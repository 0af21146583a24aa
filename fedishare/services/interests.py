"""The hashtags that somebody follows: their public posts come into the home of whoever does."""

from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, select

from fedishare.core.errors import Invalid
from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.follows import FollowedTag
from fedishare.domain import markup

MOST: Final = 1_000
ADD: Final = insert(FollowedTag).on_conflict_do_nothing(index_elements=["actor_id", "name"])
DROP: Final = delete(FollowedTag).where(
    FollowedTag.actor_id == bindparam("actor"), FollowedTag.name == bindparam("named")
)
COUNT: Final = select(func.count()).select_from(FollowedTag).where(FollowedTag.actor_id == bindparam("actor"))


def follow(tx: Connection, here: Here, *, actor_id: int, label: str) -> None:
    """Raises Invalid for what is no hashtag, and for one too many."""
    name = markup.fold_tag(label)
    if not name:
        raise Invalid("This is not a hashtag.")
    if (tx.scalar(COUNT, {"actor": actor_id}) or 0) >= MOST:
        raise Invalid(f"At most {MOST} hashtags can be followed.")
    row = {"id": here.ids.new(), "actor_id": actor_id, "name": name, "label": label.removeprefix("#")}
    tx.execute(ADD, row | {"created_at": here.now()})


def unfollow(tx: Connection, *, actor_id: int, label: str) -> None:
    tx.execute(DROP, {"actor": actor_id, "named": markup.fold_tag(label)})
