"""Moving: to another server with one's followers, or here from one."""

from typing import Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import FediShareError, Invalid
from fedishare.core.here import Here
from fedishare.http.keys import DATABASE, HERE, LIMITS, TOOLS, VISITOR
from fedishare.http.pages import page
from fedishare.http.routes import Routes
from fedishare.inbox import moving
from fedishare.queries import people
from fedishare.queries.people import Profile
from fedishare.services import accounts, moves
from fedishare.web import asked, forms, sign_in
from fedishare.web.forms import Form
from fedishare.web.search import LOOK_UPS, LOOK_UPS_A_MINUTE

SAID: Final = {
    "named": "The other account is named. It can move here now.",
    "forgotten": "The other account is not named any more.",
    "moved": "You have moved. Your followers are asked to follow the new account.",
    "back": "Your page does not say any more that you have moved.",
}

routes: Final = Routes()


class Seen(NamedTuple):
    who: Profile
    names: list[str]


@routes.get("/settings/move")
async def show(request: web.Request) -> web.Response:
    return await _render(request)


async def _render(
    request: web.Request, *, values: dict[str, str] | None = None, errors: dict[str, str] | None = None
) -> web.Response:
    seen = await request.app[DATABASE].read(_see, me=asked.me(request))
    said = SAID.get(request.query.get("said", ""), "")
    status = 422 if errors else 200
    return await page(
        request, "move.html", status=status, **seen._asdict(), values=values or {}, errors=errors or {}, said=said
    )


def _see(tx: Connection, *, me: int) -> Seen:
    return Seen(people.by_id(tx, actor_id=me), people.also_known_as(tx, actor_id=me))


@routes.post("/settings/move")
async def change(request: web.Request) -> web.Response:
    form = await forms.read(request)
    me, here, database = asked.me(request), request.app[HERE], request.app[DATABASE]
    field = "other"
    try:
        match form.text("part"):
            case "name":
                other = await _look_up(request, form.text("other"))
                await database.write(_know_as, here, me=me, other=other)
                return asked.go("/settings/move?said=named")
            case "forget":
                await database.write(_forget, here, me=me, uri=form.text("uri"))
                return asked.go("/settings/move?said=forgotten")
            case "back":
                await database.write(_come_back, here, me=me)
                return asked.go("/settings/move?said=back")
            case _:
                field = "current"
                await require_password(request, form)
                field = "target"
                target = await _look_up(request, form.text("target"))
                await database.write(_leave, here, me=me, target=target)
                return asked.go("/settings/move?said=moved")
    except FediShareError as error:
        values = {name: form.text(name) for name in ("other", "target")}
        return await _render(request, values=values, errors={field: str(error)})


async def _look_up(request: web.Request, text: str) -> int:
    now, who = request.app[HERE].now(), str(asked.me(request))
    request.app[LIMITS].take("look up", who, now=now, burst=LOOK_UPS, per_minute=LOOK_UPS_A_MINUTE)
    return await moving.other_account(request.app[TOOLS], text)


async def require_password(request: web.Request, form: Form) -> None:
    """A browser left open does not give all followers away."""
    name = request[VISITOR].username
    login = await request.app[DATABASE].read(accounts.find_login, request.app[HERE], name=name)
    if login is None or not await sign_in.fits(form.values.get("current", ""), login):
        raise Invalid("This is not your password. Check it and try again.")


def _know_as(tx: Connection, here: Here, *, me: int, other: int) -> None:
    moves.know_as(tx, here, actor_id=me, other_id=other)


def _forget(tx: Connection, here: Here, *, me: int, uri: str) -> None:
    moves.forget(tx, here, actor_id=me, uri=uri)


def _leave(tx: Connection, here: Here, *, me: int, target: int) -> None:
    moves.leave(tx, here, actor_id=me, target_id=target)


def _come_back(tx: Connection, here: Here, *, me: int) -> None:
    moves.come_back(tx, here, actor_id=me)
