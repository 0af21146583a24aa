"""Lists: making and changing them, who is on them, and what they show."""

from typing import Final

from sqlalchemy import Connection

from fedishare.api import acting
from fedishare.api.calls import Answer, Call, nothing
from fedishare.api.entities import accounts, statuses
from fedishare.api.entities import lists as entities
from fedishare.api.entities.lists import List
from fedishare.api.routes import Routes
from fedishare.api.turning import turned
from fedishare.domain.lists import RepliesPolicy
from fedishare.queries import lists
from fedishare.queries.lists import ListRow
from fedishare.services import lists as services
from fedishare.services.lists import Wording

ACCOUNTS: Final = 40
POSTS: Final = 20

routes: Final = Routes()


@routes.reads("GET", "/api/v1/lists", scope="read:lists")
def show_all(tx: Connection, call: Call) -> list[List]:
    return [entities.of(row) for row in lists.of(tx, owner_id=call.me)]


@routes.writes("POST", "/api/v1/lists", scope="write:lists")
def create(tx: Connection, call: Call) -> List:
    sent = call.params
    policy = sent.text("replies_policy") or RepliesPolicy.LIST
    wording = Wording(sent.text("title"), policy, bool(sent.flag("exclusive")))
    return entities.of(services.create(tx, call.here, owner_id=acting.me(tx, call), wording=wording))


@routes.reads("GET", "/api/v1/lists/{id}", scope="read:lists")
def show(tx: Connection, call: Call) -> List:
    return entities.of(_own(tx, call))


@routes.writes("PUT", "/api/v1/lists/{id}", scope="write:lists")
def change(tx: Connection, call: Call) -> List:
    row, sent = _own(tx, call), call.params
    alone = sent.flag("exclusive")
    wording = Wording(
        sent.text("title", row.title),
        sent.text("replies_policy") or row.replies_policy,
        row.exclusive if alone is None else alone,
    )
    return entities.of(services.change(tx, owner_id=acting.me(tx, call), list_id=row.id, wording=wording))


@routes.writes("DELETE", "/api/v1/lists/{id}", scope="write:lists")
def remove(tx: Connection, call: Call) -> None:
    services.remove(tx, owner_id=acting.me(tx, call), list_id=call.id())


@routes.reads("GET", "/api/v1/lists/{id}/accounts", scope="read:lists")
def show_members(tx: Connection, call: Call) -> Answer:
    row, page = _own(tx, call), call.page(usual=ACCOUNTS)
    # An app that asks for none wants all of them.
    limit = page.limit or None
    found = lists.members(
        tx, row, before=page.before, above=page.above, limit=limit, is_upward=page.is_upward and limit is not None
    )
    shown = accounts.present(tx, call, [each.actor_id for each in found])
    if not found or limit is None:
        return Answer(shown)
    return call.listed(shown, page=page, newest=found[0].key, oldest=found[-1].key)


@routes.writes("POST", "/api/v1/lists/{id}/accounts", scope="write:lists")
def put_on(tx: Connection, call: Call) -> None:
    services.put_on(
        tx, call.here, owner_id=acting.me(tx, call), list_id=call.id(), actor_ids=call.params.ids("account_ids")
    )


@routes.writes("DELETE", "/api/v1/lists/{id}/accounts", scope="write:lists")
def take_off(tx: Connection, call: Call) -> None:
    services.take_off(tx, owner_id=acting.me(tx, call), list_id=call.id(), actor_ids=call.params.ids("account_ids"))


@routes.reads("GET", "/api/v1/timelines/list/{id}", scope="read:lists")
def timeline(tx: Connection, call: Call) -> Answer:
    page = call.page(usual=POSTS)
    ids = lists.timeline(
        tx,
        list_id=call.id(),
        owner_id=call.me,
        before=page.before,
        above=page.above,
        limit=page.limit,
        is_upward=page.is_upward,
    )
    if ids is None:
        raise nothing()
    return turned(call, statuses.present(tx, call, ids), page=page, keys=ids)


@routes.reads("GET", "/api/v1/accounts/{id}/lists", scope="read:lists")
def with_account(tx: Connection, call: Call) -> list[List]:
    accounts.one(tx, call, call.id())
    return [entities.of(row) for row in lists.with_actor(tx, owner_id=call.me, actor_id=call.id())]


def _own(tx: Connection, call: Call) -> ListRow:
    row = lists.one(tx, owner_id=call.me, list_id=call.id())
    if row is None:
        raise nothing()
    return row
