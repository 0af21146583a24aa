"""Linked rooms: which they are, asking another room, agreeing, declining, leaving."""

from collections.abc import Callable
from typing import Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import FediShareError, Gone, Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.domain.kinds import Access, StewardRole
from fedishare.domain.permissions import Verb, may
from fedishare.http.keys import DATABASE, HERE, LIMITS, TOOLS, VISITOR, Visitor
from fedishare.http.pages import page
from fedishare.http.routes import Routes
from fedishare.inbox import moving
from fedishare.queries import links as linked
from fedishare.queries import people, privacy, rulings
from fedishare.queries.links import LinkLine
from fedishare.queries.people import Profile
from fedishare.services import links
from fedishare.web import asked, forms
from fedishare.web.search import LOOK_UPS, LOOK_UPS_A_MINUTE

SAID: Final = {
    "asked": "The other room is asked. You are told when its owners agree.",
    "linked": "The two rooms are linked: what is new in one is in the other from now on.",
    "left": "The two rooms are not linked, or no longer.",
}

routes: Final = Routes()


class Desk(NamedTuple):
    """What those who look after a room see of its links; its owners may agree to new ones."""

    who: Profile
    links: list[LinkLine]
    is_private: bool
    may_own: bool


@routes.get("/rooms/{id}/linked")
async def show(request: web.Request) -> web.Response:
    return await _show(request)


async def _show(
    request: web.Request, *, values: dict[str, str] | None = None, errors: dict[str, str] | None = None
) -> web.Response:
    desk = await request.app[DATABASE].read(_look, room_id=asked.post_id(request), visitor=request[VISITOR])
    said = SAID.get(request.query.get("said", ""), "")
    status = 422 if errors else 200
    return await page(
        request, "room_links.html", status=status, **desk._asdict(), values=values or {}, errors=errors or {}, said=said
    )


def _look(tx: Connection, *, room_id: int, visitor: Visitor) -> Desk:
    may_own = _require(tx, visitor, room_id, Verb.MODERATE_ROOM)
    is_private = privacy.access(tx, room_id=room_id) is Access.PRIVATE
    return Desk(people.by_id(tx, actor_id=room_id), linked.links(tx, room_id=room_id), is_private, may_own)


def _require(tx: Connection, visitor: Visitor, room_id: int, verb: Verb) -> bool:
    """Answers whether they may do all that owners may. Raises NotFound for what is no room of ours, else Refused."""
    found = rulings.room(tx, room_id=room_id)
    if found is None or not found.local:
        raise NotFound("There is no such room here.")
    role = rulings.role(tx, room_id=room_id, actor_id=visitor.actor_id or 0)
    owns, moderates = role is StewardRole.OWNER, role is not None
    if not may(visitor.role, verb, owns=owns, moderates=moderates):
        who = "its owners" if verb is Verb.EDIT_ROOM else "those who look after this room"
        raise Refused(f"Only {who} can do this.")
    return may(visitor.role, Verb.EDIT_ROOM, owns=owns, moderates=moderates)


# What a link brings into a room is for its owners to agree to; whoever looks after it may end that.
ACTS: Final[dict[str, tuple[Verb, Callable[..., bool], str]]] = {
    "agree": (Verb.EDIT_ROOM, links.agree, "linked"),
    "leave": (Verb.MODERATE_ROOM, links.leave, "left"),
}


@routes.post("/rooms/{id}/linked")
async def change(request: web.Request) -> web.Response:
    form, room_id = await forms.read(request), asked.post_id(request)
    field = "other" if form.text("act") == "ask" else "linked"
    try:
        if field == "other":
            return await _ask(request, room_id, form.text("other"))
        found, other_id = ACTS.get(form.text("act")), asked.whole(form.text("room"))
        if found is None or other_id is None:
            raise Invalid("This form does not say what is to be done. Please go back and try again.")
        verb, act, said = found
        visitor = request[VISITOR]
        await request.app[DATABASE].write(
            _do, request.app[HERE], act, verb=verb, room_id=room_id, visitor=visitor, other_id=other_id
        )
        return asked.go(f"/rooms/{room_id}/linked?said={said}")
    except FediShareError as error:
        await request.app[DATABASE].read(_require, request[VISITOR], room_id, Verb.MODERATE_ROOM)
        return await _show(request, values={"other": form.text("other")}, errors={field: str(error)})


async def _ask(request: web.Request, room_id: int, text: str) -> web.Response:
    await request.app[DATABASE].read(_require, request[VISITOR], room_id, Verb.MODERATE_ROOM)
    if not text.strip():
        raise Invalid("Give the address of the other room, such as @maths@school.example.")
    now, who = request.app[HERE].now(), str(asked.me(request))
    request.app[LIMITS].take("look up", who, now=now, burst=LOOK_UPS, per_minute=LOOK_UPS_A_MINUTE)
    try:
        other_id = await moving.other_account(request.app[TOOLS], text)
    except Gone:
        raise Gone("That room is gone: its server says that it was deleted.") from None
    is_linked = await request.app[DATABASE].write(
        _do_ask, request.app[HERE], room_id=room_id, visitor=request[VISITOR], other_id=other_id
    )
    return asked.go(f"/rooms/{room_id}/linked?said={'linked' if is_linked else 'asked'}")


def _do_ask(tx: Connection, here: Here, *, room_id: int, visitor: Visitor, other_id: int) -> bool:
    """Where the other room asked first, asking is agreeing, which is for the owners."""
    is_asked = any(
        line.face.id == other_id and line.state is linked.LinkState.ASKS for line in linked.links(tx, room_id=room_id)
    )
    _require(tx, visitor, room_id, Verb.EDIT_ROOM if is_asked else Verb.MODERATE_ROOM)
    return links.ask(tx, here, room_id=room_id, other_id=other_id)


def _do(
    tx: Connection,
    here: Here,
    act: Callable[..., bool],
    *,
    verb: Verb,
    room_id: int,
    visitor: Visitor,
    other_id: int,
) -> None:
    _require(tx, visitor, room_id, verb)
    act(tx, here, room_id=room_id, other_id=other_id)
