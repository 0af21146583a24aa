"""Conversations as apps read them: who else takes part, and the last word."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection

from fedishare.api.calls import Call
from fedishare.api.entities import accounts, statuses
from fedishare.api.entities.accounts import Account
from fedishare.api.entities.statuses import Status
from fedishare.queries.talks import TalkRow


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """`accounts` are the others; whoever speaks to themselves is alone in it."""

    id: str
    unread: bool
    accounts: tuple[Account, ...]
    last_status: Status | None


def many(tx: Connection, call: Call, rows: Sequence[TalkRow]) -> list[Conversation]:
    """As many statements for one as for all of them, or none."""
    if not rows:
        return []
    with_whom = {row.id: row.others or (call.me,) for row in rows}
    people = accounts.many(tx, call, {actor_id for others in with_whom.values() for actor_id in others})
    posts = statuses.many(tx, call, [row.post_id for row in rows])
    return [
        Conversation(
            id=str(row.id),
            unread=row.unread,
            accounts=tuple(people[actor_id] for actor_id in with_whom[row.id] if actor_id in people),
            last_status=posts.get(row.post_id),
        )
        for row in rows
    ]
