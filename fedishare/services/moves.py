"""People of ours who move: to another server with their followers, or here from one."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from fedishare.core.errors import Invalid, NotFound
from fedishare.core.here import Here
from fedishare.db.people import Actor
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import PublishActor, SendMove
from fedishare.services import people

# As in Mastodon: followers are not carried from place to place all the time.
BETWEEN_MOVES: Final = timedelta(days=30)
MOST_ALIASES: Final = 10
FACTS: Final = (
    select(Actor.id, Actor.uri, Actor.local, Actor.also_known_as, Actor.moved_to, Actor.moved_at, Actor.deleted_at)
    .where(Actor.id == bindparam("actor"))
    .with_for_update()
)
KNOW_AS: Final = update(Actor).where(Actor.id == bindparam("actor")).values(also_known_as=bindparam("names"))
COME_BACK: Final = update(Actor).where(Actor.id == bindparam("actor")).values(moved_to=None)


class Facts(NamedTuple):
    id: int
    uri: str
    local: bool
    also_known_as: Sequence[str]
    moved_to: str | None
    moved_at: Any
    deleted_at: Any


def know_as(tx: Connection, here: Here, *, actor_id: int, other_id: int) -> None:
    """Say that another account is the same person: only then can that one move here."""
    me, other = _facts(tx, actor_id), _facts(tx, other_id)
    if other.id == me.id:
        raise Invalid("This is the account that you are using.")
    names = [name for name in me.also_known_as if name != other.uri]
    if len(names) >= MOST_ALIASES:
        raise Invalid(f"Up to {MOST_ALIASES} other accounts can be named. Please take one away first.")
    _name(tx, here, actor_id, [*names, other.uri])


def forget(tx: Connection, here: Here, *, actor_id: int, uri: str) -> None:
    """The other account is not named any more."""
    me = _facts(tx, actor_id)
    _name(tx, here, actor_id, [name for name in me.also_known_as if name != uri])


def leave(tx: Connection, here: Here, *, actor_id: int, target_id: int) -> int:
    """Move to another account, whose own server names this one. Answers how many people here follow along.

    Followers elsewhere are asked by a Move to follow the new account. The old one stays, and can be
    read. Raises Invalid where the two do not name each other, or the last move was days ago.
    """
    me, target = _facts(tx, actor_id), _facts(tx, target_id)
    if target.id == me.id:
        raise Invalid("This is the account that you are using.")
    if target.deleted_at is not None or target.moved_to is not None:
        raise Invalid("That account is gone, or has moved on itself.")
    if me.uri not in target.also_known_as:
        raise Invalid(
            f"That account does not name this one yet. In its settings, add {me.uri} as another account of yours; "
            "then try again."
        )
    if me.moved_at is not None and here.now() < me.moved_at + BETWEEN_MOVES:
        raise Invalid(f"An account can move once in {BETWEEN_MOVES.days} days, and this one moved not so long ago.")
    carried = people.move(tx, old_id=me.id, new_id=target.id, here=here)
    enqueue(tx, SendMove(actor_id), due=here.now())
    return carried


def come_back(tx: Connection, here: Here, *, actor_id: int) -> None:
    """The page says no more that its owner has moved. Followers who went along do not come back by this."""
    if _facts(tx, actor_id).moved_to is None:
        return
    tx.execute(COME_BACK, {"actor": actor_id})
    enqueue(tx, PublishActor(actor_id), due=here.now())


def _name(tx: Connection, here: Here, actor_id: int, names: list[str]) -> None:
    tx.execute(KNOW_AS, {"actor": actor_id, "names": names})
    enqueue(tx, PublishActor(actor_id), due=here.now())


def _facts(tx: Connection, actor_id: int) -> Facts:
    row = tx.execute(FACTS, {"actor": actor_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such account.")
    return Facts(*row)
