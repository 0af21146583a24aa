"""Shared handles and schools: opening one, who runs it, its log, and acting as it on a post."""

import asyncio
from datetime import datetime
from typing import Any, Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import FediShareError, Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.domain.kinds import Kind, ReactionKind, RunnerRole, RunnerState
from fedishare.domain.meanwhile import Merged
from fedishare.domain.permissions import Verb, may
from fedishare.http.keys import CLOCK, DATABASE, HERE, TOOLS, VISITOR, Visitor
from fedishare.http.pages import page
from fedishare.http.routes import Routes
from fedishare.inbox import resolve
from fedishare.net import keys
from fedishare.queries import handles as running
from fedishare.queries import nodes, people, schools, timelines
from fedishare.queries.cards import Card, Face
from fedishare.queries.handles import LOG_PAGE, DeedLine, RunnerLine, Running
from fedishare.queries.people import Profile
from fedishare.services import handles, offers, runners
from fedishare.services import people as people_services
from fedishare.services import schools as school_services
from fedishare.services.offers import Act, Wish
from fedishare.web import asked, forms, meanwhile, notices
from fedishare.web.forms import Form
from fedishare.web.notices import Told, Wanted
from fedishare.web.rooms import LONGEST, SHORTEST, USERNAME

LONGEST_ABOUT: Final = 2000
OURS: Final = "fedishare"
REACTIONS: Final = {
    Act.LIKE: (ReactionKind.LIKE, True),
    Act.UNLIKE: (ReactionKind.LIKE, False),
    Act.BOOST: (ReactionKind.BOOST, True),
    Act.UNBOOST: (ReactionKind.BOOST, False),
}

routes: Final = Routes()


class Desk(NamedTuple):
    """A handle as those who run it see it. `log` is for them alone, `runners` for its owner and admins as well."""

    handle: Profile
    role: RunnerRole | None
    runners: list[RunnerLine]
    log: list[DeedLine]
    people: list[Face]

    @property
    def is_owner(self) -> bool:
        return self.role is RunnerRole.OWNER


class Acting(NamedTuple):
    post: Card
    voices: list[Face]
    given: set[tuple[int, str]]


@routes.get("/handles")
async def show(request: web.Request) -> web.Response:
    run, unseen = await request.app[DATABASE].read(_run, me=asked.me(request), now=request.app[CLOCK].now())
    may_open_school = may(request[VISITOR].role, Verb.CREATE_SCHOOL)
    return await page(request, "handles.html", run=run, unseen=unseen, may_open_school=may_open_school)


def _run(tx: Connection, *, me: int, now: datetime) -> tuple[list[Running], dict[int, int]]:
    return running.run_by(tx, actor_id=me), running.unseen(tx, actor_id=me, now=now)


@routes.get("/handles/new")
async def ask(request: web.Request) -> web.Response:
    is_school = request.query.get("kind") == "school"
    _refuse_kind(request, is_school=is_school)
    return await page(request, "handle_new.html", values={}, errors={}, is_school=is_school)


def _refuse_kind(request: web.Request, *, is_school: bool) -> None:
    if not may(request[VISITOR].role, Verb.CREATE_SCHOOL if is_school else Verb.CREATE_HANDLE):
        raise Refused("Only administrators can add a school to this node.")


@routes.post("/handles/new")
async def open_handle(request: web.Request) -> web.Response:
    form = await forms.read(request)
    is_school = form.text("kind") == "school"
    _refuse_kind(request, is_school=is_school)
    username = form.text("username").removeprefix("@")
    errors = _mistakes(form, username)
    if errors:
        return await _again(request, form, errors, is_school=is_school)
    loop = asyncio.get_running_loop()
    rsa, ed25519 = await loop.run_in_executor(None, lambda: (keys.new_rsa(), keys.new_ed25519()))
    try:
        handle_id = await request.app[DATABASE].write(
            handles.open_handle,
            request.app[HERE],
            owner_id=asked.me(request),
            username=username,
            name=form.text("name"),
            about=form.text("about"),
            rsa=rsa,
            ed25519=ed25519,
            kind=Kind.ORGANISATION if is_school else Kind.PERSON,
        )
    except Invalid as error:
        return await _again(request, form, {"username": str(error)}, is_school=is_school)
    return asked.go(f"/handles/{handle_id}")


