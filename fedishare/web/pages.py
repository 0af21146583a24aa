"""Pages about the node itself, and posts by topic."""

from typing import Final

from aiohttp import web

from fedishare.core.errors import NotFound
from fedishare.domain import markup
from fedishare.http.keys import DATABASE, HERE, VISITOR
from fedishare.http.pages import shared_page
from fedishare.http.routes import Allow, Routes
from fedishare.queries import timelines, usage
from fedishare.web import asked

routes: Final = Routes()


@routes.get("/about", allow=Allow.ANYONE)
async def about(request: web.Request) -> web.Response:
    counted = await request.app[DATABASE].read(usage.usage, now=request.app[HERE].now())
    return await shared_page(request, "about.html", usage=counted)


@routes.get("/tags/{name}", allow=Allow.ANYONE)
async def tag(request: web.Request) -> web.Response:
    name = markup.fold_tag(request.match_info["name"])
    if not name:
        raise NotFound("This cannot be a topic: it has to be one word of letters and digits.")
    viewer, before = request[VISITOR].actor_id, asked.before(request)
    posts = await request.app[DATABASE].read(timelines.tag, name=name, viewer=viewer, before=before)
    older = asked.older(request.app[HERE].uris.tag(name).removeprefix(request.app[HERE].uris.origin), posts)
    return await shared_page(request, "tag.html", name=name, posts=posts, older=older)
