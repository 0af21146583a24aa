"""Programs that register themselves. They are never swept away: an app that is forgotten locks people out (C14)."""

import re
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import Connection

from fedishare.core import ids
from fedishare.core.errors import Invalid
from fedishare.core.here import Here
from fedishare.db.apps import App
from fedishare.db.base import insert
from fedishare.domain import markup, scopes
from fedishare.services import accounts

OUT_OF_BAND: Final = "urn:ietf:wg:oauth:2.0:oob"
LONGEST_NAME: Final = 100
LONGEST_ADDRESS: Final = 2_000
MOST_ADDRESSES: Final = 20
ADD: Final = insert(App)
# Programs of their own make up schemes, and some write one slash or none after it; RFC 6749 3.1.2 has no fragment.
_ADDRESS: Final = re.compile(r"([a-z][a-z0-9+.-]*):[^\s#\x00-\x20\x7f\"<>\\^`{|}]+", re.IGNORECASE | re.ASCII)
# What a browser would run, or read from the disk, instead of going there.
_NEVER: Final = frozenset({"javascript", "data", "vbscript", "blob", "file", "about", "filesystem", "view-source"})


class Registered(NamedTuple):
    """`secret` is shown this once."""

    id: int
    client_id: str
    secret: str
    name: str
    website: str | None
    redirect_uris: tuple[str, ...]
    scopes: str


def register(
    tx: Connection, here: Here, *, name: str, website: str, redirect_uris: list[str], wanted: str
) -> Registered:
    """Remember a program. Raises Invalid, with what to do, for an address or a scope that cannot be."""
    shown = markup.text(name, limit=LONGEST_NAME)
    if not shown:
        raise Invalid("Validation failed: Name can't be blank")
    found = addresses(redirect_uris)
    asked = wanted.strip() or scopes.DEFAULT
    try:
        scopes.parse(asked)
    except Invalid as error:
        raise Invalid(f"Validation failed: {error}") from error
    app = Registered(
        here.ids.new(), ids.secret(), ids.secret(), shown, _website(website), found, " ".join(asked.split())
    )
    row = app._asdict() | {"redirect_uris": list(found), "secret_hash": accounts.digest(app.secret)}
    del row["secret"]
    tx.execute(ADD, row | {"created_at": here.now()})
    return app


def addresses(given: list[str]) -> tuple[str, ...]:
    """Where a program may send people back to, each exactly as it was written. Raises Invalid."""
    found = tuple(dict.fromkeys(address for text in given for address in text.split()))
    if not found or len(found) > MOST_ADDRESSES:
        raise Invalid(f"Validation failed: Redirect URI must be given, and at most {MOST_ADDRESSES} of them")
    for address in found:
        match = _ADDRESS.fullmatch(address)
        if match is None or not address.isascii() or len(address) > LONGEST_ADDRESS or match[1].lower() in _NEVER:
            raise Invalid("Validation failed: Redirect URI must be an absolute URI without a fragment")
    return found


def _website(text: str) -> str | None:
    """Where the program is at home, if that is a page."""
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        return None
    is_page = parts.scheme in {"https", "http"} and parts.hostname and text.isprintable()
    return text.strip() if is_page and len(text) <= LONGEST_ADDRESS else None
