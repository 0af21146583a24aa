"""Finding people, rooms, posts and hashtags: by words here, by handle or address anywhere."""

import re
from contextlib import suppress
from typing import Final, NamedTuple

import msgspec
from aiohttp import web
from sqlalchemy import Connection

from fedishare.api.calls import NEWEST, Call
from fedishare.api.entities import accounts, statuses, tags
from fedishare.api.entities.accounts import Account
from fedishare.api.entities.statuses import Status
from fedishare.api.entities.tags import Tag
from fedishare.api.routes import Routes, Token
from fedishare.core.errors import FediShareError, Malformed, Unauthenticated
from fedishare.domain import markup
from fedishare.domain.kinds import FollowState
from fedishare.http.keys import DATABASE, LIMITS, TOOLS
from fedishare.inbox import resolve
from fedishare.inbox.resolve import Found
from fedishare.queries import interests, matches, people, relations

USUAL: Final = 20
MOST: Final = 40
LONGEST: Final = 500
FARTHEST: Final = 10_000
LOOK_UPS: Final = 30
LOOK_UPS_A_MINUTE: Final = 15.0
ADDRESS: Final = re.compile(r"https?://\S+", re.IGNORECASE)
HANDLE: Final = re.compile(r"@?[\w.-]+@[\w.:\[\]-]+", re.IGNORECASE)
TYPES: Final = ("accounts", "statuses", "hashtags")

routes: Final = Routes()


class Search(msgspec.Struct, frozen=True, kw_only=True):
    accounts: tuple[Account, ...] = ()
    statuses: tuple[Status, ...] = ()
    hashtags: tuple[Tag, ...] = ()


class V1Search(msgspec.Struct, frozen=True, kw_only=True):
    accounts: tuple[Account, ...] = ()
    statuses: tuple[Status, ...] = ()
    hashtags: tuple[str, ...] = ()


class Wish(NamedTuple):
    """What is looked for. `types` are those of the three lists that are wanted."""

    words: str
    types: frozenset[str]
    limit: int
    skip: int

    @property
    def is_address(self) -> bool:
        return ADDRESS.fullmatch(self.words) is not None


@routes.runs("GET", "/api/v2/search", scope="read:search", token=Token.MAYBE)
async def search(request: web.Request, call: Call) -> Search:
    wish = _wish(call)
    resolves = bool(call.params.flag("resolve"))
    if call.viewer is None and (resolves or call.offset()):
        raise Unauthenticated("Looking elsewhere, and further pages, are for those who are signed in")
    met = await _meet(request, call, wish, resolves=resolves)
    return await request.app[DATABASE].read(look, call, wish, met)


@routes.runs("GET", "/api/v1/search", scope="read:search")
async def search_first(request: web.Request, call: Call) -> V1Search:
    """As before hashtags had a history: they are words."""
    wish = _wish(call)
    met = await _meet(request, call, wish, resolves=bool(call.params.flag("resolve")))
    found = await request.app[DATABASE].read(look, call, wish, met)
    return V1Search(
        accounts=found.accounts, statuses=found.statuses, hashtags=tuple(tag.name for tag in found.hashtags)
    )


def _wish(call: Call) -> Wish:
    if "q" not in call.params:
        raise Malformed("q is missing: say what to look for.")
    kind = call.params.text("type")
    limit = call.page(usual=USUAL, most=MOST).limit
    # Without one type nobody could say of which list the next page is.
    skip = min(call.offset(), FARTHEST) if kind else 0
    return Wish(call.params.text("q").strip()[:LONGEST], frozenset({kind} if kind else TYPES), limit, skip)


async def _meet(request: web.Request, call: Call, wish: Wish, *, resolves: bool) -> Found | None:
    """Who or what has this handle or address, looked up elsewhere where that is asked for."""
    if not (wish.is_address or HANDLE.fullmatch(wish.words)):
        return None
    if not resolves:
        return await request.app[DATABASE].read(_known, call, wish)
    who, now = str(call.me), call.here.now()
    request.app[LIMITS].take("look up", who, now=now, burst=LOOK_UPS, per_minute=LOOK_UPS_A_MINUTE)
    with suppress(FediShareError):
        return await resolve.find(request.app[TOOLS], wish.words)
    return None


def _known(tx: Connection, call: Call, wish: Wish) -> Found | None:
    """The same among what we have."""
    if not wish.is_address:
        with suppress(FediShareError):
            return Found("actor", people.profile(tx, call.here, handle=wish.words).id)
        return None
    return resolve.at_address(tx, call.here, wish.words)


def look(tx: Connection, call: Call, wish: Wish, met: Found | None) -> Search:
    if wish.is_address:
        return _exactly(tx, call, wish, met)
    return Search(
        accounts=_accounts(tx, call, wish, met) if "accounts" in wish.types else (),
        statuses=_statuses(tx, call, wish) if "statuses" in wish.types else (),
        hashtags=_hashtags(tx, call, wish) if "hashtags" in wish.types else (),
    )


def _exactly(tx: Connection, call: Call, wish: Wish, met: Found | None) -> Search:
    """An address is of one thing, or of nothing."""
    if met is None or wish.skip:
        return Search()
    if met.kind == "post":
        return Search(statuses=tuple(statuses.present(tx, call, [met.id])) if "statuses" in wish.types else ())
    return Search(accounts=tuple(accounts.present(tx, call, [met.id])) if "accounts" in wish.types else ())


def _accounts(tx: Connection, call: Call, wish: Wish, met: Found | None) -> tuple[Account, ...]:
    """Whoever has the very handle comes first. Somebody blocked is found, or nobody could end it."""
    exact = [met.id] if met is not None and met.kind == "actor" else []
    wanted = wish.limit + wish.skip
    ids = list(dict.fromkeys([*exact, *(face.id for face in people.find(tx, words=wish.words, limit=wanted))]))
    if call.params.flag("following") and call.viewer is not None:
        standings = relations.standings(tx, me=call.viewer, others=ids)
        ids = [each for each in ids if standings[each].following is FollowState.ACCEPTED]
    found = accounts.present(tx, call, ids)
    if call.viewer is None:
        # Strangers find those who want to be found, and whomever they can name.
        found = [each for each in found if each.discoverable or int(each.id) in exact]
    return tuple(found[wish.skip : wish.skip + wish.limit])


def _statuses(tx: Connection, call: Call, wish: Wish) -> tuple[Status, ...]:
    if not wish.words or wish.words.startswith("#"):
        return ()
    page = call.page(usual=USUAL, most=MOST)
    author = next(iter(call.params.ids("account_id")), -1) if call.params.text("account_id") else 0
    ids = matches.posts(
        tx,
        wish.words,
        viewer=call.viewer,
        limit=wish.limit,
        skip=wish.skip,
        author_id=author,
        before=page.before or NEWEST,
        above=page.above,
    )
    return tuple(statuses.present(tx, call, ids))


def _hashtags(tx: Connection, call: Call, wish: Wish) -> tuple[Tag, ...]:
    folded = markup.fold_tag(wish.words)
    if not folded or wish.words.startswith("@"):
        return ()
    found = matches.tags(tx, folded, limit=wish.limit, skip=wish.skip)
    names = [each.name for each in found] if call.viewer is not None else []
    followed = interests.follows(tx, actor_id=call.viewer or 0, names=names)
    return tuple(tags.tag(call, each.name, each.label, following=each.name in followed) for each in found)
