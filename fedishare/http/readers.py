"""A request as it was signed; and who signed a GET, for the few addresses that are not open to everybody."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiohttp import web

from fedishare.core.errors import FediShareError, NotFound, Refused, Unauthenticated
from fedishare.http.keys import READER, TOOLS
from fedishare.inbox import senders
from fedishare.net import signatures
from fedishare.queries import known
from fedishare.queries.known import ActorRow

T = TypeVar("T")


async def signer(request: web.Request) -> ActorRow:
    """The actor whose valid signature the request carries.

    Raises Unauthenticated where there is none or a wrong one, Refused for a server that is blocked
    here, which is asked for no key (MOD-01), or for somebody who is gone; and TooMany or
    Unreachable where the key cannot be had now.
    """
    if "Signature" not in request.headers:
        raise Unauthenticated("This node answers only servers that sign their requests.")
    tools = request.app[TOOLS]
    claim = signatures.read(as_sent(request, body=b""), now=tools.here.now())
    if await tools.db.read(known.is_blocked, hosts=[senders.host_of_key(claim.key_id)]):
        raise Refused("This node has nothing to do with your server.")
    try:
        sender = await senders.who_signed(tools, claim)
    except NotFound as error:
        raise Unauthenticated(f"The key of the signature is gone: {error}") from error
    if sender.is_gone:
        raise Refused("This account is not welcome here.")
    return sender


async def reader(request: web.Request) -> int | None:
    """The actor who signed the request; nobody for a request without a signature, or with a wrong one.

    Nothing is raised: for what is not public, a bad signature gets what no signature gets, and so
    does a server that is blocked here. It is looked at once a request.
    """
    if READER not in request:
        try:
            request[READER] = (await signer(request)).id if "Signature" in request.headers else None
        except FediShareError:
            request[READER] = None
    return request[READER]


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