def _mistakes(form: Form, username: str) -> dict[str, str]:
    errors = dict(form.errors)
    if not form.text("name"):
        errors["name"] = "Give it a name that colleagues will recognise."
    if len(form.text("about")) > LONGEST_ABOUT:
        errors["about"] = f"Please keep it under {LONGEST_ABOUT} characters."
    if not USERNAME.fullmatch(username) or not SHORTEST <= len(username) <= LONGEST:
        errors["username"] = (
            f"Choose a short name of {SHORTEST} to {LONGEST} letters and digits, with single hyphens inside, "
            "such as hantsprimslt."
        )
    return errors


async def _again(request: web.Request, form: Form, errors: dict[str, str], *, is_school: bool) -> web.Response:
    return await page(request, "handle_new.html", status=422, values=form.values, errors=errors, is_school=is_school)


@routes.get("/handles/{id}")
async def desk(request: web.Request) -> web.Response:
    return await _show_desk(request)


async def _show_desk(
    request: web.Request,
    errors: dict[str, str] | None = None,
    form: Form | None = None,
    merged: Merged | None = None,
) -> web.Response:
    found = await request.app[DATABASE].read(
        _look, handle_id=_id(request), visitor=request[VISITOR], before=asked.before(request)
    )
    if isinstance(found, Running):
        return await page(request, "handle_elsewhere.html", run=found)
    older = f"/handles/{found.handle.id}?before={found.log[-1].id}" if len(found.log) == LOG_PAGE else None
    stored = _told_of(found.handle)
    typed = merged.values if merged is not None else form.values if form is not None else {}
    return await page(
        request,
        "handle.html",
        status=meanwhile.status(merged, errors or {}),
        desk=found,
        is_admin=may(request[VISITOR].role, Verb.MANAGE_HANDLE),
        may_manage=may(request[VISITOR].role, Verb.MANAGE_HANDLE, owns=found.is_owner),
        older=older,
        values=stored | {"handle": "", "follow": ""} | typed,
        errors=errors or {},
        **meanwhile.shown(stored, form if form is not None and meanwhile.began(form) else None, merged),
    )


def _told_of(handle: Profile) -> dict[str, str]:
    """What its page says, in the fields of the form."""
    return {"name": handle.name, "about": handle.summary_source}


def _look(tx: Connection, *, handle_id: int, visitor: Visitor, before: int) -> Desk | Running:
    """Raises NotFound for whoever does not run it, as if it were no handle; admins see who runs it, and no more."""
    me = visitor.actor_id or 0
    if not running.is_handle(tx, actor_id=handle_id):
        found = next((each for each in running.run_by(tx, actor_id=me) if each.face.id == handle_id), None)
        if found is None or not found.is_active:
            raise NotFound("There is no such handle, or it is not yours to run.")
        return found
    is_runner = running.is_active(tx, handle_id=handle_id, actor_id=me)
    if not is_runner and not may(visitor.role, Verb.MANAGE_HANDLE):
        raise NotFound("There is no such handle, or it is not yours to run.")
    handle = people.by_id(tx, actor_id=handle_id)
    standing = running.standing(tx, handle_id=handle_id, actor_id=me) if is_runner else None
    is_school = handle.kind is Kind.ORGANISATION
    return Desk(
        handle,
        standing.role if standing is not None else None,
        running.runners(tx, handle_id=handle_id),
        running.log(tx, handle_id=handle_id, before=before) if is_runner else [],
        schools.facts(tx, school_id=handle_id, viewer=me).people if is_school and is_runner else [],
    )


@routes.post("/handles/{id}/answer")
async def answer(request: web.Request) -> web.Response:
    """Whoever was asked to run a handle agrees or declines; whoever runs it leaves."""
    form = await forms.read(request)
    accepts = form.text("act") == "accept"
    done = await request.app[DATABASE].write(
        runners.answer, request.app[HERE], handle_id=_id(request), actor_id=asked.me(request), accepts=accepts
    )
    if not done:
        raise NotFound("There is no such invitation, or it was taken back.")
    return asked.go("/handles")


