"""Who is in a room: the list, whoever asks to join, invitations, the parts people play; and the room's settings."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import FediShareError, Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.domain.kinds import Access, FollowState, Level, StewardRole
from fedishare.domain.meanwhile import Merged
from fedishare.domain.permissions import Verb, may
from fedishare.http.keys import DATABASE, HERE, SETTINGS, TOOLS, VISITOR, Visitor
from fedishare.http.pages import page
from fedishare.http.routes import Routes
from fedishare.inbox import nodes as software
from fedishare.queries import people, privacy, rooms, rulings
from fedishare.queries.cards import Face
from fedishare.queries.people import Profile
from fedishare.queries.rooms import MemberLine, OpenInvitation
from fedishare.services import follows, invitations, membership, rosters
from fedishare.services import people as people_services
from fedishare.services import rulings as decisions
from fedishare.services.membership import Settings
from fedishare.services.rulings import Ruling
from fedishare.web import asked, forms, meanwhile
from fedishare.web.forms import Form
from fedishare.web.rooms import ACCESSES
from fedishare.web.rulings import find_person

LONGEST_ABOUT: Final = 2_000
# A room that is public stays so.
PUBLIC_ACCESSES: Final = ACCESSES[:2]

routes: Final = Routes()


class Circle(NamedTuple):
    """A room as one of its members sees it. `role` is what the visitor is in it; of a room elsewhere, not more."""

    who: Profile
    access: Access
    role: StewardRole | None
    is_admin: bool
    members: list[MemberLine]
    requests: list[Face]
    invitations: list[OpenInvitation]
    has_rules: bool = False


@routes.get("/rooms/{id}/members")
async def show(request: web.Request) -> web.Response:
    return await _show(request)


async def _show(
    request: web.Request, *, values: dict[str, str] | None = None, errors: dict[str, str] | None = None, link: str = ""
) -> web.Response:
    circle = await request.app[DATABASE].read(
        _look,
        request.app[HERE],
        room_id=asked.post_id(request),
        visitor=request[VISITOR],
        school=request.app[SETTINGS].name,
    )
    if not circle.who.local:
        # What a room elsewhere told us may be old by now: the next look shows what it says then.
        await request.app[DATABASE].write(rosters.refresh, request.app[HERE], room_id=circle.who.id)
    return await page(
        request,
        "room_members.html",
        status=422 if errors else 200,
        **circle._asdict(),
        days=invitations.LASTS.days,
        link=link,
        values=values or {},
        errors=errors or {},
    )


def _look(tx: Connection, here: Here, *, room_id: int, visitor: Visitor, school: str) -> Circle:
    """Raises NotFound for whoever is not in the room, unless they look after the node on which it is."""
    access = privacy.access(tx, room_id=room_id)
    who = people.by_id(tx, actor_id=room_id)
    me = visitor.actor_id or 0
    role = rulings.role(tx, room_id=room_id, actor_id=me) if who.local else None
    is_admin = who.local and may(visitor.role, Verb.EDIT_ROOM)
    is_in = people.relation(tx, viewer=me, other=room_id).following is FollowState.ACCEPTED
    if not is_in and not is_admin:
        raise NotFound("There is no such room, or you are not in it.")
    if not who.local:
        return Circle(who, access, None, False, rooms.listed_members(tx, room_id=room_id), [], [])
    members = rooms.members(tx, room_id=room_id, own_school=school)
    if role is None and not is_admin:
        return Circle(who, access, None, False, members, [], [])
    asking = rooms.requests(tx, room_id=room_id)
    sent = rooms.invitations(tx, room_id=room_id, now=here.now())
    has_rules = bool(rooms.settled(tx, room_id=room_id).rules)
    return Circle(who, access, role, is_admin, members, asking, sent, has_rules)


def require(tx: Connection, visitor: Visitor, room_id: int, verb: Verb) -> Ruling:
    """Who acts in a room of ours. Raises NotFound for any other room, Refused for whoever may not do this there."""
    found = rulings.room(tx, room_id=room_id)
    if found is None or not found.local:
        raise NotFound("There is no such room here.")
    role = rulings.role(tx, room_id=room_id, actor_id=visitor.actor_id or 0)
    if not may(visitor.role, verb, owns=role is StewardRole.OWNER, moderates=role is not None):
        who = "its owners" if verb is Verb.EDIT_ROOM else "those who look after this room"
        raise Refused(f"Only {who} can do this.")
    return Ruling(room_id=room_id, by_id=visitor.actor_id)


def _accept(tx: Connection, here: Here, by: Ruling, *, actor_id: int) -> bool:
    return follows.accept(tx, here, follower_id=actor_id, followee_id=by.room_id)


def _refuse(tx: Connection, here: Here, by: Ruling, *, actor_id: int) -> bool:
    return follows.reject(tx, here, follower_id=actor_id, followee_id=by.room_id)


def _withdraw(tx: Connection, _here: Here, by: Ruling, *, actor_id: int) -> bool:
    return invitations.withdraw(tx, room_id=by.room_id, invitation_id=actor_id)


ACTS: Final[dict[str, tuple[Verb, Callable[..., bool]]]] = {
    "accept": (Verb.MODERATE_ROOM, _accept),
    "refuse": (Verb.MODERATE_ROOM, _refuse),
    "withdraw": (Verb.MODERATE_ROOM, _withdraw),
    "let_go": (Verb.MODERATE_ROOM, membership.let_go),
    "appoint": (Verb.EDIT_ROOM, decisions.appoint),
    "dismiss": (Verb.EDIT_ROOM, decisions.dismiss),
    "own": (Verb.EDIT_ROOM, membership.make_owner),
    "step_down": (Verb.EDIT_ROOM, membership.step_down),
}


@routes.post("/rooms/{id}/members")
async def act(request: web.Request) -> web.Response:
    """One button for each of what may be done about somebody, or about an invitation."""
    form, room_id = await forms.read(request), asked.post_id(request)
    found, actor_id = ACTS.get(form.text("act")), asked.whole(form.text("actor"))
    if found is None or actor_id is None:
        raise Invalid("This form does not say what is to be done. Please go back and try again.")
    verb, change = found
    try:
        await request.app[DATABASE].write(
            _do, request.app[HERE], change, verb=verb, room_id=room_id, visitor=request[VISITOR], actor_id=actor_id
        )
    except Refused as error:
        await request.app[DATABASE].read(require, request[VISITOR], room_id, verb)
        return await _show(request, errors={"members": str(error)})
    return asked.go(f"/rooms/{room_id}/members")


def _do(
    tx: Connection,
    here: Here,
    change: Callable[..., bool],
    *,
    verb: Verb,
    room_id: int,
    visitor: Visitor,
    actor_id: int,
) -> None:
    change(tx, here, require(tx, visitor, room_id, verb), actor_id=actor_id)


@routes.post("/rooms/{id}/invite")
async def invite(request: web.Request) -> web.Response:
    """Somebody by their handle; their server is asked what it is, for a private room is not for all of them."""
    form, room_id = await forms.read(request), asked.post_id(request)
    await request.app[DATABASE].read(require, request[VISITOR], room_id, Verb.MODERATE_ROOM)
    try:
        actor_id = await find_person(request, form.text("handle"))
        person = await request.app[DATABASE].read(people.by_id, actor_id=actor_id)
        if not person.local:
            await software.learn(request.app[TOOLS], person.uri)
        await request.app[DATABASE].write(
            _invite, request.app[HERE], room_id=room_id, visitor=request[VISITOR], actor_id=actor_id
        )
    except FediShareError as error:
        return await _show(request, values=form.values, errors={"handle": str(error)})
    return asked.go(f"/rooms/{room_id}/members")


def _invite(tx: Connection, here: Here, *, room_id: int, visitor: Visitor, actor_id: int) -> None:
    by = require(tx, visitor, room_id, Verb.MODERATE_ROOM)
    membership.invite(tx, here, room_id=room_id, by_id=by.by_id or 0, actor_id=actor_id)


@routes.post("/rooms/{id}/link")
async def make_link(request: web.Request) -> web.Response:
    """The link is shown this once: whoever has it may come in, so it is kept nowhere."""
    here = request.app[HERE]
    secret = await request.app[DATABASE].write(
        _make_link, here, room_id=asked.post_id(request), visitor=request[VISITOR]
    )
    return await _show(request, link=here.uris.invitation(secret))


def _make_link(tx: Connection, here: Here, *, room_id: int, visitor: Visitor) -> str:
    by = require(tx, visitor, room_id, Verb.MODERATE_ROOM)
    return invitations.make_link(tx, here, room_id=room_id, by_id=by.by_id or 0)


@routes.post("/rooms/{id}/level")
async def set_level(request: web.Request) -> web.Response:
    """How much a member wants to hear of the room."""
    form, room_id = await forms.read(request), asked.post_id(request)
    said = form.text("level")
    if said not in set(Level):
        raise Invalid("Choose how much you want to hear of the room.")
    handle = await request.app[DATABASE].write(
        _set_level, request.app[HERE], room_id=room_id, actor_id=asked.me(request), level=Level(said)
    )
    return asked.go(f"/@{handle}")


def _set_level(tx: Connection, here: Here, *, room_id: int, actor_id: int, level: Level) -> str:
    if people.relation(tx, viewer=actor_id, other=room_id).following is not FollowState.ACCEPTED:
        raise NotFound("There is no such room, or you are not in it.")
    membership.set_level(tx, here, room_id=room_id, actor_id=actor_id, level=level)
    return people.by_id(tx, actor_id=room_id).handle


class Study(NamedTuple):
    who: Profile
    values: dict[str, str]


@routes.get("/rooms/{id}/settings")
async def settings(request: web.Request) -> web.Response:
    return await _show_settings(request)


async def _show_settings(
    request: web.Request,
    form: Form | None = None,
    errors: dict[str, str] | None = None,
    merged: Merged | None = None,
) -> web.Response:
    study = await request.app[DATABASE].read(_study, room_id=asked.post_id(request), visitor=request[VISITOR])
    typed = {} if form is None else {"posting": ""} | form.values
    return await page(
        request,
        "room_settings.html",
        status=meanwhile.status(merged, errors or {}),
        who=study.who,
        is_private=study.values["access"] == Access.PRIVATE,
        accesses=PUBLIC_ACCESSES,
        values=study.values | typed if merged is None else merged.values,
        errors=errors or {},
        **meanwhile.shown(study.values, form, merged),
    )


def _study(tx: Connection, *, room_id: int, visitor: Visitor) -> Study:
    require(tx, visitor, room_id, Verb.EDIT_ROOM)
    who, settled = people.by_id(tx, actor_id=room_id), rooms.settled(tx, room_id=room_id)
    # In a private room nobody but members can write.
    posting = settled.posting or ("members" if settled.access is Access.PRIVATE else "")
    return Study(
        who,
        {
            "name": who.name,
            "description": who.summary_source,
            "rules": settled.rules,
            "access": settled.access.value,
            "posting": posting,
            "topics": "\n".join(settled.topics),
        },
    )


@routes.post("/rooms/{id}/settings")
async def save(request: web.Request) -> web.Response:
    """Of two owners who save at once, the second keeps what the first changed, or sees both and saves again."""
    form, room_id = await forms.read(request), asked.post_id(request)
    errors = {}
    if not form.text("name"):
        errors["name"] = "Give the room a name that colleagues will recognise."
    if len(form.text("description")) > LONGEST_ABOUT:
        errors["description"] = f"Please keep it under {LONGEST_ABOUT} characters."
    if errors:
        return await _show_settings(request, form, errors)
    try:
        done = await request.app[DATABASE].write(
            _save, request.app[HERE], room_id=room_id, visitor=request[VISITOR], form=form
        )
    except Invalid as error:
        return await _show_settings(request, form, {"rules" if "rules" in str(error) else "topics": str(error)})
    return await _show_settings(request, form, merged=done) if isinstance(done, Merged) else asked.go(f"/@{done}")


def _wish(said: Mapping[str, str]) -> Settings:
    access, posting = said["access"], said["posting"]
    return Settings(
        name=said["name"],
        description=said["description"],
        rules=said["rules"],
        access=Access(access) if access in set(Access) else Access.PRIVATE,
        members_only=posting in {"members", "moderators"},
        stewards_only=posting == "moderators",
    )


def _save(tx: Connection, here: Here, *, room_id: int, visitor: Visitor, form: Form) -> str | Merged:
    """Answers with the handle of the room; or, where two changed the same, with what each of them wrote."""
    require(tx, visitor, room_id, Verb.EDIT_ROOM)
    people_services.hold(tx, actor_id=room_id)
    merged = meanwhile.merge(form, now=_study(tx, room_id=room_id, visitor=visitor).values)
    if merged.theirs:
        return merged
    labels = [line for line in merged.values["topics"].replace(",", "\n").splitlines() if line.strip()]
    membership.change(tx, here, room_id=room_id, wish=_wish(merged.values))
    membership.set_topics(tx, here, room_id=room_id, labels=labels)
    return people.by_id(tx, actor_id=room_id).handle
