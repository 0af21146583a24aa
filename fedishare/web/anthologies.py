"""Collections of resources: the list of them, the page of one, making and looking after one, putting something in."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.domain.audience import OPEN
from fedishare.domain.meanwhile import Merged, stamps
from fedishare.domain.permissions import Verb, may
from fedishare.http.keys import DATABASE, HERE, VISITOR
from fedishare.http.pages import page
from fedishare.http.routes import Allow, Routes
from fedishare.net import keys
from fedishare.queries import anthologies, people, timelines
from fedishare.queries.anthologies import FIRST, Facts, Shelf, Summary
from fedishare.queries.cards import Card
from fedishare.queries.people import Profile
from fedishare.services import anthologies as services
from fedishare.services import collected
from fedishare.services import people as people_services
from fedishare.services.anthologies import LONGEST_ABOUT, LONGEST_TITLE, NO_COLLECTION
from fedishare.services.collected import LONGEST_LINE, MOST
from fedishare.web import asked, forms, meanwhile
from fedishare.web.forms import Form
from fedishare.web.rooms import LONGEST, SHORTEST, USERNAME

routes: Final = Routes()


class Lists(NamedTuple):
    mine: list[Summary]
    public: list[Summary]


class Desk(NamedTuple):
    """A collection as its curators see it."""

    who: Profile
    facts: Facts
    shelf: Shelf


class Wish(NamedTuple):
    """Something that may be put into collections: which there are to choose from, and which have it."""

    post: Card
    mine: list[Summary]
    holding: dict[int, str]


class Seen(NamedTuple):
    """What a visitor sees of a collection beside who it is; `is_mine` where they may change it."""

    facts: Facts
    shelf: Shelf
    is_mine: bool
    is_indexed: bool


def see(tx: Connection, who: Profile, *, viewer: int | None, after: int, is_indexed: bool) -> Seen | None:
    """Nothing for an actor that is no collection."""
    facts = anthologies.facts(tx, anthology_id=who.id)
    if facts is None:
        return None
    shelf = anthologies.shelf(tx, anthology_id=who.id, viewer=viewer, after=after)
    mine = anthologies.mine(tx, actor_id=viewer) if viewer is not None and who.local else []
    return Seen(facts, shelf, any(each.face.id == who.id for each in mine), is_indexed)


def after(request: web.Request) -> int:
    """Where this page of a collection begins."""
    found = asked.whole(request.query.get("after", ""))
    return FIRST if found is None else found


@routes.get("/collections", allow=Allow.ANYONE)
async def show(request: web.Request) -> web.Response:
    found = await request.app[DATABASE].read(_lists, viewer=request[VISITOR].actor_id)
    return await page(request, "collections.html", **found._asdict())


def _lists(tx: Connection, *, viewer: int | None) -> Lists:
    mine = anthologies.mine(tx, actor_id=viewer) if viewer is not None else []
    own = {each.face.id for each in mine}
    return Lists(mine, [each for each in anthologies.public(tx) if each.face.id not in own])


@routes.get("/curate/new")
async def ask(request: web.Request) -> web.Response:
    values = {name: request.query.get(name, "") for name in ("curator", "post")}
    return await _ask(request, values, {})


async def _ask(request: web.Request, values: Mapping[str, str], errors: Mapping[str, str]) -> web.Response:
    curators = await request.app[DATABASE].read(anthologies.curators, actor_id=asked.me(request))
    status = 422 if errors else 200
    return await page(
        request, "collection_new.html", status=status, curators=curators, values=values, errors=errors, most=MOST
    )


@routes.post("/curate/new")
async def make(request: web.Request) -> web.Response:
    if not may(request[VISITOR].role, Verb.CURATE):
        raise Refused("On this node only some people can make collections.")
    form, me = await forms.read(request), asked.me(request)
    username = form.text("username").removeprefix("@")
    errors = _mistakes(form, username)
    if errors:
        return await _ask(request, form.values, errors)
    loop = asyncio.get_running_loop()
    rsa, ed25519 = await loop.run_in_executor(None, lambda: (keys.new_rsa(), keys.new_ed25519()))
    try:
        made = await request.app[DATABASE].write(
            services.open_anthology,
            request.app[HERE],
            by_id=me,
            curator_id=asked.whole(form.text("curator")) or me,
            username=username,
            title=form.text("title"),
            about=form.text("about"),
            rsa=rsa,
            ed25519=ed25519,
        )
    except Invalid as error:
        return await _ask(request, form.values, {"username": str(error)})
    post_id = asked.whole(form.text("post"))
    return asked.go(f"/posts/{post_id}/collect?into={made}" if post_id is not None else f"/curate/{made}")


def _mistakes(form: Form, username: str) -> dict[str, str]:
    errors = dict(form.errors) | _wordings(form)
    if username and (not USERNAME.fullmatch(username) or not SHORTEST <= len(username) <= LONGEST):
        errors["username"] = (
            f"A short name has {SHORTEST} to {LONGEST} letters and digits, with single hyphens inside, such as "
            "year-4-fractions. Leave it empty, and one is made from the title."
        )
    return errors


def _wordings(form: Form) -> dict[str, str]:
    errors = {}
    if not form.text("title"):
        errors["title"] = "Give the collection a title that says what is in it."
    elif len(form.text("title")) > LONGEST_TITLE:
        errors["title"] = f"Please keep the title under {LONGEST_TITLE} characters."
    if len(form.text("about")) > LONGEST_ABOUT:
        errors["about"] = f"Please keep it under {LONGEST_ABOUT} characters."
    return errors


@routes.get("/curate/{id}")
async def desk(request: web.Request) -> web.Response:
    return await _desk(request)


async def _desk(
    request: web.Request,
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    *,
    began: Mapping[str, str] | None = None,
    theirs: Mapping[str, str] | None = None,
) -> web.Response:
    """`began` are stamps that a form came with, `theirs` what somebody else saved; a line in it is `line-` its post."""
    found = await request.app[DATABASE].read(_look, anthology_id=_id(request), me=asked.me(request))
    lines = {f"line-{each.card.id}": each.line for each in found.shelf.lines}
    stored = _words(found.who) | lines
    return await page(
        request,
        "collection_edit.html",
        status=409 if theirs else 422 if errors else 200,
        **found._asdict(),
        values=stored | dict(values or {}),
        errors=errors or {},
        longest_line=LONGEST_LINE,
        began=stamps(stored) | dict(began or {}),
        theirs=theirs or {},
    )


def _words(who: Profile) -> dict[str, str]:
    """What its page says, in the fields of the form."""
    return {"title": who.name, "about": who.summary_source}


def _look(tx: Connection, *, anthology_id: int, me: int) -> Desk:
    """Raises Refused for whoever may not change it, NotFound for what is no collection of ours."""
    who, facts = people.by_id(tx, actor_id=anthology_id), anthologies.facts(tx, anthology_id=anthology_id)
    if facts is None or not who.local:
        raise NotFound(NO_COLLECTION)
    if all(each.face.id != anthology_id for each in anthologies.mine(tx, actor_id=me)):
        raise Refused(services.NOT_YOURS)
    return Desk(who, facts, anthologies.shelf(tx, anthology_id=anthology_id, viewer=me, limit=MOST))


@routes.post("/curate/{id}")
async def describe(request: web.Request) -> web.Response:
    """Of two curators who save at once, the second keeps what the first changed, or sees both and saves again."""
    form, anthology_id = await forms.read(request), _id(request)
    began, errors = meanwhile.began(form), _wordings(form)
    if errors:
        return await _desk(request, form.values, errors, began=began)
    try:
        merged = await request.app[DATABASE].write(
            _describe, request.app[HERE], anthology_id=anthology_id, by_id=asked.me(request), form=form
        )
    except Invalid as error:
        return await _desk(request, form.values, {"title": str(error)}, began=began)
    if merged is not None:
        return await _desk(request, merged.values, began=merged.began, theirs=merged.theirs)
    return asked.go(f"/curate/{anthology_id}")


def _describe(tx: Connection, here: Here, *, anthology_id: int, by_id: int, form: Form) -> Merged | None:
    """Nothing when it is saved; where two changed the same, what each of them wrote."""
    people_services.hold(tx, actor_id=anthology_id)
    merged = meanwhile.merge(form, now=_words(_look(tx, anthology_id=anthology_id, me=by_id).who))
    if merged.theirs:
        return merged
    services.describe(tx, here, anthology_id=anthology_id, by_id=by_id, **merged.values)
    return None


STEPS: Final = {"up": 1, "down": -1, "first": MOST, "last": -MOST}


@routes.post("/curate/{id}/items")
async def change_item(request: web.Request) -> web.Response:
    """One resource in it: its line, its place, or out with it. Whatever is pressed, a line that was typed is kept."""
    form, anthology_id = await forms.read(request), _id(request)
    post_id, act = asked.whole(form.text("post")) or 0, form.text("act")
    about: dict[str, Any] = {"anthology_id": anthology_id, "by_id": asked.me(request), "post_id": post_id}
    database, here = request.app[DATABASE], request.app[HERE]
    if act == "remove":
        await database.write(services.take_out, here, **about)
        return asked.go(f"/curate/{anthology_id}#items")
    key = f"line-{post_id}"
    try:
        merged = await database.write(_say, here, **about, form=form)
    except Invalid as error:
        began = {key: stamp} if (stamp := meanwhile.began(form).get("line")) else {}
        return await _desk(request, {key: form.text("line")}, {key: str(error)}, began=began)
    except NotFound as error:
        return await _desk(request, errors={"items": str(error)})
    if merged is not None:
        return await _desk(request, {key: merged.values["line"]}, theirs={key: merged.theirs["line"]})
    if act in STEPS:
        await database.write(services.move, here, **about, steps=STEPS[act])
    return asked.go(f"/curate/{anthology_id}#i{post_id}")


def _say(tx: Connection, here: Here, *, anthology_id: int, by_id: int, post_id: int, form: Form) -> Merged | None:
    """Nothing when the line is saved; where two changed it, what each of them wrote."""
    lines = {each.post_id: each.line for each in collected.standing(tx, anthology_id=anthology_id)}
    if post_id not in lines:
        said = form.text("line")
        raise NotFound(
            "Somebody else took this resource out of the collection. Put it in again if it belongs there."
            + (f" You had written: “{said}”" if said else "")
        )
    merged = meanwhile.merge(form, now={"line": lines[post_id]})
    if merged.theirs:
        return merged
    services.say(tx, here, anthology_id=anthology_id, by_id=by_id, post_id=post_id, line=merged.values["line"])
    return None


@routes.get("/curate/{id}/delete")
async def ask_to_delete(request: web.Request) -> web.Response:
    anthology_id = _id(request)
    who, is_mine = await request.app[DATABASE].read(_owned, anthology_id=anthology_id, me=asked.me(request))
    _require_close(request, is_mine=is_mine)
    return await page(
        request,
        "confirm.html",
        post=None,
        heading=f"Delete the collection {who.name}?",
        message=(
            "Whoever follows it is told that it is gone, and its name can never be used again. The resources in it "
            "stay where they are."
        ),
        verb="Delete the collection",
        action=f"/curate/{anthology_id}/delete",
        back=f"/@{who.handle}",
    )


@routes.post("/curate/{id}/delete")
async def delete(request: web.Request) -> web.Response:
    anthology_id, me = _id(request), asked.me(request)
    _, is_mine = await request.app[DATABASE].read(_owned, anthology_id=anthology_id, me=me)
    _require_close(request, is_mine=is_mine)
    await request.app[DATABASE].write(
        services.close, request.app[HERE], anthology_id=anthology_id, by_id=me, as_moderator=not is_mine
    )
    return asked.go("/collections")


def _require_close(request: web.Request, *, is_mine: bool) -> None:
    if not may(request[VISITOR].role, Verb.CLOSE_COLLECTION, owns=is_mine):
        raise Refused(services.NOT_YOURS)


def _owned(tx: Connection, *, anthology_id: int, me: int) -> tuple[Profile, bool]:
    who = people.by_id(tx, actor_id=anthology_id)
    if not who.local or anthologies.facts(tx, anthology_id=anthology_id) is None:
        raise NotFound(NO_COLLECTION)
    return who, any(each.face.id == anthology_id for each in anthologies.mine(tx, actor_id=me))


@routes.get("/posts/{id}/collect")
async def choose(request: web.Request) -> web.Response:
    return await _choose(request, {"into": request.query.get("into", "")}, {})


async def _choose(request: web.Request, values: Mapping[str, str], errors: Mapping[str, str]) -> web.Response:
    wish = await request.app[DATABASE].read(_wish, post_id=asked.post_id(request), me=asked.me(request))
    return await page(
        request,
        "collect.html",
        status=422 if errors else 200,
        **wish._asdict(),
        is_open=wish.post.visibility in OPEN,
        back=asked.path(request, asked.address(request, wish.post)),
        values=values,
        errors=errors,
        longest_line=LONGEST_LINE,
    )


def _wish(tx: Connection, *, post_id: int, me: int) -> Wish:
    post = timelines.card(tx, post_id=post_id, viewer=me)
    return Wish(post, anthologies.mine(tx, actor_id=me), anthologies.holding(tx, post_id=post_id))


@routes.post("/posts/{id}/collect")
async def put(request: web.Request) -> web.Response:
    form, post_id = await forms.read(request), asked.post_id(request)
    anthology_id = asked.whole(form.text("into"))
    if anthology_id is None:
        return await _choose(request, form.values, {"into": "Choose a collection."})
    about: dict[str, Any] = {"anthology_id": anthology_id, "by_id": asked.me(request), "post_id": post_id}
    try:
        is_new = await request.app[DATABASE].write(services.put, request.app[HERE], **about, line=form.text("line"))
    except Invalid as error:
        return await _choose(request, form.values, {"line": str(error)})
    if not is_new:
        return await _choose(request, form.values, {"into": "It is in this collection already. Choose another."})
    return asked.go(f"/curate/{anthology_id}#i{post_id}")


def _id(request: web.Request) -> int:
    found = asked.whole(request.match_info["id"])
    if found is None:
        raise NotFound(NO_COLLECTION)
    return found
