"""What pages read from a request, and how they send a browser on."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from fedishare.core.errors import NotFound
from fedishare.http.keys import HERE, VISITOR
from fedishare.http.middleware import local_path
from fedishare.queries.cards import Card
from fedishare.queries.timelines import NEWEST, PAGE

# A page may come out shorter than it was asked for, because the visitor may not see all of it. A link to
# older posts that leads to an empty page is better than posts that nobody can reach.
MORE_LIKELY: Final = PAGE // 2

_NUMBER: Final = re.compile(r"[0-9]{1,19}", re.ASCII)


def whole(text: str) -> int | None:
    """An id as somebody typed it, or nothing."""
    return int(text) if _NUMBER.fullmatch(text) and int(text) <= NEWEST else None


def post_id(request: web.Request) -> int:
    """The id in the address; raises NotFound for what cannot be one."""
    found = whole(request.match_info["id"])
    if found is None:
        raise NotFound("There is no such post, or it is not for you.")
    return found


def before(request: web.Request) -> int:
    """Where this page of a list begins; the newest where nothing sensible is said."""
    found = whole(request.query.get("before", ""))
    return NEWEST if found is None else found


def me(request: web.Request) -> int:
    """The visitor's own actor, on pages for the signed-in."""
    actor_id = request[VISITOR].actor_id
    if actor_id is None:
        raise NotFound("There is nothing here.")
    return actor_id


def older(path: str, posts: Sequence[Card], **query: str | None) -> str | None:
    """The address of the next page of a timeline, where one is likely."""
    if len(posts) < MORE_LIKELY:
        return None
    return f"{path}?{urlencode({'before': posts[-1].entry_id} | {key: value for key, value in query.items() if value})}"


def path(request: web.Request, uri: str) -> str:
    """One of our own addresses without its origin."""
    return uri.removeprefix(request.app[HERE].uris.origin) or "/"


def address(request: web.Request, post: Card) -> str:
    """Where a post has its page on this node."""
    return post.uri if post.local else request.app[HERE].uris.post(post.id)


def greeting(post: Card, viewer: int | None) -> str:
    """How an answer begins: other servers tell somebody of an answer only where it names them."""
    return "" if post.author.id == viewer else f"@{post.author.handle} "


def go(path: str) -> web.Response:
    """Send the browser to another page of ours, as a GET."""
    return web.Response(status=303, headers={"Location": local_path(path)})
