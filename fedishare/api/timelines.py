"""Timelines: home, public, by hashtag, by list, by link; and what somebody likes or wants to find again."""

from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from fedishare.api.calls import Answer, Call, nothing
from fedishare.api.entities import accounts
from fedishare.api.routes import PUBLIC, Routes, Token
from fedishare.api.spans import answer, span_of
from fedishare.core.errors import Unauthenticated
from fedishare.domain import markup
from fedishare.queries import lines

USUAL: Final = 20
MOST_TAGS: Final = 16
LONGEST_ADDRESS: Final = 2_000
LINKS_KEPT: Final = timedelta(days=30)

routes: Final = Routes()


@routes.reads("GET", "/api/v1/timelines/home", scope="read:statuses")
def home(tx: Connection, call: Call) -> Answer:
    page = call.page(usual=USUAL)
    return answer(tx, call, lines.home(tx, reader=call.me, span=span_of(page)), page)


@routes.reads("GET", "/api/v1/timelines/public", scope=PUBLIC, token=Token.MAYBE)
def public(tx: Connection, call: Call) -> Answer:
    _refuse_stranger(call)
    page = call.page(usual=USUAL)
    only_media = bool(call.params.flag("only_media"))
    rows = lines.public(tx, viewer=call.viewer, span=span_of(page), local=_side(call), only_media=only_media)
    return answer(tx, call, rows, page)


@routes.reads("GET", "/api/v1/timelines/tag/{name}", scope=PUBLIC, token=Token.MAYBE)
def tagged(tx: Connection, call: Call) -> Answer:
    _refuse_stranger(call)
    page = call.page(usual=USUAL)
    found = [*_folded([call.path["name"]]), *_folded(call.params.texts("any"))]
    wanted = call.params.texts("all")
    # What can be no hashtag is on no post.
    rows = (
        lines.tagged(
            tx,
            viewer=call.viewer,
            span=span_of(page),
            any_of=found,
            all_of=_folded(wanted),
            none_of=_folded(call.params.texts("none")),
            local=_side(call),
            only_media=bool(call.params.flag("only_media")),
        )
        if found and all(map(markup.fold_tag, wanted[:MOST_TAGS]))
        else []
    )
    return answer(tx, call, rows, page)


@routes.reads("GET", "/api/v1/timelines/link", scope=PUBLIC, token=Token.MAYBE)
def linking(tx: Connection, call: Call) -> Answer:
    _refuse_stranger(call)
    page, address = call.page(usual=USUAL), markup.safe_url(call.params.text("url")[:LONGEST_ADDRESS])
    if address is None:
        raise nothing()
    since = call.now - LINKS_KEPT
    rows = lines.linking(tx, viewer=call.viewer, span=span_of(page), address=address, since=since)
    return answer(tx, call, rows, page)


@routes.reads("GET", "/api/v1/accounts/{id}/statuses", scope="read:statuses", token=Token.MAYBE)
def of_one(tx: Connection, call: Call) -> Answer:
    """What somebody wrote and boosted; `pinned`: what they show first."""
    page, actor_id, said = call.page(usual=USUAL), call.id(), call.params
    accounts.one(tx, call, actor_id)
    if said.flag("pinned"):
        return answer(tx, call, lines.pinned(tx, viewer=call.viewer, span=span_of(page), actor_id=actor_id), page)
    tag = said.text("tagged")
    folded = markup.fold_tag(tag)
    if tag and not folded:
        return answer(tx, call, [], page)
    rows = lines.of_one(
        tx,
        viewer=call.viewer,
        span=span_of(page),
        actor_id=actor_id,
        without_answers=bool(said.flag("exclude_replies")),
        without_boosts=bool(said.flag("exclude_reblogs")),
        only_media=bool(said.flag("only_media")),
        tag=folded or None,
    )
    return answer(tx, call, rows, page)


@routes.reads("GET", "/api/v1/timelines/direct", scope="read:statuses")
def direct(tx: Connection, call: Call) -> Answer:
    page = call.page(usual=USUAL)
    return answer(tx, call, lines.direct(tx, viewer=call.me, span=span_of(page)), page)


@routes.reads("GET", "/api/v1/favourites", scope="read:favourites")
def favourites(tx: Connection, call: Call) -> Answer:
    page = call.page(usual=USUAL)
    return answer(tx, call, lines.favourites(tx, viewer=call.me, span=span_of(page)), page)


@routes.reads("GET", "/api/v1/bookmarks", scope="read:bookmarks")
def bookmarks(tx: Connection, call: Call) -> Answer:
    page = call.page(usual=USUAL)
    return answer(tx, call, lines.bookmarks(tx, viewer=call.me, span=span_of(page)), page)


def _refuse_stranger(call: Call) -> None:
    """A school may keep its timelines to those who signed in (decision C8)."""
    if call.settings.hides_timelines and call.viewer is None:
        raise Unauthenticated("This method requires an authenticated user")


def _side(call: Call) -> bool | None:
    """Whether only this node, or only others, or with both or neither asked for, all."""
    local, remote = bool(call.params.flag("local")), bool(call.params.flag("remote"))
    return local if local != remote else None


def _folded(names: list[str]) -> list[str]:
    return [folded for name in dict.fromkeys(names[:MOST_TAGS]) if (folded := markup.fold_tag(name))]
