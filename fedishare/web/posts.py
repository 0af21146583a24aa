"""A post and its conversation; its earlier versions; taking it back."""

from typing import Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import Refused
from fedishare.core.here import Here
from fedishare.domain.audience import OPEN
from fedishare.domain.permissions import Verb, may
from fedishare.http.keys import DATABASE, HERE, VISITOR, Visitor
from fedishare.http.pages import page, shared_page
from fedishare.http.routes import Allow, Routes
from fedishare.queries import handles as running
from fedishare.queries import pages, sitemaps, timelines
from fedishare.queries.cards import Card
from fedishare.queries.pages import Version
from fedishare.services import handles, pins, posts
from fedishare.services.pins import MOST
from fedishare.web import asked, crawls, questions, resources

routes: Final = Routes()


class History(NamedTuple):
    post: Card
    versions: list[Version]


class Pinnable(NamedTuple):
    post: Card
    is_pinned: bool


@routes.get("/posts/{id}", allow=Allow.ANYONE)
async def show(request: web.Request) -> web.Response:
    post_id, viewer = asked.post_id(request), request[VISITOR].actor_id
    post, thread = await request.app[DATABASE].read(pages.conversation, post_id=post_id, viewer=viewer)
    if not post.local or post.resource is None:
        await crawls.wish(request, post)
    if post.resource is not None:
        return asked.go(asked.path(request, post.uri)) if post.local else await resources.render(request, post, thread)
    may_be_indexed = await request.app[DATABASE].read(sitemaps.may_be_indexed, actor_id=post.author.id)
    return await shared_page(
        request,
        "thread.html",
        noindex=not may_be_indexed,
        post=post,
        thread=thread,
        by_id={card.id: card for card in thread},
        start=asked.greeting(post, viewer),
        may_settle=questions.may_settle(request[VISITOR], thread[0]),
    )


@routes.get("/threads/{id}", allow=Allow.ANYONE)
async def thread(request: web.Request) -> web.Response:
    return asked.go(f"/posts/{asked.post_id(request)}")


@routes.get("/posts/{id}/history", allow=Allow.ANYONE)
async def history(request: web.Request) -> web.Response:
    seen = await request.app[DATABASE].read(_history, post_id=asked.post_id(request), viewer=request[VISITOR].actor_id)
    return await page(request, "history.html", **seen._asdict())


def _history(tx: Connection, *, post_id: int, viewer: int | None) -> History:
    return History(timelines.card(tx, post_id=post_id, viewer=viewer), pages.versions(tx, post_id=post_id))


@routes.get("/posts/{id}/pin")
async def ask_to_pin(request: web.Request) -> web.Response:
    seen = await request.app[DATABASE].read(_pinnable, post_id=asked.post_id(request), me=asked.me(request))
    heading = "Take this post down from your page?" if seen.is_pinned else "Show this post first on your page?"
    said = (
        "It stays where it is otherwise, and everybody can still read it."
        if seen.is_pinned
        else f"Up to {MOST} posts stand above all others, here and on servers where somebody follows you."
    )
    return await page(
        request,
        "confirm.html",
        post=seen.post,
        heading=heading,
        message=said,
        verb="Take it down" if seen.is_pinned else "Pin it",
        action=f"/posts/{seen.post.id}/{'unpin' if seen.is_pinned else 'pin'}",
        back=asked.path(request, asked.address(request, seen.post)),
        gentle=True,
    )


@routes.post("/posts/{id}/pin")
async def pin(request: web.Request) -> web.Response:
    await request.app[DATABASE].write(_pin, request.app[HERE], post_id=asked.post_id(request), me=asked.me(request))
    return asked.go(f"/@{request[VISITOR].username}")


@routes.post("/posts/{id}/unpin")
async def unpin(request: web.Request) -> web.Response:
    await request.app[DATABASE].write(_unpin, request.app[HERE], post_id=asked.post_id(request), me=asked.me(request))
    return asked.go(f"/@{request[VISITOR].username}")


def _pinnable(tx: Connection, *, post_id: int, me: int) -> Pinnable:
    """Raises Refused for what is somebody else's, or not for everybody to read."""
    post = timelines.card(tx, post_id=post_id, viewer=me)
    if post.author.id != me or post.visibility not in OPEN:
        raise Refused("You can pin your own posts, if everybody may read them.")
    return Pinnable(post, timelines.is_pinned(tx, actor_id=me, post_id=post_id))


def _pin(tx: Connection, here: Here, *, post_id: int, me: int) -> None:
    pins.pin(tx, here, actor_id=me, post_id=_pinnable(tx, post_id=post_id, me=me).post.id)


def _unpin(tx: Connection, here: Here, *, post_id: int, me: int) -> None:
    pins.unpin(tx, here, actor_id=me, post_id=post_id)


@routes.get("/posts/{id}/delete")
async def ask_to_delete(request: web.Request) -> web.Response:
    post, is_own = await request.app[DATABASE].read(_ask, post_id=asked.post_id(request), visitor=request[VISITOR])
    said = (
        "It is taken away here, and every server that has it is asked to do the same."
        if is_own
        else "You do this as a moderator. Its author is not asked; every server that has it is told."
    )
    return await page(
        request,
        "confirm.html",
        post=post,
        heading="Delete this post?",
        message=said,
        verb="Delete it",
        action=f"/posts/{post.id}/delete",
        back=asked.path(request, asked.address(request, post)),
    )


@routes.post("/posts/{id}/delete")
async def delete(request: web.Request) -> web.Response:
    await request.app[DATABASE].write(
        _delete, request.app[HERE], post_id=asked.post_id(request), visitor=request[VISITOR]
    )
    return asked.go("/")


def _delete(tx: Connection, here: Here, *, post_id: int, visitor: Visitor) -> None:
    # Read again inside the transaction: whose post it is decides, not what a form said.
    post = timelines.card(tx, post_id=post_id, viewer=visitor.actor_id)
    if _is_of_handle(tx, visitor, post):
        handles.delete(tx, here, handle_id=post.author.id, by_id=visitor.actor_id or 0, post_id=post_id)
        return
    is_own = _require_right(visitor, post)
    posts.delete(tx, here, by_id=visitor.actor_id or 0, post_id=post_id, as_moderator=not is_own)


def _is_of_handle(tx: Connection, visitor: Visitor, post: Card) -> bool:
    """Whether a handle of ours wrote it that the visitor runs."""
    is_ours = post.local and post.author.id != visitor.actor_id and visitor.runs > 0
    return is_ours and running.is_active(tx, handle_id=post.author.id, actor_id=visitor.actor_id or 0)


def _ask(tx: Connection, *, post_id: int, visitor: Visitor) -> tuple[Card, bool]:
    """A post to delete, and whether in its author's name."""
    post = timelines.card(tx, post_id=post_id, viewer=visitor.actor_id)
    return post, _is_of_handle(tx, visitor, post) or _require_right(visitor, post)


def _require_right(visitor: Visitor, post: Card) -> bool:
    """Whether it is the visitor's own; raises Refused where it is neither theirs nor theirs to moderate."""
    is_own = post.author.id == visitor.actor_id
    if not may(visitor.role, Verb.DELETE_POST, owns=is_own):
        raise Refused("Only its author or a moderator can delete a post.")
    return is_own
