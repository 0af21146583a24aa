"""Whom to follow: people suggested, people recommended, and whom of one's own others are followed by."""

from typing import Final

import msgspec
from sqlalchemy import Connection

from fedishare.api import acting
from fedishare.api.accounts import lines, listed
from fedishare.api.calls import Answer, Call
from fedishare.api.entities import accounts, relations
from fedishare.api.entities.accounts import Account
from fedishare.api.entities.relations import Relationship
from fedishare.api.routes import Routes, Token
from fedishare.queries import relations as reading
from fedishare.queries import suggestions
from fedishare.queries.suggestions import Suggested
from fedishare.services import endorsements

USUAL: Final = 40
MOST_AT_ONCE: Final = 40

routes: Final = Routes()


class Suggestion(msgspec.Struct, frozen=True):
    """`source` is the older word for the first of the `sources`."""

    source: str
    sources: tuple[str, ...]
    account: Account


class FamiliarFollowers(msgspec.Struct, frozen=True):
    id: str
    accounts: list[Account]


@routes.reads("GET", "/api/v1/suggestions", scope="read")
def suggested_first(tx: Connection, call: Call) -> list[Account]:
    return [each.account for each in _suggested(tx, call)]


@routes.reads("GET", "/api/v2/suggestions", scope="read")
def suggested(tx: Connection, call: Call) -> list[Suggestion]:
    return _suggested(tx, call)


def _suggested(tx: Connection, call: Call) -> list[Suggestion]:
    """People of one's school and rooms, and those whom one's own follow. Two statements."""
    found = suggestions.suggested(tx, me=call.me, limit=call.page(usual=USUAL).limit)
    shown = {int(each.id): each for each in accounts.present(tx, call, [each.actor_id for each in found])}
    return [Suggestion(_source(each), _sources(each), shown[each.actor_id]) for each in found if each.actor_id in shown]


def _source(why: Suggested) -> str:
    return "staff" if why.is_colleague else "past_interactions"


def _sources(why: Suggested) -> tuple[str, ...]:
    """A school is chosen by its staff, so to speak; whoever shares a room follows the same one."""
    named = ("featured",) if why.is_colleague else ()
    return (*named, "friends_of_friends") if why.shares_room or why.is_friend_of_friend else named


@routes.writes("DELETE", "/api/v1/suggestions/{id}", scope=("write:accounts", "read"))
def decline(tx: Connection, call: Call) -> None:
    """Apps ask with a right to read alone, as Mastodon has it."""
    other = accounts.one(tx, call, call.id())
    endorsements.decline(tx, actor_id=acting.me(tx, call), other_id=int(other.id))


@routes.reads("GET", "/api/v1/accounts/familiar_followers", scope="read:follows")
def familiar_followers(tx: Connection, call: Call) -> list[FamiliarFollowers]:
    found = accounts.present(tx, call, call.params.ids("id")[:MOST_AT_ONCE])
    known = suggestions.familiar(tx, me=call.me, others=[int(each.id) for each in found])
    shown = accounts.many(tx, call, {each for some in known.values() for each in some})
    return [FamiliarFollowers(each.id, [shown[one] for one in known[int(each.id)]]) for each in found]


@routes.reads("GET", "/api/v1/endorsements", scope="read:accounts")
def own(tx: Connection, call: Call) -> Answer:
    return _endorsed(tx, call, call.me)


@routes.reads("GET", "/api/v1/accounts/{id}/endorsements", scope="read:accounts", token=Token.MAYBE)
def of_one(tx: Connection, call: Call) -> Answer:
    return _endorsed(tx, call, int(accounts.one(tx, call, call.id()).id))


def _endorsed(tx: Connection, call: Call, whose: int) -> Answer:
    page = call.page(usual=40, most=80)
    return listed(tx, call, page, lines(tx, reading.ENDORSED, page, me=whose))


@routes.writes("POST", "/api/v1/accounts/{id}/pin", scope="write:accounts")
@routes.writes("POST", "/api/v1/accounts/{id}/endorse", scope="write:accounts")
def endorse(tx: Connection, call: Call) -> Relationship:
    other = int(accounts.one(tx, call, call.id()).id)
    endorsements.endorse(tx, call.here, actor_id=acting.me(tx, call), other_id=other)
    return relations.one(tx, call, other)


@routes.writes("POST", "/api/v1/accounts/{id}/unpin", scope="write:accounts")
@routes.writes("POST", "/api/v1/accounts/{id}/unendorse", scope="write:accounts")
def withdraw(tx: Connection, call: Call) -> Relationship:
    other = int(accounts.one(tx, call, call.id()).id)
    endorsements.withdraw(tx, actor_id=acting.me(tx, call), other_id=other)
    return relations.one(tx, call, other)
