"""A room that moves to another node: its owners make a new home for it there, and then move it from the old one."""

import asyncio
from typing import Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import FediShareError, Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.domain import markup
from fedishare.domain.kinds import Kind, StewardRole
from fedishare.domain.membership import RULES_HEADING
from fedishare.domain.permissions import Verb, may
from fedishare.http.keys import DATABASE, HERE, LIMITS, TOOLS, VISITOR, Visitor
from fedishare.http.pages import page
from fedishare.http.routes import Routes
from fedishare.inbox import moving
from fedishare.net import keys
from fedishare.queries import people, rulings
from fedishare.queries.people import Profile
from fedishare.services import homes
from fedishare.services.homes import Wish
from fedishare.web import asked, forms
from fedishare.web.forms import Form
from fedishare.web.moving import require_password
from fedishare.web.rooms import LONGEST, SHORTEST, USERNAME
from fedishare.web.search import LOOK_UPS, LOOK_UPS_A_MINUTE

MOST_RULES: Final = 5_000

routes: Final = Routes()


class Old(NamedTuple):
    """A room that may move: `is_elsewhere` where it is another node's."""

    who: Profile
    is_owner: bool


def _look(tx: Connection, *, room_id: int, visitor: Visitor) -> Old:
    who = people.by_id(tx, actor_id=room_id)
    if who.kind is not Kind.GROUP:
        raise NotFound("There is no such room.")
    role = rulings.role(tx, room_id=room_id, actor_id=visitor.actor_id or 0)
    return Old(who, who.local and may(visitor.role, Verb.EDIT_ROOM, owns=role is StewardRole.OWNER))


@routes.get("/rooms/{id}/new-home")
async def ask(request: web.Request) -> web.Response:
    old = await request.app[DATABASE].read(_look, room_id=asked.post_id(request), visitor=request[VISITOR])
    # What the room says of itself ends with its rules, where it has some.
    about, _, rules = markup.plain(old.who.summary).partition(RULES_HEADING)
    values = {"name": old.who.name, "username": old.who.username, "description": about.strip(), "rules": rules.strip()}
    return await page(request, "room_new_home.html", who=old.who, values=values, errors={})


@routes.post("/rooms/{id}/new-home")
async def prepare(request: web.Request) -> web.Response:
    form, room_id, here = await forms.read(request), asked.post_id(request), request.app[HERE]
    old = await request.app[DATABASE].read(_look, room_id=room_id, visitor=request[VISITOR])
    errors = _mistakes(form)
    if not errors:
        loop = asyncio.get_running_loop()
        rsa, ed25519 = await loop.run_in_executor(None, lambda: (keys.new_rsa(), keys.new_ed25519()))
        wish, me = _wish(form), asked.me(request)
        try:
            await request.app[DATABASE].write(
                homes.prepare, here, old_id=room_id, by_id=me, wish=wish, rsa=rsa, ed25519=ed25519
            )
            return asked.go(f"/@{wish.username}")
        except (Invalid, Refused) as error:
            errors = {"username": str(error)}
    return await page(request, "room_new_home.html", status=422, who=old.who, values=form.values, errors=errors)


def _wish(form: Form) -> Wish:
    username = form.text("username").removeprefix("@")
    name, description, rules = (form.text(field) for field in ("name", "description", "rules"))
    return Wish(username=username, name=name, description=description, rules=rules)


def _mistakes(form: Form) -> dict[str, str]:
    wish, errors = _wish(form), dict(form.errors)
    if not wish.name:
        errors["name"] = "Give the room a name that colleagues will recognise."
    if not USERNAME.fullmatch(wish.username) or not SHORTEST <= len(wish.username) <= LONGEST:
        errors["username"] = (
            f"Choose a short name of {SHORTEST} to {LONGEST} letters and digits, with single hyphens inside, "
            "such as primary-slt."
        )
    if len(wish.rules) > MOST_RULES:
        errors["rules"] = f"Please keep the rules under {MOST_RULES} characters."
    return errors


@routes.get("/rooms/{id}/move")
async def show(request: web.Request) -> web.Response:
    return await _show(request)


async def _show(
    request: web.Request, *, values: dict[str, str] | None = None, errors: dict[str, str] | None = None
) -> web.Response:
    old = await _owned(request)
    status = 422 if errors else 200
    return await page(request, "room_move.html", status=status, who=old.who, values=values or {}, errors=errors or {})


async def _owned(request: web.Request) -> Old:
    """Raises NotFound for what is no room of ours, and Refused for whoever does not own it."""
    old = await request.app[DATABASE].read(_look, room_id=asked.post_id(request), visitor=request[VISITOR])
    if not old.who.local:
        raise NotFound("There is no such room here.")
    if not old.is_owner:
        raise Refused("Only its owners can do this.")
    return old


@routes.post("/rooms/{id}/move")
async def move(request: web.Request) -> web.Response:
    form, room_id = await forms.read(request), asked.post_id(request)
    old, field = await _owned(request), "current"
    try:
        await require_password(request, form)
        field = "target"
        now, who = request.app[HERE].now(), str(asked.me(request))
        request.app[LIMITS].take("look up", who, now=now, burst=LOOK_UPS, per_minute=LOOK_UPS_A_MINUTE)
        target = await moving.other_account(request.app[TOOLS], form.text("target"))
        await request.app[DATABASE].write(_move, request.app[HERE], room_id=room_id, target=target)
    except FediShareError as error:
        return await _show(request, values={"target": form.text("target")}, errors={field: str(error)})
    return asked.go(f"/@{old.who.handle}")


def _move(tx: Connection, here: Here, *, room_id: int, target: int) -> None:
    homes.leave(tx, here, room_id=room_id, target_id=target)
