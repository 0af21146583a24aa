"""Finding people, rooms and posts: by name here, by handle or address anywhere."""

import re
from typing import Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import FediShareError, Invalid
from fedishare.domain import markup
from fedishare.http.keys import DATABASE, HERE, LIMITS, TOOLS
from fedishare.http.pages import page
from fedishare.http.routes import Routes
from fedishare.inbox import resolve
from fedishare.inbox.resolve import Found
from fedishare.queries import people, timelines
from fedishare.queries.cards import Card
from fedishare.queries.people import Profile, Relation
from fedishare.web import asked

LONGEST: Final = 500
LOOK_UPS: Final = 30
LOOK_UPS_A_MINUTE: Final = 15.0
# What only a look-up can settle: an address, or a handle with a server.
ELSEWHERE: Final = re.compile(r"https?://\S+|(?:acct:|@)?[\w.-]+@[\w.:\[\]-]+", re.IGNORECASE)

routes: Final = Routes()


class Shown(NamedTuple):
    who: Profile | None
    relation: Relation | None
    post: Card | None


@routes.get("/search")
async def search(request: web.Request) -> web.Response:
    words = request.query.get("q", "").strip()[:LONGEST]
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


async def look_up(request: web.Request, text: str) -> Found:
    """The actor or post of a handle or an address, fetched from its own server where we do not know it yet."""
    now, who = request.app[HERE].now(), str(asked.me(request))
    request.app[LIMITS].take("look up", who, now=now, burst=LOOK_UPS, per_minute=LOOK_UPS_A_MINUTE)
    return await resolve.find(request.app[TOOLS], text)


def _page_of(tx: Connection, found: Found) -> str:
    if found.kind == "post":
        return f"/posts/{found.id}"
    return f"/@{people.by_id(tx, actor_id=found.id).handle}"


@routes.get("/authorize_interaction")
async def interact(request: web.Request) -> web.Response:
    """Where somebody lands who pressed "follow" or "answer" on another server and said that they are from here."""
    wanted = (request.query.get("uri") or request.query.get("acct", "")).strip()[:LONGEST]
    shown, problem, status = Shown(None, None, None), "", 200
    try:
        if not ELSEWHERE.fullmatch(wanted):
            raise Invalid("This link names neither a person nor a post.")
        found = await look_up(request, wanted)
        shown = await request.app[DATABASE].read(_shown, found, viewer=asked.me(request))
    except FediShareError as error:
        problem, status = str(error), 404
    return await page(request, "interact.html", status=status, **shown._asdict(), problem=problem)


def _shown(tx: Connection, found: Found, *, viewer: int) -> Shown:
    if found.kind == "post":
        return Shown(None, None, timelines.card(tx, post_id=found.id, viewer=viewer))
    who = people.by_id(tx, actor_id=found.id)
    return Shown(who, people.relation(tx, viewer=viewer, other=who.id) if who.id != viewer else None, None)
