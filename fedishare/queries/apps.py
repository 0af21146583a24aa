"""Programs that registered themselves."""

import hmac
from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, select

from fedishare.db.apps import App
from fedishare.queries.rows import columns


class AppRow(NamedTuple):
    id: int
    client_id: str
    secret_hash: bytes
    name: str
    website: str | None
    redirect_uris: Sequence[str]
    scopes: str

    def is_proved_by(self, digest: bytes) -> bool:
        """Whether this is the hash of its secret; as slow for one that is nearly right."""
        return hmac.compare_digest(self.secret_hash, digest)


_app = select(*columns(App, AppRow._fields))
BY_CLIENT: Final = _app.where(App.client_id == bindparam("client"))
BY_ID: Final = _app.where(App.id == bindparam("app"))


def by_client_id(tx: Connection, *, client_id: str) -> AppRow | None:
    row = tx.execute(BY_CLIENT, {"client": client_id}).one_or_none()
    return AppRow._make(row) if row is not None else None


def by_id(tx: Connection, *, app_id: int) -> AppRow | None:
    row = tx.execute(BY_ID, {"app": app_id}).one_or_none()
    return AppRow._make(row) if row is not None else None