@routes.post("/handles/{id}/people")
async def change_people(request: web.Request) -> web.Response:
    form = await forms.read(request)
    handle_id, act = _id(request), form.text("act")
    change = {"remove": runners.remove, "owner": runners.make_owner}.get(act)
    if change is None and act != "invite":
        raise Invalid("This form does not say what is to be done. Please go back and try again.")
    try:
        if change is None:
            await _invite(request, handle_id, form.text("handle"))
        else:
            await request.app[DATABASE].write(
                _change_people,
                request.app[HERE],
                change,
                handle_id=handle_id,
                visitor=request[VISITOR],
                actor_id=asked.whole(form.text("actor")) or 0,
            )
    except Invalid as error:
        return await _show_desk(request, {"handle": str(error)}, form)
    return asked.go(f"/handles/{handle_id}#people")


async def _invite(request: web.Request, handle_id: int, handle: str) -> None:
    """Look the person up first; inviting somebody whose server knows no shared handles would wait for ever."""
    await request.app[DATABASE].read(_may_manage, handle_id=handle_id, visitor=request[VISITOR])
    person_id = await _find(request, handle)
    software = await request.app[DATABASE].read(nodes.software_of, actor_id=person_id)
    if software is not None and software != OURS:
        raise Invalid(
            f"Their server runs {software}, which knows no shared handles. Ask them by an account on a FediShare node."
        )
    await request.app[DATABASE].write(
        _change_people, request.app[HERE], runners.invite, handle_id=handle_id, visitor=request[VISITOR],
        actor_id=person_id,
    )  # fmt: skip


async def _find(request: web.Request, handle: str) -> int:
    name = handle.strip().removeprefix("@")
    if not name:
        raise Invalid("Write the handle of somebody, such as @ben@school.example.")
    full = name if "@" in name else f"{name}@{request.app[HERE].uris.authority}"
    try:
        found = await resolve.find(request.app[TOOLS], f"@{full}")
    except FediShareError as error:
        raise Invalid(f"@{full} was not found: {error}") from error
    if found.kind != "actor":
        raise Invalid(f"@{full} is nobody's handle.")
    return found.id


def _may_manage(tx: Connection, *, handle_id: int, visitor: Visitor) -> bool:
    """Whether it is as an admin. Raises NotFound or Refused."""
    found = running.standing(tx, handle_id=handle_id, actor_id=visitor.actor_id or 0)
    runs = found is not None and found.state is RunnerState.ACTIVE
    owns = runs and found is not None and found.role is RunnerRole.OWNER
    if not running.is_handle(tx, actor_id=handle_id) or not (runs or may(visitor.role, Verb.MANAGE_HANDLE)):
        raise NotFound("There is no such handle, or it is not yours to run.")
    if not may(visitor.role, Verb.MANAGE_HANDLE, owns=owns):
        raise Refused("Only the owner of a handle chooses who runs it.")
    return not owns


def _change_people(tx: Connection, here: Here, change: Any, *, handle_id: int, visitor: Visitor, actor_id: int) -> None:
    as_admin = _may_manage(tx, handle_id=handle_id, visitor=visitor)
    change(tx, here, handle_id=handle_id, by_id=visitor.actor_id or 0, actor_id=actor_id, as_admin=as_admin)


@routes.post("/handles/{id}/profile")
async def save_profile(request: web.Request) -> web.Response:
    """Of two who run it and save at once, the second keeps what the first changed, or sees both and saves again."""
    form, handle_id = await forms.read(request), _id(request)
    if len(form.text("about")) > LONGEST_ABOUT:
        too_long = {"about": f"Please keep it under {LONGEST_ABOUT} characters."}
        return await _show_desk(request, too_long, form)
    try:
        merged = await request.app[DATABASE].write(
            _save_profile, request.app[HERE], handle_id=handle_id, by_id=asked.me(request), form=form
        )
    except Invalid as error:
        return await _show_desk(request, {"name": str(error)}, form)
    return await _show_desk(request, merged=merged) if merged is not None else asked.go(f"/handles/{handle_id}")


def _save_profile(tx: Connection, here: Here, *, handle_id: int, by_id: int, form: Form) -> Merged | None:
    """Nothing when it is saved; where two changed the same, what each of them wrote."""
    handles.admit(tx, handle_id=handle_id, actor_id=by_id)
    people_services.hold(tx, actor_id=handle_id)
    merged = meanwhile.merge(form, now=_told_of(people.by_id(tx, actor_id=handle_id)))
    if merged.theirs:
        return merged
    handles.update_profile(tx, here, handle_id=handle_id, by_id=by_id, **merged.values)
    return None


