"""Finding people, rooms and posts: by name here, by handle or address anywhere; and resources in the library."""

import re
from typing import Final

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import FediShareError
from fedishare.domain import markup
from fedishare.http.keys import DATABASE, HERE, LIMITS, TOOLS
from fedishare.http.pages import page
from fedishare.http.routes import Routes
from fedishare.inbox import resolve
from fedishare.inbox.resolve import Found
from fedishare.queries import people
from fedishare.web import asked, library

LONGEST: Final = 500
LOOK_UPS: Final = 30
LOOK_UPS_A_MINUTE: Final = 15.0
# What only a look-up can settle: an address, or a handle with a server.
ELSEWHERE: Final = re.compile(r"https?://\S+|(?:acct:|@)?[\w.-]+@[\w.:\[\]-]+", re.IGNORECASE)
ADDRESS: Final = re.compile(r"https?://\S+", re.IGNORECASE)

routes: Final = Routes()


@routes.get("/search")
async def search(request: web.Request) -> web.Response:
    words = request.query.get("q", "").strip()[:LONGEST]
    if request.query.get("in") == "library" and not ADDRESS.fullmatch(words):
        return await shelf(request)
    if words.startswith("#") and markup.fold_tag(words):
        return asked.go(asked.path(request, request.app[HERE].uris.tag(markup.fold_tag(words))))
    if not ELSEWHERE.fullmatch(words):
        faces = await request.app[DATABASE].read(people.find, words=words)
        return await page(request, "search.html", words=words, faces=faces, posts=[], problem="")
    try:
        found = await look_up(request, words)
        return asked.go(await request.app[DATABASE].read(_page_of, found))
    except FediShareError as error:
        faces = await request.app[DATABASE].read(people.find, words=words)
        return await page(request, "search.html", words=words, faces=faces, posts=[], problem=str(error))


async def shelf(request: web.Request) -> web.Response:
    """The resources that fit what was chosen."""
    choice = library.read(request.query)
    found = await request.app[DATABASE].read(library.look, choice, viewer=asked.me(request))
    return await page(request, "library.html", words=choice.words, choice=choice, shelf=found)


async def look_up(request: web.Request, text: str) -> Found:
    """The actor or post of a handle or an address, fetched from its own server where we do not know it yet."""
    now, who = request.app[HERE].now(), str(asked.me(request))
    request.app[LIMITS].take("look up", who, now=now, burst=LOOK_UPS, per_minute=LOOK_UPS_A_MINUTE)
    return await resolve.find(request.app[TOOLS], text)


def _page_of(tx: Connection, found: Found) -> str:
    if found.kind == "post":
        return f"/posts/{found.id}"
    return f"/@{people.by_id(tx, actor_id=found.id).handle}"
