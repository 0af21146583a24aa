"""Whose notices somebody wants to see at once, and those of others, which wait to be asked for."""

from collections.abc import Callable
from typing import Final

import msgspec
from sqlalchemy import Connection

from fedishare.api import acting
from fedishare.api.calls import Answer, Call, nothing, stamp
from fedishare.api.entities import accounts, statuses
from fedishare.api.entities.accounts import Account
from fedishare.api.entities.statuses import Status
from fedishare.api.routes import Routes
from fedishare.api.turning import turned
from fedishare.core.errors import Invalid
from fedishare.domain.notices import Policy, Verdict
from fedishare.queries import notifications
from fedishare.queries.notifications import Asking, Wanted
from fedishare.services import policies

USUAL: Final = 40
MOST_COUNTED: Final = 100
MOST_SETTLED: Final = 10_000
# The first version could only hold back.
FIRST: Final = {
    "filter_not_following": "for_not_following",
    "filter_not_followers": "for_not_followers",
    "filter_new_accounts": "for_new_accounts",
    "filter_private_mentions": "for_private_mentions",
}

routes: Final = Routes()


class Summary(msgspec.Struct, frozen=True):
    pending_requests_count: int
    pending_notifications_count: int


class NotificationPolicy(msgspec.Struct, frozen=True, kw_only=True):
    for_not_following: str
    for_not_followers: str
    for_new_accounts: str
    for_private_mentions: str
    for_limited_accounts: str
    summary: Summary


class V1NotificationPolicy(msgspec.Struct, frozen=True, kw_only=True):
    filter_not_following: bool
    filter_not_followers: bool
    filter_new_accounts: bool
    filter_private_mentions: bool
    summary: Summary


class NotificationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whose notices wait. It goes by their id: there is one for each."""

    id: str
    created_at: str
    updated_at: str
    notifications_count: str
    account: Account
    last_status: Status | None


@routes.reads("GET", "/api/v2/notifications/policy", scope="read:notifications")
def show(tx: Connection, call: Call) -> NotificationPolicy:
    return _shown(tx, call)


@routes.writes("PATCH", "/api/v2/notifications/policy", scope="write:notifications")
@routes.writes("PUT", "/api/v2/notifications/policy", scope="write:notifications")
def change(tx: Connection, call: Call) -> NotificationPolicy:
    said = {name: call.params.text(name) for name in Policy._fields if call.params.text(name)}
    if not set(said.values()) <= set(Verdict):
        raise Invalid(f"Validation failed: each part of the policy is one of {', '.join(Verdict)}.")
    _decide(tx, call, {name: Verdict(value) for name, value in said.items()})
    return _shown(tx, call)


@routes.reads("GET", "/api/v1/notifications/policy", scope="read:notifications")
def show_first(tx: Connection, call: Call) -> V1NotificationPolicy:
    return _shown_first(tx, call)


@routes.writes("PATCH", "/api/v1/notifications/policy", scope="write:notifications")
@routes.writes("PUT", "/api/v1/notifications/policy", scope="write:notifications")
def change_first(tx: Connection, call: Call) -> V1NotificationPolicy:
    said = {name: call.params.flag(old) for old, name in FIRST.items()}
    verdicts = {name: Verdict.FILTER if value else Verdict.ACCEPT for name, value in said.items() if value is not None}
    _decide(tx, call, verdicts)
    return _shown_first(tx, call)


@routes.reads("GET", "/api/v1/notifications/requests", scope="read:notifications")
def show_requests(tx: Connection, call: Call) -> Answer:
    page = call.page(usual=USUAL)
    wanted = Wanted(call.me, call.now, before=page.before, above=page.above, is_upward=page.is_upward)
    rows = notifications.asking(tx, wanted, limit=page.limit)
    return turned(call, _requests(tx, call, rows), page=page, keys=[row.last_id for row in rows])


@routes.reads("GET", "/api/v1/notifications/requests/merged", scope="read:notifications")
def are_merged(tx: Connection, call: Call) -> dict[str, bool]:  # noqa: ARG001 -- every endpoint has them
    """What was accepted shows at once, so there is nothing to wait for."""
    return {"merged": True}


@routes.writes("POST", "/api/v1/notifications/requests/accept", scope="write:notifications")
def accept_several(tx: Connection, call: Call) -> None:
    _settle(tx, call, policies.accept, call.params.ids("id"))


@routes.writes("POST", "/api/v1/notifications/requests/dismiss", scope="write:notifications")
def dismiss_several(tx: Connection, call: Call) -> None:
    _settle(tx, call, policies.dismiss, call.params.ids("id"))


@routes.reads("GET", "/api/v1/notifications/requests/{id}", scope="read:notifications")
def show_request(tx: Connection, call: Call) -> NotificationRequest:
    found = _requests(tx, call, _of(tx, call, call.id()))
    if not found:
        raise nothing()
    return found[0]


@routes.writes("POST", "/api/v1/notifications/requests/{id}/accept", scope="write:notifications")
def accept(tx: Connection, call: Call) -> None:
    _settle(tx, call, policies.accept, [call.id()])


@routes.writes("POST", "/api/v1/notifications/requests/{id}/dismiss", scope="write:notifications")
def dismiss(tx: Connection, call: Call) -> None:
    _settle(tx, call, policies.dismiss, [call.id()])


def _of(tx: Connection, call: Call, sender_id: int) -> list[Asking]:
    return notifications.asking(tx, Wanted(call.me, call.now, actor_id=sender_id), limit=1)


def _settle(tx: Connection, call: Call, settle: Callable[..., None], senders: list[int]) -> None:
    """Raises NotFound, and settles none, where one of these does not wait."""
    waiting = {row.actor_id for row in notifications.asking(tx, Wanted(call.me, call.now), limit=MOST_SETTLED)}
    if not waiting.issuperset(senders):
        raise nothing()
    settle(tx, call.here, recipient_id=acting.me(tx, call), senders=senders)


def _decide(tx: Connection, call: Call, verdicts: dict[str, Verdict]) -> None:
    former = notifications.policy(tx, recipient_id=call.me)
    policies.decide(tx, recipient_id=acting.me(tx, call), policy=former._replace(**verdicts))


def _shown(tx: Connection, call: Call) -> NotificationPolicy:
    policy = notifications.policy(tx, recipient_id=call.me)
    return NotificationPolicy(**policy._asdict(), summary=_summary(tx, call))


def _shown_first(tx: Connection, call: Call) -> V1NotificationPolicy:
    policy = notifications.policy(tx, recipient_id=call.me)
    holds = {old: getattr(policy, name) is not Verdict.ACCEPT for old, name in FIRST.items()}
    return V1NotificationPolicy(**holds, summary=_summary(tx, call))


def _summary(tx: Connection, call: Call) -> Summary:
    waiting = notifications.asking(tx, Wanted(call.me, call.now), limit=MOST_COUNTED)
    return Summary(len(waiting), sum(row.notices for row in waiting))


def _requests(tx: Connection, call: Call, rows: list[Asking]) -> list[NotificationRequest]:
    people = accounts.many(tx, call, [row.actor_id for row in rows])
    posts = statuses.many(tx, call, [row.post_id for row in rows if row.post_id is not None]) if rows else {}
    return [
        NotificationRequest(
            id=str(row.actor_id),
            created_at=stamp(row.first_at),
            updated_at=stamp(row.last_at),
            notifications_count=str(row.notices),
            account=people[row.actor_id],
            last_status=posts.get(row.post_id) if row.post_id is not None else None,
        )
        for row in rows
        if row.actor_id in people
    ]
