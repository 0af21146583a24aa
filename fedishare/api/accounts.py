"""People, rooms and schools: reading one, several, those who follow and are followed, and finding them."""

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from aiohttp import web
from sqlalchemy import Connection

from fedishare.api.calls import Answer, Call, Page, nothing
from fedishare.api.entities import accounts, tags
from fedishare.api.entities.accounts import Account
from fedishare.api.routes import PUBLIC, Routes, Token
from fedishare.core.errors import FediShareError, NotFound
from fedishare.domain.kinds import Access, FollowState
from fedishare.http.keys import DATABASE, LIMITS, TOOLS
from fedishare.inbox import resolve
from fedishare.queries import interests, people, privacy, relations
from fedishare.queries.relations import Line

MOST_AT_ONCE: Final = 40
LONGEST_WORDS: Final = 500
LOOK_UPS: Final = 30
LOOK_UPS_A_MINUTE: Final = 15.0
# What only a look-up can settle: an address, or a handle with a server.
ELSEWHERE: Final = re.compile(r"https?://\S+|@?[\w.-]+@[\w.:\[\]-]+", re.IGNORECASE)

routes: Final = Routes()


@routes.reads("GET", "/api/v1/accounts/{id}", scope="read:accounts", token=Token.MAYBE)
def show(tx: Connection, call: Call) -> Account:
    return accounts.one(tx, call, call.id())


@routes.reads("GET", "/api/v1/accounts", scope="read:accounts", token=Token.MAYBE)
def several(tx: Connection, call: Call) -> list[Account]:
    """Those of them that there are."""
    return accounts.present(tx, call, call.params.ids("id")[:MOST_AT_ONCE])


@routes.reads("GET", "/api/v1/accounts/lookup", scope="read:accounts", token=Token.MAYBE)
def look_up(tx: Connection, call: Call) -> Account:
    """Somebody known here, by their handle; nobody is asked elsewhere."""
    handle = call.params.text("acct").strip().removeprefix("acct:")[:LONGEST_WORDS]
    try:
        found = people.profile(tx, call.here, handle=handle)
    except NotFound:
        raise nothing() from None
    return accounts.one(tx, call, found.id)


@routes.runs("GET", "/api/v1/accounts/search", scope="read:accounts")
async def search(request: web.Request, call: Call) -> list[Account]:
    words = call.params.text("q").strip()[:LONGEST_WORDS]
    met = await _meet(request, call, words) if call.params.flag("resolve") else []
    return await request.app[DATABASE].read(_found, call, words, met)


async def _meet(request: web.Request, call: Call, words: str) -> list[int]:
    """Whoever has this handle or address, looked up on their own server; nobody where that leads to none."""
    if not ELSEWHERE.fullmatch(words):
        return []
    request.app[LIMITS].take("look up", str(call.me), now=call.here.now(), burst=LOOK_UPS, per_minute=LOOK_UPS_A_MINUTE)
    with suppress(FediShareError):
        found = await resolve.find(request.app[TOOLS], words)
        return [found.id] if found.kind != "post" else []
    return []


def _found(tx: Connection, call: Call, words: str, met: list[int]) -> list[Account]:
    page, offset = call.page(usual=40, most=80), call.offset()
    known = [face.id for face in people.find(tx, words=words, limit=page.limit + offset)] if words else []
    ids = list(dict.fromkeys([*met, *known]))
    if call.params.flag("following"):
        standings = relations.standings(tx, me=call.me, others=ids)
        ids = [each for each in ids if standings[each].following is FollowState.ACCEPTED]
    return accounts.present(tx, call, ids[offset : offset + page.limit])


@routes.reads("GET", "/api/v1/accounts/{id}/followers", scope="read:accounts", token=Token.MAYBE)
def followers(tx: Connection, call: Call) -> Answer:
    return _circle(tx, call, relations.FOLLOWERS)


@routes.reads("GET", "/api/v1/accounts/{id}/following", scope="read:accounts", token=Token.MAYBE)
def following(tx: Connection, call: Call) -> Answer:
    # In which private rooms somebody is, they alone see.
    return _circle(tx, call, relations.OWN_FOLLOWING if call.id() == call.viewer else relations.FOLLOWING)


def _circle(tx: Connection, call: Call, pages: relations.Pages) -> Answer:
    whose, page = call.id(), call.page(usual=40, most=80)
    who = accounts.one(tx, call, whose)
    if who.group and privacy.access(tx, room_id=whose) is Access.PRIVATE:
        return Answer([])
    return listed(tx, call, page, lines(tx, pages, page, me=whose))


def lines(tx: Connection, pages: relations.Pages, page: Page, *, me: int) -> list[Line]:
    """A page of one of the lists of `queries.relations`."""
    return relations.listed(
        tx, pages, me=me, before=page.before, above=page.above, limit=page.limit, is_upward=page.is_upward
    )


def listed(
    tx: Connection, call: Call, page: Page, found: list[Line], *, shown: Sequence[Account] | None = None
) -> Answer:
    """A list of people with the way to the next page: what it pages by is no id of theirs."""
    if shown is None:
        shown = accounts.present(tx, call, [line.actor_id for line in found])
    ends = (found[0].key, found[-1].key) if found else (None, None)
    return call.listed(shown, page=page, newest=ends[0], oldest=ends[1], is_full=len(found) >= page.limit)


@routes.reads("GET", "/api/v1/accounts/{id}/featured_tags", scope="read:accounts", token=Token.MAYBE)
def featured_tags(tx: Connection, call: Call) -> list[tags.FeaturedTag]:
    who = accounts.one(tx, call, call.id())
    return [tags.featured(each, page=who.url) for each in interests.shown(tx, actor_id=call.id())]


@routes.reads("GET", "/api/v1/directory", scope=PUBLIC, token=Token.NONE)
def directory(tx: Connection, call: Call) -> list[Account]:
    """Who lives here and wants to be found, the latest first."""
    page = call.page(usual=40, most=80)
    ids = people.discoverable(tx, offset=call.offset(), limit=page.limit)
    return accounts.present(tx, call, ids)
