"""The asker's own profile: reading it with all that only they see, and changing it."""

import re
from typing import Final

from aiohttp import web
from sqlalchemy import Connection

from fedishare.api import acting
from fedishare.api.calls import Call
from fedishare.api.entities import credentials
from fedishare.api.entities.credentials import AUDIENCE, CredentialAccount, Profile
from fedishare.api.params import Params, Sent
from fedishare.api.rates import Rate
from fedishare.api.routes import Routes
from fedishare.core.errors import Invalid
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import PortraitKind
from fedishare.http import darkroom
from fedishare.http.keys import DATABASE, STORAGE
from fedishare.net import pictures
from fedishare.queries import people, relations
from fedishare.services import accounts, handles, portraits
from fedishare.services import people as people_services
from fedishare.services.media import Upload

# An app asks for these many points at most, whatever was uploaded.
LONGEST_SIDES: Final = {PortraitKind.ICON: 400, PortraitKind.IMAGE: 1500}
NAMES: Final = {"avatar": PortraitKind.ICON, "header": PortraitKind.IMAGE}
_LANGUAGE: Final = re.compile(r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*", re.ASCII)

routes: Final = Routes()


@routes.reads("GET", "/api/v1/accounts/verify_credentials", scope=("profile", "read:accounts"))
def verify(tx: Connection, call: Call) -> CredentialAccount:
    return credentials.own(tx, call)


@routes.reads("GET", "/api/v1/preferences", scope="read:accounts")
def preferences(tx: Connection, call: Call) -> dict[str, object]:
    return credentials.preferences(tx, call)


@routes.runs(
    "PATCH",
    "/api/v1/accounts/update_credentials",
    scope="write:accounts",
    most_bytes=pictures.MAX_BYTES,
    rate=Rate.CALLS,
)
async def update(request: web.Request, call: Call) -> CredentialAccount:
    """Only what was sent changes."""
    return await request.app[DATABASE].write(_updated, call, await _pictures(request, call))


@routes.reads("GET", "/api/v1/profile", scope=("profile", "read:accounts"))
def show(tx: Connection, call: Call) -> Profile:
    return credentials.raw(tx, call)


# Documented is the one, and sent by some apps the other.
@routes.runs("PATCH", "/api/v1/profile", scope="write:accounts", most_bytes=pictures.MAX_BYTES, rate=Rate.CALLS)
@routes.runs("PUT", "/api/v1/profile", scope="write:accounts", most_bytes=pictures.MAX_BYTES, rate=Rate.CALLS)
async def rewrite(request: web.Request, call: Call) -> Profile:
    """The same, answered as it was written."""
    return await request.app[DATABASE].write(_rewritten, call, await _pictures(request, call))


async def _pictures(request: web.Request, call: Call) -> dict[PortraitKind, Upload]:
    """The pictures that were sent, made harmless and small before anything is written."""
    return {
        kind: await _stored(request, call.params.files[name], kind)
        for name, kind in NAMES.items()
        if name in call.params.files and call.params.files[name].size
    }


async def _stored(request: web.Request, sent: Sent, kind: PortraitKind) -> Upload:
    clean = await darkroom.cleaned(sent.body.read(), longest=LONGEST_SIDES[kind])
    stored = await request.app[STORAGE].save_bytes(clean.body)
    return Upload(stored.key, clean.media_type, stored.size, clean.width, clean.height)


def _updated(tx: Connection, call: Call, kept: dict[PortraitKind, Upload]) -> CredentialAccount:
    call = call.anew()
    _update(tx, call, kept)
    return credentials.own(tx, call)


def _rewritten(tx: Connection, call: Call, kept: dict[PortraitKind, Upload]) -> Profile:
    call = call.anew()
    _update(tx, call, kept)
    return credentials.raw(tx, call)


def _update(tx: Connection, call: Call, kept: dict[PortraitKind, Upload]) -> None:
    me = acting.me(tx, call)
    _say(tx, call, me)
    if "fields_attributes" in call.params:
        fields = [(each.text("name"), each.text("value")) for each in call.params.each("fields_attributes")]
        people_services.set_fields(tx, call.here, actor_id=me, fields=fields)
    if "source" in call.params and not call.who.is_as_handle:
        _form_habits(tx, me, call.params.within("source"))
    for kind, upload in kept.items():
        portraits.replace(tx, call.here, actor_id=me, kind=kind, upload=upload)


def _say(tx: Connection, call: Call, me: int) -> None:
    sent, former = call.params, people.by_id(tx, actor_id=me)
    if not any(name in sent for name in ("display_name", "note", "locked", "discoverable", "indexable")):
        return
    name, about = sent.text("display_name", former.name) or former.username, sent.text("note", former.summary_source)
    if len(name) > people_services.LONGEST_NAME or len(about) > people_services.LONGEST_ABOUT:
        raise Invalid("Validation failed: Display name or note is too long")
    if call.who.is_as_handle:
        handles.update_profile(tx, call.here, handle_id=me, by_id=call.person, name=name, about=about)
        return
    people_services.update_profile(
        tx,
        call.here,
        actor_id=me,
        name=name,
        summary_source=about,
        locked=_chosen(sent, "locked", former.locked),
        discoverable=_chosen(sent, "discoverable", former.discoverable),
        indexable=_chosen(sent, "indexable", former.indexable),
    )


def _chosen(sent: Params, name: str, former: bool) -> bool:
    found = sent.flag(name)
    return former if found is None else found


def _form_habits(tx: Connection, me: int, source: Params) -> None:
    former = relations.habits(tx, actor_id=me)
    privacy, language = source.text("privacy"), source.text("language")
    if privacy and privacy not in AUDIENCE:
        raise Invalid("Validation failed: Privacy is not included in the list")
    if language and not _LANGUAGE.fullmatch(language):
        raise Invalid("Validation failed: Language is invalid")
    accounts.set_habits(
        tx,
        actor_id=me,
        visibility=AUDIENCE[privacy] if privacy else Visibility(former.default_visibility),
        sensitive=_chosen(source, "sensitive", former.default_sensitive),
        language=(language or None) if "language" in source else former.default_language,
    )


@routes.writes("DELETE", "/api/v1/profile/avatar", scope="write:accounts")
def drop_avatar(tx: Connection, call: Call) -> CredentialAccount:
    return _drop(tx, call, PortraitKind.ICON)


@routes.writes("DELETE", "/api/v1/profile/header", scope="write:accounts")
def drop_header(tx: Connection, call: Call) -> CredentialAccount:
    return _drop(tx, call, PortraitKind.IMAGE)


def _drop(tx: Connection, call: Call, kind: PortraitKind) -> CredentialAccount:
    portraits.replace(tx, call.here, actor_id=acting.me(tx, call), kind=kind, upload=None)
    return credentials.own(tx, call)
