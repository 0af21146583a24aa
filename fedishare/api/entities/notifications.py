"""Notices as apps read them: one by one, and many as one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import Connection

from fedishare.api.calls import Call, stamp
from fedishare.api.entities import accounts, reports, statuses
from fedishare.api.entities.accounts import Account
from fedishare.api.entities.reports import Report
from fedishare.api.entities.statuses import Status
from fedishare.domain.kinds import NoticeKind
from fedishare.domain.notices import SAID, TYPES, WITH_POST, key
from fedishare.queries.notifications import Told


class Fallback(msgspec.Struct, frozen=True):
    """What happened in words, for kinds of ours that go by the nearest word apps know."""

    title: str
    summary: str | None


class AccountWarning(msgspec.Struct, frozen=True, kw_only=True):
    """What the moderators of a room decided."""

    id: str
    action: str = "none"
    text: str
    status_ids: tuple[str, ...]
    target_account: Account
    appeal: None = None
    created_at: str


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    type: str
    created_at: str
    group_key: str
    account: Account
    status: Status | UnsetType = UNSET
    report: Report | UnsetType = UNSET
    moderation_warning: AccountWarning | UnsetType = UNSET
    fallback: Fallback | UnsetType = UNSET
    filtered: bool | UnsetType = UNSET


class Parts(NamedTuple):
    """What notices are put together from."""

    accounts: Mapping[int, Account]
    statuses: Mapping[int, Status]
    reports: Mapping[int, Report]


def gather(tx: Connection, call: Call, rows: Sequence[Told]) -> Parts:
    """All that these notices are about, in a number of statements that does not grow with them."""
    posts = list(dict.fromkeys(row.post_id for row in rows if row.post_id and TYPES[row.kind] in WITH_POST))
    people = {row.actor_id for row in rows}
    if any(row.kind is NoticeKind.RULING for row in rows):
        people.add(call.me)
    return Parts(
        accounts.many(tx, call, people),
        statuses.many(tx, call, posts) if posts else {},
        reports.many(tx, call, _reports(rows)),
    )


def many(tx: Connection, call: Call, rows: Sequence[Told]) -> list[Notification]:
    """Those of the notices that there is still something to show of: a post may be gone, or not for them any more."""
    parts = gather(tx, call, rows)
    return [_one(call, row, parts) for row in rows if is_whole(row, parts)]


def is_whole(row: Told, parts: Parts) -> bool:
    """Whether all is there without which apps cannot show a notice."""
    if row.actor_id not in parts.accounts:
        return False
    match TYPES[row.kind]:
        case "admin.report":
            return report_id(row) in parts.reports
        case word if word in WITH_POST:
            return row.post_id in parts.statuses
        case _:
            return True


def group_key(row: Told) -> str:
    found = key(row.kind, row.post_id, row.created_at)
    return found.text if found is not None else f"ungrouped-{row.id}"


def report_id(row: Told) -> int:
    """What a notice of a report is about."""
    return int(row.cause) if row.kind is NoticeKind.REPORT and row.cause.isdecimal() else 0


def warning(call: Call, row: Told, parts: Parts) -> AccountWarning | UnsetType:
    if row.kind is not NoticeKind.RULING or call.me not in parts.accounts:
        return UNSET
    return AccountWarning(
        id=str(row.id),
        text=row.line,
        status_ids=(str(row.post_id),) if row.post_id is not None else (),
        target_account=parts.accounts[call.me],
        created_at=stamp(row.created_at),
    )


def fallback(row: Told, account: Account) -> Fallback | UnsetType:
    said = SAID.get(row.kind)
    return Fallback(said.format(name=account.display_name), row.line or None) if said is not None else UNSET


def _one(call: Call, row: Told, parts: Parts) -> Notification:
    account, word = parts.accounts[row.actor_id], TYPES[row.kind]
    return Notification(
        id=str(row.id),
        type=word,
        created_at=stamp(row.created_at),
        group_key=group_key(row),
        account=account,
        status=parts.statuses[row.post_id] if row.post_id is not None and word in WITH_POST else UNSET,
        report=parts.reports.get(report_id(row), UNSET),
        moderation_warning=warning(call, row, parts),
        fallback=fallback(row, account),
        filtered=True if row.is_held else UNSET,
    )


def _reports(rows: Iterable[Told]) -> set[int]:
    return {found for row in rows if (found := report_id(row))}
