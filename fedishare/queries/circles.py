"""Who of one server follows an actor, as both servers should know it (FEP-8fcf)."""

from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, select

from fedishare.core import hosts
from fedishare.core.errors import Invalid
from fedishare.db.follows import Follow
from fedishare.db.people import Actor
from fedishare.domain.kinds import FollowState

# As in Mastodon: above that the sum takes longer than it is worth.
MOST: Final = 25_000
_followers: Final = (
    select(Actor.uri, Actor.id)
    .join(Follow, Follow.follower_id == Actor.id)
    .where(Follow.followee_id == bindparam("followee"), Follow.state == FollowState.ACCEPTED)
    .where(Actor.suspended_at.is_(None), Actor.deleted_at.is_(None))
    .limit(MOST)
)
AT: Final = _followers.where(Actor.host == bindparam("host"), ~Actor.local)
HERE: Final = _followers.where(Actor.local)
FOLLOWED: Final = select(Actor.uri, Actor.followers).where(Actor.id == bindparam("actor"))


class Circle(NamedTuple):
    """An actor of ours, and those followers who live at one origin."""

    actor: str
    followers: str
    members: tuple[str, ...]


def at_origin(tx: Connection, *, actor_id: int, url: str) -> Circle | None:
    """The followers at the origin of `url`; nothing for an actor without followers or with too many there."""
    owner = tx.execute(FOLLOWED, {"actor": actor_id}).one_or_none()
    try:
        origin = hosts.origin_of(url)
    except Invalid:
        return None
    if owner is None or owner.followers is None:
        return None
    rows = tx.execute(AT, {"followee": actor_id, "host": origin.authority}).all()
    if len(rows) >= MOST:
        return None
    return Circle(owner.uri, owner.followers, tuple(row.uri for row in rows if hosts.same_origin(row.uri, url)))


def here(tx: Connection, *, actor_id: int) -> dict[str, int]:
    """Our own people who follow an actor elsewhere, and were accepted: address and id."""
    return {row.uri: row.id for row in tx.execute(HERE, {"followee": actor_id})}
