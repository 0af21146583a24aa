"""How the asker stands to somebody."""

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection

from fedishare.api.calls import Call, stamp_or_none
from fedishare.api.entities import accounts
from fedishare.api.entities.accounts import Account
from fedishare.domain.kinds import FollowState
from fedishare.queries import relations
from fedishare.queries.relations import Standing


class Relationship(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    following: bool
    showing_reblogs: bool
    notifying: bool
    languages: tuple[str, ...] | None
    followed_by: bool
    blocking: bool
    blocked_by: bool
    muting: bool
    muting_notifications: bool
    muting_expires_at: str | None
    requested: bool
    requested_by: bool
    domain_blocking: bool
    endorsed: bool
    note: str


def many(tx: Connection, call: Call, others: Iterable[int]) -> list[Relationship]:
    """How the asker stands to each of the others, in five statements however many there are."""
    found = relations.standings(tx, me=call.me, others=others)
    return [_relationship(other, standing) for other, standing in found.items()]


def one(tx: Connection, call: Call, other: int) -> Relationship:
    return many(tx, call, [other])[0]


class MutedAccount(Account, frozen=True, kw_only=True):
    mute_expires_at: str | None


def muted(tx: Connection, call: Call, ids: Iterable[int]) -> list[MutedAccount]:
    """Those whom the asker muted, with the end of it."""
    shown = accounts.present(tx, call, ids)
    mutes = relations.mutings(tx, me=call.me, others=[int(each.id) for each in shown]) if shown else {}
    return [
        MutedAccount(**msgspec.structs.asdict(each), mute_expires_at=stamp_or_none(mutes[int(each.id)].ends_at))
        for each in shown
        if int(each.id) in mutes
    ]


def _relationship(other: int, standing: Standing) -> Relationship:
    following, wish, mute = standing.following is FollowState.ACCEPTED, standing.follow, standing.mute
    return Relationship(
        id=str(other),
        following=following,
        showing_reblogs=following and wish is not None and wish.boosts,
        notifying=following and wish is not None and wish.notify,
        languages=wish.languages if following and wish is not None else None,
        followed_by=standing.followed_by is FollowState.ACCEPTED,
        blocking=standing.blocking,
        blocked_by=standing.blocked_by,
        muting=mute is not None,
        muting_notifications=mute is not None and mute.notices,
        muting_expires_at=stamp_or_none(mute.ends_at) if mute else None,
        requested=standing.following is FollowState.REQUESTED,
        requested_by=standing.followed_by is FollowState.REQUESTED,
        domain_blocking=standing.shunning,
        endorsed=standing.endorsing,
        note=standing.remark,
    )
