"""The stamps with which authors here let others quote them, for whoever wants to check one (FEP-044f)."""

from typing import Final

from aiohttp import web

from fedishare.ap.answers import document, key, machine, nothing
from fedishare.as2 import write
from fedishare.http.keys import TOOLS
from fedishare.http.routes import Allow, Routes
from fedishare.outbox import stamps
from fedishare.queries import quotes

routes: Final = Routes()


@routes.get("/stamps/{id}", allow=Allow.ANYONE)
@machine
async def stamp(request: web.Request) -> web.StreamResponse:
    """Nothing once it was withdrawn, or what is quoted is gone: then nobody shows the quote any more."""
    tools = request.app[TOOLS]
    found = await tools.db.read(quotes.published_stamp, uri=tools.here.uris.stamp(key(request)))
    if found is None:
        raise nothing()
    return document(write.body(stamps.stamp(found)), public=True)
