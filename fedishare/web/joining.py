"""Coming into a room: its rules, invitations by link, and links that somebody brings from elsewhere."""

from contextlib import suppress
from datetime import timedelta
from typing import Final, NamedTuple
from urllib.parse import urlencode

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core import hosts
from fedishare.core.errors import FediShareError, Invalid, NotFound
from fedishare.core.here import Here
from fedishare.domain import membership as rules
from fedishare.domain.dialects import OURS
from fedishare.domain.kinds import Access, FollowState
from fedishare.http.keys import DATABASE, HERE, LIMITS, TOOLS, VISITOR
from fedishare.http.pages import page
from fedishare.http.routes import Allow, Routes
from fedishare.inbox import nodes as software
from fedishare.inbox import resolve, rosters
from fedishare.queries import known, nodes, people, rooms
from fedishare.queries.people import Profile
from fedishare.queries.rooms import Terms
from fedishare.services import invitations, membership
from fedishare.web import asked, forms
from fedishare.web.search import ELSEWHERE, LONGEST, look_up

LOOK_UPS: Final = 10
LOOK_UPS_A_MINUTE: Final = 5.0
RULES_STAND: Final = timedelta(hours=1)

routes: Final = Routes()


class Door(NamedTuple):
    """What stands before somebody who is about to join: the room, what it asks, and whether they are in it."""

    who: Profile
    terms: Terms
    following: FollowState | None


@routes.get("/rooms/join")
async def ask_for_link(request: web.Request) -> web.Response:
    return await page(request, "room_paste.html", values={"link": request.query.get("link", "")[:LONGEST]}, errors={})


@routes.post("/rooms/join")
async def find_room(request: web.Request) -> web.Response:
    """An invitation link, or the handle of a room, of whatever server."""
    form = await forms.read(request)
    wanted = form.text("link")[:LONGEST]
    try:
        if not ELSEWHERE.fullmatch(wanted):
            raise Invalid("Paste the whole link of an invitation, or a handle such as @maths@school.example.")
        return asked.go(await _door_of(request, wanted))
    except FediShareError as error:
        return await page(request, "room_paste.html", status=422, values=form.values, errors={"link": str(error)})


async def _door_of(request: web.Request, wanted: str) -> str:
    here = request.app[HERE]
    if wanted.startswith(f"{here.uris.origin}/"):
        return asked.path(request, wanted)
    if "/join/" not in wanted:
        found = await look_up(request, wanted)
        return f"/rooms/{found.id}/join" if found.kind == "actor" else f"/posts/{found.id}"
    now, who = here.now(), str(asked.me(request))
    request.app[LIMITS].take("invitation", who, now=now, burst=LOOK_UPS, per_minute=LOOK_UPS_A_MINUTE)
    room_id = await resolve.actor(request.app[TOOLS], await rosters.room_of_link(request.app[TOOLS], wanted))
    return f"/rooms/{room_id}/join?{urlencode({'link': wanted})}"


@routes.get("/rooms/{id}/join")
async def ask(request: web.Request) -> web.Response:
    """Whoever joins accepts the rules as they are now: a room elsewhere is asked for them, if that was long ago."""
    room = await request.app[DATABASE].read(known.actor_by_id, actor_id=asked.post_id(request))
    if room is not None and not room.local:
        who, now = str(asked.me(request)), request.app[HERE].now()
        with suppress(FediShareError):
            request.app[LIMITS].take("rules", who, now=now, burst=LOOK_UPS, per_minute=LOOK_UPS_A_MINUTE)
            await resolve.refresh(request.app[TOOLS], room, after=RULES_STAND)
    return await _show(request, link=request.query.get("link", "")[:LONGEST])


@routes.post("/rooms/{id}/join")
async def join(request: web.Request) -> web.Response:
    form = await forms.read(request)
    link = form.text("link")[:LONGEST]
    try:
        await request.app[DATABASE].write(
            membership.join,
            request.app[HERE],
            room_id=asked.post_id(request),
            actor_id=asked.me(request),
            version=asked.whole(form.text("accepted")),
            link=link or None,
        )
    except Invalid as error:
        return await _show(request, link=link, errors={"accepted": str(error)})
    door = await request.app[DATABASE].read(
        _door, request.app[HERE], room_id=asked.post_id(request), viewer=asked.me(request)
    )
    return asked.go(f"/@{door.who.handle}")


