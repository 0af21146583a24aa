"""Notices with those told as one that are of one kind and about one post: the second version of the API."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import Connection

from fedishare.api import acting
from fedishare.api.calls import Answer, Call, nothing, stamp
from fedishare.api.entities import accounts
from fedishare.api.entities import notifications as entities
from fedishare.api.entities.accounts import Account
from fedishare.api.entities.notifications import AccountWarning, Fallback, Parts
from fedishare.api.entities.reports import Report
from fedishare.api.entities.statuses import Status
from fedishare.api.notifications import COUNTED, USUAL, wanted
from fedishare.api.params import is_id
from fedishare.api.routes import Routes
from fedishare.api.turning import turned
from fedishare.domain.notices import GROUPED, TYPES, WITH_POST, read_key
from fedishare.queries import notifications
from fedishare.queries.notifications import Told, Wanted
from fedishare.services import notices

# So many notices are looked through for each group that may be wanted.
LOOKED_THROUGH: Final = 10
MOST_IN_ONE: Final = 400
SAMPLE: Final = 8
UNGROUPED: Final = "ungrouped-"

routes: Final = Routes()


class NotificationGroup(msgspec.Struct, frozen=True, kw_only=True):
    """`page_min_id` and `page_max_id` are the first and the last of the group on this page."""

    group_key: str
    notifications_count: int
    type: str
    most_recent_notification_id: int
    page_min_id: str
    page_max_id: str
    latest_page_notification_at: str
    sample_account_ids: tuple[str, ...]
    status_id: str | UnsetType = UNSET
    report: Report | UnsetType = UNSET
    moderation_warning: AccountWarning | UnsetType = UNSET
    fallback: Fallback | UnsetType = UNSET


class PartialAccount(msgspec.Struct, frozen=True, kw_only=True):
    """As much of somebody as a row of small pictures shows."""

    id: str
    acct: str
    locked: bool
    bot: bool
    url: str
    avatar: str
    avatar_static: str


class Results(msgspec.Struct, frozen=True, kw_only=True):
    accounts: tuple[Account, ...]
    partial_accounts: tuple[PartialAccount, ...] | UnsetType = UNSET
    statuses: tuple[Status, ...]
    notification_groups: tuple[NotificationGroup, ...]


@routes.reads("GET", "/api/v2/notifications", scope="read:notifications")
def show_all(tx: Connection, call: Call) -> Answer:
    page = call.page(usual=USUAL)
    rows = notifications.page(tx, wanted(call, page), limit=page.limit * LOOKED_THROUGH)
    groups = _groups(call, rows, most=page.limit, is_upward=page.is_upward)
    found = _results(tx, call, groups)
    keys = sorted((row.id for group in groups for row in group), reverse=True)
    return turned(call, found, page=page, keys=keys, is_full=len(groups) >= page.limit or len(keys) < len(rows))


@routes.reads("GET", "/api/v2/notifications/unread_count", scope="read:notifications")
def count(tx: Connection, call: Call) -> dict[str, int]:
    limit = call.page(usual=COUNTED, most=notifications.MOST_COUNTED).limit
    unseen = wanted(call)._replace(unseen_only=True)
    rows = notifications.page(tx, unseen, limit=notifications.MOST_COUNTED)
    return {"count": len(_groups(call, rows, most=limit))}


@routes.reads("GET", "/api/v2/notifications/{key}", scope="read:notifications")
def show(tx: Connection, call: Call) -> Results:
    return _results(tx, call, [_group(tx, call)])


# Mastodon's documentation asks for the one scope, its code for the other.
@routes.reads("GET", "/api/v2/notifications/{key}/accounts", scope=("read:notifications", "write:notifications"))
def show_accounts(tx: Connection, call: Call) -> Answer:
    rows, page = _group(tx, call), call.page(usual=USUAL)
    part = [row for row in rows if page.above < row.id < page.before]
    part = part[-page.limit :] if page.is_upward and page.limit else part[: page.limit]
    people = accounts.present(tx, call, dict.fromkeys(row.actor_id for row in part))
    return turned(call, people, page=page, keys=[row.id for row in part])


@routes.writes("POST", "/api/v2/notifications/{key}/dismiss", scope="write:notifications")
def dismiss(tx: Connection, call: Call) -> None:
    notices.dismiss(tx, recipient_id=acting.me(tx, call), ids=[row.id for row in _group(tx, call)])


def _group(tx: Connection, call: Call) -> list[Told]:
    """The notices of one key. Raises NotFound where there are none."""
    text, mine = call.path["key"], Wanted(call.me, call.now)
    alone = text.removeprefix(UNGROUPED)
    if alone != text:
        is_one = alone.isascii() and alone.isdecimal() and is_id(alone)
        row = notifications.one(tx, mine, notice_id=int(alone)) if is_one else None
        rows = [row] if row is not None else []
    else:
        key = read_key(text)
        rows = notifications.group(tx, mine, key, limit=MOST_IN_ONE) if key is not None else []
    if not rows:
        raise nothing()
    return rows


def _groups(call: Call, rows: Sequence[Told], *, most: int, is_upward: bool = False) -> list[list[Told]]:
    """The notices by group, and the groups by their latest notice; a page ends where one more group would begin."""
    asked = call.params.texts("grouped_types")
    together = frozenset(asked) if asked else frozenset(GROUPED)
    found: dict[str, list[Told]] = {}
    for row in reversed(rows) if is_upward else rows:
        name = entities.group_key(row) if TYPES[row.kind] in together else f"{UNGROUPED}{row.id}"
        if name not in found and len(found) >= most:
            break
        found.setdefault(name, []).append(row)
    groups = [sorted(group, reverse=True) for group in found.values()]
    return sorted(groups, key=lambda group: group[0].id, reverse=True)


def _results(tx: Connection, call: Call, groups: Sequence[Sequence[Told]]) -> Results:
    parts = entities.gather(tx, call, [row for group in groups for row in group])
    told = [_told(call, [row for row in group if entities.is_whole(row, parts)], parts) for group in groups]
    kept = [one for one in told if one is not None]
    people = list(dict.fromkeys(int(key) for one in kept for key in one.sample_account_ids))
    posts = dict.fromkeys(int(one.status_id) for one in kept if isinstance(one.status_id, str))
    shown = tuple(parts.statuses[key] for key in posts)
    if call.params.text("expand_accounts") != "partial_avatars":
        everybody = tuple(parts.accounts[key] for key in people)
        return Results(accounts=everybody, statuses=shown, notification_groups=tuple(kept))
    first = dict.fromkeys(int(one.sample_account_ids[0]) for one in kept)
    return Results(
        accounts=tuple(parts.accounts[key] for key in first),
        partial_accounts=tuple(_partial(parts.accounts[key]) for key in people if key not in first),
        statuses=shown,
        notification_groups=tuple(kept),
    )


def _told(call: Call, rows: Sequence[Told], parts: Parts) -> NotificationGroup | None:
    """A group as far as there is something to show of it."""
    if not rows:
        return None
    last, first = rows[0], rows[-1]
    word, asked = TYPES[last.kind], call.params.texts("grouped_types")
    is_grouped = not asked or word in asked
    people = _texts(dict.fromkeys(row.actor_id for row in rows))
    return NotificationGroup(
        group_key=entities.group_key(last) if is_grouped else f"{UNGROUPED}{last.id}",
        notifications_count=len(rows),
        type=word,
        most_recent_notification_id=last.id,
        page_min_id=str(first.id),
        page_max_id=str(last.id),
        latest_page_notification_at=stamp(last.created_at),
        sample_account_ids=people[:SAMPLE],
        status_id=str(last.post_id) if word in WITH_POST else UNSET,
        report=parts.reports.get(entities.report_id(last), UNSET),
        moderation_warning=entities.warning(call, last, parts),
        fallback=entities.fallback(last, parts.accounts[last.actor_id]),
    )


def _partial(account: Account) -> PartialAccount:
    return PartialAccount(**{name: getattr(account, name) for name in PartialAccount.__struct_fields__})


def _texts(ids: Iterable[int]) -> tuple[str, ...]:
    return tuple(map(str, ids))
