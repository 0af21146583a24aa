"""Looking after a room: its posts, conversations, members and moderators."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import FediShareError, Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.domain.kinds import RulingKind, StewardRole
from fedishare.domain.permissions import Verb, may
from fedishare.http.keys import DATABASE, HERE, TOOLS, VISITOR, Visitor
from fedishare.http.pages import page
from fedishare.http.routes import Routes
from fedishare.inbox import resolve
from fedishare.queries import pages, rulings, timelines
from fedishare.queries.cards import Card
from fedishare.queries.pages import ReportLine
from fedishare.queries.rulings import Desk, State
from fedishare.services import reports
from fedishare.services import rulings as decisions
from fedishare.services.rulings import LONGEST_REASON, Ruling
from fedishare.web import asked, forms
from fedishare.web.forms import Form

routes: Final = Routes()

ABOUT_POSTS: Final[dict[str, Callable[..., bool]]] = {
    RulingKind.REMOVE: decisions.remove,
    RulingKind.RESTORE: decisions.restore,
    RulingKind.LOCK: decisions.lock,
    RulingKind.UNLOCK: decisions.unlock,
    RulingKind.PIN: decisions.pin,
    RulingKind.UNPIN: decisions.unpin,
}
ABOUT_PEOPLE: Final[dict[str, Callable[..., bool]]] = {
    RulingKind.UNBAN: decisions.unban,
    RulingKind.APPOINT: decisions.appoint,
    RulingKind.DISMISS: decisions.dismiss,
}

_FOR_OWNERS: Final = (decisions.appoint, decisions.dismiss)


class Before(NamedTuple):
    """A post as somebody sees it before deciding, in each of the rooms that they look after."""

    post: Card
    states: list[State]


class Office(NamedTuple):
    """`may_own` for those who settle the rules and roles of the room, beside keeping it in order."""

    desk: Desk
    reports: list[ReportLine]
    may_own: bool


@routes.get("/posts/{id}/moderate")
async def ask(request: web.Request) -> web.Response:
    seen = await request.app[DATABASE].read(_look, post_id=asked.post_id(request), visitor=request[VISITOR])
    return await _show_post(request, seen)


async def _show_post(
    request: web.Request, seen: Before, values: dict[str, str] | None = None, errors: dict[str, str] | None = None
) -> web.Response:
    return await page(
        request,
        "moderate.html",
        status=422 if errors else 200,
        **seen._asdict(),
        back=asked.path(request, asked.address(request, seen.post)),
        longest=LONGEST_REASON,
        values=values or {},
        errors=errors or {},
    )


@routes.post("/posts/{id}/moderate")
async def decide(request: web.Request) -> web.Response:
    form, post_id = await forms.read(request), asked.post_id(request)
    act = ABOUT_POSTS.get(form.text("act"))
    if act is None:
        raise Invalid("This form does not say what is decided. Please go back and try again.")
    # The page of a post that is in several rooms says which one is meant.
    room_id = asked.whole(form.text("room"))
    field = "reason" if room_id is None else f"reason-{room_id}"
    try:
        await request.app[DATABASE].write(
            _decide, request.app[HERE], act, post_id=post_id, visitor=request[VISITOR], room_id=room_id,
            reason=form.text(field),
        )  # fmt: skip
    except Invalid as error:
        seen = await request.app[DATABASE].read(_look, post_id=post_id, visitor=request[VISITOR])
        return await _show_post(request, seen, form.values, {field: str(error)})
    return asked.go(form.text("next") or f"/posts/{post_id}/moderate")


def _look(tx: Connection, *, post_id: int, visitor: Visitor) -> Before:
    """Raises NotFound for what is in no room of ours, and Refused for whoever looks after none of those it is in."""
    post = timelines.card(tx, post_id=post_id, viewer=visitor.actor_id)
    states = rulings.states(tx, post_id=post_id, viewer=visitor.actor_id or 0)
    if not states:
        raise NotFound("This post is in no room of this node.")
    allowed = [each for each in states if may(visitor.role, Verb.MODERATE_ROOM, moderates=each.is_mine)]
    if not allowed:
        raise Refused("Only those who look after this room can do this.")
    return Before(post, allowed)


def _decide(
    tx: Connection,
    here: Here,
    act: Callable[..., bool],
    *,
    post_id: int,
    visitor: Visitor,
    room_id: int | None,
    reason: str,
) -> None:
    """In the room that is named; where none is, in the first of those that the visitor looks after."""
    states = _look(tx, post_id=post_id, visitor=visitor).states
    state = next((each for each in states if room_id in {None, each.room.id}), None)
    if state is None:
        raise Refused("Only those who look after this room can do this.")
    act(tx, here, _by(state.room.id, visitor, reason), post_id=post_id)


def _require_right(tx: Connection, room_id: int, visitor: Visitor) -> None:
    """Raises NotFound for what is no room of ours, and Refused for whoever does not look after it."""
    decisions.required_role(
        tx, room_id=room_id, actor_id=visitor.actor_id or 0, is_admin=may(visitor.role, Verb.MODERATE_ROOM)
    )


def _by(room_id: int, visitor: Visitor, reason: str) -> Ruling:
    return Ruling(room_id=room_id, by_id=visitor.actor_id, reason=reason)


@routes.get("/rooms/{id}/manage")
async def manage(request: web.Request) -> web.Response:
    return await _show(request)


async def _show(
    request: web.Request, values: dict[str, str] | None = None, errors: dict[str, str] | None = None
) -> web.Response:
    now = request.app[HERE].now()
    office = await request.app[DATABASE].read(_enter, room_id=asked.post_id(request), visitor=request[VISITOR], now=now)
    empty = dict.fromkeys(("moderator", "handle", "reason", "until", "with_posts"), "")
    return await page(
        request,
        "room_manage.html",
        status=422 if errors else 200,
        **office._asdict(),
        room=office.desk.room,
        tomorrow=(now + timedelta(days=1)).date().isoformat(),
        longest=LONGEST_REASON,
        values=empty | (values or {}),
        errors=errors or {},
    )


def _enter(tx: Connection, *, room_id: int, visitor: Visitor, now: datetime) -> Office:
    _require_right(tx, room_id, visitor)
    role = rulings.role(tx, room_id=room_id, actor_id=visitor.actor_id or 0)
    may_own = may(visitor.role, Verb.EDIT_ROOM, owns=role is StewardRole.OWNER)
    return Office(rulings.desk(tx, room_id=room_id, now=now), pages.reports(tx, room_id=room_id), may_own)


@routes.post("/rooms/{id}/ban")
async def ban(request: web.Request) -> web.Response:
    form = await forms.read(request)
    try:
        until = _day(form.text("until"))
    except Invalid as error:
        return await _show(request, form.values, {"until": str(error)})
    return await _about_person(
        request, form, decisions.ban, "handle", until=until, with_posts=bool(form.text("with_posts"))
    )


def _day(text: str) -> datetime | None:
    """The end of a day that somebody chose, or nothing where nobody chose one."""
    if not text:
        return None
    try:
        return datetime.combine(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date(), time.max, UTC)
    except ValueError:
        raise Invalid("Write the day as year-month-day, such as 2027-01-31.") from None


@routes.post("/rooms/{id}/people")
async def about_people(request: web.Request) -> web.Response:
    """One button for each of what may be decided about somebody."""
    form = await forms.read(request)
    act = ABOUT_PEOPLE.get(form.text("act"))
    if act is None:
        raise Invalid("This form does not say what is decided. Please go back and try again.")
    return await _about_person(request, form, act, "moderator")


async def _about_person(
    request: web.Request, form: Form, act: Callable[..., bool], field: str, **more: Any
) -> web.Response:
    """The person is given by number on a button, and by handle where somebody types it."""
    room_id = asked.post_id(request)
    try:
        actor_id = asked.whole(form.text("actor")) or await find_person(request, form.text(field))
        await request.app[DATABASE].write(
            _rule,
            request.app[HERE],
            act,
            room_id=room_id,
            visitor=request[VISITOR],
            actor_id=actor_id,
            reason=form.text("reason"),
            **more,
        )
    except FediShareError as error:
        return await _show(request, form.values, {field: str(error)})
    return asked.go(f"/rooms/{room_id}/manage")


async def find_person(request: web.Request, handle: str) -> int:
    """The person of a handle that somebody typed, looked for elsewhere if need be. Raises Invalid and more."""
    if not handle:
        raise Invalid("Say who is meant: a handle such as @anna or @ben@school.example.")
    found = await resolve.find(request.app[TOOLS], handle if handle.startswith("@") else f"@{handle}")
    if found.kind != "actor":
        raise Invalid("This is not the handle of a person.")
    return found.id


def _rule(
    tx: Connection,
    /,
    here: Here,
    act: Callable[..., bool],
    *,
    room_id: int,
    visitor: Visitor,
    actor_id: int,
    reason: str,
    **more: Any,
) -> None:
    _require_right(tx, room_id, visitor)
    role = rulings.role(tx, room_id=room_id, actor_id=visitor.actor_id or 0)
    if act in _FOR_OWNERS and not may(visitor.role, Verb.EDIT_ROOM, owns=role is StewardRole.OWNER):
        raise Refused("Only the owners of the room appoint its moderators.")
    act(tx, here, _by(room_id, visitor, reason), actor_id=actor_id, **more)


@routes.post("/rooms/{id}/reports/{report}/resolve")
async def settle(request: web.Request) -> web.Response:
    room_id, report_id = asked.post_id(request), asked.whole(request.match_info["report"]) or 0
    await request.app[DATABASE].write(
        _settle, request.app[HERE], room_id=room_id, report_id=report_id, visitor=request[VISITOR]
    )
    return asked.go(f"/rooms/{room_id}/manage")


def _settle(tx: Connection, here: Here, *, room_id: int, report_id: int, visitor: Visitor) -> None:
    _require_right(tx, room_id, visitor)
    reports.resolve_in_room(tx, here, report_id=report_id, room_id=room_id)
