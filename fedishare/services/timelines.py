"""Lays a post into the home timelines of those who should see it (fan-out on write)."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import BindParameter, Connection, bindparam, exists, select

from fedishare.db.base import BigId, aliased, insert
from fedishare.db.follows import Block, Follow
from fedishare.db.people import Actor
from fedishare.db.posts import Home
from fedishare.domain.kinds import FollowState, Kind

_entry: Final[BindParameter[int]] = bindparam("entry", type_=BigId)
_post: Final[BindParameter[int]] = bindparam("post", type_=BigId)
_booster: Final[BindParameter[int | None]] = bindparam("booster", type_=BigId)
COLUMNS: Final = ["reader_id", "entry_id", "post_id", "booster_id"]
SPREAD: Final = (
    insert(Home)
    .from_select(
        COLUMNS,
        select(Follow.follower_id, _entry, _post, _booster)
        .join(Actor, Actor.id == Follow.follower_id)
        .where(Follow.followee_id == bindparam("by"), Follow.state == FollowState.ACCEPTED, Actor.local)
        # A room that is linked with another follows it, and has no home.
        .where(Actor.kind != Kind.GROUP)
        .where(~exists().where(Block.blocker_id == Follow.follower_id, Block.blocked_id == bindparam("author"))),
    )
    .on_conflict_do_nothing()
)
# A home does not fill with one side of talks: an answer goes to those who follow both.
_followed_too = aliased(Follow)
SPREAD_ANSWER: Final = (
    insert(Home)
    .from_select(
        COLUMNS,
        select(Follow.follower_id, _entry, _post, _booster)
        .join(Actor, Actor.id == Follow.follower_id)
        .join(_followed_too, _followed_too.follower_id == Follow.follower_id)
        .where(Follow.followee_id == bindparam("by"), Follow.state == FollowState.ACCEPTED, Actor.local)
        .where(_followed_too.followee_id == bindparam("to"), _followed_too.state == FollowState.ACCEPTED)
        .where(~exists().where(Block.blocker_id == Follow.follower_id, Block.blocked_id == bindparam("by"))),
    )
    .on_conflict_do_nothing()
)
LAY: Final = insert(Home).on_conflict_do_nothing()


def spread(
    tx: Connection,
    *,
    entry_id: int,
    post_id: int,
    by_id: int,
    booster_id: int | None = None,
    author_id: int | None = None,
) -> None:
    """Into the home of everyone here who follows `by`; nobody gets the same post twice."""
    who = author_id if author_id is not None else by_id
    tx.execute(SPREAD, {"entry": entry_id, "post": post_id, "booster": booster_id, "by": by_id, "author": who})


def spread_answer(tx: Connection, *, entry_id: int, post_id: int, by_id: int, to_id: int) -> None:
    """Into the home of everyone here who follows both the one who answers and the one who is answered."""
    tx.execute(SPREAD_ANSWER, {"entry": entry_id, "post": post_id, "booster": None, "by": by_id, "to": to_id})


def lay(tx: Connection, *, readers: Sequence[int], entry_id: int, post_id: int) -> None:
    """Into the homes of these people."""
    rows = [{"reader_id": reader, "entry_id": entry_id, "post_id": post_id, "booster_id": None} for reader in readers]
    if rows:
        tx.execute(LAY, rows)
