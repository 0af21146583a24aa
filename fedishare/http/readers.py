"""A request as it was signed; and who signed a GET, for the few addresses that are not open to everybody."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiohttp import web

from fedishare.core import hosts
from fedishare.core.errors import FediShareError
from fedishare.http.keys import TOOLS
from fedishare.inbox import senders
from fedishare.net import signatures
from fedishare.queries import known

T = TypeVar("T")


async def reader(request: web.Request) -> int | None:
    """The actor whose valid signature the request carries; nobody for one without, or with a wrong one.

    Nothing is raised: for what is not public, a bad signature gets what no signature gets. A
    server that is blocked here is nobody too, and is asked for no key (MOD-01).
    """
    if "Signature" not in request.headers:
        return None
    tools = request.app[TOOLS]
    try:
        claim = signatures.read(as_sent(request, body=b""), now=tools.here.now())
        if await tools.db.read(known.is_blocked, hosts=[hosts.origin_of(claim.key_id).host]):
            return None
        sender = await senders.who_signed(tools, claim)
    except FediShareError:
        return None
    return None if sender.is_gone else sender.id


def as_sent(request: web.Request, *, body: bytes) -> signatures.Request:
    """A request as it came over the wire, which is what was signed."""
    return signatures.Request(
        method=request.method,
        target=request.raw_path,
        headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers),
        body=body,
        origin=request.app[TOOLS].here.uris.origin,
    )


async def first_for_all(request: web.Request, look: Callable[[int | None], Awaitable[T | None]]) -> T | None:
    """What `look` finds for anybody, or else for whoever signed.

    What is not there takes the same way as what is hidden, so neither answers faster (VIS-01);
    and what is public costs no look at the signature.
    """
    found = await look(None)
    if found is not None:
        return found
    who = await reader(request)
    return await look(who) if who is not None else None
