"""Every AppKey and RequestKey, on one screen."""

import asyncio
from typing import Final

import jinja2
import msgspec
from aiohttp import web

from fedishare.core.clock import Clock
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.domain.permissions import Role
from fedishare.http.assets import Static
from fedishare.http.gallery import Gallery
from fedishare.http.limits import Limits
from fedishare.http.shelf import Shelf
from fedishare.jobs.tools import Tools
from fedishare.net.client import Client
from fedishare.net.storage import Storage
from fedishare.settings import Settings


class Visitor(msgspec.Struct, frozen=True):
    """Who is asking. `account_id` is None for someone who has not signed in.

    `runs` counts the shared handles that they run or are asked to.
    """

    account_id: int | None = None
    actor_id: int | None = None
    username: str = ""
    name: str = ""
    role: Role = Role.MEMBER
    unseen: int = 0
    runs: int = 0

    @property
    def is_signed_in(self) -> bool:
        return self.account_id is not None


ANYBODY: Final = Visitor()

SETTINGS: Final = web.AppKey("SETTINGS", Settings)
DATABASE: Final = web.AppKey("DATABASE", Database)
CLIENT: Final = web.AppKey("CLIENT", Client)
STORAGE: Final = web.AppKey("STORAGE", Storage)
CLOCK: Final = web.AppKey("CLOCK", Clock)
HERE: Final = web.AppKey("HERE", Here)
TOOLS: Final = web.AppKey("TOOLS", Tools)
TEMPLATES: Final = web.AppKey("TEMPLATES", jinja2.Environment)
STATIC: Final = web.AppKey("STATIC", Static)
SHELF: Final = web.AppKey("SHELF", Shelf)
LIMITS: Final = web.AppKey("LIMITS", Limits)
GALLERY: Final = web.AppKey("GALLERY", Gallery)
# How many files are looked into at once for people who wait for it.
DARKROOM: Final = web.AppKey("DARKROOM", asyncio.Semaphore)

VISITOR: Final = web.RequestKey("VISITOR", Visitor)
REMOTE: Final = web.RequestKey("REMOTE", str)
# Set while a page is made that is the same for everybody who has not signed in.
FOR_ALL: Final = web.RequestKey("FOR_ALL", bool)
# Who signed this request, once that was looked at.
READER: Final[web.RequestKey[int | None]] = web.RequestKey("READER", int | None)  # type: ignore[arg-type]
