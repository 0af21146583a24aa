"""How an app comes by a token and gives it back: the parts of OAuth that no person sees.

RFC 6749, 7009, 7636 and 8414; the page on which somebody agrees is web/authorize.py.
"""

import base64
import binascii
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote_plus

import msgspec
from aiohttp import web
from sqlalchemy import Connection

from fedishare.api.calls import Answer, Call
from fedishare.api.entities import accounts
from fedishare.api.rates import Rate
from fedishare.api.routes import PUBLIC, Routes, Token
from fedishare.core.errors import Invalid
from fedishare.domain import scopes
from fedishare.http.keys import DATABASE
from fedishare.queries import apps, tokens
from fedishare.queries.apps import AppRow
from fedishare.services import grants
from fedishare.services import tokens as token_services
from fedishare.services.accounts import digest
from fedishare.services.grants import Denial, Issued

LONGEST: Final = 256
NOT_KNOWN: Final = Denial("invalid_client", "The client is unknown, or its secret is wrong.")

routes: Final = Routes()


class Granted(msgspec.Struct, frozen=True):
    """RFC 6749 5.1, with the time as Mastodon adds it. It never expires, so nothing says when."""

    access_token: str
    scope: str
    created_at: int
    token_type: str = "Bearer"  # noqa: S105 -- the kind of token, and no secret


class Refusal(msgspec.Struct, frozen=True):
    """RFC 6749 5.2."""

    error: str
    error_description: str


class Proof(msgspec.Struct, frozen=True):
    """What a client says it is."""

    client_id: str
    secret: str
    is_basic: bool


@routes.runs("POST", "/oauth/token", scope=PUBLIC, token=Token.NONE, rate=Rate.SIGN_INS)
async def issue(request: web.Request, call: Call) -> Answer:
    proof = _proof(request, call)
    found = await request.app[DATABASE].write(_issue, call, proof)
    if isinstance(found, Denial):
        return _refused(found, is_basic=proof.is_basic)
    return _unkept(Granted(found.secret, found.scopes, int(found.created_at.timestamp())))


def _issue(tx: Connection, call: Call, proof: Proof) -> Issued | Denial:
    app = _client(tx, proof)
    if app is None:
        return NOT_KNOWN
    sent = call.params
    match sent.text("grant_type"):
        case "authorization_code":
            return grants.exchange(
                tx,
                call.here,
                app=app,
                code=sent.text("code")[:LONGEST],
                redirect_uri=sent.text("redirect_uri"),
                verifier=sent.text("code_verifier")[:LONGEST],
            )
        case "client_credentials":
            wanted = _wanted(sent.text("scope") or scopes.DEFAULT, app)
            return wanted if isinstance(wanted, Denial) else grants.issue_to_app(tx, call.here, app=app, scopes=wanted)
        case "":
            return Denial("invalid_request", "The grant_type is missing.")
        case _:
            return Denial("unsupported_grant_type", "This node knows authorization_code and client_credentials.")


def _wanted(text: str, app: AppRow) -> str | Denial:
    try:
        if scopes.is_within(scopes.parse(text), app.scopes):
            return " ".join(text.split())
    except Invalid as error:
        return Denial("invalid_scope", str(error))
    return Denial("invalid_scope", "The app did not register for all of these scopes.")


@routes.runs("POST", "/oauth/revoke", scope=PUBLIC, token=Token.NONE, rate=Rate.SIGN_INS)
async def revoke(request: web.Request, call: Call) -> Answer:
    """RFC 7009: a token that is none, or is none any more, is no mistake."""
    proof = _proof(request, call)
    found = await request.app[DATABASE].write(_revoke, call, proof)
    return _refused(found) if isinstance(found, Denial) else _unkept({})


def _revoke(tx: Connection, call: Call, proof: Proof) -> Denial | None:
    app = _client(tx, proof)
    bearer = tokens.bearer(tx, hashed=digest(call.params.text("token")[:LONGEST]))
    if app is None or (bearer is not None and bearer.app_id != app.id):
        return Denial("unauthorized_client", "You are not authorized to revoke this token")
    if bearer is not None:
        token_services.end(tx, token_id=bearer.token_id, now=call.now)
    return None


@routes.reads("GET", "/oauth/userinfo", scope=("profile", "read:accounts"))
@routes.writes("POST", "/oauth/userinfo", scope=("profile", "read:accounts"))
def userinfo(tx: Connection, call: Call) -> dict[str, str]:
    me = accounts.one(tx, call, call.me)
    return {
        "iss": call.here.uris.origin,
        "sub": me.uri,
        "name": me.display_name,
        "preferred_username": me.username,
        "profile": me.url,
        "picture": me.avatar,
    }


@routes.reads("GET", "/.well-known/oauth-authorization-server", scope=PUBLIC, token=Token.NONE, seconds=3600)
def metadata(tx: Connection, call: Call) -> dict[str, object]:  # noqa: ARG001 -- every endpoint has them
    origin = call.here.uris.origin
    return {
        "issuer": origin,
        "authorization_endpoint": f"{origin}/oauth/authorize",
        "token_endpoint": f"{origin}/oauth/token",
        "revocation_endpoint": f"{origin}/oauth/revoke",
        "userinfo_endpoint": f"{origin}/oauth/userinfo",
        "app_registration_endpoint": f"{origin}/api/v1/apps",
        "service_documentation": f"{origin}/about",
        "scopes_supported": list(scopes.ALL),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "authorization_response_iss_parameter_supported": True,
    }


def _proof(request: web.Request, call: Call) -> Proof:
    """Who the client says it is, in a header or in the body (RFC 6749 2.3.1)."""
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            said = base64.b64decode(given.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            said = ""
        client_id, _, secret = said.partition(":")
        return Proof(unquote_plus(client_id)[:LONGEST], unquote_plus(secret)[:LONGEST], is_basic=True)
    sent = call.params
    return Proof(sent.text("client_id")[:LONGEST], sent.text("client_secret")[:LONGEST], is_basic=False)


def _client(tx: Connection, proof: Proof) -> AppRow | None:
    app = apps.by_client_id(tx, client_id=proof.client_id)
    return app if app is not None and app.is_proved_by(digest(proof.secret)) else None


def _refused(denial: Denial, *, is_basic: bool = False) -> Answer:
    statuses = {"invalid_client": HTTPStatus.UNAUTHORIZED, "unauthorized_client": HTTPStatus.FORBIDDEN}
    status = statuses.get(denial.error, HTTPStatus.BAD_REQUEST)
    headers = {"WWW-Authenticate": 'Basic realm="OAuth"'} if is_basic and status is HTTPStatus.UNAUTHORIZED else {}
    return Answer(Refusal(denial.error, denial.said), status=status, headers=headers)


def _unkept(value: object) -> Answer:
    return Answer(value, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})