@routes.post("/handles/{id}/follow")
async def follow(request: web.Request) -> web.Response:
    """The handle follows somebody, or joins a room."""
    form, handle_id = await forms.read(request), _id(request)
    me = asked.me(request)
    await request.app[DATABASE].read(running.refuse_others, handle_id=handle_id, actor_id=me)
    try:
        other = await _find(request, form.text("follow"))
        await request.app[DATABASE].write(
            handles.follow, request.app[HERE], handle_id=handle_id, by_id=me, followee_id=other
        )
    except (Invalid, Refused) as error:
        return await _show_desk(request, {"follow": str(error)}, form)
    return asked.go(f"/handles/{handle_id}")


@routes.post("/handles/{id}/strike-off")
async def strike_off(request: web.Request) -> web.Response:
    form, school_id = await forms.read(request), _id(request)
    await request.app[DATABASE].write(
        school_services.strike_off,
        request.app[HERE],
        school_id=school_id,
        by_id=asked.me(request),
        actor_id=asked.whole(form.text("actor")) or 0,
    )
    return asked.go(f"/handles/{school_id}")


@routes.get("/handles/{id}/notices")
async def told(request: web.Request) -> web.Response:
    """What was said to a handle, for all who run it; whoever looks first has seen it for all."""
    wanted = notices.wanted_by(request, recipient=_id(request))
    handle, told = await request.app[DATABASE].read(_told, wanted, me=asked.me(request))
    await notices.see(request, told, wanted)
    return await page(request, "notices.html", **notices.shown(request, told, wanted), requests=[], handle=handle)


def _told(tx: Connection, wanted: Wanted, *, me: int) -> tuple[Profile, Told]:
    running.refuse_others(tx, handle_id=wanted.recipient, actor_id=me)
    return people.by_id(tx, actor_id=wanted.recipient), notices.told_of(tx, wanted)


@routes.get("/posts/{id}/as")
async def ask_as(request: web.Request) -> web.Response:
    """A post, and what the handles that the visitor runs can do with it."""
    seen = await request.app[DATABASE].read(_acting, post_id=asked.post_id(request), me=asked.me(request))
    return await page(
        request, "post_as.html", **seen._asdict(), back=asked.path(request, asked.address(request, seen.post))
    )


def _acting(tx: Connection, *, post_id: int, me: int) -> Acting:
    post = timelines.card(tx, post_id=post_id, viewer=me)
    voices = running.voices(tx, actor_id=me)
    return Acting(post, voices, running.given(tx, post_id=post_id, actors=[face.id for face in voices]))


@routes.post("/posts/{id}/as")
async def act_as(request: web.Request) -> web.Response:
    form, post_id = await forms.read(request), asked.post_id(request)
    try:
        act = Act(form.text("act"))
    except ValueError:
        raise Invalid("This form does not say what is to be done. Please go back and try again.") from None
    handle_id = asked.whole(form.text("handle")) or 0
    await request.app[DATABASE].write(
        _act, request.app[HERE], post_id=post_id, me=asked.me(request), handle_id=handle_id, act=act
    )
    return asked.go("/" if act is Act.DELETE else f"/posts/{post_id}/as")


def _act(tx: Connection, here: Here, *, post_id: int, me: int, handle_id: int, act: Act) -> None:
    post = timelines.card(tx, post_id=post_id, viewer=me)
    if not running.is_handle(tx, actor_id=handle_id):
        wish = Wish(act=act, post_uri=post.uri)
        offers.make(tx, here, handle_id=handle_id, by_id=me, wish=wish)
    elif act is Act.DELETE:
        handles.delete(tx, here, handle_id=handle_id, by_id=me, post_id=post_id)
    elif act in REACTIONS:
        kind, gives = REACTIONS[act]
        handles.react(tx, here, handle_id=handle_id, by_id=me, kind=kind, post_id=post_id, gives=gives)
    else:
        raise Invalid("This form does not say what is to be done. Please go back and try again.")


def _id(request: web.Request) -> int:
    found = asked.whole(request.match_info["id"])
    if found is None:
        raise NotFound("There is no such handle, or it is not yours to run.")
    return found
