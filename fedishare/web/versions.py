"""The earlier versions of a resource with their files, and being told of a new one."""

from typing import Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import NotFound, Refused
from fedishare.core.here import Here
from fedishare.http import borrowing, downloads
from fedishare.http.keys import DATABASE, HERE, STORAGE, VISITOR
from fedishare.http.pages import page
from fedishare.http.routes import Allow, Routes
from fedishare.queries import timelines, versions
from fedishare.queries.cards import Card
from fedishare.queries.versions import Former, FormerFileLine
from fedishare.services import versions as version_services
from fedishare.web import asked

routes: Final = Routes()


class Seen(NamedTuple):
    post: Card
    version: Former
    files: list[FormerFileLine]


@routes.get("/resources/{id}/versions/{number}", allow=Allow.ANYONE)
async def show(request: web.Request) -> web.Response:
    seen = await request.app[DATABASE].read(
        _seen, post_id=asked.post_id(request), number=_number(request), viewer=request[VISITOR].actor_id
    )
    is_author = seen.post.author.id == request[VISITOR].actor_id
    return await page(request, "version.html", **seen._asdict(), is_author=is_author)


def _seen(tx: Connection, *, post_id: int, number: int, viewer: int | None) -> Seen:
    post = timelines.card(tx, post_id=post_id, viewer=viewer)
    found = versions.former(tx, post_id=post_id, number=number)
    return Seen(post, found, versions.files(tx, post_id=post_id, number=number) if post.local else [])


def _number(request: web.Request) -> int:
    found = asked.whole(request.match_info["number"])
    if found is None:
        raise NotFound("There is no such version, or it is no longer kept.")
    return found


@routes.get("/resources/{id}/versions/{number}/files/{name}", allow=Allow.ANYONE)
async def download(request: web.Request) -> web.StreamResponse:
    file = await request.app[DATABASE].read(
        versions.file,
        post_id=asked.post_id(request),
        number=_number(request),
        name=request.match_info["name"],
        viewer=request[VISITOR].actor_id,
    )
    borrowing.require_clean(file)
    headers = downloads.headers(media_type=file.media_type, visibility=file.visibility)
    headers["Content-Disposition"] = downloads.attachment(file.name)
    path = request.app[STORAGE].path(file.storage_key or "")
    return await downloads.send(request, path, etag=file.sha256, headers=headers)


@routes.get("/resources/{id}/versions/{number}/remove")
async def ask_to_remove(request: web.Request) -> web.Response:
    post_id, number = asked.post_id(request), _number(request)
    seen = await request.app[DATABASE].read(_seen, post_id=post_id, number=number, viewer=asked.me(request))
    _require_author(seen.post, asked.me(request))
    return await page(
        request,
        "confirm.html",
        post=None,
        heading="Remove the old files of this version?",
        message="Nobody can download them any more, and they take up no room. What the resource has now stays.",
        verb="Remove them",
        action=f"/resources/{post_id}/versions/{number}/remove",
        back=f"/resources/{post_id}/versions/{number}",
    )


@routes.post("/resources/{id}/versions/{number}/remove")
async def remove(request: web.Request) -> web.Response:
    post_id, number = asked.post_id(request), _number(request)
    await request.app[DATABASE].write(_remove, request.app[HERE], post_id=post_id, number=number, me=asked.me(request))
    return asked.go(f"/resources/{post_id}/versions/{number}")


def _remove(tx: Connection, here: Here, *, post_id: int, number: int, me: int) -> None:
    _require_author(_seen(tx, post_id=post_id, number=number, viewer=me).post, me)
    version_services.remove_files(tx, here, post_id=post_id, number=number)


def _require_author(post: Card, me: int) -> None:
    if post.author.id != me:
        raise Refused("Only its author can remove files of a resource.")


@routes.post("/posts/{id}/watch")
async def watch(request: web.Request) -> web.Response:
    post_id, me = asked.post_id(request), asked.me(request)
    await request.app[DATABASE].write(version_services.watch, post_id=post_id, actor_id=me)
    return asked.go(f"/posts/{post_id}")


@routes.post("/posts/{id}/unwatch")
async def unwatch(request: web.Request) -> web.Response:
    post_id, me = asked.post_id(request), asked.me(request)
    await request.app[DATABASE].write(version_services.unwatch, post_id=post_id, actor_id=me)
    return asked.go(f"/posts/{post_id}")
