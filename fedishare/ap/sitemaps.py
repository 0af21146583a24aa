"""The sitemap, by which search engines and catalogues find what is public here (sitemaps.org, 0.9)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from aiohttp import web

from fedishare.ap.answers import kept, key, machine, nothing
from fedishare.as2.write import when
from fedishare.core import xml
from fedishare.core.xml import Xml, element
from fedishare.http.keys import TOOLS
from fedishare.http.routes import Allow, Routes
from fedishare.queries import sitemaps

NAMESPACE: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
TYPE: Final = "application/xml; charset=utf-8"

routes: Final = Routes()


@routes.get("/sitemap.xml", allow=Allow.ANYONE)
@machine
async def index(request: web.Request) -> web.StreamResponse:
    tools = request.app[TOOLS]
    found = await tools.db.read(sitemaps.parts)
    parts = [
        _place("sitemap", tools.here.uris.sitemap(kind, part.first), part.changed_at)
        for kind, some in found.items()
        for part in some
    ]
    return _answer("sitemapindex", parts)


@routes.get("/sitemaps/resources-{id}.xml", allow=Allow.ANYONE)
@machine
async def resources(request: web.Request) -> web.StreamResponse:
    return await _part(request, "resources")


@routes.get("/sitemaps/people-{id}.xml", allow=Allow.ANYONE)
@machine
async def people(request: web.Request) -> web.StreamResponse:
    return await _part(request, "people")


async def _part(request: web.Request, kind: str) -> web.Response:
    found = await request.app[TOOLS].db.read(sitemaps.places, kind=kind, first=key(request))
    if not found:
        raise nothing()
    return _answer("urlset", (_place("url", place.url, place.changed_at) for place in found))


def _place(name: str, address: str, changed_at: datetime) -> Xml:
    return element(name, element("loc", address), element("lastmod", when(changed_at)))


def _answer(name: str, places: Iterable[Xml]) -> web.Response:
    return kept(xml.document(element(name, *places, xmlns=NAMESPACE)), TYPE, public=True)
