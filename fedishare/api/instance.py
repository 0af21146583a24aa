"""What apps ask before anybody has signed in: what this node is, and what it can do."""

from typing import Final

from aiohttp import web
from sqlalchemy import Connection

from fedishare.api.calls import Answer, Call, nothing, stamp
from fedishare.api.entities import instances
from fedishare.api.entities.instances import Served
from fedishare.api.routes import PUBLIC, Routes, Token
from fedishare.domain import languages as known
from fedishare.domain.digests import digest
from fedishare.queries import nodes, push, usage

MINUTE: Final = 60
HOUR: Final = 3600

routes: Final = Routes()


@routes.reads("GET", "/api/v2/instance", scope=PUBLIC, token=Token.NONE, seconds=MINUTE)
def second(tx: Connection, call: Call) -> dict[str, object]:
    return instances.second(call, _served(tx, call))


@routes.reads("GET", "/api/v1/instance", scope=PUBLIC, token=Token.NONE, seconds=MINUTE)
def first(tx: Connection, call: Call) -> dict[str, object]:
    return instances.first(call, _served(tx, call))


def _served(tx: Connection, call: Call) -> Served:
    def count(keys: list[int]) -> dict[int, Served]:
        size, domains = usage.usage(tx, now=call.now), nodes.known(tx)
        counted = Served(call.kept.api_version, size, domains, push.key(tx).public)
        return dict.fromkeys(keys, counted)

    found: Served = call.kept.counts.get([0], count, at=call.moment)[0]
    return found


@routes.reads("GET", "/api/v1/instance/rules", scope=PUBLIC, token=Token.NONE, seconds=HOUR)
@routes.reads("GET", "/api/v1/instance/activity", scope=PUBLIC, token=Token.NONE, seconds=HOUR)
# Which servers a school deals with is nobody's business.
@routes.reads("GET", "/api/v1/instance/peers", scope=PUBLIC, token=Token.NONE, seconds=HOUR)
def nothing_of_it(tx: Connection, call: Call) -> list[object]:  # noqa: ARG001 -- every endpoint has them
    return []


@routes.reads("GET", "/api/v1/instance/extended_description", scope=PUBLIC, token=Token.NONE, seconds=HOUR)
@routes.reads("GET", "/api/v1/instance/privacy_policy", scope=PUBLIC, token=Token.NONE, seconds=HOUR)
def about(tx: Connection, call: Call) -> dict[str, str]:
    return {"updated_at": stamp(usage.since(tx, uri=call.here.uris.node)), "content": instances.about(call)}


@routes.reads("GET", "/api/v1/instance/terms_of_service", scope=PUBLIC, token=Token.NONE)
def terms(tx: Connection, call: Call) -> Answer:  # noqa: ARG001 -- every endpoint has them
    raise nothing()


@routes.reads("GET", "/api/v1/instance/translation_languages", scope=PUBLIC, token=Token.NONE, seconds=HOUR)
def translations(tx: Connection, call: Call) -> dict[str, list[str]]:  # noqa: ARG001 -- every endpoint has them
    """Nothing is translated here."""
    return {}


@routes.reads("GET", "/api/v1/instance/languages", scope=PUBLIC, token=Token.NONE, seconds=HOUR)
def languages(tx: Connection, call: Call) -> list[dict[str, str]]:  # noqa: ARG001 -- every endpoint has them
    return [{"code": code, "name": name} for code, name in known.LANGUAGES]


@routes.reads("GET", "/api/v1/instance/domain_blocks", scope=PUBLIC)
def domain_blocks(tx: Connection, call: Call) -> list[dict[str, str | None]]:  # noqa: ARG001 -- every endpoint has them
    """For those who belong here; the reasons stay with the moderators."""
    return [
        {
            "domain": line.domain,
            "digest": digest([line.domain]),
            "severity": "suspend",
            "comment": None,
        }
        for line in nodes.blocked(tx)
    ]


@routes.runs("GET", "/health", scope=PUBLIC, token=Token.NONE)
async def health(request: web.Request, call: Call) -> web.Response:  # noqa: ARG001 -- every endpoint has them
    return web.Response(text="OK")
