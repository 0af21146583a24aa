"""Reports: sending one, and the moderators' list."""

from typing import Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import NotFound
from fedishare.http.keys import DATABASE, HERE
from fedishare.http.pages import page
from fedishare.http.routes import Allow, Routes
from fedishare.queries import cards, pages, timelines
from fedishare.queries import decisions as queries_decisions
from fedishare.queries.cards import Card, Face
from fedishare.queries.decisions import DecisionLine
from fedishare.queries.pages import ReportLine
from fedishare.services import decisions, reports
from fedishare.services.reports import LONGEST_COMMENT
from fedishare.web import asked, forms

routes: Final = Routes()


class Desk(NamedTuple):
    reports: list[ReportLine]
    log: list[DecisionLine]


class About(NamedTuple):
    face: Face
    post: Card | None


@routes.get("/report")
async def ask(request: web.Request) -> web.Response:
    about = await request.app[DATABASE].read(
        _about,
        viewer=asked.me(request),
        post_id=asked.whole(request.query.get("post", "")),
        actor_id=asked.whole(request.query.get("actor", "")),
    )
    return await page(request, "report.html", **about._asdict(), values={"forward": "1"}, errors={})


@routes.post("/report")
async def send(request: web.Request) -> web.Response:
    form = await forms.read(request)
    me, comment = asked.me(request), form.text("comment")
    post_id, actor_id = asked.whole(form.text("post")), asked.whole(form.text("actor"))
    about = await request.app[DATABASE].read(_about, viewer=me, post_id=post_id, actor_id=actor_id)
    mistake = ""
    if not comment:
        mistake = "Say in a few words what is wrong, so that a moderator can act."
    elif len(comment) > LONGEST_COMMENT:
        mistake = f"Please keep it under {LONGEST_COMMENT} characters."
    if mistake:
        values, errors = {"comment": comment, "forward": form.text("forward")}, {"comment": mistake}
        return await page(request, "report.html", status=422, **about._asdict(), values=values, errors=errors)
    named = (about.post.uri,) if about.post else ()
    await request.app[DATABASE].write(
        reports.file,
        request.app[HERE],
        reporter_id=me,
        target_id=about.face.id,
        posts=named,
        comment=comment,
        forward=bool(form.text("forward")),
    )
    return await page(request, "reported.html", face=about.face)


def _about(tx: Connection, *, viewer: int, post_id: int | None, actor_id: int | None) -> About:
    """Whom a report is about. A post has to be one that the reporter may see."""
    if post_id is not None:
        post = timelines.card(tx, post_id=post_id, viewer=viewer)
        return About(post.author, post)
    face = cards.faces(tx, [actor_id]).get(actor_id) if actor_id is not None else None
    if face is None:
        raise NotFound("There is nobody of that name here.")
    return About(face, None)


def _desk(tx: Connection) -> Desk:
    return Desk(pages.reports(tx), queries_decisions.recent(tx))


@routes.get("/reports", allow=Allow.MODERATORS)
async def show(request: web.Request) -> web.Response:
    return await page(request, "reports.html", **(await request.app[DATABASE].read(_desk))._asdict())


@routes.post("/reports/{id}/resolve", allow=Allow.MODERATORS)
async def settle(request: web.Request) -> web.Response:
    report_id, me = asked.post_id(request), asked.me(request)
    await request.app[DATABASE].write(decisions.settle, request.app[HERE], report_id=report_id, by_id=me)
    return asked.go("/reports")
