"""Atom feeds of people, schools, rooms and collections, of hashtags and school subjects: what is public."""

from collections.abc import Callable
from typing import Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.ap.answers import kept, machine, nothing, number
from fedishare.core import xml
from fedishare.core.here import Here
from fedishare.domain import html, markup, vocabularies
from fedishare.domain.kinds import Kind
from fedishare.http.keys import SETTINGS, TOOLS
from fedishare.http.routes import Allow, Routes
from fedishare.outbox import atom
from fedishare.outbox.atom import Channel
from fedishare.queries import feeds
from fedishare.queries.feeds import Page
from fedishare.queries.timelines import NEWEST

routes: Final = Routes()


class Feed(NamedTuple):
    channel: Channel
    page: Page


@routes.get("/@{handle}.atom", allow=Allow.ANYONE)
@machine
async def of_somebody(request: web.Request) -> web.StreamResponse:
    handle = request.match_info["handle"]

    def read(tx: Connection, here: Here, before: int) -> Feed | None:
        owner = feeds.owner(tx, handle=f"{handle}@{here.uris.authority}".lower())
        if owner is None:
            return None
        page, name = here.uris.profile(owner.username), owner.name or owner.username
        author = (name, owner.uri) if owner.kind is not Kind.GROUP else None
        about = html.plain(owner.summary)
        channel = Channel(here.uris.feed(page), page, name, about, owner.created_at, author)
        return Feed(channel, feeds.of_owner(tx, owner, before=before))

    return await _answer(request, read)


@routes.get("/tags/{name}.atom", allow=Allow.ANYONE)
@machine
async def of_tag(request: web.Request) -> web.StreamResponse:
    name, node = markup.fold_tag(request.match_info["name"]), request.app[SETTINGS].name

    def read(tx: Connection, here: Here, before: int) -> Feed | None:
        page = here.uris.tag(name)
        channel = Channel(here.uris.feed(page), page, f"#{name} · {node}", "", feeds.began_at(tx, node=here.uris.node))
        return Feed(channel, feeds.with_tag(tx, name=name, before=before)) if name else None

    return await _answer(request, read)


@routes.get("/subjects/{name}.atom", allow=Allow.ANYONE)
@machine
async def of_subject(request: web.Request) -> web.StreamResponse:
    subject, node = vocabularies.subject(request.match_info["name"]), request.app[SETTINGS].name

    def read(tx: Connection, here: Here, before: int) -> Feed | None:
        if subject is None:
            return None
        address, began_at = here.uris.subject_feed(subject.slug), feeds.began_at(tx, node=here.uris.node)
        channel = Channel(address, f"{here.uris.origin}/", f"{subject.label} · {node}", "", began_at)
        return Feed(channel, feeds.on_subject(tx, slug=subject.slug, before=before))

    return await _answer(request, read)


async def _answer(request: web.Request, read: Callable[[Connection, Here, int], Feed | None]) -> web.Response:
    tools, before = request.app[TOOLS], number(request, "before")
    found = await tools.db.read(read, tools.here, before or NEWEST)
    if found is None:
        raise nothing()
    address = f"{found.channel.address}?before={before}" if before else found.channel.address
    body = xml.document(atom.feed(found.channel, found.page, address=address))
    answer = kept(body, atom.TYPE, public=True)
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer
