"""The page on which somebody allows an app to act for them, and the one that shows the code to copy.

Everything is looked at again when the button is pressed: what stands in the form is only what a browser sent.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import urlencode, urlsplit

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import Invalid, Refused
from fedishare.domain import scopes
from fedishare.domain.permissions import Role
from fedishare.http.keys import DATABASE, HERE, SETTINGS, VISITOR
from fedishare.http.middleware import CONTENT_POLICY
from fedishare.http.pages import page
from fedishare.http.routes import Routes
from fedishare.queries import apps, handles
from fedishare.queries.apps import AppRow
from fedishare.queries.cards import Face
from fedishare.services import grants
from fedishare.services.apps import OUT_OF_BAND
from fedishare.web import asked, forms

ASKED: Final = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
)
LONGEST: Final = 4_000
YES: Final = frozenset({"true", "1", "on"})
# RFC 7636 4.2: what S256 makes is always this long.
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)

routes: Final = Routes()


class Wish(NamedTuple):
    """What an app asks for, as far as it could be believed: it is known, and registered where it wants people back."""

    app: AppRow
    redirect_uri: str
    state: str
    scopes: str
    challenge: str | None

    @property
    def is_copied(self) -> bool:
        return self.redirect_uri == OUT_OF_BAND


class _Mistake(Invalid):
    """Something the app may be told of: a word of RFC 6749 with a sentence."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.error = error


NOT_ALLOWED: Final = _Mistake("access_denied", "The owner of the account did not allow it.")


# toot 0.52.1 sends people to the address with a slash at the end, which Mastodon does not mind.
@routes.get("/oauth/authorize/")
@routes.get("/oauth/authorize")
async def ask(request: web.Request) -> web.StreamResponse:
    sent = {name: request.query.get(name, "") for name in ASKED}
    app = await _app(request, sent)
    if request.query.get("force_login", "").lower() in YES:
        onward = f"/oauth/authorize?{urlencode({name: value for name, value in sent.items() if value})}"
        return asked.go(f"/sign-in?{urlencode({'again': '1', 'next': onward})}")
    try:
        wish = _wish(app, sent)
    except _Mistake as mistake:
        return _refused(request, app, sent, mistake)
    return await _show(request, wish, sent)


@routes.post("/oauth/authorize")
async def answer(request: web.Request) -> web.StreamResponse:
    form = await forms.read(request)
    sent = {name: form.values.get(name, "") for name in ASKED}
    app = await _app(request, sent)
    try:
        wish = _wish(app, sent)
    except _Mistake as mistake:
        return _refused(request, app, sent, mistake)
    if form.text("answer") != "allow":
        return _refused(request, app, sent, NOT_ALLOWED)
    visitor = request[VISITOR]
    actor_id = asked.whole(form.text("acts_as")) or asked.me(request)
    code = await request.app[DATABASE].write(
        grants.give_code,
        request.app[HERE],
        app=wish.app,
        account_id=visitor.account_id or 0,
        actor_id=actor_id,
        redirect_uri=wish.redirect_uri,
        scopes=wish.scopes,
        challenge=wish.challenge,
    )
    if wish.is_copied:
        return asked.go(f"/oauth/authorize/native?{urlencode({'code': code})}")
    return _back(request, wish.redirect_uri, {"code": code}, state=wish.state)


@routes.get("/oauth/authorize/native")
async def show_code(request: web.Request) -> web.StreamResponse:
    """The code to copy into a program that has no address to go back to; it stands in the address as well."""
    code = request.query.get("code", "")[:200]
    return await page(request, "authorize_code.html", code=code)


async def _app(request: web.Request, sent: Mapping[str, str]) -> AppRow:
    """The app, if it is known here and wants people back where it said. Nobody is sent anywhere else (AUTH-02)."""
    if any(len(value) > LONGEST for value in sent.values()):
        raise Invalid("This link is longer than any that an app makes. Please go back to your app and try again.")
    app = await request.app[DATABASE].read(apps.by_client_id, client_id=sent["client_id"])
    if app is None:
        raise Invalid(
            "This node does not know the app that sent you here. Remove the account in the app and add it again."
        )
    if sent["redirect_uri"] not in app.redirect_uris:
        raise Invalid("The app wants you sent to an address that it did not name before, so this node does not do it.")
    return app