async def _show(request: web.Request, *, link: str, errors: dict[str, str] | None = None) -> web.Response:
    door = await request.app[DATABASE].read(
        _door, request.app[HERE], room_id=asked.post_id(request), viewer=asked.me(request)
    )
    if door.following is FollowState.ACCEPTED and door.terms.accepted_version == door.terms.rules_version:
        return asked.go(f"/@{door.who.handle}")
    return await page(
        request,
        "room_join.html",
        status=422 if errors else 200,
        **door._asdict(),
        link=link,
        about=door.who.summary if door.who.local else rules.about_in(door.who.summary),
        may_come=door.terms.access is not Access.PRIVATE or door.terms.is_invited or bool(link) or not door.who.local,
        errors=errors or {},
    )


def _door(tx: Connection, here: Here, *, room_id: int, viewer: int) -> Door:
    terms = rooms.terms(tx, room_id=room_id, actor_id=viewer, now=here.now())
    if terms is None:
        raise NotFound("There is no such room here.")
    who = people.by_id(tx, actor_id=room_id)
    return Door(who, terms, people.relation(tx, viewer=viewer, other=room_id).following)


class Landing(NamedTuple):
    who: Profile
    terms: Terms


@routes.get("/join/{secret}", allow=Allow.ANYONE)
async def land(request: web.Request) -> web.Response:
    """Where an invitation leads: those from here join, those from elsewhere are shown the way to their own node."""
    here, secret = request.app[HERE], request.match_info["secret"]
    found = await request.app[DATABASE].read(_land, here, secret=secret, viewer=request[VISITOR].actor_id)
    link = here.uris.invitation(secret)
    if request[VISITOR].is_signed_in:
        return asked.go(f"/rooms/{found.who.id}/join?{urlencode({'link': link})}")
    handle = request.query.get("handle", "").strip()[:LONGEST]
    onward, problem = await _onward(request, handle, link) if handle else ("", "")
    answer = await page(
        request,
        "room_link.html",
        status=422 if problem else 200,
        **found._asdict(),
        link=link,
        onward=onward,
        errors={"handle": problem} if problem else {},
        values={"handle": handle},
    )
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _land(tx: Connection, here: Here, *, secret: str, viewer: int | None) -> Landing:
    found = invitations.find_link(tx, here, secret=secret)
    terms = rooms.terms(tx, room_id=found.room_id, actor_id=viewer or 0, now=here.now())
    if terms is None:
        raise NotFound("This room is no longer there.")
    return Landing(people.by_id(tx, actor_id=found.room_id), terms)


async def _onward(request: web.Request, handle: str, link: str) -> tuple[str, str]:
    """The page of somebody's own node on which they can take up the invitation; or what is in the way."""
    name, at, host = handle.removeprefix("@").partition("@")
    try:
        if not (name and at and host):
            raise Invalid("Write your whole handle, such as @anna@school.example.")
        origin = hosts.origin_of(f"https://{host}")
        if origin.authority == request.app[HERE].uris.authority:
            return f"/sign-in?{urlencode({'next': asked.path(request, link)})}", ""
        who, now = request.remote or "", request.app[HERE].now()
        request.app[LIMITS].take("invitation", who, now=now, burst=LOOK_UPS, per_minute=LOOK_UPS_A_MINUTE)
        runs = await request.app[DATABASE].read(nodes.software_at, host=origin.authority)
        if runs is None:
            await software.learn(request.app[TOOLS], f"{origin}/")
            runs = await request.app[DATABASE].read(nodes.software_at, host=origin.authority)
    except FediShareError as error:
        return "", str(error)
    if (runs or "").lower() == OURS:
        return f"{origin}/rooms/join?{urlencode({'link': link})}", ""
    return "", (
        f"{host} is not a FediShare node, so this link does not work there. If it runs Lemmy, ask whoever sent you the "
        "link to invite you by your handle. People on Mastodon and similar servers cannot be in a private room."
    )
