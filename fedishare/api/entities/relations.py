"""How the asker stands to somebody."""

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection

from fedishare.api.calls import Call
from fedishare.domain.kinds import FollowState
from fedishare.queries import relations
from fedishare.queries.relations import Standing


class Relationship(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    following: bool
    showing_reblogs: bool
    notifying: bool = False
    languages: tuple[()] | None = None
    followed_by: bool
    blocking: bool
    blocked_by: bool
    muting: bool
    muting_notifications: bool
    muting_expires_at: None = None
    requested: bool
    requested_by: bool
    domain_blocking: bool = False
    endorsed: bool = False
    note: str


def many(tx: Connection, call: Call, others: Iterable[int]) -> list[Relationship]:
    """How the asker stands to each of the others, in six statements however many there are."""
    found = relations.standings(tx, me=call.me, others=others)
    return [_relationship(other, standing) for other, standing in found.items()]


def one(tx: Connection, call: Call, other: int) -> Relationship:
    return many(tx, call, [other])[0]


def _relationship(other: int, standing: Standing) -> Relationship:
    following = standing.following is FollowState.ACCEPTED
    return Relationship(
        id=str(other),
        following=following,
        showing_reblogs=following,
        followed_by=standing.followed_by is FollowState.ACCEPTED,
        blocking=standing.blocking,
        blocked_by=standing.blocked_by,
        muting=standing.muting,
        # Whoever is muted does not come up in the notices either.
        muting_notifications=standing.muting,
        requested=standing.following is FollowState.REQUESTED,
        requested_by=standing.followed_by is FollowState.REQUESTED,
        note=standing.remark,
    )
