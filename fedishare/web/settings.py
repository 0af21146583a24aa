"""What somebody says about themselves, and their password."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import Invalid
from fedishare.core.here import Here
from fedishare.domain import vocabularies
from fedishare.http import visitors
from fedishare.http.keys import DATABASE, HERE, SETTINGS, VISITOR
from fedishare.http.pages import page
from fedishare.http.routes import Routes
from fedishare.queries import people, resources, room_left
from fedishare.queries.people import Profile
from fedishare.queries.resources import Preset
from fedishare.services import accounts, descriptions
from fedishare.services import people as people_services
from fedishare.services.descriptions import Misfit
from fedishare.web import asked, choices, forms, sign_in
from fedishare.web.forms import Form

SAVED: Final = {
    "page": "Your page is saved.",
    "resources": "New resources will begin with this.",
    "password": "Your password is changed. You are signed out everywhere else.",
}

routes: Final = Routes()


@routes.get("/settings")
async def show(request: web.Request) -> web.Response:
    profile, preset = await request.app[DATABASE].read(_own, actor_id=asked.me(request))
    saved = SAVED.get(request.query.get("saved", ""), "")
    values = _values(profile) | _preset_values(request, preset)
    return await _show(request, values=values, errors={}, saved=saved)


@routes.post("/settings")
async def save(request: web.Request) -> web.Response:
    form = await forms.read(request)
    part = form.text("part")
    change = {"password": _change_password, "resources": _change_preset}.get(part, _change_page)
    try:
        return await change(request, form)
    except (_Mistake, Misfit) as mistake:
        profile, preset = await request.app[DATABASE].read(_own, actor_id=asked.me(request))
        former = _values(profile) | _preset_values(request, preset)
        values = former | (form.values if part != "password" else {})
        for box in ("locked", "indexable"):
            values[box] = form.text(box) if change is _change_page else former[box]
        errors = {mistake.field: str(mistake)}
        return await _show(request, status=422, values=values, errors=errors, saved="")


async def _show(request: web.Request, *, values: Mapping[str, str], **more: Any) -> web.Response:
    used = await request.app[DATABASE].read(room_left.used_by, owner_id=asked.me(request))
    room = Room(used, request.app[SETTINGS].max_person_bytes)
    return await page(request, "settings.html", room=room, values=values, **_lists(values), **more)


class Room(NamedTuple):
    """How many bytes the visitor's files take up, and how many they may; None for any number."""

    used: int
    most: int | None


def _own(tx: Connection, *, actor_id: int) -> tuple[Profile, Preset]:
    return people.by_id(tx, actor_id=actor_id), resources.preset(tx, actor_id=actor_id)


class _Mistake(Invalid):
    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


async def _change_page(request: web.Request, form: Form) -> web.Response:
    about = form.text("about")
    if len(about) > people_services.LONGEST_ABOUT:
        raise _Mistake("about", f"Please keep it under {people_services.LONGEST_ABOUT} characters.")
    try:
        await request.app[DATABASE].write(
            _update, request.app[HERE], actor_id=asked.me(request), name=form.text("name"), about=about,
            locked=bool(form.text("locked")), indexable=bool(form.text("indexable")),
        )  # fmt: skip
    except Invalid as error:
        raise _Mistake("name", str(error)) from error
    return asked.go("/settings?saved=page")


async def _change_preset(request: web.Request, form: Form) -> web.Response:
    """What new resources begin with. Raises Misfit."""
    habit = Preset(
        scheme=form.text("scheme"),
        subject=form.text("subject"),
        level=form.text("level"),
        licence=form.text("licence"),
        language=choices.language(form.text("language")),
        credit=form.text("credit"),
    )
    await request.app[DATABASE].write(descriptions.set_habit, actor_id=asked.me(request), habit=habit)
    return asked.go("/settings?saved=resources")


def _update(tx: Connection, here: Here, *, actor_id: int, name: str, about: str, locked: bool, indexable: bool) -> None:
    former = people.by_id(tx, actor_id=actor_id)
    people_services.update_profile(
        tx,
        here,
        actor_id=actor_id,
        name=name,
        summary_source=about,
        locked=locked,
        discoverable=former.discoverable,
        indexable=indexable,
    )


async def _change_password(request: web.Request, form: Form) -> web.Response:
    """The old one has to be said once more: a browser left open does not hand over an account."""
    visitor = request[VISITOR]
    login = await request.app[DATABASE].read(accounts.find_login, request.app[HERE], name=visitor.username)
    if not await sign_in.fits(form.values.get("current", ""), login) or login is None:
        raise _Mistake("current", "This is not your password. Check it and try again.")
    try:
        hashed = await sign_in.hashed(form.values.get("password", ""))
    except Invalid as error:
        raise _Mistake("password", str(error)) from error
    secret = await request.app[DATABASE].write(
        _replace, request.app[HERE], account_id=login.account_id, password_hash=hashed
    )
    answer = asked.go("/settings?saved=password")
    visitors.remember(request, answer, secret)
    return answer


def _replace(tx: Connection, here: Here, *, account_id: int, password_hash: str) -> str:
    accounts.change_password(tx, here, account_id=account_id, password_hash=password_hash)
    return accounts.open_session(tx, here, account_id=account_id)


def _values(profile: Profile) -> dict[str, str]:
    boxes = {"locked": profile.locked, "indexable": profile.indexable}
    ticked = {name: "1" if value else "" for name, value in boxes.items()}
    return {"name": profile.name, "about": profile.summary_source} | ticked


def _preset_values(request: web.Request, preset: Preset) -> dict[str, str]:
    chosen = {name: word for name, word in preset._asdict().items() if word}
    first = {"scheme": request.app[SETTINGS].scheme, "licence": vocabularies.DEFAULT_LICENCE, "language": "en"}
    return Preset()._asdict() | first | chosen


def _lists(values: Mapping[str, str]) -> dict[str, Any]:
    return {
        "schemes": choices.SCHEMES,
        "subjects": choices.SUBJECTS,
        "levels": choices.levels(values["scheme"]),
        "licences": [(entry.slug, entry.short) for entry in vocabularies.LICENCES],
        "languages": choices.LANGUAGES,
    }
