"""What somebody has to do by the minutes of all their rooms, and did."""

from typing import Final

from aiohttp import web

from fedishare.domain import days
from fedishare.http.keys import DATABASE, HERE
from fedishare.http.pages import page
from fedishare.http.routes import Routes
from fedishare.queries import meetings
from fedishare.services import meetings as business
from fedishare.web import asked, forms
from fedishare.web.meetings import require_post

routes: Final = Routes()


@routes.get("/actions")
async def show(request: web.Request) -> web.Response:
    found = await request.app[DATABASE].read(meetings.my_actions, viewer=asked.me(request))
    waiting, done = [each for each in found if not each.is_done], [each for each in found if each.is_done]
    today = days.today(request.app[HERE].now())
    return await page(request, "actions.html", waiting=waiting, done=done, today=today)


@routes.post("/actions/{id}/done")
async def report(request: web.Request) -> web.Response:
    me, action_id, form = require_post(request), asked.post_id(request), await forms.read(request)
    await request.app[DATABASE].write(business.report, request.app[HERE], owner_id=me, action_id=action_id)
    return asked.go(form.text("next") or "/actions")


@routes.post("/actions/{id}/reopen")
async def reopen(request: web.Request) -> web.Response:
    me, action_id, form = require_post(request), asked.post_id(request), await forms.read(request)
    await request.app[DATABASE].write(business.reopen, request.app[HERE], owner_id=me, action_id=action_id)
    return asked.go(form.text("next") or "/actions")
