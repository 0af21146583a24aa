"""Which apps act for somebody, and taking that back."""

from typing import Final

from aiohttp import web

from fedishare.core.errors import Invalid
from fedishare.domain import scopes
from fedishare.http.keys import DATABASE, HERE, VISITOR
from fedishare.http.pages import page
from fedishare.http.routes import Routes
from fedishare.queries import tokens
from fedishare.services import tokens as token_services
from fedishare.web import asked, forms

routes: Final = Routes()


@routes.get("/settings/apps")
async def show(request: web.Request) -> web.Response:
    found = await request.app[DATABASE].read(tokens.allowed, account_id=request[VISITOR].account_id or 0)
    lines = [(each, scopes.in_words(each.scopes.split())) for each in found]
    return await page(request, "apps.html", apps=lines, removed=bool(request.query.get("removed")))


@routes.post("/settings/apps/remove")
async def remove(request: web.Request) -> web.Response:
    form = await forms.read(request)
    token_id = asked.whole(form.text("token"))
    if token_id is None:
        raise Invalid("This form does not say which app is meant. Please go back and try again.")
    await request.app[DATABASE].write(
        token_services.end_own,
        account_id=request[VISITOR].account_id or 0,
        token_id=token_id,
        now=request.app[HERE].now(),
    )
    return asked.go("/settings/apps?removed=1")
