"""Where somebody lands who pressed a button on another server and said that they are from here (FEP-3b86).

A link from elsewhere does nothing by itself: it leads to a page, and what the person presses there counts.
"""

from typing import Final, NamedTuple
from urllib.parse import urlencode, urlsplit

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import FediShareError, Invalid
from fedishare.domain import markup
from fedishare.domain.kinds import Kind
from fedishare.http.keys import DATABASE
from fedishare.http.pages import page
from fedishare.http.routes import Routes
from fedishare.inbox.resolve import Found
from fedishare.queries import people, rooms, timelines
from fedishare.queries.cards import Card
from fedishare.queries.people import Profile, Relation
from fedishare.web import asked
from fedishare.web.search import ELSEWHERE, LONGEST, look_up

INTENTS: Final = frozenset({"object", "follow", "like", "announce"})
CLOSE: Final = "(close)"
LONGEST_TEXT: Final = 10_000
LONGEST_LINE: Final = 500

routes: Final = Routes()


class Shown(NamedTuple):
    who: Profile | None
    relation: Relation | None
    post: Card | None
    has_rules: bool = False


class Way(NamedTuple):
    """Where somebody came from: an address that is shown before anybody goes there, or a window to close."""

    url: str
    host: str
    closes: bool


@routes.get("/authorize_interaction")
async def interact(request: web.Request) -> web.Response:
    return await _show(request, request.query.get("uri") or request.query.get("acct", ""), intent="object")


@routes.get("/intents/create")
async def create(request: web.Request) -> web.Response:
    """A new post with some of it written already; or an answer, if what it answers can be found."""
    said = request.query
    wish = {"text": said.get("content", "")[:LONGEST_TEXT], "title": said.get("name", "")[:LONGEST_LINE]}
    wish["warning"] = said.get("summary", "")[:LONGEST_LINE]
    parent = said.get("inReplyTo", "").strip()[:LONGEST]
    if ELSEWHERE.fullmatch(parent):
        try:
            found = await look_up(request, parent)
        except FediShareError as error:
            return await _sorry(request, str(error))
        if found.kind != "post":
            return await _sorry(request, "This is not a post, so it cannot be answered.")
        wish["reply_to"] = str(found.id)
    return asked.go(f"/compose?{urlencode({name: value for name, value in wish.items() if _is_meant(value)})}")


@routes.get("/share")
async def share(request: web.Request) -> web.Response:
    """The address that buttons try where a server says nothing of itself."""
    parts = (request.query.get(name, "").strip() for name in ("title", "text", "url"))
    text = "\n\n".join(dict.fromkeys(part for part in parts if part))
    return asked.go(f"/compose?{urlencode({'text': text[:LONGEST_TEXT]})}")


@routes.get("/intents/done")
async def done(request: web.Request) -> web.Response:
    """Before anybody is sent anywhere else, they see where."""
    return await page(request, "intent_done.html", way=_way(request.query.get("to", "")))


@routes.get("/intents/{intent}")
async def intent(request: web.Request) -> web.Response:
    named = request.match_info["intent"]
    if named not in INTENTS:
        return await _sorry(request, "This node does not know what that button is for.")
    return await _show(request, request.query.get("object", ""), intent=named)


async def _show(request: web.Request, wanted: str, *, intent: str) -> web.Response:
    wanted = wanted.strip()[:LONGEST]
    try:
        if not ELSEWHERE.fullmatch(wanted):
            raise Invalid("This link names neither a person nor a post.")
        found = await look_up(request, wanted)
        shown = await request.app[DATABASE].read(_shown, found, viewer=asked.me(request))
        _require_fit(shown, intent)
    except FediShareError as error:
        return await _sorry(request, str(error))
    after = request.query.get("on-success", "")
    return await page(
        request,
        "interact.html",
        **shown._asdict(),
        problem="",
        intent=intent,
        onward=f"/intents/done?{urlencode({'to': after})}" if _way(after) is not None else "",
        back=_way(request.query.get("on-cancel", "")),
    )


async def _sorry(request: web.Request, problem: str) -> web.Response:
    nothing = Shown(None, None, None)._asdict()
    return await page(
        request, "interact.html", status=404, **nothing, problem=problem, intent="object", onward="", back=None
    )


def _require_fit(shown: Shown, intent: str) -> None:
    if intent == "follow" and shown.who is None:
        raise Invalid("This is a post. Only people and rooms can be followed.")
    if intent in {"like", "announce"} and shown.post is None:
        raise Invalid("This is not a post, so it can be neither liked nor boosted.")


def _way(text: str) -> Way | None:
    """Nothing for what is no plain address: some servers leave the placeholder where it is."""
    if text == CLOSE:
        return Way("", "", closes=True)
    url = markup.safe_url(text[:LONGEST])
    host = urlsplit(url).hostname if url else None
    return Way(url, host, closes=False) if url and host else None


def _is_meant(value: str) -> bool:
    return bool(value) and not (value.startswith("{") and value.endswith("}"))


def _shown(tx: Connection, found: Found, *, viewer: int) -> Shown:
    if found.kind == "post":
        return Shown(None, None, timelines.card(tx, post_id=found.id, viewer=viewer))
    who = people.by_id(tx, actor_id=found.id)
    relation = people.relation(tx, viewer=viewer, other=who.id) if who.id != viewer else None
    has_rules = who.kind is Kind.GROUP and bool(rooms.facts(tx, room_id=who.id).rules)
    return Shown(who, relation, None, has_rules)