def _wish(app: AppRow, sent: Mapping[str, str]) -> Wish:
    if sent["response_type"] != "code":
        raise _Mistake("unsupported_response_type", "The response_type must be code.")
    wanted = " ".join(sent["scope"].split()) or scopes.DEFAULT
    try:
        is_registered = scopes.is_within(scopes.parse(wanted), app.scopes)
    except Invalid as error:
        raise _Mistake("invalid_scope", str(error)) from error
    if not is_registered:
        raise _Mistake("invalid_scope", "The app did not register for all of these scopes.")
    challenge = sent["code_challenge"] or None
    if challenge is None and sent["code_challenge_method"]:
        raise _Mistake("invalid_request", "The code_challenge is missing.")
    if challenge is not None and not (sent["code_challenge_method"] == "S256" and _CHALLENGE.fullmatch(challenge)):
        raise _Mistake("invalid_request", "The code_challenge must be made with S256.")
    return Wish(app, sent["redirect_uri"], sent["state"], wanted, challenge)


async def _show(request: web.Request, wish: Wish, sent: Mapping[str, str]) -> web.Response:
    voices = await request.app[DATABASE].read(_voices, actor_id=asked.me(request)) if request[VISITOR].runs else []
    wanted = wish.scopes.split()
    answer = await page(
        request,
        "authorize.html",
        app=wish.app,
        home=_host(wish.app.website),
        target=_target(wish),
        allowed=scopes.in_words(wanted),
        warning=_warning(wanted, request[VISITOR].role),
        voices=voices,
        sent={name: value for name, value in sent.items() if value},
    )
    answer.headers["Content-Security-Policy"] = _policy(wish.redirect_uri)
    return answer


def _voices(tx: Connection, *, actor_id: int) -> list[Face]:
    """The handles and schools of this node that somebody runs; those elsewhere have apps of their own there."""
    return [face for face in handles.voices(tx, actor_id=actor_id) if face.local]


def _warning(wanted: list[str], role: Role) -> str:
    if not scopes.needs_a_role(wanted):
        return ""
    if role is Role.MEMBER:
        return (
            "This app asks for the powers of those who look after this node. You do not have them, so it will not "
            "either. An app for everyday use does not need them."
        )
    return (
        "This app asks for your powers as a moderator: it could read reports and close accounts. Allow that only if "
        "you use the app to look after this node."
    )


def _host(address: str | None) -> str:
    return (urlsplit(address).hostname or "") if address else ""


def _target(wish: Wish) -> str:
    """Where the visitor goes next, as they would recognise it; nothing where it is a program on their device."""
    parts = urlsplit(wish.redirect_uri)
    return parts.netloc.rpartition("@")[2] if parts.scheme in {"https", "http"} else ""


def _policy(redirect_uri: str) -> str:
    """Browsers follow a form only where the policy allows, and the answer to this one leads out of here."""
    scheme, _, rest = redirect_uri.partition(":")
    if scheme.lower() in {"https", "http"}:
        parts = urlsplit(redirect_uri)
        source = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    else:
        source = f"{scheme}:"
    is_plain = rest and re.fullmatch(r"[A-Za-z0-9+.:/\[\]_-]+", source)
    return CONTENT_POLICY.replace("form-action 'self'", f"form-action 'self' {source}" if is_plain else "form-action *")


def _refused(request: web.Request, app: AppRow, sent: Mapping[str, str], mistake: _Mistake) -> web.StreamResponse:
    """The app learns what was wrong, where it is registered; a program without an address leaves it to the reader."""
    if sent["redirect_uri"] == OUT_OF_BAND:
        if mistake.error == "access_denied":
            raise Refused(f"You did not allow {app.name} to act for you. You can close this page.")
        raise Invalid(f"{app.name} asked in a way that this node does not understand. {mistake}")
    said = {"error": mistake.error, "error_description": str(mistake)}
    return _back(request, sent["redirect_uri"], said, state=sent["state"])


def _back(request: web.Request, redirect_uri: str, said: Mapping[str, str], *, state: str) -> web.Response:
    """To the app, with `state` as it was, and who we are (RFC 9207). The address is one that it registered."""
    query = urlencode({**said, **({"state": state} if state else {}), "iss": request.app[SETTINGS].url})
    sign = "&" if "?" in redirect_uri else "?"
    headers = {"Location": f"{redirect_uri}{sign}{query}", "Cache-Control": "private, no-store"}
    return web.Response(status=HTTPStatus.SEE_OTHER, headers=headers)
