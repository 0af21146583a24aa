"""What a job needs to do its work; the worker and the web process build the same."""

from typing import NamedTuple

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.net.client import Client
from fedishare.net.lockbox import Lockbox
from fedishare.net.storage import Storage


class Tools(NamedTuple):
    db: Database
    client: Client
    here: Here
    storage: Storage
    clamd: str | None = None
    lockbox: Lockbox | None = None
