"""What moderators decide about one account: a note, switching off, suspending, and deleting for good."""

from typing import Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import Invalid, NotFound, Refused
from fedishare.domain.decisions import DecisionKind
from fedishare.domain.permissions import Role, Verb, may
from fedishare.http.errors import status_of
from fedishare.http.keys import DATABASE, HERE, VISITOR
from fedishare.http.pages import page
from fedishare.http.routes import Allow, Routes
from fedishare.queries import cards, decisions
from fedishare.queries.cards import Face
from fedishare.queries.decisions import Asked, DecisionLine, Standing
from fedishare.queries.timelines import NEWEST
from fedishare.services import decisions as services
from fedishare.web import asked, forms

MOST: Final = 200
# What a form can ask for; servers and reports have pages of their own.
KINDS: Final = frozenset(
    {
        DecisionKind.WARN,
        DecisionKind.DISABLE,
        DecisionKind.ENABLE,
        DecisionKind.SUSPEND,
        DecisionKind.UNSUSPEND,
        DecisionKind.DELETE,
    }
)

routes: Final = Routes()


class About(NamedTuple):
    face: Face
    standing: Standing
    log: list[DecisionLine]


class Line(NamedTuple):
    face: Face
    standing: Standing


@routes.get("/accounts", allow=Allow.MODERATORS)
async def show(request: web.Request) -> web.Response:
    """Who is suspended or switched off."""
    return await page(request, "accounts.html", lines=await request.app[DATABASE].read(_restrained))


@routes.get("/accounts/{id}", allow=Allow.MODERATORS)
async def show_one(request: web.Request) -> web.Response:
    return await _one(request)


@routes.post("/accounts/{id}", allow=Allow.MODERATORS)
async def decide(request: web.Request) -> web.Response:
    form = await forms.read(request)
    said, line = form.text("kind"), form.text("line")
    if said not in KINDS:
        raise Invalid("This form does not say what is to be done. Please go back and try again.")
    kind, me, role = DecisionKind(said), asked.me(request), request[VISITOR].role
    if kind is DecisionKind.DELETE and not form.text("sure"):
        return await _one(request, error="Tick that you are sure: nothing of this comes back.", status=422)
    try:
        await request.app[DATABASE].write(
            services.act, request.app[HERE], by_id=me, role=role, kind=kind, target_id=asked.post_id(request), line=line
        )
    except (Refused, Invalid) as error:
        return await _one(request, error=str(error), status=status_of(error))
    return asked.go("/accounts" if kind is DecisionKind.DELETE else request.path)


async def _one(request: web.Request, *, error: str = "", status: int = 200) -> web.Response:
    about = await request.app[DATABASE].read(_about, actor_id=asked.post_id(request))
    role = request[VISITOR].role or Role.MEMBER
    verb = Verb.MANAGE_ACCOUNTS if about.standing.local else Verb.BLOCK_NODES
    mine = about.face.id == request[VISITOR].actor_id
    return await page(
        request, "account.html", status=status, **about._asdict(), may_act=may(role, verb) and not mine, error=error
    )


def _about(tx: Connection, *, actor_id: int) -> About:
    standing, face = decisions.standings(tx, [actor_id]).get(actor_id), cards.faces(tx, [actor_id]).get(actor_id)
    if standing is None or face is None:
        raise NotFound("There is nobody of that name here.")
    return About(face, standing, decisions.about(tx, actor_id=actor_id))


def _restrained(tx: Connection) -> list[Line]:
    """Two lists in one, whoever came last first."""
    rows: dict[int, Standing] = {}
    for wish in (Asked(suspended=True), Asked(disabled=True)):
        rows |= {row.id: row for row in decisions.accounts(tx, wish, before=NEWEST, above=0, limit=MOST)}
    shown = cards.faces(tx, list(rows))
    return [Line(shown[key], rows[key]) for key in sorted(rows, reverse=True) if key in shown]
