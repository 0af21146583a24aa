"""Whose things are whose, for every address with an id in it: what is not yours answers as what there is not.

The matrix is made from the table of endpoints. Whoever adds an address says of what kind its ids are, or this fails.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, Final

from fedishare.api.endpoints import endpoints
from fedishare.api.routes import Endpoint, Token
from fedishare.core.here import Here
from fedishare.db.engine import Database
from tests.api import belongings
from tests.api.belongings import Belongings, Kind
from tests.api.conftest import Phone, Reply, School, on_one_database

# Of which kind (tests.api.belongings) an id is, by the address up to it.
KINDS: Final = {
    "/api/v1/statuses/{id}": "status",
    "/api/v1/statuses/{id}/quotes/{quoting}": "status",
    "/api/v1/accounts/{id}": "account",
    "/api/v1/follow_requests/{id}": "asker",
    "/api/v1/polls/{id}": "poll",
    "/api/v1/media/{id}": "media",
    "/api/v1/scheduled_statuses/{id}": "scheduled",
    "/api/v1/lists/{id}": "list",
    "/api/v1/timelines/list/{id}": "list",
    "/api/v1/featured_tags/{id}": "tag_shown",
    "/api/v1/conversations/{id}": "conversation",
    "/api/v1/filters/{id}": "keyword",
    "/api/v2/filters/{id}": "filter",
    "/api/v2/filters/keywords/{id}": "keyword",
    "/api/v2/filters/statuses/{id}": "status_filtered",
    "/api/v1/notifications/{id}": "notice",
    "/api/v1/notifications/requests/{id}": "held_back",
    "/api/v2/notifications/{key}": "notice_group",
    "/api/v1/suggestions/{id}": "account",
    "/api/v1/announcements/{id}": "announcement",
    "/api/v1/admin/accounts/{id}": "account",
    "/api/v1/admin/reports/{id}": "reported",
    "/api/v1/admin/domain_blocks/{id}": "server_blocked",
    "/api/v1/admin/domain_allows/{id}": "server_allowed",
    "/api/fedishare/v1/resources/{id}": "resource",
    "/api/fedishare/v1/resources/{id}/versions/{number}": "version",
    "/api/fedishare/v1/resources/{id}/files/{key}": "resource_file",
    "/api/fedishare/v1/uploads/{key}": "upload",
    "/api/fedishare/v1/rooms/{id}": "room",
    "/api/fedishare/v1/events/{id}": "event",
}
# Words that anybody may say, whoever said them first: there is nothing behind them that belongs to one person.
WORDS: Final = {
    "/api/v1/tags/{id}": "maths",
    "/api/v1/timelines/tag/{name}": "maths",
    "/api/v1/announcements/{id}/reactions/{name}": "🎉",
}
# What has to be said for an endpoint to get as far as to look for the id.
SENT: Final[Mapping[tuple[str, str], dict[str, Any]]] = {
    ("PUT", "/api/v1/statuses/{id}"): {"status": "Mine now"},
    ("PUT", "/api/v1/statuses/{id}/interaction_policy"): {"quote_approval_policy": "nobody"},
    ("POST", "/api/v1/polls/{id}/votes"): {"choices": [0]},
    ("PUT", "/api/v1/scheduled_statuses/{id}"): {"scheduled_at": "2026-09-11T08:00:00Z"},
    ("PUT", "/api/v1/lists/{id}"): {"title": "Mine now"},
    ("PUT", "/api/v1/filters/{id}"): {"phrase": "rain", "context": ["home"]},
    ("PUT", "/api/v2/filters/{id}"): {"title": "Rain", "context": ["home"]},
    ("POST", "/api/v2/filters/{id}/keywords"): {"keyword": "rain"},
    ("PUT", "/api/v2/filters/keywords/{id}"): {"keyword": "rain"},
    ("POST", "/api/v1/admin/accounts/{id}/action"): {"type": "none"},
    ("PUT", "/api/fedishare/v1/resources/{id}"): {"text": "Mine now"},
    ("POST", "/api/fedishare/v1/rooms/{id}/events"): {"title": "Mine now", "starts": "2026-09-14T16:00"},
    ("POST", "/api/fedishare/v1/events/{id}/agenda"): {"headline": "Mine now"},
}
# Others may see these posts, and only their authors do this with them.
AUTHORS: Final = frozenset(
    {
        ("PUT", "/api/v1/statuses/{id}"),
        ("DELETE", "/api/v1/statuses/{id}"),
        ("PUT", "/api/v1/statuses/{id}/interaction_policy"),
        ("POST", "/api/v1/statuses/{id}/quotes/{quoting}/revoke"),
    }
)
# The same list for everybody, whoever is meant: nothing is kept of it (decision C11).
EMPTY: Final = frozenset({("GET", "/api/v1/accounts/{id}/identity_proofs")})
# Who was suspended is nobody's any more, and of servers that are allowed no list is kept.
NOBODYS: Final = frozenset({"account", "server_allowed"})
_PART: Final = re.compile(r"{[^}]+}")


def parts(path: str) -> list[str]:
    """The address up to each of its ids."""
    return [path[: found.end()] for found in _PART.finditer(path)]


ASKED: Final = [each for each in endpoints() if set(parts(each.path)) - set(WORDS)]


def test_every_id_in_an_address_is_of_a_kind_that_the_matrix_knows() -> None:
    unknown = {part for each in endpoints() for part in parts(each.path)} - set(KINDS) - set(WORDS)

    assert unknown == set(), "say in KINDS what these are ids of, and make one of somebody else's in belongings.py"


def test_the_matrix_speaks_of_no_address_that_there_is_not() -> None:
    served = {(each.method, each.path) for each in endpoints()}

    assert {*KINDS, *WORDS} == {part for each in endpoints() for part in parts(each.path)}
    assert {*SENT, *AUTHORS, *EMPTY} <= served


def addresses(endpoint: Endpoint, has: Belongings) -> Iterator[tuple[str, str]]:
    """The address with ids that the asker may not know of, and with ids that nobody has."""
    said = {part: Kind([word], word) for part, word in WORDS.items()}
    kinds = [said.get(part) or has.kinds[KINDS[part]] for part in parts(endpoint.path)]
    others = [has.open_post] if (endpoint.method, endpoint.path) in AUTHORS else []
    hidden = [(*kind.hidden, *others) for kind in kinds]
    nobodys = _filled(endpoint.path, [kind.unknown for kind in kinds])
    for ids in product(*hidden):
        yield _filled(endpoint.path, ids), nobodys


def _filled(path: str, ids: Any) -> str:
    left = iter(ids)
    return _PART.sub(lambda _: next(left), path)


async def ask(phone: Phone, endpoint: Endpoint, path: str, has: Belongings) -> Reply:
    sent = SENT.get((endpoint.method, endpoint.path))
    if endpoint.path == "/api/v1/lists/{id}/accounts" and endpoint.method != "GET":
        sent = {"account_ids": [has.own["person"]]}
    if endpoint.path == "/api/v2/filters/{id}/statuses" and endpoint.method == "POST":
        sent = {"status_id": has.own["status"]}
    return await phone.ask(endpoint.method, path, **({"json": sent} if sent is not None else {}))


@on_one_database
async def test_what_is_not_yours_answers_as_what_there_is_not(school: School, db: Database, here: Here) -> None:
    has = await belongings.make(school, db, here)
    school.node.change(app_requests=None)
    assert await refused_to_their_owner(has) == {}
    leaks, odd = {}, {}

    for each in ASKED:
        askers = {"a colleague": has.asker} | ({"a stranger": has.stranger} if each.token is Token.MAYBE else {})
        for path, nobodys in addresses(each, has):
            for who, phone in askers.items():
                found, nothing = await ask(phone, each, path, has), await ask(phone, each, nobodys, has)
                key = (each.method, path, who)
                if (found.status, found.body) != (nothing.status, nothing.body):
                    leaks[key] = ((found.status, found.json), (nothing.status, nothing.json))
                if found.status != expected(each):
                    odd[key] = (found.status, found.json)

    assert leaks == {}
    # An answer that never looks for the id would be the same for all of them, and show nothing.
    assert odd == {}


def expected(endpoint: Endpoint) -> int:
    if "/admin/" in endpoint.path:
        return 403
    return 200 if (endpoint.method, endpoint.path) in EMPTY else 404


async def refused_to_their_owner(has: Belongings) -> dict[str, object]:
    """What those do not get whose it is: nothing, or the matrix would speak of things that there are not."""
    readable = [each for each in ASKED if each.method == "GET" and KINDS[parts(each.path)[0]] not in NOBODYS]
    paths = [path for each in readable for path, _ in addresses(each, has)]
    replies = {path: await has.owner.get(path) for path in paths}
    return {path: reply.json for path, reply in replies.items() if reply.status != 200}
