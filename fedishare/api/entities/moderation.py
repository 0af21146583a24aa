"""Accounts, reports and blocked servers as the apps of moderators read them."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

import msgspec
from sqlalchemy import Connection

from fedishare.api.calls import Call, stamp, stamp_or_none
from fedishare.api.entities import accounts, statuses
from fedishare.api.entities.accounts import Account
from fedishare.api.entities.credentials import RoleEntity
from fedishare.api.entities.statuses import Status
from fedishare.domain.permissions import Role
from fedishare.queries import decisions
from fedishare.queries.decisions import Standing
from fedishare.queries.nodes import BlockedLine
from fedishare.queries.reports import ReportRow

# As own accounts show them, with Mastodon's bits for what they may.
ROLES: Final = {
    Role.MEMBER: RoleEntity(id="-99", name="", permissions="0"),
    Role.MODERATOR: RoleEntity(id="1", name="Moderator", permissions=str(0x10 | 0x20 | 0x400)),
    Role.ADMIN: RoleEntity(id="2", name="Administrator", permissions="1"),
}


class AdminAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody waits to be approved here, nobody is limited, and addresses of people are not kept."""

    id: str
    username: str
    domain: str | None
    created_at: str
    email: str | None
    ip: None = None
    ips: tuple[()] = ()
    locale: str | None
    invite_request: None = None
    role: RoleEntity | None
    confirmed: bool = True
    approved: bool = True
    disabled: bool
    silenced: bool = False
    suspended: bool
    sensitized: bool = False
    account: Account
    created_by_application_id: None = None
    invited_by_account_id: None = None


class AdminReport(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    action_taken: bool
    action_taken_at: str | None
    category: str
    comment: str
    forwarded: bool
    created_at: str
    updated_at: str
    account: AdminAccount
    target_account: AdminAccount
    assigned_account: AdminAccount | None
    action_taken_by_account: AdminAccount | None
    statuses: tuple[Status, ...]
    rules: tuple[()] = ()


class AdminDomainBlock(msgspec.Struct, frozen=True, kw_only=True):
    """A server is blocked altogether or not at all. The reason is for moderators."""

    id: str
    domain: str
    digest: str
    created_at: str
    severity: str = "suspend"
    reject_media: bool = True
    reject_reports: bool = True
    private_comment: str
    public_comment: None = None
    obfuscate: bool = False


def people(tx: Connection, call: Call, rows: Sequence[Standing]) -> list[AdminAccount]:
    """One statement, or none."""
    shown = accounts.many(tx, call, [row.id for row in rows])
    return [_person(row, shown[row.id]) for row in rows if row.id in shown]


def _person(row: Standing, account: Account) -> AdminAccount:
    return AdminAccount(
        id=str(row.id),
        username=row.username,
        domain=None if row.local else row.domain,
        created_at=stamp(row.created_at),
        email=row.email,
        locale="en" if row.local else None,
        role=ROLES[Role(row.role)] if row.role is not None else None,
        disabled=row.disabled_at is not None,
        suspended=row.suspended_at is not None,
        account=account,
    )


def reports(tx: Connection, call: Call, rows: Sequence[ReportRow]) -> list[AdminReport]:
    """In a number of statements that does not grow. Whoever reported from a server as such is not a person to show."""
    named = {
        key for row in rows for key in (row.reporter_id, row.target_id, row.assigned_id, row.resolved_by_id) if key
    }
    known = {int(each.id): each for each in people(tx, call, list(decisions.anybody(tx, sorted(named)).values()))}
    posts = statuses.many(tx, call, {key for row in rows for key in row.post_ids}) if rows else {}
    return [_report(row, known, posts) for row in rows if row.reporter_id in known and row.target_id in known]


def _report(row: ReportRow, known: Mapping[int, AdminAccount], posts: Mapping[int, Status]) -> AdminReport:
    return AdminReport(
        id=str(row.id),
        action_taken=row.resolved_at is not None,
        action_taken_at=stamp_or_none(row.resolved_at),
        category=row.category,
        comment=row.comment,
        forwarded=row.forwarded,
        created_at=stamp(row.created_at),
        updated_at=stamp(row.resolved_at or row.created_at),
        account=known[row.reporter_id],
        target_account=known[row.target_id],
        assigned_account=known.get(row.assigned_id or 0),
        action_taken_by_account=known.get(row.resolved_by_id or 0),
        statuses=tuple(posts[key] for key in row.post_ids if key in posts),
    )


def number(domain: str) -> int:
    """The id of a blocked server, which goes by its name: the same on every node."""
    return int.from_bytes(sha256(domain.encode()).digest()[:8]) >> 1


def block(row: BlockedLine) -> AdminDomainBlock:
    return AdminDomainBlock(
        id=str(number(row.domain)),
        domain=row.domain,
        digest=sha256(row.domain.encode()).hexdigest(),
        created_at=stamp(row.created_at),
        private_comment=row.reason,
    )
