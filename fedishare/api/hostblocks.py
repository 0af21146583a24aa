"""Servers that somebody has nothing to do with, for themselves alone."""

from typing import Final

from sqlalchemy import Connection

from fedishare.api import acting
from fedishare.api.calls import Answer, Call
from fedishare.api.routes import Routes
from fedishare.core.errors import Invalid
from fedishare.queries import hostblocks as reading
from fedishare.services import hostblocks

routes: Final = Routes()


@routes.reads("GET", "/api/v1/domain_blocks", scope="read:blocks")
def show(tx: Connection, call: Call) -> Answer:
    page = call.page(usual=100, most=200)
    found = reading.page(
        tx, me=call.me, before=page.before, above=page.above, limit=page.limit, is_upward=page.is_upward
    )
    ends = (found[0].key, found[-1].key) if found else (None, None)
    return call.listed([line.host for line in found], page=page, newest=ends[0], oldest=ends[1])


@routes.writes("POST", "/api/v1/domain_blocks", scope="write:blocks")
def block(tx: Connection, call: Call) -> None:
    hostblocks.block(tx, call.here, actor_id=acting.me(tx, call), named=_named(call))


@routes.writes("DELETE", "/api/v1/domain_blocks", scope="write:blocks")
def unblock(tx: Connection, call: Call) -> None:
    hostblocks.unblock(tx, actor_id=acting.me(tx, call), named=_named(call))


@routes.reads("GET", "/api/v1/domain_blocks/preview", scope="read:blocks")
def preview(tx: Connection, call: Call) -> dict[str, int]:
    """What blocking a server would end."""
    found = reading.ties(tx, me=call.me, host=hostblocks.name_of(_named(call)))
    return {"following_count": found.following, "followers_count": found.followers}


def _named(call: Call) -> str:
    domain = call.params.text("domain").strip()
    if not domain:
        raise Invalid("Validation failed: Domain can't be blank")
    return domain
