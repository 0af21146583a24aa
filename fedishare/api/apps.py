"""Programs: registering one, and what it may know of itself."""

from typing import Final

import msgspec
from sqlalchemy import Connection

from fedishare.api.calls import Call, nothing
from fedishare.api.rates import Rate
from fedishare.api.routes import PUBLIC, Routes, Token
from fedishare.queries import apps, push
from fedishare.services import apps as app_services

routes: Final = Routes()


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """A program as it may see itself."""

    id: str
    name: str
    website: str | None
    scopes: tuple[str, ...]
    redirect_uri: str
    redirect_uris: tuple[str, ...]
    vapid_key: str


class CredentialApplication(Application, frozen=True, kw_only=True):
    """The same at its birth, with the secret that is shown this once."""

    client_id: str
    client_secret: str
    client_secret_expires_at: int = 0


@routes.writes("POST", "/api/v1/apps", scope=PUBLIC, token=Token.NONE, rate=Rate.SIGN_INS)
def register(tx: Connection, call: Call) -> CredentialApplication:
    sent = call.params
    app = app_services.register(
        tx,
        call.here,
        name=sent.text("client_name"),
        website=sent.text("website"),
        redirect_uris=sent.texts("redirect_uris"),
        wanted=sent.text("scopes"),
    )
    return CredentialApplication(
        id=str(app.id),
        name=app.name,
        website=app.website,
        scopes=tuple(app.scopes.split()),
        redirect_uri="\n".join(app.redirect_uris),
        redirect_uris=app.redirect_uris,
        vapid_key=push.key(tx).public,
        client_id=app.client_id,
        client_secret=app.secret,
    )


@routes.reads("GET", "/api/v1/apps/verify_credentials", scope=PUBLIC, token=Token.APP)
def verify(tx: Connection, call: Call) -> Application:
    app = apps.by_id(tx, app_id=call.who.app_id) if call.who.app_id is not None else None
    if app is None:  # The token was made at the command line, for no app.
        raise nothing()
    return Application(
        id=str(app.id),
        name=app.name,
        website=app.website,
        scopes=tuple(app.scopes.split()),
        redirect_uri="\n".join(app.redirect_uris),
        redirect_uris=tuple(app.redirect_uris),
        vapid_key=push.key(tx).public,
    )
