"""Who of the other servers may have a document of this node at all. What is in it for whom, queries.published says.

Every address for other servers passes here first, except those by which servers get to know each
other: the node's own actor, WebFinger, host-meta and NodeInfo.
"""

from aiohttp import web

from fedishare.http import readers
from fedishare.http.keys import READER, SETTINGS


def is_closed(request: web.Request) -> bool:
    """Whether this node shows itself only to servers that say who they are. Then nothing may stay in a shared cache."""
    return request.app[SETTINGS].signed_fetch


async def admit(request: web.Request) -> None:
    """Let the request pass, or raise: Unauthenticated without a good signature, Refused for a blocked server.

    On an open node everybody passes, and no signature is looked at until something is not public.
    """
    if is_closed(request):
        request[READER] = (await readers.signer(request)).id
