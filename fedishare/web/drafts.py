"""Drafts: the list of them, a form filled from one, and saving, by a button or while somebody writes."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from fedishare.core import json
from fedishare.core.errors import FediShareError, NotFound, Refused
from fedishare.domain.permissions import Verb, may
from fedishare.http.keys import DATABASE, HERE, VISITOR
from fedishare.http.pages import page
from fedishare.http.routes import Routes
from fedishare.queries import drafts as queries
from fedishare.queries.drafts import Draft
from fedishare.services import saved as services
from fedishare.services.saved import Saved, Seen
from fedishare.web import asked, compose, drafting, editing, forms
from fedishare.web.drafting import Sent
from fedishare.web.forms import Form

SAID: Final = {
    "adapted": (
        "The description and the files are copied into this draft, which names where they come from. "
        "Change what you like and share it."
    ),
    "saved": "Saved. Nobody but you can see this draft. You find it under Drafts.",
    "changed": services.CHANGED,
    "gone": services.GONE,
}
NO_POST: Final = "The post that you were changing is no longer there. You can share this as a post of its own."
LOST: Final = "What you were answering is no longer there. You can still share this as a post of its own."

routes: Final = Routes()


@routes.get("/drafts")
async def mine(request: web.Request) -> web.Response:
    found = await request.app[DATABASE].read(queries.mine, owner_id=asked.me(request))
    said = "The draft is deleted." if request.query.get("said") == "deleted" else ""
    return await page(request, "drafts.html", drafts=found, said=said)


@routes.get("/drafts/{id}")
async def show(request: web.Request) -> web.Response:
    draft, why = await _own(request), request.query.get("said", "")
    if draft.post_id is None:
        return await open_again(request, draft, told=SAID.get(why, ""))
    if await editing.may_edit(request, draft.post_id):
        return asked.go(f"/posts/{draft.post_id}/edit?{urlencode({'draft': draft.id, 'said': why})}")
    return await open_again(request, draft, told=NO_POST)


async def open_again(
    request: web.Request, draft: Draft, *, told: str, errors: Mapping[str, str] | None = None
) -> web.Response:
    """The form filled from a draft, with what its author should know."""
    sent, lost = await _opened(request, draft)
    unsure = await compose.unsure(request, sent) if sent.is_resource else []
    return await compose.show_again(
        request,
        sent,
        sent.form.errors | dict(errors or {}),
        said=" ".join(filter(None, [lost or told, *unsure])),
        seen=Seen(draft.id, draft.version),
    )


@routes.post("/drafts")
async def save(request: web.Request) -> web.Response:
    me = asked.me(request)
    if not may(request[VISITOR].role, Verb.POST):
        raise Refused("This account may read, but not write.")
    form = await forms.read(request)
    sent, _ = await _received(request, form, me=me)
    try:
        kept = await drafting.keep_draft(request, sent, me=me)
    except FediShareError as error:
        if _asks_for_json(request):
            raise
        return await compose.show_again(request, sent, sent.form.errors | {"text": str(error)})
    if _asks_for_json(request):
        return _told(kept, sent)
    if sent.form.errors and not sent.form.text("edit"):
        return await compose.show_again(
            request, sent, sent.form.errors, said=kept.told, seen=Seen(kept.id, kept.version)
        )
    why = next((name for name, words in SAID.items() if words == kept.told), "saved")
    return asked.go(f"/drafts/{kept.id}?said={why}")


@routes.get("/drafts/{id}/delete")
async def ask_to_delete(request: web.Request) -> web.Response:
    draft = await _own(request)
    return await page(
        request,
        "confirm.html",
        post=None,
        heading="Delete this draft?",
        message="Its words go, and the files and pictures that came with it. There is no way back.",
        verb="Delete it",
        action=f"/drafts/{draft.id}/delete",
        back="/drafts",
    )


@routes.post("/drafts/{id}/delete")
async def delete(request: web.Request) -> web.Response:
    me, draft_id = asked.me(request), asked.post_id(request)
    await request.app[DATABASE].write(services.delete_one, request.app[HERE], owner_id=me, draft_id=draft_id)
    return asked.go("/drafts?said=deleted")


async def _own(request: web.Request) -> Draft:
    me, draft_id = asked.me(request), asked.post_id(request)
    return await request.app[DATABASE].read(queries.one, owner_id=me, draft_id=draft_id)


async def _opened(request: web.Request, draft: Draft) -> tuple[Sent, str]:
    return await _received(request, forms.of_fields(draft.fields), me=asked.me(request))


async def _received(request: web.Request, form: Form, *, me: int) -> tuple[Sent, str]:
    """The form; where what it answers is gone meanwhile, without that, and with a word on it."""
    try:
        return await drafting.receive(request, form, me=me), ""
    except NotFound:
        for name in ("reply_to", "quote"):
            form.values.pop(name, None)
            form.lists.pop(name, None)
        return await drafting.receive(request, form, me=me), LOST


def _asks_for_json(request: web.Request) -> bool:
    return "json" in request.headers.get("Accept", "")


def _told(kept: Saved, sent: Sent) -> web.Response:
    """What a script on the page has to know: where the draft is now, and which pictures need not be sent again."""
    body = {
        "draft": str(kept.id),
        "version": str(kept.version),
        "told": kept.told,
        "pictures": {str(number): key for number, key in sent.keys.items()},
        "errors": list(sent.form.errors.values()),
    }
    return web.Response(body=json.dumps(body), content_type="application/json", headers={"Cache-Control": "no-store"})
