"""Reports as apps read them: as whoever reported may, which is without what became of it in words."""

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection

from fedishare.api.calls import Call, stamp, stamp_or_none
from fedishare.api.entities import accounts
from fedishare.api.entities.accounts import Account
from fedishare.queries import reports


class Report(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    action_taken: bool
    action_taken_at: str | None
    category: str
    comment: str
    forwarded: bool
    created_at: str
    status_ids: tuple[str, ...]
    rule_ids: tuple[str, ...]
    target_account: Account


def many(tx: Connection, call: Call, ids: Iterable[int]) -> dict[int, Report]:
    """Three statements, or none. Whether somebody may see them is for the caller to ask."""
    rows = reports.by_ids(tx, ids)
    targets = accounts.many(tx, call, {row.target_id for row in rows.values()}) if rows else {}
    return {
        row.id: Report(
            id=str(row.id),
            action_taken=row.resolved_at is not None,
            action_taken_at=stamp_or_none(row.resolved_at),
            category=row.category,
            comment=row.comment,
            forwarded=row.forwarded,
            created_at=stamp(row.created_at),
            status_ids=tuple(map(str, row.post_ids)),
            rule_ids=tuple(row.rules),
            target_account=targets[row.target_id],
        )
        for row in rows.values()
        if row.target_id in targets
    }
