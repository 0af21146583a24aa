"""Servers that this node has nothing to do with: the list, and blocking one after being told what follows from it."""

from typing import Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import Invalid, Refused
from fedishare.http.keys import DATABASE, HERE
from fedishare.http.pages import page
from fedishare.http.routes import Allow, Routes
from fedishare.queries import nodes
from fedishare.queries.nodes import BlockedLine, Ties
from fedishare.services import decisions
from fedishare.services import nodes as services_nodes
from fedishare.web import asked, forms

SAID: Final = {
    "blocked": "The server is blocked.",
    "unblocked": "The server is not blocked any more. Follows have to be asked for again.",
}

routes: Final = Routes()


class About(NamedTuple):
    domain: str
    ties: Ties


@routes.get("/servers", allow=Allow.MODERATORS)
async def show(request: web.Request) -> web.Response:
    return await _list(request)


async def _list(
    request: web.Request,
    *,
    values: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> web.Response:
    blocked: list[BlockedLine] = await request.app[DATABASE].read(nodes.blocked)
    said = SAID.get(request.query.get("said", ""), "")
    status = 422 if errors else 200
    return await page(
        request, "servers.html", status=status, blocked=blocked, values=values or {}, errors=errors or {}, said=said
    )


@routes.post("/servers/block", allow=Allow.MODERATORS)
async def block(request: web.Request) -> web.Response:
    """Asks first; the second press, with `sure`, does it."""
    form = await forms.read(request)
    domain, reason = form.text("domain"), form.text("reason")
    try:
        if not form.text("sure"):
            about = await request.app[DATABASE].read(_about, domain=domain)
            return await page(request, "server_block.html", about=about, reason=reason)
        me, said = asked.me(request), {"domain": domain, "reason": reason}
        await request.app[DATABASE].write(decisions.block_server, request.app[HERE], by_id=me, **said)
    except (Invalid, Refused) as error:
        return await _list(request, values={"domain": domain, "reason": reason}, errors={"domain": str(error)})
    return asked.go("/servers?said=blocked")


@routes.post("/servers/unblock", allow=Allow.MODERATORS)
async def unblock(request: web.Request) -> web.Response:
    domain = (await forms.read(request)).text("domain")
    me = asked.me(request)
    await request.app[DATABASE].write(decisions.unblock_server, request.app[HERE], by_id=me, domain=domain)
    return asked.go("/servers?said=unblocked")


def _about(tx: Connection, *, domain: str) -> About:
    name = services_nodes.domain_of(domain)
    return About(name, nodes.ties(tx, domain=name))
