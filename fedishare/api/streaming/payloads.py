"""What is told, in words: the entities of the API as JSON, made in one go for all of it."""

from collections.abc import Collection

from sqlalchemy import Connection

from fedishare.api.calls import Call
from fedishare.api.entities import conversations, notifications, statuses
from fedishare.core import json
from fedishare.queries import notifications as notices
from fedishare.queries import talks
from fedishare.queries.notifications import Wanted


def posts(tx: Connection, call: Call, ids: Collection[int]) -> dict[int, str]:
    """Posts and boosts, as far as the one who asks may see them."""
    return {key: bytes(status).decode() for key, status in statuses.many(tx, call, ids).items()} if ids else {}


def told(tx: Connection, call: Call, ids: Collection[int]) -> dict[int, str]:
    """Notices, but for those of a kind that apps do not know, and those that their policy holds back."""
    wanted = Wanted(recipient_id=call.me, now=call.now)
    found = [notices.one(tx, wanted, notice_id=key) for key in sorted(ids)]
    rows = [row for row in found if row is not None and not row.is_held]
    return {int(one.id): json.dumps(one).decode() for one in notifications.many(tx, call, rows)} if rows else {}


def talked(tx: Connection, call: Call, ids: Collection[int]) -> dict[int, str]:
    """The conversations in which these posts were said, by the posts' ids."""
    found = {key: talks.with_post(tx, owner_id=call.me, post_id=key) for key in ids}
    rows = {key: row for key, row in found.items() if row is not None}
    shown = conversations.many(tx, call, list(rows.values()))
    return {key: json.dumps(one).decode() for key, one in zip(rows, shown, strict=True)}
