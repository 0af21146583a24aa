"""A post of ours with all that a document tells of it, if the asker may read it."""

from aiohttp import web
from sqlalchemy import Connection

from fedishare.ap.answers import nothing
from fedishare.http.keys import TOOLS
from fedishare.http.readers import first_for_all
from fedishare.queries import outgoing, published
from fedishare.queries.outgoing import PostFacts
from fedishare.queries.published import Readable


async def post(request: web.Request, uri: str) -> tuple[Readable, PostFacts]:
    """Also one that was deleted. Raises the one answer for what is not there and what is not for the asker."""
    tools = request.app[TOOLS]

    async def look(reader: int | None) -> tuple[Readable, PostFacts] | None:
        return await tools.db.read(_look, uri=uri, reader=reader)

    found = await first_for_all(request, look)
    if found is None:
        raise nothing()
    return found


def _look(tx: Connection, *, uri: str, reader: int | None) -> tuple[Readable, PostFacts] | None:
    seen = published.post(tx, uri=uri, reader=reader)
    return (seen, outgoing.post_facts(tx, seen.id)) if seen is not None else None
